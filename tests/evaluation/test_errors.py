"""Errors of matched pairs against values worked out by hand."""

import numpy as np
import pytest

from geobfdt.evaluation.errors import MEASURES, error_means, error_sums, pair_errors
from geobfdt.evaluation.matching import Planes
from geobfdt.wells.picks import new_picks


def planes(depth, amplitude, azimuth, dip=None, reference="north"):
    """Planes of apparent orientation, in a 0.2 m hole."""
    dip = np.degrees(np.arctan(2 * np.asarray(amplitude) / 0.2)) if dip is None else dip
    return Planes.of(
        new_picks(
            well="A",
            depth_m=depth,
            class_="bedding",
            amplitude_m=amplitude,
            azimuth_app_deg=azimuth,
            dip_app_deg=dip,
            reference=reference,
        )
    )


def test_errors_by_hand():
    """Signed depth, dip and azimuth, the azimuth across north."""
    got = pair_errors(planes([1.0], [0.1], [355.0], [40.0]), planes([1.02], [0.1], [5.0], [45.0])).iloc[0]
    assert got["depth_m"] == pytest.approx(-0.02)
    assert got["dip_deg"] == pytest.approx(-5)
    assert got["azimuth_deg"] == pytest.approx(-10)
    a, b, turn = np.radians([40, 45, 10])  # spherical law of cosines
    cosine = np.cos(a) * np.cos(b) + np.sin(a) * np.sin(b) * np.cos(turn)
    assert got["pole_deg"] == pytest.approx(np.degrees(np.arccos(cosine)))


def test_azimuth_of_nearly_flat_planes_is_left_out():
    """A 1 cm trace has no azimuth to speak of; a 3 cm one has."""
    pick, truth = planes([1.0, 2.0], [0.03, 0.03], [90.0, 90.0]), planes([1.0, 2.0], [0.01, 0.03], [80.0, 80.0])
    assert np.isnan(pair_errors(pick, truth)["azimuth_deg"]).tolist() == [True, False]


def test_references_that_differ_give_no_angle():
    """Apparent dips from different lines are not subtracted."""
    got = pair_errors(planes([1.0], [0.1], [0.0]), planes([1.0], [0.1], [0.0], reference="high_side")).iloc[0]
    assert got.isna().to_dict() == {
        "depth_m": False,
        "trace_m": True,
        "dip_deg": True,
        "azimuth_deg": True,
        "pole_deg": True,
    }


def test_means_by_loop_and_adding():
    """Means equal plain ones, and sums over parts add to the whole."""
    rng = np.random.default_rng(0)
    n = 60
    depth, amplitude, azimuth = rng.uniform(0, 9, n), rng.uniform(0, 0.3, n), rng.uniform(0, 360, n)
    pick = planes(depth + 0.01, np.abs(amplitude + rng.normal(0, 0.01, n)), (azimuth + rng.normal(4, 5, n)) % 360)
    errors = pair_errors(pick, planes(depth, amplitude, azimuth))
    unit = rng.integers(0, 4, n)
    sums = error_sums(errors, unit, 4)
    got = error_means(sums.sum(0))
    assert set(got) == set(MEASURES)
    turned = np.radians(errors["azimuth_deg"].dropna())
    expected = {
        "depth_bias_m": 0.01,
        "depth_error_m": 0.01,
        "trace_rms_m": np.mean(errors["trace_m"]),
        "dip_bias_deg": np.mean(errors["dip_deg"]),
        "dip_error_deg": np.mean(np.abs(errors["dip_deg"])),
        "azimuth_bias_deg": np.degrees(np.angle(np.exp(1j * turned).sum())),
        "azimuth_error_deg": np.mean(np.abs(errors["azimuth_deg"].dropna())),
        "pole_error_deg": np.mean(errors["pole_deg"]),
    }
    assert got == pytest.approx(expected)
    halves = [error_sums(errors[k::2], unit[k::2], 4) for k in (0, 1)]
    assert np.allclose(halves[0] + halves[1], sums)


def test_bias_of_half_a_turn_is_seen():
    """Azimuths turned round have a bias of 180 degrees, not zero."""
    azimuth = np.array([10.0, 100.0, 190.0, 280.0])
    depth, amplitude = np.arange(4.0), np.full(4, 0.1)
    errors = pair_errors(
        planes(depth, amplitude, (azimuth + 179 + [0, 1, 2, 2]) % 360), planes(depth, amplitude, azimuth)
    )
    assert abs(error_means(error_sums(errors, np.zeros(4), 1)[0])["azimuth_bias_deg"]) > 178


def test_nothing_matched_is_nan():
    """No pair, no mean."""
    none = pair_errors(
        planes([1.0], [0.1], [0.0]).take(np.array([], int)), planes([1.0], [0.1], [0.0]).take(np.array([], int))
    )
    assert np.isnan(list(error_means(error_sums(none, [], 2).sum(0)).values())).all()
