"""No table of picks is turned to north twice, and two norths are never mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.cli import app
from geobfdt.io.tables.pick_tables import read_pick_table
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts, read_breakouts, write_breakouts
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import complete, new_picks, read_picks, write_picks
from geobfdt.wells.table_north import with_north
from geobfdt.workflows.convert import ConvertOptions, convert
from geobfdt.workflows.ingest import IngestOptions, ingest

MAGNETIC = ReadingOptions(north="magnetic", declination=10.0)
TURN = ConvertOptions(to="picks", to_north="true", reading=MAGNETIC)


def plane(north: str = "", azimuth: float = 120.0) -> Any:
    """One plane of well A."""
    picks = new_picks(well="A", depth_m=[2.0], class_="fracture", dip_true_deg=50.0, azimuth_true_deg=azimuth)
    return with_north(picks, north)


def hole(**attributes: Any) -> WellImage:
    """Five metres of a deviated hole with noise for rock."""
    pixels = np.random.default_rng(0).normal(100, 20, (500, 36))
    attributes = {"well": "A", "north": "magnetic", "declination": 10.0, "reference": "north"} | attributes
    return well_image(pixels, 0.01 * np.arange(500), diameter=0.2, deviation=20.0, hole_azimuth=30.0, **attributes)


def azimuths(file: Path) -> list[float]:
    """True azimuths of a table."""
    return read_picks(file)["azimuth_true_deg"].round(3).tolist()


def test_the_same_command_twice(tmp_path: Path) -> None:
    """The second run is refused, and its north alone tells that no turn is left."""
    write_picks(plane(), tmp_path / "a.csv")
    convert(tmp_path / "a.csv", tmp_path / "b.csv", TURN)
    assert azimuths(tmp_path / "b.csv") == [130.0]
    with pytest.raises(InputError, match="already"):
        convert(tmp_path / "b.csv", tmp_path / "c.csv", TURN)
    convert(tmp_path / "b.csv", tmp_path / "c.csv", ConvertOptions(to="picks", to_north="true"))
    assert azimuths(tmp_path / "c.csv") == [130.0]


@pytest.mark.parametrize("form", ["picks", "las"])
def test_north_survives_formats(tmp_path: Path, form: str) -> None:
    """Own tables and LAS keep it; another format reports that it is lost."""
    write_picks(plane("magnetic"), tmp_path / "a.csv")
    convert(tmp_path / "a.csv", tmp_path / "b.out", ConvertOptions(to=form))
    assert read_pick_table(tmp_path / "b.out").north == "magnetic"
    findings = convert(tmp_path / "a.csv", tmp_path / "b.csv", ConvertOptions(to="techlog"))
    assert "north-left-out" in {finding.kind for finding in findings}


def test_a_stated_north_is_kept(tmp_path: Path) -> None:
    """Of a table that names none."""
    write_picks(plane(), tmp_path / "a.csv")
    convert(tmp_path / "a.csv", tmp_path / "b.csv", ConvertOptions(to="picks", reading=MAGNETIC))
    assert read_pick_table(tmp_path / "b.csv").north == "magnetic"


def test_picks_of_a_turned_field_come_into_another(tmp_path: Path) -> None:
    """Beside the image as it was recorded, they are not turned again; nor beside one that stays magnetic."""
    write_netcdf(hole(), tmp_path / "a.nc")
    write_picks(plane(), tmp_path / "A.picks.csv")
    one, two, three = (tmp_path / name for name in ("one", "two", "three"))
    ingest([tmp_path / "a.nc"], one, IngestOptions(picks=tmp_path / "A.picks.csv", to_north="true"))
    assert azimuths(one / "A.picks.csv") == [130.0]
    ingest([tmp_path / "a.nc"], two, IngestOptions(picks=one, to_north="true"))
    assert azimuths(two / "A.picks.csv") == [130.0]
    for name in ("dip_app_deg", "azimuth_app_deg", "amplitude_m"):
        assert read_picks(two / "A.picks.csv")[name].tolist() == pytest.approx(read_picks(one / "A.picks.csv")[name])
    ingest([tmp_path / "a.nc"], three, IngestOptions(picks=one))
    assert azimuths(three / "A.picks.csv") == [120.0]
    assert "true-and-apparent-disagree" not in (three / "A.findings.json").read_text()


def test_breakouts_are_not_turned_twice(tmp_path: Path) -> None:
    """Their table keeps its north as well."""
    rows = new_breakouts(well="A", top_m=[1.0], base_m=[2.0], class_="breakout", azimuth_true_deg=355.0)
    write_breakouts(rows, tmp_path / "a.csv")
    convert(tmp_path / "a.csv", tmp_path / "p.csv", TURN)
    assert read_breakouts(tmp_path / "p.breakouts.csv")["azimuth_true_deg"].tolist() == [5.0]
    with pytest.raises(InputError, match="already"):
        convert(tmp_path / "p.breakouts.csv", tmp_path / "q.csv", TURN)


def test_an_image_is_not_turned_twice(tmp_path: Path) -> None:
    """The file says that it is from true north; a stated north is refused beside a turn."""
    write_netcdf(hole(), tmp_path / "a.nc")
    convert(tmp_path / "a.nc", tmp_path / "b.nc", ConvertOptions(to_north="true"))
    with pytest.raises(InputError, match="--north"):
        convert(tmp_path / "b.nc", tmp_path / "c.nc", ConvertOptions(to_north="true", reading=MAGNETIC))
    with pytest.raises(InputError, match="--north"):
        ingest([tmp_path / "b.nc"], tmp_path / "field", IngestOptions(to_north="true", reading=MAGNETIC))


@pytest.mark.parametrize("north", ["grid", "mixed", "upwards"])
def test_tables_of_two_norths_are_refused(tmp_path: Path, north: str) -> None:
    """Rows from two norths, or from something that is none."""
    table = new_picks(well="A", depth_m=[1.0, 2.0], class_="bedding", dip_true_deg=5.0, azimuth_true_deg=10.0)
    words = {"mixed": ["true", ""], "upwards": ["upwards"] * 2}.get(north, ["true", "grid"])
    write_picks(table.assign(north_reference=words), tmp_path / "a.csv")
    with pytest.raises(InputError, match="north_reference"):
        read_pick_table(tmp_path / "a.csv")


def test_picks_and_image_of_two_norths_are_refused() -> None:
    """Picks of another north are not completed from the hole."""
    with pytest.raises(InputError, match="true north"):
        complete(plane("true"), hole())
    assert complete(plane("magnetic"), hole())[0]["north_reference"].tolist() == ["magnetic"]


@pytest.mark.parametrize("verb", ["agree", "evaluate"])
def test_picks_of_two_norths_are_not_compared(tmp_path: Path, verb: str) -> None:
    """One well from two norths is refused; of other wells and of unnamed norths nothing is known."""
    write_picks(plane("true"), tmp_path / "a.csv")
    write_picks(plane("magnetic"), tmp_path / "b.csv")
    write_picks(plane(), tmp_path / "c.csv")
    result = CliRunner().invoke(app, [verb, str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    assert result.exit_code == 1
    assert CliRunner().invoke(app, [verb, str(tmp_path / "a.csv"), str(tmp_path / "c.csv")]).exit_code == 0
