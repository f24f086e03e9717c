"""Pages as small PNG files with a palette."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image
from scipy.spatial import cKDTree

from geobfdt.reports.style import ACCENTS, INK, KINDS, RAMP

__all__ = ["write_png"]

# The palette has this many tones of the image ramp, twice as many as the eye distinguishes.
_RAMP_TONES = 128


def write_png(figure: Figure, path: Path, colours: npt.NDArray[np.uint8] | None = None) -> None:
    """
    Write a page as a PNG of 256 colours: equal pages give equal bytes.

    A rock image is noise to a PNG coder: true colour takes some 4 MB a page, this palette a quarter of it. It is the
    same on every page, so that a tone or the colour of a class never drifts from one page to the next.

    Parameters
    ----------
    figure : Figure
        The page.
    path : Path
        The file.
    colours : array (n, 3), optional
        uint8; colours of an optical image, which take the place of two thirds of the ramp's tones.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    # The lowest byte of a pixel is red.
    colour = np.asarray(canvas.buffer_rgba()).view("<u4")[..., 0] & 0xFFFFFF
    table, tree = _palette(b"" if colours is None else colours.tobytes())
    entry = np.zeros(1 << 24, dtype=np.uint8)
    entry[colour] = 1
    used = np.flatnonzero(entry)
    # The nearest colour that Pillow finds is approximate, and turns white paper yellowish.
    entry[used] = tree.query(np.stack([used & 255, (used >> 8) & 255, used >> 16], axis=-1))[1]
    page = Image.fromarray(entry[colour], "P")
    page.putpalette(table.tobytes())
    # The file holds no version of any software, so that its bytes depend on the picture only.
    page.save(path, "PNG", dpi=(figure.dpi, figure.dpi))


@cache
def _palette(own: bytes) -> tuple[npt.NDArray[np.uint8], Any]:
    """Make the palette: the ramp, own colours, greys, and each colour of the style towards white, casing, mid-rock."""
    white, ink, rock = (1.0, 1.0, 1.0), to_rgb(INK), RAMP(0.5)[:3]
    extra = np.frombuffer(own, dtype=np.uint8).reshape(-1, 3) / 255
    tones = _RAMP_TONES // 3 if len(extra) else _RAMP_TONES
    colours = [RAMP(np.linspace(0, 1, tones))[:, :3], extra, _between(white, ink, 24)]
    colours += [_between(to_rgb(colour), white, 6, both=False) for colour in ACCENTS]
    for colour, casing in sorted({(kind.colour, kind.casing) for kind in KINDS.values()}):
        colours += [
            _between(to_rgb(colour), white, 6, both=False),
            _between(to_rgb(colour), to_rgb(casing), 5, both=False),
            _between(to_rgb(casing), rock, 5, both=False),
        ]
    table = np.unique(np.round(255 * np.concatenate(colours)).astype(np.uint8), axis=0)
    return table, cKDTree(table)


def _between(
    first: tuple[float, ...], last: tuple[float, ...], steps: int, *, both: bool = True
) -> npt.NDArray[np.float64]:
    share = np.linspace(0, 1, steps, endpoint=both)[:, None]
    return np.asarray((1 - share) * np.array(first) + share * np.array(last))
