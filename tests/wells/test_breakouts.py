"""Breakout tables: their contract, and their azimuths in the hole."""

import numpy as np
import pytest

from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import (
    apparent_azimuth,
    complete_breakouts,
    new_breakouts,
    read_breakouts,
    true_azimuth,
    write_breakouts,
)
from geobfdt.wells.image import well_image


def table(**changes):
    """A breakout and an induced fracture, changed by name."""
    columns = {
        "well": "A-1", "top_m": [10.0, 12.0], "base_m": [11.0, 12.5], "class_": ["breakout", "induced"],
        "azimuth_app_deg": [100.0, 190.0], "width_deg": [30.0, np.nan], "class_source": ["BO", "=DITF"],
    }  # fmt: skip
    return new_breakouts(**columns | changes)


def test_a_table_comes_back_from_its_file(tmp_path):
    """Text that looks like a formula, too."""
    written = table()
    write_breakouts(written, tmp_path / "A-1.breakouts.csv")
    back = read_breakouts(tmp_path / "A-1.breakouts.csv")
    assert back.equals(written)


@pytest.mark.parametrize(
    "change", [{"class_": "fracture"}, {"base_m": [9.0, 12.5]}, {"width_deg": 361.0}, {"azimuth_app_deg": -1.0},
               {"top_m": np.nan}, {"confidence": 1.5}]
)  # fmt: skip
def test_what_breaks_the_contract_is_refused(change):
    """Each value out of its range, and a base above its top."""
    with pytest.raises(InputError):
        table(**change)


@pytest.mark.parametrize("reference", ["north", "high_side", "pseudo_north"])
def test_true_and_apparent_azimuth_are_inverse(reference):
    """There and back again in holes of any direction."""
    rng = np.random.default_rng(0)
    angle, deviation, azimuth = rng.uniform(0, 360, 200), rng.uniform(0, 70, 200), rng.uniform(0, 360, 200)
    back = apparent_azimuth(true_azimuth(angle, deviation, azimuth, reference), deviation, azimuth, reference)
    np.testing.assert_allclose((back - angle + 180) % 360, 180, atol=1e-6)


def test_the_true_azimuth_is_that_of_the_wall_point():
    """In a hole that deviates 30 degrees to the east, the high side of the wall is towards the east."""
    assert true_azimuth(0.0, 30.0, 90.0, "high_side") == pytest.approx(90.0)
    assert true_azimuth(90.0, 30.0, 90.0, "high_side") == pytest.approx(180.0)


def test_a_hole_fills_both_azimuths_and_keeps_what_is_there():
    """A stated reference is used, an absent one is assumed with a finding."""
    hole = {"diameter": 0.2, "deviation": 10.0, "hole_azimuth": 90.0}
    well = well_image(np.zeros((20, 4)), np.arange(20.0), reference="high_side", well="A-1", **hole)
    rows, findings = complete_breakouts(
        table(azimuth_app_deg=[0.0, np.nan], azimuth_true_deg=[np.nan, 180.0], reference=["high_side", ""]), well
    )
    assert rows["azimuth_true_deg"].tolist() == pytest.approx([90.0, 180.0])
    assert rows["azimuth_app_deg"].tolist() == pytest.approx([0.0, 90.0])
    assert findings == []
    rows, findings = complete_breakouts(table(), well)
    assert [finding.kind for finding in findings] == ["breakout-reference-assumed"]


def test_an_image_of_unknown_reference_keeps_what_is_stated():
    """Nothing is turned, and the table's own reference stays."""
    bare = well_image(np.zeros((20, 4)), np.arange(20.0), well="A-1", deviation=0.0, hole_azimuth=0.0)
    rows, findings = complete_breakouts(table(reference="high_side"), bare)
    assert set(rows["reference"]) == {"high_side"}
    assert rows["azimuth_app_deg"].tolist() == [100.0, 190.0]
    assert [finding.kind for finding in findings] == ["no-breakout-azimuth"]


def test_without_a_hole_there_is_no_true_azimuth():
    """It is missing, with a finding."""
    bare = well_image(np.zeros((20, 4)), np.arange(20.0), well="A-1", reference="high_side")
    rows, findings = complete_breakouts(table(reference="high_side"), bare)
    assert rows["azimuth_true_deg"].isna().all()
    assert [finding.kind for finding in findings] == ["no-breakout-azimuth"]
