"""The picture of a training run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from geobfdt.reports.learning_figure import draw_learning, learning_verdict

LOSSES = [{"step": 20 * i, "total": 9.0 / i} for i in range(1, 20)]
FIRST = {"step": 0, "score": 0.45, "needed": 0.52, "bedding": {"f1": 0.5}, "fracture": {"f1": 0.4}}
SCORE = {"step": 380, "score": 0.5, "bedding": {"f1": 0.6}, "fracture": {"f1": 0.4}}


KEPT = {"step": 0, "mean_f1_3cm": 0.45, "before": 0.45, "needed": 0.52, "planes": 9}


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures that were saved."""
    saved: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *where: object, **how: object) -> None:
        saved.append(figure)
        save(figure, *where, **how)

    monkeypatch.setattr(Figure, "savefig", keep)
    return saved


@pytest.mark.parametrize("split", ["by well", "by depth"])
def test_a_run_is_drawn(split: str, tmp_path: Path, figures: list[Figure]) -> None:
    """Losses, and scores of each class in its colour; what was held out is said."""
    (tmp_path / "run").write_text("".join(json.dumps(row) + "\n" for row in [*LOSSES, FIRST, SCORE]))
    draw_learning(tmp_path / "run", split, KEPT, tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    loss_axes, score_axes = figures[0].axes
    assert loss_axes.lines[0].get_ydata().tolist() == [row["total"] for row in LOSSES]
    lines = {line.get_label(): line for line in score_axes.lines}
    assert lines["bedding"].get_color() == "#009e73"
    assert lines["fracture"].get_color() == "#0072b2"
    assert score_axes.get_ylabel() == f"F1 at 3 cm, held out {split}"


def test_a_run_too_short_to_have_losses(tmp_path: Path, figures: list[Figure]) -> None:
    """Of 19 steps, or killed before the first validation: it says what is not there and claims no axis."""
    for rows in ([SCORE], []):
        (tmp_path / "run").write_text("".join(json.dumps(row) + "\n" for row in rows))
        draw_learning(tmp_path / "run", "by well", KEPT, tmp_path / "run.png")
        loss_axes, score_axes = figures[-1].axes
        assert [text.get_text() for text in loss_axes.texts] == ["no losses yet: written every 20 steps"]
        assert len(loss_axes.get_xticks()) == len(loss_axes.get_yticks()) == 0
        assert bool(score_axes.texts) == (not rows)


def test_the_first_loss_is_seen(tmp_path: Path, figures: list[Figure]) -> None:
    """One loss makes no line, but a point."""
    (tmp_path / "run").write_text(json.dumps(LOSSES[0]) + "\n")
    draw_learning(tmp_path / "run", "by well", KEPT, tmp_path / "run.png")
    assert figures[0].axes[0].lines[0].get_marker() == "."


@pytest.mark.parametrize(("step", "improved"), [(0, False), (380, True)])
def test_the_rule_is_drawn(step: int, improved: bool, tmp_path: Path, figures: list[Figure]) -> None:
    """The score that decides, what it had to exceed, the step that was kept, and the verdict that the console gives."""
    (tmp_path / "run").write_text("".join(json.dumps(row) + "\n" for row in [FIRST, SCORE]))
    validation = {**KEPT, "step": step, "mean_f1_3cm": 0.5}
    draw_learning(tmp_path / "run", "by well", validation, tmp_path / "run.png")
    right = figures[0].axes[1]
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in right.lines]
    assert ([0, 380], [0.45, 0.5]) in lines
    assert any(set(y) == {0.52} for _, y in lines)
    assert ([step], [0.5 if step else 0.45]) in lines
    assert right.get_title(loc="right") == learning_verdict(validation)
    assert learning_verdict(validation).startswith("nothing learnt") != improved
    assert "9 planes" in learning_verdict(validation)
