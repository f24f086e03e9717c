"""From simulated files to a bundle, with a network small enough to train in seconds."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.small import QUICK

import geobfdt
from geobfdt.io.images.netcdf import read
from geobfdt.model.bundle import Bundle, load_bundle
from geobfdt.model.curve.detection import decode_queries
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.runtime.findings import InputError
from geobfdt.training.train import FRESH, TUNING, interpreted_wells
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.wells.intervals import covered, new_intervals, write_intervals
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.picks import CLASSES


def held_out_share(picks: int) -> float:
    """A fifth of a well's picks, or eight of few, but no more than two fifths."""
    return min(max(0.2, 8 / picks), 0.4)


@pytest.fixture(scope="module")
def field(two_wells: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two simulated wells of 6 m with their picks."""
    return shutil.copytree(two_wells, tmp_path_factory.mktemp("train") / "field")


@pytest.fixture(scope="module")
def out(field: Path, sizes: Any) -> Path:
    """A bundle trained on them."""
    shares: list[float] = []
    out = field.with_name("model")
    bundle = geobfdt.train(
        field, out, geobfdt.TrainOptions(training=QUICK, network=sizes), progress=lambda share, _: shares.append(share)
    )
    assert isinstance(bundle, Bundle)
    assert shares[-1] == 1
    assert shares == sorted(shares)
    return out


def test_the_bundle(out: Path, field: Path, sizes: Any) -> None:
    """It loads, and its card says what it saw: wells, their digests, the split, settings and scores."""
    bundle = load_bundle(out)
    assert bundle.settings == sizes
    card = bundle.card
    names = sorted(file.stem for file in field.glob("*.nc"))
    assert card["trained_on"] == card["held_out"] == card["validation"]["wells"] == names
    assert card["split"] == "by depth"
    assert card["digests"] == {name: sha256((field / f"{name}.nc").read_bytes()).hexdigest() for name in names}
    assert TrainingSettings(**card["settings"]) == QUICK
    assert card["from"] is None
    assert card["versions"]["geobfdt"] == geobfdt.__version__
    metres, planes = 0.0, 0
    for name in names:
        depth, picks = read(field / f"{name}.nc")["depth"].values, pd.read_csv(field / f"{name}.picks.csv")["depth_m"]
        # A fifth of the picks lies below, less a tenth of the well that is left out between.
        edge = np.quantile(picks, 1 - held_out_share(len(picks))) - 0.1 * (depth[-1] - depth[0])
        metres, planes = metres + edge - depth[0], planes + int((picks < edge).sum())
        assert card["learnt"][name] == pytest.approx(edge, abs=0.02)
    assert card["metres_trained"] == pytest.approx(metres, abs=0.1)
    assert card["planes_trained"] == planes
    json.loads((out / "card.json").read_text())


def test_the_bundle_picks(out: Path, field: Path) -> None:
    """It looks at a well without complaint, and what it finds has classes, places and probabilities."""
    image = read(sorted(field.glob("*.nc"))[0]).load()
    bundle = load_bundle(out)
    for part in (*(vote.last for vote in bundle.network.votes), *(p.classes for p in bundle.network.decoder.layers)):
        part.bias.data[:] = 0.0  # what has learnt next to nothing would doubt all
    candidates = NetworkDetector.of(bundle, image).detect(image)
    assert set(candidates.classes) <= {"bedding", "fracture"}
    assert len(candidates.traces)
    assert np.isfinite(candidates.traces).all()
    assert ((candidates.confidence >= 0.05) & (candidates.confidence <= 1)).all()


def test_started_again_it_is_done(out: Path, field: Path, sizes: Any) -> None:
    """The same run once more makes the same weights from its checkpoint."""
    before = load_bundle(out)
    steps: list[str] = []
    again = geobfdt.train(
        field, out, geobfdt.TrainOptions(training=QUICK, network=sizes), progress=lambda _, text: steps.append(text)
    )
    assert again.digest == before.digest
    assert not any(text.startswith("step") for text in steps)


def test_other_wells_need_another_folder(out: Path, field: Path, sizes: Any) -> None:
    """A finished run is not passed off as one that held out a well which it was trained on."""
    digest = load_bundle(out).digest
    first = sorted(file.stem for file in field.glob("*.nc"))[0]
    with pytest.raises(InputError, match="new folder"):
        geobfdt.train(field, out, geobfdt.TrainOptions(training=QUICK, network=sizes, holdout=[first]))
    assert load_bundle(out).digest == digest


def test_fine_tuning(out: Path, field: Path, tmp_path: Path) -> None:
    """Going on from a bundle: its sizes, its name in the card, the same stretches held out; nothing that taught it."""
    names = sorted(file.stem for file in field.glob("*.nc"))
    before = load_bundle(out)
    tuned = geobfdt.train(field, tmp_path / "tuned", geobfdt.TrainOptions(model=out, training=QUICK))
    assert tuned.settings == before.settings
    assert tuned.card["from"] == before.source
    assert tuned.card["learnt"] == before.card["learnt"]
    assert tuned.card["held_out"] == names
    assert (tuned.digest == before.digest) == (tuned.card["validation"]["step"] == 0)
    with pytest.raises(InputError, match=f"{names[0]}.*{before.source}"):
        geobfdt.train(field, tmp_path / "other", geobfdt.TrainOptions(model=out, holdout=names[:1], training=QUICK))


def test_pixels_of_all_wells_are_not_held(field: Path, sizes: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Each is loaded to be prepared, and let go of."""
    wells = interpreted_wells(field)
    monkeypatch.setattr("geobfdt.training.train.interpreted_wells", lambda *_: wells)
    geobfdt.train(
        field,
        tmp_path / "out",
        geobfdt.TrainOptions(training=QUICK, network=sizes, holdout=[wells[0].image.attrs["well"]]),
    )
    assert not any(well.image["image"].variable._in_memory for well in wells)


def test_rejected_picks_and_picks_of_nowhere_teach_nothing(field: Path, tmp_path: Path) -> None:
    """What somebody rejected is no plane; a well none of whose picks has a trace is refused with the cure."""
    for file in field.glob("[!.]*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    stem = sorted(file.stem for file in field.glob("*.nc"))[0]
    table = pd.read_csv(tmp_path / f"{stem}.picks.csv")
    rejected = np.arange(len(table)) % 3 == 0
    table.assign(status=np.where(rejected, "rejected", "accepted")).to_csv(tmp_path / f"{stem}.picks.csv", index=False)
    first = interpreted_wells(tmp_path)[0]
    assert first.picks["depth_m"].tolist() == pytest.approx(table["depth_m"][~rejected].tolist())
    table.assign(amplitude_m=np.nan, dip_app_deg=np.nan).to_csv(tmp_path / f"{stem}.picks.csv", index=False)
    with pytest.raises(InputError, match=rf"{stem}\.nc.*{len(table)} picks without a trace.*--diameter"):
        interpreted_wells(tmp_path)


def test_a_reviewed_layer_is_what_is_learnt_from(field: Path, tmp_path: Path, sizes: Any) -> None:
    """Accepted picks within what was called complete; rejected and unreviewed ones, and other wells, teach nothing."""
    for file in field.glob("[!.]*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    stem = sorted(file.stem for file in field.glob("*.nc"))[0]
    image = read(tmp_path / f"{stem}.nc")
    name, depth = str(image.attrs["well"]), image["depth"].values
    table = pd.read_csv(tmp_path / f"{stem}.picks.csv").to_dict("records")
    states = ["accepted", "rejected", "proposed", "edited"]
    places = ("depth_m", "class", "amplitude_m", "azimuth_app_deg", "reference")
    items = {f"p{i}": {k: row[k] for k in places} | {"status": states[i % 4]} for i, row in enumerate(table)}
    log = LayerLog(tmp_path)
    log.add(stem, "anna", "anna", "join", items)
    with pytest.raises(InputError, match="calls no stretch complete"):
        geobfdt.train(tmp_path, tmp_path / "out", geobfdt.TrainOptions(layer="anna", training=QUICK, network=sizes))
    top, base = float(depth[0]), float(depth[-1])
    whole = {"kind": "interpreted", "class": "bedding", "top_m": top, "base_m": base}
    log.add(stem, "anna", "anna", "complete", {"i1": whole})
    with pytest.raises(InputError, match="no layer 'ben' here"):
        geobfdt.train(tmp_path, tmp_path / "out", geobfdt.TrainOptions(layer="ben", training=QUICK, network=sizes))
    (well,) = interpreted_wells(tmp_path, "anna")
    expected = sorted(row["depth_m"] for i, row in enumerate(table) if i % 4 in (0, 3))
    assert well.picks["depth_m"].tolist() == pytest.approx(expected)
    middle = [(top + base) / 2]
    assert covered(well.intervals, name, "bedding", middle).all()
    assert not covered(well.intervals, name, "fracture", middle).any()
    bundle = geobfdt.train(
        tmp_path, tmp_path / "out", geobfdt.TrainOptions(layer="anna", training=QUICK, network=sizes)
    )
    assert bundle.card["trained_on"] == [name]
    edge = np.quantile(expected, 1 - held_out_share(len(expected))) - 0.1 * (depth[-1] - depth[0])
    beds = [row["depth_m"] for i, row in enumerate(table) if i % 4 in (0, 3) and row["class"] == "bedding"]
    assert bundle.card["planes_trained"] == sum(z < edge for z in beds)  # no fracture was looked for
    log.add(stem, "anna", "anna", "reject", {"p0": {"status": "rejected"}})
    with pytest.raises(InputError, match="new folder"):  # other labels are another run
        geobfdt.train(tmp_path, tmp_path / "out", geobfdt.TrainOptions(layer="anna", training=QUICK, network=sizes))


def test_nothing_to_learn_from(field: Path, tmp_path: Path, sizes: Any) -> None:
    """A field without picks, without wells, and a held-out well that is not there: one line each, nothing written."""
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in field.glob("*.nc"):
        (bare / file.name).write_bytes(file.read_bytes())
    for folder, more, words in (
        (bare, {}, "no well here has picks"),
        (tmp_path / "none", {}, "no well here"),
        (field, {"holdout": ["Z-9"]}, "Z-9"),
    ):
        with pytest.raises(InputError) as caught:
            geobfdt.train(folder, tmp_path / "out", geobfdt.TrainOptions(training=QUICK, network=sizes, **more))
        line = str(caught.value)
        assert line.startswith(str(folder))
        assert words in line
        assert "\n" not in line
    assert not (tmp_path / "out").exists()


def test_a_network_from_nothing_is_not_silent() -> None:
    """However much it doubts what it is asked, it answers: else no validation tells that it learns."""
    network = CurveNetwork(FRESH).eval()
    for layer in network.decoder.layers:
        layer.classes.bias.data[:] = -6.0
    encoded, _ = network.encode_strip(np.zeros((64, 128), np.uint8))
    queries = np.array([[0.1, 0, 0], [0.2, 0, 0]])
    assert len(decode_queries(network, encoded, queries, 0.1).traces) == 2


def test_few_interpreted_metres(field: Path, sizes: Any, tmp_path: Path) -> None:
    """Two metres of one well are interpreted, one of them masked: the card counts the other, and steps are enough."""
    for file in field.glob("[!.]*"):
        (tmp_path / "field" / file.name).parent.mkdir(exist_ok=True)
        (tmp_path / "field" / file.name).write_bytes(file.read_bytes())
    first, second = sorted(file.stem for file in field.glob("*.nc"))
    name, depth = str(read(field / f"{first}.nc").attrs["well"]), read(field / f"{first}.nc")["depth"].values
    picks = pd.read_csv(field / f"{first}.picks.csv")
    top = float(depth[0])
    rows = [(name, "interpreted", kind, top, top + 2.0) for kind in CLASSES]
    write_intervals(new_intervals(rows), tmp_path / "field" / f"{first}.intervals.csv")
    (tmp_path / "field" / f"{first}.picks.csv").write_text(picks[picks["depth_m"] < top + 2.0].to_csv(index=False))
    settings = QUICK.model_copy(update={"steps": 40, "fewest": 6, "turns": 1})
    masked = {name: (top, top + 1.0)}
    bundle = geobfdt.train(
        tmp_path / "field",
        tmp_path / "out",
        geobfdt.TrainOptions(holdout=[second], masked=masked, training=settings, network=sizes),
    )
    card = bundle.card
    assert card["metres_trained"] == pytest.approx(1.0, abs=0.05)
    assert card["planes_trained"] == int(picks["depth_m"].between(top + 1.0, top + 2.0).sum())
    assert card["steps"] == card["settings"]["steps"] == 6
    assert card["validation"]["planes"] > 0
    masked = {name: (top, float(depth[-1]))}
    with pytest.raises(InputError):
        geobfdt.train(
            tmp_path / "field",
            tmp_path / "no",
            geobfdt.TrainOptions(holdout=[second], masked=masked, training=settings, network=sizes),
        )


def test_the_default_gives_a_short_well_steps() -> None:
    """Eight metres are given over a hundred steps, of which a fifth at most is warm-up."""
    settings = TUNING.for_metres(8.0, 0.005)
    assert settings.steps >= 100
    assert settings.warmup <= settings.steps / 5
    assert settings.steps < TUNING.for_metres(500.0, 0.005).steps
