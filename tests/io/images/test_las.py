"""LAS files, written here as the standards and their dialects have them."""

import numpy as np
import pytest
from tests.real_data import DENSITY

from geobfdt.io import text_rows
from geobfdt.io.images import files
from geobfdt.io.images.las import curves as las
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions

ANY = ReadingOptions()
ROWS = 12
DEPTH = 1000 + 0.1 * np.arange(ROWS)


def pixels(sectors=16, seed=0):
    """Numbers of one decimal."""
    return np.random.default_rng(seed).integers(0, 2550, (ROWS, sectors)) / 10


def header(curves, *, null=-999.25, wrap="NO", unit="M", more=""):
    """Everything before the numbers of a LAS 2.0."""
    lines = "".join(f" {name}.{units} : {text}\n" for name, units, text in curves)
    return (
        f"~Version\n VERS. 2.0 : CWLS\n WRAP. {wrap} :\n~Well\n STRT.{unit} 1000 :\n STOP.{unit} 1001.1 :\n"
        f" STEP.{unit} 0.1 :\n NULL. {null} :\n WELL. A-1 : Well\n{more}~Curve\n{lines}~ASCII\n"
    )


def las2(tmp_path, names, values, extra=(), **more):
    """A LAS 2.0: depth, further curves (name, unit, values), then the sectors."""
    unit = more.get("unit", "M")
    curves = [("DEPT", unit, "depth"), *((n, u, "") for n, u, _ in extra), *((name, "OHMM", "") for name in names)]
    table = np.column_stack([DEPTH, *(v for _, _, v in extra), values])
    rows = "".join(" " + " ".join(f"{x:g}" for x in row) + "\n" for row in table)
    path = tmp_path / "a.las"
    path.write_text(header(curves, **more) + rows)
    return path


def test_standard_file(tmp_path):
    """Image, depths, unit, null, well, tool and hole logs of a plain file."""
    extra = [("CALI", "IN", np.full(ROWS, 8.5)), ("DEVI", "DEG", np.full(ROWS, 12.0))]
    raw = las.read(las2(tmp_path, [f"GVR[{k}]" for k in range(16)], pixels(), extra), ANY)
    assert np.array_equal(raw.values, pixels().astype(np.float32))
    assert raw.depth == pytest.approx(DEPTH)
    assert (raw.depth_unit, raw.nulls) == ("M", (-999.25,))
    assert raw.attributes == {"well": "A-1", "units": "OHMM", "tool": "LWD"}
    assert raw.logs["diameter"].unit == "IN"
    assert (raw.logs["deviation"].values == 12).all()


@pytest.mark.parametrize("style", ["IMG[{0}]", "IMG{0}", "IMG_{0}", "IMG{1}", "ABDC{1}M", "IMG[{1}]", "RES_2_{0}"])
def test_names_of_sectors(tmp_path, style):
    """Sectors are ordered by their numbers, from 0 or 1, in whatever order the curves stand."""
    order = np.random.default_rng(5).permutation(16)
    names = [style.format(k, k + 1) for k in order]
    raw = las.read(las2(tmp_path, names, pixels()[:, order]), ANY)
    assert np.array_equal(raw.values, pixels().astype(np.float32))


def test_wrapped(tmp_path):
    """Rows broken over lines are whole again; a number too few is refused."""
    names = [f"IMG[{k}]" for k in range(16)]
    path = las2(tmp_path, names, pixels(), wrap="YES")
    head, body = path.read_text().split("~ASCII\n")
    broken = "".join(f"{word}\n" if k % 7 in (0, 4) else f"{word} " for k, word in enumerate(body.split()))
    path.write_text(f"{head}~ASCII\n{broken}")
    raw = las.read(path, ANY)
    assert np.array_equal(raw.values, pixels().astype(np.float32))
    assert raw.depth == pytest.approx(DEPTH)
    path.write_text(f"{head}~ASCII\n{broken.rsplit(maxsplit=1)[0]}\n")
    with pytest.raises(InputError, match="16 numbers are left over after the last whole row"):
        las.read(path, ANY)


def test_two_families(tmp_path):
    """The family of most sectors is taken and named; equal ones need a choice, which a name makes."""
    names = [f"UP{k}" for k in range(16)] + [f"LOW{k}" for k in range(8)]
    path = las2(tmp_path, names, np.hstack([pixels(), pixels(8, 1)]))
    raw = las.read(path, ANY)
    assert np.array_equal(raw.values, pixels().astype(np.float32))
    assert [f.kind for f in raw.findings] == ["image-chosen"]
    assert np.array_equal(las.read(path, ReadingOptions(image="low")).values, pixels(8, 1).astype(np.float32))
    names = [f"ABDC{k}M" for k in range(1, 17)] + [f"ABDC{k}S" for k in range(1, 17)]
    path = las2(tmp_path, names, np.hstack([pixels(), pixels(16, 1)]))
    with pytest.raises(InputError, match=r"2 images .*; give --image one of ABDC#M \(16 sectors\), ABDC#S"):
        las.read(path, ANY)
    with pytest.raises(InputError, match="2 images are called 'ABDC'"):
        las.read(path, ReadingOptions(image="ABDC"))
    assert np.array_equal(las.read(path, ReadingOptions(image="abdc#s")).values, pixels(16, 1).astype(np.float32))


@pytest.mark.parametrize("sectors", [[0, 1, 2, 3, 4, 5, 6, 8, 9], list(range(5, 20)), list(range(7))])
def test_no_family(tmp_path, sectors):
    """Numbers that skip, start late or are few make no image."""
    path = las2(tmp_path, [f"IMG{k}" for k in sectors], pixels(len(sectors)))
    with pytest.raises(InputError, match="no curves named alike and numbered make an image"):
        las.read(path, ANY)


LAS3 = """~Version
VERS. 3.0 :
WRAP. NO :
DLM. COMMA :
~Well
NULL. -9999 :
WELL. B-2 :
~Core_Definition
CDEP.M : depth
POR.V/V : porosity
~Core_Data | Core_Definition
1000.0,0.2
1000.5,0.21
~Log_Definition[1]
DEPT.M : depth
GR.GAPI : gamma ray
~Log_Data[1] | Log_Definition[1]
1000.0,50
1000.5,51
1001.0,52
~Log_Definition[2]
DEPT.M : depth
{curves}~Log_Data[2] | Log_Definition[2]
{rows}~Tops_Definition
TOPN. : name
TOPT.M : depth
~Tops_Data | Tops_Definition
"Sand, upper",1000.3
Shale,1000.9
"""


def las3(tmp_path):
    """A LAS 3.0 with commas whose image is in the second of two sections of logs."""
    curves = "".join(f"IMG[{k}].OHMM : sector\n" for k in range(16))
    rows = "".join(
        ",".join([f"{d:.1f}", *(f"{v:g}" for v in row)]) + "\n" for d, row in zip(DEPTH, pixels(), strict=True)
    )
    path = tmp_path / "a.las"
    path.write_text(LAS3.format(curves=curves, rows=rows))
    return path


def test_las3(tmp_path):
    """The image of the second section, its own depths, nothing of the sections around it."""
    raw = las.read(las3(tmp_path), ANY)
    assert np.array_equal(raw.values, pixels().astype(np.float32))
    assert raw.depth == pytest.approx(DEPTH)
    assert (raw.nulls, raw.attributes["well"]) == ((-9999.0,), "B-2")
    assert raw.findings == []


def test_contents(tmp_path):
    """Families and curves of every section, with their places."""
    contents = las.contents(las3(tmp_path))
    assert contents.format == "LAS 3.0"
    assert [(i["name"], i["role"], i["frame"]) for i in contents.items] == [
        ("DEPT", "depth", "Log_Data[1]"), ("GR", "other", "Log_Data[1]"),
        ("IMG", "image", "Log_Data[2]"), ("DEPT", "depth", "Log_Data[2]"),
    ]  # fmt: skip


def test_inch_marks_and_comments(tmp_path):
    """A lone quotation mark in the header joins no lines; comments among the numbers are none."""
    names = [f"IMG[{k}]" for k in range(16)]
    path = las2(tmp_path, names, pixels(), more='~Parameter\n CSG. 9 5/8" : casing\n MUD. x : "odd\n')
    path.write_text(path.read_text().replace("~ASCII\n", "~ASCII\n# the numbers\n"))
    assert np.array_equal(las.read(path, ANY).values, pixels().astype(np.float32))


def test_words_among_numbers(tmp_path):
    """Cells that are no numbers are not measured, and counted; a row without a depth is left out, and counted."""
    path = las2(tmp_path, [f"IMG[{k}]" for k in range(16)], pixels())
    lines = path.read_text().splitlines()
    cells = lines[-3].split()
    cells[5] = "*****"
    lines[-3] = " ".join(cells)
    lines[-2] = " ".join(["x", *lines[-2].split()[1:]])
    path.write_text("\n".join(lines) + "\n")
    raw = las.read(path, ANY)
    assert np.array_equal(raw.depth, np.delete(DEPTH, -2).round(1))
    assert np.isnan(raw.values[-2, 4])
    assert np.isnan(raw.values).sum() == 1
    assert {f.kind: f.observed[:1] for f in raw.findings} == {"rows-unreadable": "1", "cells-unreadable": "1"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_encodings(tmp_path, newline, encoding):
    """Any of the usual encodings and line ends."""
    path = las2(tmp_path, [f"IMG[{k}]" for k in range(16)], pixels())
    path.write_bytes(path.read_text().replace("A-1", "Bohrung Ü").replace("\n", newline).encode(encoding))
    well = files.read(path)
    assert well.attrs["well"] == "Bohrung Ü"
    assert np.array_equal(well.image.values, pixels().astype(np.float32))


def test_not_indexed_by_depth(tmp_path):
    """A file by time has its depths in another curve, or is refused."""
    names = [f"IMG[{k}]" for k in range(16)]
    path = las2(tmp_path, names, pixels(), [("TDEP", "FT", DEPTH / 0.3048)], unit="S")
    path.write_text(path.read_text().replace(" DEPT.S", " TIME.S"))
    assert files.read(path).depth.values == pytest.approx(DEPTH, abs=2e-2)  # written with six digits
    path.write_text(path.read_text().replace("TDEP", "ABCD"))
    with pytest.raises(InputError, match="TIME, is no measured depth"):
        las.read(path, ANY)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("~ASCII\n", "~Other\n", "no section of log data"),
        ("~Curve\n", "~Nothing\n", "no curve is defined"),
        (" WRAP.", " DLM. PIPE :\n WRAP.", "delimiter 'PIPE' is not of LAS"),
    ],
)
def test_damaged_header(tmp_path, old, new, what):
    """Each defect of the header is named."""
    path = las2(tmp_path, [f"IMG[{k}]" for k in range(16)], pixels())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=what):
        las.read(path, ANY)


def test_no_numbers(tmp_path):
    """A header without numbers is refused."""
    path = las2(tmp_path, [f"IMG[{k}]" for k in range(16)], pixels())
    path.write_text(path.read_text().split("~ASCII\n")[0] + "~ASCII\n")
    with pytest.raises(InputError, match=r"a\.las"):
        las.read(path, ANY)


def test_pieces(tmp_path, monkeypatch):
    """However small the pieces are that the numbers are read in, they are the same."""
    path = las3(tmp_path)
    monkeypatch.setattr(text_rows, "_PARSED_CELLS", 40)
    assert np.array_equal(las.read(path, ANY).values, pixels().astype(np.float32))


@pytest.mark.skipif(not DENSITY.exists(), reason="the public LWD logs are not here")
def test_real_lwd_image():
    """A public 16-sector density image reads, mostly measured, at the rows of the file."""
    well = files.read(DENSITY, diameter=0.2159, azimuth_reference="high_side")
    assert well.sizes["azimuth"] >= 16
    assert np.isfinite(well.image.values).mean() > 0.5
    lines = DENSITY.read_text(errors="replace").splitlines()
    first = next(i for i, line in enumerate(lines) if line.upper().startswith("~A")) + 1
    assert abs(well.sizes["depth"] - sum(bool(line.strip()) for line in lines[first:])) < 0.05 * well.sizes["depth"]
