"""Propose picks for a well of a field: the review server and ``geobfdt open`` share this step."""

from __future__ import annotations

from pathlib import Path

from geobfdt.io.images.netcdf import read
from geobfdt.picking.drift import mark_drift, write_zones
from geobfdt.picking.picker import detector_of, pick_with_findings
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.wells.picks import PickTable

__all__ = ["propose_picks"]


def propose_picks(
    file: Path,
    model: str | Path = "default",
    method: str = "network",
    progress: Progress = no_progress,
) -> PickTable:
    """
    Pick a well of a field and write the drift of its zones beside it.

    Parameters
    ----------
    file : Path
        The well's netCDF file. ``WELL.drift.csv`` beside it is replaced, or removed for a picker without a reference.
    model, method : str
        Bundle and kind of picker; see :func:`geobfdt.picking.picker.detector_of`.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    PickTable
        Pick table of proposals.

    Raises
    ------
    InputError
        If the file or the model cannot be read, or the drift not written.
    """
    image = read(file)
    detector = detector_of(image, model, method)
    picks, _ = pick_with_findings(image, detector, progress=progress)
    drift = file.with_suffix(".drift.csv")
    if detector.drift_reference is not None:
        write_zones(mark_drift(image, picks, detector.drift_reference)[1], drift)
    else:
        # The file describes the picks of another detector.
        drift.unlink(missing_ok=True)
    return picks
