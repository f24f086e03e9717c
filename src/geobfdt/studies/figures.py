"""Pictures of a study: scores with their intervals, and the learning curves of all cells."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from geobfdt.studies.results import Line, Section, mean_of_classes
from geobfdt.studies.search import Trial

__all__ = ["draw_curves", "draw_importance", "draw_scores", "draw_trials"]

_PARTS = {"held_out": "held-out wells", "trained": "training wells"}
_INK, _SOFT, _GROUPS = "#1a1a1a", "#6b6b6b", ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


def draw_scores(sections: Sequence[Section], axis: str) -> bytes:
    """
    Draw the score of every level: each seed a dot, the mean with its 95 % interval.

    Parameters
    ----------
    sections : sequence of Section
        One colour each.
    axis : str
        Name of the judged axis.

    Returns
    -------
    bytes
        PNG.
    """
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(line.name for section in sections for line in section.lines))
    figure = Figure(figsize=(max(4.5, 1.2 * len(names) + 1.5), 3.4), layout="constrained")
    axes = figure.subplots()
    apart = 0.5 / max(len(sections), 1)
    for k, section in enumerate(sections):
        colour = _GROUPS[k % len(_GROUPS)]
        shift = apart * (k - (len(sections) - 1) / 2)
        place = [names.index(line.name) + shift for line in section.lines]
        levels = [line.level for line in section.lines]
        label = ", ".join(section.other_levels.values()) or None
        axes.plot(place, [level.score for level in levels], "o", ms=7, color=colour, label=label, zorder=3)
        axes.vlines(place, [x.lo for x in levels], [x.hi for x in levels], color=colour, lw=2)
        for x, level in zip(place, levels, strict=True):
            axes.plot([x + 0.25 * apart] * len(level.seeds), level.seeds, ".", ms=5, color=_SOFT, zorder=2)
    axes.set_xticks(range(len(names)), names)
    axes.set(xlabel=axis, ylabel="F1, trace RMS", ylim=(0, None), xlim=(-0.6, len(names) - 0.4))
    axes.grid(axis="y", color="0.92")
    if any(section.other_levels for section in sections):
        axes.legend(frameon=False)
    return _png(figure)


def draw_curves(lines: Sequence[Line]) -> bytes:
    """
    Draw training loss and F1 on training and held-out wells of every cell, a column for each level.

    Parameters
    ----------
    lines : sequence of Line
        Levels.

    Returns
    -------
    bytes
        PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(2.4 * len(lines), 4.8), 4.2), layout="constrained")
    panels = figure.subplots(2, len(lines), squeeze=False, sharex="col", sharey="row")
    for (upper, lower), line in zip(panels.T, lines, strict=True):
        upper.set_title(line.name, fontsize=10)
        for run, checks in zip(line.runs, line.learning, strict=True):
            losses = [(row["step"], row["total"]) for row in run if "total" in row]
            if losses:
                step, total = np.array(losses).T
                width = min(5, len(step))
                smooth = np.convolve(total, np.ones(width) / width, "valid")
                upper.plot(step[width - 1 :], smooth, lw=0.8, color=_INK, alpha=0.6)
            steps = [row["step"] for row in checks]
            for (part, label), colour in zip(_PARTS.items(), _GROUPS, strict=False):
                scores = [mean_of_classes(row[part]) for row in checks]
                lower.plot(
                    steps, scores, lw=0.8, color=colour, alpha=0.7, label=None if run is not line.runs[0] else label
                )
        lower.set_xlabel("step")
    panels[0, 0].set(ylabel="training loss", ylim=(0, None))
    panels[1, 0].set(ylabel="F1", ylim=(0, None))
    panels[1, 0].legend(frameon=False, fontsize=8)
    for axes in panels.flat:
        axes.grid(color="0.93")
    return _png(figure)


def draw_trials(trials: Sequence[Trial]) -> bytes:
    """
    Draw the scores of a search's trials in their order, and the best so far.

    Parameters
    ----------
    trials : sequence of Trial
        Those that ended.

    Returns
    -------
    bytes
        PNG.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    for state, colour, mark in (("finished", _GROUPS[0], "o"), ("given up", _SOFT, "x")):
        some = [trial for trial in trials if trial.state == state and trial.score is not None]
        if some:
            axes.plot([t.number for t in some], [t.score for t in some], mark, color=colour, ms=5, label=state)  # type: ignore[arg-type]
    finished = [trial for trial in trials if trial.state == "finished"]
    best = np.maximum.accumulate([trial.score or 0 for trial in finished])
    axes.step([trial.number for trial in finished], best, where="post", color=_GROUPS[1], lw=1.2, label="best so far")
    axes.set(xlabel="trial", ylabel="validation F1", ylim=(0, None))
    axes.grid(axis="y", color="0.92")
    axes.legend(frameon=False)
    return _png(figure)


def draw_importance(importance: dict[str, float]) -> bytes:
    """
    Draw the share of the differences between trials that each setting explains.

    Parameters
    ----------
    importance : dict of str to float
        By setting.

    Returns
    -------
    bytes
        PNG.
    """
    from matplotlib.figure import Figure

    names = sorted(importance, key=lambda name: importance[name])
    figure = Figure(figsize=(6, 0.4 * len(names) + 0.9), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, [importance[name] for name in names], color=_GROUPS[0])
    axes.set(xlabel="share of the differences that it explains", xlim=(0, 1))
    return _png(figure)


def _png(figure: Any) -> bytes:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=130)
    # Few colours: a third of the bytes, and pages of studies are kept.
    Image.open(full).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()
