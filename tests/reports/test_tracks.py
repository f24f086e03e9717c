"""Image tracks and traces."""

import math

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from geobfdt.reports.style import UNMEASURED
from geobfdt.reports.tracks import Raster, depth_steps, draw_depth_axis, draw_image, draw_traces
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import new_picks


def bare_axes(width: float = 4.0, height: float = 5.0) -> Axes:
    """Axes that fill a figure of 100 dots an inch."""
    figure = Figure((width, height), dpi=100)
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


def rendered(ax: Axes) -> np.ndarray:
    """Pixels of the axes, (rows, columns, 3)."""
    ax.figure.canvas.draw()
    return np.asarray(ax.figure.canvas.buffer_rgba())[..., :3].astype(int)


def lone_dark_patch(**attributes: str) -> WellImage:
    """Bright wall with a dark patch between 20 and 70 deg, upper half, and a gap between 200 and 250 deg."""
    angle = np.arange(360) + 0.5
    values = np.full((100, 360), 100.0)
    values[:50, (angle > 20) & (angle < 70)] = 0.0
    values[:, (angle > 200) & (angle < 250)] = np.nan
    return well_image(values, 10.0 + 0.01 * np.arange(100), **attributes)


@pytest.mark.parametrize(("north", "start"), [("left", 0), ("centre", -180)])
@pytest.mark.parametrize("variable", ["static", "dynamic"])
def test_pixels_are_where_the_rock_is(north: str, start: int, variable: str) -> None:
    """Dark rock is dark ink at its own angle and depth; the gap is neutral grey."""
    ax = bare_axes()
    draw_image(ax, lone_dark_patch(), variable=variable, north=north)
    ax.axis("off")
    pixels = rendered(ax)

    def at(angle: float, depth_share: float) -> np.ndarray:
        column = ((angle - start) % 360) / 360 * pixels.shape[1]
        return pixels[int(depth_share * pixels.shape[0]), int(column)]

    assert at(45, 0.25).sum() < at(45, 0.75).sum() - 100
    assert at(45, 0.25).sum() < at(135, 0.25).sum() - 100
    grey = [int(UNMEASURED[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(at(225, 0.5) - grey).max() <= 2


@pytest.mark.parametrize("columns", [96, 720])
def test_pixels_of_a_picture_are_pasted(columns: int) -> None:
    """Each pixel of the track has one of the few tones, in its own row and column, and none is a blend of two."""
    values = np.zeros((50, columns))
    values[::2] = 100.0
    values[0, : columns // 2] = np.nan
    ax = bare_axes(1.92, 0.5)
    draw_image(ax, well_image(values, 10.0 + 0.01 * np.arange(50)), limits=(0, 100), raster=Raster(100, 2))
    ax.axis("off")
    grey = [int(UNMEASURED[i : i + 2], 16) for i in (1, 3, 5)]
    expected = np.zeros((50, 192, 3), dtype=int)
    expected[::2] = 255
    expected[0, :96] = grey
    np.testing.assert_array_equal(rendered(ax), expected)


def test_second_track_takes_the_pixels_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall that is drawn twice is resampled once and looks the same."""
    first, second = bare_axes(), bare_axes()
    wall = draw_image(first, lone_dark_patch(), variable="dynamic")
    monkeypatch.setattr("geobfdt.reports.tracks.image_tones", None)
    draw_image(second, lone_dark_patch(), variable="dynamic", twin=wall)
    np.testing.assert_array_equal(rendered(first), rendered(second))


def test_dark_high_swaps_ink() -> None:
    """With dark = high the low patch is the bright one."""
    ax = bare_axes()
    draw_image(ax, lone_dark_patch(dark="high"))
    ax.axis("off")
    pixels = rendered(ax)
    assert pixels[125, 50].sum() > pixels[125, 150].sum() + 300


def test_depth_runs_down() -> None:
    """The first depth is at the top."""
    ax = bare_axes()
    draw_image(ax, lone_dark_patch())
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


@pytest.mark.parametrize(
    ("reference", "north", "labels", "caption"),
    [
        ("north", "left", "NESWN", "from magnetic north"),
        ("north", "centre", "SWNES", "from magnetic north"),
        ("pseudo_north", "left", "NESWN", "from pseudo-north"),
        ("high_side", "left", "TRBLT", "from high side"),
        ("high_side", "centre", "BLTRB", "from high side"),
    ],
)
def test_header_letters(reference: str, north: str, labels: str, caption: str) -> None:
    """Letters stand over their angles."""
    ax = bare_axes()
    draw_image(ax, lone_dark_patch(reference=reference, north="magnetic"), north=north)
    assert "".join(label.get_text() for label in ax.get_xticklabels()) == labels
    first = 0 if north == "left" else -180
    assert ax.get_xticks().tolist() == [first + 90 * i for i in range(5)]
    assert ax.get_xlabel() == caption


def test_unknown_reference_claims_no_direction() -> None:
    """Without a reference the header counts degrees."""
    ax = bare_axes()
    draw_image(ax, lone_dark_patch())
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0°", "90°", "180°", "270°", "360°"]


@pytest.mark.parametrize("columns", [1, 16, 56, 176, 360])
@pytest.mark.parametrize("north", ["left", "centre"])
def test_each_column_keeps_its_angle(columns: int, north: str) -> None:
    """Any number of columns: the pixel over a column's centre has that column's tone."""
    values = np.tile(np.linspace(0, 1, columns), (4, 1))
    image = well_image(values, np.arange(4.0))
    ax = bare_axes(width=7.2)
    draw_image(ax, image, north=north, limits=(0.0, 1.0))
    pixels = ax.images[0].get_array()[0].astype(int).sum(axis=-1)
    place = np.mod(image.azimuth.values - (0 if north == "left" else 180), 360)
    assert (np.diff(pixels[(place * 2).astype(int) % 720]) >= 0).all()


def test_rows_follow_the_picture() -> None:
    """A long image is drawn with the rows that the axes have pixels."""
    ax = bare_axes(height=3.0)
    draw_image(ax, well_image(np.random.default_rng(0).normal(size=(20_000, 8)), 0.0025 * np.arange(20_000)))
    assert ax.images[0].get_array().shape[:2] == (300, 720)


@pytest.mark.parametrize("north", ["left", "centre"])
def test_traces_are_sinusoids(north: str) -> None:
    """Line data equal z0 + A cos(t - t0), written out, across the wrap."""
    planes = [(100.0, 0.3, 350.0), (101.0, 0.0, np.nan), (102.0, 1.2, 90.0)]
    depth, amplitude, azimuth = (list(column) for column in zip(*planes, strict=True))
    ax = bare_axes()
    draw_traces(
        ax, new_picks(depth_m=depth, class_="fracture", amplitude_m=amplitude, azimuth_app_deg=azimuth), north=north
    )
    lines = ax.collections[0].get_segments()
    assert len(lines) == 3
    for (z0, a, t0), line in zip(planes, lines, strict=True):
        assert line[0, 0] == (0 if north == "left" else -180)
        assert line[-1, 0] == line[0, 0] + 360
        assert line[0, 1] == pytest.approx(line[-1, 1])
        for angle, z in line:
            expected = z0 + (a * math.cos(math.radians(angle - t0)) if a else 0.0)
            assert z == pytest.approx(expected, abs=1e-9)


def test_traces_follow_the_dark_line() -> None:
    """A trace drawn over a plane's own dark line covers it, seen in the rendered pixels."""
    angle = np.arange(360) + 0.5
    depth = 0.002 * np.arange(1000)
    trace = 1.0 + 0.4 * np.cos(np.radians(angle - 300))
    image = well_image(np.where(np.abs(depth[:, None] - trace) < 0.01, 0.0, 100.0), depth)
    for north in ("left", "centre"):
        ax = bare_axes()
        draw_image(ax, image, north=north)
        ax.axis("off")
        before = rendered(ax)
        pick = new_picks(depth_m=1.0, class_="fracture", amplitude_m=0.4, azimuth_app_deg=300.0)
        draw_traces(ax, pick, north=north, linewidth=6.0)
        after = rendered(ax)
        dark = before.sum(axis=-1) < 150
        assert dark.sum() > 1000
        assert (after[dark].sum(axis=-1) > 200).mean() > 0.98


def test_traces_by_kind_and_weakness() -> None:
    """Kinds are kept apart; weak picks are dashed; rejected and shapeless ones are left out."""
    picks = new_picks(
        depth_m=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        class_=["bedding", "bedding", "fracture", "fracture", "fracture", "bedding"],
        polarity=["", "", "resistive", "conductive", "", ""],
        quality=["A", "D", "", "", "B", ""],
        confidence=[0.9, 0.9, 0.9, 0.2, np.nan, np.nan],
        status=["", "", "", "", "rejected", ""],
        amplitude_m=[0.1] * 5 + [np.nan],
        azimuth_app_deg=0.0,
    )
    ax = bare_axes()
    draw_traces(ax, picks)
    counts = {(c.get_label(), c.get_linestyle()[0][1] is not None): len(c.get_segments()) for c in ax.collections}
    assert counts == {
        ("bedding", False): 1,
        ("bedding", True): 1,
        ("resistive fracture", False): 1,
        ("conductive fracture", True): 1,
    }


def test_no_picks_no_lines() -> None:
    """An empty table draws nothing."""
    ax = bare_axes()
    draw_traces(ax, new_picks())
    assert not ax.collections


@pytest.mark.parametrize("length", [0.01, 0.1, 1.0, 3.0, 30.0, 300.0, 5000.0])
@pytest.mark.parametrize("inches", [0.5, 3.0, 12.0])
def test_depth_labels_have_room(length: float, inches: float) -> None:
    """Steps are round, minor ones divide major ones, and labels stand half an inch or more apart."""
    major, minor = depth_steps(length, inches)
    assert major * inches / length >= 0.5 * (1 - 1e-9)
    assert float(f"{major:.0e}") == pytest.approx(major)
    assert major / minor == pytest.approx(round(major / minor))


def test_depth_labels_tell_depths_apart() -> None:
    """No two labels read the same, deep and finely cut."""
    ax = bare_axes(height=10.0)
    draw_depth_axis(ax, 4321.05, 4321.15)
    labels = [ax.yaxis.get_major_formatter()(depth, 0) for depth in ax.get_yticks()]
    assert len(labels) > 5
    assert len(set(labels)) == len(labels)
    assert [text.get_text() for text in ax.texts] == ["m MD"]
    assert [float(label) for label in labels] == pytest.approx(list(ax.get_yticks()))
