"""Breakouts and induced fractures on an image track."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from geobfdt.reports.breakout_bars import draw_breakouts
from geobfdt.reports.tracks import drawn_rows
from geobfdt.wells.breakouts import new_breakouts


def test_boxes_and_lines_lie_where_the_rows_say() -> None:
    """A lobe across north is drawn at both ends; a line has no width; a rejected row is not drawn."""
    ax = Figure().subplots()
    table = new_breakouts(
        top_m=[1.0, 1.0, 3.0, 5.0],
        base_m=[2.0, 2.0, 4.0, 6.0],
        class_=["breakout", "breakout", "induced", "breakout"],
        azimuth_app_deg=[100.0, 355.0, 190.0, 30.0],
        width_deg=[20.0, 30.0, np.nan, 20.0],
        status=["proposed", "accepted", "edited", "rejected"],
    )
    draw_breakouts(ax, drawn_rows(table, ""))
    boxes, lines = ax.collections
    corners = sorted(tuple(path.get_extents().bounds) for path in boxes.get_paths())
    assert corners == [(-20.0, 1.0, 30.0, 1.0), (90.0, 1.0, 20.0, 1.0), (340.0, 1.0, 30.0, 1.0)]
    (line,) = lines.get_segments()
    assert line.tolist() == [[190.0, 3.0], [190.0, 4.0]]


def test_an_azimuth_from_another_line_has_no_place() -> None:
    """A row counted from north is not drawn where the image begins at the high side, nor one without an azimuth."""
    table = new_breakouts(
        top_m=1.0, base_m=2.0, class_="induced", azimuth_app_deg=[10.0, 20.0, np.nan],
        reference=["north", "high_side", "north"],
    )  # fmt: skip
    kept = drawn_rows(table, "north")
    assert kept is not None
    assert kept["azimuth_app_deg"].tolist() == [10.0]


def test_north_in_the_centre() -> None:
    """Angles over 180 degrees lie left of it."""
    ax = Figure().subplots()
    lobe = {"top_m": 1.0, "base_m": 2.0, "class_": "breakout", "azimuth_app_deg": 270.0, "width_deg": 20.0}
    draw_breakouts(ax, new_breakouts(**lobe), north="centre")
    assert [path.get_extents().x0 for path in ax.collections[0].get_paths()] == [-100.0]


def test_nothing_is_drawn_without_a_table() -> None:
    """None and an empty table."""
    ax = Figure().subplots()
    draw_breakouts(ax, None)
    draw_breakouts(ax, new_breakouts())
    assert not ax.collections
