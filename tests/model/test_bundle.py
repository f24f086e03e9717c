"""Bundles: what is read is what was written, and whatever is wrong with one is said in one line."""

from __future__ import annotations

import json
import pickle
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from geobfdt.model.bundle import Bundle, Calibration, load_bundle, save_bundle
from geobfdt.model.bundle_files import FORMAT
from geobfdt.model.network_settings import DETR_SMALL, CurveSettings, DetrSettings
from geobfdt.model.presets import build
from geobfdt.runtime.findings import InputError

CALIBRATION = {"bedding": Calibration(slope=1.5, intercept=-0.25, threshold=0.4), "fracture": Calibration()}
WEIGHTS, SETTINGS, CARD = "weights.safetensors", "settings.yaml", "card.json"


@pytest.fixture
def bundle(awake: Any, sizes: CurveSettings) -> Bundle:
    """A bundle of random weights, that has seen a batch."""
    network = awake().train()
    network.encode(torch.randn(2, 2, 64, 32))
    return Bundle(network.eval(), sizes, CALIBRATION, {"name": "test", "trained_on": ["A-1"], "score": float("nan")})


@pytest.fixture
def folder(bundle: Bundle, tmp_path: Path) -> Path:
    """The same on disk."""
    save_bundle(bundle, tmp_path / "bundle")
    return tmp_path / "bundle"


def refusal(folder: Path, file: str) -> str:
    """The one line that reading a bundle ends in; it names the file and a cure."""
    with pytest.raises(InputError) as caught:
        load_bundle(folder)
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith(str(folder / file if file else folder))
    assert caught.value.cure
    assert caught.value.cure in line
    return line


def test_round_trip(bundle: Bundle, tmp_path: Path) -> None:
    """Weights, batch statistics, settings, calibration and card come back to the bit."""
    saved = save_bundle(bundle, tmp_path / "new" / "bundle")
    for read in (saved, load_bundle(tmp_path / "new" / "bundle"), load_bundle(str(tmp_path / "new" / "bundle"))):
        theirs = read.network.state_dict()
        assert theirs.keys() == bundle.network.state_dict().keys()
        for name, value in bundle.network.state_dict().items():
            assert theirs[name].dtype == value.dtype
            assert torch.equal(theirs[name], value), name
        assert read.settings == bundle.settings
        assert read.calibration == CALIBRATION
        assert read.card == {"name": "test", "trained_on": ["A-1"], "score": None}
        assert not read.network.training
        assert len(read.digest) == 12
        assert read.source == f"test {read.digest}"
    assert sorted(file.name for file in (tmp_path / "new" / "bundle").iterdir()) == sorted([WEIGHTS, SETTINGS, CARD])


@pytest.mark.parametrize("settings", [CurveSettings(widths=(8, 8, 8, 8), features=8), DETR_SMALL])
def test_a_network_that_was_read_has_all_values(settings: CurveSettings | DetrSettings, tmp_path: Path) -> None:
    """Every weight and every buffer, those that no file holds, too; and gradients as in a new network."""
    torch.manual_seed(0)
    network = build(settings).eval()
    read = save_bundle(Bundle(network, settings, CALIBRATION), tmp_path / "bundle").network
    for theirs, ours in (
        (read.named_buffers(), network.named_buffers()),
        (read.named_parameters(), network.named_parameters()),
    ):
        expected, actual = dict(ours), dict(theirs)
        assert actual.keys() == expected.keys()
        for name, value in expected.items():
            assert actual[name].device.type == "cpu", name
            assert actual[name].requires_grad == value.requires_grad
            assert torch.equal(actual[name], value), name


def test_half_is_near_enough(bundle: Bundle, tmp_path: Path) -> None:
    """In 16 bits a bundle is half as large and each weight within a thousandth."""
    save_bundle(bundle, tmp_path / "whole")
    read = save_bundle(bundle, tmp_path / "half", half=True)
    for name, value in bundle.network.state_dict().items():
        torch.testing.assert_close(read.network.state_dict()[name], value, rtol=1e-3, atol=1e-4)
        assert read.network.state_dict()[name].dtype == value.dtype
    sizes = [(tmp_path / part / WEIGHTS).stat().st_size for part in ("half", "whole")]
    assert sizes[0] < 0.75 * sizes[1]


def test_digest_follows_the_weights(bundle: Bundle, folder: Path) -> None:
    """The same weights have the same digest wherever they lie; others another."""
    again = save_bundle(bundle, folder.with_name("again"))
    assert again.digest == load_bundle(folder).digest
    with torch.no_grad():
        next(bundle.network.parameters()).view(-1)[0] += 1e-3
    assert save_bundle(bundle, folder.with_name("other")).digest != again.digest


def test_calibration_is_a_probability() -> None:
    """Written out: 1 / (1 + exp(-(1.5 x - 0.25)))."""
    logits = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    with np.errstate(over="ignore"):
        got = CALIBRATION["bedding"].probability(logits)
    np.testing.assert_allclose(got, [0.0, 1 / (1 + np.exp(1.75)), 1 / (1 + np.exp(0.25)), 1 / (1 + np.exp(-2.75)), 1.0])


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_cut_weights(folder: Path, share: float) -> None:
    """A copy that broke off is refused."""
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: int(share * len(whole))])
    refusal(folder, WEIGHTS)


@pytest.mark.parametrize("place", [0, 3, 8, 60, 200])
def test_flipped_header(folder: Path, place: int) -> None:
    """A wrong bit in the names and shapes is seen."""
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[place] ^= 1 << 6
    (folder / WEIGHTS).write_bytes(content)
    refusal(folder, WEIGHTS)


def test_flipped_weight(folder: Path) -> None:
    """A wrong bit in the numbers is seen too: another network is not what the card speaks of."""
    content = bytearray((folder / WEIGHTS).read_bytes())
    content[-1000] ^= 1 << 6
    (folder / WEIGHTS).write_bytes(content)
    refusal(folder, WEIGHTS)


def test_no_weights(folder: Path) -> None:
    """A missing file."""
    (folder / WEIGHTS).unlink()
    refusal(folder, WEIGHTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(bundle: Bundle, tmp_path: Path, value: float) -> None:
    """One weight that is not finite is enough."""
    with torch.no_grad():
        next(bundle.network.parameters()).view(-1)[5] = value
    with pytest.raises(InputError):
        save_bundle(bundle, tmp_path / "bundle")
    refusal(tmp_path / "bundle", WEIGHTS)


def test_weights_of_another_network(folder: Path, bundle: Bundle, awake: Any) -> None:
    """Sizes that the settings do not state, a tensor too many, a tensor too few."""
    whole = load_file(folder / WEIGHTS)
    wide = awake(bundle.settings.model_copy(update={"features": 12})).state_dict()
    first = next(name for name in whole if name.endswith("conv.weight"))
    for tensors in (wide, whole | {"more": torch.zeros(3)}, {k: v for k, v in whole.items() if k != first}):
        save_file({name: value.contiguous() for name, value in tensors.items()}, folder / WEIGHTS)
        refusal(folder, WEIGHTS)


class Trap:
    """Leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_pickles_are_never_loaded(folder: Path, tmp_path: Path, how: str) -> None:
    """Weights that are a pickle are refused, and what is in it does not run."""
    mark = tmp_path / "ran"
    if how == "torch":
        torch.save({"weights": Trap(mark)}, folder / WEIGHTS)
    else:
        (folder / WEIGHTS).write_bytes(pickle.dumps(Trap(mark)))
    refusal(folder, WEIGHTS)
    assert not mark.exists()
    # That the trap works:
    pickle.loads(pickle.dumps(Trap(mark)))
    assert mark.exists()


def test_yaml_makes_no_objects(folder: Path, tmp_path: Path) -> None:
    """Settings that ask for a call are refused, and the call is not made."""
    mark = tmp_path / "ran"
    (folder / SETTINGS).write_text(f"!!python/object/apply:pathlib.Path.touch [!!python/name:pathlib.Path '{mark}']\n")
    refusal(folder, SETTINGS)
    assert not mark.exists()


def test_newer_format(folder: Path) -> None:
    """A bundle of a newer version says so, and to update."""
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"format": card["format"] + 1}))
    line = refusal(folder, "")
    assert "newer" in line
    assert "update" in line


@pytest.mark.parametrize("number", ["Infinity", "1e999", "null"])
def test_a_format_that_is_no_number(folder: Path, number: str) -> None:
    """A card whose format is none is no card."""
    text, version = (folder / CARD).read_text(), f'"format": {FORMAT}'
    assert version in text
    (folder / CARD).write_text(text.replace(version, f'"format": {number}'))
    refusal(folder, CARD)


@pytest.mark.parametrize(
    ("name", "value"),
    [("step", 1e-9), ("step", float("inf")), ("columns", 16 * 10**6), ("features", 10**9), ("tiers", [[9.0, 1]])],
)
def test_settings_that_would_claim_all_memory(folder: Path, name: str, value: Any) -> None:
    """They are refused before any network is made of them."""
    settings = yaml.safe_load((folder / SETTINGS).read_text())
    (folder / SETTINGS).write_text(yaml.safe_dump(settings | {name: value}))
    assert name in refusal(folder, SETTINGS)


@pytest.mark.parametrize("change", [{"widths": [1024] * 4, "blocks": [64] * 4}, {"content": 1024, "features": 1024}])
def test_allowed_sizes_that_the_weights_do_not_have_take_no_memory(folder: Path, change: dict[str, Any]) -> None:
    """Billions of parameters are within the bounds of each setting; no network is made of them to find out."""
    settings = yaml.safe_load((folder / SETTINGS).read_text())
    (folder / SETTINGS).write_text(yaml.safe_dump(settings | change))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal(folder, WEIGHTS)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 500


@pytest.mark.parametrize("digest", [None, "", "0" * 64])
def test_weights_that_the_card_does_not_vouch_for(folder: Path, digest: str | None) -> None:
    """Weights that were exchanged are not used, nor those of a card from which their digest was taken."""
    card = json.loads((folder / CARD).read_text())
    if digest is None:
        del card["weights_sha256"]
    else:
        card["weights_sha256"] = digest
    (folder / CARD).write_text(json.dumps(card))
    refusal(folder, WEIGHTS)


@pytest.mark.parametrize("name", ["slope", "intercept", "threshold"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_calibration_that_is_no_number(folder: Path, name: str, value: str) -> None:
    """Confidences that are NaN would pass no threshold, or every one."""
    card = json.loads((folder / CARD).read_text())
    card["calibration"]["bedding"][name] = "VALUE"
    (folder / CARD).write_text(json.dumps(card).replace('"VALUE"', value))
    refusal(folder, CARD)


def test_what_taught_it_is_known_from_older_cards_too(bundle: Bundle) -> None:
    """Named alone: all of it; with a depth: down to there; a stream of simulated wells has no names."""
    assert replace(bundle, card={"trained_on": ["A"]}).trained_to_depth == {"A": np.inf}
    assert replace(bundle, card={"trained_on": ["A"], "learnt": {"A": 5.0, "B": None}}).trained_to_depth == {
        "A": 5.0,
        "B": np.inf,
    }
    assert replace(bundle, card={"trained_on": "a stream"}).trained_to_depth == {}


def test_older_format(folder: Path) -> None:
    """One whose networks had other layers says so too, and not that it is damaged."""
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"format": card["format"] - 1}))
    line = refusal(folder, "")
    assert "older" in line
    assert "damaged" not in line


def test_foreign_folders(tmp_path: Path, folder: Path) -> None:
    """No folder, an empty one, a file, and a bundle without its card."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("not a folder")
    (folder / CARD).unlink()
    for place in (tmp_path / "none", tmp_path / "empty", tmp_path / "file", folder):
        assert CARD in refusal(place, "")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", '{"format": "x"}', '{"name": "no format"}', "\x00\xff", '{"format": null}']
)
def test_damaged_card(folder: Path, text: str) -> None:
    """Whatever else may be called card.json."""
    (folder / CARD).write_bytes(text.encode("latin-1"))
    refusal(folder, CARD)


@pytest.mark.parametrize(
    "change",
    [
        {"columns": 33}, {"layers": 0}, {"preset": "other"}, {"unheard": 1}, {"widths": [8, 8]}, {"step": "wide"},
        {"queries": None},
    ],
)  # fmt: skip
def test_wrong_settings(folder: Path, change: dict[str, Any]) -> None:
    """Settings out of range, unknown, or of another kind."""
    settings = yaml.safe_load((folder / SETTINGS).read_text())
    (folder / SETTINGS).write_text(yaml.safe_dump(settings | change))
    refusal(folder, SETTINGS)


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "\x00", "preset: curve\n  columns: 3"])
def test_damaged_settings(folder: Path, text: str) -> None:
    """No settings at all, or no YAML."""
    (folder / SETTINGS).write_text(text)
    refusal(folder, SETTINGS)


def test_wrong_calibration(folder: Path) -> None:
    """Other classes, a slope that turns the order round, or none."""
    card = json.loads((folder / CARD).read_text())
    plain = {"slope": 1.0, "intercept": 0.0, "threshold": 0.5}
    for change in (
        {"classes": ["fracture", "bedding"]},
        {"classes": None},
        {"calibration": {"bedding": plain}},
        {"calibration": {"bedding": plain, "fracture": plain | {"slope": -1.0}}},
        {"calibration": {"bedding": plain, "fracture": 3}},
        {"calibration": None},
    ):
        (folder / CARD).write_text(json.dumps(card | change))
        refusal(folder, CARD)


@pytest.mark.parametrize(
    "exposures", [[], {"A": 5}, {"A": {}}, {"A": {"image": "x", "masked": [1.0]}}, {"A": {"image": "x", "z": 1}}]
)
def test_a_card_that_does_not_say_what_was_seen(folder: Path, exposures: Any) -> None:
    """What the gate relies on is checked when a bundle is read, not when it is too late."""
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"seen": exposures}))
    with pytest.raises(InputError) as caught:
        load_bundle(folder)
    assert caught.value.file == str(folder / CARD)
    assert "\n" not in str(caught.value)


def test_nothing_half_written(bundle: Bundle, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up leaves the bundle that was there as it was."""
    before = {file.name: file.read_bytes() for file in folder.iterdir()}

    def full(*_: Any, **__: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(InputError) as caught:
        patch.setattr(Path, "write_text", full)
        save_bundle(replace(bundle, card={"name": "other"}), folder)
    assert "no space left" in str(caught.value)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
