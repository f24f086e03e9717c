"""The last pages of a report: method and limits, glossary, signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geobfdt._version import __version__
from geobfdt.model.bundle_files import SHIPPED, read_card
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import CLASSES, PickTable

__all__ = ["GLOSSARY", "LIMITS", "MEANING", "method_rows", "signature_labels"]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]


# What the numbers mean.
MEANING = _paragraphs("""
Dips and azimuths are true ones, corrected for the direction of the hole, where this is known. Azimuths point down the
dip. Depths are measured depths along the hole, of the middle of a trace.

The confidence of a pick is the calibrated probability that it is a plane of its class. Of a hundred picks of confidence
0.8 about eighty are right, on wells like those of the calibration.

A sigma is one standard deviation. It covers how well a trace fits the pixels, and not errors of the depths, of the
orientation or of the survey of the file.

Intervals of 95 % hold the scatter of planes along the hole and the uncertainty of each pick. They do not hold planes
that the hole does not meet.

A pick that is accepted or edited is a person's decision; a proposed pick is the picker's alone.
""")

# What the picker does not see.
LIMITS = _paragraphs("""
It finds planes by their trace round the hole. Planes within a few degrees of the hole's axis, and traces on a small
part of the wall, are mostly missed.

It does not see planes without contrast in the image, planes thinner than the tool resolves, or planes in gaps between
pads and in unmeasured depths.

It does not tell natural from induced fractures, nor open from healed ones. Breakouts, tool marks and vugs may be taken
for planes; mark such depths as ignored.

It knows the classes bedding and fracture only. Faults, veins, stylolites and foliation count as one of the two.

Images of 16 sectors, and images with rows of 5 cm or more, as of many tools that log while drilling, give no usable
picks.

Its confidences hold for images that resemble those of its calibration; findings name depths that do not.
""")

GLOSSARY = (
    ("Apparent dip", "angle of a plane to the plane across the hole"),
    ("Azimuth", "direction from north, clockwise; of a plane, the direction in which it dips"),
    ("Confidence", "calibrated probability that a pick is right"),
    ("Coverage", "share of the trace along which the wall is measured"),
    ("Cone, 95 %", "angle round a mean pole that holds the true mean in 95 of 100 cases"),
    ("Dip, true dip", "steepest angle of a plane to the horizontal"),
    ("Dip pattern", "red: dips grow with depth; blue: they shrink; green: they are steady; bag: no order"),
    ("Finding", "what is repaired, missing or uncertain in the data, with its place and what to do"),
    ("Girdle", "bed poles along a great circle, as of a fold; the fold axis is square to it"),
    ("Kappa", "concentration of poles about their mean after Fisher; large where planes are nearly parallel"),
    ("MD", "measured depth: length along the hole from the datum"),
    ("P10", "planes per metre of hole"),
    ("P32", "area of planes per cubic metre of rock; each plane weighs one over the cosine of its apparent dip"),
    ("Pole", "line across a plane; a stereonet shows its lower end"),
    ("Quality", "A to D: how continuous a trace is, and how well it fits; C and D are weak"),
    ("Set", "fractures with similar poles"),
    ("Sigma", "one standard deviation"),
    ("Spacing", "mean distance between neighbouring planes of a set, square to them"),
    ("Stick plot", "planes as short lines with the dip that they have in a vertical section"),
    ("Strike", "direction of a horizontal line in a plane"),
    ("Zone", "stretch of the well whose beds have one attitude"),
)


def method_rows(image: WellImage, picks: PickTable) -> list[tuple[str, str]]:
    """
    Return how the picks of a well were made: label and text.

    Parameters
    ----------
    image : WellImage
        The well.
    picks : PickTable
        Pick table.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> from geobfdt.wells.picks import new_picks
    >>> rows = method_rows(well_image([[0.0]], [1.0], source="a.dlis"), new_picks(depth_m=[1.0], class_="bedding"))
    >>> [label for label, _ in rows]
    ['Picks by unknown', 'Status', 'Image', 'Report']
    """
    rows = []
    for source, mine in picks.assign(source=picks["source"].replace("", "unknown")).groupby("source", sort=True):
        rows.append((f"Picks by {source}", f"{len(mine)}"))
        rows += _network_rows(str(source))
    counts = picks["status"].replace("", "without a status").value_counts().sort_index()
    if len(counts):
        rows.append(("Status", ", ".join(f"{count} {status}" for status, count in counts.items())))
    digest = str(image.attrs["source_sha256"])
    rows.append(("Image", str(image.attrs["source"] or "not named") + (f", SHA-256 {digest}" if digest else "")))
    rows.append(("Report", f"geobfdt {__version__}"))
    return rows


def _network_rows(source: str) -> list[tuple[str, str]]:
    """Return weights, calibration and thresholds of the shipped network, if it made the picks."""
    card: dict[str, Any] = read_card(SHIPPED)
    digest = str(card["weights_sha256"])
    if source.split()[-1:] != [digest[:12]]:
        return []
    parts = {name: card["calibration"][name] for name in CLASSES}
    curves = "; ".join(
        f"{name}: slope {one['slope']:.3g}, intercept {one['intercept']:.3g}" for name, one in parts.items()
    )
    bounds = "; ".join(f"{name} {one['threshold']:.2f}" for name, one in parts.items())
    return [
        ("Weights, SHA-256", digest),
        ("Calibration", f"{card.get('calibrated_on', 'not described')}. Of the log odds, {curves}"),
        ("Confidence of best F1", bounds),
    ]


def signature_labels(interpreter: str) -> Sequence[tuple[str, str]]:
    """Return the fields of the signature line, and what stands in them already."""
    return (("Interpreter", interpreter), ("Date", ""), ("Signature", ""))
