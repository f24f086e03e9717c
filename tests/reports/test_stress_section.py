"""The section on breakouts: SHmax and rank where the hole is near vertical, a finding where it is not."""

import numpy as np
import pytest

from geobfdt.reports.stress_section import analyse_stress, stress_section
from geobfdt.wells.breakouts import new_breakouts
from geobfdt.wells.image import well_image


def well(deviation):
    """A well of 200 m whose deviation is given at its ends."""
    depth = np.linspace(100.0, 300.0, 201)
    log = np.interp(depth, [100.0, 300.0], deviation)
    return well_image(np.zeros((201, 8)), depth, deviation=log, hole_azimuth=0.0, reference="north", well="A")


def rows(**changes):
    """Ten breakouts of 12 m, of which both lobes were drawn."""
    top = np.repeat(100.0 + 20 * np.arange(10), 2)
    columns = {
        "well": "A", "top_m": top, "base_m": top + 12, "class_": "breakout", "status": "proposed",
        "azimuth_true_deg": np.tile([50.0, 230.0], 10),
    }  # fmt: skip
    return new_breakouts(**columns | changes)


def test_a_vertical_hole_has_a_rank_and_no_finding():
    """Ten zones and 120 m without scatter are rank A."""
    (line,) = analyse_stress(well([0.0, 5.0]), rows())
    assert (line.vertical.rank, line.vertical.zones) == ("A", 10)
    assert line.vertical.shmax == pytest.approx(140)
    text, findings = stress_section(well([0.0, 5.0]), rows())
    assert findings == []
    assert "<img" in text


def test_the_deviated_part_is_left_out_with_a_finding():
    """The hole passes 16 degrees at 200 m: five zones stay, and all rows together have no rank."""
    (line,) = analyse_stress(well([0.0, 32.0]), rows())
    assert (line.vertical.zones, line.every.rank) == (5, None)
    _, findings = stress_section(well([0.0, 32.0]), rows())
    assert [finding.kind for finding in findings] == ["stress-deviated"]


def test_rejected_rows_do_not_count():
    """What a person rejected is in no number."""
    assert analyse_stress(well([0.0, 0.0]), rows(status="rejected")) == []
    assert stress_section(well([0.0, 0.0]), rows(status="rejected"))[0] == ""


def test_without_azimuths_there_is_no_rose():
    """An unknown reference leaves lengths and no azimuth."""
    text, _ = stress_section(well([0.0, 0.0]), rows(azimuth_true_deg=np.nan))
    assert text
    assert "<img" not in text
