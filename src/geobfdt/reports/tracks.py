"""Image tracks: the unrolled wall, and the traces of picks upon it.

Tracks take an Axes, depth down, so that they go into anybody's figure.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeVar

import matplotlib.patheffects as pe
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.image import AxesImage
from matplotlib.transforms import IdentityTransform
from scipy.spatial import cKDTree

from geobfdt.geometry import trace_depth
from geobfdt.reports.image_raster import Variable, depth_range, image_colours, image_tones
from geobfdt.reports.style import FAINT, FAINTEST, KINDS, MUTED, RAMP, UNMEASURED, is_weak, kinds_of
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import PickTable, traces, without_rejected

__all__ = [
    "SCREEN",
    "North",
    "Raster",
    "draw_colour",
    "draw_depth_axis",
    "draw_image",
    "draw_traces",
    "drawn_rows",
    "reference_name",
]

North = Literal["left", "centre"]
Table = TypeVar("Table", bound=pd.DataFrame)

# The drawn image has this many columns, half a degree each, unless it gets its own pixels.
_DRAWN_COLUMNS = 720
_SMALL_TICK_INCHES = 1.5 / 72  # Length of a small tick of the depth axis.
_LETTERS = {"north": "NESW", "pseudo_north": "NESW", "high_side": "TRBL"}


class Raster(NamedTuple):
    """
    How image tracks become pixels.

    Parameters
    ----------
    dpi : float
        Pixels in an inch.
    tones : int or None
        Tones of the ramp in a file that stores pixels; None for a picture, which is resampled as it is drawn.
    """

    dpi: float
    tones: int | None = None


SCREEN = Raster(160)


class _StoredImage(AxesImage):
    """
    Pixels that go into a file as they are.

    A PDF holds an image once if it is given the same array again, and two tracks of a page show the same pixels.
    A picture in which the track has exactly these pixels gets them unsampled: Matplotlib would blend their colours.
    """

    pixels: npt.NDArray[np.uint8] | None = None
    twin: _StoredImage | None = None

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Return the pixels and their place; the array of the twin if it has the same pixels."""
        box, colours = self.get_window_extent(), np.asarray(self.get_array())
        if magnification == 1 and not unsampled and colours.shape[:2] == (round(box.height), round(box.width)):
            # The lowest row comes first.
            return np.ascontiguousarray(colours[::-1]), round(box.x0), round(box.y0), IdentityTransform()
        pixels, *place = super().make_image(renderer, magnification, unsampled)
        twin = self.twin.pixels if self.twin is not None else None
        self.pixels = twin if twin is not None and np.array_equal(twin, pixels) else pixels
        return (self.pixels, *place)


def reference_name(image: WellImage) -> str:
    """
    Name of the line that image angles are counted from.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> reference_name(well_image([[0.0]], [1.0], reference="north", north="magnetic"))
    'magnetic north'
    """
    reference, north = image.attrs["reference"], image.attrs["north"]
    if reference == "north":
        return "north" if north == "unknown" else f"{north} north"
    return {"high_side": "high side", "pseudo_north": "pseudo-north", "unknown": "an unknown line"}[reference]


# A figure has independent keywords, as those of matplotlib do.
def drawn_rows(table: Table | None, reference: str) -> Table | None:
    """
    Return the breakouts or vugs that have a place on an image: not rejected, and with an azimuth from its reference.

    Examples
    --------
    >>> columns = {"status": "proposed", "azimuth_app_deg": [10.0, 20.0], "reference": ["north", "high_side"]}
    >>> drawn_rows(pd.DataFrame(columns), "north")["azimuth_app_deg"].tolist()
    [10.0]
    """
    if table is None:
        return None
    kept = (table["status"] != "rejected") & table["azimuth_app_deg"].notna() & (table["reference"] == reference)
    return table[kept]


def draw_image(  # noqa: PLR0913
    ax: Axes,
    image: WellImage,
    *,
    variable: Variable = "static",
    north: North = "left",
    top: float | None = None,
    base: float | None = None,
    limits: tuple[float, float] | None = None,
    raster: Raster = SCREEN,
    twin: AxesImage | None = None,
) -> AxesImage:
    """
    Draw the unrolled wall: dark is conductive, grey was not measured.

    Parameters
    ----------
    ax : Axes
        The track; its height in pixels is the number of rows drawn.
    image : WellImage
        The well.
    variable : {"static", "dynamic"}
        One contrast for the whole well, or one that follows the rock.
    north : {"left", "centre"}
        Position of image angle 0.
    top, base : float, optional
        Depths (m, MD); default the whole image.
    limits : (low, high), optional
        Values at the ends of the ramp; default those of :func:`~geobfdt.reports.image_raster.contrast_limits`.

    raster : Raster
        How it becomes pixels.
    twin : AxesImage, optional
        The same wall in another track, as this function returned it: its pixels are drawn again, and nothing is read.

    Returns
    -------
    AxesImage
        The wall.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from geobfdt.wells.image import well_image
    >>> ax = Figure().subplots()
    >>> _ = draw_image(ax, well_image(np.eye(4), [1.0, 1.1, 1.2, 1.3], reference="high_side"))
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['T', 'R', 'B', 'L', 'T']
    """
    first, last = depth_range(image)
    top, base = first if top is None else top, last if base is None else base
    if twin is not None:
        return _show(ax, np.asarray(twin.get_array()), image, north, top, base, raster, twin)
    tones = image_tones(image, variable, top, base, max(round(ax.get_window_extent().height), 1), limits)
    tones = tones[:, _nearest_column(image.azimuth.values, _first_angle(north), _drawn_columns(ax, image, raster))]
    if raster.tones is not None:
        steps = np.float32(raster.tones - 1)
        tones = np.asarray(np.round(_fewer_columns(tones, ax) * steps) / steps, dtype=np.float32)
    colours = RAMP(np.nan_to_num(tones), bytes=True)
    colours[~np.isfinite(tones)] = _unmeasured_bytes()
    return _show(ax, colours, image, north, top, base, raster)


# An image on axes; each keyword is one choice of how it is drawn.
def draw_colour(  # noqa: PLR0913
    ax: Axes,
    image: WellImage,
    palette: npt.NDArray[np.uint8],
    *,
    north: North = "left",
    top: float,
    base: float,
    raster: Raster = SCREEN,
) -> None:
    """
    Draw the unrolled wall of an optical image in its own colours.

    Parameters
    ----------
    ax : Axes
        The track.
    image : WellImage
        A well with ``colour``.
    palette : array (n, 3)
        uint8; the colours of :func:`~geobfdt.reports.image_raster.colour_palette`.
    north, top, base, raster
        As for :func:`draw_image`.
    """
    pixels = image_colours(image, top, base, max(round(ax.get_window_extent().height), 1))
    pixels = pixels[:, _nearest_column(image.azimuth.values, _first_angle(north), _drawn_columns(ax, image, raster))]
    measured = pixels[..., 3] > 0
    if raster.tones is not None:
        channels = np.where(measured[..., None], pixels[..., :3], np.float32(np.nan))
        mean = np.stack([_fewer_columns(channels[..., i], ax) for i in range(3)], axis=-1)
        measured = np.isfinite(mean[..., 0])
        pixels = np.nan_to_num(mean)
    colours = np.empty((*measured.shape, 4), dtype=np.uint8)
    colours[..., :3] = palette[cKDTree(palette.astype(float)).query(pixels[..., :3].astype(float))[1]]
    colours[..., 3] = 255
    colours[~measured] = _unmeasured_bytes()
    _show(ax, colours, image, north, top, base, raster)


# An image on axes; each keyword is one choice of how it is drawn.
def _show(  # noqa: PLR0913
    ax: Axes, colours: npt.NDArray[np.uint8], image: WellImage, north: North, top: float, base: float, raster: Raster,
    twin: AxesImage | None = None,
) -> AxesImage:  # fmt: skip
    start = _first_angle(north)
    extent = (start, start + 360, base, top)
    if raster.tones is None:
        wall = ax.imshow(colours, extent=extent, aspect="auto", interpolation="antialiased", resample=True)
    else:
        wall = _StoredImage(ax, interpolation="none", extent=extent, origin="upper")
        wall.set_data(colours)
        wall.twin = twin if isinstance(twin, _StoredImage) else None
        ax.add_image(wall)
    ax.set_ylim(base, top)
    _azimuth_axis(ax, image, north)
    return wall


def _unmeasured_bytes() -> npt.NDArray[np.uint8]:
    return np.round(255 * np.array(to_rgba(UNMEASURED))).astype(np.uint8)


def _fewer_columns(values: npt.NDArray[np.float32], ax: Axes) -> npt.NDArray[np.float32]:
    """Average columns until a track has one for each of its pixels."""
    columns = min(_pixel_columns(ax), values.shape[1])
    if columns == values.shape[1]:
        return values
    first = np.linspace(0, values.shape[1], columns + 1)[:-1].astype(int)
    measured = np.isfinite(values)
    total = np.add.reduceat(np.where(measured, values, 0), first, axis=1)
    count = np.add.reduceat(measured, first, axis=1, dtype=np.int64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def draw_traces(ax: Axes, picks: PickTable, *, north: North = "left", linewidth: float = 1.1) -> None:
    """
    Draw the traces of picks on an image: colour by kind, dashed where weak. Rejected picks are left out.

    Parameters
    ----------
    ax : Axes
        The image's.
    picks : PickTable
        Pick table whose apparent azimuths have the image's reference; picks without an amplitude have no trace.
    north : {"left", "centre"}
        As for the image.
    linewidth : float
        Of a line (points); a casing half as wide lies on either side.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from geobfdt.wells.picks import new_picks
    >>> ax = Figure().subplots()
    >>> draw_traces(ax, new_picks(depth_m=5.0, class_="bedding", amplitude_m=0.1, azimuth_app_deg=90.0))
    >>> line = ax.collections[0].get_segments()[0]
    >>> line[line[:, 0] == 90.0][0]
    array([90. ,  5.1])
    """
    picks = without_rejected(picks)
    angles = _first_angle(north) + np.arange(0, 361, 5.0)
    depths = trace_depth(traces(picks), angles)
    kinds, faint, drawable = kinds_of(picks), is_weak(picks), np.isfinite(depths).all(axis=1)
    for order, (name, kind) in enumerate(KINDS.items()):
        for dashed in (True, False):
            rows = depths[(kinds == name) & (faint == dashed) & drawable]
            if not len(rows):
                continue
            lines = np.stack([np.broadcast_to(angles, rows.shape), rows], axis=-1)
            width = linewidth * (0.8 if dashed else 1.0)
            casing = pe.Stroke(linewidth=2.1 * width + 0.2, foreground=kind.casing, alpha=0.6 if dashed else 0.8)
            collection = LineCollection(
                list(lines),
                colors=kind.colour,
                linewidths=width,
                linestyles=(0, (4, 2)) if dashed else "solid",
                capstyle="butt",
                label=name,
                zorder=3 + order / 10 - dashed / 20,
            )
            collection.set_path_effects([casing, pe.Normal()])
            ax.add_collection(collection, autolim=False)


def draw_depth_axis(ax: Axes, top: float, base: float) -> None:
    """
    Draw the depths of a page in a narrow track of their own.

    Parameters
    ----------
    ax : Axes
        Where.
    top, base : float
        Depths of the page (m, MD).
    """
    major, minor = depth_steps(base - top, ax.get_window_extent().height / ax.figure.dpi)
    ax.set_ylim(base, top)
    ax.set_yticks(_multiples(top, base, major))
    # A tick of Matplotlib has three artists, and a page has a hundred small ones: they are one collection of lines.
    length = _SMALL_TICK_INCHES / (ax.get_window_extent().width / ax.figure.dpi)
    ax.hlines(
        _multiples(top, base, minor), 1 - length, 1, transform=ax.get_yaxis_transform(), lw=0.4,
        color=ax.spines["right"].get_edgecolor(),
    )  # fmt: skip
    ax.set_xticks([])
    decimals = max(0, -int(np.floor(np.log10(major) + 1e-9)))
    ax.yaxis.set_major_formatter(lambda depth, _: f"{depth:.{decimals}f}")
    ax.yaxis.tick_right()
    # Labels are inside the track, beside their ticks.
    ax.tick_params(axis="y", direction="in", pad=-7)
    for label in ax.get_yticklabels():
        label.set_horizontalalignment("right")
    for side in ("left", "top", "bottom"):
        ax.spines[side].set_visible(False)
    ax.annotate(
        "m MD", (0.5, 1), (0, 14), xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=6.5,
        color=MUTED,
    )  # fmt: skip


def depth_steps(length: float, inches: float) -> tuple[float, float]:
    """
    Major and minor steps of a depth axis: round numbers, a label every half inch or more.

    Parameters
    ----------
    length : float
        Depth shown (m).
    inches : float
        Height of the axis.

    Returns
    -------
    major, minor : float
        Steps (m).

    Examples
    --------
    >>> depth_steps(30.0, 12.0)
    (2.0, 0.5)
    """
    least = 0.5 * length / inches
    decade = 10.0 ** np.floor(np.log10(least))
    step, divisions = next(pair for pair in ((1, 5), (2, 4), (5, 5), (10, 5)) if pair[0] * decade >= least * (1 - 1e-9))
    return float(step * decade), float(step * decade / divisions)


def depth_lines(ax: Axes, top: float, base: float) -> None:
    """Draw lines across a track at the steps of the depth axis, behind its content."""
    major, minor = depth_steps(base - top, ax.get_window_extent().height / ax.figure.dpi)
    ax.hlines(_multiples(top, base, minor), 0, 1, transform=ax.get_yaxis_transform(), color=FAINTEST, lw=0.4, zorder=0)
    ax.hlines(_multiples(top, base, major), 0, 1, transform=ax.get_yaxis_transform(), color=FAINT, lw=0.6, zorder=0.1)


def top_axis(ax: Axes, ticks: list[float], labels: list[str], caption: str, **caption_style: Any) -> None:
    """Put the scale of a track on top; its end labels are aligned inwards, so that neighbours do not touch."""
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.set_xticks(ticks, labels, fontsize=7)
    first, *_, last = ax.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
    ax.set_xlabel(caption, **{"fontsize": 6.5, "labelpad": 3, "color": MUTED, **caption_style})


def _multiples(top: float, base: float, step: float) -> npt.NDArray[np.float64]:
    return np.arange(np.ceil(top / step - 1e-9), np.floor(base / step + 1e-9) + 1) * step


def _first_angle(north: North) -> float:
    return 0.0 if north == "left" else -180.0


def _pixel_columns(ax: Axes) -> int:
    return max(round(ax.get_window_extent().width), 1)


def _drawn_columns(ax: Axes, image: WellImage, raster: Raster) -> int:
    """Return how many columns are drawn: a pixel each where the image has fewer, so that pixels hold its own tones."""
    return _pixel_columns(ax) if raster.tones and image.azimuth.size <= _pixel_columns(ax) else _DRAWN_COLUMNS


def _nearest_column(angles: npt.NDArray[np.float64], start: float, columns: int) -> npt.NDArray[np.int64]:
    """Return the nearest image column of each drawn column, around the cylinder."""
    centres = np.mod(start + (np.arange(columns) + 0.5) * 360 / columns, 360)
    around = np.concatenate([[angles[-1] - 360], angles, [angles[0] + 360]])
    return np.asarray((np.searchsorted((around[1:] + around[:-1]) / 2, centres) - 1) % angles.size)


def _azimuth_axis(ax: Axes, image: WellImage, north: North) -> None:
    start = _first_angle(north)
    ticks = [start + 90.0 * quarter for quarter in range(5)]
    letters = _LETTERS.get(image.attrs["reference"])
    labels = [letters[round(tick / 90) % 4] if letters else f"{tick:.0f}\N{DEGREE SIGN}" for tick in ticks]
    ax.set_xlim(start, start + 360)
    top_axis(ax, ticks, labels, f"from {reference_name(image)}")
