"""How a training run went, as a picture: losses, and scores of what was held out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from geobfdt.reports.style import KINDS
from geobfdt.wells.picks import CLASSES
from geobfdt.wells.storage import atomic_path

__all__ = ["draw_learning"]


def draw_learning(metrics: Path, split: str, picture: Path) -> None:
    """
    Draw a run.

    Parameters
    ----------
    metrics : Path
        ``metrics.jsonl`` of the run.
    split : str
        How it was held out: ``by well`` or ``by depth``.
    picture : Path
        PNG to write.
    """
    from matplotlib.figure import Figure

    rows = [json.loads(line) for line in metrics.read_text().splitlines()]
    losses = [row for row in rows if "total" in row]
    scores = [row for row in rows if "score" in row]
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    step = [row["step"] for row in losses]
    total = np.array([row["total"] for row in losses])
    left.plot(step, total, ".-", ms=3, color="0.8", lw=0.8, label="every 20th step")
    if total.size > 4:
        width = min(11, total.size)
        smooth = np.convolve(total, np.ones(width) / width, "valid")
        left.plot(step[width // 2 : width // 2 + smooth.size], smooth, color="k", lw=1.2, label=f"mean of {width}")
    left.set(xlabel="step", ylabel="training loss")
    if losses:
        left.legend(frameon=False)
    else:
        left.text(0.5, 0.5, "no losses yet: written every 20 steps", ha="center", transform=left.transAxes)
        left.set(xticks=[], yticks=[])
    for name in CLASSES:
        points = [(row["step"], row[name]["f1"]) for row in scores if name in row]
        if points:
            right.plot(*zip(*points, strict=True), "o-", ms=3, color=KINDS[name].colour, label=name)
    right.set(xlabel="step", ylabel=f"F1 at 3 cm, held out {split}", ylim=(0, 1))
    if scores:
        right.legend(frameon=False, loc="lower right")
    else:
        right.text(0.5, 0.5, "no scores yet: written at every validation", ha="center", transform=right.transAxes)
        right.set(xticks=[])
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    with atomic_path(picture) as part:
        figure.savefig(part, dpi=150, format="png")
