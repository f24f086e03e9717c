"""The picture of a training run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from geobfdt.reports.learning import draw_learning

LOSSES = [{"step": 20 * i, "total": 9.0 / i} for i in range(1, 20)]
SCORE = {"step": 380, "score": 0.5, "bedding": {"f1": 0.6}, "fracture": {"f1": 0.4}}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def keep(figure: Figure, *where: object, **how: object) -> None:
        figures.append(figure)
        save(figure, *where, **how)

    monkeypatch.setattr(Figure, "savefig", keep)
    return figures


@pytest.mark.parametrize("split", ["by well", "by depth"])
def test_a_run_is_drawn(split: str, tmp_path: Path, drawn: list[Figure]) -> None:
    """Losses, and scores of each class in its colour; what was held out is said."""
    (tmp_path / "run").write_text("".join(json.dumps(row) + "\n" for row in [*LOSSES, SCORE]))
    draw_learning(tmp_path / "run", split, tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
    left, right = drawn[0].axes
    assert left.lines[0].get_ydata().tolist() == [row["total"] for row in LOSSES]
    assert {line.get_label(): line.get_color() for line in right.lines} == {"bedding": "#009e73", "fracture": "#0072b2"}
    assert right.get_ylabel() == f"F1 at 3 cm, held out {split}"


def test_a_run_too_short_to_have_losses(tmp_path: Path, drawn: list[Figure]) -> None:
    """Of 19 steps, or killed before the first validation: it says what is not there and claims no axis."""
    for rows in ([SCORE], []):
        (tmp_path / "run").write_text("".join(json.dumps(row) + "\n" for row in rows))
        draw_learning(tmp_path / "run", "by well", tmp_path / "run.png")
        left, right = drawn[-1].axes
        assert [text.get_text() for text in left.texts] == ["no losses yet: written every 20 steps"]
        assert len(left.get_xticks()) == len(left.get_yticks()) == 0
        assert bool(right.texts) == (not rows)


def test_the_first_loss_is_seen(tmp_path: Path, drawn: list[Figure]) -> None:
    """One loss makes no line, but a point."""
    (tmp_path / "run").write_text(json.dumps(LOSSES[0]) + "\n")
    draw_learning(tmp_path / "run", "by well", tmp_path / "run.png")
    assert drawn[0].axes[0].lines[0].get_marker() == "."
