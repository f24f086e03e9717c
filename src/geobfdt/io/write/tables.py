"""Pick tables in the dialects of other programs, so that picks are not trapped here either."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.runtime.csv_text import mark_text
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.picks import COLUMNS, PickTable, validate, write_picks
from geobfdt.wells.table_north import check_one_north
from geobfdt.wells.vocabulary import load_vocabulary

__all__ = [
    "FORMATS", "INCH_M", "one_well", "pick_labels", "to_text", "write_columns", "write_geolog", "write_las",
    "write_techlog", "write_wellcad",
]  # fmt: skip

_Table = TypeVar("_Table", PickTable, BreakoutTable)

INCH_M = 0.0254  # An inch has so many metres.


def write_techlog(picks: PickTable, path: str | Path) -> None:
    """
    Write the flat CSV of Techlog: one row a pick, a line of units, null -9999, confidence as ``Quality``.

    It holds true and apparent dips, heights and diameters of any number of wells; not the reference, sigmas, coverage,
    polarity other than in the label, source or status.

    Parameters
    ----------
    picks : PickTable
        Pick table.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or the place cannot be written.
    """
    picks = validate(picks, path)
    write_columns(
        path,
        {
            "wellName": ("", picks["well"].tolist()),
            "datasetName": ("", ["Dips"] * len(picks)),
            "TDEP": ("m", to_text(picks["depth_m"], 6)),
            "AvgCali": ("in", to_text(picks["diameter_m"] / INCH_M, 6)),
            "Azimuth": ("dega", to_text(picks["azimuth_true_deg"], 6)),
            "Dips_TRU": ("dega", to_text(picks["dip_true_deg"], 6)),
            "Quality": ("", to_text(picks["confidence"], 6)),
            "Image_Azimuth": ("dega", to_text(picks["azimuth_app_deg"], 6)),
            "Image_DipHeight": ("m", to_text(2 * picks["amplitude_m"], 6)),
            "Image_Dips_APP": ("dega", to_text(picks["dip_app_deg"], 6)),
            "Type": ("", pick_labels(picks)),
        },
    )


def write_geolog(picks: PickTable, path: str | Path) -> None:
    """
    Write the sinusoid table of Geolog: byte-order mark, row of units, null -999.25, diameters in mm; one well.

    It holds what :func:`write_techlog` does, less the well's name and the confidence.

    Parameters
    ----------
    picks : PickTable
        Pick table of one well.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or holds several wells, or the place cannot be written.
    """
    picks = one_well(validate(picks, path), path, "Geolog's table")
    null = "-999.25"
    depth = to_text(picks["depth_m"], 6, null)
    empty = [null] * len(picks)
    write_columns(
        path,
        {
            "DEPTH": ("METRES", depth),
            "AWIDTH": ("DEGREES", empty),
            "AZIMUTH": ("DEGREES", to_text(picks["azimuth_true_deg"], 6, null)),
            "AZIM_APP": ("DEGREES", to_text(picks["azimuth_app_deg"], 6, null)),
            "AZI_END": ("DEGREES", empty),
            "AZI_START": ("DEGREES", empty),
            "CATEGORY": ("", pick_labels(picks)),
            "DEPTH_PLANE": ("METRES", depth),
            "DIA_HOLE": ("MM", to_text(picks["diameter_m"] * 1000, 4, null)),
            "DIP": ("DEGREES", to_text(picks["dip_true_deg"], 6, null)),
            "DIP_APP": ("DEGREES", to_text(picks["dip_app_deg"], 6, null)),
            "HEIGHT": ("METRES", to_text(2 * picks["amplitude_m"], 6, null)),
            "NOTES": ("", [""] * len(picks)),
            "QUALITY": ("", empty),
            "TILT": ("DEGREES", empty),
        },
        encoding="utf-8-sig",
    )


def write_wellcad(picks: PickTable, path: str | Path) -> None:
    """
    Write the structure table of WellCAD: depth, true azimuth and dip, label; one well.

    Parameters
    ----------
    picks : PickTable
        Pick table of one well.
    path : str or Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the table breaks the contract or holds several wells, or the place cannot be written.
    """
    picks = one_well(validate(picks, path), path, "WellCAD's table")
    depth = to_text(picks["depth_m"], 4, "")
    write_columns(
        path,
        {
            "Feature Depth": ("m", depth),
            "Depth": ("m", depth),
            "Azimuth": ("deg", to_text(picks["azimuth_true_deg"], 4, "")),
            "Dip": ("deg", to_text(picks["dip_true_deg"], 4, "")),
            "Aperture": ("mm", [""] * len(picks)),
            "Visible Azimuth Ranges": ("deg", [""] * len(picks)),
            "Type": ("", pick_labels(picks)),
            "NOTES": ("", [""] * len(picks)),
        },
    )


def write_las(picks: PickTable, path: str | Path, *, declination: float = float("nan")) -> None:
    """
    Write LAS 3.0 with a user-defined section of dips that holds every column of a pick table; one well.

    LAS 3.0 has no section for dips; it lets users define ``~Dip_Parameter``, ``~Dip_Definition`` and ``~Dip_Data``.

    Parameters
    ----------
    picks : PickTable
        Pick table of one well.
    path : str or Path
        File to write, whole or not at all.
    declination : float
        What was or is to be added to magnetic azimuths to get true ones (deg).

    Raises
    ------
    InputError
        If the table breaks the contract or holds several wells, or the place cannot be written.
    """
    picks = one_well(validate(picks, path), path, "a LAS file")
    well = " ".join(str(picks["well"].iloc[0] if len(picks) else "").split())
    depths = picks["depth_m"]
    top, base = (f"{d:.6f}" if len(picks) else "-9999" for d in (depths.min(), depths.max()))
    north = check_one_north(picks, Path(path))
    references = sorted(set(picks["reference"]))
    columns = {name: kind for name, kind in COLUMNS.items() if name != "well"}
    columns |= {name: str for name in ("class_source",) if name in picks}
    lines = [
        "~Version",
        "VERS. 3.0   : CWLS LOG ASCII STANDARD - VERSION 3.0",
        "WRAP. NO    : ONE LINE PER DEPTH STEP",
        "DLM.  COMMA : DELIMITING CHARACTER",
        "~Well",
        f"STRT.M {top} : FIRST DEPTH",
        f"STOP.M {base} : LAST DEPTH",
        "STEP.M 0 : STEP",
        "NULL. -9999 : NULL VALUE",
        f"WELL. {well} : WELL",
        "~Dip_Parameter",
        f"REFERENCE. {references[0] if len(references) == 1 else ''} : where apparent azimuth 0 points",
        f"NORTH. {north} : north that azimuths are from",
        f"DECLINATION.deg {'' if np.isnan(declination) else f'{declination:.4f}'} : magnetic declination",
        "~Dip_Definition",
    ]
    for name, kind in columns.items():
        stem, _, unit = name.rpartition("_")
        mnemonic, unit = (stem, unit) if unit in ("m", "deg") else (name, "")
        lines.append(f"{mnemonic.upper()}.{unit} : {name} {{{'S' if kind is str else 'F'}}}")
    cells = [
        [" ".join(str(v).split()) for v in picks[name].fillna("")] if kind is str else to_text(picks[name], 6)
        for name, kind in columns.items()
    ]
    with atomic_path(path) as part, part.open("w", encoding="utf-8", newline="") as stream:
        stream.write("\n".join(lines) + "\n~Dip_Data | Dip_Definition\n")
        csv.writer(stream, lineterminator="\n").writerows(zip(*cells, strict=True))


def to_text(values: pd.Series, digits: int, null: str = "-9999") -> list[str]:
    """Numbers of a column as text, the null where there is none."""
    numbers: npt.NDArray[np.float64] = values.to_numpy(float)
    return [null if np.isnan(v) else f"{v:.{digits}f}" for v in numbers]


def pick_labels(picks: PickTable) -> list[str]:
    """The label that a pick came with, unless the pick has been changed since; then class and polarity."""
    words = load_vocabulary()
    sources = picks["class_source"].fillna("").tolist() if "class_source" in picks else [""] * len(picks)
    meanings = {source: words.meaning(source) for source in set(sources)}
    labels = []
    for class_, polarity, source in zip(picks["class"], picks["polarity"], sources, strict=True):
        meaning = meanings[source]
        # A label that only the user's own vocabulary holds is kept for the program that it came from.
        own = source and (meaning is None or (meaning.class_, meaning.polarity) == (class_, polarity))
        plain = f"{polarity} fracture".capitalize() if polarity and class_ == "fracture" else class_.capitalize()
        labels.append(" ".join(source.split()) if own else plain)
    return labels


def one_well(picks: _Table, path: str | Path, what: str) -> _Table:
    """Return a table as it is if it holds one well, which `what` is limited to."""
    wells = sorted(set(picks["well"]))
    if len(wells) > 1:
        raise InputError(
            path, f"{what} holds one well, and these picks are of {len(wells)}: {', '.join(wells)[:200]}",
            "write one file a well, or the formats picks or techlog",
        )  # fmt: skip
    return picks


def write_columns(path: str | Path, columns: dict[str, tuple[str, list[str]]], encoding: str = "utf-8") -> None:
    """Write columns of text by their names, each with its unit, under a header and a row of units."""
    with atomic_path(path) as part, part.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerow([unit for unit, _ in columns.values()])
        rows = zip(*(cells for _, cells in columns.values()), strict=True)
        writer.writerows([mark_text(cell) for cell in row] for row in rows)


FORMATS: dict[str, Callable[[PickTable, Path], None]] = {
    "picks": write_picks,
    "techlog": write_techlog,
    "wellcad": write_wellcad,
    "geolog": write_geolog,
    "las": write_las,
}
