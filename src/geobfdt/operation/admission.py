"""Admission check: whether a new well may be used for training, by its image, its picks and their style."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from geobfdt.evaluation.scores import evaluate
from geobfdt.model.bundle import Bundle
from geobfdt.quality.image_checks import check_image
from geobfdt.quality.label_audit import audit
from geobfdt.training.confidence_calibration import InterpretedWell, pick_all
from geobfdt.wells.intervals import IntervalTable, covered
from geobfdt.wells.picks import CLASSES, PickTable, without_rejected

__all__ = ["MIN_STYLE_WELLS", "Style", "image_problems", "measure_style", "style_mismatch"]

# An image with a finding of one of these kinds teaches nothing.
_BAD_IMAGE_KINDS = {"value-range", "constant-image", "empty-image"}
# Verdicts of the audit that are no reason to hold a well back.
_GOOD_VERDICTS = {"agrees", "unclear"}
# A style is compared with at least this many other wells.
MIN_STYLE_WELLS = 3
# A style may deviate from the others by this many standard deviations between wells.
_MAX_DEVIATIONS = 3.0
# Log density ratios of one interpreter vary between wells by at least this standard deviation.
_MIN_DENSITY_SPREAD = 0.25
# The F1 of the model varies between wells by at least this standard deviation.
_MIN_F1_SPREAD = 0.1
# Picks of model and interpreter match within this trace RMS.
_TOLERANCE_M = 0.05


class Style(NamedTuple):
    """
    How an interpreter picks, measured by the same model on every well.

    Parameters
    ----------
    density : dict of str to float
        Logarithm of the ratio of the interpreter's planes to the model's, by interpreted class.
    density_sigma : dict of str to float
        Its standard deviation by counting alone.
    agreement : float
        F1 of the model against the interpreter, trace RMS 5 cm.
    """

    density: dict[str, float]
    density_sigma: dict[str, float]
    agreement: float


def image_problems(well: InterpretedWell) -> list[str]:
    """
    List the reasons not to train on a well: values that were not measured, picks that do not fit the image.

    Parameters
    ----------
    well : InterpretedWell
        Pixels in memory.
    """
    problems = [f"{one.observed} ({one.place})" for one in check_image(well.image) if one.kind in _BAD_IMAGE_KINDS]
    labels = audit(well.image, well.picks, well.intervals)
    if labels.alignment.verdict in ("shifted", "drifting", "stepped"):
        problems.append(f"picks are off the image in depth: {labels.alignment.verdict}")
    if labels.azimuth not in _GOOD_VERDICTS:
        problems.append(f"azimuths of picks: {labels.azimuth}")
    if labels.dip not in _GOOD_VERDICTS:
        problems.append(f"dips of picks: {labels.dip}")
    return problems


def measure_style(bundle: Bundle, well: InterpretedWell) -> Style:
    """Measure the style of the picks of a well against those of a model."""
    picks = pick_all(bundle, [well])
    name = str(well.image.attrs["well"])
    density, density_sigma = {}, {}
    depth = well.image["depth"].values
    for kind in CLASSES:
        if not covered(well.intervals, name, kind, depth[:: max(len(depth) // 200, 1)]).any():
            continue
        theirs, ours = (_count_inside(table, well.intervals, name, kind) for table in (well.picks, picks))
        # Half a plane is added on either side, so that no planes at all give no infinity.
        density[kind] = float(np.log((theirs + 0.5) / (ours + 0.5)))
        density_sigma[kind] = float(np.sqrt(1 / (theirs + 0.5) + 1 / (ours + 0.5)))
    best = evaluate(picks, well.picks, well.intervals, shifts=2).best()
    row = best[(best["class"] == "all") & (best["tolerance_m"] == _TOLERANCE_M) & (best["n_truth"] > 0)]
    return Style(density, density_sigma, float(row["f1"].iloc[0]) if len(row) else float("nan"))


def style_mismatch(style: Style, others: Sequence[Style]) -> list[str]:
    """
    List how a style differs from that of other wells; empty if it does not, or there are fewer than three others.

    Notes
    -----
    The logarithm of a density is compared with the median of the others. A deviation counts if it exceeds three
    standard deviations, which combine the counting error and the robust spread (1.4826 times the median absolute
    deviation) between the other wells. The agreement with the model (F1) is compared in the same way, downwards only.

    Examples
    --------
    >>> usual = [Style({"bedding": x}, {"bedding": 0.1}, 0.6) for x in (-0.1, 0.0, 0.1)]
    >>> style_mismatch(Style({"bedding": -1.6}, {"bedding": 0.1}, 0.55), usual)
    ['picks 0.20 times as many bedding planes as the others would']
    """
    reasons = []
    for kind, value in style.density.items():
        values = np.array([other.density[kind] for other in others if kind in other.density])
        if len(values) < MIN_STYLE_WELLS:
            continue
        middle, spread = _median_and_spread(values, _MIN_DENSITY_SPREAD)
        if abs(value - middle) > _MAX_DEVIATIONS * np.hypot(spread, style.density_sigma[kind]):
            reasons.append(f"picks {np.exp(value - middle):.2f} times as many {kind} planes as the others would")
    values = np.array([other.agreement for other in others if np.isfinite(other.agreement)])
    if len(values) >= MIN_STYLE_WELLS:
        middle, spread = _median_and_spread(values, _MIN_F1_SPREAD)
        if style.agreement < middle - _MAX_DEVIATIONS * spread:
            reasons.append(f"agrees with the champion by F1 {style.agreement:.2f}, the others by {middle:.2f}")
    return reasons


def _median_and_spread(values: np.ndarray, least: float) -> tuple[float, float]:
    middle = float(np.median(values))
    return middle, max(1.4826 * float(np.median(np.abs(values - middle))), least)


def _count_inside(table: PickTable, intervals: IntervalTable, name: str, kind: str) -> int:
    mine = without_rejected(table[table["class"] == kind])
    return int(covered(intervals, name, kind, mine["depth_m"].to_numpy(float)).sum())
