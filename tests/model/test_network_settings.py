"""Settings of the parts of the ``curve`` network: each has an effect, old files load, and none takes all memory."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError
from tests.small import TINY

from geobfdt.model.bundle import Bundle, Calibration, load_bundle, save_bundle
from geobfdt.model.bundle_files import SETTINGS
from geobfdt.model.curve.criterion import Targets, curve_loss
from geobfdt.model.curve.detection import choose_queries, detect
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.curve_settings import DetectionSettings, VotingSettings
from geobfdt.model.matching import match
from geobfdt.model.network_settings import CurveSettings, DetrSettings
from geobfdt.model.presets import parse_settings
from geobfdt.wells.picks import CLASSES

# So many queries that some lie near planes; penalties, so that their distance has an effect.
CROWDED = TINY.model_copy(update={"queries": 240, "detection": DetectionSettings(duplicate_penalties=(1.0, 1.0))})
GROUPS = ("voting", "decoder", "detection", "matching", "loss")
# Another value of each setting.
OTHERS: dict[str, Any] = {
    "voting.slopes": 3, "voting.slope_scale": 0.5, "voting.ring_spacing": 0.06, "voting.ring_growth": 0.5,
    "voting.shape_growth": 0.9, "voting.min_azimuths": 0.4, "voting.neighbours": 2, "voting.neighbour_distance": 0.5,
    "voting.mean_prior": 0.5, "voting.min_coverage": 0.9, "voting.peak_ratio": 1.0,
    "decoder.ridge": 0.5, "decoder.reaches": (1,), "decoder.heads": 2, "decoder.depth_scale": 0.05,
    "decoder.rms_floor": 0.5,
    "detection.cells_per_query": 1, "detection.query_spacing": 0.2, "detection.min_vote": 0.6,
    "detection.queries_per_metre": 2.0, "detection.plane_spacing": 0.5, "detection.margin": 0.0,
    "detection.duplicate_penalties": (0.0, 1.0), "detection.duplicate_distance": 0.5,
    "matching.max_distance": 0.05, "matching.distance_scale": 0.5, "matching.max_distance_cost": 0.1,
    "matching.class_cost": 100.0,
    "loss.class_weights": (1.0, 1.0), "loss.alpha": 0.5, "loss.gamma": 1.0, "loss.class_weight": 1.0,
    "loss.distance_scale": 0.1, "loss.half_score_distance": 0.1, "loss.optional_distance": 0.2,
    "loss.heat_sigma": 0.05, "loss.min_heat": 1.0, "loss.jitter": 0.1, "loss.denoising_layers": 0,
    "loss.denoising_weight": 1.0,
}  # fmt: skip
# Keys of the settings files that version 0.1.0 wrote.
OLD_KEYS = {
    "preset", "step", "columns", "image", "gaps", "widths", "blocks", "features", "votes", "head", "tiers", "content",
    "sampled", "fine", "layers", "doubts", "company", "beside", "queries",
}  # fmt: skip


def changed(name: str) -> CurveSettings:
    """The tiny network's settings with one value changed."""
    group, field = name.split(".")
    values = CROWDED.model_dump()
    return CurveSettings(**{**values, group: {**values[group], field: OTHERS[name]}})


def results(settings: CurveSettings) -> str:
    """Digest of what a network of these settings computes: kernels, planes, queries and the loss."""
    torch.manual_seed(0)
    network = CurveNetwork(settings).eval()
    weights = torch.Generator().manual_seed(1)
    for part in network.parameters():
        part.data.uniform_(-0.3, 0.3, generator=weights)
    rng = np.random.default_rng(0)
    grid = rng.integers(1, 255, (128, settings.columns)).astype(np.uint8)
    grid[:, : settings.columns // 4] = 0
    shapes = [vote.shapes for vote in network.votes]
    # Scores that are alike in a few neighbouring cells of one tier, so that most of the best cells are thinned.
    flat, steep = (len(tier.curves) for tier in network.tiers)
    scores = [np.repeat(rng.random((flat, 8)), 5, axis=1).astype(np.float32), np.zeros((steep, 40), np.float32)]
    planes = detect(network, grid, 0.1, 0.2, 0.3)
    queries = choose_queries(network, scores, 0.1, 0.2, 0.3)
    truth = Targets(
        np.array([[0.2, 0.05, 0.0], [0.35, 0.1, 0.1], [0.3, 0.0, 0.05], [0.5, 0.01, 0.02]]),
        np.array([0, 1, 1, 0]), np.array([False, False, True, False]), 0.1, np.ones((2, 128), bool),
    )  # fmt: skip
    # Two queries and two planes, of which the nearer pairs and the more probable pairs are others.
    two, probability = np.array([[0.2, 0.05, 0.0], [0.24, 0.05, 0.0]]), np.array([[0.1, 0.5], [0.7, 0.5]])
    pairs = match(two, probability, two + [[0, 0, 0], [0.01, 0, 0]], np.array([0, 1]), 0.1, settings.matching)
    loss = curve_loss(network, torch.from_numpy(grid)[None], [truth], np.random.default_rng(2))
    arrays = (
        *planes,
        queries,
        *pairs,
        *(part for shape in shapes for part in shape),
        *(vote.kernel for vote in network.votes),
    )
    content = b"".join(np.asarray(part).tobytes() for part in (*arrays, loss.total.detach()))
    return hashlib.sha256(content).hexdigest()


@cache
def results_at_defaults() -> str:
    """Results of the tiny network as it is."""
    return results(CROWDED)


def test_all_settings_are_listed() -> None:
    """A new setting needs another value here, so that it is tested."""
    fields = {group: type(getattr(TINY, group)).model_fields for group in GROUPS}
    assert {f"{group}.{name}" for group, names in fields.items() for name in names} == set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_every_setting_has_an_effect(name: str) -> None:
    """One value changed, and the network's planes, queries or loss are others."""
    assert results(changed(name)) != results_at_defaults()


def test_defaults_give_the_same_network_twice() -> None:
    """What the test above compares does not change by itself."""
    assert results(CROWDED) == results_at_defaults()


def test_settings_files_of_the_first_version_load() -> None:
    """A file with none of the groups is that of the defaults, at which nothing changes what it picks."""
    values = CurveSettings().model_dump(mode="json", include=OLD_KEYS)
    assert set(values) == OLD_KEYS
    assert parse_settings(values) == CurveSettings()


def test_settings_travel_in_the_bundle(tmp_path: Path) -> None:
    """A bundle's file holds the value, and the network that is read has it."""
    settings = changed("voting.slopes")
    bundle = Bundle(CurveNetwork(settings).eval(), settings, dict.fromkeys(CLASSES, Calibration()))
    save_bundle(bundle, tmp_path)
    assert yaml.safe_load((tmp_path / SETTINGS).read_text())["voting"]["slopes"] == 3
    network = load_bundle(tmp_path).network
    assert isinstance(network, CurveNetwork)
    assert network.votes[0].narrow.out_channels == 3 * settings.votes


def test_rings_as_computed_by_hand() -> None:
    """Amplitudes a + 0.045 + 0.22 a; azimuths divide 32 columns and are multiples of 8."""
    amplitudes = [0.0, 0.045, 0.045 * 1.22 + 0.045]
    rings = VotingSettings().rings(0.0, 0.13, 32)
    assert [amplitude for amplitude, _ in rings] == pytest.approx(amplitudes)
    assert [count for _, count in rings] == [1, 8, 16]
    # 2 pi 0.045 / (0.045 + 0.0045) = 5.7 shapes would do: with 16 columns, the numbers are 4, 8 and 16.
    assert VotingSettings(min_azimuths=0.7).rings(0.0, 0.05, 16)[1][1] == 4
    assert VotingSettings(min_azimuths=0.8).rings(0.0, 0.05, 16)[1][1] == 8


@pytest.mark.parametrize(
    "values",
    [
        {"voting": {"ring_spacing": 0.001, "ring_growth": 0.0}},
        {"voting": {"ring_spacing": 0.002, "ring_growth": 0.01}, "columns": 1024},
        {"voting": {"ring_spacing": 1.0}},
        {"voting": {"ring_spacing": 0.0}},
        {"decoder": {"heads": 5}},
        {"decoder": {"reaches": (0,)}},
        {"detection": {"margin": float("nan")}},
        {"loss": {"no_such_setting": 1}},
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any]) -> None:
    """Before any memory is taken: too many shapes, a tier without a shape, heads that do not share a query."""
    with pytest.raises(ValidationError):
        CurveSettings(**values)


def test_settings_of_the_first_version_are_still_allowed() -> None:
    """The finest grid with the tallest tier that its limits allow is within the limit of memory."""
    assert CurveSettings(columns=1024, tiers=((10.0, 64),)).tiers == ((10.0, 64),)


def test_only_what_differs_names_a_run() -> None:
    """Groups at their defaults leave the identity as it was before they were settings; other networks keep theirs."""
    assert set(CurveSettings().identity()) == OLD_KEYS
    identity = CurveSettings(voting=VotingSettings(slopes=7, peak_ratio=0.5)).identity()
    assert identity.pop("voting") == {"slopes": 7}
    assert set(identity) == OLD_KEYS
    assert DetrSettings().identity() == DetrSettings().model_dump(mode="json", exclude={"coarsest_row"})
    assert DetrSettings(coarsest_row=0.02).identity()["coarsest_row"] == 0.02
