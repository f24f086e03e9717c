"""Propose picks for a well of a field: the review server and ``geobfdt open`` share this step."""

from __future__ import annotations

from pathlib import Path

from geobfdt.io.images.netcdf import read
from geobfdt.picking.drift import write_zones
from geobfdt.picking.picker import detector_of
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.workflows.pick import ImagePicks, pick_image

__all__ = ["propose_picks"]


def propose_picks(
    file: Path,
    model: str | Path = "default",
    method: str = "network",
    progress: Progress = no_progress,
) -> ImagePicks:
    """
    Pick a well of a field as ``geobfdt pick`` does, and write the drift of its zones beside it.

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
    ImagePicks
        Proposed picks and breakouts.

    Raises
    ------
    InputError
        If the file or the model cannot be read, or the drift not written.
    """
    image = read(file)
    proposals = pick_image(image, detector_of(image, model, method), progress=progress)
    drift = file.with_suffix(".drift.csv")
    if proposals.zones is not None:
        write_zones(proposals.zones, drift)
    else:
        # The file describes the picks of another detector.
        drift.unlink(missing_ok=True)
    return proposals
