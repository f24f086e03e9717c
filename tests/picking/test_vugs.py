"""Vugs against ellipses that are drawn on walls by hand: size, shape, place, and what is no vug."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter
from tests.command import run_command

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.vugs import Vugs, find_vugs
from geobfdt.runtime.findings import InputError, findings_from_json
from geobfdt.wells.breakouts import new_breakouts
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import PickTable, new_picks, write_picks
from geobfdt.wells.vugs import COLUMNS, TRACKS, new_vugs, read_vug_tracks, read_vugs, write_vug_tracks, write_vugs

RADIUS, STEP, COLUMNS_OF_TURN = 0.108, 0.0025, 270
ARC = 2 * np.pi * RADIUS / COLUMNS_OF_TURN
DEPTH = 1001 + STEP * np.arange(900)
ANGLE = (np.arange(COLUMNS_OF_TURN) + 0.5) * 360 / COLUMNS_OF_TURN
NO_PICKS = new_picks()


def wall(seed: int = 0) -> np.ndarray:
    """Rock with fine texture, 10 grey levels of standard deviation about 150."""
    rng = np.random.default_rng(seed)
    return 150 + 10 * gaussian_filter(rng.normal(size=(DEPTH.size, ANGLE.size)), 1.0, mode="wrap") * 3.5


def draw(
    pixels: np.ndarray, depth: float, angle: float, length: float, width: float, tilt: float = 0.0, level: float = 100.0
) -> float:
    """Darken an ellipse (m) and return its area (mm2); `tilt` is the angle of its length from the hole (deg)."""
    dz = DEPTH[:, None] - depth
    dx = np.radians((ANGLE - angle + 180) % 360 - 180)[None, :] * RADIUS
    t = np.radians(tilt)
    along, aside = dz * np.cos(t) + dx * np.sin(t), -dz * np.sin(t) + dx * np.cos(t)
    inside = ((2 * along / length) ** 2 + (2 * aside / width) ** 2 <= 1).astype(float)
    pixels -= level * gaussian_filter(inside, (0.002 / STEP, 0.002 / ARC), mode=("nearest", "wrap"))
    return float(np.pi / 4 * length * width * 1e6)


def image_of(pixels: np.ndarray, **attributes: Any) -> WellImage:
    """A well of the pixels."""
    hole = {"diameter": 2 * RADIUS, "deviation": 0.0, "hole_azimuth": 0.0}
    words = {"reference": "north", "well": "A", "source": "A.nc", **attributes}
    return well_image(pixels, DEPTH, ANGLE, **hole, **words)


def plane(depth: float, dip: float, azimuth: float, class_: str = "fracture") -> PickTable:
    """One pick."""
    amplitude = RADIUS * np.tan(np.radians(dip))
    words = {"azimuth_app_deg": azimuth, "dip_app_deg": dip, "amplitude_m": amplitude, "diameter_m": 2 * RADIUS}
    return new_picks(well="A", depth_m=[depth], class_=class_, reference="north", **words)


def sole(result: Vugs) -> pd.Series[Any]:
    """The only vug."""
    assert len(result.table) == 1
    return result.table.iloc[0]


@pytest.mark.parametrize(
    ("length", "width", "tilt"), [(0.03, 0.03, 0), (0.06, 0.025, 30), (0.06, 0.02, -70), (0.018, 0.015, 0)]
)
@pytest.mark.parametrize(("dark", "angle"), [("low", 100.0), ("high", 359.5)])
def test_size_shape_and_place(length: float, width: float, tilt: float, dark: str, angle: float) -> None:
    """Area within 10 percent, centre within 1 mm, also across image angle 0 and where high values are dark."""
    pixels = wall()
    area = draw(pixels, 1002.0, angle, length, width, tilt)
    vug = sole(find_vugs(image_of(pixels if dark == "low" else -pixels, dark=dark), NO_PICKS))
    assert vug["area_mm2"] == pytest.approx(area, rel=0.10)
    assert vug["depth_m"] == pytest.approx(1002.0, abs=1.5e-3)
    assert abs((vug["azimuth_app_deg"] - angle + 180) % 360 - 180) < 1.0
    assert vug["azimuth_true_deg"] == pytest.approx(vug["azimuth_app_deg"])
    assert vug["diameter_mm"] == pytest.approx(np.sqrt(4 * area / np.pi), rel=0.05)
    if length / width > 1.5:
        assert vug["aspect"] == pytest.approx(length / width, rel=0.15)
        assert vug["orientation_deg"] == pytest.approx(tilt, abs=6)
    assert vug["source"].endswith("experimental")


def test_bare_rock_has_none() -> None:
    """Texture alone: nothing, or a speck."""
    assert find_vugs(image_of(wall(3)), NO_PICKS).tracks["area_share_pct"].max() < 0.02


def test_a_picked_plane_is_no_vug() -> None:
    """A patchy dark fracture, with a vug well beside it; a plane that somebody rejected does not count."""
    pixels = wall()
    trace = 1002.0 + RADIUS * np.tan(np.radians(50)) * np.cos(np.radians(ANGLE - 120))
    line = np.exp(-0.5 * ((DEPTH[:, None] - trace) / 0.004) ** 2)
    pixels -= 100 * line * (np.sin(np.radians(7 * ANGLE)) > 0)
    area = draw(pixels, 1002.7, 200.0, 0.03, 0.03)
    pick = plane(1002.0, 50.0, 120.0)
    rejected = PickTable(pick.assign(status="rejected"))
    bare = find_vugs(image_of(pixels), NO_PICKS).table
    assert len(bare) > 1
    assert len(find_vugs(image_of(pixels), rejected).table) == len(bare)
    result = find_vugs(image_of(pixels), pick)
    assert sole(result)["area_mm2"] == pytest.approx(area, rel=0.1)
    assert result.tracks["searched_m2"].sum() < find_vugs(image_of(pixels), NO_PICKS).tracks["searched_m2"].sum()


def test_dark_beds_and_dead_buttons_are_none() -> None:
    """A dipping dark bed between picked contacts, and a line one column wide."""
    pixels = wall()
    shape = RADIUS * np.tan(np.radians(40)) * np.cos(np.radians(ANGLE - 30))
    pixels[(DEPTH[:, None] > 1001.5 + shape) & (DEPTH[:, None] < 1002.1 + shape)] -= 90
    picks = pd.concat([plane(z, 40.0, 30.0, "bedding") for z in (1001.5, 1002.1)], ignore_index=True)
    pixels[100:500, 17] = 20
    assert find_vugs(image_of(pixels), PickTable(picks)).table.empty


def test_breakouts_are_none() -> None:
    """Dark lobes on both sides of the hole; a vug at another angle is one."""
    pixels = wall()
    for middle in (80.0, 260.0):
        away = np.abs((ANGLE - middle + 180) % 360 - 180)
        pixels[200:260, away < 11] -= 90
    area = draw(pixels, 1001.7, 170.0, 0.03, 0.03)
    lobes = new_breakouts(
        well="A", top_m=DEPTH[200], base_m=DEPTH[259], class_="breakout", azimuth_app_deg=[80.0, 260.0], width_deg=22.0
    )
    assert len(find_vugs(image_of(pixels), NO_PICKS).table) > 1
    assert sole(find_vugs(image_of(pixels), NO_PICKS, lobes))["area_mm2"] == pytest.approx(area, rel=0.1)


def test_pads() -> None:
    """Dark edges of pads are none; a vug in the middle of a pad is one, and the wall of the pads is searched."""
    pixels = wall()
    pad = np.arange(COLUMNS_OF_TURN) % 45
    pixels[:, pad == 1] -= 80
    pixels[:, pad >= 30] = np.nan
    area = draw(pixels, 1002.0, float(ANGLE[45 * 2 + 15]), 0.03, 0.02)
    result = find_vugs(image_of(pixels), NO_PICKS)
    assert sole(result)["area_mm2"] == pytest.approx(area, rel=0.15)
    on_pads = 26 * 6 * ARC * STEP * DEPTH.size
    assert result.tracks["searched_m2"].sum() == pytest.approx(on_pads, rel=0.01)


def test_logarithms_of_resistivity() -> None:
    """Vugs of a resistivity over three decades have the area of their outline."""
    pixels = wall()
    area = draw(pixels, 1002.0, 100.0, 0.03, 0.03)
    result = find_vugs(image_of(10 ** (pixels / 40), units="ohm.m"), NO_PICKS)
    assert sole(result)["area_mm2"] == pytest.approx(area, rel=0.1)


def test_tracks() -> None:
    """Six curves by hand: three vugs in one window, none in the next."""
    pixels = wall()
    areas = [draw(pixels, 1001.2 + 0.3 * i, 40.0 + 100 * i, 0.02 + 0.01 * i, 0.02 + 0.01 * i) for i in range(3)]
    result = find_vugs(image_of(pixels), NO_PICKS)
    tracks = result.tracks
    assert tracks[["top_m", "base_m"]].to_numpy().tolist() == [[1000.0, 1002.0], [1002.0, 1004.0]]
    searched = 2 * np.pi * RADIUS * 1.0  # The image begins at 1001 m.
    first, second = tracks.iloc[0], tracks.iloc[1]
    assert first["searched_m2"] == pytest.approx(searched, rel=0.01)
    assert first["count_per_m2"] == pytest.approx(3 / searched, rel=0.01)
    assert first["area_share_pct"] == pytest.approx(100 * sum(areas) * 1e-6 / searched, rel=0.1)
    assert first["mean_diameter_mm"] == pytest.approx(30, rel=0.05)
    assert first["largest_diameter_mm"] == pytest.approx(40, rel=0.05)
    assert first["mean_aspect"] == pytest.approx(result.table["aspect"].mean())
    assert first["turn_share_pct"] == pytest.approx(100 * 3 / 36)
    assert (second["count_per_m2"], second["area_share_pct"], second["turn_share_pct"]) == (0.0, 0.0, 0.0)
    assert np.isnan(second[["mean_diameter_mm", "largest_diameter_mm", "mean_aspect"]].to_numpy(float)).all()


def test_strips_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vug at a seam of strips is found once."""
    pixels = wall()
    for number, depth in enumerate((1001.5, 1001.99, 1002.0, 1002.52)):
        draw(pixels, depth, 80.0 * number, 0.03, 0.03)
    whole = find_vugs(image_of(pixels), NO_PICKS)
    monkeypatch.setattr("geobfdt.picking.vugs._STRIP_M", 0.75)
    cut = find_vugs(image_of(pixels), NO_PICKS)
    assert len(whole.table) == len(cut.table) == 4
    np.testing.assert_allclose(cut.table["area_mm2"], whole.table["area_mm2"], rtol=0.1)
    np.testing.assert_allclose(cut.tracks["searched_m2"], whole.tracks["searched_m2"], rtol=1e-6)


@pytest.mark.parametrize("pixels", [np.full((900, 270), 5.0), np.where(np.eye(900, 270) > 0, 5.0, np.nan)])
def test_images_that_show_nothing(pixels: np.ndarray) -> None:
    """A constant wall and one of single pixels have no vugs and do not fail."""
    assert find_vugs(image_of(pixels), NO_PICKS).table.empty


def test_tables_come_back(tmp_path: Path) -> None:
    """Both tables survive a round trip; foreign ones are refused."""
    pixels = wall()
    draw(pixels, 1002.0, 100.0, 0.03, 0.02, 30)
    result = find_vugs(image_of(pixels), NO_PICKS)
    write_vugs(result.table, tmp_path / "v.csv")
    write_vug_tracks(result.tracks, tmp_path / "t.csv")
    pd.testing.assert_frame_equal(read_vugs(tmp_path / "v.csv"), result.table, atol=1e-5)
    pd.testing.assert_frame_equal(read_vug_tracks(tmp_path / "t.csv"), result.tracks, atol=1e-5)
    assert list(new_vugs()) == list(COLUMNS)
    assert list(result.tracks) == list(TRACKS)
    with pytest.raises(InputError):
        read_vugs(tmp_path / "t.csv")
    with pytest.raises(InputError):
        read_vug_tracks(tmp_path / "v.csv")


def test_command(tmp_path: Path) -> None:
    """Files and finding of ``geobfdt vugs``; a table with a person's decisions is not written over."""
    pixels = wall()
    draw(pixels, 1002.0, 100.0, 0.03, 0.02, 30)
    write_netcdf(image_of(pixels), tmp_path / "A.nc")
    write_picks(plane(1002.7, 10.0, 0.0), tmp_path / "A.picks.csv")
    words = ["vugs", tmp_path / "A.nc", "--out", tmp_path / "out", "--picks", tmp_path / "A.picks.csv"]
    assert run_command(*words).returncode == 0
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "A.vugs.csv", "A.vug-tracks.csv", "A.vug-findings.json"
    }  # fmt: skip
    findings = findings_from_json((tmp_path / "out" / "A.vug-findings.json").read_text())
    assert "vugs-experimental" in {finding.kind for finding in findings}
    before = read_vugs(tmp_path / "out" / "A.vugs.csv")
    assert len(before) == 1
    assert run_command(*words).returncode == 0
    write_vugs(before.assign(status="accepted"), tmp_path / "out" / "A.vugs.csv")
    assert run_command(*words).returncode == 1
    assert read_vugs(tmp_path / "out" / "A.vugs.csv")["status"].tolist() == ["accepted"]
    assert run_command("vugs", tmp_path / "none.nc", "--out", tmp_path / "o").returncode == 1


def test_planes_are_picked_where_none_are_given(tmp_path: Path) -> None:
    """A fracture that the picker finds is no vug."""
    pixels = wall()
    trace = 1002.0 + RADIUS * np.tan(np.radians(50)) * np.cos(np.radians(ANGLE - 120))
    pixels -= 100 * np.exp(-0.5 * ((DEPTH[:, None] - trace) / 0.004) ** 2) * (np.sin(np.radians(7 * ANGLE)) > -0.5)
    draw(pixels, 1002.7, 200.0, 0.03, 0.03)
    write_netcdf(image_of(pixels), tmp_path / "A.nc")
    assert run_command("vugs", tmp_path / "A.nc", "--out", tmp_path / "out", "--method", "hough").returncode == 0
    assert read_vugs(tmp_path / "out" / "A.vugs.csv")["depth_m"].round(1).tolist() == [1002.7]
