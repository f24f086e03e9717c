"""Mending: what the audit finds with certainty is undone in a copy, with a record; what is not certain is left."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.quality.test_label_audit import made_well
from typer.testing import CliRunner

from geobfdt import geometry
from geobfdt.cli import app
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality.label_audit import audit
from geobfdt.quality.mending import Mended, mend, mend_field
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import new_intervals, read_intervals, write_intervals
from geobfdt.wells.picks import complete, new_picks, read_picks, write_picks

Well = tuple[WellImage, pd.DataFrame]


@pytest.fixture(scope="module")
def vertical() -> Well:
    """A nearly vertical well, without pairs of picks that lie within 1 cm."""
    return made_well(0)


def kinds(result: Mended) -> list[str]:
    """Kinds of the changes."""
    return [change.kind for change in result.changes]


def errors(mended: pd.DataFrame, sound: pd.DataFrame) -> tuple[float, float]:
    """Largest errors of depth (m) and azimuth (deg)."""
    turn = (mended["azimuth_app_deg"] - sound["azimuth_app_deg"] + 180) % 360 - 180
    return float(np.abs(mended["depth_m"] - sound["depth_m"]).max()), float(np.abs(turn).max())


def turned(picks: pd.DataFrame, sign: int, angle: float) -> pd.DataFrame:
    """Picks with turned azimuths."""
    return picks.assign(azimuth_app_deg=(sign * picks["azimuth_app_deg"] + angle) % 360)


MISTAKES: list[tuple[list[str], Any]] = [
    (["depth-shift"], lambda p: p.assign(depth_m=p["depth_m"] - 0.25)),
    (["depth-shift"], lambda p: p.assign(depth_m=p["depth_m"] + 0.613)),
    (["depth-drift"], lambda p: p.assign(depth_m=p["depth_m"] - 0.01 * (p["depth_m"] - 505))),
    (["azimuth-mirrored"], lambda p: turned(p, -1, 0)),
    (["azimuth-rotated"], lambda p: turned(p, 1, 180)),
    (["azimuth-rotated"], lambda p: turned(p, 1, -90)),
    (["azimuth-rotated"], lambda p: turned(p, 1, 37)),
    (["azimuth-mirrored", "depth-shift"], lambda p: turned(p, -1, 0).assign(depth_m=p["depth_m"] - 0.25)),
]


@pytest.mark.parametrize(("expected", "mistake"), MISTAKES)
def test_a_mistake_is_undone(vertical: Well, expected: list[str], mistake: Any) -> None:
    """Picks come back within 1 cm and 1 degree."""
    well, sound = vertical
    spoilt = mistake(sound)
    original = spoilt.copy()
    result = mend(well, spoilt)
    assert kinds(result) == expected
    depth, turn = errors(result.picks, sound)
    assert depth < 0.01
    assert turn < 1
    assert spoilt.equals(original)


def test_dips_for_dips(vertical: Well) -> None:
    """True dips in the apparent columns of a deviated hole: apparent and true planes come back."""
    well, picks = made_well(1, deviation=60.0)
    sound, _ = complete(picks, well)
    swapped = new_picks(
        well="W", depth_m=sound["depth_m"], class_=sound["class"],
        dip_app_deg=sound["dip_true_deg"], azimuth_app_deg=sound["azimuth_true_deg"],
    )  # fmt: skip
    result = mend(well, swapped)
    assert kinds(result) == ["true-for-apparent"]
    for frame in ("app", "true"):
        names = [f"dip_{frame}_deg", f"azimuth_{frame}_deg"]
        columns = [table[name].to_numpy() for table in (result.picks, sound) for name in names]
        assert geometry.pole_angle(*columns).max() < 1


def test_true_dips_follow_a_mended_azimuth() -> None:
    """In a deviated hole the true dips of mirrored picks are computed anew; an audit finds the mistake no more."""
    well, picks = made_well(2, deviation=40.0)
    sound, _ = complete(picks, well)
    mirrored, _ = complete(turned(picks, -1, 0), well)
    result = mend(well, mirrored)
    assert kinds(result) == ["azimuth-mirrored"]
    assert "azimuth-mirrored" not in {finding.kind for finding in audit(well, result.picks).findings}
    columns = [t[f"{name}_true_deg"].to_numpy() for t in (result.picks, sound) for name in ("dip", "azimuth")]
    assert geometry.pole_angle(*columns).max() < 1


def test_sound_picks_stay(vertical: Well) -> None:
    """Nothing changes, bit by bit."""
    result = mend(*vertical)
    assert kinds(result) == []
    assert result.picks.equals(vertical[1])


def test_a_small_shift_is_left(vertical: Well) -> None:
    """The audit finds 2 cm; a tool that sticks moves a sound image by as much, so the picks stay."""
    well, picks = vertical
    moved = picks.assign(depth_m=picks["depth_m"] - 0.021)
    result = mend(well, moved)
    assert kinds(result) == []
    assert result.picks.equals(moved)
    assert [f.kind for f in result.unmended] == ["not-mended"]


def test_a_step_is_left(vertical: Well) -> None:
    """Nobody can tell to which run a pick near a step belongs."""
    well, picks = vertical
    result = mend(well, picks.assign(depth_m=picks["depth_m"] - 0.15 * (picks["depth_m"] > 512)))
    assert kinds(result) == []
    assert "not-mended" in [f.kind for f in result.unmended]


def test_planes_that_all_dip_one_way_are_left() -> None:
    """A mirror and a turn of such picks fit alike: neither is certain."""
    well, picks = made_well(5, length=30.0)
    toward = np.abs((picks["azimuth_app_deg"] - 190 + 180) % 360 - 180) < 6
    one_way = picks[toward & (picks["class"] == "fracture")].reset_index(drop=True)
    result = mend(well, turned(one_way, -1, 0))
    depth, turn = errors(result.picks, one_way)
    assert not result.changes or (depth < 0.01 and turn < 1)


def test_only_whole_repeats_are_dropped(vertical: Well) -> None:
    """Of two rows of one trace with different polarity nobody can tell the right one."""
    well, picks = vertical
    other = picks.iloc[5:6].assign(polarity="resistive")
    result = mend(well, pd.concat([picks, picks.iloc[:3], other], ignore_index=True))
    assert kinds(result) == ["repeated-picks"]
    assert len(result.picks) == len(picks) + 1
    assert [cell["row"] for cell in result.changes[0].cells] == [len(picks) + k for k in (1, 2, 3)]
    assert "not-mended" in [f.kind for f in result.unmended]


def test_feet_become_metres(vertical: Well) -> None:
    """Depths in feet fall on the image as metres, and the image confirms them."""
    well, picks = vertical
    result = mend(well, picks.assign(depth_m=picks["depth_m"] / 0.3048))
    assert kinds(result) == ["depth-unit"]
    assert errors(result.picks, picks)[0] < 0.01


def field_of(folder: Path, well: WellImage, picks: pd.DataFrame) -> None:
    """Write a field of one well with an interval to ignore."""
    write_netcdf(well, folder / "W.nc")
    write_picks(picks, folder / "W.picks.csv")
    write_intervals(new_intervals([("W", "ignored", "breakout", 505.0, 506.0)]), folder / "W.intervals.csv")


def test_the_record_undoes_the_copy(vertical: Well, tmp_path: Path) -> None:
    """The record holds every cell that differs; the field stays, and its intervals move with the picks."""
    well, picks = vertical
    field_of(tmp_path / "field", well, picks.assign(depth_m=picks["depth_m"] - 0.25))
    before = {file.name: file.read_bytes() for file in (tmp_path / "field").iterdir()}
    mend_field(tmp_path / "field", tmp_path / "new")
    assert {file.name: file.read_bytes() for file in (tmp_path / "field").iterdir()} == before
    names = {"W.picks.csv", "W.intervals.csv", "W.mended.json"}
    assert {file.name for file in (tmp_path / "new").iterdir()} == names
    back = read_picks(tmp_path / "new" / "W.picks.csv")
    (change,) = json.loads((tmp_path / "new" / "W.mended.json").read_text())["changes"]
    for cell in (cell for cell in change["cells"] if cell["table"] == "picks"):
        assert back.loc[cell["row"] - 1, cell["column"]] == pytest.approx(cell["new"], abs=1e-9)
        back.loc[cell["row"] - 1, cell["column"]] = cell["old"]
    pd.testing.assert_frame_equal(back, read_picks(tmp_path / "field" / "W.picks.csv"))
    assert read_intervals(tmp_path / "new" / "W.intervals.csv")["top_m"][0] == pytest.approx(505.25, abs=0.01)


def test_a_folder_with_files_is_refused(vertical: Well, tmp_path: Path) -> None:
    """Neither the field nor an earlier copy is written over."""
    field_of(tmp_path, *vertical)
    with pytest.raises(InputError):
        mend_field(tmp_path, tmp_path)


def test_the_command(vertical: Well, tmp_path: Path) -> None:
    """The copy and its record come by one option with another; one alone is wrong usage."""
    well, picks = vertical
    field_of(tmp_path / "field", well, pd.concat([picks, picks.iloc[:2]], ignore_index=True))
    folder, new = str(tmp_path / "field"), str(tmp_path / "new")
    for arguments in (["--mend"], ["--out", new], ["--mend", "--out", new, "--write-intervals"]):
        assert CliRunner().invoke(app, ["audit", folder, *arguments]).exit_code == 2
    run = CliRunner().invoke(app, ["audit", folder, "--mend", "--out", new, "--json"])
    assert run.exit_code == 0
    assert [change["kind"] for change in json.loads(run.stdout)["W"]["changes"]] == ["repeated-picks"]
    assert len(read_picks(tmp_path / "new" / "W.picks.csv")) == len(picks)
