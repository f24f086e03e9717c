"""Two runs of one well become one image, or the reason why not is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.quality.test_label_audit import made_well
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.evaluation.scores import evaluate
from geobfdt.io.images.files import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.picker import pick
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.workflows.merge import join_runs, merge

SHIFT = 0.3


def run_of(whole: WellImage, rows: slice, seed: int, *, shift: float = 0.0, **changes: Any) -> WellImage:
    """A run of a well with its own noise and depths."""
    rng = np.random.default_rng(seed)
    part = whole.isel(depth=rows)
    pixels = part["image"].values + rng.normal(0, 0.4, part["image"].shape)
    pixels = changes.pop("gain", 1.0) * pixels + changes.pop("level", 0.0)
    logs = {name: part[name].values for name in ("diameter", "deviation", "hole_azimuth")}
    attributes = {"well": "W", "reference": "north", "source": f"run{seed}.nc"} | changes
    return well_image(pixels, part.depth.values + shift, part.azimuth.values, **logs, **attributes)


@pytest.fixture(scope="module")
def well() -> WellImage:
    """Twenty metres."""
    return made_well(7, length=20.0)[0]


def runs(whole: WellImage, **changes: Any) -> tuple[WellImage, WellImage]:
    """Upper and lower run with 5 m of overlap; the lower one is 0.3 m too deep."""
    return run_of(whole, slice(0, 2500), 1), run_of(whole, slice(1500, 4000), 2, shift=SHIFT, **changes)


def test_depths_fit_to_the_millimetre(well: WellImage) -> None:
    """Every row of the merged image shows the wall of its depth."""
    merged = join_runs(*runs(well))
    depth = merged.depth.values
    assert np.all(np.diff(depth) > 0)
    assert np.diff(depth).max() < 0.0105
    assert depth[-1] == pytest.approx(well.depth.values[-1], abs=0.003)
    assert [f.kind for f in merged.attrs["findings"]] == ["runs-merged"]


@pytest.mark.parametrize("shift", [-1.3, 0.0, 0.0137])
def test_shifts_come_back(well: WellImage, shift: float) -> None:
    """To a fraction of a row, also where the lower run is named first."""
    upper = run_of(well, slice(0, 2500), 1)
    lower = run_of(well, slice(1300, 4000), 2, shift=shift)
    assert join_runs(upper, lower).depth.values[-1] == pytest.approx(well.depth.values[-1], abs=0.002)
    assert join_runs(lower, upper).depth.values[0] == pytest.approx(well.depth.values[0] + shift, abs=0.002)


def test_gain_and_level_leave_no_edge(well: WellImage) -> None:
    """The second run gets the values of the first one, and a finding."""
    merged = join_runs(*runs(well, gain=2.0, level=50.0))
    assert [f.kind for f in merged.attrs["findings"]] == ["runs-merged", "values-scaled"]
    lower = merged["image"].values[merged.depth.values > 515]
    sound = well["image"].values[well.depth.values > 515]
    assert np.nanstd(lower) == pytest.approx(np.nanstd(sound), rel=0.15)
    assert np.nanmedian(lower) == pytest.approx(np.nanmedian(sound), abs=0.3)


def refused(first: WellImage, second: WellImage) -> None:
    """No image comes of it."""
    with pytest.raises(InputError):
        join_runs(first, second)


def test_another_wall_is_refused(well: WellImage) -> None:
    """The same rock statistics, another well."""
    other, _ = made_well(8, length=20.0)
    for seed in range(3):
        refused(run_of(well, slice(0, 2500), seed), run_of(other, slice(1500, 4000), seed + 10))


def test_another_orientation_is_refused(well: WellImage) -> None:
    """Columns that are turned by 45 degrees, or counted the other way round."""
    first, second = runs(well)
    turned = second.assign(image=(second["image"].dims, np.roll(second["image"].values, 15, axis=1)))
    mirrored = second.assign(image=(second["image"].dims, second["image"].values[:, ::-1]))
    refused(first, turned)
    refused(first, mirrored)


@pytest.mark.parametrize(
    "changes",
    [
        {"reference": "high_side"}, {"north": "true"}, {"well": "V"}, {"units": "dB"}, {"dark": "high"},
        {"normalisation": "dynamic"},
    ],
)  # fmt: skip
def test_runs_that_are_unlike_are_refused(well: WellImage, changes: dict[str, str]) -> None:
    """What one image states cannot hold for both runs."""
    refused(*runs(well, **changes))


def changed_hole(run: WellImage, **logs: float) -> WellImage:
    """A run whose hole logs have these values."""
    rows = run.sizes["depth"]
    return WellImage(run.assign({name: ("depth", np.full(rows, value)) for name, value in logs.items()}))


def test_one_hole_has_one_direction_and_one_diameter(well: WellImage) -> None:
    """Runs of two directions are refused; two calipers are noted."""
    straight = {"deviation": 3.0, "hole_azimuth": 20.0}
    first, second = (changed_hole(run, **straight) for run in runs(well))
    refused(first, changed_hole(second, deviation=30.0))
    width = float(np.nanmedian(first["diameter"].values))
    merged = join_runs(first, changed_hole(second, diameter=1.4 * width))
    assert [f.kind for f in merged.attrs["findings"]] == ["runs-merged", "calipers-differ"]
    merged = join_runs(first, changed_hole(second, hole_azimuth=30.0))
    assert [f.kind for f in merged.attrs["findings"]] == ["runs-merged"]


def test_tools_of_another_kind_are_refused(well: WellImage) -> None:
    """Pads measure resistivity, an acoustic tool echoes."""
    refused(run_of(well, slice(0, 2500), 1, tool="FMI"), run_of(well, slice(1500, 4000), 2, tool="UBI"))


def test_columns_and_rows_have_to_be_alike(well: WellImage) -> None:
    """Half the columns, or every second row."""
    first, second = runs(well)
    thin = well_image(second["image"].values[:, ::2], second.depth.values, well="W", reference="north")
    refused(first, thin)
    refused(first, second.isel(depth=slice(None, None, 2)))


def test_overlap_is_needed(well: WellImage) -> None:
    """One metre, none, and a run within the other."""
    refused(run_of(well, slice(0, 2000), 1), run_of(well, slice(1800, 4000), 2))
    refused(run_of(well, slice(0, 1500), 1), run_of(well, slice(2000, 4000), 2))
    refused(run_of(well, slice(0, 4000), 1), run_of(well, slice(1000, 2500), 2))


def test_a_stretched_run_is_refused(well: WellImage) -> None:
    """Two per cent over the overlap are 10 cm."""
    first, second = runs(well)
    depth = second.depth.values
    refused(first, second.assign_coords(depth=depth[0] + 1.02 * (depth - depth[0])))


def test_beds_that_repeat_are_refused() -> None:
    """Every 25 cm the same bed: it fits at many depths."""
    depth = 0.005 * np.arange(4000)
    rng = np.random.default_rng(0)
    pixels = np.sin(depth * 2 * np.pi / 0.25)[:, None] + rng.normal(0, 0.1, (4000, 40))
    well = well_image(pixels, depth, diameter=0.2, deviation=0.0, hole_azimuth=0.0)
    refused(run_of(well, slice(0, 2500), 1), run_of(well, slice(1500, 4000), 2, shift=SHIFT))


def test_picks_are_those_of_the_whole_well() -> None:
    """A well cut in two and merged scores within 0.01 of the uncut one."""
    well, truth = made_well(9, length=10.0)
    upper, lower = well.isel(depth=slice(0, 1300)), well.isel(depth=slice(700, 2000))
    merged = join_runs(upper, lower.assign_coords(depth=lower.depth.values + SHIFT))
    f1 = []
    for image in (well, merged):
        table = evaluate(pick(image, method="hough"), truth, by_class=False, shifts=5).table()
        chosen = (table["class"] == "all") & (table["kind"] == "depth") & np.isclose(table["tolerance_m"], 0.05)
        f1.append(float(table.loc[chosen, "f1"].iloc[0]))
    assert f1[0] > 0.4
    assert abs(f1[1] - f1[0]) <= 0.01


def test_files(well: WellImage, tmp_path: Path) -> None:
    """The command writes a file that reads back, never over another, and names the shift."""
    for name, run in zip("ab", runs(well), strict=True):
        write_netcdf(run, tmp_path / f"{name}.nc")
    files = [str(tmp_path / f"{name}.nc") for name in "ab"]
    run = CliRunner().invoke(app, ["merge", *files, "--out", str(tmp_path / "c.nc"), "--json"])
    assert run.exit_code == 0
    assert "runs-merged" in [f["kind"] for f in json.loads(run.stdout)["findings"]]
    assert read(tmp_path / "c.nc").depth.values[-1] == pytest.approx(well.depth.values[-1], abs=0.003)
    for target in ("c.nc", "a.nc", "d.dlis"):
        with pytest.raises(InputError):
            merge(*(Path(file) for file in files), tmp_path / target)
