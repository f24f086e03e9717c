"""Excel files: merged cells, hidden sheets, formulas, formats of cells."""

import datetime
import zipfile

import openpyxl
import pytest

from geobfdt.io.tables.collars import read_collar
from geobfdt.io.tables.mapping import TableMapping
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.tables.surveys import read_survey
from geobfdt.runtime.findings import InputError

HEAD = ["Well", "Depth (m)", "True dip", "True azimuth", "Type"]


def save(tmp_path, rows, merged=(), head=HEAD, change=lambda book: None):
    """A workbook with one sheet of these rows below the header; `change` does the rest."""
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(row)
    for reference in merged:
        book.active.merge_cells(reference)
    change(book)
    book.save(tmp_path / "dips.xlsx")
    return tmp_path / "dips.xlsx"


def kinds(read):
    """Kinds of findings."""
    return {finding.kind for finding in read.findings}


WELLS = [
    [well, depth, 30, 100, "Fracture"] for well, depth in zip("A..B..", (10, 11, 12, 10.5, 11.5, 12.5), strict=True)
]


def test_a_merged_well_holds_for_its_rows(tmp_path):
    """The name stands once, in a cell merged over the rows of its well."""
    path = save(tmp_path, WELLS, ("A2:A4", "A5:A7"))
    assert read_pick_table(path, well="A").picks["depth_m"].tolist() == [10, 11, 12]
    assert read_pick_table(path, well="B").picks["depth_m"].tolist() == [10.5, 11.5, 12.5]
    assert "rows-without-well" not in kinds(read_pick_table(path))


def test_blank_cells_are_not_merged_ones(tmp_path):
    """Without the merge nobody knows whose the rows are; a merge that ends early says nothing of the rest."""
    rows = [[row[0].strip("."), *row[1:]] for row in WELLS]
    path = save(tmp_path, rows, ("A2:A3",))
    read = read_pick_table(path, well="A")
    assert read.picks["depth_m"].tolist() == [10, 11]
    assert "rows-without-well" in kinds(read)


def test_a_merged_type_holds_for_its_rows(tmp_path):
    """So does the type of several planes."""
    rows = [
        ["A", depth, 30, 100, label] for depth, label in zip((10, 11, 12), ("Bedding", None, "Fracture"), strict=True)
    ]
    assert read_pick_table(save(tmp_path, rows, ("E2:E3",))).picks["class"].tolist() == ["bedding"] * 2 + ["fracture"]


def test_merged_titles_headers_and_units_fill_nothing(tmp_path):
    """A title over all columns is no row, and a header merged with the units row below it is no unit."""
    rows = [["Dips of the year 2024"], HEAD, [None, "m", "deg", "deg", None], ["A", 10, 30, 100, "Fracture"]]
    path = save(tmp_path, rows[1:], ("A1:E1", "A2:A3", "E2:E3"), head=rows[0])
    assert read_pick_table(path).picks[["well", "depth_m"]].values.tolist() == [["A", 10]]


def test_a_survey_with_merged_wells(tmp_path):
    """Surveys are read by the same rules."""
    rows = [["A", 0, 2, 40], [None, 100, 2, 40], ["B", 0, 0, 0], [None, 100, 60, 250]]
    path = save(tmp_path, rows, ("A2:A3", "A4:A5"), head=["Well", "MD (m)", "Inc", "Azi"])
    assert read_survey(path, well="A")[0].deviation.tolist() == [2, 2]


@pytest.mark.parametrize("column", range(5))
@pytest.mark.parametrize("which", ["one", "all"])
def test_a_formula_without_a_value_is_refused(tmp_path, column, which):
    """What no program has calculated is not there, whatever it was to be; sheet and first cell are named."""
    rows = [["A", 10, 30, 100, "Fracture"], ["A", 11, 35, 200, "Bedding"]]
    for row in rows[-1:] if which == "one" else rows:
        row[column] = "=B9"
    with pytest.raises(InputError, match="formulas") as error:
        read_pick_table(save(tmp_path, rows))
    assert f"{'ABCDE'[column]}{3 if which == 'one' else 2}" in str(error.value)
    assert "'Sheet'" in str(error.value)


def with_value(path, value):
    """Give the formulas of a workbook a stored value, as Excel does; and no wish to calculate them anew."""
    parts = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts[name] = archive.read(name)
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<v />", value).replace(b"<v></v>", value).replace(b"<v/>", value)
    return path, parts


def store(path, parts):
    """Write the parts of a workbook."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_a_formula_with_its_value_is_read(tmp_path):
    """What Excel stored counts; a program that writes 0 and leaves calculating to Excel stored nothing."""
    path, parts = with_value(save(tmp_path, [["A", 10, 30, "=MOD(C2+90,360)", "Fracture"]]), b"<v>120</v>")
    assert b"fullCalcOnLoad" in parts["xl/workbook.xml"]
    store(path, parts)
    with pytest.raises(InputError, match="D2"):
        read_pick_table(path)
    store(path, {**parts, "xl/workbook.xml": parts["xl/workbook.xml"].replace(b' fullCalcOnLoad="1"', b"")})
    assert read_pick_table(path).picks["azimuth_true_deg"].tolist() == [120]


def test_hidden_sheets_are_not_read(tmp_path):
    """The visible table counts, with a finding; a table on a hidden sheet alone is refused."""

    def hide(book):
        book.active.sheet_state = "hidden"
        sheet = book.create_sheet("final")
        for row in (HEAD, ["A", 20, 30, 100, "Fracture"]):
            sheet.append(row)
        book.active = 1

    read = read_pick_table(save(tmp_path, [["A", 10, 30, 100, "Fracture"]], change=hide))
    assert read.picks["depth_m"].tolist() == [20]
    assert "sheets-hidden" in kinds(read)

    def hide_all(book):
        book.active.sheet_state = "veryHidden"
        book.create_sheet("notes")
        book.active = 1

    with pytest.raises(InputError, match="hidden"):
        read_pick_table(save(tmp_path, [["A", 10, 30, 100, "Fracture"]], change=hide_all))


def test_a_sheet_for_each_well_is_refused(tmp_path):
    """Two sheets with the same columns: nobody knows which one is meant. Other sheets are told."""

    def second(book, head):
        sheet = book.create_sheet("B")
        for row in (head, ["B", 20, 30, 100, "Fracture"]):
            sheet.append(row)

    rows = [["A", 10, 30, 100, "Fracture"]]
    with pytest.raises(InputError, match="'B'"):
        read_pick_table(save(tmp_path, rows, change=lambda book: second(book, HEAD)))
    read = read_pick_table(save(tmp_path, rows, change=lambda book: second(book, ["x", "y"])))
    assert "several-sheets" in kinds(read)


NOTES = ("notes", ["Author", "Date"], ["R. Ito", "2024-05-01"], ["Remark", "dips are true"])
SURVEY = ("survey", ["MD (m)", "Inc", "Azi (TN)", "Type"], [0, 2, 40, "MWD"], [100, 2, 40, "MWD"])
COLLARS = ("collars", ["Well", "Easting (m)", "Northing (m)", "RL (m)"], ["A", 1000, 2000, 100])
PICKS = ("picks", HEAD, ["A", 10, 30, 100, "Fracture"])
PAIRS = ("pairs", ["MD (m)", "True dip/True azimuth", "Type"], [10, "30/100", "Bedding"])
TECHLOG = ("techlog", ["TDEP", "Img_TRU", "Azimuth", "Type"], ["m", "deg", "deg", ""], [10, 30, 100, "Fracture"])
OF_BREAKOUTS = ["Depth (m)", "Azimuth", "Tilt", "Opening", "Length (m)", "Type"]
BREAKOUTS = ("breakouts", OF_BREAKOUTS, [9, 5, 0, 30, 1, "Breakout"])


def book_of(tmp_path, *sheets):
    """A workbook of sheets (title, rows), in order."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, *rows in sheets:
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    return tmp_path / "book.xlsx"


@pytest.mark.parametrize("meant", [PICKS, PAIRS, TECHLOG, BREAKOUTS], ids=lambda sheet: sheet[0])
@pytest.mark.parametrize("last", [True, False])
def test_the_one_sheet_with_picks_is_read(tmp_path, meant, last):
    """Wherever it stands among notes, a survey and collars; a finding names it."""
    others = (NOTES, SURVEY, COLLARS)
    read = read_pick_table(book_of(tmp_path, *((*others, meant) if last else (meant, *others))))
    assert len(read.picks) + len(read.breakouts) == 1
    (chosen,) = [finding for finding in read.findings if finding.kind == "several-sheets"]
    assert repr(meant[0]) in chosen.action


def test_two_sheets_of_picks_are_refused_with_their_names(tmp_path):
    """Also where their columns differ."""
    with pytest.raises(InputError, match=r"'pairs'.*'picks'"):
        read_pick_table(book_of(tmp_path, NOTES, PAIRS, PICKS))


def test_several_sheets_without_picks_are_refused_with_their_names(tmp_path):
    """No sheet is read for another one."""
    with pytest.raises(InputError, match=r"'notes'.*'survey'"):
        read_pick_table(book_of(tmp_path, NOTES, SURVEY))


def test_a_mapping_file_tells_the_sheet(tmp_path):
    """Names that only the mapping file knows mark the sheet as well."""
    odd = ("odd", ["Along", "Lean", "Towards"], [10, 30, 100])
    mapping = TableMapping(
        columns={"depth": "Along", "dip": "Lean", "azimuth": "Towards"}, depth_unit="m", dip="true", label="bedding"
    )
    assert read_pick_table(book_of(tmp_path, NOTES, odd), mapping=mapping).picks["depth_m"].tolist() == [10]


def test_survey_and_collar_are_found_among_sheets(tmp_path):
    """One workbook serves as survey and as table of collars; two sheets of one kind are refused."""
    path = book_of(tmp_path, NOTES, PICKS, SURVEY, COLLARS)
    assert read_survey(path)[0].deviation.tolist() == [2, 2]
    assert read_collar(path, "A")[0].z == 100
    with pytest.raises(InputError, match="'again'"):
        read_survey(book_of(tmp_path, SURVEY, ("again", *SURVEY[1:])))


def test_hidden_rows_and_columns_are_told(tmp_path):
    """A filter hides rows and does not take them away: they are read, with a finding."""

    def hide(book):
        book.active.row_dimensions[3].hidden = True
        book.active.column_dimensions["A"].hidden = True

    rows = [["A", 10, 30, 100, "Fracture"], ["A", 11, 30, 100, "Bedding"]]
    read = read_pick_table(save(tmp_path, rows, change=hide))
    assert len(read.picks) == 2
    cells = next(f.observed for f in read.findings if f.kind == "rows-hidden")
    assert "1 rows and 1 columns" in cells


def test_cell_formats(tmp_path):
    """A percentage is its number; a date where a number should be is named, never a number."""

    def formats(book):
        book.active["F2"].number_format = "0%"
        book.active["F3"].number_format = "0%"

    rows = [["A", 10, 30, 100, "Fracture", 0.8], ["A", 11, 30, 100, "Bedding", 0.95]]
    read = read_pick_table(save(tmp_path, rows, head=[*HEAD, "Confidence"], change=formats))
    assert read.picks["confidence"].tolist() == [0.8, 0.95]
    rows[1][2] = datetime.datetime(2024, 5, 1)
    read = read_pick_table(save(tmp_path, rows, head=[*HEAD, "Confidence"]))
    assert len(read.picks) == 1
    assert "2024-05-01" in next(f.observed for f in read.findings if f.kind == "rows-unreadable")


@pytest.mark.parametrize("error", ["#REF!", "#N/A", "#DIV/0!", "#VALUE!", "#NAME?"])
def test_cells_with_errors_are_empty(tmp_path, error):
    """An error is no value: as a well it is nobody's, as a dip it is missing; both with findings."""
    rows = [["A", 10, 30, 100, "Fracture"], [error, 11, error, 100, "Bedding"], ["B", 12, 30, 100, "Bedding"]]
    read = read_pick_table(save(tmp_path, rows))
    assert read.picks["depth_m"].tolist() == [10, 12]
    assert {"cells-with-errors", "rows-without-well"} <= kinds(read)


def test_overlapping_merges_are_refused(tmp_path):
    """A hostile file that merges the same rows again and again costs nothing."""
    path = save(tmp_path, WELLS, ("A2:A4",))
    _, parts = with_value(path, b"")
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = (
        parts[sheet]
        .replace(b'<mergeCell ref="A2:A4"/>', b'<mergeCell ref="A2:A1048576"/>' * 10_000)
        .replace(b'<mergeCell ref="A2:A4" />', b'<mergeCell ref="A2:A1048576"/>' * 10_000)
    )
    store(path, parts)
    with pytest.raises(InputError, match="merged"):
        read_pick_table(path)
