"""Covariances stretched to what errors are like: by hand, in whatever direction a plane dips."""

from __future__ import annotations

import numpy as np
import pytest

from geobfdt.picking.uncertainty import inflate_covariance, sigma_coefficients

COEFFICIENTS = np.array([[0.02, 0.5, 0.25, 0.5], [0.03, 1.0, 0.5, 0.0], [0.01, 0.0, 0.0, 1.0]])


def turned(degrees: float) -> np.ndarray:
    """A turn of the hole: ``(a, b)`` turns, depth stays."""
    turn = np.radians(degrees)
    return np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])


@pytest.mark.parametrize("degrees", [0, 37, 90, 200])
def test_by_hand(degrees: float) -> None:
    """
    Deviations of a plane that dips along its first axis are products of powers; correlations stay the fit's.

    A millimetre is added to each direction first.
    """
    deviation, correlation = np.array([0.004, 0.009, 0.03]), np.array([[1, 0.3, 0], [0.3, 1, -0.2], [0, -0.2, 1]])
    fit, to = np.outer(deviation, deviation) * correlation - 1e-6 * np.eye(3), turned(degrees)
    plane, moved, sure = np.array([5.0, 0.2, 0.0]), 1.5, 0.77
    expected = [
        0.02 * np.sqrt(0.4) * (1.02 - 0.77) ** 0.25 * np.sqrt(1.55),
        0.03 * 0.9 * np.sqrt(1.02 - 0.77),
        0.01 * 1.55,
    ]
    out = inflate_covariance(
        (to @ fit @ to.T)[None], (to @ plane)[None], np.array([moved]), np.array([sure]), COEFFICIENTS[None]
    )
    mine = to.T @ out[0] @ to
    np.testing.assert_allclose(np.sqrt(np.diag(mine)), expected, rtol=1e-9)
    np.testing.assert_allclose(mine / np.outer(expected, expected), correlation, atol=1e-9)


def test_what_is_not_known_stays_unknown() -> None:
    """Infinite covariances stay so, without a warning, beside others that do not."""
    fit = np.stack([np.eye(3) * 1e-4, np.full((3, 3), np.inf)])
    plane = np.array([[5.0, 0.2, 0.1], [6.0, 0.0, 0.0]])
    out = inflate_covariance(fit, plane, np.zeros(2), np.ones(2), np.stack([COEFFICIENTS, COEFFICIENTS]))
    assert np.isfinite(out[0]).all()
    assert np.isinf(out[1]).all()


def test_flat_planes_have_sigmas() -> None:
    """A plane without a dip has no direction of its own; any is as good."""
    out = inflate_covariance(
        np.eye(3)[None] * 1e-4, np.array([[5.0, 0.0, 0.0]]), np.zeros(1), np.zeros(1), COEFFICIENTS[None]
    )
    assert np.isfinite(out).all()


@pytest.mark.parametrize(("name", "centred"), [("bedding", False), ("fracture", False), ("bedding", True)])
def test_what_is_sure_and_did_not_move_is_better_known(name: str, centred: bool) -> None:
    """The laws in use: doubt and moves widen depth, dip and azimuth, of either class."""
    plane, fit = np.array([[5.0, 0.2, 0.1]] * 3), np.array([np.eye(3) * 1e-4] * 3)
    coefficients = sigma_coefficients([name] * 3, 3, centred)
    out = inflate_covariance(fit, plane, np.array([0.1, 0.1, 2.0]), np.array([0.99, 0.5, 0.99]), coefficients)
    sure, doubted, moved = np.sqrt(np.diagonal(out, axis1=1, axis2=2))
    assert (doubted > sure).all()
    assert (moved > sure).all()


def test_centred_candidates_are_all_alike() -> None:
    """Their classes do not matter."""
    coefficients = sigma_coefficients(["bedding", "fracture"], 2, True)
    out = inflate_covariance(
        np.array([np.eye(3)] * 2), np.array([[5.0, 0.2, 0.1]] * 2), np.ones(2), np.full(2, 0.9), coefficients
    )
    np.testing.assert_array_equal(out[0], out[1])
