"""The door: whether a well that has just come may teach a model. Its image, its picks, and whose style they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from geobfdt.evaluation.scores import evaluate
from geobfdt.model.bundle import Bundle
from geobfdt.quality.image_checks import check_image
from geobfdt.quality.label_audit import audit
from geobfdt.training.confidence_calibration import InterpretedWell, pick_all
from geobfdt.wells.intervals import covered
from geobfdt.wells.picks import CLASSES, standing

__all__ = ["FEWEST", "Style", "damage", "strange_style", "style_of"]

_SPOILT = {"value-range", "constant-image", "empty-image"}
_SOUND = {"agrees", "unclear"}
# Wells that make a style.
FEWEST = 3
# Standard deviations between wells.
_FAR = 3.0
# Least standard deviation of log density ratios between wells of one interpreter.
_SPREAD = 0.25
# And of F1 with the model.
_AGREEMENT = 0.1
# m.
_TOLERANCE = 0.05


class Style(NamedTuple):
    """
    How an interpreter picks, measured by the same model on every well.

    Parameters
    ----------
    density : dict of str to float
        Logarithm of the interpreter's planes over the model's, by class that was looked for.
    doubt : dict of str to float
        Its standard deviation by counting alone.
    agreement : float
        F1 of the model against the interpreter, trace RMS 5 cm.
    """

    density: dict[str, float]
    doubt: dict[str, float]
    agreement: float


def damage(well: InterpretedWell) -> list[str]:
    """
    What speaks against learning from a well, in words: values that were not measured so, picks that are off the image.

    Parameters
    ----------
    well : InterpretedWell
        Pixels in memory.
    """
    told = [f"{one.observed} ({one.place})" for one in check_image(well.image) if one.kind in _SPOILT]
    found = audit(well.image, well.picks, well.intervals)
    if found.alignment.verdict in ("shifted", "drifting", "stepped"):
        told.append(f"picks are off the image in depth: {found.alignment.verdict}")
    if found.azimuth not in _SOUND:
        told.append(f"azimuths of picks: {found.azimuth}")
    if found.dip not in _SOUND:
        told.append(f"dips of picks: {found.dip}")
    return told


def style_of(bundle: Bundle, well: InterpretedWell) -> Style:
    """Measure how a well was picked, by what a model picks there."""
    picks = pick_all(bundle, [well])
    name = str(well.image.attrs["well"])
    density, doubt = {}, {}
    depth = well.image["depth"].values
    for kind in CLASSES:
        if not covered(well.intervals, name, kind, depth[:: max(len(depth) // 200, 1)]).any():
            continue
        theirs, ours = (_inside(table, well.intervals, name, kind) for table in (well.picks, picks))
        # Half a plane more on either side: none against none says nothing, and is no infinity.
        density[kind] = float(np.log((theirs + 0.5) / (ours + 0.5)))
        doubt[kind] = float(np.sqrt(1 / (theirs + 0.5) + 1 / (ours + 0.5)))
    best = evaluate(picks, well.picks, well.intervals, shifts=2).best()
    row = best[(best["class"] == "all") & (best["tolerance_m"] == _TOLERANCE) & (best["n_truth"] > 0)]
    return Style(density, doubt, float(row["f1"].iloc[0]) if len(row) else float("nan"))


def strange_style(style: Style, others: Sequence[Style]) -> list[str]:
    """
    How a style differs from that of other wells, in words; empty if it does not, or there are fewer than three others.

    Notes
    -----
    Densities are compared by their logarithm with the median of the others; what counting and the spread between the
    others explain is allowed for, three times over.

    Examples
    --------
    >>> usual = [Style({"bedding": x}, {"bedding": 0.1}, 0.6) for x in (-0.1, 0.0, 0.1)]
    >>> strange_style(Style({"bedding": -1.6}, {"bedding": 0.1}, 0.55), usual)
    ['picks 0.20 times as many bedding planes as the others would']
    """
    told = []
    for kind, value in style.density.items():
        known = np.array([other.density[kind] for other in others if kind in other.density])
        if len(known) < FEWEST:
            continue
        middle, spread = _robust(known, _SPREAD)
        if abs(value - middle) > _FAR * np.hypot(spread, style.doubt[kind]):
            told.append(f"picks {np.exp(value - middle):.2f} times as many {kind} planes as the others would")
    known = np.array([other.agreement for other in others if np.isfinite(other.agreement)])
    if len(known) >= FEWEST:
        middle, spread = _robust(known, _AGREEMENT)
        if style.agreement < middle - _FAR * spread:
            told.append(f"agrees with the champion by F1 {style.agreement:.2f}, the others by {middle:.2f}")
    return told


def _robust(values: np.ndarray, least: float) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), least)


def _inside(table: pd.DataFrame, intervals: pd.DataFrame, name: str, kind: str) -> int:
    mine = standing(table[table["class"] == kind])
    return int(covered(intervals, name, kind, mine["depth_m"].to_numpy(float)).sum())
