"""DLIS records whose lengths lie never reach the library, which would read beyond them."""

import struct

import numpy as np
import pytest

from geobfdt.io.images import files
from geobfdt.io.images.dlis.overruns import overrun, rows_overrun
from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image

# One value of every code, written down from the standard's own examples.
VALUES = {
    1: b"\x4c\x88", 2: b"\x43\x19\x00\x00", 3: 8 * b"\1", 4: 12 * b"\1", 5: 4 * b"\1", 6: 4 * b"\1",
    7: struct.pack(">d", 153), 8: 16 * b"\1", 9: 24 * b"\1", 10: 8 * b"\1", 11: 16 * b"\1", 12: b"\x59",
    13: b"\0\x99", 14: b"\0\0\0\x99", 15: b"\xd9", 16: b"\x80\x99", 17: b"\0\0\0\x99",
    18: b"\xc0\0\0\x99", 19: b"\x03ABC", 20: b"\x80\x03ABC", 21: b"\x57\x14\x13\x15\x14\x0f\x02\x6c", 22: b"\x80\x01",
    23: b"\x01\x00\x01A", 24: b"\x04TOOL\x01\x00\x01A", 25: b"\x04TOOL\x01\x00\x01A\x01B", 26: b"\x01", 27: b"\x01m",
}  # fmt: skip
ROWS = 40


def a_set(code, values, count):
    """A set of one object with one attribute of so many values."""
    return b"\xf0\x04TOOL\x34\x01A" + bytes([code]) + b"\x70\x00\x00\x01T" + b"\x29" + bytes([count]) + values


@pytest.mark.parametrize("code", VALUES)
def test_codes(code):
    """Every code's values are as long as the standard says: what ends with them is sound, a byte less is not."""
    body = a_set(code, 3 * VALUES[code], 3)
    assert not overrun(body)
    assert overrun(body[:-1])
    assert overrun(a_set(code, 3 * VALUES[code], 4))
    row = b"\x01\x00\x01F" + b"\x80\x07" + 3 * VALUES[code]
    assert not rows_overrun(row, [(3, code)])
    assert rows_overrun(row[:-1], [(3, code)])


@pytest.mark.parametrize(
    ("body", "bad"),
    [
        (b"", True),
        (b"\xf0\x04TOO", True),
        (b"\xf8\x04TOOL\x09NAMED", True),
        (b"\xf0\x04TOOL\x34\x01A\x14\x70\x00\x00\x01T\x00", False),  # absent
        (b"\xf0\x04TOOL\x34\x01A\x14\x70\x00\x00\x01T\x28\xff\xff\xff\xff", True),  # no value, but room for 2^30
        (b"\xf0\x04TOOL\x35\x01A\x14\x03up", True),  # the usual value, in the template
        (b"\xf0\x04TOOL\x34\x01A\x14\x90", False),  # no component at all: dlisio stops there
        (b"\xf0\x04TOOL\x34\x01A\x63\x70\x00\x00\x01T\x21\x02up", False),  # no such code: it stops there too
        (b"\xf0\x04TOOL\x54\x01A\x14\x34\x01B\x14\x70\x00\x00\x01T\x21\x02up", False),  # the first is the same for all
    ],
)
def test_components(body, bad):
    """Each place where a length is read."""
    assert overrun(body) == bad


@pytest.fixture
def content(tmp_path):
    """A sound file."""
    values = np.arange(16.0 * ROWS).reshape(ROWS, 16)
    image = well_image(values, 1000 + 0.01 * np.arange(ROWS), diameter=0.2, deviation=10, hole_azimuth=40, tool="FMI")
    write_dlis(image, tmp_path / "sound.dlis")
    return (tmp_path / "sound.dlis").read_bytes()


def test_too_many_channels(tmp_path, content):
    """A frame that claims 127 channels where five are listed is left out; that no image is left is laid to that."""
    file = tmp_path / "a.dlis"
    file.write_bytes(content.replace(b"\x2d\x05\x17", b"\x2d\x7f\x17"))
    assert file.read_bytes() != content
    with pytest.raises(InputError, match=r"no channel is an image that can be read: .*claims more than its record"):
        files.read(file)


def test_strings_in_rows(tmp_path, content):
    """A row whose string is longer than the row is not read; strings that fit are no hindrance."""
    file, caliper = tmp_path / "a.dlis", struct.pack(">d", 0.2 / 0.0254)
    strings = content.replace(b"\x04CALI", b"\x04TEXT").replace(
        b"\x25\x0f\x07\x25\x13\x02in", b"\x25\x0f\x14\x25\x13\x02in"
    )
    assert strings.count(caliper) == ROWS
    file.write_bytes(strings)  # the first byte of the number, 0x40, is the length of the string now
    with pytest.raises(InputError, match=r"no row of frame IMAGE can be read"):
        files.read(file)
    fits = strings.replace(caliper, b"\x07  inch ")
    file.write_bytes(fits)
    assert files.read(file).sizes["depth"] == ROWS
    at = fits.rindex(b"\x07  inch ")
    file.write_bytes(fits[:at] + b"\x09" + fits[at + 1 :])  # the last row's
    well = files.read(file)
    assert well.sizes["depth"] == ROWS - 1
    observed = [f.observed for f in well.attrs["findings"] if f.kind == "dlis-damaged"]
    assert len(observed) == 1
    assert "a row claims more than its record holds" in observed[0]
