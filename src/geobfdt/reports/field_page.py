"""The page of a field: its wells side by side, common sets, and what is known between the wells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from geobfdt.reports.document import Block, bullets, write_document
from geobfdt.reports.field_plots import field_pictures
from geobfdt.reports.field_structure import FieldStructure, FieldWell
from geobfdt.reports.html_parts import format_number, format_range, format_significant
from geobfdt.reports.stress_section import STRESS_HEAD, stress_cells, stress_note
from geobfdt.reports.well_curves import WellCurves, has_apertures, has_caliper, vug_totals
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.findings import Finding
from geobfdt.runtime.storage import atomic_files
from geobfdt.structure.between_wells import MIN_WELLS
from geobfdt.structure.homogeneity import Homogeneity

__all__ = ["field_tables", "write_field_page"]

# Below this probability wells are said to differ.
_SIGNIFICANCE = 0.05
_NAMES = {"fracture": "fractures", "bedding": "bedding planes"}
_CAPTIONS = {
    "map": "Collars and paths of the wells; thick where an image was measured. Colours are the P32 of fractures.",
    "intensities": "P32 of each well with its 95 % interval.",
    "stereonets": "Poles on the lower hemisphere, equal areas. Crosses: mean poles of the common sets, with cones.",
}


def write_field_page(field: FieldStructure, findings: Sequence[Finding], title: str, folder: Path) -> list[Path]:
    """
    Write the page of a field with its pictures and tables.

    Parameters
    ----------
    field : FieldStructure
        The wells.
    findings : sequence of Finding
        What was assumed or is missing.
    title : str
        Head of the page.
    folder : Path
        Where; made if missing.

    Returns
    -------
    list of Path
        ``field.html`` first; ``field.md``, pictures, ``field.wells.csv``, ``field.sets.csv``, where there are breakouts
        ``field.stress.csv``, and where curves are kriged ``field.curves.csv``. They are written together or not at all.

    Raises
    ------
    InputError
        If they cannot be written.
    """
    blocks = [
        Block("h1", text=title), *_summary(field), Block("table", rows=_well_rows(field)),
        *_homogeneity(field), *_sets(field), *_between(field), *_stress(field), *_measured(field),
    ]  # fmt: skip
    pictures = dict(field_pictures(field))
    for name, data in pictures.items():
        heading, caption = name.partition("-")[0], _CAPTIONS.get(name.partition("-")[0])
        if name == heading or name.endswith("-1"):
            titles = {"map": "Map", "intensities": "P32 by well", "stereonets": "Stereonets", "curves": "Curves"}
            blocks.append(Block("h2", text=titles[heading]))
        blocks.append(Block("picture", text=f"field-{name}", data=data))
        if caption is not None:
            blocks.append(Block("text", text=caption))
    blocks += [Block("h2", text="Limits"), bullets(_LIMITS)]
    if findings:
        rows = [(one.severity.value, f"{one.place}: {one.observed}; {one.action}") for one in findings]
        blocks += [Block("h2", text="Findings"), Block("table", rows=(("severity", "finding"), *rows))]
    with atomic_files(folder) as part:
        write_document(part, "field", title, blocks)
        for name, table in field_tables(field).items():
            mark_text_columns(table).to_csv(
                part / f"field.{name}.csv", index=False, float_format="%.4f", lineterminator="\n"
            )
        names = sorted(file.name for file in part.iterdir())
    return [folder / name for name in sorted(names, key=lambda name: name != "field.html")]


_LIMITS = [
    "A hole hardly meets planes along it: P32 of wells in different directions may differ by sets that some miss.",
    "Curves are kriged at equal elevation. Where beds dip, equal elevation is not the same bed.",
    "The variogram has no direction: a field whose density follows a strike is smoothed across it too.",
    "A density curve says how many fractures there are, not whether they are open or connected.",
]


def field_tables(field: FieldStructure) -> dict[str, pd.DataFrame]:
    """
    Make the tables of a field.

    Parameters
    ----------
    field : FieldStructure
        The wells.

    Returns
    -------
    dict of str to DataFrame
        ``wells``: a row for each well and class with metres, P10 and P32; ``sets``: a row for each common set and well;
        ``stress``: a row for each well and class of breakouts, if there are any; ``curves``: P32 of fractures every 10
        cm of elevation, measured and kriged, only where kriging gains.
    """
    wells = []
    for well in field.wells:
        place = (np.nan, np.nan, np.nan) if well.track is None else well.track.collar
        x, y, z = place if isinstance(place, tuple) else (place.x, place.y, place.z)
        for name in _NAMES:
            one = well.structure.intensities.get(name)
            amounts = {} if one is None else one._asdict()
            wells.append(
                {"well": well.name, "x_m": x, "y_m": y, "z_m": z, "class": name,
                 "measured_m": well.structure.length[name],
                 **{key: amounts.get(key, np.nan) for key in
                    ("planes", "p10", "p10_low", "p10_high", "p32", "p32_low", "p32_high", "blind_share")}}
            )  # fmt: skip
    columns = ("set", "dip_deg", "azimuth_deg", "kappa", "cone_deg", "well", "planes", "p32", "p32_low", "p32_high")
    sets = [
        (number, line.part.mean.dip, line.part.mean.azimuth, line.part.mean.kappa, line.part.mean.cone, name,
         *((np.nan,) * 4 if one is None else (one.planes, one.p32, one.p32_low, one.p32_high)))
        for number, line in enumerate(field.sets, start=1)
        for name, one in line.wells.items()
    ]  # fmt: skip
    tables = {"wells": pd.DataFrame(wells), "sets": pd.DataFrame(sets, columns=list(columns))}
    stress = [
        {"well": well.name, "class": line.name, "north": well.north, "shmax_deg": line.vertical.shmax,
         "sd_deg": line.vertical.deviation,
         "rank": line.vertical.rank or "", "rows": line.vertical.rows, "zones": line.vertical.zones,
         "length_m": line.vertical.length, "left_out": line.every.deviated}
        for well in field.wells
        for line in well.stress
    ]  # fmt: skip
    if stress:
        tables["stress"] = pd.DataFrame(stress)
    between = field.between
    if between is None or not between.gain.gained:
        return tables
    parts = []
    for number, well in enumerate(field.wells):
        value = between.curves.values[number]
        parts.append(("measured", well.name, between.curves.x[number], between.curves.y[number], value, value * np.nan))
    for name, (x, y), value, sigma in zip(between.names, between.places, between.values, between.sigma, strict=True):
        parts.append(("kriged", name, np.full(value.size, x), np.full(value.size, y), value, sigma))
    curves = [
        pd.DataFrame({"curve": kind, "place": name, "z_m": between.z, "x_m": x, "y_m": y, "p32": value, "sigma": sigma})
        for kind, name, x, y, value, sigma in parts
    ]
    table = pd.concat(curves, ignore_index=True)
    return tables | {"curves": table[table["p32"].notna()].reset_index(drop=True)}


def _summary(field: FieldStructure) -> list[Block]:
    metres = sum(well.structure.length["fracture"] for well in field.wells)
    count = sum(len(well.structure.picks) for well in field.wells)
    text = f"{len(field.wells)} wells, {metres:.0f} m measured and interpreted for fractures, {count} picks."
    return [Block("text", text=text)]


def _well_rows(field: FieldStructure) -> tuple[tuple[str, ...], ...]:
    head = (
        "Well", "metres", "fractures", "P10 (1/m)", "P32 (m²/m³)", "95 %", "beds", "mean bed (deg)", "hole (deg)"
    )  # fmt: skip
    return (head, *(_well_row(well) for well in field.wells))


def _well_row(well: FieldWell) -> tuple[str, ...]:
    one, beds = (well.structure.intensities.get(name) for name in _NAMES)
    mean, hole = well.structure.beds, well.structure.hole
    fractures = ("-",) * 4
    if one is not None:
        fractures = (
            f"{one.planes:.0f}",
            format_significant(one.p10, 2),
            format_significant(one.p32, 2),
            format_range(one.p32_low, one.p32_high, 2),
        )
    return (
        well.name, f"{well.structure.length['fracture']:.1f}", *fractures,
        "-" if beds is None else f"{beds.planes:.0f}",
        "-" if mean is None else f"{mean.dip:.0f}/{mean.azimuth:03.0f}",
        "-" if hole is None else f"{hole[0]:.0f}/{hole[1]:03.0f}",
    )  # fmt: skip


def _homogeneity(field: FieldStructure) -> list[Block]:
    blocks = [Block("h2", text="Do the wells meet the same P32?")]
    for name, result in field.homogeneity.items():
        if not any((well.structure.picks["class"] == name).any() for well in field.wells):
            continue
        blocks.append(Block("text", text=_homogeneity_sentence(_NAMES[name], result, field.block)))
    text = (
        "The test compares the variance of P32 between wells with that between blocks of depth of a well. It deals the "
        "blocks of all wells to the wells at random, 999 times. Swarms shorter than a block do not count as a "
        "difference of wells. A chi-square test of the counts would take each plane as independent."
    )
    return [*blocks, Block("text", text=text)]


def _homogeneity_sentence(name: str, result: Homogeneity, block: float) -> str:
    if not np.isfinite(result.probability):
        return f"P32 of {name}: too few blocks of depth to tell."
    verdict = (
        "the wells differ by more than blocks of one rock would"
        if result.probability <= _SIGNIFICANCE
        else "no difference of the wells is shown, which does not prove that there is none"
    )
    text = (
        f"P32 of {name}: {verdict} (F = {result.statistic:.2f}, p = {result.probability:.3f}, {result.wells} wells, "
        f"{result.blocks} blocks of about {block:.1f} m)."
    )
    if np.isfinite(result.dispersion):
        text += f" The variance between blocks is {result.dispersion:.1f} times that of planes at random."
    return text


def _sets(field: FieldStructure) -> list[Block]:
    if not field.sets:
        return []
    names = [well.name for well in field.wells]
    head = ("Set", "planes", "dip (deg)", "azimuth (deg)", "kappa", *(f"P32, {name}" for name in names), "p")
    rows = [
        (f"{number}", f"{len(line.part.members)}", f"{line.part.mean.dip:.0f}", f"{line.part.mean.azimuth:03.0f}",
         format_number(line.part.mean.kappa, 0),
         *("-" if one is None else format_significant(one.p32, 2) for one in line.wells.values()),
         format_number(line.probability, 3))
        for number, line in enumerate(field.sets, start=1)
    ]  # fmt: skip
    text = "p is that of the test above for the set alone, adjusted for the number of sets (Holm)."
    return [
        Block("h2", text="Fracture sets of all wells"),
        Block("table", rows=(head, *rows)),
        Block("text", text=text),
    ]


def _stress(field: FieldStructure) -> list[Block]:
    """Stress azimuths of the wells side by side, if there are breakouts."""
    rows = [(well.name, well.north, *stress_cells(line)) for well in field.wells for line in well.stress]
    if not rows:
        return []
    return [
        Block("h2", text="Breakouts and stress"),
        Block("table", rows=(("Well", "north", *STRESS_HEAD), *rows)),
        Block("text", text=stress_note()),
    ]


def _measured(field: FieldStructure) -> list[Block]:
    """What was measured along the wells side by side, if anything was."""
    rows = [(well.name, *_measured_cells(well.measured)) for well in field.wells]
    if all(cell == "-" for row in rows for cell in row[1:]):
        return []
    head = (
        "Well", "hydraulic aperture (mm)", "widest (mm)", "vugs (1/m²)", "vugs, area (%)", "diameter (mm)",
        "5 to 95 % (mm)",
    )  # fmt: skip
    text = (
        "Apertures are medians and maxima of windows with a fracture; diameters are medians of travel time. Vugs are "
        "experimental. A dash means that there is no such file of the well."
    )
    return [Block("h2", text="Along the wells"), Block("table", rows=(head, *rows)), Block("text", text=text)]


def _measured_cells(curves: WellCurves) -> tuple[str, ...]:
    cells = ["-"] * 6
    if curves.apertures is not None and has_apertures(curves.apertures):
        hydraulic = curves.apertures["aperture_hydraulic_mm"]
        hydraulic = hydraulic[hydraulic > 0]
        cells[:2] = [format_number(float(value), 3) for value in (hydraulic.median(), hydraulic.max())]
    if curves.vugs is not None and len(curves.vugs):
        totals = vug_totals(curves.vugs)
        cells[2:4] = [format_number(totals.per_m2, 1), format_number(totals.area_pct, 2)]
    if curves.caliper is not None and has_caliper(curves.caliper):
        low, middle, high = (1e3 * float(curves.caliper["diameter_m"].quantile(share)) for share in (0.05, 0.5, 0.95))
        cells[4:] = [format_number(middle, 1), f"{low:.1f} to {high:.1f}"]
    return tuple(cells)


def _between(field: FieldStructure) -> list[Block]:
    head = Block("h2", text="Between the wells")
    if field.between is None:
        text = f"Curves between wells need the places of at least {MIN_WELLS} wells with a curve of fracture density."
        return [head, Block("text", text=text)]
    gain = field.between.gain
    rows = [
        (well.name, format_number(own, 2), format_number(mean, 2))
        for well, (own, mean) in zip(field.wells, gain.by_well.tolist(), strict=True)
    ]
    errors = Block("table", rows=(("Well left out", "error, kriged", "error, mean of the others"), *rows))
    if np.isfinite(gain.error) and gain.gained:
        text = (
            f"Kriging gains: each well was predicted from the others, with an error of {gain.error:.2f} m²/m³, against "
            f"{gain.error_of_mean:.2f} for the mean of the others. Near wells are more alike than wells in random "
            f"places (p = {gain.probability:.3f}). Curves between neighbouring wells are below, with their standard "
            "deviation."
        )
    else:
        text = (
            f"Nothing gained: each well was predicted from the others, with an error of {format_number(gain.error, 2)} "
            f"m²/m³, against {format_number(gain.error_of_mean, 2)} for the mean of the others, and the probability "
            f"that wells in random places seem as alike is {format_number(gain.probability, 3)}. No curve is drawn "
            "between wells: the mean of the wells is the best guess there."
        )
    return [head, Block("text", text=text), errors]
