"""The structure of simulated wells, from their truth: sets, mean planes and P32 against what they were made with."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.geometry import pole_angle
from geobfdt.reports.structure_section import analyse_structure
from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.intervals import new_intervals


@pytest.mark.parametrize("deviation", [0.0, 35.0, 80.0])
def test_sets_means_and_p32(deviation: float) -> None:
    """Whatever the hole's direction: both sets, within 3 degrees, the mean bed too; P32 within its interval."""
    sets = (FractureSet(dip=65, azimuth=110), FractureSet(dip=50, azimuth=250))
    geology = Geology(
        sets=sets, fracture_density=4.0, spacing_cv=1.0, bedding_dip=12.0, bedding_azimuth=300.0, bed_thickness=0.3
    )
    settings = WellSettings(
        tool="lwd56", length=40, deviation=deviation, hole_azimuth=20.0, reference="high_side", geology=geology
    )
    well = simulate_well(settings, np.random.default_rng(3))
    truth = well.truth.drop(columns="confidence").assign(confidence=np.nan)
    structure = analyse_structure(well.image, truth, new_intervals())
    assert len(structure.sets) == 2
    for part in sets:
        off = [
            pole_angle(line.part.mean.dip, line.part.mean.azimuth, part.dip, part.azimuth) for line in structure.sets
        ]
        assert min(off) < 3
    assert structure.beds is not None
    assert pole_angle(structure.beds.dip, structure.beds.azimuth, 12, 300) < 3
    # Area of each plane within the hole over the hole's volume, from true attitudes and the hole's own direction.
    # A plane that reaches into the image with its flanks alone has its depth above or below the 40 m.
    inside = truth["depth_m"].between(*well.image["depth"].values[[0, -1]])
    mine = truth[(truth["class"] == "fracture") & inside]
    d, t = np.radians(mine[["dip_true_deg", "azimuth_true_deg"]].to_numpy(float)).T
    normals = np.stack([np.sin(d) * np.sin(t), np.sin(d) * np.cos(t), np.cos(d)])
    i, a = np.radians([deviation, 20.0])
    cosine = np.abs(np.array([np.sin(i) * np.sin(a), np.sin(i) * np.cos(a), -np.cos(i)]) @ normals)
    direct = (1 / np.maximum(cosine, 0.1)).sum() / 40
    one = structure.intensities["fracture"]
    assert one.p32 == pytest.approx(direct, rel=0.01)
    assert one.p32_low < direct < one.p32_high
    assert one.p10 == pytest.approx(len(mine) / 40, rel=0.01)
