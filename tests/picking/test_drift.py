"""A well like the others is left alone; one that differs is named, with what differs and where."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geobfdt.model.bundle import load_bundle
from geobfdt.picking.drift import (
    ABSTAIN,
    WATCH,
    DriftReference,
    drift_findings,
    judge_zones,
    mark_drift,
    measure_zones,
    read_zones,
    state_at,
    write_zones,
)
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import new_picks, read_picks, write_picks


def rock(seed: int, metres: float = 40.0, scale: float = 1.0) -> WellImage:
    """Blocks and noise: no column has to do with the next, so that nothing is layered."""
    rng = np.random.default_rng(seed)
    rows = round(metres / 0.01)
    blocks = np.repeat(rng.normal(0, 20, (rows // 25 + 1, 72)), 25, axis=0)[:rows]
    pixels = scale * (100 + blocks + rng.normal(0, 5, (rows, 72)))
    return well_image(pixels.astype(np.float32), 500 + 0.01 * np.arange(rows), well=f"R{seed}")


@pytest.fixture(scope="module")
def reference() -> DriftReference:
    """Eight such wells."""
    return DriftReference.of(pd.concat([measure_zones(rock(seed), new_picks()) for seed in range(8)]), wells=8)


def test_more_of_the_same_is_ok(reference: DriftReference) -> None:
    """Twenty other wells of the same kind: at most one zone in twenty is even watched."""
    judged = [judge_zones(measure_zones(rock(seed), new_picks()), reference) for seed in range(20, 40)]
    states = pd.concat(judged)["state"].tolist()
    assert len(states) == 80
    assert states.count("ok") >= 76
    assert "abstain" not in states


def test_a_change_within_a_well_is_placed(reference: DriftReference) -> None:
    """From 520 to 530 m a third of the turn is lost: that zone and no other, and its coverage is the reason."""
    image = rock(50)
    pixels = image["image"].values.copy()
    pixels[2000:3000, :24] = np.nan
    spoilt = image.assign(image=(image["image"].dims, pixels))
    picks = new_picks(well="R50", depth_m=[505.0, 525.0, 539.99], class_="bedding", amplitude_m=0.0)
    judged, zones = mark_drift(spoilt, picks, reference)
    assert zones["state"].tolist() == ["ok", "ok", "abstain", "ok"]
    assert "less of the wall is measured" in zones["reason"][2]
    assert judged["drift"].tolist() == ["ok", "abstain", "ok"]
    (finding,) = drift_findings(zones)
    assert finding.kind == "drift-abstain"
    assert finding.place == "520.00-529.99 m"
    assert finding.severity == "major"


def test_what_is_picked_counts(reference: DriftReference) -> None:
    """No plane was ever picked; with fifty in ten metres it is not the same any more."""
    depth = 500 + np.linspace(0.1, 9.9, 50)
    picks = new_picks(well="R60", depth_m=depth, class_="fracture", amplitude_m=0.1, confidence=0.9)
    zones = judge_zones(measure_zones(rock(60), picks), reference)
    assert zones["state"].tolist() == ["abstain", "ok", "ok", "ok"]
    assert "more planes picked as fracture" in zones["reason"][0]


def test_distances_are_half_widths() -> None:
    """Of a feature usual from -1 to 1, 2 lies one half width beyond, 4.5 three and a half."""
    reference = DriftReference.of(pd.DataFrame({"skew": np.linspace(-1, 1, 50)}), wells=8)
    zones = pd.DataFrame({"top_m": [0.0, 10, 20], "base_m": [10.0, 20, 30], "skew": [0.0, -2.0, 4.5]})
    judged = judge_zones(zones, reference)
    assert judged["distance"].tolist() == [0, 1, 3.5]
    assert judged["state"].tolist() == ["ok", "ok", "abstain"]
    assert WATCH < ABSTAIN
    few = judge_zones(zones, reference.model_copy(update={"wells": 2}))
    assert few["distance"].tolist() == [0, 0.25, 0.875]  # two wells show a quarter of what eight do
    unknown = judge_zones(zones.assign(skew=np.nan), reference)
    assert set(unknown["state"]) == {"ok"}  # what could not be measured here says nothing


def test_a_reference_survives_its_card(reference: DriftReference) -> None:
    """Through JSON and back, to the last digit kept."""
    assert DriftReference.model_validate(json.loads(json.dumps(reference.model_dump()))) == reference


@pytest.mark.parametrize(
    "card", [5, {}, {"wells": 0, "features": {}}, {"wells": 3, "features": {"skew": [1.0]}}, {"wells": 3, "zones": 4}]
)
def test_a_damaged_card_is_told_in_one_line(card: Any) -> None:
    """A bundle whose card was bent: an error with its name, no traceback."""
    bundle = load_bundle()
    detector = NetworkDetector.of(replace(bundle, card={"name": "bent", "drift": card}), rock(0))
    with pytest.raises(InputError, match="bent") as caught:
        _ = detector.drift_reference
    assert "\n" not in str(caught.value)


def test_zones_on_disk(reference: DriftReference, tmp_path: Path) -> None:
    """Written, read, and refused in one line if they are something else; the pick table keeps its extra column."""
    zones = judge_zones(measure_zones(rock(70), new_picks()), reference)
    write_zones(zones, tmp_path / "a.drift.csv")
    back = read_zones(tmp_path / "a.drift.csv")
    assert back["state"].tolist() == zones["state"].tolist()
    assert state_at(back, [501.0]) == [zones["state"][0]]
    for text in ("", "a,b\n1,2\n", "top_m,base_m,state,distance,reason\n1,2,fine,0,\n"):
        (tmp_path / "b.drift.csv").write_text(text)
        with pytest.raises(InputError, match="judged zones"):
            read_zones(tmp_path / "b.drift.csv")
    picks, _ = mark_drift(rock(70), new_picks(well="R70", depth_m=[505.0], class_="bedding"), reference)
    write_picks(picks, tmp_path / "p.csv")
    assert read_picks(tmp_path / "p.csv")["drift"].tolist() == ["ok"]


def layered(metres: float = 40.0) -> WellImage:
    """Layers that dip: the same sequence in every column, up to 10 cm deeper, under as much noise as contrast."""
    rng = np.random.default_rng(3)
    depth, turns = 500 + 0.01 * np.arange(round(metres / 0.01)), np.radians(np.arange(2.5, 360, 5))
    sequence = np.convolve(rng.normal(0, 20, len(depth) + 50), np.full(8, 8**-0.5), "same")
    at = np.arange(len(depth))[:, None] + 25 + np.round(10 * np.cos(turns - 1)).astype(int)
    pixels = 100 + sequence[at] + rng.normal(0, 20, at.shape)
    return well_image(pixels.astype(np.float32), depth, well="L")


def test_layers_without_a_pick_are_watched() -> None:
    """Picks in the first and third zone, one in the fourth: layers are missed in the second and the fourth."""
    reference = DriftReference.of(pd.DataFrame({"skew": np.linspace(-1, 1, 50)}), wells=8)
    depth = np.r_[500.5:510:1.0, 520.5:530:1.0, 531.0]
    picks = new_picks(well="L", depth_m=depth, class_="bedding", amplitude_m=0.1)
    zones = judge_zones(measure_zones(layered(), picks), reference)
    assert zones["state"].tolist() == ["ok", "watch", "ok", "watch"]
    assert [finding.kind for finding in drift_findings(zones)] == ["drift-watch"] * 2
    bare = judge_zones(measure_zones(rock(1), new_picks()), reference)
    assert set(bare["state"]) == {"ok"}


def test_masked_metres_thin_out_nothing(reference: DriftReference) -> None:
    """Five picks in the half of a zone that has pixels are as dense as ten in all of it."""
    image = rock(5, metres=10.0)
    pixels = image["image"].values.copy()
    pixels[500:] = np.nan
    depth = np.linspace(500.5, 504.5, 5)
    picks = new_picks(well="R5", depth_m=depth, class_="bedding", amplitude_m=0.0, confidence=0.9)
    zones = measure_zones(image.assign(image=(image["image"].dims, pixels)), picks)
    assert zones["density_bedding"].iloc[0] == pytest.approx(1.0, rel=0.01)
