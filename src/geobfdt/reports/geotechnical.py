"""Geotechnical table: fracture frequency, spacing and image RQD in windows of depth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.storage import atomic_path
from geobfdt.structure.rock_quality import rock_quality
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable

__all__ = ["rock_quality_table", "write_rock_quality"]

# Windows have this height, a usual run of core.
_RUN_M = 3.0


def rock_quality_table(
    image: WellImage, picks: PickTable, intervals: IntervalTable, window: float = _RUN_M
) -> pd.DataFrame:
    """
    Compute frequency, spacing and image RQD along the hole, of fractures and of all planes.

    Parameters
    ----------
    image : WellImage
        The well; metres with pixels count as measured.
    picks, intervals : DataFrame
        Its tables. Metres count where there are pixels and the class was interpreted.
    window : float
        Height of the windows (m); their edges are multiples of it.

    Returns
    -------
    DataFrame
        A row for each window and kind of planes: ``well``, ``top_m``, ``base_m``, ``planes`` (``fracture``, and ``all``
        with bedding), ``measured_m``, ``count``, ``frequency_per_m``, ``spacing_mean_m``, ``spacing_median_m``,
        ``image_rqd_pct``, ``rqd_of_frequency_pct``; see :class:`geobfdt.structure.rock_quality.RockQuality`.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.intervals import new_intervals
    >>> from geobfdt.wells.picks import new_picks
    >>> well = well_image(np.zeros((31, 4)), 0.1 * np.arange(31), well="A")
    >>> two = new_picks(well="A", depth_m=[1.0, 1.06], class_="fracture")
    >>> rock_quality_table(well, two, new_intervals())[["planes", "count", "image_rqd_pct"]].values.tolist()
    [['fracture', 2, 98.0], ['all', 2, 98.0]]
    """
    well, measured, depth = str(image.attrs["well"]), MeasuredDepths.of(image), image["depth"].values
    edges = window * np.arange(np.floor(depth[0] / window), np.ceil(depth[-1] / window) + 1)
    tables = []
    for name, classes in (("fracture", ("fracture",)), ("all", CLASSES)):
        looked, at = measured, picks.loc[picks["class"].isin(classes), "depth_m"].to_numpy(float)
        for one in classes:
            looked = looked.where(covered(intervals, well, one, measured.depth))
        table = pd.DataFrame(rock_quality(at, looked.stretches(), edges))
        table.insert(2, "planes_of", name)
        tables.append(table)
    out = pd.concat(tables, ignore_index=True)
    out.columns = pd.Index(
        ["top_m", "base_m", "planes", "measured_m", "count", "frequency_per_m", "spacing_mean_m", "spacing_median_m",
         "image_rqd_pct", "rqd_of_frequency_pct"]
    )  # fmt: skip
    out.insert(0, "well", well)
    return out.sort_values(["top_m"], kind="stable", ignore_index=True)


def write_rock_quality(
    image: WellImage, picks: PickTable, intervals: IntervalTable, path: Path, window: float = _RUN_M
) -> None:
    """
    Write :func:`rock_quality_table` as CSV.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    table = rock_quality_table(image, picks, intervals, window)
    with atomic_path(path) as part:
        mark_text_columns(table).to_csv(part, index=False, float_format="%.4f", lineterminator="\n")
