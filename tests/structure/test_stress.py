"""SHmax from breakouts and induced fractures: axial statistics, ranks, and a real well."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from geobfdt.structure.stress import MAX_DEVIATION_DEG, axial_mean, stress_azimuth

UD1 = Path(__file__).parents[1] / "data" / "picks-ud1" / "UD1_Borehole_Imaging_Interpretation.csv.gz"


def ud1():
    """Breakouts of a real well."""
    table = pd.read_csv(UD1, skiprows=[1], na_values=[-9999])
    return table[table["Dip Classification"] == "Breakout"]


def stress_of(rows):
    """SHmax of rows of that table."""
    middle, half = rows["Measured Depth"].to_numpy(), rows["Breakout_Height_N"].to_numpy() / 2
    azimuth, deviation = rows["True Dip Azimuth"].to_numpy(), rows["Hole Deviation"].to_numpy()
    return stress_azimuth("breakout", middle - half, middle + half, azimuth, deviation)


def test_the_breakouts_of_a_real_well_near_vertical():
    """26 breakouts, SHmax 139 degrees, standard deviation 25 degrees."""
    rows = ud1()
    result = stress_of(rows[rows["Hole Deviation"] <= MAX_DEVIATION_DEG])
    assert (result.rows, round(result.shmax), round(result.deviation)) == (26, 139, 25)
    assert result.deviated == 0
    # 25.1 degrees are more than rank C allows.
    assert result.rank == "D"


def test_the_deviated_part_of_that_well_gives_no_rank():
    """All 75 scatter by 45 degrees, and 49 of them lie where the hole deviates."""
    result = stress_of(ud1())
    assert (result.rows, round(result.deviation), result.deviated) == (75, 45, 49)
    assert result.rank is None


@pytest.mark.parametrize(
    ("zones", "metres", "scatter", "rank"),
    [(10, 10.0, 11.0, "A"), (10, 9.9, 11.0, "B"), (9, 20.0, 11.0, "B"), (10, 10.0, 13.0, "B"), (6, 7.0, 19.0, "B"),
     (6, 6.0, 19.0, "C"), (5, 20.0, 19.0, "C"), (4, 5.0, 24.0, "C"), (3, 50.0, 5.0, "D"), (4, 4.9, 5.0, "D"),
     (10, 10.0, 39.0, "D"), (10, 10.0, 41.0, "E")],
)  # fmt: skip
def test_each_bound_of_the_ranks(zones, metres, scatter, rank):
    """Half of the rows lie on each side of the mean: R = cos(2 off), and s.d. = sqrt(-2 ln R) / 2."""
    off = np.degrees(np.arccos(np.exp(-2 * np.radians(scatter) ** 2))) / 2
    pairs = [(z, sign) for z in range(zones) for sign in (-1, 1)]
    top = np.array([100.0 * z + (sign > 0) * metres / 2 for z, sign in pairs])
    azimuth = np.array([40 + sign * off for _, sign in pairs])
    # The two halves of a zone overlap a little, so that they are one zone.
    result = stress_azimuth("induced", top, top + metres / 2 + 1e-6, azimuth, np.zeros(len(top)))
    assert result.deviation == pytest.approx(scatter, abs=0.01)
    assert (result.zones, result.rank) == (zones, rank)
    assert result.shmax == pytest.approx(40)


def test_two_lobes_of_one_breakout_are_one_zone():
    """Rows that overlap in depth are one zone, and their length counts once."""
    result = stress_azimuth("breakout", [10.0, 10.2], [11.0, 11.4], [100.0, 280.0], [1.0, 1.0])
    assert (result.zones, round(result.length, 6), round(result.shmax, 6)) == (1, 1.4, 10.0)


def test_an_unknown_deviation_gives_no_rank():
    """Nothing says that the hole is near vertical."""
    assert stress_azimuth("breakout", [1.0], [2.0], [90.0], [np.nan]).rank is None


def test_no_row_gives_no_azimuth():
    """Without breakouts the rank is E."""
    result = stress_azimuth("breakout", [], [], [], [])
    assert np.isnan(result.shmax)
    assert result.rank == "E"


def test_the_axial_mean_does_not_depend_on_the_side():
    """Both lobes of a breakout are one axis."""
    rng = np.random.default_rng(0)
    azimuth = rng.normal(175, 12, 500)
    flipped = (azimuth + 180 * rng.integers(2, size=500)) % 360
    assert axial_mean(flipped, np.ones(500)) == pytest.approx(axial_mean(azimuth, np.ones(500)))
    assert axial_mean(azimuth, np.ones(500))[1] == pytest.approx(12, abs=1)
