"""Pick tables of the world."""

import re
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from tests.real_data import DATA, granite_table

from geobfdt.io.tables.mapping import TableMapping
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.runtime.findings import InputError
from geobfdt.wells.picks import new_picks, write_picks

REPOSITORY = Path(__file__).resolve().parents[3]
real_data = pytest.mark.skipif(not DATA.exists(), reason="needs ../shared/data")

TECHLOG = (
    "wellName,datasetName,TDEP,AvgCali,Azimuth,CenteredDepth,Colour,Dips_TRU,HAzi,HDev,InfoArray,Quality,"
    "IMG_Azimuth,IMG_DipHeight,IMG_Dips_APP,Shape,Type"
)
GOLDEN = [  # rows of a commercial export: depth ft, hole azimuth and deviation, apparent azimuth, height ft, dips
    (13380.4281, 131.8563, 88.68559, 315.2664, 1.24535366, 60.36961, 51.04794, 3.732219),
    (13382.3670, 131.834, 88.68343, 313.7079, 2.21926034, 72.29819, 48.31168, 19.07801),
    (13382.6823, 131.8306, 88.6831, 319.4951, 1.49031618, 64.5787, 45.86001, 6.659541),
]


def write(tmp_path, text, name="dips.csv", encoding="utf-8"):
    """Write a table."""
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def kinds(read):
    """Kinds of findings."""
    return {finding.kind for finding in read.findings}


def techlog(tmp_path, with_true):
    """The golden rows in Techlog's flat dialect, each repeated for the 14 elements of the array column."""
    lines = [TECHLOG, ",,ft,in,dega,ft,,dega,dega,dega,,,dega,ft,dega,,"]
    for depth, hazi, hdev, azimuth, height, dip, true, true_azimuth in GOLDEN:
        t, a = (true, true_azimuth) if with_true else (-9999, -9999)
        for element in range(14):
            lines.append(
                f"W-1,Dips,{depth},8.5,{a},{depth},0,{t},{hazi},{hdev},{element * 0.1:.1f},0.8,{azimuth},{height},"
                f"{dip},Circle,Bedding"
            )
    return write(tmp_path, "\n".join(lines) + "\n")


def test_techlog_flat(tmp_path):
    """42 rows are 3 picks; depths, heights and diameters are converted, and the table proves its own reference."""
    read = read_pick_table(techlog(tmp_path, with_true=True))
    golden = np.array(GOLDEN)
    assert len(read.picks) == 3
    assert set(read.picks["reference"]) == {"high_side"}
    assert set(read.picks["well"]) == {"W-1"}
    assert read.picks["depth_m"].tolist() == pytest.approx(list(golden[:, 0] * 0.3048))
    assert read.picks["diameter_m"].tolist() == pytest.approx([8.5 * 0.0254] * 3)
    assert read.picks["amplitude_m"].tolist() == pytest.approx(list(golden[:, 4] * 0.3048 / 2))
    assert read.picks["confidence"].tolist() == pytest.approx([0.8] * 3)
    result = {f.kind: f.observed for f in read.findings}
    assert "42 rows hold 3 picks" in result["picks-repeated"]
    assert "height-dip-disagree" not in result


def test_techlog_apparent_gives_the_golden_true_dips(tmp_path):
    """Without true dips, hole direction and reference give them to 0.001 deg of the commercial program's."""
    mapping = write(tmp_path, "reference: high_side\n", "mapping.yaml")
    picks = read_pick_table(techlog(tmp_path, with_true=False), mapping=mapping).picks
    golden = np.array(GOLDEN)
    assert picks["dip_true_deg"].tolist() == pytest.approx(list(golden[:, 6]), abs=1e-3)
    assert picks["azimuth_true_deg"].tolist() == pytest.approx(list(golden[:, 7]), abs=1e-3)


def test_a_wrong_reference_is_found_out(tmp_path):
    """True dips that do not follow from the reference that the user gives are a major finding, not silence."""
    mapping = write(tmp_path, "reference: pseudo_north\n", "mapping.yaml")
    assert "true-and-apparent-disagree" in kinds(read_pick_table(techlog(tmp_path, True), mapping=mapping))


@real_data
def test_the_vendor_pair_agrees():
    """Geolog's and WellCAD's export of the same picks are the same picks, to the digits that WellCAD writes."""
    geolog = read_pick_table(DATA / "picks-vendor-pairs" / "test_sinusoids.csv").picks
    wellcad = read_pick_table(DATA / "picks-vendor-pairs" / "WCL_export.csv").picks
    assert geolog["class"].tolist() == wellcad["class"].tolist() == ["fracture", "bedding", "fracture"]
    assert geolog["depth_m"].tolist() == pytest.approx(list(wellcad["depth_m"]), abs=0.00051)
    for column in ("dip_true_deg", "azimuth_true_deg"):
        assert geolog[column].tolist() == pytest.approx(list(wellcad[column]), abs=0.0051)
    assert geolog["continuity"].iloc[2] == pytest.approx(wellcad["continuity"].iloc[2], abs=1e-4)


@real_data
def test_geolog_depth_plane_is_the_axis_crossing(tmp_path):
    """From the middle and height of the visible part alone, the reader finds the vendor's own depth of the plane."""
    text = (DATA / "picks-vendor-pairs" / "test_sinusoids.csv").read_text(encoding="utf-8-sig")
    whole = read_pick_table(DATA / "picks-vendor-pairs" / "test_sinusoids.csv").picks
    assert whole["depth_m"].iloc[2] == 809.1844433
    without = read_pick_table(write(tmp_path, text.replace("809.1844433,226.898", "-999.25,-999.25"))).picks
    assert without["depth_m"].iloc[2] == pytest.approx(809.1844433, abs=2e-5)
    assert without["diameter_m"].iloc[2] == pytest.approx(0.226898, abs=2e-6)


@real_data
def test_geolog_sticks_are_intervals():
    """Breakouts and induced fractures are intervals to ignore, as high as they were drawn."""
    read = read_pick_table(DATA / "picks-vendor-pairs" / "test_sticks.csv", well="V")
    assert len(read.picks) == 0
    assert (read.intervals["base_m"] - read.intervals["top_m"]).tolist() == pytest.approx(
        [0.195527, 0.305344, 0.131244]
    )
    assert set(read.intervals["kind"]) == {"ignored"}


@real_data
def test_granite_well(tmp_path):
    """12,031 rows are 11,954 planes and 77 intervals; apparent dips follow from true dip, hole and caliper."""
    file = granite_table(tmp_path)
    read = read_pick_table(file, well="UD-1")
    assert len(read.picks) == 11_954
    assert len(read.intervals) == 77
    assert read.picks["polarity"].value_counts().to_dict() == {"conductive": 8600, "resistive": 3353, "": 1}
    assert not read.picks[["amplitude_m", "dip_app_deg", "azimuth_app_deg", "diameter_m"]].isna().any().any()
    assert (read.intervals["base_m"] - read.intervals["top_m"]).iloc[0] == pytest.approx(1.046837)
    # An oracle that shares nothing with the reader: the plane's depth at points around the wall of a tilted cylinder.
    table = pd.read_csv(file, skiprows=[1])
    table = table[~table["Dip Classification"].isin(["Breakout", "Induced fracture"])].reset_index(drop=True)
    row = int(table["Hole Deviation"].idxmax())
    amplitude = wall_amplitude(
        *table.iloc[row][["True Dip Inclination", "True Dip Azimuth", "Hole Deviation", "Hole Azimuth"]]
    )
    assert read.picks["amplitude_m"].iloc[row] == pytest.approx(amplitude * table["Average Caliper"][row] * 0.0254 / 2)


def wall_amplitude(dip, azimuth, deviation, hole_azimuth):
    """Half the height of a plane's trace on the wall of a hole of radius 1, by walking along lines on the wall."""
    dip, azimuth, deviation, hole_azimuth = np.radians([float(v) for v in (dip, azimuth, deviation, hole_azimuth)])
    normal = np.array([np.sin(dip) * np.sin(azimuth), np.sin(dip) * np.cos(azimuth), np.cos(dip)])
    axis = np.array(
        [np.sin(deviation) * np.sin(hole_azimuth), np.sin(deviation) * np.cos(hole_azimuth), -np.cos(deviation)]
    )
    across = np.linalg.svd(axis[None])[2][1:]
    angles = np.linspace(0, 2 * np.pi, 100_000)
    wall = np.cos(angles)[:, None] * across[0] + np.sin(angles)[:, None] * across[1]
    depth = -(wall @ normal) / (axis @ normal)
    return (depth.max() - depth.min()) / 2


@real_data
def test_geothermal_table_has_to_be_told(tmp_path):
    """Dips that no name calls true or apparent are refused; the mapping that the error shows reads them."""
    file = DATA / "picks-geothermal" / "testdata-fractures.csv"
    with pytest.raises(InputError, match="true or apparent") as error:
        read_pick_table(file)
    line = re.search(r"\{columns: .*?azimuth: dip_direction\}", str(error.value))[0]
    read = read_pick_table(file, mapping=write(tmp_path, line, "mapping.yaml"))
    assert len(read.picks) == 1142
    assert read.picks["azimuth_true_deg"].between(0, 360).all()
    assert "azimuth-wrapped" in kinds(read)
    assert set(read.picks["polarity"]) == {"conductive"}
    assert read.picks["class_source"].iloc[0] == "Cond_FTCC"


def test_apparent_by_mapping(tmp_path):
    """The same plain columns are apparent where the mapping says so; diameter and reference come from it too."""
    path = write(tmp_path, "Depth_m,Dip,Azi,Type\n100,45,350,Bedding\n")
    mapping = write(tmp_path, "dip: apparent\nreference: north\ndiameter: 0.2\n", "m.yaml")
    row = read_pick_table(path, mapping=mapping).picks.iloc[0]
    assert row[["dip_app_deg", "azimuth_app_deg", "amplitude_m", "reference"]].tolist() == [
        45, 350, pytest.approx(0.1), "north",
    ]  # fmt: skip
    assert np.isnan(row["dip_true_deg"])


@pytest.mark.parametrize(("strike", "azimuth"), [(10, 100), (300, 30)])
def test_strike_by_the_right_hand_rule(tmp_path, strike, azimuth):
    """The plane dips to the right of its strike: 90 degrees more; a strike whose side nothing tells is refused."""
    path = write(tmp_path, f"Depth_m,True dip,Strike,Type\n100,45,{strike},Bedding\n")
    with pytest.raises(InputError, match="azimuth: strike_rhr"):
        read_pick_table(path)
    mapping = write(tmp_path, "azimuth: strike_rhr\n", "m.yaml")
    assert read_pick_table(path, mapping=mapping).picks["azimuth_true_deg"].tolist() == [azimuth]
    path = write(tmp_path, f"Depth_m,True dip,Strike_RHR,Type\n100,45,{strike},Bedding\n")
    assert read_pick_table(path).picks["azimuth_true_deg"].tolist() == [azimuth]
    path = write(tmp_path, f"Depth_m,Dip,Azimuth,Type\n100,45,{strike},Bedding\n")
    mapping = write(tmp_path, "azimuth: strike_rhr\ndip: true\n", "m.yaml")
    assert read_pick_table(path, mapping=mapping).picks["azimuth_true_deg"].tolist() == [azimuth]


@pytest.mark.parametrize("separator", [";", "\t", "|", " "])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_separators_encodings_and_decimal_commas(tmp_path, separator, encoding):
    """Separator, encoding, units row and decimal commas are found out."""
    rows = [["Bohrloch", "MD", "TrueDip", "TrueAzimuth", "Type"], ["text", "m", "deg", "deg", "text"]]
    rows += [["Süd", "100,5", "12,25", "350", "Bedding"], ["Süd", "101,5", "80", "2", "CRF"]]
    path = write(tmp_path, "\r\n".join(separator.join(row) for row in rows), encoding=encoding)
    mapping = write(tmp_path, "columns: {well: Bohrloch}\n", "m.yaml")
    picks = read_pick_table(path, mapping=mapping).picks
    assert picks["depth_m"].tolist() == [100.5, 101.5]
    assert picks["dip_true_deg"].tolist() == [12.25, 80]
    assert set(picks["well"]) == {"Süd"}


def test_a_comma_beside_decimal_points_parts_thousands(tmp_path):
    """Where another cell proves a decimal point, 1,234 is no 1.234 but 1234, and a finding names the option."""
    read = read_pick_table(write(tmp_path, "MD [m];True dip;True azimuth;Type\n1,234;10;20;CF\n100.5;10;20;CF\n"))
    assert read.picks["depth_m"].tolist() == [100.5, 1234.0]
    assert "thousands-assumed" in kinds(read)


def test_excel(tmp_path):
    """The first filled sheet of an Excel file is the table, numbers and all, below a title line."""
    book = openpyxl.Workbook()
    book.active.title = "empty"
    sheet = book.create_sheet("dips")
    for row in (
        ["Dips of well A"],
        [],
        ["Well", "Depth (m)", "True Dip", "True Azimuth", "Type"],
        ["A", 1000.25, 30, 400, "CCF"],
    ):
        sheet.append(row)
    book.create_sheet("notes").append(["a", "b"])
    path = tmp_path / "dips.xlsx"
    book.save(path)
    read = read_pick_table(path)
    row = read.picks.iloc[0]
    assert row[["well", "depth_m", "dip_true_deg", "azimuth_true_deg"]].tolist() == ["A", 1000.25, 30, 40]
    assert row["continuity_source"] == "continuous"


def test_las_2(tmp_path):
    """A LAS 2.0 file with dips among its curves is a pick table."""
    text = (
        "~Version\nVERS. 2.0 :\nWRAP. NO :\n~Well\nNULL. -999.25 :\nWELL. A-7 : name\n~Curve\nDEPT.FT : depth\n"
        "DIPTRU.DEG : true dip\nAZITRUE.DEG : azimuth\nTYPE. : class\n~Ascii\n1000 10 20 CF\n1010 -999.25 20 RF\n"
    )
    picks = read_pick_table(write(tmp_path, text, "dips.las")).picks
    assert picks["depth_m"].tolist() == pytest.approx([304.8, 307.848])
    assert picks["dip_true_deg"].tolist()[0] == 10
    assert np.isnan(picks["dip_true_deg"].iloc[1])
    assert set(picks["well"]) == {"A-7"}


HEAD = "Well,MD [m],True dip,True azimuth,Type\n"


def test_wells_are_chosen_or_named(tmp_path):
    """Of several wells the one wanted is read, a strange name is refused; it overrules the name of a lone well."""
    path = write(tmp_path, HEAD + "A,1,2,3,CF\nB,2,2,3,CF\na,3,2,3,CF\n")
    assert read_pick_table(path, well="A").picks["depth_m"].tolist() == [1, 3]
    with pytest.raises(InputError, match="but of"):
        read_pick_table(path, well="C")
    path = write(tmp_path, HEAD + "A,1,2,3,CF\n")
    read = read_pick_table(path, well="C")
    assert (read.picks["well"].tolist(), "well-overruled" in kinds(read)) == (["C"], True)


@pytest.mark.parametrize("blank", ["", " ", "-999.25", "null", "-", "N/A"])
@pytest.mark.parametrize("own", [False, True])
def test_rows_without_a_name_are_no_wells_own(tmp_path, blank, own):
    """Where a table names several wells, a row without a name may be of any; where it names one, of that one."""
    several, one = tmp_path / "several.csv", tmp_path / "one.csv"
    if own:
        columns = {"class_": "bedding", "dip_app_deg": 3.0}
        write_picks(new_picks(well=["A", "", "B", ""], depth_m=[1.0, 2.0, 3.0, 4.0], **columns), several)
        write_picks(new_picks(well=["A", ""], depth_m=[1.0, 2.0], **columns), one)
    else:
        rows = [f"{well},{depth},2,3,CF\n" for depth, well in enumerate(["A", blank, "B", blank], 1)]
        several.write_text(HEAD + "".join(rows))
        one.write_text(HEAD + "".join(rows[:2]))
    for well, depths in (("A", {1}), ("B", {3}), (None, {1, 3})):
        read = read_pick_table(several, well=well)
        assert set(read.picks["depth_m"]) == depths
        assert "rows-without-well" in kinds(read)
    read = read_pick_table(one)
    assert (read.picks["well"].tolist(), "well-filled" in kinds(read)) == (["A", "A"], True)


@pytest.mark.parametrize("head", ["Well: {}", "Borehole {}", "WELL NAME = {}", "Hole ID:;{}"])
def test_wells_named_between_the_rows_are_refused(tmp_path, head):
    """Lines such as Well: B-2 between the rows: the rows below are not the first well's."""
    rows = "MD [m];True dip;True azimuth\n{}\n1;2;3\n2;2;3\n{}\n3;2;3\n"
    mapping = write(tmp_path, "label: fracture\n", "m.yaml")
    with pytest.raises(InputError, match=r"A-1.*B-2"):
        read_pick_table(write(tmp_path, rows.format(head.format("A-1"), head.format("B-2"))), mapping=mapping)
    same = write(tmp_path, rows.format(head.format("A-1"), head.format("A-1")))
    assert len(read_pick_table(same, mapping=mapping).picks) == 3


PLANES = [(1000.5, 30, 100), (1001.5, 35, 200)]


@pytest.mark.parametrize("column", ["Confidence", "Coverage", "Continuity"])
@pytest.mark.parametrize(
    ("cells", "shares", "kind"),
    [
        (("0.8", "0.95"), (0.8, 0.95), None),
        (("80", "95"), (0.8, 0.95), "percent"),
        (("80%", "95 %"), (0.8, 0.95), "percent"),
        (("80.5%", ""), (0.805, np.nan), "percent"),
        (("100", "1"), (1.0, 0.01), "percent"),
        (("High", "Low"), (np.nan, np.nan), "unknown"),
        (("A", "B"), (np.nan, np.nan), "unknown"),
        (("3", "1"), (np.nan, np.nan), "unknown"),
        (("1", "10"), (np.nan, np.nan), "unknown"),
        (("0.8", "good"), (0.8, np.nan), "unknown"),
        (("0.8", "95"), (np.nan, np.nan), "unknown"),
        (("0.8", "120%"), (0.8, np.nan), "unknown"),
        (("0.8", "-0.1"), (0.8, np.nan), "unknown"),
        (("1e9", "4"), (np.nan, np.nan), "unknown"),
        (("", ""), (np.nan, np.nan), None),
    ],
)
def test_shares_never_lose_a_plane(tmp_path, column, cells, shares, kind):
    """Percentages are scaled, words and ranks left out, each with a finding; the planes stay."""
    rows = [f"{d},{i},{a},CF,{cell}\n" for (d, i, a), cell in zip(PLANES, cells, strict=True)]
    read = read_pick_table(write(tmp_path, f"MD [m],True dip,True azimuth,Type,{column}\n" + "".join(rows)))
    assert read.picks[["depth_m", "dip_true_deg", "azimuth_true_deg"]].values.tolist() == [list(p) for p in PLANES]
    assert read.picks[column.lower()].to_numpy() == pytest.approx(shares, nan_ok=True)
    result = {k for k in kinds(read) if k.startswith(column.lower())}
    assert kind is None or f"{column.lower()}-{kind}" in result
    assert kind is not None or not result


@pytest.mark.parametrize("column", ["Quality", "Confidence"])
@pytest.mark.parametrize(("cells", "shares"), [(("1", "1"), False), (("1", "0"), False), (("1.0", "1.0"), True)])
def test_grades_of_one_are_no_certainty(tmp_path, column, cells, shares):
    """Whole numbers up to 1 may be the first grades of a scale: quality 1 is not a confidence of 100 %."""
    rows = "".join(
        f"{depth},{dip},{azimuth},CF,{cell}\n" for (depth, dip, azimuth), cell in zip(PLANES, cells, strict=True)
    )
    read = read_pick_table(write(tmp_path, f"MD (m),True dip,True azimuth,Type,{column}\n{rows}"))
    assert read.picks["confidence"].notna().tolist() == [shares, shares]
    assert (f"{column.lower()}-unknown" in kinds(read)) is not shares


def test_a_share_that_calls_itself_a_percentage(tmp_path):
    """Under the sign of percentages 0.5 beside 80 is half a percent; numbers up to 1 alone may be either."""
    head = "MD [m],True dip,True azimuth,Type,Confidence (%)\n"
    read = read_pick_table(write(tmp_path, head + "1,2,3,CF,80\n2,3,4,CF,0.5\n"))
    assert read.picks["confidence"].tolist() == pytest.approx([0.8, 0.005])
    read = read_pick_table(write(tmp_path, head + "1,2,3,CF,0.8\n2,3,4,CF,0.5\n"))
    assert read.picks["confidence"].isna().all()
    assert "confidence-unknown" in kinds(read)


@pytest.mark.parametrize(
    ("column", "cells", "kind"),
    [
        ("Quality", ("High", "Low"), "quality-unknown"),
        ("Quality", ("A", "medium"), "quality-unknown"),
        ("Quality", ("1", "5"), "quality-unknown"),
        ("Polarity", ("open", "closed"), "polarity-unknown"),
        ("Polarity", ("+", "-"), "polarity-unknown"),
        ("Status", ("ok", "bad"), "status-unknown"),
        ("Source", ("ok", "bad"), None),
        ("sigma_dip_deg", ("good", "-1"), "sigma_dip-unknown"),
        ("Diameter (in)", ("8.5in", "8.5"), "diameter-unknown"),
        ("Hole deviation", ("steep", "12"), "deviation-unknown"),
    ],
)
def test_words_beside_the_planes_never_lose_one(tmp_path, column, cells, kind):
    """Words that a column does not know are left out with a finding; the planes stay."""
    rows = [f"{d},{i},{a},CF,{cell}\n" for (d, i, a), cell in zip(PLANES, cells, strict=True)]
    read = read_pick_table(write(tmp_path, f"MD [m],True dip,True azimuth,Type,{column}\n" + "".join(rows)))
    assert read.picks[["depth_m", "dip_true_deg", "azimuth_true_deg"]].values.tolist() == [list(p) for p in PLANES]
    assert kind is None or kind in kinds(read)


def test_quality_as_percentage_is_a_confidence(tmp_path):
    """Where quality is a share it is kept as the confidence, which our letters are not."""
    read = read_pick_table(write(tmp_path, "MD [m],True dip,True azimuth,Type,Quality\n1,2,3,CF,80%\n2,3,4,CF,95%\n"))
    assert read.picks["confidence"].tolist() == pytest.approx([0.8, 0.95])
    assert "quality-as-confidence" in kinds(read)


def test_own_table_and_its_wells(tmp_path):
    """Our own CSV comes back as it was written, one well of it if asked."""
    picks = new_picks(well=["A", "B"], depth_m=[1.0, 2.0], class_="bedding", dip_app_deg=3.0, optional=[0, 1])
    write_picks(picks, tmp_path / "p.csv")
    pd.testing.assert_frame_equal(read_pick_table(tmp_path / "p.csv").picks, picks)
    assert read_pick_table(tmp_path / "p.csv", well="B").picks["depth_m"].tolist() == [2.0]
    with pytest.raises(InputError, match="no row of well"):
        read_pick_table(tmp_path / "p.csv", well="C")


def test_rows_that_cannot_be_read_are_counted(tmp_path):
    """Text for a number, a dip over 90 and a missing depth lose their row, and the finding says how many and where."""
    text = (
        "MD [m],True dip,True azimuth,Type\n1,2,3,CF\n2,x,3,CF\n3,91,3,CF\n,2,3,CF\n5,2,3,CF,extra\n6,-9999,-9999,CF\n"
    )
    read = read_pick_table(write(tmp_path, text))
    assert read.picks["depth_m"].tolist() == [1, 6]
    observed = [f.observed for f in read.findings if f.kind == "rows-unreadable"]
    assert any("1 of 6" in f.observed and "line 6" in f.observed for f in read.findings if f.kind == "rows-misaligned")
    assert any("3 of 5" in s and "line 3:" in s and "'x'" in s for s in observed)
    assert "1 of 5 planes have no dip" in next(f.observed for f in read.findings if f.kind == "no-dip")


def test_excluded_rows_are_counted(tmp_path):
    """Labels that a vocabulary excludes leave the table, with a finding."""
    path = write(tmp_path, "MD [m],True dip,True azimuth,Type\n1,2,3,CF\n2,3,3,odd\n")
    words = write(tmp_path, "labels: {odd: excluded}\n", "words.yaml")
    read = read_pick_table(path, vocabulary=words)
    assert len(read.picks) == 1
    assert "rows-excluded" in kinds(read)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("one column\n1\n2\n", "2 of 2 rows"),
        ("MD,True dip,True azimuth,Type\n1,2,3,CF\n", "no unit of depth; write depth_unit: m"),
        ("MD [m],True dip,True azimuth\n1,2,3\n", "no column says what each plane is"),
        ("MD [m],True dip,True azimuth,Type\n1,2,3,Blob\n", "'Blob' .1 rows."),
        ("Dip,Azimuth,Type\n2,3,CF\n", "no column of depth"),
        ("MD [m],True dip,True azimuth,Type\n1,95,3,CF\n", "none of 1 rows can be read, the first is line 2"),
        ("MD [m],Depth [m],Depth (ft),True dip,True azimuth,Type\n1,1,3,2,3,CF\n", "may both be depth"),
        ("MD [m],True dip [grad],True azimuth,Type\n1,2,3,CF\n", "'grad'"),
        ("1,2,3\n4,5,6\n", "numbers where column names should be"),
        ("a\0b", "not text"),
        ("a," * 3000 + "b\n1,2\n", "columns are too many"),
        ("a," * 1_000_000 + "b\n1,2\n", "first line is over"),
        ('MD,Type\n1,"' + "x" * 1_000_000 + '"\n', "1 of 1 rows"),
        ("MD,Type\n1,2,3\n1,2,3\n", "2 of 2 rows"),
        ("~Version\nVERS. 2.0 :\nWRAP. YES :\n~C\nDIP.deg :\n~A\n1\n", "wrapped"),
        ("~Version\nVERS. 2.0 :\nWRAP. NO :\n~C\nDEPT.M :\nGR. :\n~A\n1 2\n", "no section defines a column of dips"),
        ("~V\nDLM. STAR :\n", "delimiter"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, text, says):
    """One line with the file, the place and the cure."""
    with pytest.raises(InputError, match=says) as error:
        read_pick_table(write(tmp_path, text))
    assert "dips.csv" in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 2000


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dip: maybe", "dip"),
        ("colour: red", "colour"),
        ("columns: {dipp: DIP}", "dipp not among"),
        ("columns: {dip_true: DIP}", "no column 'DIP'.*choose among MD"),
        ("[1, 2]", "not a mapping file"),
        ("a: [", "not a mapping file"),
    ],
)
def test_bad_mapping(tmp_path, text, says):
    """A mapping that says something unknown is refused in one line."""
    path = write(tmp_path, "MD [m],True dip,True azimuth,Type\n1,2,3,CF\n")
    with pytest.raises(InputError, match=says):
        read_pick_table(path, mapping=write(tmp_path, text, "m.yaml"))


def test_missing_folder_and_old_excel(tmp_path):
    """A missing file, a folder, an old Excel file, a broken new one: one line each."""
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(100))
    (tmp_path / "cut.xlsx").write_bytes(b"PK\x03\x04" + bytes(100))
    for name, says in (
        ("none.csv", "cannot be opened"),
        (".", "folder"),
        ("old.xls", "old kind"),
        ("cut.xlsx", "Excel"),
    ):
        with pytest.raises(InputError, match=says):
            read_pick_table(tmp_path / name)


def test_the_documented_mapping_file_reads_the_documented_table(tmp_path):
    """The example of docs/pick-tables.md is parsed as it stands there."""
    page = (REPOSITORY / "docs" / "pick-tables.md").read_text(encoding="utf-8")
    table = re.search(r"```text\n(.*?)```", page, re.S)[1]
    mapping, words = re.findall(r"```yaml\n(.*?)```", page, re.S)
    read = read_pick_table(
        write(tmp_path, table),
        mapping=write(tmp_path, mapping, "mapping.yaml"),
        vocabulary=write(tmp_path, words, "vocabulary.yaml"),
    )
    assert read.picks["depth_m"].tolist() == pytest.approx([304.8, 305.1048])
    assert read.picks["azimuth_true_deg"].tolist() == [140, 5]
    assert read.picks["class"].tolist() == ["fracture", "bedding"]
    assert read.picks["diameter_m"].tolist() == pytest.approx([0.2159] * 2)
    assert read.intervals["class"].tolist() == ["Type 9"]


def test_damaged_files_end_in_one_line_or_in_picks(tmp_path):
    """200 damaged tables either read, or raise an InputError; nothing hangs."""
    rng = np.random.default_rng(0)
    seeds = [techlog(tmp_path, True).read_bytes()]
    seeds.append(b"Depth [m];True dip;True azimuth;Type\n" + b"1,5;2,5;3;CF\n2,5;5;3;Breakout\n" * 3)
    seeds.append(
        b"~V\nVERS. 3.0 :\nWRAP. NO :\nDLM. COMMA :\n~Dip_Definition\nDEPT.M :\nDIP_TRUE.deg :\nCLASS. :\n"
        b"~Dip_Data | Dip_Definition\n1,2,bedding\n2,3,fracture\n"
    )
    book = openpyxl.Workbook()
    book.active.append(["Depth (m)", "True Dip", "True Azimuth", "Type"])
    book.active.append([1, 2, 3, "CF"])
    book.save(tmp_path / "seed.xlsx")
    seeds.append((tmp_path / "seed.xlsx").read_bytes())
    refused = 0
    for number in range(200):
        data = bytearray(seeds[number % len(seeds)])
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(max(len(data), 1)))
            match int(rng.integers(4)):
                case 0 if data:
                    data[place] = int(rng.integers(256))
                case 1:
                    del data[place : place + int(rng.integers(1, 9))]
                case 2:
                    data[place:place] = bytes(rng.choice(np.frombuffer(b',;"\n~.-e9 ', dtype=np.uint8), 3))
                case 3:
                    data = data[: max(place, 10)]
        path = tmp_path / "damaged"
        path.write_bytes(bytes(data))
        try:
            read = read_pick_table(path)
            assert read.picks["depth_m"].notna().all()
        except InputError:
            refused += 1
    assert 20 < refused < 180


def test_a_remark_below_the_table_is_no_plane(tmp_path):
    """A total or a signature is left out; a plane without a label is refused as before."""
    rows = "Well,MD [m],True dip,True azimuth,Type\nA,1000,30,100,Fracture\n"
    read = read_pick_table(write(tmp_path, rows + "Total: 1,,,,\n"))
    assert read.picks["depth_m"].tolist() == [1000.0]
    assert "rows-without-plane" in kinds(read)
    with pytest.raises(InputError):
        read_pick_table(write(tmp_path, rows + "A,1001,35,110,\n"))


@pytest.mark.parametrize(("north", "severity"), [("Magnetic", "major"), ("True", "info"), ("Grid", "info")])
def test_magnetic_azimuths_without_declination_are_a_major_finding(tmp_path, north, severity):
    """They may be off by tens of degrees, which nothing in the table tells."""
    read = read_pick_table(write(tmp_path, f"MD [m],True dip,Azimuth ({north}),Type\n1000,30,100,Fracture\n"))
    assert read.picks["azimuth_true_deg"].tolist() == [100.0]
    majors = [f.kind for f in read.findings if f.severity == "major"]
    assert ("north" in majors) == (severity == "major")


@pytest.mark.parametrize(("unit", "factor"), [("gon", 0.9), ("gra", 0.9), ("rad", 180 / np.pi)])
def test_angles_in_gradians_and_radians(tmp_path, unit, factor):
    """The row of units says what they are, and a value that is no such angle contradicts it."""
    text = f"MD,True dip,True azimuth,Type\nm,{unit},{unit},\n1000,{{}},0.5,CF\n1001,1,{{}},CF\n"
    read = read_pick_table(write(tmp_path, text.format(0.25, 2)))
    assert read.picks["dip_true_deg"].tolist() == pytest.approx([0.25 * factor, factor])
    assert read.picks["azimuth_true_deg"].tolist() == pytest.approx([0.5 * factor, 2 * factor])
    for dip, azimuth in ((200, 2), (0.25, 801)):
        with pytest.raises(InputError, match="line"):
            read_pick_table(write(tmp_path, text.format(dip, azimuth)))


@pytest.mark.parametrize(("azimuths", "major"), [((399, 250), True), ((-10, 370), False), ((410, 20), False)])
def test_azimuths_over_a_turn_may_be_gradians(tmp_path, azimuths, major):
    """Without a unit, azimuths of 0 to 400 are not certain."""
    rows = "".join(f"{1000 + k},30,{azimuth},CF\n" for k, azimuth in enumerate(azimuths))
    read = read_pick_table(write(tmp_path, "MD (m),True dip,True azimuth,Type\n" + rows))
    (finding,) = [f for f in read.findings if f.kind == "azimuth-wrapped"]
    assert (finding.severity == "major") is major


LAS_PICKS = """~Version
VERS. 2.0 :
WRAP. NO :
~Well
STRT.{header} {top} :
STOP.{header} {base} :
STEP.{header} 0 :
NULL. -999.25 :
WELL. A-1 :
~Curve
DEPT.{curve} :
DIP_TRUE.DEG :
AZIM_TRUE.DEG :
TYPE. :
~A
1000 50 10 Bedding
1001 45 200 Fracture
"""


@pytest.mark.parametrize(
    ("header", "curve", "top", "base", "depth_unit", "depth"),
    [
        ("M", "M", 900, 1100, None, 1000.0),
        ("M", "M", 1000, 1001, None, 1000.0),
        ("FT", "M", 1000, 1001, None, None),
        ("FT", "M", 1000, 1001, "ft", 304.8),
        ("M", "M", 304.8, 305.2, None, None),
        ("M", "M", 304.8, 305.2, "ft", 304.8),
        ("M", "M", -999.25, -999.25, None, 1000.0),
        ("M", "M", 0, 0, None, 1000.0),
    ],
)
def test_depths_of_picks_fit_the_header_of_their_file(tmp_path, header, curve, top, base, depth_unit, depth):
    """Units or ranges that contradict each other are refused until the user states the unit."""
    path = write(tmp_path, LAS_PICKS.format(header=header, curve=curve, top=top, base=base), "dips.las")
    if depth is None:
        with pytest.raises(InputError, match="--depth-unit"):
            read_pick_table(path, depth_unit=depth_unit)
    else:
        assert read_pick_table(path, depth_unit=depth_unit).picks["depth_m"].tolist()[0] == pytest.approx(depth)


def test_picks_outside_the_range_of_their_header(tmp_path):
    """No unit makes the depths fit: they are read, with a finding."""
    path = write(tmp_path, LAS_PICKS.format(header="M", curve="M", top=2000, base=2100), "dips.las")
    assert "depth-range-differs" in kinds(read_pick_table(path))


@pytest.mark.parametrize(
    "columns",
    ["True dip,Dip azimuth (magnetic),Dip azimuth (true)", "True dip,True azimuth,Grid azimuth",
     "True dip,Azimuth (magnetic),Azimuth TN"],
)  # fmt: skip
def test_two_azimuths_of_one_plane(tmp_path, columns):
    """One of them is of another north, and the table does not say which one the user means."""
    text = f"MD (m),{columns},Type\n1000,50,10,13.5,CF\n"
    with pytest.raises(InputError, match="mapping"):
        read_pick_table(write(tmp_path, text))
    text = text.replace("Dip azimuth (true)", "True azimuth")
    if "True azimuth" in text:
        mapping = TableMapping(columns={"azimuth_true": "True azimuth"})
        read = read_pick_table(write(tmp_path, text), mapping=mapping)
        assert read.picks["azimuth_true_deg"].tolist() == [10 if "Grid" in columns else 13.5]
        assert read.north == "unknown"


@pytest.mark.parametrize(
    ("azimuth", "hole", "mixed"),
    [("True azimuth", "Hole azimuth (magnetic)", True), ("True azimuth", "Hole azimuth", False),
     ("Azimuth (magnetic)", "Hole azimuth", False), ("Azimuth (grid)", "Hole azimuth (grid)", False),
     ("Azimuth (grid)", "Hole azimuth (true)", True)],
)  # fmt: skip
def test_planes_and_hole_from_two_norths(tmp_path, azimuth, hole, mixed):
    """True and apparent dips are never worked out from each other across two norths."""
    text = f"MD (m),True dip,{azimuth},Hole deviation,{hole},Type\n1000,50,100,60,130,CF\n"
    read = read_pick_table(write(tmp_path, text))
    assert read.picks["azimuth_true_deg"].tolist() == [100]
    assert np.isnan(read.picks["dip_app_deg"].iloc[0]) == mixed
    assert ("north-conflict" in kinds(read)) is mixed
