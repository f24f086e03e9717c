"""
Records of a DLIS file that claim more than they hold.

dlisio 1.0 looks neither at the lengths of strings nor at the numbers of values before it reads so far: with a damaged
file it reads on in whatever memory lies behind the record, until there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dlisio import core

__all__ = ["Layout", "overrun", "rows_overrun", "sound_rows", "varies", "without_overruns"]

# RP66 V1, appendix B: bytes of each representation code, or its parts: v a number of 1, 2 or 4 bytes, b a byte,
# i a string of up to 255 letters, a one of any length.
_BYTES = {1: 2, 2: 4, 3: 8, 4: 12, 5: 4, 6: 4, 7: 8, 8: 16, 9: 24, 10: 8, 11: 16, 12: 1, 13: 2, 14: 4, 15: 1, 16: 2,
          17: 4, 21: 8, 26: 1}  # fmt: skip
_PARTS = {18: "v", 19: "i", 20: "a", 22: "v", 23: "vbi", 24: "ivbi", 25: "ivbii", 27: "i"}
_IDENT, _OBNAME = 19, 23

Layout = Sequence[tuple[int, int]]  # of a row: how many values of which code each channel has

# Section 3.2.2: the three high bits of a component are its role, the others show what follows it.
_ABSENT, _OBJECT, _ATTRIBUTES, _SETS = 0x00, 0x60, (0x20, 0x40), (0xA0, 0xC0, 0xE0)
_COUNT_OR_NAME, _CODE, _UNITS, _VALUE = 0x08, 0x04, 0x02, 0x01


class _OverrunError(Exception):
    """Something ends behind its record."""


class _UnreadableError(Exception):
    """Where dlisio gives up too."""


class _Attribute:
    """How many values of which kind, unless a component states others."""

    def __init__(self, count: int = 1, code: int = _IDENT, invariant: bool = False) -> None:
        self.count, self.code, self.invariant = count, code, invariant


class _Cursor:
    """A place in a record, moved as dlisio moves."""

    def __init__(self, body: bytes) -> None:
        self.body, self.at = body, 0

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.body)

    def skip(self, size: int) -> None:
        if size > len(self.body) - self.at:
            raise _OverrunError
        self.at += size

    def number(self, size: int = 1) -> int:
        self.skip(size)
        return int.from_bytes(self.body[self.at - size : self.at], "big")

    def varying(self) -> int:
        """A number whose first bits give its length."""
        first = self.number()
        if first < 0x80:
            return first
        # Two high bits give the length: 0x a byte, 10 two bytes, 11 four, without these bits in the value.
        self.at -= 1
        return self.number(2) & 0x3FFF if first < 0xC0 else self.number(4) & 0x3FFFFFFF

    def values(self, count: int, code: int) -> None:
        if not count:
            return
        if code in _BYTES:
            self.skip(count * _BYTES[code])
        elif code in _PARTS:
            for _ in range(count):
                for part in _PARTS[code]:
                    self._part(part)
        else:
            raise _UnreadableError

    def _part(self, part: str) -> None:
        match part:
            case "v":
                self.varying()
            case "b":
                self.skip(1)
            case "i":
                self.skip(self.number())
            case _:
                self.skip(self.varying())

    def attribute(self, component: int, template: _Attribute) -> _Attribute:
        """What follows the label of an attribute."""
        # What a component leaves out it takes from the template; the order of the fields is fixed.
        count = self.varying() if component & _COUNT_OR_NAME else template.count
        code = self.number() if component & _CODE else template.code
        if component & _UNITS:
            self.values(1, _IDENT)
        if component & _VALUE:
            self.values(count, code)
        # Without values dlisio still makes room for so many, which a damaged count turns into gigabytes.
        elif count > len(self.body):
            raise _OverrunError
        return _Attribute(count, code, component & 0xE0 == _ATTRIBUTES[1])


def overrun(body: bytes) -> bool:
    r"""
    Tell whether something in a set (an explicitly formatted record) claims more than there is.

    Parameters
    ----------
    body : bytes
        Of the record, its segments put together.

    Returns
    -------
    bool
        Whether what a length or a count in it promises ends behind it. A set that is broken in another way is not
        looked at further: dlisio notices by itself.

    Notes
    -----
    A set is a list of components (API RP66 V1, 1991, section 3.2). Each begins with a byte whose three high bits are
    its role, and whose other bits tell what follows. After the set's own type comes a template of attributes, each with
    a label and defaults of count and representation code. Objects follow: a name, then attributes in the order of the
    template, which replace its defaults. The set is walked as dlisio walks it, and no value is kept. Appendix B gives
    the bytes of each code, or the parts that begin with their own length. A part that would end behind the record is an
    overrun.

    Examples
    --------
    >>> overrun(b"\xf0\x04TOOL\x34\x01A\x14\x70\x00\x00\x01T\x21\x02up")
    False
    >>> overrun(b"\xf0\x04TOOL\x34\x01A\x14\x70\x00\x00\x01T\x21\x09up")
    True
    """
    return _overruns(lambda: _set(_Cursor(body)))


def rows_overrun(body: bytes, layout: Layout) -> bool:
    r"""
    Tell whether something in a record of frame data claims more than there is.

    Parameters
    ----------
    body : bytes
        Of the record.
    layout : sequence of (count, code)
        Of the frame's channels.

    Examples
    --------
    >>> rows_overrun(b"\x00\x00\x01F\x01\x02ab", [(1, 20)])
    False
    >>> rows_overrun(b"\x00\x00\x01F\x01\x03ab", [(1, 20)])
    True
    """
    return _overruns(lambda: _rows(_Cursor(body), layout))


def varies(layout: Layout) -> bool:
    """Return whether rows hold their own length; dlisio compares those that do not with their record."""
    return any(code not in _BYTES for _, code in layout)


def sound_rows(stream: Any, places: Sequence[int], handler: Any, layout: Layout) -> int:
    """
    Count the records of frame data before the first that must not be read.

    Parameters
    ----------
    stream, places, handler
        As ``dlisio.core.extract`` takes them.
    layout : sequence of (count, code)
        Of the frame's channels.
    """
    for sound, record in enumerate(core.extract(stream, places, handler)):
        if rows_overrun(memoryview(record).tobytes(), layout):
            _tell(handler, "a row")
            return sound
    return len(places)


def without_overruns(extract: Callable[..., Sequence[Any]]) -> Callable[..., list[Any]]:
    """
    Make ``dlisio.core.extract`` leave out the records that must not be parsed.

    Parameters
    ----------
    extract : callable
        It: stream, places and error handler in, records out.

    Returns
    -------
    callable
        The same without the records whose sets overrun; the error handler receives each.
    """

    def sound(stream: Any, places: Sequence[int], handler: Any) -> list[Any]:
        kept = []
        for record in extract(stream, places, handler):
            # Only a set is parsed by dlisio; rows have a check of their own, and encrypted records are not read.
            if record.explicit and not record.encrypted and overrun(memoryview(record).tobytes()):
                _tell(handler, "a set")
            else:
                kept.append(record)
        return kept

    return sound


def _tell(handler: Any, what: str) -> None:
    claim = f"{what} claims more than its record holds"
    handler.log(core.error_severity.critical, "dlisio.core.extract", claim, "", "it is left out", "")


def _overruns(walk: Callable[[], None]) -> bool:
    try:
        walk()
    except _OverrunError:
        return True
    except _UnreadableError:
        pass
    return False


def _set(cursor: _Cursor) -> None:
    component = cursor.number()
    if component & 0xE0 not in _SETS:
        raise _UnreadableError
    cursor.values(2 if component & _COUNT_OR_NAME else 1, _IDENT)
    template = _template(cursor)
    while not cursor.at_end:
        if cursor.number() & 0xE0 != _OBJECT:
            raise _UnreadableError
        cursor.values(1, _OBNAME)
        for attribute in template:
            # An invariant attribute has its value in the template, and no object repeats it.
            if attribute.invariant:
                continue
            # An object may end early: attributes that it leaves out have the values of the template.
            if cursor.at_end or cursor.body[cursor.at] & 0xE0 == _OBJECT:
                break
            component = cursor.number()
            if component & 0xE0 in _ATTRIBUTES:
                cursor.attribute(component, attribute)
            elif component & 0xE0 != _ABSENT:
                raise _UnreadableError


def _template(cursor: _Cursor) -> list[_Attribute]:
    template = []
    while not cursor.at_end and cursor.body[cursor.at] & 0xE0 != _OBJECT:
        component = cursor.number()
        if component & 0xE0 in _ATTRIBUTES:
            cursor.values(1, _IDENT)
            template.append(cursor.attribute(component, _Attribute()))
        elif component & 0xE0 != _ABSENT:
            raise _UnreadableError
    return template


def _rows(cursor: _Cursor, layout: Layout) -> None:
    cursor.values(1, _OBNAME)
    while not cursor.at_end:
        cursor.varying()  # the row's number
        for count, code in layout:
            cursor.values(count, code)
