"""Tables of the structure of a well: planes restored and in sections, dip patterns, and the girdle of its beds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.reports.fold_section import restored_picks
from geobfdt.reports.structure_section import Structure
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.storage import atomic_files
from geobfdt.structure.dip_patterns import DipPattern
from geobfdt.structure.girdle import Girdle
from geobfdt.structure.orientation import section_dip
from geobfdt.wells.picks import PickTable, with_attitude

__all__ = ["structure_tables", "write_structure_tables"]

_PATTERN_COLUMNS = dict(
    zip(
        DipPattern._fields,
        (
            "pattern",
            "top_m",
            "base_m",
            "beds",
            "azimuth_deg",
            "dip_top_deg",
            "dip_base_deg",
            "probability",
            "candidate",
        ),
        strict=True,
    )
)
_GIRDLE_COLUMNS = dict(
    zip(
        Girdle._fields,
        ("trend_deg", "plunge_deg", "cone_deg", "shape_k", "strength_c", "along_deg", "across_deg", "probability",
         "beds"),
        strict=True,
    )
)  # fmt: skip


def structure_tables(structure: Structure, well: str) -> dict[str, pd.DataFrame]:
    """
    Make the tables of a well.

    Parameters
    ----------
    structure : Structure
        Its structure.
    well : str
        Its name.

    Returns
    -------
    dict of str to DataFrame
        ``structure``: each plane with a true dip, its dip and azimuth without the structural dip
        (``dip_restored_deg``, ``azimuth_restored_deg``), and its dip in each section (``dip_090_deg`` in the section of
        azimuth 90, negative where it rises that way). ``patterns``: the dip patterns. ``fold``: one row on the girdle
        of the beds, none with fewer than three beds; its axis is empty where none is claimed.
    """
    kept = with_attitude(structure.picks).sort_values("depth_m", kind="stable")
    planes = kept[["depth_m", "class", "dip_true_deg", "azimuth_true_deg"]].reset_index(drop=True)
    dip, azimuth = planes["dip_true_deg"], planes["azimuth_true_deg"]
    restored = np.full((len(planes), 2), np.nan)
    if structure.removed_dip is not None:
        turned = restored_picks(PickTable(planes), structure.removed_dip)
        restored = turned[["dip_true_deg", "azimuth_true_deg"]].to_numpy(float)
    planes["dip_restored_deg"], planes["azimuth_restored_deg"] = restored.T
    sections = {f"dip_{section:03g}_deg": section_dip(dip, azimuth, section) for section in structure.sections}
    patterns = pd.DataFrame(structure.patterns, columns=list(DipPattern._fields)).rename(columns=_PATTERN_COLUMNS)
    girdles = [] if structure.girdle is None else [structure.girdle]
    fold = pd.DataFrame(girdles, columns=list(Girdle._fields)).rename(columns=_GIRDLE_COLUMNS)
    tables = {"structure": planes.assign(**sections), "patterns": patterns, "fold": fold}
    for table in tables.values():
        table.insert(0, "well", well)
    return tables


def write_structure_tables(structure: Structure, well: str, folder: Path, stem: str) -> list[Path]:
    """
    Write :func:`structure_tables` as ``<stem>.structure.csv``, ``<stem>.patterns.csv`` and ``<stem>.fold.csv``.

    Parameters
    ----------
    structure : Structure
        Structure of the well.
    well : str
        Its name.
    folder : Path
        Where; made if missing.
    stem : str
        First part of the names of the files.

    Returns
    -------
    list of Path
        The files, together or none.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    tables = structure_tables(structure, well)
    with atomic_files(folder) as part:
        for name, table in tables.items():
            mark_text_columns(table).to_csv(
                part / f"{stem}.{name}.csv", index=False, float_format="%.4f", lineterminator="\n"
            )
    return [folder / f"{stem}.{name}.csv" for name in tables]
