"""Calibration against loops and against laws with a known answer."""

import json

import numpy as np
import pytest

from geobfdt.evaluation.calibration import (
    brier,
    calibrate,
    coverage,
    expected_calibration_error,
    reliability,
)
from geobfdt.wells.picks import new_picks


def slow_error(confidence, right, bins):
    """Expected calibration error by a loop over equal shares of sorted picks (no ties)."""
    rows = sorted(zip(confidence, right, strict=True))
    total = 0.0
    for k in range(bins):
        part = rows[len(rows) * k // bins : len(rows) * (k + 1) // bins]
        if part:
            total += abs(sum(c for c, _ in part) - sum(r for _, r in part))
    return total / len(rows)


@pytest.mark.parametrize(("n", "bins"), [(1, 10), (7, 10), (100, 10), (103, 7), (40, 1)])
def test_error_by_loop(n, bins):
    """Equal to the loop, fewer picks than bins too."""
    rng = np.random.default_rng(n)
    confidence, right = rng.uniform(size=n), rng.integers(0, 2, n)
    assert expected_calibration_error(confidence, right, bins) == pytest.approx(slow_error(confidence, right, bins))
    assert brier(confidence, right) == pytest.approx(
        sum((c - r) ** 2 for c, r in zip(confidence, right, strict=True)) / n
    )


def test_equal_confidences_stay_together():
    """Shuffled rows give the same bins, though many picks share a confidence."""
    rng = np.random.default_rng(0)
    confidence, right = rng.integers(0, 4, 50) / 4, rng.integers(0, 2, 50)
    order = rng.permutation(50)
    table = reliability(confidence, right)
    assert table.equals(reliability(confidence[order], right[order]))
    assert table["n"].sum() == 50
    assert len(table) <= 4


def test_honest_and_boastful():
    """Picks right as often as they say have a small error; picks that say 0.2 more have 0.2."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.1, 0.7, 20_000)
    right = rng.uniform(size=p.size) < p
    assert expected_calibration_error(p, right) < 0.02
    assert expected_calibration_error(p + 0.2, right) == pytest.approx(0.2, abs=0.02)


def test_nothing_gives_nan():
    """No pick, no calibration."""
    assert np.isnan(expected_calibration_error([], []))
    assert np.isnan(brier([], []))
    assert np.isnan(coverage([], [], 0.9)[0])


@pytest.mark.parametrize(("level", "sigmas"), [(0.68, 1.0), (0.90, 2.5)])
def test_coverage_of_so_many_sigmas(level, sigmas):
    """What lies within as many is inside, whatever the sigmas; what is beyond by a little is not."""
    rng = np.random.default_rng(2)
    sigma = rng.uniform(0.1, 2, 20_000)
    error = sigma * sigmas * rng.uniform(0, 1 / level, sigma.size) * rng.choice([-1, 1], sigma.size)
    assert coverage(error, sigma, level)[0] == pytest.approx(level, abs=0.01)
    assert coverage(error, sigma / 2, level)[0] == pytest.approx(level / 2, abs=0.01)


def test_one_sigma_holds_what_it_holds_of_a_normal_law():
    """For 68 % the name means what it always did; beyond, normal errors lie well inside."""
    error = np.random.default_rng(4).normal(0, 1, 40_000)
    assert coverage(error, np.ones(error.size), 0.68)[0] == pytest.approx(0.68, abs=0.01)
    assert coverage(error, np.ones(error.size), 0.90)[0] > 0.96


def test_calibrate_tables():
    """From tables: picks right as often as they say, sigmas that are true, others ten times too small."""
    rng = np.random.default_rng(3)
    n = 2000
    truth = new_picks(
        well="A", depth_m=np.arange(n) * 1.0, class_="fracture", amplitude_m=0.1, dip_app_deg=45.0, azimuth_app_deg=0.0,
        reference="north",
    )  # fmt: skip
    right = rng.uniform(size=n) < 0.7
    turn = rng.normal(0, 3, n)
    picks = truth.assign(
        depth_m=truth["depth_m"] + rng.normal(0, 0.005, n) + np.where(right, 0, 0.5),
        azimuth_app_deg=turn % 360,
        confidence=0.7,
        sigma_depth_m=0.005,
        sigma_azimuth_deg=0.3,
    )
    got = calibrate(picks, truth)
    summary = got.summary.set_index("class").loc["all"]
    assert summary["n"] == n
    assert summary["right"] == right.mean()
    assert summary["ece"] == pytest.approx(abs(0.7 - right.mean()))
    rows = got.intervals.query("`class` == 'fracture'").set_index(["quantity", "level"])["covered"]
    assert rows["depth", 0.68] == pytest.approx(0.68, abs=0.04)
    assert rows["depth", 0.90] > 0.96  # of normal errors 0.988 lie within 2.5 sigmas
    assert rows["azimuth", 0.90] < 0.2
    assert np.isnan(rows["dip", 0.90])
    json.dumps(got.to_dict(), allow_nan=False)
