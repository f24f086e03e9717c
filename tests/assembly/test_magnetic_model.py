"""The magnetic model: values that are published for it, and what a recording gets of it."""

from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.assembly.build import Plan, build
from geobfdt.assembly.magnetic_model import EarthField, earth_field, with_earth_field
from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.cli import app
from geobfdt.io.write.pads import write_pads
from geobfdt.runtime import extras
from geobfdt.simulation.pads import PadFlaws, simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.pads import PadRecording

RUNNER = CliRunner()
# The field of the simulator: 4 deg east, 60 deg down, 0.48 gauss.
SIMULATED = EarthField(4.0, 60.0, 48_000.0)


@pytest.fixture(scope="module")
def recording() -> PadRecording:
    """A recording without flaws, whose file says nothing of the field."""
    hole = WellSettings(length=3.0, deviation=30.0)
    made = simulate_pads(hole, np.random.default_rng(1), PadFlaws.none()).recording
    attributes = {name: value for name, value in made.attributes.items() if name != "declination"}
    return replace(made, attributes=attributes, constants={})


def kinds(recording: PadRecording) -> set[str]:
    """Kinds of the findings after assembly."""
    image = build(recording, geometry_of("FMI"), Plan(declination=float(recording.attributes["declination"])))
    return {finding.kind for finding in [*recording.findings, *image.findings]}


def test_the_field_is_that_of_published_tables():
    """Greenwich in mid 2020: an eastern declination of nearly nothing, 66 deg down, 49 microtesla."""
    pytest.importorskip("ppigrf")
    field = earth_field(51.48, 0.0, datetime.date(2020, 7, 1))
    assert field.declination == pytest.approx(0.3, abs=0.3)
    assert field.dip == pytest.approx(66.4, abs=0.5)
    assert field.strength == pytest.approx(48_900, rel=0.01)
    assert earth_field(-33.9, 18.4, datetime.date(2020, 7, 1)).dip < -60


def test_a_recording_gets_the_field_where_it_has_none(recording):
    """Declination, dip and strength, in the unit of the magnetometers; a sound recording passes its checks."""
    filled = with_earth_field(recording, SIMULATED)
    assert filled.attributes["declination"] == 4.0
    assert filled.constants == {"field_dip": 60.0, "field_strength": pytest.approx(0.48)}
    assert {"declination-from-model", "north-found"} <= kinds(filled)
    assert not {"field-strength-differs", "field-dip-differs"} & kinds(filled)


@pytest.mark.parametrize(
    ("field", "kind"),
    [
        (EarthField(4.0, 66.0, 48_000.0), "field-dip-differs"),
        (EarthField(4.0, 60.0, 52_000.0), "field-strength-differs"),
    ],
)
def test_another_field_is_a_finding(recording, field, kind):
    """Of a disturbed magnetometer, or of a wrong place."""
    assert kind in kinds(with_earth_field(recording, field))


def test_what_the_file_says_stays(recording):
    """With a finding where the model says something else."""
    stated = replace(recording, attributes={**recording.attributes, "declination": 9.0}, constants={"field_dip": 50.0})
    filled = with_earth_field(stated, SIMULATED)
    assert (filled.attributes["declination"], filled.constants["field_dip"]) == (9.0, 50.0)
    assert {f.kind for f in filled.findings} == {"declination-differs-from-model", "field-model-differs"}
    southern = replace(recording, constants={"field_dip": 60.0})
    assert "field-model-differs" not in {
        f.kind for f in with_earth_field(southern, SIMULATED._replace(dip=-60.0)).findings
    }


def test_the_option(recording, tmp_path: Path, monkeypatch):
    """Nonsense is wrong usage or one line, as is a package that is not installed."""
    file, target = tmp_path / "W01.dlis", tmp_path / "W01.nc"
    write_pads(recording, file)
    words = ["assemble", str(file), "--out", str(target), "--igrf"]
    assert RUNNER.invoke(app, [*words, "here"]).exit_code == 2
    assert RUNNER.invoke(app, [*words, "95:5:2019-06-01"]).exit_code == 1

    def absent(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(extras.importlib, "import_module", absent)
    missing = RUNNER.invoke(app, [*words, "59.4:5.2:2019-06-01"])
    assert missing.exit_code == 1
    assert "geobfdt[magnetic]" in str(missing.exception)
    assert not target.exists()
