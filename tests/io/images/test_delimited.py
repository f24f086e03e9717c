"""Images in delimited text: the layouts that are read, and the line that is named when one is wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.io import text_rows
from geobfdt.io.images.text.delimited import contents, read
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import COLUMNS

ANY = ReadingOptions()
WIDE = "depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,,7,-9999\n"
FLAT = """wellName,datasetName,TDEP,RES_BD_IMG
,,ft,ohmm
A-1,SET,100.00,1
A-1,SET,100.00,2
A-1,SET,100.00,-9999
A-1,SET,100.00,4
A-1,SET,100.025,5
A-1,SET,100.025,6
A-1,SET,100.025,7
A-1,SET,100.025,8
"""


def save(tmp_path, text, encoding="utf-8"):
    """Write a file as it stands, line ends included."""
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    return path


def assert_wide(raw):
    """The image of `WIDE`, however it was written."""
    expected = np.array([[1, 2, 3, 4], [5, np.nan, 7, -9999]], dtype=np.float32)
    assert np.array_equal(raw.values, expected, equal_nan=True)
    assert raw.depth.tolist() == [10.0, 10.1]
    assert raw.depth_unit == "m"


@pytest.mark.parametrize(
    "text",
    [
        WIDE,
        "\ufeff" + WIDE,
        WIDE.replace("\n", "\r\n"),
        WIDE.replace(",", ";"),
        WIDE.replace(",", "\t"),
        WIDE.replace(",", ";").replace(".", ","),
        WIDE.replace(",", ",  "),
        WIDE.replace(",,", ",nan,").replace(",", "   "),
        WIDE.replace("\n10.1", "\n\n\n10.1") + "\n\n",
        "# made by hand\n\n" + WIDE,
        WIDE.replace("\n1", ",\n1").replace("9999\n", "9999,\n"),
        WIDE.replace("depth_m", '"depth_m"').replace("10.0,", '"10.0",'),
    ],
)
def test_dialects(tmp_path, text):
    """Separators, byte-order mark, line ends, decimal commas, padding, empty and comment lines change nothing."""
    raw = read(save(tmp_path, text), ANY)
    assert_wide(raw)
    assert raw.azimuth.tolist() == [45, 135, 225, 315]


@pytest.mark.parametrize(
    ("header", "angles"),
    [
        ("depth_m,AMP[0],AMP[1],AMP[2],AMP[3]", None),
        ("depth_m,ABDC1M,ABDC2M,ABDC3M,ABDC4M", None),
        ("depth_m,IMG_1,IMG_2,IMG_3,IMG_4", None),
        ("depth_m,0,1,2,3", None),
        ("depth_m,1,2,3,4", None),
        ("depth_m,0,90,180,270", [0, 90, 180, 270]),
        ("depth_m,0.0,90.0,180.0,270.0", [0, 90, 180, 270]),
        ("depth_m,10deg,20deg,30deg,40deg", [10, 20, 30, 40]),
    ],
)
def test_sector_names(tmp_path, header, angles):
    """Indices give an order, angles give angles."""
    raw = read(save(tmp_path, header + WIDE[WIDE.index("\n") :]), ANY)
    assert_wide(raw)
    assert (None if raw.azimuth is None else raw.azimuth.tolist()) == angles


def test_sectors_in_the_order_of_their_numbers(tmp_path):
    """Columns sorted as text (1, 10, 2) come back sorted as numbers."""
    names = sorted((f"A{i}" for i in range(12)), key=str)
    raw = read(save(tmp_path, f"MD,{','.join(names)}\n5,{','.join(n[1:] for n in names)}\n6,{'0,' * 11}0\n"), ANY)
    assert raw.values[0].tolist() == list(range(12))
    assert raw.depth_unit == ""


def test_logs_units_and_stated_attributes(tmp_path):
    """Hole logs by common names, units from a row or the heading, attributes from lines above."""
    text = "# reference: high_side\n# declination: -2.5\n"
    text += "WELL;TDEP;CALI;HDEV (deg);HAZI;GR;A0;A1;A2;A3\n;ft;in;;deg;api;;;;\n"
    text += "B;1;8,5;88;131;50;1;2;3;4\nB;2;8,6;89;132;51;5;6;7;8\n"
    raw = read(save(tmp_path, text), ANY)
    assert raw.depth_unit == "ft"
    assert {name: (log.unit, log.values.tolist()) for name, log in raw.logs.items()} == {
        "diameter": ("in", [8.5, 8.6]),
        "deviation": ("deg", [88, 89]),
        "hole_azimuth": ("deg", [131, 132]),
    }
    assert raw.attributes == {"reference": "high_side", "declination": -2.5, "well": "B"}
    roles = {item["name"]: item["role"] for item in contents(save(tmp_path, text)).items}
    assert roles["HDEV"] == "deviation"
    assert roles["A"] == "image"


def test_techlog_flat(tmp_path):
    """One value a line: sectors are counted from the repeated depths."""
    raw = read(save(tmp_path, FLAT), ANY)
    assert raw.values.tolist() == [[1, 2, -9999, 4], [5, 6, 7, 8]]
    assert (raw.depth.tolist(), raw.depth_unit, raw.azimuth) == ([100.0, 100.025], "ft", None)
    assert raw.attributes == {"well": "A-1", "units": "ohmm"}
    assert [finding.kind for finding in raw.findings] == ["sector-order"]
    assert contents(save(tmp_path, FLAT)).format == "CSV (Techlog flat)"


def test_several_wells(tmp_path):
    """A file of two wells is read for the one named, else refused with their names."""
    path = save(tmp_path, FLAT + FLAT[FLAT.index("A-1") :].replace("A-1", "B-2").replace(",8\n", ",80\n"))
    with pytest.raises(InputError, match=r"2 wells: A-1, B-2.*--well"):
        read(path, ANY)
    raw = read(path, ReadingOptions(well="b-2"))
    assert raw.attributes["well"] == "B-2"
    assert raw.values[1].tolist() == [5, 6, 7, 80]
    with pytest.raises(InputError, match="no well 'C'; it holds A-1, B-2"):
        read(path, ReadingOptions(well="C"))


def test_several_images(tmp_path):
    """The image with most sectors is read, in a finding; a tie needs --image."""
    text = "MD,A0,A1,A2,A3,A4,B0,B1,B2,B3\n1,1,2,3,4,5,6,7,8,9\n2,1,2,3,4,5,6,7,8,9\n"
    raw = read(save(tmp_path, text), ANY)
    assert (raw.values[0].tolist(), raw.findings[0].kind) == ([1, 2, 3, 4, 5], "image-chosen")
    assert read(save(tmp_path, text), ReadingOptions(image="b")).values[0].tolist() == [6, 7, 8, 9]
    with pytest.raises(InputError, match=r"A, B.*--image"):
        read(save(tmp_path, text.replace("A4", "GR")), ANY)


@pytest.mark.parametrize("chunk", [1, 7, 50, 10**6])
def test_pieces_fit_together(tmp_path, monkeypatch, chunk):
    """However small the pieces that are parsed, the image is the same."""
    monkeypatch.setattr(text_rows, "_PARSED_CELLS", chunk)
    rows = np.random.default_rng(0).integers(0, 99, (37, 4))
    text = "MD,0,90,180,270\n" + "".join(f"{i}.5,{','.join(map(str, row))}\n" for i, row in enumerate(rows))
    assert np.array_equal(read(save(tmp_path, text), ANY).values, rows)
    flat = FLAT[: FLAT.index("A-1")] + "".join(f"A,S,{i}.5,{v}\n" for i, row in enumerate(rows) for v in row)
    assert np.array_equal(read(save(tmp_path, flat), ANY).values, rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no rows of numbers"),
        ("depth,0,90,180,270\n", "no rows of numbers"),
        ("depth,0,90,180,270\nm,,,,\n", "no rows of numbers"),
        ("1,2,3,4,5\n2,3,4,5,6\n", "line 1 holds numbers"),
        ("a,0,90,180,270\n1,2,3,4,5\n", "no depth column"),
        ("depth,calI\n1,2\n", "no image columns"),
        (f"{','.join(COLUMNS)}\n{','.join('1' for _ in COLUMNS)}\n", "a table of picks"),
        ("depth,0,90,80,270\n1,2,3,4,5\n", "do not increase"),
        ("depth,0,90,180,400\n1,2,3,4,5\n", "do not increase"),
        ("depth,A0,A1,A3,A4\n1,2,3,4,5\n", "not numbered through"),
        (WIDE.replace("45.0", "45.0\0"), "not text"),
        ("\ufeff" + WIDE, "UTF-16"),
        (FLAT.replace("SET,100.025,8", "OTHER,100.025,8"), "data sets OTHER, SET"),
        ("wellName,TDEP,IMG\nA,1,1\nA,2,1\nA,3,1\n", "one value a depth"),
        ("wellName,TDEP,IMG,SD\nA,1,1,1\nA,1,1,1\n", "IMG, SD.*--image"),
        ("x" * (2**22 + 1), "first line is over"),
        ("depth m 0 90\n", "no rows"),
    ],
)
def test_refusals(tmp_path, text, message):
    """Each fault is one line that names the place."""
    encoding = "utf-16-le" if message == "UTF-16" else "utf-8"
    with pytest.raises(InputError, match=message) as caught:
        read(save(tmp_path, text, encoding), ANY)
    assert "\n" not in str(caught.value)


def test_accents_of_another_age(tmp_path):
    """A Latin-1 file is read; its well keeps its name."""
    raw = read(save(tmp_path, FLAT.replace("A-1", "Ü-1"), "latin-1"), ANY)
    assert raw.attributes["well"] == "Ü-1"


@settings(max_examples=60, deadline=None)
@given(
    edits=st.lists(st.tuples(st.integers(0, 200), st.sampled_from(list('\n,;"\t #x9-.\xff'))), max_size=6),
    cut=st.integers(0, 260),
    flat=st.booleans(),
)
def test_fuzz(tmp_path_factory, edits, cut, flat):
    """Whatever is typed into a file, it is read or refused, never worse."""
    text = list((FLAT if flat else WIDE)[:cut])
    for place, letter in edits:
        if text:
            text[place % len(text)] = letter
    path = save(tmp_path_factory.mktemp("fuzz"), "".join(text), "latin-1")
    for use in (lambda: read(path, ANY), lambda: contents(path)):
        try:
            use()
        except InputError as error:
            assert "\n" not in str(error)  # noqa: PT017


def test_a_carriage_return_within_a_line(tmp_path):
    """It breaks a line in two, of which neither is a row."""
    rows = [f"{1000 + 0.1 * i:.1f},1,2,3,4" for i in range(30)]
    rows[20] = rows[20][:6] + "\r" + rows[20][6:]
    path = tmp_path / "a.csv"
    path.write_bytes(("depth_m,45.0,135.0,225.0,315.0\n" + "\n".join(rows) + "\n").encode())
    raw = read(path, ANY)
    assert raw.depth.tolist() == [round(1000 + 0.1 * i, 1) for i in range(30) if i != 20]
    assert [f.kind for f in raw.findings] == ["rows-misaligned"]


@pytest.mark.parametrize(
    ("text", "rows", "kinds"),
    [
        (WIDE + "10.2,1,2,3\n", 2, ["rows-misaligned"]),
        (WIDE + "10.2,1,2,3,4,5\n", 2, ["rows-misaligned"]),
        (WIDE + '10.2,1,"2,3,4\n', 2, ["rows-misaligned"]),
        (WIDE + "10.2,1,2,x,4\n", 3, ["cells-unreadable"]),
        (WIDE.replace("1,2", "n/a,2") + "10.2,****,NaN,#N/A,--\n", 3, []),
        (WIDE + ",1,2,3,4\n", 2, ["rows-unreadable"]),
    ],
)
def test_a_broken_row_is_left_out_whole(tmp_path, text, rows, kinds):
    """A row that lost or gained a cell, or has no depth, is left out and counted; a word costs its cell alone."""
    raw = read(save(tmp_path, text), ANY)
    assert raw.depth.tolist() == [10.0, 10.1, 10.2][:rows]
    assert [f.kind for f in raw.findings] == kinds


@pytest.mark.parametrize("last", ["", "A-1,SET,,8\n", "A-1,SET,100.025\n", "A-1,SET,100.025,8\nA-1,SET,100.025,9\n"])
def test_a_depth_without_all_of_its_values_is_left_out_whole(tmp_path, last):
    """One value more or less moves all behind it, so none of that depth is read."""
    text = FLAT.replace("A-1,SET,100.025,8\n", last) + "".join(f"A-1,SET,100.05,{k}\n" for k in (9, 10, 11, 12))
    raw = read(save(tmp_path, text), ANY)
    assert raw.values.tolist() == [[1, 2, -9999, 4], [9, 10, 11, 12]]
    assert "depths-incomplete" in [f.kind for f in raw.findings]


@pytest.mark.parametrize(
    ("names", "angles"),
    [
        ([str(k) for k in range(-180, 180, 30)], list(range(-180, 180, 30))),
        ([f"{k + 0.5}" for k in range(-180, 180, 30)], [k + 0.5 for k in range(-180, 180, 30)]),
        ([str(k) for k in range(0, 361, 30)], list(range(0, 361, 30))),
        ([str(k) for k in range(30, 361, 30)], list(range(30, 361, 30))),
    ],
)
def test_angles_from_south_or_to_the_end_of_the_turn(tmp_path, names, angles):
    """No column is lost for the sign of its angle."""
    text = "depth_m," + ",".join(names) + "\n" + "".join(f"{10 + i}," + ",".join(names) + "\n" for i in range(3))
    raw = read(save(tmp_path, text), ANY)
    assert raw.azimuth.tolist() == angles
    assert raw.values.shape == (3, len(names))


@pytest.mark.parametrize("turn", [2 * np.pi, 400.0])
def test_angles_in_another_unit_are_refused(tmp_path, turn):
    """Radians and gradians are no degrees, and the header does not name them."""
    names = [f"{(k + 0.5) * turn / 12:.4f}" for k in range(12)]
    text = "depth_m," + ",".join(names) + "\n" + "".join(f"{10 + i}," + ",".join(names) + "\n" for i in range(3))
    with pytest.raises(InputError):
        read(save(tmp_path, text), ANY)
