"""The verb from file to file: radius image, table, surface, amplitudes, and picks with the measured diameter."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tests.command import run_command

from geobfdt.io.images.files import read
from geobfdt.io.write.hole_surface import write_hole_vtk
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.travel_time import SimulatedTravelTime, TravelTimeSettings, simulate_travel_time
from geobfdt.wells.caliper import read_caliper, write_caliper
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import new_picks, read_picks, write_picks
from geobfdt.workflows.caliper import CaliperOptions, caliper

FLUID = {"fluid_velocity": 1480.0, "tool_radius": 0.02, "tool_delay": 15.0}
WORDS = ("--fluid-velocity", 1480, "--tool-radius", 0.02, "--tool-delay", 15)


@pytest.fixture(scope="module")
def simulated() -> SimulatedTravelTime:
    """Simulate a hole of 104 mm with a tool 4 mm off its axis."""
    settings = TravelTimeSettings(offset=0.004, length=1.0, row_spacing=0.01, no_echo=0.03)
    return simulate_travel_time(settings, np.random.default_rng(2))


@pytest.fixture
def folder(simulated: SimulatedTravelTime, tmp_path: Path) -> Path:
    """Write both images of the tool."""
    write_netcdf(simulated.times, tmp_path / "tt.nc")
    write_netcdf(simulated.amplitude, tmp_path / "amp.nc")
    return tmp_path


def surface(file: Path) -> npt.NDArray[np.float64]:
    """Points of a VTK surface, whose faces have to be among them."""
    lines = file.read_text().splitlines()
    count = int(lines[4].split()[1])
    points = np.array([line.split() for line in lines[5 : 5 + count]], dtype=float)
    faces = int(lines[5 + count].split()[1])
    corners = np.array([line.split() for line in lines[6 + count : 6 + count + faces]], dtype=int)
    assert (corners[:, 0] == 4).all()
    assert corners[:, 1:].min() >= 0
    assert corners[:, 1:].max() < count
    return points


def test_all_files_of_a_hole(folder: Path, simulated: SimulatedTravelTime) -> None:
    """Every file is there, and holds the simulated hole."""
    options = CaliperOptions(**FLUID, amplitude_file=folder / "amp.nc")
    result = caliper(folder / "tt.nc", folder / "out", options)
    names = ["W01.amplitude.nc", "W01.caliper.csv", "W01.caliper.png", "W01.hole.vtk", "W01.radius.nc"]
    assert [file.name for file in result.files] == names
    radius, amplitude = read(folder / "out" / "W01.radius.nc"), read(folder / "out" / "W01.amplitude.nc")
    assert np.nanpercentile(np.abs(radius["image"].values - simulated.radius), 99) < 5e-4
    assert np.array_equal(amplitude["radius"].values, radius["image"].values, equal_nan=True)
    assert float(amplitude["diameter"].median()) == pytest.approx(0.104, abs=3e-4)
    table = read_caliper(folder / "out" / "W01.caliper.csv")
    write_caliper(table, folder / "again.csv")
    assert (folder / "again.csv").read_bytes() == (folder / "out" / "W01.caliper.csv").read_bytes()
    points = surface(folder / "out" / "W01.hole.vtk")
    assert np.hypot(points[:, 0], points[:, 1]) == pytest.approx(np.full(len(points), 0.052), abs=1e-3)
    assert (-points[:, 2].max(), -points[:, 2].min()) == pytest.approx((100.0, 100.99), abs=0.02)
    # The long axis of the simulated hole lies at 70 degrees.
    turn = np.arctan2(points[:, 0], points[:, 1])
    away = np.hypot(points[:, 0], points[:, 1]) - 0.052
    assert np.degrees(np.angle((away * np.exp(2j * turn)).sum())) / 2 % 180 == pytest.approx(70, abs=5)


def test_the_same_input_gives_the_same_bytes(folder: Path) -> None:
    """Twice the same files."""
    first, second = (caliper(folder / "tt.nc", folder / name, CaliperOptions(**FLUID)).files for name in "ab")
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in second]


def test_picks_get_their_dips_by_the_measured_diameter(folder: Path) -> None:
    """A trace of 104 mm of height in a hole of 104 mm dips by 45 degrees, whatever the table says."""
    common = {"well": "W01", "class_": "fracture", "reference": "north"}
    write_picks(
        new_picks(
            depth_m=[100.5, 100.7, 300.0],
            amplitude_m=[0.052, np.nan, 0.052],
            azimuth_app_deg=[30.0, 30.0, 30.0],
            dip_app_deg=[10.0, 20.0, 10.0],
            dip_true_deg=[10.0, 20.0, 10.0],
            azimuth_true_deg=[30.0, 30.0, 30.0],
            diameter_m=0.59,
            **common,
        ),
        folder / "picks.csv",
    )
    options = CaliperOptions(**FLUID, picks=folder / "picks.csv", picture=False)
    result = caliper(folder / "tt.nc", folder / "out", options)
    picks = read_picks(folder / "out" / "W01.measured.picks.csv")
    assert picks["dip_true_deg"].tolist() == pytest.approx([45.0, 20.0, 10.0], abs=0.3)
    assert picks["diameter_m"].tolist() == pytest.approx([0.104, 0.59, 0.59], abs=5e-4)
    assert {"dips-recomputed", "dips-not-recomputed"} <= {finding.kind for finding in result.findings}
    # A table of an earlier run may hold decisions by now.
    with pytest.raises(InputError):
        caliper(folder / "tt.nc", folder / "out", options)


def test_the_verb_prints_what_it_wrote(folder: Path) -> None:
    """Names and findings, as text and as JSON."""
    run = run_command("caliper", folder / "tt.nc", "--out", folder / "out", *WORDS, "--no-picture", "--json")
    output = json.loads(run.stdout)
    assert run.returncode == 0
    assert all(Path(file).exists() for file in output["files"])
    assert "travel-time-scale" in {finding["kind"] for finding in output["findings"]}


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ((), 1),
        (("--fluid-velocity", 1480), 1),
        (("--fluid-velocity", 1480, "--known-diameter", "100:100.5"), 2),
        (("--fluid-velocity", 1480, "--known-diameter", "100.5:100.1:0.104"), 1),
        (("--fluid-velocity", 1480, "--known-diameter", "100:100.5:104"), 1),
        (("--fluid-velocity", 4860, "--tool-radius", 0.02, "--tool-delay", 15), 1),
        ((*WORDS, "--amplitude-file", "nowhere.nc"), 1),
        (("--fluid-velocity", 1480, "--known-diameter", "100:100.5:0.104"), 0),
    ],
)
def test_what_tells_no_radius_is_refused(folder: Path, words: tuple[object, ...], status: int) -> None:
    """No file is left behind by a refusal."""
    run = run_command("caliper", folder / "tt.nc", "--out", folder / "out", *words, "--no-picture")
    assert run.returncode == status
    assert bool(list(folder.glob("out/*"))) == (status == 0)


def test_a_deviated_hole_lies_along_its_path(tmp_path: Path) -> None:
    """The surface of a level hole to the East runs East, with its high side up."""
    depth = 100 + 0.1 * np.arange(11)
    wall = np.full((11, 36), 0.1)
    wall[:, 0] = 0.15  # The high side.
    hole = {"deviation": 90.0, "hole_azimuth": 90.0, "reference": "high_side"}
    write_hole_vtk(well_image(wall, depth, units="m", **hole), tmp_path / "a.vtk")
    points = surface(tmp_path / "a.vtk")
    assert np.ptp(points[:, 0]) == pytest.approx(1.0, abs=0.01)
    assert points[:, 2].max() + 100 == pytest.approx(0.15, abs=0.001)
    assert np.hypot(points[:, 1], points[:, 2] + 100).min() == pytest.approx(0.1, abs=1e-3)


def test_radii_survive_the_file(tmp_path: Path) -> None:
    """The radius of a well is read as it is written, and has the shape of the image."""
    wall = np.random.default_rng(0).normal(0.1, 0.01, (5, 8)).astype(np.float32)
    wall[2, 3] = np.nan
    well = well_image(np.eye(5, 8), np.arange(5.0), radius=wall)
    write_netcdf(well, tmp_path / "a.nc")
    assert np.array_equal(read(tmp_path / "a.nc")["radius"].values, wall, equal_nan=True)
    with pytest.raises(ValueError, match="shape"):
        well_image(np.eye(5, 8), np.arange(5.0), radius=wall[:, :4])
