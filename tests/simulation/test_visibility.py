"""What can be seen: clear planes score high, faint and absent ones low."""

import numpy as np
import pytest

from geobfdt import geometry
from geobfdt.simulation.visibility import RowNoise, measure_visibility

ANGLE = (np.arange(180) + 0.5) * 2
TRACE = np.array([5.0, 0.1, 0.2])


def _image(step=0.0, line=0.0, noise=0.1, seed=0):
    depth = 0.01 * np.arange(1000)[:, None]
    z = geometry.trace_depth(TRACE, ANGLE)
    image = step * (depth > z) + line * (np.abs(depth - z) < 0.02)
    return (image + noise * np.random.default_rng(seed).standard_normal(image.shape)).astype(np.float32)


def _measure(image, half_width=0.0, there=None, **changes):
    arguments = {"gap": 1.0, "variation": np.full(1000, 0.5, np.float32), "row_noise": RowNoise(0.0)} | changes
    there = np.ones(180, bool) if there is None else there
    return measure_visibility(image, 0.0, 0.01, TRACE, half_width, where_present=there, **arguments)


def test_contrast_orders_visibility():
    """From nothing to obvious, for boundaries and for lines, dark or bright."""
    steps = [_measure(_image(step=c)).visible for c in (0.0, 0.05, 0.2, 1.0)]
    lines = [_measure(_image(line=-c), half_width=0.02).visible for c in (0.0, 0.05, 0.2, 1.0)]
    for values in (steps, lines):
        assert values == sorted(values)
        assert values[0] < 0.15
        assert values[-1] > 0.7


def test_what_is_not_its_own_does_not_show_it():
    """A line along the edge of a bed shows by what it adds itself, however clear the edge."""
    image = _image(step=1.0, line=-0.5)
    both, none = (_measure(image, half_width=0.02, noise_free=_image(line=c, noise=0.0)).visible for c in (-0.5, 0.0))
    assert none < 0.05 < 0.3 < both


def test_noise_hides():
    """The same boundary is worth less in noise."""
    values = [_measure(_image(step=0.3, noise=n)).visible for n in (0.02, 0.3, 2.0)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.35


def test_row_noise_hides_flat_boundaries_only():
    """Noise that a row shares looks like a bed, never like a steep fracture."""
    flat = np.array([5.0, 0.0, 0.0])
    image = np.zeros((1000, 180), np.float32)
    image[500:] = 0.3
    arguments = {"gap": 1.0, "where_present": np.ones(180, bool), "variation": np.full(1000, 0.5, np.float32)}
    visible = [
        measure_visibility(image, 0.0, 0.01, flat, 0.0, row_noise=RowNoise(n), **arguments).visible for n in (0.0, 1.0)
    ]
    assert visible[0] > 2 * visible[1]
    steep = [_measure(_image(step=0.3), row_noise=RowNoise(n)).visible for n in (0.0, 1.0)]
    assert steep[0] < 1.5 * steep[1]


def test_gaps_and_partial_planes():
    """Coverage counts what was measured along the trace, continuity the share of that where the plane is."""
    image = _image(step=1.0)
    image[:, :45] = np.nan
    there = np.ones(180, bool)
    there[45:90] = False
    visibility = _measure(image, there=there)
    assert visibility.coverage == pytest.approx(0.75, abs=0.02)
    assert visibility.continuity == pytest.approx(90 / 135, abs=0.02)
    assert visibility.visible > 0.7


def test_nothing_measured_is_nothing_seen():
    """No pixels, no score, no error."""
    assert _measure(np.full((1000, 180), np.nan, np.float32)) == (0.0, 0.0, 0.0)
