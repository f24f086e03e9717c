"""The picture of an explanation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from geobfdt.picking.explanation import Explanation
from geobfdt.reports.explanation_figure import draw_explanation
from geobfdt.wells.picks import new_picks

GREEN, BLUE = (0, 158, 115), (0, 114, 178)  # of bedding and of fractures in every picture


@pytest.mark.parametrize(("kind", "colour", "other"), [("bedding", GREEN, BLUE), ("fracture", BLUE, GREEN)])
def test_it_says_which_pick_and_from_where(
    kind: str, colour: tuple[int, ...], other: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trace has its class's colour and no other; class, number and reference are written out; so are gaps."""
    band = np.random.default_rng(0).normal(size=(40, 24))
    band[:, 5] = np.nan
    angles, turn = np.arange(7.5, 360, 15), np.arange(15.0, 360, 30)
    why = Explanation(
        np.array([5.0, 0.1, 0.0]), np.linspace(-0.1, 0.1, 40), angles, band, turn, np.full(12, 0.5), np.full(8, 0.7)
    )
    pick = new_picks(
        well="A-1", depth_m=5.0, class_=kind, amplitude_m=0.1, azimuth_app_deg=0.0, dip_app_deg=45.0, confidence=0.8
    )
    texts: list[str] = []
    save = Figure.savefig

    def listening(figure: Figure, *where: object, **how: object) -> None:
        for axes in figure.axes:
            legend = axes.get_legend()
            texts.extend(text.get_text() for text in (axes.title, axes._left_title, axes.xaxis.label))
            texts.extend(text.get_text() for text in (legend.get_texts() if legend else []))
        save(figure, *where, **how)

    monkeypatch.setattr(Figure, "savefig", listening)
    draw_explanation(why, pick, 12, "high side", tmp_path / "a.png")
    text = "\n".join(texts)
    for words in (f"{kind}, pick 12", f"pick 12: {kind} at 5.000 m", "angle from high side", "not measured"):
        assert words in text
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert (pixels == colour).all(axis=1).sum() > 200
    assert not (pixels == other).all(axis=1).any()
