"""Audit: every mistake put into the picks of a made well is found, and sound picks are left in peace."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geobfdt import geometry
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality.label_audit import Audit, audit, audit_field
from geobfdt.quality.unpicked import unpicked_gaps
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals, read_intervals
from geobfdt.wells.picks import complete, new_picks, traces, write_picks

ROW, COLUMNS, DIAMETER = 0.005, 120, 0.2


def made_well(seed: int, *, length: float = 24.0, deviation: float = 1.0) -> tuple[WellImage, pd.DataFrame]:
    """A well of dipping beds and dark fractures behind eight turning pads, and its planes as picks."""
    rng = np.random.default_rng(seed)
    top, hole_azimuth = 500.0, 40.0
    depth = top + ROW * np.arange(round(length / ROW))
    angles = (np.arange(COLUMNS) + 0.5) * 360 / COLUMNS
    beds = top + np.cumsum(rng.lognormal(np.log(0.25), 0.7, 4 * int(length)))
    cracks = top + np.cumsum(rng.lognormal(np.log(0.4), 0.7, 4 * int(length)))
    beds, cracks = (z[(z > top + 1) & (z < top + length - 1)] for z in (beds, cracks))
    z0 = np.concatenate([beds, cracks])
    dip = np.concatenate([rng.normal(7, 1.5, beds.size).clip(1), rng.normal(55, 12, cracks.size).clip(20, 78)])
    sets = rng.choice([70.0, 190.0, 235.0], cracks.size)
    azimuth = np.concatenate([rng.normal(130, 8, beds.size), rng.normal(sets, 12)]) % 360
    app_dip, app_azimuth = geometry.apparent_from_true(dip, azimuth, deviation, hole_azimuth, "north")
    # A plane along the hole is no sinusoid; bring it to one that can be picked.
    trace = geometry.trace_from_dip(z0, np.minimum(app_dip, 80), app_azimuth, DIAMETER)
    curve = trace[:, 1:2] * np.cos(np.radians(angles)) + trace[:, 2:3] * np.sin(np.radians(angles)) + z0[:, None]

    pixels = np.zeros((depth.size, COLUMNS))
    level = rng.normal(0, 1, beds.size + 1)
    rows = np.clip(np.searchsorted(depth, curve[: beds.size]), 0, depth.size - 1)
    for i in range(beds.size):
        pixels[rows[i], np.arange(COLUMNS)] += level[i + 1] - level[i]
    pixels = np.cumsum(pixels, axis=0)
    for line, depth_of in zip(curve[beds.size :], rng.uniform(1, 3, cracks.size), strict=True):
        first, last = np.searchsorted(depth, [line.min() - 0.05, line.max() + 0.05])
        near = depth[first:last, None] - line
        pixels[first:last] -= depth_of * np.exp(-((near / 0.006) ** 2))
    pixels += rng.normal(0, 0.6, pixels.shape)
    pad = (angles + 20 * (depth[:, None] - top)) % 45
    pixels = np.where(pad < 34, pixels, np.nan)
    well = well_image(
        pixels, depth, angles, diameter=DIAMETER, deviation=deviation, hole_azimuth=hole_azimuth, well="W",
        reference="north",
    )  # fmt: skip
    amplitude, app = geometry.amplitude_azimuth(trace)
    picks = new_picks(
        well="W", depth_m=z0 + rng.normal(0, 0.004, z0.size),
        class_=np.repeat(["bedding", "fracture"], [beds.size, cracks.size]),
        amplitude_m=amplitude * rng.normal(1, 0.03, z0.size), azimuth_app_deg=(app + rng.normal(0, 2, z0.size)) % 360,
    )  # fmt: skip
    return well, picks


@pytest.fixture(scope="module")
def vertical() -> tuple[WellImage, pd.DataFrame]:
    """A nearly vertical well."""
    return made_well(0)


@pytest.fixture(scope="module")
def deviated() -> tuple[WellImage, pd.DataFrame]:
    """A well at 60 degrees."""
    return made_well(1, deviation=60.0)


@pytest.fixture(scope="module")
def half_picked() -> tuple[WellImage, pd.DataFrame]:
    """Fifty metres whose fractures nobody picked from 515 to 535 m."""
    well, picks = made_well(3, length=50.0)
    return well, picks[(picks["class"] == "bedding") | (picks["depth_m"] < 515) | (picks["depth_m"] > 535)]


def kinds(result: Audit) -> list[str]:
    """Kinds of findings, bar the counts of picks."""
    return [f.kind for f in result.findings if f.kind != "few-examples"]


@pytest.mark.parametrize("deviation", [1.0, 60.0])
def test_sound_picks_raise_no_alarm(deviation: float) -> None:
    """Three wells with an interpreter's jitter: aligned to 2 mm, and not one finding."""
    results = [audit(*made_well(seed, deviation=deviation, length=16.0)) for seed in range(100, 103)]
    assert [kinds(result) for result in results] == [[]] * 3
    assert max(abs(result.alignment.shift) for result in results) < 0.002


@pytest.mark.parametrize("shift", [-0.613, -0.03, 0.021, 0.25])
def test_shift_is_recovered(vertical: tuple[WellImage, pd.DataFrame], shift: float) -> None:
    """A constant shift comes back within 5 mm, with the sign to apply."""
    well, picks = vertical
    result = audit(well, picks.assign(depth_m=picks["depth_m"] - shift))
    assert kinds(result) == ["depth-shift"]
    assert result.alignment.shift == pytest.approx(shift, abs=0.005)
    assert result.alignment.at(510.0) == pytest.approx(shift, abs=0.005)


@pytest.mark.parametrize("slope", [-0.6, 1.0])
def test_drift_is_recovered(vertical: tuple[WellImage, pd.DataFrame], slope: float) -> None:
    """A stretch of the pick depths comes back in size and sign (m per 100 m), and undoes itself to 5 mm."""
    well, picks = vertical
    moved = picks["depth_m"] - slope / 100 * (picks["depth_m"] - 505)
    result = audit(well, picks.assign(depth_m=moved))
    assert kinds(result) == ["depth-drift"]
    assert result.alignment.slope == pytest.approx(slope, rel=0.1)
    assert np.abs(moved + result.alignment.at(moved) - picks["depth_m"]).max() < 0.01


def test_step_is_recovered(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Two runs spliced with a depth error between them: where, and by how much."""
    well, picks = vertical
    result = audit(well, picks.assign(depth_m=picks["depth_m"] - 0.15 * (picks["depth_m"] > 512)))
    assert kinds(result) == ["depth-step"]
    assert result.alignment.step_depth == pytest.approx(512, abs=1.0)
    assert result.alignment.step == pytest.approx(0.15, abs=0.005)


def test_picks_of_another_well_cannot_be_placed(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Picks with nothing to do with the image are said to tell nothing, not that they are shifted."""
    _, strangers = made_well(77, length=20.0)
    result = audit(vertical[0], strangers)
    assert result.alignment.verdict == "unclear"
    assert "depth-cannot-tell" in kinds(result)
    assert "depth-shift" not in kinds(result)
    assert result.azimuth == "unclear"


@pytest.mark.parametrize(
    ("mistake", "kind", "turn"),
    [
        (lambda t: -t, "azimuth-mirrored", 0),
        (lambda t: t + 180, "azimuth-rotated", 180),
        (lambda t: t - 90, "azimuth-rotated", 90),
        (lambda t: t + 37, "azimuth-rotated", -37),
        (lambda t: 30 - t, "azimuth-mirrored", 30),
    ],
    ids=["mirrored", "half turn", "strike", "37 deg", "mirrored and turned"],
)
def test_wrong_azimuth_is_recovered(
    vertical: tuple[WellImage, pd.DataFrame], mistake: Any, kind: str, turn: float
) -> None:
    """The mistake is named, with the angle that undoes it."""
    well, picks = vertical
    result = audit(well, picks.assign(azimuth_app_deg=mistake(picks["azimuth_app_deg"]) % 360))
    assert kinds(result) == [kind]
    assert (result.turn - turn + 180) % 360 - 180 == pytest.approx(0, abs=2)


@pytest.mark.parametrize("factor", [0.5, 1.27])
def test_wrong_diameter_is_recovered(vertical: tuple[WellImage, pd.DataFrame], factor: float) -> None:
    """Amplitudes made with another diameter: the factor that undoes it."""
    well, picks = vertical
    result = audit(well, picks.assign(amplitude_m=picks["amplitude_m"] / factor))
    assert kinds(result) == ["diameter-scale"]
    assert result.scale == pytest.approx(factor, rel=0.04)


def test_true_dips_in_the_apparent_columns(deviated: tuple[WellImage, pd.DataFrame]) -> None:
    """Columns swapped in a deviated hole, either way round."""
    well, picks = deviated
    sound, _ = complete(picks, well)
    true = new_picks(
        well="W", depth_m=sound["depth_m"], class_=sound["class"],
        dip_app_deg=sound["dip_true_deg"], azimuth_app_deg=sound["azimuth_true_deg"],
    )  # fmt: skip
    assert kinds(audit(well, true)) == ["true-for-apparent"]
    apparent = new_picks(
        well="W", depth_m=sound["depth_m"], class_=sound["class"],
        dip_true_deg=sound["dip_app_deg"], azimuth_true_deg=sound["azimuth_app_deg"],
    )  # fmt: skip
    assert kinds(audit(well, apparent)) == ["apparent-for-true"]


def test_reference_only_relabelled(deviated: tuple[WellImage, pd.DataFrame]) -> None:
    """Azimuths from the high side that somebody labelled north."""
    well, picks = deviated
    azimuth = geometry.convert_azimuth(picks["azimuth_app_deg"], 60.0, 40.0, "north", "high_side")
    result = audit(well, picks.assign(azimuth_app_deg=azimuth))
    assert result.azimuth == "reference high_side"
    assert kinds(result) == ["azimuth-reference"]


def test_flat_picks_tell_no_azimuth(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Bedding of two degrees says nothing of azimuth, and the audit says so instead of guessing."""
    well, picks = vertical
    flat = picks[picks["class"] == "bedding"].assign(amplitude_m=0.0, azimuth_app_deg=0.0)
    result = audit(well, flat)
    assert result.azimuth == "unclear"
    assert result.alignment.verdict == "aligned"
    assert set(kinds(result)) == {"azimuth-cannot-tell", "class-not-interpreted"}


def test_doubles_are_counted(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Exact repeats and near doubles are told apart; the count is a slow loop's."""
    well, picks = vertical
    near = picks.iloc[10:15].assign(depth_m=picks["depth_m"].iloc[10:15] + 0.004)
    table = pd.concat([picks, picks.iloc[:3], near]).sort_values("depth_m", ignore_index=True)
    findings = {f.kind: f.observed for f in audit(well, table).findings}
    assert findings["repeated-picks"].startswith("3 rows")
    trace = complete(picks, well)[0]
    count = sum(
        trace["class"][i] == trace["class"][j] and geometry.trace_rms(traces(trace)[i], traces(trace)[j]) < 0.01
        for i in range(len(trace))
        for j in range(i)
    )
    assert findings["doubled-picks"].startswith(f"{5 + count} picks")


def test_places(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Picks beyond the image, in an unmeasured stretch, and in feet."""
    well, picks = vertical
    assert "picks-outside" in kinds(audit(well, picks.assign(depth_m=picks["depth_m"] + 10)))
    blank = well.copy(deep=True)
    blank["image"].values[2000:3000] = np.nan
    assert "picks-unmeasured" in kinds(audit(blank, picks))
    feet = audit(well, picks.assign(depth_m=picks["depth_m"] / 0.3048))
    assert "depth-unit" in kinds(feet)
    assert "picks-outside" not in kinds(feet)


def test_unpicked_stretch_becomes_a_proposed_interval(half_picked: tuple[WellImage, pd.DataFrame]) -> None:
    """Fractures left out over 20 m of 50: the proposal cuts it out, for that class alone."""
    well, rest = half_picked
    result = audit(well, rest)
    assert kinds(result) == ["unpicked-stretch"]
    rows = result.proposed
    assert rows["class"].tolist() == ["fracture", "fracture"]
    assert rows["base_m"].iloc[0] == pytest.approx(515, abs=1.5)
    assert rows["top_m"].iloc[1] == pytest.approx(535, abs=1.5)


def test_known_intervals_are_not_proposed_again(half_picked: tuple[WellImage, pd.DataFrame]) -> None:
    """What a table already leaves out, or ignores, is no gap."""
    well, rest = half_picked
    present = new_intervals([("W", "interpreted", "fracture", 500, 515), ("W", "interpreted", "fracture", 535, 550)])
    assert kinds(audit(well, rest, present)) == []
    assert kinds(audit(well, rest, new_intervals([("W", "ignored", "breakout", 514, 536)]))) == []


@pytest.mark.parametrize("cv", [1.0, 2.0, 4.0])
def test_clustered_spacing_is_no_gap(cv: float) -> None:
    """Lognormal spacing, clustered little or much: false gaps in at most 5 of 100 wells of 60 m."""
    rng = np.random.default_rng(0)
    spread = np.sqrt(np.log(1 + cv**2))
    depths = np.cumsum(rng.lognormal(np.log(0.36) - spread**2 / 2, spread, (100, 600)), axis=1)
    assert sum(bool(unpicked_gaps(depth[depth < 60], 0.0, 60.0)) for depth in depths) <= 5


def test_gap_in_even_spacing_is_found() -> None:
    """Ten metres left out of exponential spacing of 0.36 m: found in at least 80 of 100 wells."""
    rng = np.random.default_rng(0)
    depths = np.cumsum(rng.exponential(0.36, (100, 600)), axis=1)
    rest = [depth[(depth < 60) & ((depth < 20) | (depth > 30))] for depth in depths]
    assert sum(any(g.top < 25 < g.base for g in unpicked_gaps(depth, 0.0, 60.0)) for depth in rest) >= 80


def test_rows_of_another_well(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """A table without this well is one clear finding, and no class counts as interpreted."""
    well, picks = vertical
    result = audit(well, picks.assign(well="X"))
    assert kinds(result) == ["no-picks", "class-not-interpreted", "class-not-interpreted"]
    assert result.picks == 0


def test_lone_pick_and_unknown_diameter(vertical: tuple[WellImage, pd.DataFrame]) -> None:
    """Too little to tell anything is said, and nothing breaks."""
    well, _ = vertical
    lone = audit(well, new_picks(well="W", depth_m=[510.0], class_="fracture", dip_app_deg=50.0, azimuth_app_deg=3.0))
    assert "depth-cannot-tell" in kinds(lone)
    bare = well.assign(diameter=("depth", np.full(well.sizes["depth"], np.nan)))
    none = audit(bare, new_picks(well="W", depth_m=[510.0], class_="fracture", dip_app_deg=50.0, azimuth_app_deg=3.0))
    assert "no-amplitude" in kinds(none)


def test_field_writes_intervals_only_when_asked(tmp_path: Any, half_picked: tuple[WellImage, pd.DataFrame]) -> None:
    """A field on disk, lazily read; JSON of the result; intervals written once and never over a person's."""
    well, rest = half_picked
    write_netcdf(well, tmp_path / "W.nc")
    write_picks(rest, tmp_path / "W.picks.csv")
    shares: list[float] = []
    result = audit_field(tmp_path, progress=shares.append)["W"]
    assert json.loads(json.dumps(result.to_dict(), allow_nan=False))["alignment"]["verdict"] == "aligned"
    assert shares[-1] == 1.0
    assert sorted(shares) == shares
    assert not (tmp_path / "W.intervals.csv").exists()
    audit_field(tmp_path, write_proposed=True)
    proposed = read_intervals(tmp_path / "W.intervals.csv")
    pd.testing.assert_frame_equal(proposed, result.proposed, atol=1e-3)


def test_field_without_picks(tmp_path: Any) -> None:
    """One line with the cure."""
    write_netcdf(made_well(0, length=5.0)[0], tmp_path / "W.nc")
    with pytest.raises(InputError, match="--picks"):
        audit_field(tmp_path)
