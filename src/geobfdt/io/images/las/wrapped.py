"""Rows of a wrapped LAS file: the depth stands alone on its line, the values follow on lines of one length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice, takewhile
from typing import Any

import numpy as np

from geobfdt.io.arrays import Array, Lines, Mask
from geobfdt.io.text import fit_cells, split
from geobfdt.io.text_rows import Losses, TextRows, numbered_lines, open_lines, values_of
from geobfdt.runtime.findings import InputError

__all__ = ["read_wrapped"]

_PARSED_CELLS = 2_000_000  # So many cells are parsed at a time.
_CURE = "export the file again, unwrapped (WRAP. NO)"

Line = tuple[int, list[str]]


def read_wrapped(rows: TextRows, columns: list[int], losses: Losses) -> Iterator[Array]:
    """
    Read columns of a wrapped file, a piece at a time.

    Where every row is broken over lines in the same way, a row that is not, for it lost or gained a value, is left out
    and the next depth line starts afresh. Elsewhere only the count of values shows where a row ends: then all must fit,
    and depths must run evenly.

    Parameters
    ----------
    rows : TextRows
        The file.
    columns : list of int
        Columns to read, that of depth first.
    losses : Losses
        Grows by what is left out.

    Raises
    ------
    InputError
        If it is not certain where rows end.
    """
    lengths = _lengths(rows)
    pattern = _pattern(lengths[lengths > 0], len(rows.names))
    if pattern is None:
        yield from _by_count(rows, columns, losses, int(lengths.sum()))
        return
    if not lengths.size % pattern.size and np.all(lengths.reshape(-1, pattern.size) == pattern):
        yield from _sound(rows, columns, losses, lengths.size, pattern.size)
        return
    yield _between_losses(rows, columns, losses, lengths[lengths > 0], pattern)


def _between_losses(rows: TextRows, columns: list[int], losses: Losses, lengths: Lines, pattern: Lines) -> Array:
    """Rows that follow the pattern, in a file where others do not."""
    numbered = list(_lines(rows))
    numbers, lines = [number for number, _ in numbered], [cells for _, cells in numbered]
    for at in np.flatnonzero(~np.isin(lengths, pattern)):
        # A line may be short because its values run on into each other.
        whole = next((fitted for width in pattern[1:] if (fitted := fit_cells(lines[at], int(width)))), None)
        if whole:
            losses.split.append((numbers[at], " ".join(lines[at])))
            lines[at], lengths[at] = whole, len(whole)
    starts = np.flatnonzero(_starts(lengths, pattern))
    for since, until in zip([0, *(starts + pattern.size)], [*starts, len(lines)], strict=True):
        if since < until:
            losses.rows += 1
            losses.misaligned.append((numbers[since], int(lengths[since:until].sum())))
    words = [word for start in starts for line in lines[start : start + pattern.size] for word in line]
    last = len(rows.names) - 1
    values = _values(rows, words, [numbers[start] for start in starts], [*columns, last], losses)
    # The first value of a row is its depth if it goes on from that of a neighbour, and the last one if it does not.
    steps = np.diff(values[:, 0])
    median_step = np.median(steps) if steps.size else np.nan

    reach = 1.5 * (1 + len(losses.misaligned)) * np.abs(median_step)

    def goes_on(step: Array) -> Mask:
        near: Mask = (step * median_step > 0) & (np.abs(step) <= reach)
        return near

    near = goes_on(steps)
    proved = (np.append(near, False) | np.insert(near, 0, False)) & ~goes_on(values[:, -1] - values[:, 0])
    for start in starts[: len(proved)][~proved]:
        losses.misaligned.append((numbers[start], len(rows.names)))
    return values[proved, :-1]


def _lengths(rows: TextRows) -> Lines:
    """Values on each line; none on a comment."""
    with open_lines(rows.path) as stream:
        section = takewhile(lambda raw: raw[:1] != b"~", islice(stream, rows.first, None))
        if rows.separator == " ":
            return np.array([0 if raw[:1] == b"#" else len(raw.split()) for raw in section], dtype=np.int64)
    return np.array([len(cells) for _, cells in _lines(rows)], dtype=np.int64)


def _lines(rows: TextRows) -> Iterator[Line]:
    """Numbered lines of values, cut into cells."""
    for number, line in numbered_lines(rows):
        if text := line.strip():
            yield number, text.split() if rows.separator == " " else split(text.rstrip(rows.separator), rows.separator)


def _sound(rows: TextRows, columns: list[int], losses: Losses, lines: int, height: int) -> Iterator[Array]:
    """Rows of a file in which no line is amiss, many at a time."""
    step = max(_PARSED_CELLS // len(rows.names), 1) * height
    with open_lines(rows.path) as stream:
        numbered = islice(stream, rows.first, rows.first + lines)
        for top in range(rows.first + 1, rows.first + 1 + lines, step):
            block = b"".join(islice(numbered, step))
            words = (block if rows.separator == " " else block.replace(rows.separator.encode(), b" ")).split()
            yield _values(rows, words, range(top, min(top + step, rows.first + 1 + lines), height), columns, losses)


def _pattern(lengths: Lines, columns: int) -> Lines | None:
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


def _starts(lengths: Lines, pattern: Lines) -> Mask:
    """
    Lines on which a row starts that follows the pattern to its end.

    Where the rest of a row is one value, it looks like a depth. Then a row also has to be followed by a depth line, and
    of two rows that would share a line neither is certain.
    """
    starts = np.zeros(lengths.size, dtype=bool)
    if lengths.size < pattern.size:
        return starts
    fits = np.flatnonzero((np.lib.stride_tricks.sliding_window_view(lengths, pattern.size) == pattern).all(axis=1))
    if pattern[-1] == 1:
        gaps = np.diff(fits, prepend=-pattern.size, append=lengths.size + pattern.size)
        followed = np.append(lengths, 1)[fits + pattern.size] == 1
        fits = fits[(gaps[:-1] >= pattern.size) & (gaps[1:] >= pattern.size) & followed]
    starts[fits] = True
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
        if len(words) > _PARSED_CELLS and not len(words) % width:
            depths.append(_values(rows, words, places, columns, losses))
            words, places = [], []
    depths.append(_values(rows, words, places, columns, losses))
    steps = np.diff(np.concatenate(depths)[:, 0])
    median_step = np.median(steps) if steps.size else 0.0
    if losses.misaligned or np.any(np.abs(steps - median_step) > 0.5 * abs(median_step)):
        raise InputError(rows.path, "a value was lost or added: depths do not run evenly", _CURE)
    yield from depths
