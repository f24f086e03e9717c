"""Refinement on images whose planes are known to the last digit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geobfdt.geometry import trace_rms
from geobfdt.picking.local_energy import local_energy
from geobfdt.picking.refinement import Refined, refine


def refined(scene: Any, traces: np.ndarray, radius: float = 0.1, sure: float = 0.0) -> Refined:
    """Refine on a scene's image."""
    image = scene.image
    parts = [image[name].values for name in ("image", "depth", "azimuth")]
    return refine(*parts, traces, radius, confidence=sure)


@pytest.mark.parametrize("columns", [16, 56, 72, 360])
@pytest.mark.parametrize("kind", ["fracture", "bed"])
def test_lone_plane_is_found_to_a_millimetre(make_scene: Callable[..., Any], columns: int, kind: str) -> None:
    """A line or a step comes back within 1 mm from 1.5 cm off, between pads, in noise."""
    plane = (101.0, 0.11, -0.06)
    fractures, beds = ([plane], []) if kind == "fracture" else ([], [plane])
    pads = 4 if columns >= 56 else 0
    scene = make_scene(fractures, beds, length=2.0, row=0.0025, columns=columns, noise=0.3, pads=pads)
    out = refined(scene, np.array([[101.010, 0.10, -0.07]]))
    assert trace_rms(out.traces[0], plane) < 0.001 * max(1, np.sqrt(72 / columns))


def test_only_coarse_candidates_are_centred(make_scene: Callable[..., Any]) -> None:
    """Off as a whole by 4 mm, a coarse candidate is put in the middle of the line; a network's keeps its depth."""
    plane = np.array([101.0, 0.08, -0.05])
    scene = make_scene([tuple(plane)], [], length=2.0, row=0.0025, noise=0.3)
    image, start = scene.image, plane[None] + [0.004, 0, 0]
    parts = image["image"].values, image["depth"].values, image["azimuth"].values
    assert abs(refine(*parts, start, typical_error_m=0.03).traces[0, 0] - plane[0]) < 0.001
    assert abs(refine(*parts, start, typical_error_m=0.006).traces[0, 0] - start[0, 0]) < 0.001


def test_sigmas_grow_with_disagreement(make_scene: Callable[..., Any]) -> None:
    """The farther the pixels moved a candidate, the less sure its depth and tilt."""
    plane = np.array([101.0, 0.08, -0.05])
    scene = make_scene([tuple(plane)], [], length=2.0, row=0.0025, noise=0.3)
    image, start = scene.image, plane + [[0, 0, 0], [0, 0.01, 0], [0, 0.02, 0.01]]
    out = refine(image["image"].values, image["depth"].values, image["azimuth"].values, start, typical_error_m=0.006)
    sigma = np.sqrt(np.diagonal(out.covariance, axis1=1, axis2=2))
    assert (np.diff(sigma, axis=0) > 0).all()


def test_the_depth_of_a_bed_is_less_well_defined(make_scene: Callable[..., Any]) -> None:
    """The same place, as sure, but a fracture's depth is surer than a bed's; coarse candidates are all alike."""
    plane = np.array([101.0, 0.08, -0.05])
    scene = make_scene([tuple(plane)], [], length=2.0, row=0.0025, noise=0.3)
    parts = [scene.image[name].values for name in ("image", "depth", "azimuth")]
    for typical_error_m, ratio in ((0.006, (2.0, 15.0)), (0.03, (1.0, 1.0))):
        both = {"classes": ["bedding", "fracture"], "confidence": [0.9, 0.9]}
        out = refine(*parts, [plane, plane], typical_error_m=typical_error_m, **both)
        np.testing.assert_array_equal(out.traces[0], out.traces[1])
        bed, fracture = np.sqrt(out.covariance[:, 0, 0])
        assert ratio[0] <= bed / fracture <= ratio[1]


def test_doubt_makes_sigmas_wider(make_scene: Callable[..., Any]) -> None:
    """What is doubted is less well placed; traces know nothing of it."""
    plane = np.array([101.0, 0.08, -0.05])
    scene = make_scene([tuple(plane)], [], length=2.0, row=0.0025, noise=0.3)
    parts = [scene.image[name].values for name in ("image", "depth", "azimuth")]
    sure = [1.0, 0.9, 0.6]
    for typical_error_m in (0.004, 0.03):
        out = refine(*parts, [plane] * 3, typical_error_m=typical_error_m, classes="bedding", confidence=sure)
        sigma = np.sqrt(np.diagonal(out.covariance, axis1=1, axis2=2))
        assert (np.diff(sigma, axis=0) > 0).all()
        np.testing.assert_array_equal(out.traces[0], out.traces[2])


def test_sigma_covers_the_error(make_scene: Callable[..., Any]) -> None:
    """
    Over many noisy planes most errors are within one sigma, nearly all within three.

    Real planes err more than clean ones in noise, and what the depth of a plane means is open to some millimetres: here
    sigmas may be up to two and a half times too large.
    """
    rng = np.random.default_rng(2)
    planes = [(100.5 + 0.5 * i, *rng.normal(0, 0.08, 2)) for i in range(40)]
    scene = make_scene(planes[::2], planes[1::2], length=21.0, row=0.004, noise=1.0)
    truth = np.concatenate([scene.fractures, scene.beds])
    out = refined(scene, truth + rng.normal(0, 0.006, truth.shape), sure=1.0)
    sigma = np.sqrt(np.diagonal(out.covariance, axis1=1, axis2=2))
    ratio = np.abs(out.traces - truth) / sigma
    assert (ratio < 1).mean() > 0.6
    assert (ratio[:, 1:] < 0.4).mean() < 0.85
    assert (ratio < 3).mean() > 0.97


def test_outlying_pieces_do_not_pull(make_scene: Callable[..., Any]) -> None:
    """A crossing fracture, as strong, moves a plane by less than 2 mm."""
    plane, other = (101.0, 0.02, 0.01), (101.02, 0.25, -0.1)
    out = refined(make_scene([plane, other], [], length=2.0, row=0.0025), np.array([[101.006, 0.015, 0.02]]))
    assert trace_rms(out.traces[0], plane) < 0.002


def test_roll_turns_the_trace(scene: Any) -> None:
    """Rolling the image by a quarter turn rolls the trace, and nothing else."""
    image = scene.image
    values, depth, angles = image["image"].values, image["depth"].values, image["azimuth"].values
    start = scene.fractures + np.array([0.005, 0.01, -0.005])
    still = refine(values, depth, angles, start)
    turned = refine(np.roll(values, 18, axis=1), depth, angles, start[:, [0, 2, 1]] * [1, -1, 1])
    np.testing.assert_allclose(turned.traces, still.traces[:, [0, 2, 1]] * [1, -1, 1], atol=1e-9)
    np.testing.assert_allclose(turned.coverage, still.coverage)


def test_coverage_counts_measured_columns(make_scene: Callable[..., Any]) -> None:
    """Coverage is the share of columns measured where the trace runs, 0 outside the image."""
    scene = make_scene([(101.0, 0.1, 0.0)], [], length=2.0)
    scene.image["image"].values[:, :18] = np.nan
    out = refined(scene, np.array([[101.0, 0.1, 0.0], [100.0, 0.05, 0.0], [90.0, 0.0, 0.0]]))
    assert out.coverage[0] == pytest.approx(0.75)
    z0, a, b = out.traces[1]
    t = np.radians(scene.image["azimuth"].values[18:])
    assert out.coverage[1] == pytest.approx((z0 + a * np.cos(t) + b * np.sin(t) >= 100).sum() / 72)
    assert out.coverage[2] == 0
    assert np.isinf(out.covariance[2]).all()
    np.testing.assert_array_equal(out.traces[2], [90, 0, 0])


def test_missing_rows_are_not_measured(make_scene: Callable[..., Any]) -> None:
    """Rows that a file leaves out tell no more than rows of nothing: neither coverage nor the trace is another."""
    scene = make_scene([(101.0, 0.3, 0.0)], [], length=2.0)
    depth = scene.image["depth"].values
    lost = (depth > 100.8) & (depth < 101.1)
    start = np.array([[101.01, 0.29, 0.0], [100.95, 0.01, 0.0]])
    scene.image["image"].values[lost] = np.nan
    empty = refined(scene, start)
    parts = [scene.image.isel(depth=~lost)[name].values for name in ("image", "depth", "azimuth")]
    missing = refine(*parts, start, 0.1)
    assert 0.3 < empty.coverage[0] < 0.9
    assert empty.coverage[1] == 0
    np.testing.assert_allclose(missing.coverage, empty.coverage)
    np.testing.assert_allclose(missing.traces, empty.traces, atol=1e-5)


def test_no_plane_leaves_the_trace_near(make_scene: Callable[..., Any]) -> None:
    """In noise alone nothing runs away, and nothing is NaN."""
    scene = make_scene([], [], length=3.0)
    start = np.array([[101.0, 0.1, 0.0], [102.0, 0.0, 0.6], [101.5, 0.0, 0.0]])
    out = refined(scene, start)
    assert (trace_rms(out.traces, start) < 0.25).all()
    assert np.isfinite(out.traces).all()


def test_none_in_none_out(scene: Any) -> None:
    """An empty list of traces is refined to an empty list."""
    out = refined(scene, np.empty((0, 3)))
    assert out.traces.shape == (0, 3)
    assert out.covariance.shape == (0, 3, 3)


@pytest.mark.parametrize("sigma", [2.0, 4.0])
def test_local_energy_tells_line_from_step(sigma: float) -> None:
    """A line is real, a step imaginary, signs as documented, the modulus greatest at the middle."""
    x = np.arange(41) - 20.0
    patterns = np.array([np.exp(-(x**2) / 8), -np.exp(-(x**2) / 8), np.tanh(x / 2), -np.tanh(x / 2)])
    energy = local_energy(patterns - patterns.mean(axis=1, keepdims=True), sigma)
    middle = energy[:, 20] / np.abs(energy[:, 20])
    np.testing.assert_allclose(middle, [1, -1, 1j, -1j], atol=0.05)
    assert (np.abs(energy[:, 10:31]).argmax(axis=1) == 10).all()
