"""However a row of text is broken, no value is reported under another column, depth or well.

Each value of a generated file says which row and column it is of: 2 decimals for the column, the rest for the row.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.io.images.las import curves as las
from geobfdt.io.images.text import delimited
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions

ROWS, SECTORS = 10, 9
ANY = ReadingOptions()

breaks = st.lists(
    st.tuples(
        st.sampled_from(["drop", "insert", "join", "overlap", "text", "quote", "blank", "cut", "empty", "lines"]),
        st.integers(0, SECTORS),
        st.sampled_from(["7777.5", "-999.25", "", "x", "n/a"]),
    ),
    min_size=ROWS,
    max_size=ROWS,
)
# Half of the rows stay sound, so that there is something to read.
order = st.permutations([True] * (ROWS // 2) + [False] * (ROWS // 2))
plans = st.tuples(breaks, order, st.booleans())


def value(row, column):
    """A value that says where it stands; column 0 is the depth."""
    return f"{1000 + 0.1 * row:.1f}" if column == 0 else f"{(-1) ** column * (200 + row)}.{column:02d}"


def broken(cells, how, at, word):
    """Cells of a row after one break; None for a row that is not there."""
    at = min(at, len(cells) - 1)
    if how == "drop":
        return cells[:at] + cells[at + 1 :]
    if how == "insert":
        return [*cells[:at], word or "7777.5", *cells[at:]]
    if how in ("join", "overlap"):
        at = min(at, len(cells) - 2)
        return [*cells[:at], cells[at] + cells[at + 1], *cells[at + 2 :]]
    if how == "text":  # a depth that is typed over by another number is no longer of this row
        return [*cells[:at], "x" if at == 0 or not word else word, *cells[at + 1 :]]
    if how == "quote":
        return [*cells[:at], f'"{cells[at]}', *cells[at + 1 :]]
    if how == "cut":
        return cells[:at]
    if how == "empty":
        return [*cells[:at], "", *cells[at + 1 :]]
    return cells


def lines_of(plan, separator):
    """Lines of the table, some of them broken."""
    lines = []
    for row, ((how, at, word), spared) in enumerate(zip(plan[0], plan[1], strict=True)):
        cells = [value(row, column) for column in range(SECTORS + 1)]
        if not spared:
            cells = broken(cells, how, at, word)
            if how == "blank":
                lines.append("")
            if how == "lines":
                lines.append(separator.join(cells[:at]))
                cells = cells[at:]
        lines.append(separator.join(cells))
    return lines


def check(values, depth):
    """Every value that is reported is the one of its row and column."""
    for z, line in zip(depth, values, strict=True):
        row = round((z - 1000) * 10)
        assert 0 <= row < ROWS
        for column, reported in enumerate(line, 1):
            assert np.isnan(reported) or reported in (
                np.float32(value(row, column)), np.float32(-999.25), np.float32(7777.5)
            )  # fmt: skip
            # 7777.5 is what was typed over a cell: it stands in the place where it was typed.


def las_text(separator, wrapped=False):
    """Header of a LAS file of the table."""
    names = "".join(f" IMG[{k}]. :\n" for k in range(SECTORS))
    delimiter = {" ": "SPACE", ",": "COMMA", "\t": "TAB"}[separator]
    return (
        f"~V\n VERS. 3.0 :\n WRAP. {'YES' if wrapped else 'NO'} :\n DLM. {delimiter} :\n"
        f"~W\n NULL. -999.25 :\n~C\n DEPT.M :\n{names}~A\n"
    )


def read(reader, path, text):
    """Read a file and check it; a refusal is well."""
    path.write_text(text)
    try:
        raw = reader.read(path, ANY)
    except InputError:
        return
    check(raw.values, raw.depth)


@settings(max_examples=150, deadline=None)
@given(plan=plans, separator=st.sampled_from([" ", ",", "\t"]))
def test_las(tmp_path_factory, plan, separator):
    """Unwrapped LAS, by blanks, commas and tabs."""
    text = las_text(separator) + "\n".join(lines_of(plan, separator)) + "\n" * plan[2]
    read(las, tmp_path_factory.mktemp("a") / "a.las", text)


@settings(max_examples=150, deadline=None)
@given(plan=plans, width=st.sampled_from([2, 4, 5, 8]))
def test_wrapped_las(tmp_path_factory, plan, width):
    """Wrapped LAS: the row that lost a value moves nothing of the rows behind it."""
    lines = []
    for row in lines_of(plan, " "):
        words = row.split()
        lines += [*words[:1], *(" ".join(words[k : k + width]) for k in range(1, len(words), width))]
    read(las, tmp_path_factory.mktemp("w") / "w.las", las_text(" ", wrapped=True) + "\n".join(lines) + "\n")


@settings(max_examples=150, deadline=None)
@given(plan=plans, at=st.integers(0, 60), how=st.sampled_from(["drop", "double", "join", "text"]))
def test_wrapped_las_by_lines(tmp_path_factory, plan, at, how):
    """Lines of a wrapped file that are lost, doubled, joined or replaced."""
    lines = []
    for row in range(ROWS):
        words = [value(row, column) for column in range(SECTORS + 1)]
        lines += [words[0], " ".join(words[1:5]), " ".join(words[5:9]), words[9]]
    at %= len(lines) - 1
    lines[at : at + 1] = {"drop": [], "double": [lines[at]] * 2, "join": [lines[at]], "text": ["x"]}[how]
    if how == "join":
        lines[at : at + 2] = [f"{lines[at]} {lines[at + 1]}"]
    read(las, tmp_path_factory.mktemp("w") / "w.las", las_text(" ", wrapped=True) + "\n".join(lines) + "\n")


@settings(max_examples=150, deadline=None)
@given(plan=plans, separator=st.sampled_from([" ", ",", "\t", ";"]))
def test_wide_image(tmp_path_factory, plan, separator):
    """One column a sector."""
    header = separator.join(["DEPTH_M", *(f"IMG[{k}]" for k in range(SECTORS))])
    text = "\n".join([header, *lines_of(plan, separator)]) + "\n" * plan[2]
    read(delimited, tmp_path_factory.mktemp("c") / "c.csv", text)


@settings(max_examples=150, deadline=None)
@given(
    plan=st.lists(
        st.tuples(st.integers(0, 79), st.sampled_from(["drop", "insert", "join", "text", "quote", "cut", "line"])),
        max_size=3, unique_by=lambda one: one[0],
    )
)  # fmt: skip
def test_stacked_image(tmp_path_factory, plan):
    """One value a line, of two wells: a broken line costs its depth."""
    lines = [
        [well, "SET", value(row, 0), value(row + 20 * (well == "B"), column)]
        for well in "AB" for row in range(ROWS) for column in (1, 2, 3, 4)
    ]  # fmt: skip
    for at, how in sorted(plan, reverse=True):
        if how == "line":
            del lines[at]
        else:
            lines[at] = broken(lines[at], how, 2 + at % 2, "")
    path = tmp_path_factory.mktemp("s") / "s.csv"
    text = "\n".join(["WELL,DATASET,TDEP,IMG", ",,m,", *(",".join(line) for line in lines)]) + "\n"
    path.write_text(text)
    for number, well in enumerate("AB"):
        try:
            raw = delimited.read(path, ReadingOptions(well=well))
        except InputError:
            continue
        assert len(raw.depth) >= ROWS - len(plan)
        for z, line in zip(raw.depth, raw.values, strict=True):
            row = round((z - 1000) * 10) + 20 * number
            assert all(np.isnan(v) or v == np.float32(value(row, c)) for c, v in enumerate(line, 1))


@settings(max_examples=150, deadline=None)
@given(plan=plans, separator=st.sampled_from([" ", ",", "\t", ";"]))
def test_pick_table(tmp_path_factory, plan, separator):
    """Depth, dip and azimuth of a pick are those of one row."""
    lines = [separator.join(["MD_m", "True_dip", "True_azimuth", "Type", "Quality"])]
    for row, ((how, at, word), spared) in enumerate(zip(plan[0], plan[1], strict=True)):
        cells = [f"{1000 + row}.5", f"{10 + row}.25", f"{100 + row}.75", ("Fracture", "Bedding")[row % 2], "A"]
        lines.append(separator.join(cells if spared else broken(cells, how, at % 5, word)))
    path = tmp_path_factory.mktemp("t") / "t.csv"
    path.write_text("\n".join(lines) + "\n")
    try:
        picks = read_pick_table(path).picks
    except InputError:
        return
    for pick in picks.itertuples():
        row = int(pick.depth_m) - 1000
        assert pick.depth_m == 1000.5 + row
        assert np.isnan(pick.dip_true_deg) or pick.dip_true_deg == 10.25 + row
        assert np.isnan(pick.azimuth_true_deg) or pick.azimuth_true_deg == 100.75 + row
        assert pick.class_source == ("Fracture", "Bedding")[row % 2]
