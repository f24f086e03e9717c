"""What is noted about a plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geobfdt.geometry import amplitude_azimuth, apparent_dip
from geobfdt.picking.attributes import describe, plane_sigmas, quality_rank
from geobfdt.picking.refinement import refine


def test_sigmas_match_sampling() -> None:
    """First-order propagation agrees with 200,000 draws from the covariance."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(3, 3)) * 0.002
    covariance = root @ root.T
    trace = np.array([5.0, 0.08, -0.06])
    draws = rng.multivariate_normal(trace, covariance, 200_000)
    amplitude, azimuth = amplitude_azimuth(draws)
    depth, dip, turn = plane_sigmas(trace[None], covariance[None], np.array([0.2]))
    assert depth[0] == pytest.approx(draws[:, 0].std(), rel=0.02)
    assert dip[0] == pytest.approx(apparent_dip(amplitude, 0.2).std(), rel=0.02)
    assert turn[0] == pytest.approx(azimuth.std(), rel=0.02)


def test_flat_and_unknown_planes_have_bounded_sigmas() -> None:
    """A flat plane has no azimuth; without a diameter there is no dip; infinite covariance is no number."""
    traces = np.array([[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [1.0, 0.1, 0.0]])
    covariance = np.stack([np.eye(3) * 1e-6, np.eye(3) * 1e-6, np.full((3, 3), np.inf)])
    depth, dip, azimuth = plane_sigmas(traces, covariance, np.array([0.2, np.nan, 0.2]))
    assert azimuth[0] == pytest.approx(103.923, abs=1e-3)
    assert np.isnan(dip[1])
    assert np.isfinite(depth[1])
    assert np.isnan([depth[2], dip[2], azimuth[2]]).all()


def test_polarity_follows_the_dark_end(make_scene: Callable[..., Any]) -> None:
    """A dark line is conductive where low is dark, resistive where high is; a step is neither."""
    scene = make_scene([(100.5, 0.05, 0.0)], [(101.5, 0.0, 0.03)], length=2.0, row=0.0025)
    image = scene.image
    out = refine(
        image["image"].values,
        image["depth"].values,
        image["azimuth"].values,
        np.concatenate([scene.fractures, scene.beds]),
    )
    diameter = np.full(2, 0.2)
    assert describe(out, diameter, "low").polarity.tolist() == ["conductive", ""]
    assert describe(out, diameter, "high").polarity.tolist() == ["resistive", ""]


def test_continuity_is_the_visible_share(make_scene: Callable[..., Any]) -> None:
    """A fracture that was wiped out over a third of the turn is visible on the rest."""
    scene = make_scene([(101.0, 0.1, 0.05)], [], length=2.0, noise=0.2)
    values = scene.image["image"].values
    values[:, 24:48] = 0.2 * np.random.default_rng(0).normal(size=(values.shape[0], 24))
    out = refine(values, scene.image["depth"].values, scene.image["azimuth"].values, scene.fractures)
    notes = describe(out, np.array([0.2]), "low")
    assert notes.continuity[0] == pytest.approx(2 / 3, abs=0.08)
    assert notes.coverage[0] == 1.0


def test_ranks_fall_with_each_measure() -> None:
    """Any one bad measure costs the rank."""
    best = {"coverage": 0.9, "continuity": 0.9, "sigma_depth": 0.001, "sigma_dip": 0.5}
    cases = {"A": {}, "B": {"coverage": 0.5}, "C": {"continuity": 0.4}, "D": {"sigma_depth": 0.05}}
    for rank, worse in cases.items():
        assert quality_rank(*(np.array([value]) for value in (best | worse).values())).tolist() == [rank]
    assert quality_rank(*(np.array([v]) for v in (best | {"sigma_dip": 6.0}).values())).tolist() == ["C"]
    assert quality_rank(*(np.array([v]) for v in (best | {"sigma_depth": np.nan}).values())).tolist() == ["D"]
