"""The simulated interpreter: picks what shows, where it looked, about where it is."""

import numpy as np
import pytest

from geobfdt.simulation.interpreter import draw_intervals, interpret
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.picks import new_picks, traces


def _truth(n=2000, class_="fracture", visible=None):
    return new_picks(
        well="W01", depth_m=np.linspace(0, 1000, n), class_=class_, amplitude_m=0.2, azimuth_app_deg=30.0,
        visible=np.linspace(0, 1, n) if visible is None else visible,
    )  # fmt: skip


def _pick(truth, seed=0, **numbers):
    settings = WellSettings(**numbers)
    rng = np.random.default_rng(seed)
    where = draw_intervals(settings, 0.0, 1000.0, rng)
    return interpret(truth, where, settings, np.full(len(truth), 0.2), rng), where


def test_clear_planes_are_picked_faint_ones_missed():
    """Nearly all with visibility over 0.6, hardly any under 0.2."""
    picks, _ = _pick(_truth(), jitter=0.0, misses=0.05)
    visible = picks["depth_m"] / 1000
    assert 0.92 < (visible > 0.6).sum() / 800 < 0.98
    assert (visible < 0.2).sum() < 10


@pytest.mark.parametrize(("style", "missing"), [("fractures", "bedding"), ("beds", "fracture")])
def test_one_class_interpreters(style, missing):
    """They leave the other class out, and the intervals say so."""
    picks, where = _pick(_truth(class_=missing), style=style)
    assert len(picks) == 0
    rows = where[where["class"] == missing]
    assert (rows["base_m"] == rows["top_m"]).all()


def test_jitter_and_shift():
    """Depth errors have the size asked for, about the shift."""
    truth = _truth(visible=1.0)
    picks, _ = _pick(truth, jitter=0.004, misses=0.0, depth_shift=0.1)
    error = picks["depth_m"].to_numpy() - truth["depth_m"].to_numpy()
    assert error.mean() == pytest.approx(0.1, abs=0.001)
    assert error.std() == pytest.approx(0.004, rel=0.1)
    swing = traces(picks)[:, 1] - traces(truth)[:, 1]
    assert 0.004 < swing.std() < 0.015


def test_unpicked_stretches_are_told():
    """About the share asked for is left out of the intervals, and no pick lies there."""
    picks, where = _pick(_truth(visible=1.0), unpicked=0.3, jitter=0.0)
    rows = where[where["class"] == "fracture"]
    assert (rows["base_m"] - rows["top_m"]).sum() == pytest.approx(700, abs=20)
    for depth in picks["depth_m"]:
        assert ((rows["top_m"] <= depth) & (depth <= rows["base_m"])).any()


def test_sparse_interpreters_keep_their_distance():
    """Bed picks of a sparse style are at least a quarter of a metre apart."""
    dense, _ = _pick(_truth(20_000, "bedding", 0.95), style="dense", jitter=0.0)
    sparse, _ = _pick(_truth(20_000, "bedding", 0.95), style="sparse", jitter=0.0)
    assert np.diff(sparse["depth_m"]).min() >= 0.25
    assert len(dense) > 3 * len(sparse)


def test_quality_follows_visibility():
    """A for the clearest."""
    picks, _ = _pick(_truth(), jitter=0.0)
    best = picks.loc[picks["quality"] == "A", "depth_m"] / 1000
    assert best.min() >= 0.8
    assert set(picks["quality"]) == set("ABCD")
