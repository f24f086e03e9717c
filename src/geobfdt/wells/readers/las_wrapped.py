"""Rows of a wrapped LAS file: the depth stands alone on its line, the values follow on lines of one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, takewhile
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.wells.findings import InputError
from geobfdt.wells.readers.text import fit_cells, split
from geobfdt.wells.readers.text_rows import Losses, TextRows, open_lines, values_of

__all__ = ["read_wrapped"]

_CELLS = 2_000_000  # cells parsed at a time
_CURE = "export the file again, unwrapped (WRAP. NO)"

Array = npt.NDArray[np.float64]
Line = tuple[int, list[str]]


def read_wrapped(rows: TextRows, columns: list[int], losses: Losses) -> Iterator[Array]:
    """
    Read columns of a wrapped file, a piece at a time.

    Where every row is broken over lines in the same way, a row that is not, for it lost or gained a value, is left out
    and the next depth line starts afresh. Elsewhere only the count of values says where a row ends: then all must fit,
    and depths must run one way.

    Parameters
    ----------
    rows : TextRows
        The file.
    columns : list of int
        Columns wanted, that of depth first.
    losses : Losses
        Grows by what is left out.

    Raises
    ------
    InputError
        If rows cannot be told apart.
    """
    lengths = _lengths(rows)
    pattern = _pattern(lengths[lengths > 0], len(rows.names))
    if pattern is None:
        yield from _by_count(rows, columns, losses, int(lengths.sum()))
        return
    if not lengths.size % pattern.size and np.all(lengths.reshape(-1, pattern.size) == pattern):
        yield from _sound(rows, columns, losses, lengths.size, pattern.size)
        return
    lengths = lengths[lengths > 0]
    fitted: dict[int, list[str]] = {}
    # A line may be short because its values run on into each other.
    for at, (_, cells) in enumerate(_lines(rows)):
        if lengths[at] not in pattern:
            whole = next((found for width in pattern[1:] if (found := fit_cells(cells, int(width)))), None)
            if whole:
                fitted[at], lengths[at] = whole, len(whole)
    starts = _starts(lengths, pattern)
    words: list[str] = []
    places: list[int] = []
    lost: list[Line] = []
    left, inside = pattern.size, False

    def close() -> None:
        """Count the lines that belong to no whole row."""
        if lost:
            losses.rows += 1
            losses.misaligned.append((lost[0][0], sum(len(cells) for _, cells in lost)))
            lost.clear()

    for at, (number, cells) in enumerate(_lines(rows)):
        if starts[at]:
            close()
            inside, left = True, pattern.size
            places.append(number)
            if len(words) > _CELLS:
                yield _values(rows, words, places[:-1], columns, losses)
                words, places = [], places[-1:]
        if not inside:
            lost.append((number, cells))
            continue
        if at in fitted:
            losses.split.append((number, " ".join(cells)))
        words += fitted.get(at, cells)
        left -= 1
        inside = left > 0
    close()
    yield _values(rows, words, places, columns, losses)


def _lengths(rows: TextRows) -> npt.NDArray[np.int64]:
    """Values on each line; none on a comment."""
    with open_lines(rows.path) as stream:
        section = takewhile(lambda raw: raw[:1] != b"~", islice(stream, rows.first, None))
        if rows.separator == " ":
            return np.array([0 if raw[:1] == b"#" else len(raw.split()) for raw in section], dtype=np.int64)
    return np.array([len(cells) for _, cells in _lines(rows)], dtype=np.int64)


def _lines(rows: TextRows) -> Iterator[Line]:
    """Numbered lines of values, cut into cells."""
    with open_lines(rows.path) as stream:
        for number, raw in enumerate(islice(stream, rows.first, None), rows.first + 1):
            if raw[:1] == b"~":
                return
            text = raw.decode(rows.encoding, "replace").strip()
            if text and raw[:1] != b"#":
                yield number, split(text.rstrip(rows.separator), rows.separator)


def _sound(rows: TextRows, columns: list[int], losses: Losses, lines: int, height: int) -> Iterator[Array]:
    """Rows of a file in which no line is amiss, many at a time."""
    step = max(_CELLS // len(rows.names), 1) * height
    with open_lines(rows.path) as stream:
        numbered = islice(stream, rows.first, rows.first + lines)
        for top in range(rows.first + 1, rows.first + 1 + lines, step):
            block = b"".join(islice(numbered, step))
            words = (block if rows.separator == " " else block.replace(rows.separator.encode(), b" ")).split()
            yield _values(rows, words, range(top, min(top + step, rows.first + 1 + lines), height), columns, losses)


def _pattern(lengths: npt.NDArray[np.int64], columns: int) -> npt.NDArray[np.int64] | None:
    """
    Values on each line of a row: the depth, then full lines, then the rest; None where rows are not broken alike.

    No other line of a run of sound rows can start the same pattern, since a full line holds more than one value.
    """
    several = lengths[lengths > 1]
    if not several.size:
        return None
    full = int(np.bincount(several).argmax())
    pattern = np.array([1, *[full] * ((columns - 1) // full), *[(columns - 1) % full] * bool((columns - 1) % full)])
    return pattern if 2 * _starts(lengths, pattern).sum() * pattern.size > lengths.size else None


def _starts(lengths: npt.NDArray[np.int64], pattern: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Lines on which a row starts that follows the pattern to its end."""
    starts = np.zeros(lengths.size, dtype=bool)
    if lengths.size < pattern.size:
        return starts
    windows = np.lib.stride_tricks.sliding_window_view(lengths, pattern.size)
    free = 0
    for at in np.flatnonzero((windows == pattern).all(axis=1)):
        if at >= free:
            starts[at] = True
            free = int(at) + pattern.size
    return starts


def _values(
    rows: TextRows, words: Sequence[str] | Sequence[bytes], places: Sequence[int], columns: list[int], losses: Losses
) -> Array:
    """Numbers of whole rows; a row of which two values run into one cell is not whole."""
    width = len(rows.names)
    losses.rows += len(places)
    one: Any = words[0][:0] if words else ""
    if (b"_" if isinstance(one, bytes) else "_") not in one.join(words):  # numpy reads 1_000 as a number
        with suppress(ValueError):
            return np.array(words, dtype=np.float64).reshape(-1, width)[:, columns]
    values = []
    for top, line in zip(range(0, len(words), width), places, strict=True):
        texts = [w.decode(rows.encoding, "replace") if isinstance(w, bytes) else w for w in words[top : top + width]]
        cells = fit_cells(texts, width)
        if cells is None:
            losses.misaligned.append((line, width))
        else:
            values.append(values_of(rows, cells, columns, line, losses))
    return np.array(values, dtype=np.float64).reshape(-1, len(columns))


def _by_count(rows: TextRows, columns: list[int], losses: Losses, total: int) -> Iterator[Array]:
    width = len(rows.names)
    if total % width:
        raise InputError(rows.path, f"{total % width} numbers are left over after the last whole row", _CURE)
    words: list[str] = []
    places: list[int] = []
    depths: list[Array] = []
    for number, cells in _lines(rows):
        places += [number] * ((len(words) + len(cells) + width - 1) // width - len(places))
        words += cells
        if len(words) > _CELLS and not len(words) % width:
            depths.append(_values(rows, words, places, columns, losses))
            words, places = [], []
    depths.append(_values(rows, words, places, columns, losses))
    steps = np.diff(np.concatenate(depths)[:, 0])
    if losses.misaligned or (np.any(steps > 0) and np.any(steps < 0)):
        raise InputError(rows.path, "a value was lost or added: depths do not run one way", _CURE)
    yield from depths
