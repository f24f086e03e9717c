"""Azimuths from one north to another: exact in every hole, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geobfdt import geometry
from geobfdt.io.images.files import read
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.north import NorthTurn, north_turn, turn_image, turn_picks, turn_table
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import complete, new_picks, read_picks, write_picks
from geobfdt.workflows.convert import ConvertOptions, convert
from geobfdt.workflows.ingest import IngestOptions, ingest

COLUMNS = 180


def hole(deviation: Any, azimuth: Any, reference: str = "north", **attributes: Any) -> WellImage:
    """Four metres of a hole with one dark plane: true dip 50 degrees to 120 degrees, azimuths from magnetic north."""
    depth = 100 + 0.01 * np.arange(400)
    angles = (np.arange(COLUMNS) + 0.5) * 360 / COLUMNS
    dip, direction = geometry.apparent_from_true(
        np.full(400, 50.0),
        np.full(400, 120.0),
        np.broadcast_to(deviation, 400),
        np.broadcast_to(azimuth, 400),
        reference,
    )
    curve = 102 + 0.1 * np.tan(np.radians(dip[:, None])) * np.cos(np.radians(angles - direction[:, None]))
    pixels = -np.exp(-(((depth[:, None] - curve) / 0.02) ** 2))
    attributes = {"well": "A", "north": "magnetic", "declination": 10.0} | attributes
    return well_image(
        pixels,
        depth,
        angles,
        diameter=0.2,
        deviation=deviation,
        hole_azimuth=azimuth,
        reference=reference,
        **attributes,
    )


def dip_direction(image: WellImage) -> float:
    """True azimuth of the dark plane, from the deepest point of its trace on the pixels."""
    rows = image["image"].values.argmin(0)
    line = image.depth.values[rows]
    t = np.radians(image.azimuth.values)
    design = np.stack([np.ones_like(t), np.cos(t), np.sin(t)], 1)
    trace = np.linalg.lstsq(design, line, rcond=None)[0]
    amplitude, apparent = geometry.amplitude_azimuth(trace)
    middle = int(np.searchsorted(image.depth.values, 102))
    _, azimuth = geometry.true_from_apparent(
        geometry.apparent_dip(amplitude, 0.2), apparent, image.deviation.values[middle],
        image.hole_azimuth.values[middle], image.attrs["reference"],
    )  # fmt: skip
    return float(azimuth)


@pytest.mark.parametrize("reference", ["north", "high_side", "pseudo_north"])
@pytest.mark.parametrize(("deviation", "azimuth"), [(2.0, 30.0), (35.0, 200.0), (60.0, 95.0)])
def test_the_plane_on_the_pixels_turns(reference: str, deviation: float, azimuth: float) -> None:
    """Its true azimuth is ten degrees more, whatever the hole and the reference of the image."""
    image = hole(deviation, azimuth, reference)
    assert dip_direction(image) == pytest.approx(120, abs=1)
    turned = turn_image(image, NorthTurn("magnetic", "true", 10.0))
    assert dip_direction(turned) == pytest.approx(130, abs=1)
    assert turned.attrs["north"] == "true"
    assert turned.hole_azimuth.values[0] == pytest.approx((azimuth + 10) % 360)
    assert [f.kind for f in turned.attrs["findings"]] == ["north-turned"]


def test_a_hole_that_bends_turns_row_by_row() -> None:
    """The wall turns by another angle at each depth; the plane comes back to half a column."""
    image = hole(np.linspace(20, 60, 400), 100.0)
    turned = turn_image(image, NorthTurn("magnetic", "true", 10.0))
    assert dip_direction(turned) == pytest.approx(dip_direction(image) + 10, abs=1.5)


@pytest.mark.parametrize("reference", ["north", "high_side", "pseudo_north"])
def test_picks_turn_with_their_image(reference: str) -> None:
    """Apparent and true azimuths of turned picks belong to one plane of the turned hole."""
    image = hole(40.0, 250.0, reference)
    sound = new_picks(
        well="A", depth_m=[101.0, 102.0], class_="fracture", dip_true_deg=[50.0, 20.0], azimuth_true_deg=[120.0, 355.0]
    )
    picks, _ = complete(sound, image)
    turn = NorthTurn("magnetic", "true", 10.0)
    turned = turn_picks(picks, image, turn)
    again, _ = complete(turned.assign(dip_true_deg=np.nan, azimuth_true_deg=np.nan), turn_image(image, turn))
    assert again["azimuth_true_deg"].tolist() == pytest.approx([130.0, 5.0])
    assert turned["azimuth_true_deg"].tolist() == pytest.approx([130.0, 5.0])


@pytest.mark.parametrize(
    ("source", "target", "angle"),
    [("magnetic", "true", 4.0), ("magnetic", "grid", 2.5), ("true", "grid", -1.5), ("grid", "true", 1.5),
     ("true", "true", 0.0)],
)  # fmt: skip
def test_angles(source: str, target: Any, angle: float) -> None:
    """Declination 4 and convergence 1.5 degrees, both to the east."""
    assert north_turn("a", source, target, declination=4.0, convergence=1.5).angle == angle


@pytest.mark.parametrize(
    ("source", "target"), [("unknown", "true"), ("magnetic", "true"), ("magnetic", "grid"), ("true", "grid")]
)
def test_what_is_not_known_is_refused(source: str, target: Any) -> None:
    """No north, no declination, no convergence."""
    with pytest.raises(InputError):
        north_turn("a", source, target, declination=np.nan, convergence=None)


def test_an_unknown_hole_is_refused() -> None:
    """Angles from north turn with the hole."""
    for image in (
        hole(2.0, 30.0).assign(deviation=("depth", np.full(400, np.nan))),
        hole(2.0, 3.0).assign_attrs(reference="unknown"),
    ):
        with pytest.raises(InputError):
            turn_image(image, NorthTurn("magnetic", "true", 10.0))


def test_a_table_without_a_hole() -> None:
    """True azimuths turn; apparent ones only where the hole does not matter."""
    rows = {"dip_app_deg": 40.0, "dip_true_deg": 40.0, "azimuth_app_deg": 355.0, "azimuth_true_deg": 355.0}
    deviated = rows | {"azimuth_app_deg": 340.0}
    for values, reference, expected in (
        (rows, "north", 5.0), (rows, "", 5.0), (deviated, "north", np.nan), (deviated, "", np.nan),
        (deviated, "high_side", 340.0), (deviated, "pseudo_north", 350.0),
    ):  # fmt: skip
        picks = new_picks(depth_m=[1.0], class_="fracture", reference=reference, **values)
        turned, _ = turn_table(picks, NorthTurn("magnetic", "true", 10.0), "a.csv")
        assert turned["azimuth_true_deg"].tolist() == [5.0]
        assert turned["azimuth_app_deg"].tolist() == pytest.approx([expected], nan_ok=True)


def test_ingest_turns_image_and_picks(tmp_path: Path) -> None:
    """A field to true north, whose manifest says so; again to true north is no turn."""
    write_netcdf(hole(35.0, 200.0), tmp_path / "a.nc")
    picks = new_picks(well="A", depth_m=[102.0], class_="fracture", dip_true_deg=50.0, azimuth_true_deg=120.0)
    write_picks(picks, tmp_path / "picks.csv")
    options = IngestOptions(picks=tmp_path / "picks.csv", to_north="true")
    ingest([tmp_path / "a.nc"], tmp_path / "field", options)
    with read(tmp_path / "field" / "A.nc") as image:
        assert dip_direction(image) == pytest.approx(130, abs=1)
        assert image.attrs["north"] == "true"
    assert read_picks(tmp_path / "field" / "A.picks.csv")["azimuth_true_deg"].tolist() == pytest.approx([130.0])
    manifest = json.loads((tmp_path / "field" / "manifest.json").read_text())
    assert manifest["wells"]["A"]["options"]["to_north"] == "true"
    ingest([tmp_path / "field" / "A.nc"], tmp_path / "again", IngestOptions(to_north="true"))
    with read(tmp_path / "again" / "A.nc") as image:
        assert dip_direction(image) == pytest.approx(130, abs=1)


def test_the_user_states_north_and_declination(tmp_path: Path) -> None:
    """A file without them is refused until both are given."""
    write_netcdf(hole(2.0, 30.0, north="unknown", declination=np.nan), tmp_path / "a.nc")
    for options in ({}, {"north": "magnetic"}, {"declination": 10.0}):
        with pytest.raises(InputError):
            convert(tmp_path / "a.nc", tmp_path / "b.nc", ConvertOptions(to_north="true", reading=options))
    reading = ReadingOptions(north="magnetic", declination=10.0)
    convert(tmp_path / "a.nc", tmp_path / "b.nc", ConvertOptions(to_north="true", reading=reading))
    with read(tmp_path / "b.nc") as image:
        assert dip_direction(image) == pytest.approx(130, abs=1)


def test_a_survey_from_an_unknown_north_is_refused(tmp_path: Path) -> None:
    """Its azimuths would turn with those of the image."""
    write_netcdf(hole(2.0, 30.0), tmp_path / "a.nc")
    (tmp_path / "s.csv").write_text("MD,Inclination,Azimuth\nm,deg,deg\n90,2,30\n110,2,30\n")
    with pytest.raises(InputError):
        convert(
            tmp_path / "a.nc",
            tmp_path / "b.nc",
            ConvertOptions(to_north="true", reading={"survey": tmp_path / "s.csv"}),
        )


def test_a_table_is_turned_by_its_own_north(tmp_path: Path) -> None:
    """A column of magnetic azimuths, and one that does not say its north."""
    (tmp_path / "t.csv").write_text("Well,MD,True dip,Azimuth (magnetic),Type\n,m,deg,deg,\nA,1000,30,355,CCF\n")
    reading = ReadingOptions(declination=10.0)
    convert(tmp_path / "t.csv", tmp_path / "p.csv", ConvertOptions(to="picks", to_north="true", reading=reading))
    assert read_pick_table(tmp_path / "p.csv").picks["azimuth_true_deg"].tolist() == pytest.approx([5.0])
    with pytest.raises(InputError):
        convert(tmp_path / "t.csv", tmp_path / "q.csv", ConvertOptions(to="picks", to_north="true"))
