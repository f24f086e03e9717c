"""Compare wells with those that a model was made with: what ``geobfdt drift`` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from geobfdt.model.registry import load_model
from geobfdt.picking.drift import judge_zones, measure_zones
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.wells.options import ReadingOptions
from geobfdt.workflows.assemble import read_or_assemble
from geobfdt.workflows.pick import image_files

__all__ = ["WellDrift", "drift"]


class WellDrift(NamedTuple):
    """
    Drift of one well.

    Parameters
    ----------
    well : str
        Its name.
    zones : DataFrame
        One row for each zone of 10 m; columns as in :func:`geobfdt.picking.drift.judge_zones`.
    """

    well: str
    zones: pd.DataFrame


def drift(
    inputs: Sequence[Path],
    model: str | Path = "default",
    options: ReadingOptions | None = None,
    progress: Progress = no_progress,
) -> Iterator[WellDrift]:
    """
    Compare images, and the picks that a model makes on them, with what the model was made with.

    Parameters
    ----------
    inputs : sequence of Path
        Image files, wells of a field, or whole fields.
    model : str or Path
        Folder of a bundle, ``default`` or ``REGISTRY@NAME``.
    options : ReadingOptions, optional
        What the files do not say.
    progress : callable
        Called with the share done, 0 to 1, and the file that is read.

    Yields
    ------
    WellDrift
        Each well in turn.

    Raises
    ------
    InputError
        If a file cannot be read, or the model does not hold a drift reference.
    """
    bundle = load_model(model)
    files = image_files(inputs)
    for number, file in enumerate(files):
        part = part_of(progress, number / len(files), (number + 1) / len(files), file.name)
        image = read_or_assemble(file, options or ReadingOptions(), progress=part_of(part, 0.0, 0.2))
        detector = NetworkDetector.of(bundle, image)
        if detector.drift_reference is None:
            observed = "the model is older than drift: it does not say what is usual"
            raise InputError(model, observed, "train it again, or take another")
        picks, _ = pick_with_findings(image, detector, tall=False, progress=part_of(part, 0.2, 1.0))
        yield WellDrift(
            image.attrs["well"] or file.stem, judge_zones(measure_zones(image, picks), detector.drift_reference)
        )
        image.close()
