"""Legends of the stereonet and of dips by depth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from geobfdt.reports.dip_plots import draw_dip_plots
from geobfdt.reports.stereonet import draw_stereonet
from geobfdt.wells.picks import new_picks


def legend(draw: object, picks: pd.DataFrame) -> list[str]:
    """What the legends of a figure list."""
    figure = Figure((11, 5))
    draw(figure, picks)  # type: ignore[operator]
    legends = [ax.get_legend() for ax in figure.axes]
    return [text.get_text() for one in legends if one is not None for text in one.get_texts()]


@pytest.mark.parametrize("draw", [draw_dip_plots, draw_stereonet])
def test_a_legend_lists_what_the_well_has(draw: object) -> None:
    """Kinds with a pick, the doubtful ones too, and no others; each once."""
    picks = new_picks(
        depth_m=np.arange(1.0, 6.0), class_=["bedding", "bedding", "fracture", "fracture", "fracture"],
        polarity=["", "", "resistive", "resistive", ""], confidence=[0.9, 0.2, 0.3, 0.4, 0.9],
        dip_true_deg=[10.0, 12.0, 60.0, 65.0, 70.0], azimuth_true_deg=90.0,
    )  # fmt: skip
    assert legend(draw, picks) == ["Bedding", "Fracture", "Resistive fracture"]
    assert legend(draw, picks.iloc[:1]) == ["Bedding"]
    assert legend(draw, picks.iloc[:0]) == []


@pytest.mark.parametrize(("beds", "panels"), [(0, 2), (1, 2), (2, 4)])
def test_what_would_be_empty_is_left_out(beds: int, panels: int) -> None:
    """The cumulative dip and the vector plot are of beds: without two of them there is no line to draw."""
    picks = new_picks(
        depth_m=np.arange(1.0, 5.0 + beds), class_=["fracture"] * 4 + ["bedding"] * beds, dip_true_deg=30.0,
        azimuth_true_deg=90.0,
    )  # fmt: skip
    figure = Figure((11, 5))
    assert len(draw_dip_plots(figure, picks)) == len(figure.axes) == panels
    assert all(ax.lines for ax in figure.axes)
