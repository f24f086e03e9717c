"""Picks are handed over with positions; each file is read back by a reader that follows the other program's grammar."""

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.command import run_command
from tests.real_data import granite_table

from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.planes3d import DISC_FORMATS, POINT_FORMATS
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import COLUMNS, new_picks, write_picks
from geobfdt.workflows.convert import ConvertOptions, convert
from geobfdt.workflows.hand_over import place, write_placed

CSV_FORMATS = {
    # Columns of X, Y, Z, dip, dip azimuth.
    "leapfrog": ("East", "North", "Elev", "Dip", "DipAzimuth"),
    "dips": ("X", "Y", "Z", "Dip", "Dip Direction"),
    "gempy-orientations": ("X", "Y", "Z", "dip", "azimuth"),
}
ORIENTED = ("fracman", "dfnworks", "vtk", "petrel", *CSV_FORMATS)


def normals(dip, azimuth):
    """Upward normals (East, North, Up) of dips and dip azimuths (deg)."""
    d, a = np.radians(np.asarray(dip, float)), np.radians(np.asarray(azimuth, float))
    return np.column_stack([np.sin(d) * np.sin(a), np.sin(d) * np.cos(a), np.cos(d)])


def polygon_planes(corners):
    """Centre and upward normal of each polygon (n, corners, 3), by its own corners alone."""
    centre = corners.mean(axis=1)
    arms = corners - centre[:, None]
    normal = np.cross(arms, np.roll(arms, -1, axis=1)).sum(axis=1)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return centre, np.where(normal[:, 2:] < 0, -normal, normal)


def read_fracman(file):
    """Sections between BEGIN and END; a fracture is a head of number, corners, set, properties, its corners, a 0."""
    lines = iter(line.strip() for line in file.read_text().splitlines() if line.strip())
    entries, corners, stated, sets = {}, [], [], []
    for begin in lines:
        assert begin.startswith("BEGIN ")
        section = begin.removeprefix("BEGIN ")
        for line in lines:
            if line == f"END {section}":
                break
            if section != "FRACTURE":
                key, value = line.split("=")
                entries[key.strip()] = value.strip()
                continue
            _, count, set_, *properties = line.split()
            assert len(properties) == int(entries["No_Properties"])
            rim = [next(lines).split() for _ in range(int(count))]
            assert [int(row[0]) for row in rim] == list(range(1, int(count) + 1))
            corners.append([list(map(float, row[1:])) for row in rim])
            zero, *normal = next(lines).split()
            assert zero == "0"
            stated.append(list(map(float, normal)))
            sets.append(entries[f"Set{set_}"].strip('"'))
    assert len(corners) == int(entries["No_Fractures"])
    assert sum(map(len, corners)) == int(entries["No_Nodes"])
    centre, normal = polygon_planes(np.array(corners))
    assert np.abs(normal - stated).max() < 1e-6
    return centre, normal, sets


def read_dfnworks(file):
    """Words; the values of a key follow it, points as {x,y,z}; what stands before the first key is a comment."""
    text = file.read_text()
    origin = np.array(list(map(float, text.splitlines()[0].rsplit("from", 1)[1].split())))
    words = re.sub(r"[{},]", " ", text).split()

    def values(key, count):
        start = words.index(key) + 1
        return np.array(list(map(float, words[start : start + count])))

    count = int(values("nUserEll:", 1)[0])
    assert values("userOrientationOption:", 1)[0] == 0
    assert (values("Aspect_Ratio:", count) == 1).all()
    assert (values("Beta:", count) == 0).all()
    assert (values("Radii:", count) > 0).all()
    assert (values("Number_of_Vertices:", count) >= 5).all()
    centre, normal = values("Translation:", 3 * count).reshape(-1, 3), values("Normal:", 3 * count).reshape(-1, 3)
    # The domain is a box about the origin.
    assert np.abs(centre.min(axis=0) + centre.max(axis=0)).max() <= 1.0
    return centre + origin, normal


def read_vtk(file):
    """Legacy poly data: points, polygons as counts and indices, data of the cells."""
    lines = file.read_text().splitlines()
    assert re.fullmatch(r"# vtk DataFile Version \d\.\d", lines[0])
    assert lines[2:4] == ["ASCII", "DATASET POLYDATA"]
    words = iter(" ".join(lines[4:]).split())

    def expect(*keys):
        for key in keys:
            assert next(words) == key

    expect("POINTS")
    points = int(next(words))
    expect("double")
    at = np.array([float(next(words)) for _ in range(3 * points)]).reshape(-1, 3)
    expect("POLYGONS")
    cells, size = int(next(words)), int(next(words))
    polygons, used = [], 0
    while used < size:
        corners = int(next(words))
        polygons.append([int(next(words)) for _ in range(corners)])
        used += corners + 1
    assert len(polygons) == cells
    expect("CELL_DATA", str(cells))
    scalars = {}
    while next(words) == "SCALARS":
        name = next(words)
        next(words)
        expect("1", "LOOKUP_TABLE", "default")
        scalars[name] = [float(next(words)) for _ in range(cells)]
    expect("normals", "double")
    stated = np.array([float(word) for word in words]).reshape(-1, 3)
    centre, normal = polygon_planes(at[np.array(polygons)])
    assert np.abs(normal - stated).max() < 2e-6
    return centre, stated, scalars


def read_petrel(file):
    """Comment, version, columns between BEGIN HEADER and END HEADER, then rows."""
    lines = file.read_text().splitlines()
    assert lines[:3] == ["# Petrel Points with attributes", "VERSION 1", "BEGIN HEADER"]
    end = lines.index("END HEADER")
    names = [name.split(",")[-1] for name in lines[3:end]]
    assert names[:3] == ["X", "Y", "Z"]
    return pd.DataFrame([list(map(float, line.split())) for line in lines[end + 1 :]], columns=names)


def read_planes(file, name):
    """Centres and normals of a file of any format."""
    if name in CSV_FORMATS:
        table = pd.read_csv(file)
        x, y, z, dip, azimuth = CSV_FORMATS[name]
        return table[[x, y, z]].to_numpy(), normals(table[dip], table[azimuth])
    if name == "petrel":
        table = read_petrel(file)
        return table[["X", "Y", "Z"]].to_numpy(), normals(table["Dip"], table["Azimuth"])
    return {"fracman": read_fracman, "dfnworks": read_dfnworks, "vtk": read_vtk}[name](file)[:2]


@pytest.fixture
def field(tmp_path):
    """Two wells with collars and surveys: A vertical at (1000, 2000, 10), B horizontal to the East at (0, 0, 0)."""
    picks = new_picks(
        well=["A", "A", "B", "B", "B"], depth_m=[5.0, 8.0, 7.0, 9.0, 11.0],
        class_=["bedding", "fracture", "fracture", "fracture", "fracture"],
        polarity=["", "conductive", "resistive", "", ""],
        dip_true_deg=[0.0, 60.0, 90.0, 45.0, np.nan], azimuth_true_deg=[np.nan, 90.0, 10.0, 350.0, np.nan],
        status=["", "", "", "rejected", ""],
    )  # fmt: skip
    write_picks(picks, tmp_path / "f.picks.csv")
    (tmp_path / "collars.csv").write_text("well,x (m),y (m),z (m)\nA,1000,2000,10\nB,0,0,0\n")
    (tmp_path / "survey.csv").write_text("well,MD (m),INCL,AZIM_GRID\nA,0,0,0\nA,20,0,0\nB,0,90,90\nB,20,90,90\n")
    return tmp_path


def run(folder, name, collars="collars.csv", **more):
    """Convert the picks of a field; the file and the findings by kind."""
    target = folder / f"out.{name}"
    reading = ReadingOptions(survey=folder / "survey.csv")
    options = ConvertOptions(to=name, collar=folder / collars, **{"reading": reading, **more})
    return target, {finding.kind: finding for finding in convert(folder / "f.picks.csv", target, options)}


@pytest.mark.parametrize("name", ORIENTED)
def test_planes_of_two_wells(field, name):
    """Positions by hand; a level bed is a plane, rejected picks and picks without a true dip are left out and said."""
    target, findings = run(field, name)
    centre, normal = read_planes(target, name)
    at = [[1000, 2000, 5], [1000, 2000, 2], [7, 0, 0]]
    way = [[0, 0, 1], [np.sqrt(0.75), 0, 0.5], [np.sin(np.radians(10)), np.cos(np.radians(10)), 0]]
    fractures_only = name in ("fracman", "dfnworks")
    assert centre == pytest.approx(np.array(at[fractures_only:], float), abs=1e-6)
    # A vertical plane has no upper side.
    normal[-1] *= np.sign(normal[-1, 1])
    assert normal == pytest.approx(np.array(way[fractures_only:]), abs=1e-6)
    assert findings["no-dip"].severity == Severity.MAJOR
    assert "rejected-left-out" in findings
    assert ("bedding-left-out" in findings) == fractures_only


def test_sets_and_classes(field):
    """FracMan has a set a polarity, VTK the class; labels go to Leapfrog, Dips and GemPy."""
    assert read_fracman(run(field, "fracman")[0])[2] == ["Conductive fracture", "Resistive fracture"]
    assert read_vtk(run(field, "vtk")[0])[2]["fracture"] == [0, 1, 1]
    rows = list(csv.DictReader(run(field, "gempy-points")[0].open()))
    assert [row["formation"] for row in rows] == ["Bedding", "Conductive fracture", "Resistive fracture"]
    assert list(rows[0]) == ["X", "Y", "Z", "formation"]
    dips = pd.read_csv(run(field, "dips")[0])
    assert list(dips)[:2] == ["Dip", "Dip Direction"]
    assert dips["Traverse"].tolist() == ["A", "A", "B"]
    assert dips["Distance"].tolist() == [5, 8, 7]


def test_a_pick_table_gets_columns(field):
    """All picks keep their own values and get X, Y, Z and TVD, again where they had them before."""
    for _ in range(2):
        target, _ = run(field, "picks")
        table = pd.read_csv(target)
        assert table["x_m"].tolist() == [1000, 1000, 7, 9, 11]
        assert table["z_m"].tolist() == [5, 2, 0, 0, 0]
        assert table["tvd_m"].tolist() == [5, 8, 0, 0, 0]
        assert len(set(table)) == len(list(table)) == len(COLUMNS) + 5
        target.replace(field / "f.picks.csv")


def test_azimuths_are_turned_to_the_grid(field):
    """A magnetic survey is turned with the planes by the collar's angle; without that angle it is refused."""
    (field / "survey.csv").write_text((field / "survey.csv").read_text().replace("GRID", "MAG"))
    with pytest.raises(InputError):
        run(field, "leapfrog")
    (field / "turned.csv").write_text("well,x (m),y (m),z (m),azimuth_to_grid\nA,0,0,0,-90\nB,0,0,0,-90\n")
    target, findings = run(field, "leapfrog", "turned.csv")
    table = pd.read_csv(target)
    assert table["DipAzimuth"].tolist() == pytest.approx([0, 0, 280])
    assert table["North"].tolist() == pytest.approx([0, 0, 7])
    assert "azimuth-to-grid" in findings


def test_an_unnamed_north_is_reported(field):
    """The pick table does not name its north, so that the assumption is a major finding."""
    assert run(field, "vtk")[1]["north-assumed"].severity == Severity.MAJOR


def test_two_norths_are_refused(field):
    """Picks from true north and a survey from grid north lie in two frames."""
    (field / "f.picks.csv").write_text("Well,MD (m),True dip,Azimuth true north,Type\nA,5,30,40,Fracture\n")
    (field / "turned.csv").write_text("well,x (m),y (m),z (m),azimuth_to_grid\nA,0,0,0,1\n")
    with pytest.raises(InputError):
        run(field, "vtk", "turned.csv")


@pytest.mark.parametrize(("deviation", "severity"), [(0.5, Severity.MINOR), (30.0, Severity.MAJOR)])
def test_a_survey_that_is_too_short(field, deviation, severity):
    """What the survey leaves out is reported with how far aside the picks may lie."""
    rows = "".join(f"{well},{depth},{deviation},0\n" for well in "AB" for depth in (3, 4))
    (field / "survey.csv").write_text(f"well,MD (m),INCL,AZIM_GRID\n{rows}")
    assert run(field, "vtk")[1]["survey-too-short"].severity == severity


def test_a_straight_hole_needs_no_survey(field):
    """Deviation 0 is a direction; no deviation, or one without an azimuth, is none."""
    target, _ = run(field, "leapfrog", reading=ReadingOptions(deviation=0))
    assert pd.read_csv(target)["Elev"].tolist() == [5, 2, -7]
    survey = field / "survey.csv"
    for reading in (ReadingOptions(), ReadingOptions(deviation=5), ReadingOptions(deviation=0, survey=survey)):
        with pytest.raises(InputError):
            run(field, "leapfrog", reading=reading)


@pytest.mark.parametrize("name", ["techlog", "png"])
def test_a_format_without_positions_refuses_collars(field, name):
    """A table of collars would be ignored."""
    with pytest.raises(InputError):
        run(field, name)
    assert not (field / f"out.{name}").exists()


def test_a_format_of_positions_needs_collars(field):
    """And nothing is written without."""
    with pytest.raises(InputError):
        convert(field / "f.picks.csv", field / "out.vtk")
    assert not (field / "out.vtk").exists()


def test_the_page_and_the_help_list_all_formats():
    """A format that nobody can find is none."""
    page = (Path(__file__).parents[2] / "docs" / "hand-over.md").read_text()
    help_ = run_command("convert", "--help").stdout
    for name in (*DISC_FORMATS, *POINT_FORMATS):
        assert f"`{name}`" in page
        assert name in help_


def test_no_pick_left_is_refused(field):
    """A FracMan file of bedding planes alone would be empty."""
    write_picks(new_picks(well="A", depth_m=[1.0], class_="bedding", dip_true_deg=5.0), field / "f.picks.csv")
    with pytest.raises(InputError):
        run(field, "fracman")
    assert not (field / "out.fracman").exists()


def textbook_path(depth, inclination, azimuth):
    """East, north and down from depth 0, station by station, by the formulas of directional drilling."""
    i, a = np.radians(inclination), np.radians(azimuth)
    east, north, down = np.sin(i) * np.sin(a), np.sin(i) * np.cos(a), np.cos(i)
    cosine = np.cos(i[1:] - i[:-1]) - np.sin(i[1:]) * np.sin(i[:-1]) * (1 - np.cos(a[1:] - a[:-1]))
    bend = np.arccos(np.clip(cosine, -1, 1))
    factor = np.where(bend > 1e-6, 2 * np.tan(bend / 2) / np.maximum(bend, 1e-6), 1.0)
    steps = np.diff(depth) / 2 * factor
    parts = [np.r_[depth[0] * one[0], steps * (one[1:] + one[:-1])] for one in (east, north, down)]
    return np.cumsum(parts, axis=1).T


def test_real_fractures_out_and_back(tmp_path):
    """A granite well at map coordinates: all its planes come back, centres to 1 mm, normals to 1e-6."""
    table = granite_table(tmp_path)
    if table is None:
        pytest.skip("no granite well here")
    collar = tmp_path / "collars.csv"
    collar.write_text("well,x (m),y (m),z (m)\nUD1,500000,6700000,35.2\n")
    reading = ReadingOptions(survey=table, well="UD1")
    own = pd.read_csv(table, skiprows=[1]).sort_values("Measured Depth", kind="stable")
    path = textbook_path(*own[["Measured Depth", "Hole Deviation", "Hole Azimuth"]].to_numpy().T)
    centres = path * [1, 1, -1] + [500000, 6700000, 35.2]
    planes = ~own["Dip Classification"].isin(["Breakout", "Induced fracture"]).to_numpy(bool)
    truth = normals(own["True Dip Inclination"], own["True Dip Azimuth"])[planes]
    assert len(truth) >= 11_953
    placed = place(read_pick_table(table, well="UD1"), table, collar, reading).picks
    for name in ORIENTED:
        target = tmp_path / f"u.{name}"
        write_placed(placed, target, name, 1.0)
        centre, normal = read_planes(target, name)
        assert np.abs(centre - centres[planes]).max() < 1e-3
        assert np.abs(normal - truth).max() < 1e-6
