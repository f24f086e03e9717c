"""Telling formats apart by content, and the one line for what cannot be read."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from geobfdt.io.images import files
from geobfdt.io.write.delimited import write_csv
from geobfdt.io.write.dlis import write_dlis
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.options import ReadingOptions

ROWS, COLUMNS = 20, 16


@pytest.fixture
def well():
    """A small well."""
    values = np.random.default_rng(0).integers(0, 256, (ROWS, COLUMNS)).astype(np.float32)
    depth = 1000 + 0.01 * np.arange(ROWS)
    return well_image(values, depth, diameter=0.2, deviation=3, hole_azimuth=40, well="A-1", reference="north")


def write_npz(image, path):
    """Arrays as numpy saves them."""
    with path.open("wb") as stream:
        np.savez(stream, image=image.image.values, depth_m=image.depth.values)


def write_las(image, path):
    """LAS 2.0, the first line a comment."""
    names = "".join(f" IMG[{k}]. :\n" for k in range(COLUMNS))
    rows = "".join(
        f"{d:.2f} " + " ".join(f"{v:g}" for v in row) + "\n"
        for d, row in zip(image.depth.values, image.image.values, strict=True)
    )
    head = "# made by hand\n~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n NULL. -9999 :\n~C\n DEPT.M :\n"
    path.write_text(f"{head}{names}~A\n{rows}")


WRITERS = {
    "DLIS": write_dlis,
    "netCDF-4": write_netcdf,
    "CSV": write_csv,
    "PNG": write_png,
    "npz": write_npz,
    "LAS 2.0": write_las,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_told_by_content(well, tmp_path, kind):
    """Every format is known by what is in it, under a name that says something else."""
    path = tmp_path / "image.dat"
    written = tmp_path / ("image.png" if kind == "PNG" else "image.dat")  # Pillow goes by the name
    WRITERS[kind](well, written)
    written.rename(path)
    assert kind in files.inspect(path).format
    got = files.read(path, **({"top": 999.995, "bottom": 1000.195} if kind == "PNG" else {}))
    assert got.image.shape == (ROWS, COLUMNS)
    assert got.depth.values == pytest.approx(well.depth.values, abs=1e-6)
    if kind != "PNG":
        assert np.array_equal(got.image.values, well.image.values)


def test_source(well, tmp_path):
    """A well knows the file it comes from by name and digest."""
    path = tmp_path / "a.csv"
    write_csv(well, path)
    read = files.read(path)
    assert read.attrs["source"] == "a.csv"
    assert read.attrs["source_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_options_by_name_and_together(well, tmp_path):
    """Options come as an object, by name, or both: the name wins."""
    path = tmp_path / "a.csv"
    write_csv(well, path)
    assert files.read(path, ReadingOptions(diameter=0.3)).diameter.values[0] == 0.3
    assert files.read(path, ReadingOptions(diameter=0.3), diameter=0.4).diameter.values[0] == 0.4


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"diameter": -1}, "reading option diameter: input should be greater than 0"),
        ({"depth_unit": "yard"}, "reading option depth_unit: input should be"),
        ({"colour": "red"}, "reading option colour: extra inputs are not permitted"),
    ],
)
def test_invalid_options(well, tmp_path, options, what):
    """An option that is none is one line, not a report."""
    write_csv(well, tmp_path / "a.csv")
    with pytest.raises(InputError, match=what):
        files.read(tmp_path / "a.csv", **options)


def test_options_of_no_use(well, tmp_path):
    """An option that such a file has no use for is told."""
    write_csv(well, tmp_path / "a.csv")
    write_netcdf(well, tmp_path / "a.nc")
    findings = files.read(tmp_path / "a.csv", top=1.0).attrs["findings"]
    assert "--top says nothing" in next(f.observed for f in findings if f.kind == "option-unused")
    findings = files.read(tmp_path / "a.nc", image="FMI", depth_unit="ft").attrs["findings"]
    assert "--image, --depth-unit" in next(f.observed for f in findings if f.kind == "option-unused")


def test_options_of_a_stored_well(well, tmp_path):
    """What is stated of a netCDF is put in and told, as for any file."""
    write_netcdf(well, tmp_path / "a.nc")
    with files.read(tmp_path / "a.nc", azimuth_reference="high_side") as read:
        assert read.attrs["reference"] == "high_side"
        assert "reference-stated" in {f.kind for f in read.attrs["findings"]}


@pytest.mark.parametrize("call", [files.read, files.inspect])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"~V\n", "the file has 3 bytes only"),
        (bytes(range(256)) * 20, "its first bytes are of no format known here; give DLIS"),
        (b"\0" * 5000, "its first bytes are of no format known here"),
        (b"%PDF-1.7\n" + bytes(range(1, 256)) * 9, "its first bytes are of no format known here"),
        (b"\x89HDF\r\n\x1a\n" + bytes(500), "not a sound netCDF-4 file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "PNG"),
        (b"   1V1.00RECORD 8192" + b" " * 60 + bytes(500), "DLIS"),
        (b"PK\x03\x04" + bytes(500), "npz"),
        (b"Dear reader,\nno table here.\n" * 20, "no depth column"),
        (b"V1.0 of a RECORD\n" * 20, "no depth column"),  # words of a DLIS label are not one
    ],
)
def test_unreadable(tmp_path, call, content, what):
    """Each is refused with one line that names the file."""
    path = tmp_path / "a.dlis"
    path.write_bytes(content)
    with pytest.raises(InputError, match=what) as caught:
        call(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("call", [files.read, files.inspect])
def test_no_file(tmp_path, call):
    """A missing file, a folder, a pipe and an impossible name are each refused."""
    with pytest.raises(InputError, match="there is no such file"):
        call(tmp_path / "a.dlis")
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        call(tmp_path)
    with pytest.raises(InputError):
        call("a\0b")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(InputError, match="is no ordinary file"):
            call(tmp_path / "pipe")


def test_not_allowed(well, tmp_path, monkeypatch):
    """A file that may not be read is told as such."""
    write_csv(well, tmp_path / "a.csv")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="cannot be opened: permission denied; check that you may read it"):
        files.read(tmp_path / "a.csv")


def test_file_that_breaks_the_contract(tmp_path):
    """What a file says of itself and may not say is one line too."""
    path = tmp_path / "a.csv"
    path.write_text("# reference: the moon\ndepth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n")
    with pytest.raises(InputError, match="azimuth reference 'the moon' is not one of"):
        files.read(path)


@pytest.mark.parametrize(("options", "metres"), [(101, "0.101"), (8.5, "0.2159"), (21.59, "0.2159"), (216, "0.216")])
def test_diameter_in_another_unit(tmp_path, options, metres):
    """A diameter that is no hole's in metres is refused with what it would be in metres."""
    with pytest.raises(InputError, match=metres) as refused:
        files.read(tmp_path / "a.png", diameter=options)
    assert "metres" in str(refused.value)


@pytest.mark.parametrize("kind", ["LAS", "CSV"])
def test_caliper_by_name(tmp_path, kind):
    """--caliper takes a curve of LAS and a column of CSV; a name that is not there is refused with those that are."""
    names = [f"IMG[{k}]" for k in range(8)]
    rows = [[1000 + 0.1 * k, 8.5, *range(k, k + 8)] for k in range(5)]
    path = tmp_path / "a.txt"
    if kind == "LAS":
        curves = "".join(f" {name}. :\n" for name in names)
        text = "\n".join(" ".join(map(str, row)) for row in rows)
        path.write_text(
            f"~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n NULL. -9999 :\n~C\n DEPT.M :\n XYZ9.IN :\n{curves}~A\n{text}\n"
        )
        assert "caliper-proposed" in {f.kind for f in files.read(path).attrs["findings"]}
    else:
        text = "\n".join(",".join(map(str, row)) for row in rows)
        path.write_text(",".join(["depth_m", "XYZ9 (in)", *names]) + "\n" + text + "\n")
    assert np.isnan(files.read(path).diameter.values).all()
    assert files.read(path, caliper="xyz9").diameter.values == pytest.approx(0.2159)
    with pytest.raises(InputError, match="XYZ9"):
        files.read(path, caliper="none")
