"""Density, hole and margin."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geobfdt.quality.measured import MeasuredDepths
from geobfdt.reports.side_tracks import draw_density, draw_hole, draw_margin, knows_hole, margin_bars
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks


def strip() -> Axes:
    """Axes 6 inches high."""
    figure = Figure((1, 6), dpi=100)
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


def measured(top: float, base: float, masked: tuple[float, float] = (0.0, 0.0)) -> MeasuredDepths:
    """Rows of a centimetre, without a pixel between two depths."""
    depth = np.arange(round(100 * top), round(100 * base) + 1) / 100
    pixels = np.where((depth >= masked[0]) & (depth < masked[1]), np.nan, 0.0)[:, None].repeat(4, axis=1)
    return MeasuredDepths.of(well_image(pixels, depth))


def test_density_counts_every_pick_once() -> None:
    """Bars times their heights give back the number of picks of each class, odd page ends included."""
    rng = np.random.default_rng(0)
    depth = rng.uniform(90, 130, 400)
    name = rng.choice(["bedding", "fracture"], 400)
    status = rng.choice(["", "rejected"], 400)
    ax = strip()
    draw_density(ax, new_picks(depth_m=depth, class_=name, status=status), measured(90, 130), 97.3, 121.9)
    for label, bars in zip(("bedding", "fracture"), ax.containers, strict=True):
        expected = int(((depth >= 97.3) & (depth < 121.9) & (name == label) & (status == "")).sum())
        assert sum(bar.get_width() * abs(bar.get_height()) for bar in bars) == pytest.approx(expected)
    spans = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in ax.containers[0]]
    assert spans[0][0] == 97.3
    assert spans[-1][1] == pytest.approx(121.9)
    widest = max(bar.get_x() + bar.get_width() for bar in ax.containers[1])
    assert widest <= ax.get_xlim()[1] * (1 + 1e-9)


def test_density_of_nothing() -> None:
    """No picks: an empty strip with a scale."""
    ax = strip()
    draw_density(ax, new_picks(), measured(0, 10), 0.0, 10.0)
    assert ax.get_xlim() == (0, 1)


def test_density_is_of_measured_metres() -> None:
    """Ten picks a metre over 10 m, the lower 4.5 without pixels: bars of ten, half a bin's too, and grey below."""
    picks = new_picks(depth_m=np.arange(0.05, 10, 0.1), class_="bedding")
    ax = strip()
    draw_density(ax, picks, measured(0, 10, masked=(5.5, 10.1)), 0.0, 10.0)
    bars = ax.containers[0]
    assert {round(bar.get_width(), 0) for bar in bars if bar.get_y() + abs(bar.get_height()) <= 5.51} == {10}
    assert sum(bar.get_width() for bar in bars if bar.get_y() >= 5.5) == 0
    grey = [patch for patch in ax.patches if patch not in list(ax.containers[0]) + list(ax.containers[1])]
    assert sum(abs(patch.get_height()) for patch in grey) == pytest.approx(4, abs=0.51)


def test_hole_is_drawn_to_scale() -> None:
    """The wall is the diameter over the width that the caption names; the deviation over its own scale."""
    depth = np.linspace(10, 20, 11)
    diameter = np.linspace(0.2, 0.25, 11)
    well = well_image(np.zeros((11, 4)), depth, diameter=diameter, deviation=20.0, hole_azimuth=0.0)
    ax = strip()
    draw_hole(ax, well, 10.0, 20.5)
    left_wall, right_wall, deviation = ax.lines
    np.testing.assert_allclose((right_wall.get_xdata() - left_wall.get_xdata()) * 0.3, diameter)
    np.testing.assert_allclose(deviation.get_xdata() * 30, 20.0)
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["Deviation 0-30°", "Hole, width 300 mm"]


def test_unknown_hole_is_not_drawn() -> None:
    """Unknown diameter and deviation leave no line and no claim."""
    well = well_image(np.zeros((3, 4)), [1.0, 2.0, 3.0])
    assert not knows_hole(well)
    ax = strip()
    draw_hole(ax, well, 1.0, 3.0)
    assert not ax.lines
    assert not ax.texts


def test_margin_tells_intervals_and_doubts() -> None:
    """Each lane covers its own depths, cut at the page; other wells, whole-image doubts and notes are left out."""
    findings = [
        Finding(Severity.MAJOR, "stuck", "12.00-14.00 m", "s", "d"),
        Finding(Severity.INFO, "note", "15.00-15.50 m", "s", "d"),
        Finding(Severity.MAJOR, "all", "10.00-30.00 m", "s", "d"),
        Finding(Severity.MAJOR, "unit", "a.dlis", "s", "d"),
    ]
    well = well_image(np.zeros((21, 4)), 10.0 + np.arange(21), well="A", findings=findings)
    table = new_intervals(
        [
            ("A", "interpreted", "bedding", 5.0, 18.0),
            ("A", "ignored", "breakout", 20.0, 22.0),
            ("B", "ignored", "breakout", 11.0, 12.0),
        ]
    )
    bars = margin_bars(well, table)
    assert {bar.label: bar.spans.tolist() for bar in bars} == {
        "bedding interpreted": [[5.0, 18.0]],
        "ignored": [[20.0, 22.0]],
        "flagged": [[12.0, 14.0]],
    }
    ax = strip()
    draw_margin(ax, bars, 10.0, 21.0)
    reach = {
        c.get_label(): (c.get_paths()[0].vertices[:, 1].min(), c.get_paths()[0].vertices[:, 1].max())
        for c in ax.collections
    }
    assert reach == {"bedding interpreted": (10.0, 18.0), "ignored": (20.0, 21.0), "flagged": (12.0, 14.0)}


def test_an_interval_without_length_is_no_bar() -> None:
    """Where a class was looked for nowhere, neither the margin nor the key says interpreted."""
    well = well_image(np.zeros((3, 4)), [1.0, 2.0, 3.0], well="A")
    assert margin_bars(well, new_intervals([("A", "interpreted", "bedding", 0.0, 0.0)])) == []


def test_drift_has_bars_of_its_own_even_over_the_whole_well() -> None:
    """What the model does not know is not hidden where it is everything."""
    findings = [
        Finding(Severity.MAJOR, "drift-abstain", "10.00-30.00 m", "unlike", "look"),
        Finding(Severity.MINOR, "drift-watch", "12.00-14.00 m", "edge", "look"),
    ]
    well = well_image(np.zeros((21, 4)), 10.0 + np.arange(21), well="A", findings=findings)
    spans = {bar.label: bar.spans.tolist() for bar in margin_bars(well, None)}
    assert spans == {"at the edge of what the model knows": [[12, 14]], "unlike what the model knows": [[10, 30]]}


def test_no_intervals_no_bars() -> None:
    """Nothing known, nothing drawn."""
    assert margin_bars(well_image(np.zeros((3, 4)), [1.0, 2.0, 3.0]), None) == []
