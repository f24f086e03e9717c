"""The report of a well: one HTML file that needs nothing from outside."""

from __future__ import annotations

import base64
import html
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from geobfdt._version import __version__
from geobfdt.reports.class_plots import class_rows, draw_rows, zone_rows
from geobfdt.reports.dip_plots import draw_dip_plots
from geobfdt.reports.document import PRINT_STYLE
from geobfdt.reports.fold_section import draw_nets, fold_section
from geobfdt.reports.html_parts import (
    figure_png,
    format_number,
    format_range,
    format_significant,
    html_facts,
    html_picture,
    html_table,
)
from geobfdt.reports.image_raster import depth_range
from geobfdt.reports.method_section import GLOSSARY, LIMITS, MEANING, method_rows, signature_labels
from geobfdt.reports.page import write_pictures
from geobfdt.reports.stress_section import stress_section
from geobfdt.reports.structure_section import DEFAULT_VIEW, Structure, StructureView, analyse_structure
from geobfdt.reports.style import house_style
from geobfdt.reports.title_block import NO_TITLE, TitleBlock
from geobfdt.reports.well_curves import NO_CURVES, WellCurves, curves_section
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.runtime.progress import Progress, no_progress, part_of
from geobfdt.runtime.storage import atomic_path
from geobfdt.structure.intensity import Intensity
from geobfdt.wells.breakouts import BreakoutTable
from geobfdt.wells.image import WellImage, add_findings
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.picks import CLASSES, PickTable, with_attitude

__all__ = ["write_report"]

# The table shows at most this many rows; the file to save has them all.
_MAX_ROWS = 400
# The report holds at most this many pictures of a long well.
_MAX_PAGES = 12
# The table shows these columns.
_COLUMNS_SHOWN = [
    "depth_m", "class", "polarity", "dip_app_deg", "azimuth_app_deg", "dip_true_deg", "azimuth_true_deg",
    "sigma_depth_m", "sigma_dip_deg", "confidence", "coverage", "quality", "status", "source",
]  # fmt: skip
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } .place { opacity: .7; margin-top: 0; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } .wide { overflow-x: auto; }
img { max-width: 100%; background: #fff; } details img { margin: .5rem 0; }
.rows { max-height: 32rem; overflow: auto; } .rows th { position: sticky; top: 0; background: Canvas; }
.facts th { text-align: left; font-weight: 600; padding-left: 0; vertical-align: top; }
.facts td { text-align: left; white-space: pre-line; overflow-wrap: anywhere; }
.signature { display: grid; grid-template-columns: 2fr 1fr 2fr; gap: 2rem; margin-top: 4rem; break-inside: avoid; }
.signature div { border-top: 1px solid; padding-top: .2rem; position: relative; }
.signature b { position: absolute; bottom: 100%; font-weight: normal; }
@page picks { size: A4 landscape; }
@media print { details::details-content { content-visibility: visible; } summary { display: none; } }
@media print { section { page: picks; } .rows td:last-child { min-width: 20em; } }
"""


# The tables of one well, where they are written, and how.
def write_report(  # noqa: PLR0913
    image: WellImage,
    picks: PickTable,
    intervals: IntervalTable,
    findings: Sequence[Finding],
    path: Path,
    progress: Progress = no_progress,
    title: TitleBlock = NO_TITLE,
    breakouts: BreakoutTable | None = None,
    view: StructureView = DEFAULT_VIEW,
    curves: WellCurves = NO_CURVES,
) -> Structure:
    """
    Write the report of a well.

    Parameters
    ----------
    image : WellImage
        The well; its pixels are read page by page.
    picks : PickTable
        Pick table.
    intervals : IntervalTable
        Interpreted and ignored intervals.
    findings : sequence of Finding
        What was repaired or flagged, beside what the image itself brings.
    path : Path
        The file, ``<well>.report.html``.
    progress : callable
        Told the share done, 0 to 1.
    title : TitleBlock
        Entries of the title block.
    breakouts : DataFrame, optional
        Breakout table.
    view : StructureView
        Sections and structural dip.
    curves : WellCurves
        What was measured along the hole.

    Returns
    -------
    Structure
        The numbers in it.

    Raises
    ------
    InputError
        If it cannot be written.
    """
    structure = analyse_structure(image, picks, intervals, view)
    stress, of_stress = ("", []) if breakouts is None else stress_section(image, breakouts)
    findings = [*findings, *of_stress]
    with tempfile.TemporaryDirectory() as folder:
        named, own, looked = title.rename(add_findings(image, list(findings)), structure.picks, intervals)
        files = write_pictures(
            named,
            own,
            Path(folder) / "well.png",
            intervals=looked,
            pages=True,
            breakouts=breakouts,
            curves=curves,
            progress=part_of(progress, 0.0, 0.9),
        )
        pictures = [file.read_bytes() for file in (files if len(files) <= _MAX_PAGES + 1 else files[:1])]
    all_findings = [*image.attrs["findings"], *findings]
    body = "\n".join([
        _summary_section(image, structure, title), _intensity_section(structure), _orientation_section(structure),
        fold_section(image, structure), stress, curves_section(curves, *depth_range(image)),
        _log_section(pictures, len(files)),
        _certainty_section(structure, all_findings),
        _findings_section(all_findings), _table_section(structure.picks, path),
        _method_section(image, structure.picks), _signature_section(title),
    ])  # fmt: skip
    name = html.escape(title.name(image))
    with atomic_path(path) as part:
        part.write_text(
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
            f"<style>{_STYLE}{PRINT_STYLE}{_running_heads(image, title)}</style></head><body>{body}</body></html>\n",
            encoding="utf-8",
        )
    progress(1.0)
    return structure


def _running_heads(image: WellImage, title: TitleBlock) -> str:
    """Return the style of the heads and feet of printed pages: well, depths, who it is for, page n of m."""
    top, base = depth_range(image)
    owner = ", ".join(text for text in (title.company, title.field) if text)
    boxes = {
        "top-left": _css_text(title.name(image)),
        "top-center": _css_text(owner),
        "top-right": _css_text(f"{top:.2f} to {base:.2f} m MD"),
        "bottom-left": _css_text(f"geobfdt {__version__}" + (f", version {title.version}" if title.version else "")),
        "bottom-right": '"page " counter(page) " of " counter(pages)',
    }
    marks = " ".join(f"@{place} {{ content: {content}; font: 8pt sans-serif; }}" for place, content in boxes.items())
    return f"@page {{ margin-top: 18mm; {marks} }}\n"


def _css_text(text: str) -> str:
    """Return a text as a CSS string in which no character has a meaning in CSS or HTML."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\{ord(c):x} " for c in text) + '"'


def _summary_section(image: WellImage, structure: Structure, title: TitleBlock) -> str:
    depth = image["depth"].values
    sources = ", ".join(sorted(set(structure.picks["source"]) - {""})) or "unknown"
    place = f"{depth[0]:.2f} to {depth[-1]:.2f} m MD, {image.sizes['azimuth']} columns. Picks by {sources}."
    name = html.escape(title.name(image))
    sentences = [_intensity_sentence(kind, structure.intensities.get(kind), structure.length[kind]) for kind in CLASSES]
    if structure.beds is not None:
        beds, cone = (
            structure.beds,
            f", within {structure.beds.cone:.1f} degrees" if np.isfinite(structure.beds.cone) else "",
        )
        sentences.append(f"The mean bed dips {beds.dip:.0f} degrees towards {beds.azimuth:03.0f}{cone}.")
    if structure.sets:
        means = "; ".join(f"{line.part.mean.dip:.0f}/{line.part.mean.azimuth:03.0f}" for line in structure.sets)
        sets = "one set" if len(structure.sets) == 1 else f"{len(structure.sets)} sets"
        sentences.append(f"Fractures fall into {sets} (dip/azimuth): {means}.")
    words = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
    return f"<h1>{name}</h1><p class=place>{html.escape(place)}</p>{html_facts(title.rows())}{words}"


def _intensity_sentence(kind: str, intensity: Intensity | None, length: float) -> str:
    name = {"bedding": "bedding planes", "fracture": "fractures"}[kind]
    if intensity is None:
        return f"Nothing is known of {name}: no metre was both measured and interpreted for them."
    if not intensity.planes:
        most = f"{format_significant(intensity.p10_high, 2)} a metre"
        return f"No {name} in {length:.1f} m measured: fewer than {most}, as far as that can tell."
    text = (
        f"{intensity.planes:.0f} {name} in {length:.1f} m measured: "
        f"{format_significant(intensity.p10, 2)} a metre of hole "
        f"({format_range(intensity.p10_low, intensity.p10_high, 2)})."
    )
    if kind == "fracture":
        bounds = format_range(intensity.p32_low, intensity.p32_high, 2)
        text += f" In the rock, {format_significant(intensity.p32, 2)} m² in a cubic metre ({bounds})"
        text += f", {intensity.blind_share:.0%} of it by planes nearly along the hole, which it hardly ever meets"
        text += ": take it as a lower bound." if intensity.capped else "."
    return text


def _intensity_section(structure: Structure) -> str:
    head = ("", "planes", "P10 (1/m)", "95 %", "P32 (m²/m³)", "95 %", "nearly along the hole", "above the cap")
    rows = [
        (kind.capitalize(), f"{one.planes:.1f}",
         format_significant(one.p10, 3), format_range(one.p10_low, one.p10_high, 3),
         format_significant(one.p32, 3), format_range(one.p32_low, one.p32_high, 3),
         f"{one.blind_share:.0%}", f"{one.capped:.0%}")
        for kind, one in structure.intensities.items()
    ]  # fmt: skip
    note = (
        "Planes count by their confidence. P32 weighs each by one over the cosine of its apparent dip (Terzaghi), at "
        "most by 10. Intervals come from resampling depths and confidences. They do not include planes that the hole "
        "never meets. Metres count where there are pixels and the class was interpreted."
    )
    if structure.unmeasured:
        note += f" {structure.unmeasured} picks lie where nothing was measured and are not counted."
    text = f"<h2>Intensity</h2>{html_table(head, rows)}<p>{note}</p>"
    if structure.sets:
        titles = (
            "Set",
            "planes",
            "dip (deg)",
            "azimuth (deg)",
            "kappa",
            "95 % cone (deg)",
            "spacing (m)",
            "P32 (m²/m³)",
            "95 %",
            "restored (deg)",
        )
        lines = [
            (f"{number}", f"{len(line.part.members)}", f"{line.part.mean.dip:.0f}", f"{line.part.mean.azimuth:03.0f}",
             format_number(line.part.mean.kappa, 0), format_number(line.part.mean.cone, 1),
             format_number(line.spacing, 2),
             *_p32_cells(line.intensity),
             f"{line.level[0]:.0f}/{line.level[1]:03.0f}" if np.isfinite(line.level[0]) else "-")
            for number, line in enumerate(structure.sets, start=1)
        ]  # fmt: skip
        restored = "Restored: dip and azimuth without the structural dip."
        text += f"<h2>Fracture sets</h2>{html_table(titles, lines)}<p>{restored}</p>"
    return text


def _orientation_section(structure: Structure) -> str:
    planes = with_attitude(structure.picks)
    if planes.empty:
        why = "True dips are not known: the hole's direction or the image's reference is missing."
        return f"<h2>Orientation</h2><p>{why if len(structure.picks) else 'There is no pick.'}</p>"
    with house_style():
        figure, net = draw_nets(planes, [line.part for line in structure.sets], structure)
        by_depth = Figure(figsize=(11, 5.2), dpi=130, facecolor="white")
        zones = [line.zone for line in structure.zones]
        panels = draw_dip_plots(by_depth, structure.picks, zones, structure.patterns)
        pictures = [figure_png(figure), figure_png(by_depth)]
        by_class = [
            (f"by class: {names}", figure_png(each)) for names, each in draw_rows(class_rows(structure), structure)
        ]
        by_zone = [
            (f"by zone: {names}", figure_png(each)) for names, each in draw_rows(zone_rows(structure), structure)
        ]
    note = (
        "Poles on the lower hemisphere, equal areas; grey: denser than chance; crosses: mean poles of the fracture "
        "sets within their 95 % cones. Dotted: poles of planes that this hole hardly ever meets, so that few picks "
        "there do not mean few planes. The square is the hole itself."
    )
    if structure.girdle is not None and structure.girdle.claimed:
        note += " Dashed: girdle of the beds; star: fold axis within its 95 % cone."
    if len(planes) < len(structure.picks):
        note += (
            f" {len(structure.picks) - len(planes)} picks without a true dip and azimuth are in no plot of attitudes."
        )
    if "roses" in net:
        note += " Petals of the roses count planes by their area."
    lines = "Black lines: mean beds of the zones below." if structure.zones else ""
    if "vector plot" in panels:
        lines += (
            " In the cumulative plot and in the vector plot a zone is a straight stretch; bends are where beds begin "
            "to lie otherwise."
        )
    return (
        f"<h2>Orientation</h2>{html_picture(pictures[0], net)}<p>{note}</p>"
        f"{html_picture(pictures[1], ', '.join(panels))}<p>{lines}</p>"
        f"<h2>By class</h2>{''.join(html_picture(data, names) for names, data in by_class)}"
        f"{_zones_section(structure)}{''.join(html_picture(data, names) for names, data in by_zone)}"
    )


def _zones_section(structure: Structure) -> str:
    if len(structure.zones) < 2:
        return "<p>Beds lie alike all along: one zone.</p>" if structure.zones else ""
    head = (
        "Zone",
        "from (m)",
        "to (m)",
        "beds",
        "dip (deg)",
        "azimuth (deg)",
        "95 % cone (deg)",
        "beds (1/m)",
        "fractures (1/m)",
        "95 %",
        "P32 (m²/m³)",
        "95 %",
    )
    rows = []
    for number, line in enumerate(structure.zones, start=1):
        zone, one, beds = line.zone, line.intensities.get("fracture"), line.intensities.get("bedding")
        cells = ["-"] * 4
        if one is not None:
            cells = [format_significant(one.p10, 3), format_range(one.p10_low, one.p10_high, 2)]
            cells += [format_significant(one.p32, 3), format_range(one.p32_low, one.p32_high, 2)]
        rows.append(
            (f"{number}", f"{zone.top:.2f}", f"{zone.base:.2f}", f"{zone.beds.planes:.0f}", f"{zone.beds.dip:.0f}",
             f"{zone.beds.azimuth:03.0f}", format_number(zone.beds.cone, 1),
             format_significant(beds.p10, 3) if beds is not None else "-", *cells)
        )  # fmt: skip
    return f"<h2>Zones</h2>{html_table(head, rows)}"


def _log_section(pictures: list[bytes], all_of_them: int) -> str:
    text = f"<h2>Log</h2>{html_picture(pictures[0], 'the whole well')}"
    for number, data in enumerate(pictures[1:], start=1):
        text += f"<details><summary>Page {number}</summary>{html_picture(data, f'page {number}')}</details>"
    if all_of_them > len(pictures):
        text += f"<p>{all_of_them - 1} pages would make this file too large; geobfdt pick leaves them as pictures.</p>"
    return text


def _certainty_section(structure: Structure, findings: Sequence[Finding]) -> str:
    picks, sentences = structure.picks, []
    if np.isfinite(structure.wrong):
        sentences.append(f"Of {len(picks)} picks some {structure.wrong:.0f} are wrong, as their confidences say.")
    for column, what, unit in (("sigma_depth_m", "depth", "m"), ("sigma_dip_deg", "dip", "degrees")):
        if picks[column].notna().any():
            median = format_significant(picks[column].median(), 2)
            sentences.append(f"The median standard deviation of the {what} of a pick is {median} {unit}.")
    majors = sum(finding.severity in ("major", "critical") for finding in findings)
    sentences.append(f"Major findings: {majors or 'none'}.")
    return "<h2>Uncertainty</h2>" + "".join(f"<p>{html.escape(text)}</p>" for text in sentences)


def _findings_section(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    items = "".join(
        f"<li><b>{finding.severity}</b> {html.escape(f'{finding.place}: {finding.observed}; {finding.action}')}</li>"
        for finding in sorted(findings, key=lambda finding: -list(Severity).index(finding.severity))
    )
    return f"<h2>Findings</h2><ul>{items}</ul>"


def _table_section(picks: PickTable, path: Path) -> str:
    rows = []
    for row in picks[_COLUMNS_SHOWN].head(_MAX_ROWS).itertuples(index=False):
        cells = zip(_COLUMNS_SHOWN, row, strict=True)
        rows.append(
            tuple(format_number(c, 3 if n.endswith("_m") else 2) if isinstance(c, float) else str(c) for n, c in cells)
        )
    name = path.name.removesuffix(".html").removesuffix(".report") + ".picks.csv"
    data = base64.b64encode(mark_text_columns(picks).to_csv(index=False).encode()).decode()
    link = f'<a download="{html.escape(name)}" href="data:text/csv;base64,{data}">Save all {len(picks)} as CSV</a>'
    extent = f", the first {_MAX_ROWS} below" if len(picks) > _MAX_ROWS else ""
    head = tuple(column.replace("_", " ") for column in _COLUMNS_SHOWN)
    table = f"<div class=rows>{html_table(head, rows)}</div>"
    return f"<section><h2>Picks</h2><p>{link}{extent}.</p>{table}</section>"


def _method_section(image: WellImage, picks: PickTable) -> str:
    meaning, limits = ("".join(f"<li>{html.escape(text)}</li>" for text in texts) for texts in (MEANING, LIMITS))
    return (
        f"<h2>Method and limits</h2>{html_facts(method_rows(image, picks))}"
        f"<h3>What the numbers mean</h3><ul>{meaning}</ul><h3>What the picker does not see</h3><ul>{limits}</ul>"
        f"<h2>Glossary</h2>{html_facts(GLOSSARY)}"
    )


def _signature_section(title: TitleBlock) -> str:
    fields = "".join(
        f"<div><b>{html.escape(entry)}</b>{html.escape(label)}</div>"
        for label, entry in signature_labels(title.interpreter)
    )
    return f'<div class="signature">{fields}</div>'


def _p32_cells(one: Intensity | None) -> tuple[str, str]:
    return ("-", "-") if one is None else (format_significant(one.p32, 3), format_range(one.p32_low, one.p32_high, 2))
