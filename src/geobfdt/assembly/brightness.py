"""Brightness of buttons: their currents with voltage and gain undone, as the logarithm of a resistivity."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from geobfdt.wells.pads import PadRecording

__all__ = ["Brightness", "brightness_of", "undo_gains"]

Grey = npt.NDArray[np.float32]

# Below this share of the typical current, the brightness turns from a logarithm into a straight line through zero.
_LINEAR_SHARE = 0.02
# All buttons together jump by this much (a share of the current, nearly) only where a gain does.
_MIN_JUMP = 0.15
# A sudden jump makes this share of the change over so many rows.
_SUDDEN_SHARE, _AROUND_ROWS = 0.7, 5
# Rows whose jumps are found at a time, which bounds the memory.
_BLOCK_ROWS = 1024
# Rows of an array from which its typical current is taken.
_SAMPLED_ROWS = 2000


@dataclass(frozen=True)
class Brightness:
    """
    Brightness of the arrays of a recording; one array at a time is computed, so that there is no second copy of all.

    Parameters
    ----------
    currents : dict of str to array (rows, buttons)
        As recorded.
    scale : array (rows, 1) or None
        What undoes voltage and gain.
    linear : float32
        Current below which the brightness is straight.
    level : array (rows, 1) or None
        Brightness that jumps of the gain have added.

    Notes
    -----
    The brightness is the logarithm of the resistivity, so that conductive is dark, and a gain becomes a shift. The
    inverse hyperbolic sine is the logarithm for typical currents, and stays defined for those about zero.

    Examples
    --------
    >>> bright = brightness_of({"A": np.array([[1.0, 10.0]], np.float32)}, None).of("A")
    >>> bool(np.isclose(bright[0, 0] - bright[0, 1], np.log(10), atol=0.01))
    True
    """

    currents: dict[str, Grey]
    scale: Grey | None
    linear: np.float32
    level: Grey | None = None

    def of(self, name: str, rows: slice = slice(None)) -> Grey:
        """Brightness of some rows of an array."""
        values = self.currents[name][rows]
        bright = -np.arcsinh((values if self.scale is None else values * self.scale[rows]) / self.linear)
        return np.asarray(bright if self.level is None else bright - self.level[rows])

    def without_jumps(self, *, sudden: bool = False) -> tuple[Brightness, int]:
        """
        Take off jumps that all buttons make in the same row, as those of a voltage or a gain are.

        Parameters
        ----------
        sudden : bool
            Whether a jump has to be done within one row: the electrodes of a dipmeter lie in one row, where a flat bed
            moves them all, but over as many rows as an electrode is tall.

        Returns
        -------
        bright : Brightness
            The same on one level.
        jumps : int
            How many there were.

        Notes
        -----
        Rows of buttons lie apart along the tool, so that a bed meets a part of the buttons at a time and hardly moves
        the median of all. A jump moves it by as much as itself.

        Examples
        --------
        >>> currents = np.ones((9, 8), np.float32); currents[4:] *= 2
        >>> brightness_of({"A": currents}, None).without_jumps()[1]
        1
        """
        if self.level is not None:
            return self, 0
        rows = len(next(iter(self.currents.values())))
        middle = np.zeros(max(rows - 1, 0), np.float32)
        for top in range(0, middle.size, _BLOCK_ROWS):
            block = slice(top, top + _BLOCK_ROWS + 1)
            together = np.concatenate([np.diff(self.of(name, block), axis=0) for name in self.currents], axis=1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # rows without a value have no jump
                middle[top : top + _BLOCK_ROWS] = np.nan_to_num(np.nanmedian(together, axis=1))
        jumps = np.where(np.abs(middle) > _MIN_JUMP, middle, 0.0)
        if sudden:
            around = np.convolve(middle, np.ones(_AROUND_ROWS), mode="same") if middle.size else middle
            jumps = np.where(np.abs(middle) > _SUDDEN_SHARE * np.abs(around), jumps, 0.0)
        level = np.concatenate([[0.0], np.cumsum(jumps)]).astype(np.float32)[:, None]
        return replace(self, level=level), int(np.count_nonzero(jumps))


def brightness_of(currents: dict[str, Grey], scale: Grey | None) -> Brightness:
    """
    Return the brightness of currents that are multiplied by `scale` first.

    Parameters
    ----------
    currents : dict of str to array (rows, buttons)
        As recorded.
    scale : array (rows, 1) or None
        From :func:`undo_gains`.
    """
    sizes = []
    for values in currents.values():
        some = slice(None, None, max(len(values) // _SAMPLED_ROWS, 1))
        sizes.append(np.abs(values[some] if scale is None else values[some] * scale[some]).ravel())
    typical = float(np.nanmedian(np.concatenate(sizes)))
    return Brightness(currents, scale, np.float32(_LINEAR_SHARE * typical or 1.0))


def undo_gains(recording: PadRecording) -> tuple[Grey | None, list[str]]:
    """
    Find what the currents are multiplied by to undo voltage and gain.

    Returns
    -------
    scale : array (rows, 1) or None
        What turns currents into those of a voltage and a gain of 1; NaN where one of them is missing.
    undone : list of str
        Which of EMEX and gain there were.
    """
    undone = []
    factor = np.ones(recording.rows)
    for name in ("emex", "gain"):
        values = recording.logs.get(name)
        if values is not None and np.any(values > 0):
            undone.append(name)
            factor = factor * np.where(values > 0, values, np.nan)
    return ((1 / factor).astype(np.float32)[:, None] if undone else None), undone
