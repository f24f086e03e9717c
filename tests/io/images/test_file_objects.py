"""Bytes and open files in place of paths: the same image, the same refusals, and nothing left behind."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import geobfdt
from geobfdt.io.write.dlis import write_dlis
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image

TEXT = b"depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n10.2,9,8,7,6\n"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(scope="module")
def well() -> WellImage:
    """A well of which every reader keeps the pixels."""
    pixels = np.random.default_rng(3).integers(1, 200, (60, 16)).astype(np.float32)
    depth = 100 + 0.01 * np.arange(60)
    return well_image(pixels, depth, well="A-1", reference="north", diameter=0.2, deviation=0.0, hole_azimuth=0.0)


def written(well: WellImage, kind: str, folder: Path) -> Path:
    """A file of a kind."""
    path = folder / f"A-1.{kind}"
    if kind == "csv":
        path.write_bytes(TEXT)
    else:
        # Without the settings that our PNG writer leaves beside it: bytes have nothing beside them.
        {"nc": write_netcdf, "dlis": write_dlis, "png": write_png}[kind](well, path)
        for other in set(folder.glob("A-1*")) - {path}:
            other.unlink()
    return path


OPTIONS: dict[str, dict[str, Any]] = {"png": {"top": 100.0, "bottom": 100.6}}


@pytest.mark.parametrize("kind", ["csv", "nc", "dlis", "png"])
@pytest.mark.parametrize("form", ["bytes", "bytearray", "BytesIO", "open file", "spooled file"])
def test_the_image_is_that_of_the_path(well: WellImage, kind: str, form: str, tmp_path: Path, scratch: Path) -> None:
    """Pixels, attributes and findings are equal, in memory, and no temporary file is left or held open."""
    path, options = written(well, kind, tmp_path), OPTIONS.get(kind, {})
    content = path.read_bytes()
    with path.open("rb") as stream, tempfile.SpooledTemporaryFile(max_size=1 << 20) as spool:
        spool.write(content)
        spool.seek(0)
        source = {
            "bytes": content, "bytearray": bytearray(content), "BytesIO": io.BytesIO(content), "open file": stream,
            "spooled file": spool,
        }[form]  # fmt: skip
        name = {"name": path.name} if form != "open file" else {}
        image = geobfdt.read(source, **name, **options)
    xr.testing.assert_identical(image, geobfdt.read(path, **options).load())
    assert image.attrs["findings"] == geobfdt.read(path, **options).attrs["findings"]
    assert image.image.variable._in_memory
    assert not list(scratch.rglob("*"))
    if Path("/proc/self/fd").exists():
        opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
        assert not [name for name in opened if name.startswith(str(scratch))]


def test_a_file_object_is_read_from_where_it_stands() -> None:
    """And is left open, at its end."""
    stream = io.BytesIO(b"junk\n" + TEXT)
    stream.seek(5)
    image = geobfdt.read(stream, name="wall.csv", diameter=0.2)
    assert image.image.values.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 8, 7, 6]]
    assert (image.attrs["source"], image.attrs["well"]) == ("wall.csv", "wall")
    assert not stream.closed
    with pytest.raises(InputError):
        geobfdt.read(stream, name="wall.csv")


def test_inspect_takes_them_too(well: WellImage, tmp_path: Path, scratch: Path) -> None:
    """A list of channels without a file."""
    content = written(well, "dlis", tmp_path).read_bytes()
    assert geobfdt.inspect(io.BytesIO(content)).format == "DLIS"
    assert not list(scratch.rglob("*"))


class Endless:
    """A file object that never ends."""

    def read(self, size: int) -> bytes:
        return bytes(size)


class Text(io.StringIO):
    """A file that is open as text."""


class Sleepy:
    """A file object that does not wait for bytes."""

    def read(self, size: int) -> None:
        return None


def hostile() -> dict[str, Any]:
    """Sources that are no sound file."""
    closed = io.BytesIO(TEXT)
    closed.close()
    return {
        "empty": b"", "short": b"1,2", "unknown": os.urandom(64) + b"\0" * 64, "text": Text("depth_m,1\n"),
        "number": 7, "nothing": None, "closed": closed, "damaged netCDF": b"\x89HDF\r\n\x1a\n" + bytes(5000),
        "damaged PNG": b"\x89PNG\r\n\x1a\n" + bytes(100), "damaged zip": b"PK\x03\x04" + bytes(100),
        "damaged DLIS": b"0001V1.00RECORD08192" + bytes(500), "not waiting": Sleepy(),
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(hostile()))
def test_hostile_sources_are_refused(kind: str, scratch: Path) -> None:
    """With the name of the source, and without the name of a temporary file."""
    with pytest.raises(InputError) as error:
        geobfdt.read(hostile()[kind], name="upload.bin")
    assert error.value.file == "upload.bin"
    assert str(scratch) not in str(error.value)
    assert not list(scratch.rglob("*"))


def test_a_source_without_end_is_refused(monkeypatch: pytest.MonkeyPatch, scratch: Path) -> None:
    """The limit holds for what is read, whatever the source claims."""
    monkeypatch.setattr("geobfdt.io.images.file_objects._MAX_BYTES", 3 << 20)
    with pytest.raises(InputError):
        geobfdt.read(Endless())
    assert not list(scratch.rglob("*"))


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no such device here")
def test_pipes_and_devices_are_refused() -> None:
    """As they are by their path."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "wb"), pytest.raises(InputError):
        geobfdt.read(pipe)
    with Path("/dev/zero").open("rb") as device, pytest.raises(InputError):
        geobfdt.read(device)


@pytest.mark.parametrize("name", ["", "..", "a/", "x" * 300, "a\0b"])
def test_names_that_are_none(name: str) -> None:
    """A name never leads out of the temporary folder."""
    with pytest.raises(InputError):
        geobfdt.read(TEXT, name=name)


def test_folders_of_a_name_do_not_matter(tmp_path: Path) -> None:
    """Nothing is written where a name points."""
    outside = tmp_path / "outside.csv"
    assert geobfdt.read(TEXT, name=str(outside), diameter=0.2).attrs["source"] == "outside.csv"
    assert geobfdt.read(TEXT, name="C:\\logs\\wall.csv", diameter=0.2).attrs["source"] == "wall.csv"
    assert not outside.exists()


def test_a_path_has_its_own_name(tmp_path: Path) -> None:
    """Two names for one file are refused."""
    file = tmp_path / "wall.csv"
    file.write_bytes(TEXT)
    with pytest.raises(InputError):
        geobfdt.read(file, name="other.csv")
