"""Records of OSDU validate against the published schemas, say their units and north, and hold what was put in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.command import run_command

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.workflows.convert import ConvertOptions, convert

jsonschema = pytest.importorskip("jsonschema")
parquet = pytest.importorskip("pyarrow.parquet")

SCHEMAS = Path(__file__).parents[1] / "data" / "osdu"
SETTINGS = """partition: opendes
wellbore: 15/9-F-14
owners: [data.default.owners@opendes.example.com]
viewers: [data.default.viewers@opendes.example.com]
legal_tags: [opendes-open]
countries: ["NO"]
vertical_reference: KB
"""
UNITS = {"m": "opendes:reference-data--UnitOfMeasure:m:", "deg": "opendes:reference-data--UnitOfMeasure:dega:"}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """Settings of a platform."""
    file = tmp_path / "osdu.yaml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image of 5 000 rows with gaps, in ohm.m, from true north."""
    pixels = np.random.default_rng(5).lognormal(size=(5000, 12)).astype(np.float32)
    pixels[7, 3] = np.nan
    words = {"well": "F-14", "reference": "north", "north": "true", "units": "ohm.m", "tool": "FMI"}
    write_netcdf(
        well_image(pixels, 2000 + 0.0025 * np.arange(5000), dynamic=pixels / 2, diameter=0.2159, **words),
        tmp_path / "F-14.nc",
    )
    return tmp_path / "F-14.nc"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four picks, one of them rejected and one without a dip, with breakouts and an interval beside them."""
    picks = new_picks(
        well="F-14", depth_m=[2001.0, 2002.0, 2003.0, 2004.0], class_=["bedding", "fracture", "fracture", "bedding"],
        dip_true_deg=[10.0, 70.0, np.nan, 5.0], azimuth_true_deg=[100.0, 350.0, np.nan, 0.0], confidence=0.8,
        source=["model 1", "Ann", "Ann", "model 1"], status=["proposed", "accepted", "accepted", "rejected"],
    )  # fmt: skip
    write_picks(picks, tmp_path / "F-14.picks.csv")
    return tmp_path / "F-14.picks.csv"


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """Three stations from true north."""
    file = tmp_path / "survey.csv"
    file.write_text("md (m),inclination (deg),azimuth true (deg)\n0,0,0\n1000,5,120\n2100,12,125\n")
    return file


def options(to: str, settings: Path | None, **reading: Any) -> ConvertOptions:
    """Options of a conversion."""
    return ConvertOptions(to=to, osdu=settings, reading=ReadingOptions(**reading))


def schema_of(record: dict[str, Any]) -> dict[str, Any]:
    """The published schema of the kind of a record, reduced to what validates (tests/data/osdu)."""
    _, _, entity, version = record["kind"].split(":")
    return dict(json.loads((SCHEMAS / f"{entity.split('--')[1]}.{version}.json").read_text()))


def undeclared(value: Any, schema: dict[str, Any], place: str = "") -> Iterator[str]:
    """Keys that a schema does not name: it lets them pass, so that a misspelt one would be lost in silence."""
    if isinstance(value, dict) and "properties" in schema:
        for key, part in value.items():
            if key not in schema["properties"]:
                yield f"{place}.{key}"
            else:
                yield from undeclared(part, schema["properties"][key], f"{place}.{key}")
    if isinstance(value, list) and "items" in schema:
        for part in value:
            yield from undeclared(part, schema["items"], f"{place}[]")


def records_of(file: Path) -> dict[str, dict[str, Any]]:
    """Records by their entity, each validated."""
    records = json.loads(file.read_text())
    for record in records:
        jsonschema.Draft7Validator(schema_of(record)).validate(record)
        assert not list(undeclared(record, schema_of(record)))
        for item in record["meta"]:
            json.loads(item["persistableReference"])
        assert record["data"]["WellboreID"] == "opendes:master-data--Wellbore:15%2F9-F-14:"
        assert record["data"]["VerticalMeasurement"] == {"VerticalReferenceID": "KB"}
        assert record["legal"] == {"legaltags": ["opendes-open"], "otherRelevantDataCountries": ["NO"]}
    return {record["kind"].split("--")[1].split(":")[0]: record for record in records}


def frames(record: dict[str, Any]) -> dict[str, str]:
    """The name of the frame of reference of each property that has one."""
    return {name: item["name"] for item in record["meta"] for name in item["propertyNames"]}


def test_an_image_is_a_well_log(image: Path, settings: Path, tmp_path: Path) -> None:
    """Curves with their units; the bulk data are the pixels to the last bit."""
    target = tmp_path / "out" / "F-14.json"
    convert(image, target, options("osdu-log", settings))
    (record,) = records_of(target).values()
    data = record["data"]
    curves = {curve["CurveID"]: curve for curve in data["Curves"]}
    assert {name: curve["NumberOfColumns"] for name, curve in curves.items()} == {
        "MD": 1, "IMAGE": 12, "DYNAMIC": 12, "DIAMETER": 1
    }  # fmt: skip
    assert curves["IMAGE"]["CurveUnit"] == "opendes:reference-data--UnitOfMeasure:ohm.m:"
    assert curves["MD"]["CurveUnit"] == curves["DIAMETER"]["CurveUnit"] == UNITS["m"]
    assert (data["SamplingStart"], data["SamplingStop"]) == (2000.0, 2000 + 0.0025 * 4999)
    assert data["IsRegular"]
    assert data["SamplingInterval"] == pytest.approx(0.0025)
    assert frames(record)["SamplingStart"] == "m"
    extension = data["ExtensionProperties"]["geobfdt"]
    assert (extension["reference"], extension["north"], extension["tool"]) == ("north", "true", "FMI")
    assert extension["azimuth_deg"] == [15.0 + 30 * i for i in range(12)]

    expected = np.random.default_rng(5).lognormal(size=(5000, 12)).astype(np.float32)
    expected[7, 3] = np.nan
    bulk = parquet.read_table(target.with_name(extension["bulk"])).to_pandas()
    np.testing.assert_array_equal(bulk["MD"], 2000 + 0.0025 * np.arange(5000))
    np.testing.assert_array_equal(bulk[[f"IMAGE[{i}]" for i in range(12)]].to_numpy(), expected)
    np.testing.assert_array_equal(bulk[[f"DYNAMIC[{i}]" for i in range(12)]].to_numpy(), expected / 2)
    columns = {name if f"{name}[0]" not in bulk else f"{name}[0]" for name in curves}
    assert columns <= set(bulk)


def test_picks_are_markers(table: Path, settings: Path, survey: Path, tmp_path: Path) -> None:
    """A marker each with depth, dip and azimuth; the bulk data are the table; the survey is a trajectory."""
    target = tmp_path / "F-14.json"
    findings = convert(table, target, options("osdu-picks", settings, north="true", survey=survey))
    assert {"rejected-left-out", "no-dip", "osdu-records-written"} <= {finding.kind for finding in findings}
    records = records_of(target)
    assert set(records) == {"WellboreMarkerSet", "WellboreTrajectory"}
    markers = records["WellboreMarkerSet"]["data"]["Markers"]
    assert markers == [
        {"MarkerID": "0", "MarkerName": "bedding", "FeatureName": "bedding", "MarkerMeasuredDepth": 2001.0,
         "SurfaceDipAngle": 10.0, "SurfaceDipAzimuth": 100.0, "MarkerInterpreter": "model 1"},
        {"MarkerID": "1", "MarkerName": "fracture", "FeatureName": "fracture", "MarkerMeasuredDepth": 2002.0,
         "SurfaceDipAngle": 70.0, "SurfaceDipAzimuth": 350.0, "MarkerInterpreter": "Ann"},
        {"MarkerID": "2", "MarkerName": "fracture", "FeatureName": "fracture", "MarkerMeasuredDepth": 2003.0,
         "MarkerInterpreter": "Ann"},
    ]  # fmt: skip
    assert frames(records["WellboreMarkerSet"])["Markers[].MarkerMeasuredDepth"] == "m"
    assert frames(records["WellboreMarkerSet"])["Markers[].SurfaceDipAzimuth"] == "TrueNorth"
    units = {one["Name"]: one.get("MarkerPropertyUnitID")
             for one in records["WellboreMarkerSet"]["data"]["AvailableMarkerProperties"]}  # fmt: skip
    assert (units["depth_m"], units["dip_true_deg"], units["confidence"]) == (UNITS["m"], UNITS["deg"], None)
    bulk = pd.read_parquet(tmp_path / "F-14.WellboreMarkerSet.parquet")
    assert list(bulk) == list(units)
    assert bulk["confidence"].tolist() == [0.8] * 3

    path = records["WellboreTrajectory"]["data"]
    assert (path["TopDepthMeasuredDepth"], path["BaseDepthMeasuredDepth"]) == (0.0, 2100.0)
    assert path["AzimuthReferenceType"] == "opendes:reference-data--AzimuthReferenceType:TrueNorth:"
    assert [one["StationPropertyUnitID"] for one in path["AvailableTrajectoryStationProperties"]] == [
        UNITS["m"], UNITS["deg"], UNITS["deg"]
    ]  # fmt: skip
    stations = pd.read_parquet(tmp_path / "F-14.WellboreTrajectory.parquet")
    assert stations.to_dict("list") == {
        "MD": [0.0, 1000.0, 2100.0], "Inclination": [0.0, 5.0, 12.0], "AzimuthTN": [0.0, 120.0, 125.0]
    }  # fmt: skip


def test_what_is_no_plane_is_an_interval(settings: Path, tmp_path: Path) -> None:
    """Breakouts of an interpreter's table, with their azimuth in the bulk data."""
    table = tmp_path / "t.csv"
    table.write_text(
        "Well;MD;True dip;True azimuth;Height;Type\n;m;deg;deg;m;\nA;1000;30;170;0.1;CCF\n"
        "A;1010;80;90;2;Breakout\nA;1020;80;91;1;Induced fracture\n"
    )
    convert(table, tmp_path / "A.json", options("osdu-picks", settings, north="true"))
    records = records_of(tmp_path / "A.json")
    intervals = records["WellboreIntervalSet"]["data"]["Intervals"]
    assert [(one["StartMeasuredDepth"], one["StopMeasuredDepth"]) for one in intervals] == [
        (1009.0, 1011.0), (1019.5, 1020.5)
    ]  # fmt: skip
    assert frames(records["WellboreIntervalSet"])["Intervals[].StartMeasuredDepth"] == "m"
    bulk = pd.read_parquet(tmp_path / "A.WellboreIntervalSet.parquet")
    assert bulk["class_source"].tolist() == ["Breakout", "Induced fracture"]
    assert len(bulk) == len(intervals)


def test_the_same_input_gives_the_same_records(table: Path, settings: Path, tmp_path: Path) -> None:
    """Records keep their ids, so that a later export is a new version of them."""
    contents = []
    for folder in ("a", "b"):
        convert(table, tmp_path / folder / "F-14.json", options("osdu-picks", settings, north="true"))
        contents.append({file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()})
    assert contents[0] == contents[1]
    convert(table, tmp_path / "c" / "other.json", options("osdu-picks", settings, north="true"))
    ids = [json.loads((tmp_path / place).read_text())[0]["id"] for place in ("a/F-14.json", "c/other.json")]
    assert len(set(ids)) == 2


def without(key: str) -> str:
    """The settings without one of them."""
    return "".join(line for line in SETTINGS.splitlines(keepends=True) if not line.startswith(f"{key}:"))


@pytest.mark.parametrize(
    "text",
    [*(without(line.split(":")[0]) for line in SETTINGS.splitlines()), SETTINGS.replace("NO", "Norway"),
     SETTINGS.replace("@opendes.example.com", ""), SETTINGS.replace("opendes\n", "open des\n", 1),
     SETTINGS + "colour: red\n"],
)  # fmt: skip
def test_settings_that_are_missing_or_wrong(text: str, table: Path, tmp_path: Path) -> None:
    """Each setting is needed and checked, and nothing is written."""
    (tmp_path / "osdu.yaml").write_text(text)
    with pytest.raises(InputError):
        convert(table, tmp_path / "out" / "F-14.json", options("osdu-picks", tmp_path / "osdu.yaml", north="true"))
    assert not (tmp_path / "out").exists()


def no_settings(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """No settings file is given."""
    convert(table, folder / "a.json", options("osdu-picks", None, north="true"))


def settings_of_another_format(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Settings are given for a format that has no use for them."""
    convert(table, folder / "a.csv", options("picks", settings, north="true"))


def unknown_north(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Nothing says which north the azimuths are from."""
    convert(table, folder / "a.json", options("osdu-picks", settings))


def grid_north_without_crs(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Grid north of no reference system."""
    convert(table, folder / "a.json", options("osdu-picks", settings, north="grid"))


def survey_without_north(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """The survey does not name its north."""
    (folder.parent / "s.csv").write_text("md (m),inclination (deg),azimuth (deg)\n0,0,0\n2100,12,125\n")
    convert(table, folder / "a.json", options("osdu-picks", settings, north="true", survey=folder.parent / "s.csv"))


def magnetic_survey(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """The standard has no property for magnetic azimuths."""
    (folder.parent / "s.csv").write_text("md (m),inclination (deg),azimuth magnetic (deg)\n0,0,0\n2100,12,125\n")
    convert(table, folder / "a.json", options("osdu-picks", settings, north="true", survey=folder.parent / "s.csv"))


def image_without_unit(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Pixels without a unit."""
    words = {"reference": "north", "north": "true"}
    write_netcdf(well_image(np.eye(9, 8), 10 + np.arange(9.0), **words), image)
    convert(image, folder / "a.json", options("osdu-log", settings))


def image_without_reference(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Nothing says where image angle 0 points."""
    write_netcdf(well_image(np.eye(9, 8), 10 + np.arange(9.0), units="ohm.m", north="true"), image)
    convert(image, folder / "a.json", options("osdu-log", settings))


def image_without_north(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Angles from a north that is not named."""
    write_netcdf(well_image(np.eye(9, 8), 10 + np.arange(9.0), units="ohm.m", reference="north"), image)
    convert(image, folder / "a.json", options("osdu-log", settings))


def two_wells(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Picks of two wells."""
    write_picks(new_picks(well=["A", "B"], depth_m=[1.0, 2.0], class_="bedding"), table)
    convert(table, folder / "a.json", options("osdu-picks", settings, north="true"))


def no_pick(image: Path, table: Path, settings: Path, folder: Path) -> None:
    """Nothing but rejected picks."""
    write_picks(new_picks(well="A", depth_m=[1.0], class_="bedding", status="rejected"), table)
    convert(table, folder / "a.json", options("osdu-picks", settings, north="true"))


REFUSALS = [
    no_settings, settings_of_another_format, unknown_north, grid_north_without_crs, survey_without_north,
    magnetic_survey, image_without_unit, image_without_reference, image_without_north, two_wells, no_pick,
]  # fmt: skip


@pytest.mark.parametrize("attempt", REFUSALS, ids=lambda one: one.__name__)
def test_what_is_not_known_is_refused(
    attempt: Callable[..., None], image: Path, table: Path, settings: Path, tmp_path: Path
) -> None:
    """And nothing is written."""
    with pytest.raises(InputError):
        attempt(image, table, settings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_grid_north_names_its_reference_system(table: Path, tmp_path: Path) -> None:
    """The trajectory holds the key of the settings."""
    (tmp_path / "osdu.yaml").write_text(SETTINGS + "crs: Projected:EPSG::32631\n")
    (tmp_path / "s.csv").write_text("md (m),inclination (deg),azimuth grid (deg)\n0,0,0\n2100,12,125\n")
    read = {"north": "grid", "survey": tmp_path / "s.csv"}
    convert(table, tmp_path / "F-14.json", options("osdu-picks", tmp_path / "osdu.yaml", **read))
    records = records_of(tmp_path / "F-14.json")
    path = records["WellboreTrajectory"]["data"]
    assert path["ProjectedCRSID"] == "opendes:reference-data--CoordinateReferenceSystem:Projected:EPSG::32631:"
    assert frames(records["WellboreMarkerSet"])["Markers[].SurfaceDipAzimuth"] == "GridNorth"
    assert "AzimuthGN" in pd.read_parquet(tmp_path / "F-14.WellboreTrajectory.parquet")


def test_schemas_refuse_what_is_wrong(table: Path, settings: Path, tmp_path: Path) -> None:
    """The validation above can fail."""
    convert(table, tmp_path / "F-14.json", options("osdu-picks", settings, north="true"))
    record = json.loads((tmp_path / "F-14.json").read_text())[0]
    validator = jsonschema.Draft7Validator(schema_of(record))
    wrong = [
        {**record, "data": {**record["data"], "WellboreID": "A-1"}},
        {**record, "data": {**record["data"], "Markers": [{"MarkerMeasuredDepth": "2001 m"}]}},
        {**record, "meta": [{"kind": "Unit", "name": "m"}]},
        {key: value for key, value in record.items() if key != "acl"},
        {**record, "extra": 1},
    ]
    assert validator.is_valid(record)
    assert not any(validator.is_valid(one) for one in wrong)
    assert list(undeclared({**record["data"], "Marker": []}, schema_of(record)["properties"]["data"])) == [".Marker"]


def test_foreign_bulk_data_are_not_written_over(table: Path, settings: Path, tmp_path: Path) -> None:
    """A Parquet file that the user did not name stays."""
    beside = tmp_path / "F-14.WellboreMarkerSet.parquet"
    beside.write_bytes(b"mine")
    with pytest.raises(InputError):
        convert(table, tmp_path / "F-14.json", options("osdu-picks", settings, north="true"))
    assert beside.read_bytes() == b"mine"
    assert not (tmp_path / "F-14.json").exists()


def test_by_the_command_line(table: Path, settings: Path, tmp_path: Path) -> None:
    """The same by ``geobfdt convert``."""
    words = ["convert", str(table), str(tmp_path / "F-14.json"), "--to", "osdu-picks", "--osdu", str(settings)]
    assert run_command(*words, "--north", "true").returncode == 0
    assert set(records_of(tmp_path / "F-14.json")) == {"WellboreMarkerSet"}
    assert run_command(*words[:-2]).returncode == 1
