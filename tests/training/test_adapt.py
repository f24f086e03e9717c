"""Labels that views of a well agree on, and adapting to them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

import geobfdt
from geobfdt.geometry import trace_rms
from geobfdt.io.images.netcdf import read
from geobfdt.model.bundle import Bundle, Calibration, load_bundle, save_bundle
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.planes import Planes
from geobfdt.preparation.network_grid import GridSettings
from geobfdt.runtime.findings import InputError
from geobfdt.training import adapt as adapting
from geobfdt.training.pseudo_labels import PseudoLabels, SelfAgreement, pseudo_labels, self_agreement
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import CLASSES

GRID = GridSettings(0.005, 32)
CONTACT = np.array([1.5, 0.12, 0.05])
QUICK = TrainingSettings(steps=2, batch=2, rows=128, warmup=1, every=2, frozen_norm=True)


def _image() -> WellImage:
    """One contact in 3 m, with a little noise."""
    depth = 0.005 * np.arange(600)
    turn = (np.arange(32) + 0.5) * 2 * np.pi / 32
    below = depth[:, None] >= CONTACT[0] + CONTACT[1] * np.cos(turn) + CONTACT[2] * np.sin(turn)
    values = below + 0.05 * np.random.default_rng(0).standard_normal(below.shape)
    return well_image(values, depth, diameter=0.2, well="A")


def _planes(traces: npt.NDArray[np.float64]) -> Planes:
    logits = np.tile([3.0, -3.0], (len(traces), 1))
    return Planes(np.asarray(traces, dtype=float), logits, np.zeros((len(traces), 8)))


def _fit(grid: npt.NDArray[np.uint8], _radius: float) -> Planes:
    """A picker that looks: the middle of the strongest step of each column, and the trace through them."""
    # Means of 12 cm above and below: where there is no contact, noise has all the contrast of the grid.
    values, reach = np.where(grid > 0, grid, 128).astype(float), 24
    total = np.cumsum(np.concatenate([np.zeros((1, grid.shape[1])), values]), axis=0)
    change = np.abs(total[2 * reach :] - 2 * total[reach:-reach] + total[: -2 * reach])
    weight = change**8
    row = (weight * np.arange(len(change))[:, None]).sum(axis=0) / weight.sum(axis=0) + reach - 0.5
    turn = np.arange(grid.shape[1]) * 2 * np.pi / grid.shape[1]
    basis = np.stack([np.ones(turn.size), np.cos(turn), np.sin(turn)], axis=1)
    return _planes(np.linalg.lstsq(basis, row * GRID.step, rcond=None)[0][None])


def test_what_all_views_show_is_taught_where_it_is() -> None:
    """Within a row and a half of the truth, whatever was turned on the way."""
    labels = pseudo_labels(_image(), _fit, np.zeros(2), GRID)
    assert labels.optional.tolist() == [False]
    assert CLASSES[labels.classes[0]] == "bedding"
    assert trace_rms(labels.traces[0], CONTACT) < 0.0075


def test_what_only_some_views_show_is_not_taught() -> None:
    """A picker that says the same whatever it sees makes up its planes."""

    def stubborn(grid: npt.NDArray[np.uint8], radius: float) -> Planes:
        return _planes(np.concatenate([_fit(grid, radius).traces, [[0.5, 0.1, 0.08]]]))

    labels = pseudo_labels(_image(), stubborn, np.zeros(2), GRID)
    made_up = trace_rms(labels.traces, np.array([0.5, 0.1, 0.08])) < 0.01
    assert labels.optional[made_up].all()
    assert (~labels.optional).sum() == 1


def test_what_goes_where_rows_are_evened_is_not_taught() -> None:
    """Offsets of rows look the same turned, mirrored, and in odd and even sectors."""
    calls = []

    def fooled(grid: npt.NDArray[np.uint8], radius: float) -> Planes:
        calls.append(1)
        traces = _fit(grid, radius).traces
        # Flat and in the middle: no view but the evened one moves it.
        middle = [[(len(grid) - 1) * GRID.step / 2, 0.0, 0.0]]
        return _planes(traces if len(calls) == 8 else np.concatenate([traces, middle]))

    labels = pseudo_labels(_image(), fooled, np.zeros(2), GRID)
    assert len(calls) == 8
    flat = np.hypot(labels.traces[:, 1], labels.traces[:, 2]) < 0.02
    assert flat.any()
    assert labels.optional[flat].all()


def test_agreement_with_oneself_beats_chance_only_if_something_is_seen() -> None:
    """Thirty planes: the same in both halves, or drawn anew; and none at all."""
    traces = np.column_stack([np.linspace(0.1, 2.9, 30), np.full(30, 0.05), np.linspace(-0.3, 0.3, 30)])
    sure = self_agreement(_image(), lambda _grid, _radius: _planes(traces), np.zeros(2), GRID)
    assert sure.f1 == 1
    assert sure.z > 5
    rng = np.random.default_rng(1)

    def noise_only(_grid: Any, _radius: float) -> Planes:
        return _planes(np.column_stack([rng.uniform(0, 3, 30), rng.uniform(-0.1, 0.1, (30, 2))]))

    assert not self_agreement(_image(), noise_only, np.zeros(2), GRID).z > 5
    nothing = self_agreement(_image(), lambda _grid, _radius: _planes(np.empty((0, 3))), np.zeros(2), GRID)
    assert np.isnan(nothing.z)


def test_what_goes_where_rows_are_evened_is_denied_on_an_image_with_row_offsets() -> None:
    """It is an offset: not even left open."""
    rng = np.random.default_rng(4)
    image = _image()
    image = image.assign(image=image["image"] + (0.6 * rng.standard_normal((600, 1))).astype(np.float32))
    flat = [[1.0, 0.0, 0.0]]
    calls = []

    def fooled(_grid: npt.NDArray[np.uint8], _radius: float) -> Planes:
        calls.append(1)
        return _planes(np.array(flat) if len(calls) < 8 else np.empty((0, 3)))

    assert not len(pseudo_labels(image, fooled, np.zeros(2), GRID).traces)
    calls.clear()
    assert pseudo_labels(_image(), fooled, np.zeros(2), GRID).optional.any()


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three simulated wells of 4 m; one has picks."""
    folder = tmp_path_factory.mktemp("adapt")
    geobfdt.simulate(folder / "sim", geobfdt.SimulateOptions(wells=3, length=4, seed=3, tool="atv"))
    images = sorted((folder / "sim").glob("*.dlis"))
    geobfdt.ingest(images[:1], folder / "field", geobfdt.IngestOptions(picks=folder / "sim"))
    geobfdt.ingest(images[1:], folder / "field")
    return folder / "field"


@pytest.fixture
def model(tmp_path: Path, sizes: Any) -> Path:
    """A small network that has learnt nothing."""
    torch.manual_seed(0)
    network = CurveNetwork(sizes).eval()
    save_bundle(Bundle(network, sizes, {name: Calibration() for name in CLASSES}, {"name": "small"}), tmp_path / "m")
    return tmp_path / "m"


def test_it_refuses_a_model_that_agrees_with_itself_by_chance(field: Path, model: Path, tmp_path: Path) -> None:
    """And leaves no model."""
    with pytest.raises(InputError) as refused:
        adapting.adapt(field, tmp_path / "out", geobfdt.AdaptOptions(model=model, training=QUICK))
    assert refused.value.file == str(field)
    assert not (tmp_path / "out" / "weights.safetensors").exists()


def test_wells_with_picks_and_blind_ones_are_left_alone(
    field: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card names what it has seen, so that no gate judges by it; the weights have changed."""
    folder = Field(field)
    picked = {well for well in folder.wells() if len(folder.picks(well))}
    bare = sorted(set(folder.wells()) - picked)
    names = {well: str(read(folder.file(well, ".nc")).attrs["well"]) for well in folder.wells()}
    assert (len(picked), len(bare)) == (1, 2)
    depth = np.linspace(0.2, 3.8, 30)
    labels = PseudoLabels(
        np.column_stack([depth, np.full((30, 2), 0.02)]), np.zeros(30, np.int64), np.zeros(30, bool)
    )  # fmt: skip
    read_wells = []

    def views(image: WellImage, *_rest: Any) -> PseudoLabels:
        read_wells.append(str(image.attrs["well"]))
        return labels

    monkeypatch.setattr(adapting, "pseudo_labels", views)
    monkeypatch.setattr(adapting, "self_agreement", lambda *_: SelfAgreement(0.8, 0.1, 20.0))
    bundle = adapting.adapt(
        field,
        tmp_path / "out",
        geobfdt.AdaptOptions(model=model, blind=[names[bare[0]]], training=QUICK, guard_wells=1),
    )
    assert read_wells == [names[bare[1]]]
    assert set(load_bundle(tmp_path / "out").exposures) == set(read_wells)
    old, new = load_bundle(model).network.state_dict(), bundle.network.state_dict()
    assert any(not torch.equal(old[name], new[name]) for name in old)
    with pytest.raises(InputError):
        adapting.adapt(
            field,
            tmp_path / "none",
            geobfdt.AdaptOptions(model=model, blind=[names[well] for well in bare], training=QUICK),
        )


def test_a_change_that_costs_ordinary_wells_is_cut_or_refused(sizes: Any) -> None:
    """The largest share of the change that keeps them, and none if none does."""
    torch.manual_seed(0)
    network = CurveNetwork(sizes)
    before = {name: value.detach().clone() for name, value in network.state_dict().items()}
    after = {name: value + 1 if value.is_floating_point() else value for name, value in before.items()}
    for scores, expected in (([0.80], 1.0), ([0.7, 0.795], 0.5), ([0.7, 0.7, 0.7], 0.0)):
        next_scores = iter(scores)
        share, _ = adapting._keep_share(network, before, after, 0.8, partial(next, next_scores))
        assert share == expected
        name = next(name for name, value in before.items() if value.is_floating_point())
        torch.testing.assert_close(network.state_dict()[name], before[name] + expected)


def test_as_many_planes_are_expected_as_before() -> None:
    """A network that has become surer of everything by one unit finds no more planes by that; its threshold stays."""
    old = dict.fromkeys(CLASSES, Calibration(slope=2.0, intercept=0.5, threshold=0.3))
    before = np.random.default_rng(0).normal(-0.5, 1.0, (200, len(CLASSES)))
    moved = adapting._keep_number(old, before, before + 1.0)
    for name in CLASSES:
        assert moved[name].intercept == pytest.approx(0.5 - 2.0, abs=1e-6)
        assert (moved[name].slope, moved[name].threshold) == (2.0, 0.3)


def test_a_class_without_planes_keeps_its_calibration() -> None:
    """Ten expected planes are the least that tell anything."""
    old = dict.fromkeys(CLASSES, Calibration(slope=2.0, intercept=0.5, threshold=0.3))
    rare = np.full((5, len(CLASSES)), 0.0)
    assert adapting._keep_number(old, rare, rare + 1.0) == old
