"""How a training run went, as a picture and in words: losses, scores of what was held out, and what decided."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from geobfdt.reports.style import KINDS
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.picks import CLASSES

__all__ = ["draw_learning", "learning_verdict"]


def learning_verdict(validation: Mapping[str, Any]) -> str:
    """
    Describe whether a run improved the model, by which rule, and the number of held-out planes.

    Parameters
    ----------
    validation : mapping
        Part of the card of a bundle: ``step`` of the best weights, mean F1 (``mean_f1_3cm``, ``before``), the limit
        that it had to exceed (``needed``), and the number of held-out ``planes``. An unknown score is None.

    Examples
    --------
    >>> learning_verdict({"step": 0, "mean_f1_3cm": 0.5, "before": 0.5, "needed": 0.59, "planes": 8})
    'nothing learnt: no step exceeded F1 0.59 (0.50 before); 8 planes held out'
    >>> learning_verdict({"step": 40, "mean_f1_3cm": 0.7, "before": 0.5, "needed": 0.59, "planes": 8})
    'learnt: F1 0.70 after 40 steps, more than the 0.59 needed (0.50 before); 8 planes held out'
    """
    before, needed, score = (_format_number(validation.get(name)) for name in ("before", "needed", "mean_f1_3cm"))
    basis = f"({before} before); {validation.get('planes', 'an unknown number of')} planes held out"
    if not validation["step"]:
        return f"nothing learnt: no step exceeded F1 {needed} {basis}"
    return f"learnt: F1 {score} after {validation['step']} steps, more than the {needed} needed {basis}"


def _format_number(value: float | None) -> str:
    return "unknown" if value is None or not np.isfinite(value) else f"{value:.2f}"


def draw_learning(metrics: Path, split: str, validation: Mapping[str, Any], picture: Path) -> None:
    """
    Draw losses and scores of a training run.

    Parameters
    ----------
    metrics : Path
        ``metrics.jsonl`` of the run.
    split : str
        Split of the held-out rock: ``by well`` or ``by depth``.
    validation : mapping
        As in :func:`learning_verdict`.
    picture : Path
        PNG to write.
    """
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    losses = [row for row in rows if "total" in row]
    scores = [row for row in rows if "score" in row]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss_axes, score_axes = figure.subplots(1, 2)
    step = [row["step"] for row in losses]
    total = np.array([row["total"] for row in losses])
    loss_axes.plot(step, total, ".-", ms=3, color="0.8", lw=0.8, label="every 20th step")
    if total.size > 4:
        width = min(11, total.size)
        smooth = np.convolve(total, np.ones(width) / width, "valid")
        loss_axes.plot(step[width // 2 : width // 2 + smooth.size], smooth, color="k", lw=1.2, label=f"mean of {width}")
    loss_axes.set(xlabel="step", ylabel="training loss")
    if losses:
        loss_axes.legend(frameon=False)
    else:
        loss_axes.text(0.5, 0.5, "no losses yet: written every 20 steps", ha="center", transform=loss_axes.transAxes)
        loss_axes.set(xticks=[], yticks=[])
    for name in CLASSES:
        points = [(row["step"], row[name]["f1"]) for row in scores if name in row]
        if points:
            score_axes.plot(*zip(*points, strict=True), "o-", ms=3, color=KINDS[name].colour, label=name)
    if scores:
        mean = [(row["step"], row["score"]) for row in scores]
        score_axes.plot(*zip(*mean, strict=True), ".-", color="k", lw=1.2, label="mean, weighted by planes")
        best_step = validation["step"]
        score_axes.plot(
            *zip(*[point for point in mean if point[0] == best_step], strict=True), "o", ms=9, mfc="none", mec="k"
        )
        needed = validation.get("needed")
        if needed is not None and np.isfinite(needed):
            score_axes.axhline(needed, color="k", lw=0.8, ls="--", label="to exceed")
    score_axes.set(xlabel="step", ylabel=f"F1 at 3 cm, held out {split}", ylim=(0, 1))
    if scores:
        score_axes.legend(frameon=False, loc="lower right")
        score_axes.set_title(learning_verdict(validation), fontsize=7, loc="right")
    else:
        score_axes.text(
            0.5, 0.5, "no scores yet: written at every validation", ha="center", transform=score_axes.transAxes
        )
        score_axes.set(xticks=[])
    for axes in (loss_axes, score_axes):
        axes.spines[["top", "right"]].set_visible(False)
    with atomic_path(picture) as part:
        figure.savefig(part, dpi=150, format="png")
