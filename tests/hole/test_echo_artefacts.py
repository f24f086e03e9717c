"""What is no echo becomes missing; what is wall stays."""

from __future__ import annotations

import numpy as np

from geobfdt.hole.echo_artefacts import gate_values, spikes


def test_both_ends_of_the_gate_are_found_and_no_wall_is() -> None:
    """A value is a gate if far more pixels have it than its neighbours."""
    rng = np.random.default_rng(0)
    times = np.round(rng.normal(120, 3, 5000), 1)
    assert gate_values(times) == []
    times[:60], times[60:200] = 40.0, 300.0
    assert gate_values(times) == [40.0, 300.0]


def test_a_skip_is_a_spike_and_a_cavity_is_none() -> None:
    """Single pixels go, a cavity stays whole."""
    wall = np.random.default_rng(0).normal(0, 1e-4, (80, 144))
    wall[10, 143], wall[10, 0] = 0.002, 0.002  # One group across the ends of the turn.
    wall[40:55, 60:80] += 0.006
    out = spikes(wall, np.full(80, 1e-4))
    assert out[10, 143]
    assert out[10, 0]
    assert not out[40:55, 60:80].any()
    assert out.sum() == 2
