"""One grammar of text: numbers, nulls, headers and units, alike in LAS, images, pick tables and surveys."""

import math

import numpy as np
import openpyxl
import pytest

from geobfdt.io.images import files
from geobfdt.io.images.las import curves as las
from geobfdt.io.images.text import delimited
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.tables.surveys import read_survey
from geobfdt.io.text import Notation, fit_cells
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.workflows.convert import ConvertOptions, convert

NAMES = "".join(f" IMG[{k}]. :\n" for k in range(8))
NULL_WORDS = ["n/a", "NaN", "****", "-1.#IND", "#N/A", "NULL", "--", "N.A.", "1.#QNAN", "inf"]
NULL_NUMBERS = ["-999", "-999.25", "-9999.0000", "-999.2500", "1e30", "-1.0E+31", "-99999.00", "3.4028e38"]


def las_file(tmp_path, rows, *, names=NAMES, wrap="NO", well=" NULL. -999.25 :\n", depth=" DEPT.M :\n", more=""):
    """A LAS file of these rows."""
    path = tmp_path / "a.las"
    path.write_text(
        f"~V\n VERS. 2.0 :\n WRAP. {wrap} :\n{more}~W\n{well}~C\n{depth}{names}~A\n" + "\n".join(rows) + "\n"
    )
    return path


def row(number, cell="5.5"):
    """A row of eight sectors with one cell of interest, which stands in the fourth of them."""
    return [f"{1000 + 0.1 * number:.1f}", "1", "2", "3", cell, "5", "6", "7", str(number)]


def kinds(findings):
    """Kinds of findings."""
    return [finding.kind for finding in findings]


@pytest.mark.parametrize("null", [*NULL_WORDS, *NULL_NUMBERS])
@pytest.mark.parametrize("form", ["las", "wrapped", "comma", "wide", "table", "survey"])
def test_nulls_are_the_same_everywhere(tmp_path, null, form):
    """Each spelling is not measured, in every format, and costs nothing else."""
    rows = [row(0), row(1, null), row(2)]
    if form in ("table", "survey"):
        path = tmp_path / "t.csv"
        path.write_text(f"MD [m],True dip,True azimuth,Incl,Azi,Type\n1,10,20,5,7,CF\n2,{null},30,{null},8,CF\n")
        if form == "table":
            assert read_pick_table(path).picks["dip_true_deg"].isna().tolist() == [False, True]
        else:
            assert read_survey(path)[0].depth.tolist() == [1]
        return
    if form == "wide":
        path = tmp_path / "a.csv"
        path.write_text("\n".join(map(",".join, [["depth_m", *(f"I{k}" for k in range(8))], *rows])) + "\n")
    elif form == "wrapped":
        path = las_file(tmp_path, [f"{r[0]}\n{' '.join(r[1:6])}\n{' '.join(r[6:])}" for r in rows], wrap="YES")
    else:
        comma = form == "comma"
        path = las_file(tmp_path, [("," if comma else " ").join(r) for r in rows], more=" DLM. COMMA :\n" * comma)
    image = files.read(path).image.values
    assert np.isnan(image).sum() == 1
    assert np.isnan(image[1, 3])
    assert image[:, 7].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("cells", "depths"),
    [
        (["998.5", "1,000.50"], [998.5, 1000.5]),
        (["998,5", "1.000,50"], [998.5, 1000.5]),
        (["998,5", "1 000,5"], [998.5, 1000.5]),
        (["998,5", "1\u202f000,5"], [998.5, 1000.5]),
        (["998.5", "1'000.5"], [998.5, 1000.5]),
        (["998.5", "1\u2019000.5"], [998.5, 1000.5]),
        (["998,5", "1.000"], [998.5, 1000]),
        (["998.5", "1.0005D+03"], [998.5, 1000.5]),
        (["\u22122.5", "+3.5"], [-2.5, 3.5]),
        (["0.9985+03", "1.0005+03"], [998.5, 1000.5]),
        (["1,000,000", "1,234"], None),  # deeper than any hole, but read as thousands
        (["1,234", "1,236"], InputError),
        (["1.000,5", "1,000.5"], InputError),
        (["998,5", "1000.5"], InputError),
    ],
)
def test_numbers_of_a_table(tmp_path, cells, depths):
    """The cells of a file decide together how its numbers are written; what they leave open is refused."""
    path = tmp_path / "t.csv"
    lines = [f'"{cell}"\t10\t20\tFracture' for cell in cells]
    path.write_text("\n".join(["Depth (m)\tTrue dip\tTrue azimuth\tType", *lines]) + "\n")
    if depths is InputError:
        with pytest.raises(InputError):
            read_pick_table(path)
    elif depths is None:
        assert read_pick_table(path).picks["depth_m"].tolist() == [1234]
    else:
        assert read_pick_table(path).picks["depth_m"].tolist() == pytest.approx(depths)


@pytest.mark.parametrize(("decimal", "depth"), [("point", 1234.0), ("comma", 1.234)])
def test_the_option_decides(tmp_path, decimal, depth):
    """1,234 is what --decimal says, in a table, its mapping, a survey, an image and a conversion."""
    path = tmp_path / "t.txt"
    path.write_text("Depth (m)\tTrue dip\tTrue azimuth\tIncl\tAzi\tType\n1,234\t30\t100\t1\t2\tFracture\n")
    assert read_pick_table(path, decimal=decimal).picks["depth_m"].tolist() == [depth]
    assert read_survey(path, decimal=decimal)[0].depth.tolist() == [depth]
    mapping = tmp_path / "m.yaml"
    mapping.write_text(f"decimal: {decimal}\n")
    assert read_pick_table(path, mapping=mapping).picks["depth_m"].tolist() == [depth]
    convert(path, tmp_path / "o.csv", ConvertOptions(to="picks", reading=ReadingOptions(decimal=decimal)))
    assert read_pick_table(tmp_path / "o.csv").picks["depth_m"].tolist() == [depth]
    image = tmp_path / "i.csv"
    image.write_text("depth_m;A0;A1;A2;A3\n1,234;1;2;3;4\n1,235;1;2;3;5\n")
    with pytest.raises(InputError):
        delimited.read(image, ReadingOptions())
    assert delimited.read(image, ReadingOptions(decimal=decimal)).depth[0] == depth


def test_numbers_and_words():
    """What is no number stays none."""
    assert all(Notation().number(cell) is None for cell in ("12,34", "1,00,000", "1_000", "3 mm", "x", "1.2.3"))
    assert math.isnan(Notation(",").number("n/a"))


@pytest.mark.parametrize(
    ("line", "width", "cells"),
    [
        ("1 42.00-999.250 3", 4, ["1", "42.00", "-999.250", "3"]),
        ("1-2-3", 3, ["1", "-2", "-3"]),
        ("42.00******** 3", 3, ["42.00", "********", "3"]),
        ("1.5E-03-2.5 3", 3, ["1.5E-03", "-2.5", "3"]),
        ("1 2020-11-15 3", 3, ["1", "2020-11-15", "3"]),
        ("42.00-999.250 3", 2, None),
        ("42.0043.00 3", 3, None),
        ("42.0043.00 3", 2, None),
        ("1 2 3", 4, None),
    ],
)
def test_run_on_values(line, width, cells):
    """Values that touch are split where that gives the count of columns in one way, and in no other case."""
    assert fit_cells(line.split(), width) == cells


@pytest.mark.parametrize("wrap", ["NO", "YES"])
def test_run_on_values_of_a_file(tmp_path, wrap):
    """The row keeps every value in its place; a finding counts it."""
    rows = [row(0), row(1), row(2)]
    texts = [" ".join(r) if wrap == "NO" else f"{r[0]}\n{' '.join(r[1:5])}\n{' '.join(r[5:])}" for r in rows]
    texts[1] = texts[1].replace("3 5.5", "3.5-999.250")
    raw = las.read(las_file(tmp_path, texts, wrap=wrap), ReadingOptions())
    assert raw.values[1].tolist() == [1, 2, 3.5, -999.25, 5, 6, 7, 1]
    assert kinds(raw.findings) == ["values-run-on"]


@pytest.mark.parametrize("change", [-1, 1, 2])
@pytest.mark.parametrize("wrap", ["NO", "YES"])
def test_las_columns(tmp_path, change, wrap):
    """Another count of values than of curves: one row is left out, all rows are refused with both counts."""
    rows = [row(k) for k in range(5)]
    rows[2] = rows[2][:change] if change < 0 else [*rows[2][:1], *["8.5"] * change, *rows[2][1:]]
    joined = [" ".join(r) if wrap == "NO" else f"{r[0]}\n{' '.join(r[1:6])}\n{' '.join(r[6:])}" for r in rows]
    raw = las.read(las_file(tmp_path, joined, wrap=wrap), ReadingOptions())
    assert raw.depth.tolist() == pytest.approx([1000, 1000.1, 1000.3, 1000.4])
    assert raw.values[:, 3].tolist() == [5.5] * 4
    assert kinds(raw.findings) == ["rows-misaligned"]
    every = [" ".join(row(k)[:change] if change < 0 else [*row(k), *["8.5"] * change]) for k in range(5)]
    with pytest.raises(InputError, match=rf"9 .*{9 + change}"):
        las.read(las_file(tmp_path, every), ReadingOptions())


def test_measured_depth_by_name(tmp_path):
    """A first curve of true vertical depth is never the depth; one without a known name only where no other has one."""
    rows = [f"{700 + 0.05 * k:.2f} " + " ".join(row(k)) for k in range(5)]
    raw = las.read(las_file(tmp_path, rows, depth=" TVD.M :\n DEPT.M :\n"), ReadingOptions())
    assert raw.depth[0] == 1000
    assert kinds(raw.findings) == ["depth-chosen"]
    assert las.read(las_file(tmp_path, rows, depth=" ABC.M :\n MD.M :\n"), ReadingOptions()).depth[0] == 1000
    for name in ("TVD", "TVDSS", "ELEV"):
        with pytest.raises(InputError):
            las.read(las_file(tmp_path, [" ".join(row(k)) for k in range(5)], depth=f" {name}.M :\n"), ReadingOptions())
    raw = las.read(las_file(tmp_path, [" ".join(row(k)) for k in range(5)], depth=" ABC.M :\n"), ReadingOptions())
    assert kinds(raw.findings) == ["depth-assumed"]


WELL = " STRT.{0} {1} :\n STOP.{0} {2} :\n STEP.{0} {3} :\n NULL. -999.25 :\n"


@pytest.mark.parametrize(
    ("well", "curve"),
    [
        (WELL.format("FT", 1000, 1000.4, 0.1), "M"),  # the header says feet, the curve metres
        (WELL.format("M", 304.8, 304.92192, 0.03048), "M"),  # the rows are those of the header in feet
        (WELL.format("FT", 3280.84, 3282.15, 0.328), "FT"),  # in metres
    ],
)
def test_units_of_depth_that_disagree(tmp_path, well, curve, capfd):
    """Refused without --depth-unit; with it read, with a major finding. lasio writes nothing."""
    path = las_file(tmp_path, [" ".join(row(k)) for k in range(5)], well=well, depth=f" DEPT.{curve} :\n")
    with pytest.raises(InputError, match="--depth-unit"):
        las.read(path, ReadingOptions())
    for unit, metres in (("m", 1000.0), ("ft", 304.8)):
        image = files.read(path, depth_unit=unit)
        assert image.depth.values[0] == pytest.approx(metres)
        assert "depth-unit-conflict" in kinds(image.attrs["findings"])
    assert capfd.readouterr().err == ""


def test_the_unit_of_the_header_alone(tmp_path):
    """STRT.FT counts where the curve names no unit."""
    rows = [" ".join(row(k)) for k in range(5)]
    path = las_file(tmp_path, rows, well=WELL.format("FT", 1000, 1000.4, 0.1), depth=" DEPT. :\n")
    assert files.read(path).depth.values[0] == pytest.approx(304.8)


def test_the_range_of_the_header(tmp_path):
    """Another range or step than that of the rows is a major finding."""
    rows = [" ".join(row(k)) for k in range(5)]
    raw = las.read(las_file(tmp_path, rows, well=WELL.format("M", 1000, 1005, 0.2)), ReadingOptions())
    assert kinds(raw.findings) == ["depth-range-differs", "depth-step-differs"]
    assert (
        las.read(las_file(tmp_path, rows, well=WELL.format("M", 1000.4, 1000, -0.1)), ReadingOptions()).findings == []
    )


def test_units_of_the_header_and_of_the_row_below_it(tmp_path):
    """An image, a table or a survey whose header says metres and whose row of units says feet is refused."""
    image = tmp_path / "i.csv"
    image.write_text("depth_m,A0,A1,A2,A3\nft,,,,\n1000,1,2,3,4\n1001,1,2,3,5\n")
    table = tmp_path / "t.csv"
    table.write_text("MD [m],True dip,True azimuth,Incl,Azi,Type\nft,deg,deg,deg,deg,\n1000,10,20,5,7,CF\n")
    for read in (
        lambda unit: delimited.read(image, ReadingOptions(depth_unit=unit)).findings,
        lambda unit: read_pick_table(table, depth_unit=unit).findings,
        lambda unit: read_survey(table, unit)[1],
    ):
        with pytest.raises(InputError):
            read(None)
        assert "depth-unit-conflict" in kinds(read("ft"))


def test_two_runs_of_a_las3(tmp_path):
    """Each run has a name that the refusal gives, that inspect lists and that --image takes."""
    text = "~V\n VERS. 3.0 :\n WRAP. NO :\n DLM. COMMA :\n~W\n STRT.M 1000 :\n STOP.M 1004 :\n NULL. -999.25 :\n"
    for run in (1, 2):
        text += f"~Log_Definition[{run}]\n DEPT.M :\n{NAMES}~Log_Data[{run}] | Log_Definition[{run}]\n"
        text += "".join(",".join(row(k + 20 * run)) + "\n" for k in range(5))
    path = tmp_path / "a.las"
    path.write_text(text)
    labels = [item["name"] for item in las.contents(path).items if item["role"] == "image"]
    assert len(set(labels)) == 2
    with pytest.raises(InputError) as error:
        las.read(path, ReadingOptions(image="IMG"))
    for run, label in enumerate(labels, 1):
        assert label in str(error.value)
        assert las.read(path, ReadingOptions(image=label.upper())).depth[0] == pytest.approx(1000 + 2 * run)


HEADER = ["Depth (m)", "True dip (deg)", "True azimuth (deg)", "Type"]
ROWS = [["1000.5", "30", "100", "Fracture"], ["1001.5", "35", "110", "Bedding"]]


@pytest.mark.parametrize("excel", [False, True])
@pytest.mark.parametrize(
    "title",
    [
        [["Interpretation of well A-1"], []],
        [["Well:", "A-1", "", ""], ["Date:", "2020-01-01", "", ""], ["", "", "", ""]],
        [["Well:", "7", "", ""], ["Elevation:", "12.5", "", ""]],
        [["Well:", "A-1"], ["Date:", "2020-01-01"], []],
        [["Project", "North", "Interpreter", "Anna"]],
        [["# made by hand"]],
    ],
)
def test_lines_of_a_title(tmp_path, title, excel):
    """Lines above the header are passed over, whatever their width."""
    path = tmp_path / ("t.xlsx" if excel else "t.csv")
    if excel:
        book = openpyxl.Workbook()
        for line in (*title, HEADER, *ROWS):
            book.active.append(line)
        book.save(path)
    else:
        path.write_text("\n".join(",".join(line) for line in (*title, HEADER, *ROWS)) + "\n")
    assert read_pick_table(path).picks["depth_m"].tolist() == [1000.5, 1001.5]


def test_a_file_that_ends_inside_a_number(tmp_path):
    """The last row is left out where its last number lacks decimals that all others have."""
    path = las_file(tmp_path, [" ".join(row(k)) + ".25" for k in range(5)])
    whole = path.read_text().removesuffix("\n")
    for cut, rows in ((0, 5), (1, 4), (2, 4), (3, 4)):
        path.write_text(whole[: len(whole) - cut])
        raw = las.read(path, ReadingOptions())
        assert (len(raw.depth), kinds(raw.findings)) == (rows, ["file-truncated"] * bool(cut))


def test_lines_of_a_title_above_an_image(tmp_path):
    """The header of an image is the line that names a depth among columns."""
    path = tmp_path / "i.csv"
    path.write_text("Well:,A-1,,,\nDepth range,1000-1001\n\ndepth_m,A0,A1,A2,A3\n1000,1,2,3,4\n1001,1,2,3,5\n")
    assert delimited.read(path, ReadingOptions()).values.tolist() == [[1, 2, 3, 4], [1, 2, 3, 5]]


@pytest.mark.parametrize(
    "units", ["m;deg;deg;;", "M;DEG;DEG;;OHMM", "m;deg;deg;;gAPI", "m;deg;deg;text;%", "m;deg;deg;-;dd/mm/yyyy",
              "m;deg;deg;;mm/m", "[m];[deg];[deg];[none];[a.u.]"],
)  # fmt: skip
def test_a_row_of_units(tmp_path, units):
    """Units below the header are taken, known or not, and no row of the table is."""
    path = tmp_path / "t.csv"
    path.write_text(
        f"Depth;True dip;True azimuth;Type;Extra\n{units}\n1000.5;30;100;Fracture;50\n1001.5;35;110;Bedding;1\n"
    )
    assert read_pick_table(path).picks["depth_m"].tolist() == [1000.5, 1001.5]
    path.write_text("Depth [m];True dip;True azimuth;Type\n1000.5;30;100;Fracture\n")
    assert len(read_pick_table(path).picks) == 1


def test_a_short_row_of_a_table(tmp_path):
    """It is kept where its last word stands in its column alone; else nothing says which cell it lacks."""
    path = tmp_path / "t.csv"
    path.write_text(
        "Depth (m),True dip,True azimuth,Type,Confidence,Note\n"
        "1,10,20,Fracture,0.5,good\n2,11,21,Fracture\n3,12,22,Fracture,0.7\n4,13,Fracture,0.5,good\n5,14,24,Fracture,0.5,\n"
    )
    read = read_pick_table(path)
    assert read.picks["depth_m"].tolist() == [1, 2, 5]
    assert "rows-misaligned" in kinds(read.findings)
