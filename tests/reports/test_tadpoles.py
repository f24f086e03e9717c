"""Tadpoles."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.quiver import Quiver

from geobfdt.reports.tadpoles import draw_tadpoles
from geobfdt.wells.picks import new_picks


def track(height: float = 4.0, top: float = 100.0, base: float = 110.0) -> Axes:
    """Depth axes that run down."""
    figure = Figure((3, height), dpi=200)
    FigureCanvasAgg(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_ylim(base, top)
    return ax


def ink(ax: Axes) -> np.ndarray:
    """Where something coloured is drawn."""
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].astype(int)
    return np.ptp(pixels, axis=-1) > 60


@pytest.mark.parametrize(("azimuth", "right", "up"), [(0, 0, 1), (90, 1, 0), (180, 0, -1), (270, -1, 0), (45, 1, 1)])
@pytest.mark.parametrize("base", [101.0, 5000.0])
def test_tail_points_down_dip(azimuth: float, right: int, up: int, base: float) -> None:
    """Seen in the pixels: north up, east right, at any scale, though the depth axis is inverted."""
    ax = track(base=base)
    middle = (100 + base) / 2
    draw_tadpoles(ax, new_picks(depth_m=middle, class_="bedding", dip_true_deg=45.0, azimuth_true_deg=azimuth))
    row, column = np.nonzero(ink(ax))
    height, width = 800, 600
    reach_right = column.max() - width / 2, width / 2 - column.min()
    reach_up = height / 2 - row.min(), row.max() - height / 2
    for reach, sign in ((reach_right, right), (reach_up, up)):
        difference = reach[0] - reach[1]
        assert abs(difference) < 3 if sign == 0 else difference * sign > 8


def test_tail_is_equally_long_at_any_scale() -> None:
    """A tail is as long on a page of 1 m as on one of 1 km."""
    areas = []
    for base in (101.0, 1100.0):
        ax = track(base=base)
        picks = new_picks(depth_m=(100 + base) / 2, class_="fracture", dip_true_deg=45.0, azimuth_true_deg=30.0)
        draw_tadpoles(ax, picks)
        areas.append(int(ink(ax).sum()))
    assert areas[0] == pytest.approx(areas[1], abs=4)


def test_head_is_at_dip_and_depth() -> None:
    """Heads lie at (dip, depth), one a pick."""
    ax = track()
    picks = new_picks(
        depth_m=[101.0, 104.0], class_="bedding", dip_true_deg=[10.0, 80.0], azimuth_true_deg=[0.0, 200.0]
    )
    draw_tadpoles(ax, picks)
    heads = next(c for c in ax.collections if not isinstance(c, Quiver) and c.get_label() == "bedding")
    np.testing.assert_allclose(heads.get_offsets(), [[10.0, 101.0], [80.0, 104.0]])
    assert ax.get_ylim() == (110.0, 100.0)


@pytest.mark.parametrize("width", [1.1, 3.0])
@pytest.mark.parametrize(("dip", "azimuth"), [(0.01, 270.0), (90.0, 90.0), (88.0, 45.0), (0.0, 0.0)])
def test_flat_and_upright_planes_are_drawn_whole(dip: float, azimuth: float, width: float) -> None:
    """Neither head nor tail reaches the frame of the track."""
    ax = track()
    ax.figure.set_figwidth(width)
    draw_tadpoles(ax, new_picks(depth_m=105.0, class_="fracture", dip_true_deg=dip, azimuth_true_deg=azimuth))
    pixels = ink(ax)
    assert pixels.sum() > 50
    assert not pixels[:, [0, 1, -2, -1]].any()


def test_heads_at_the_ends_of_a_page_are_whole() -> None:
    """At the first and the last depth a head is not cut by the frame."""
    areas = []
    for depth in (100.0, 105.0, 110.0):
        ax = track()
        ax.set_position((0, 0.1, 1, 0.8))
        draw_tadpoles(ax, new_picks(depth_m=depth, class_="bedding", dip_true_deg=0.0, azimuth_true_deg=0.0))
        areas.append(int(ink(ax).sum()))
    assert np.ptp(areas) <= 8


def test_weak_heads_are_hollow() -> None:
    """Quality C and D and low confidence are hollow, the others filled."""
    ax = track()
    picks = new_picks(
        depth_m=[101.0, 102.0, 103.0, 104.0],
        class_="bedding",
        dip_true_deg=10.0,
        azimuth_true_deg=0.0,
        quality=["A", "C", "D", "B"],
        confidence=[0.9, 0.9, 0.9, 0.3],
    )
    draw_tadpoles(ax, picks)
    white = to_rgba("white")
    heads = [c for c in ax.collections if not isinstance(c, Quiver) and c.get_label() == "bedding"]
    hollow = {float(z) for c in heads if tuple(c.get_facecolor()[0]) == white for z in c.get_offsets()[:, 1]}
    assert hollow == {102.0, 103.0, 104.0}


def test_apparent_dips_are_called_so() -> None:
    """Without any true dip the axis says apparent; with one, apparent dips do not mix in."""
    ax = track()
    picks = new_picks(depth_m=[101.0, 102.0], class_="fracture", dip_app_deg=[40.0, 50.0], azimuth_app_deg=90.0)
    draw_tadpoles(ax, picks)
    assert ax.get_xlabel().startswith("Apparent dip")
    picks.loc[0, ["dip_true_deg", "azimuth_true_deg"]] = [20.0, 90.0]
    ax = track()
    draw_tadpoles(ax, picks)
    assert ax.get_xlabel() == "True dip"
    heads = [c for c in ax.collections if not isinstance(c, Quiver) and c.get_label() == "fracture"]
    assert sum(len(c.get_offsets()) for c in heads) == 1


def test_flat_planes_have_no_tail() -> None:
    """Azimuth means nothing at zero dip."""
    ax = track()
    draw_tadpoles(ax, new_picks(depth_m=101.0, class_="bedding", dip_true_deg=0.0, azimuth_true_deg=0.0))
    assert not [c for c in ax.collections if isinstance(c, Quiver)]


def test_nothing_to_draw() -> None:
    """No picks, or only rejected ones: an empty track with its scale."""
    for picks in (new_picks(), new_picks(depth_m=101.0, class_="bedding", dip_true_deg=9.0, status="rejected")):
        ax = track()
        draw_tadpoles(ax, picks)
        assert ax.get_xlabel() == "True dip"
        assert not [c for c in ax.collections if c.get_label() in ("bedding", "fracture")]
