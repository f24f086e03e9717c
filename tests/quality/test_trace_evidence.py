"""Evidence: a peak in the middle of lines and on steps, none on texture, and gaps that are no edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from geobfdt import geometry
from geobfdt.quality.alignment import align
from geobfdt.quality.trace_evidence import trace_coverage, trace_evidence
from geobfdt.wells.image import WellImage, well_image

ANGLES = np.arange(5.0, 360.0, 10.0)
TRACE = np.array([11.5, 0.2, -0.1])
SHIFTS = np.arange(-60, 61) * 0.005


def make_image(kind: str, seed: int = 0, noise: float = 1.0) -> WellImage:
    """Three metres of noise with one plane on it, a line of 2 cm or a step."""
    depth = 10 + 0.0025 * np.arange(1200)
    off = depth[:, None] - geometry.trace_depth(TRACE, ANGLES)
    shape = {"line": np.abs(off) < 0.01, "step": off > 0, "none": 0 * off}[kind]
    return well_image(
        5.0 * shape + np.random.default_rng(seed).normal(0, noise, off.shape), depth, ANGLES, diameter=0.2
    )


@pytest.mark.parametrize("kind", ["line", "step"])
def test_peak_is_on_the_feature(kind: str) -> None:
    """Neither the middle of a line nor a step is moved: the peak is within 2 mm, read as a centre of mass."""
    curves = [trace_evidence(make_image(kind, seed), TRACE[None, None], SHIFTS)[0, 0] for seed in range(4)]
    near = np.mean(curves, axis=0) * (np.abs(SHIFTS) < 0.04)
    assert (near * SHIFTS).sum() / near.sum() == pytest.approx(0.0, abs=0.002)
    assert near.max() > 1.0


def test_texture_gives_none() -> None:
    """On noise alone the mean over 40 images and all shifts is nought, whatever the share measured."""
    values = []
    for seed in range(40):
        image = make_image("none", seed)
        image["image"].values[:, : 3 * (seed % 8)] = np.nan
        values.append(np.nanmean(trace_evidence(image, TRACE[None, None], SHIFTS)))
    assert np.mean(values) == pytest.approx(0.0, abs=0.05)


def test_gaps_are_no_edges() -> None:
    """Unmeasured rows along a trace, under a strong offset, give nothing where a step would shout."""
    image = make_image("none", noise=1.0)
    image["image"].values[:] += 1000
    image["image"].values[np.abs(image.depth.values[:, None] - geometry.trace_depth(TRACE, ANGLES)) < 0.01] = np.nan
    evidence = trace_evidence(image, TRACE[None, None], SHIFTS)[0, 0]
    assert np.isnan(evidence[60])
    assert np.nanmax(evidence) < 0.5


def test_versions_are_independent_and_far_apart() -> None:
    """A pick judged beside others, metres away and out of order, gets what it gets alone."""
    image = make_image("line")
    others = np.array([[12.7, 0.05, 0.0], TRACE, [10.4, -0.1, 0.1], [np.nan, 0, 0], [400.0, 0, 0]])
    together = trace_evidence(image, np.stack([others, others + np.array([0, 0.1, 0])]), SHIFTS)
    alone = trace_evidence(image, TRACE[None, None], SHIFTS)[0, 0]
    np.testing.assert_allclose(together[0, 1], alone, atol=0.1)
    assert np.isnan(together[:, 3:]).all()


@settings(max_examples=25, deadline=None)
@example(z0=10.0, a=0.0, b=0.015625, seed=28)  # two columns leave the image by a little over half a row
@given(z0=st.floats(9.5, 13.5), a=st.floats(-0.6, 0.6), b=st.floats(-0.6, 0.6), seed=st.integers(0, 99))
def test_coverage_against_a_loop(z0: float, a: float, b: float, seed: int) -> None:
    """Column by column, the nearest row."""
    image = make_image("none", seed)
    image["image"].values[np.random.default_rng(seed).random((1200, 36)) < 0.4] = np.nan
    depth = image.depth.values
    expected = 0
    for column, angle in enumerate(ANGLES):
        at = z0 + a * np.cos(np.radians(angle)) + b * np.sin(np.radians(angle))
        row = int(np.abs(depth - at).argmin())
        expected += bool(abs(depth[row] - at) <= 0.00125 and np.isfinite(image["image"].values[row, column]))
    # A depth halfway between rows may go to either.
    assert trace_coverage(image, np.array([[z0, a, b]]))[0] == pytest.approx(expected / 36, abs=1.01 / 36)


def test_align_says_nothing_of_noise() -> None:
    """Curves of noise, smooth as real ones are: no shift in 40 tries."""
    rng = np.random.default_rng(0)
    shifts = np.arange(-200, 201) * 0.005
    for _ in range(40):
        raw = rng.normal(0, 1, (80, 401 + 8))
        curves = np.stack([np.convolve(row, np.ones(9) / 9, "valid") for row in raw])
        assert align(curves, shifts, np.arange(80.0)).verdict == "unclear"


def test_sigma_is_the_scatter_of_the_shift() -> None:
    """The standard error is that of 60 repeated wells, within a third."""
    rng = np.random.default_rng(1)
    shifts = np.arange(-200, 201) * 0.005
    alignments = []
    for _ in range(60):
        own = 0.1 + rng.normal(0, 0.008, (40, 1))
        curves = np.exp(-((shifts - own) ** 2) / (2 * 0.012**2)) + rng.normal(0, 0.05, (40, 401))
        alignments.append(align(curves, shifts, np.arange(40.0)))
    assert np.std([f.shift for f in alignments]) == pytest.approx(np.mean([f.sigma for f in alignments]), rel=0.33)
    assert np.mean([f.shift for f in alignments]) == pytest.approx(0.1, abs=0.001)
