"""Pages as small PNG files with a palette."""

from __future__ import annotations

from functools import cache
from pathlib import Path

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
    palette = _palette(b"" if colours is None else colours.tobytes())
    page = Image.fromarray(palette.nearest(colour), "P")
    page.putpalette(palette.table.tobytes())
    # The file holds no version of any software, so that its bytes depend on the picture only.
    page.save(path, "PNG", dpi=(figure.dpi, figure.dpi))


class _Palette:
    """
    Colours of a file, and which of them is nearest to each colour of a page.

    The nearest colour that Pillow finds is approximate, and turns white paper yellowish.
    """

    def __init__(self, table: npt.NDArray[np.uint8]) -> None:
        self.table, self._tree = table, cKDTree(table)
        # Pages of a well share most of their colours. -1 is one that no page has had.
        self._entry = np.full(1 << 24, -1, dtype=np.int16)

    def nearest(self, colour: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
        """Return the entry of the table that is nearest to each colour; the lowest byte of a colour is red."""
        entry = self._entry[colour]
        new = np.unique(colour[entry < 0])
        if new.size:
            self._entry[new] = self._tree.query(np.stack([new & 255, (new >> 8) & 255, new >> 16], axis=-1))[1]
            entry = self._entry[colour]
        return np.asarray(entry, dtype=np.uint8)


@cache
def _palette(own: bytes) -> _Palette:
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
    return _Palette(table)


def _between(
    first: tuple[float, ...], last: tuple[float, ...], steps: int, *, both: bool = True
) -> npt.NDArray[np.float64]:
    share = np.linspace(0, 1, steps, endpoint=both)[:, None]
    return np.asarray((1 - share) * np.array(first) + share * np.array(last))
