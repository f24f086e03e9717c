"""The shipped network as a picker: what users rely on, on wells it has never seen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from geobfdt.evaluation.thresholds import operating_points
from geobfdt.geometry import trace_depth, trace_rms
from geobfdt.model.bundle import Bundle, Calibration, load_bundle
from geobfdt.model.curve.network import CurveNetwork
from geobfdt.model.network_settings import CurveSettings
from geobfdt.picking import network_detector as picking_network
from geobfdt.picking.explanation import explain
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick, pick_with_findings
from geobfdt.preparation.network_grid import GapsAs
from geobfdt.reports.explanation_figure import draw_explanation
from geobfdt.simulation.well import SimulatedWell, simulate_well
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import CLASSES, COLUMNS, traces


@pytest.fixture(scope="module")
def well() -> SimulatedWell:
    """Twelve metres of a vertical well, a quiet full-bore tool."""
    return simulate_well(WellSettings(length=12.0, noise=0.05, tool="fmi"), np.random.default_rng(4))


def scene(columns: int, plane: list[float], rows: int = 800, row: float = 0.005, turn: float = 0.0) -> WellImage:
    """Noise with one dark plane, drawn here by its own sinusoid."""
    angles = (np.arange(columns) + 0.5) * 360 / columns
    depth = 100 + row * np.arange(rows)
    z = plane[0] + plane[1] * np.cos(np.radians(angles - turn)) + plane[2] * np.sin(np.radians(angles - turn))
    pixels = np.random.default_rng(0).normal(0, 0.5, (rows, columns))
    pixels -= 5 * np.exp(-(((depth[:, None] - z) / max(0.012, row)) ** 2))
    hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0, "reference": "north"}
    return well_image(pixels.astype(np.float32), depth, angles, well="A", **hole)


def test_it_beats_no_idea(well: SimulatedWell) -> None:
    """On a quiet well of a vertical hole most clear beds are found, and most picks are right."""
    picks = pick(well.image)
    points = operating_points(picks, well.truth)
    assert points["bedding"].recall > 0.5
    assert points["bedding"].precision > 0.7


def test_a_coarse_image_is_picked_as_a_fine_one_of_a_small_hole() -> None:
    """Planes of rows of 1/8 m are four times as large as those of the same pixels as rows of 1/32 m, and as sure."""
    bundle = load_bundle()
    settings = bundle.settings.model_copy(update={"coarsest_row": 1 / 32})
    bundle = replace(bundle, settings=settings)
    coarse = scene(16, [112.0, 0.6, 0.3], rows=245, row=1 / 8)
    depth = 100 + np.arange(245) / 32
    fine = well_image(coarse["image"].values, depth, coarse["azimuth"].values, diameter=0.05, reference="north")
    detectors = [NetworkDetector.of(bundle, image) for image in (coarse, fine)]
    large, small = (detector.detect(image) for detector, image in zip(detectors, (coarse, fine), strict=True))
    assert len(large.traces) == len(small.traces) > 0
    np.testing.assert_allclose(large.traces - [100, 0, 0], 4 * (small.traces - [100, 0, 0]), atol=1e-4)
    np.testing.assert_allclose(large.confidence, small.confidence, atol=1e-6)
    assert trace_rms(large.traces, [112.0, 0.6, 0.3]).min() < 0.05
    assert detectors[0].overlap == 4 * detectors[1].overlap
    assert detectors[0].tallest == 4 * detectors[1].tallest


@pytest.mark.parametrize("columns", [360, 120, 56, 16])
def test_any_number_of_columns(columns: int) -> None:
    """One clear plane is found by every kind of tool, within a centimetre and a half."""
    plane = [102.0, 0.09, 0.04]
    picks = pick(scene(columns, plane))
    assert trace_rms(traces(picks), plane).min() < 0.015


def test_turning_the_image_turns_the_picks() -> None:
    """By any angle, grid or not: the plane found is the plane turned."""
    plane = [102.0, 0.12, 0.0]
    for turn in (45.0, 101.0):
        picks = pick(scene(180, plane, turn=turn), min_confidence=0.3)  # alone in noise, its class is not sure
        turned = [102.0, 0.12 * np.cos(np.radians(turn)), 0.12 * np.sin(np.radians(turn))]
        assert trace_rms(traces(picks), turned).min() < 0.01


def test_strips_do_not_matter(well: SimulatedWell) -> None:
    """Picks of short strips are those of one long strip, but for a few near the threshold."""

    class Short(NetworkDetector):
        length = 4.0

    whole = pick(well.image)
    parts, _ = pick_with_findings(well.image, Short.of(load_bundle(), well.image))
    apart = trace_rms(traces(whole)[:, None], traces(parts))
    for picks, nearest in ((whole, apart.min(axis=1)), (parts, apart.min(axis=0))):
        assert (nearest < 0.005).mean() > 0.9
        assert (nearest[picks["confidence"] > 0.65] < 0.02).all()


def test_two_threads_share_the_cores() -> None:
    """Each that joins has half of them, and afterwards all is as it was."""
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        detector = NetworkDetector.of(load_bundle(), scene(72, [102.0, 0.1, 0.0]))
        with detector.shared(2) as join, ThreadPoolExecutor(2, initializer=join) as pool:
            assert {pool.submit(torch.get_num_threads).result() for _ in range(8)} == {2}
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)


def test_nothing_measured_gives_an_empty_table() -> None:
    """An image, or a strip of one, without a valid pixel."""
    image = scene(72, [102.0, 0.1, 0.0])
    image["image"].values[:] = np.nan
    picks = pick(image)
    assert len(picks) == 0
    assert list(picks) == list(COLUMNS)


def test_ten_centimetres_of_well() -> None:
    """A well of 20 rows is picked without ado."""
    assert list(pick(scene(72, [100.05, 0.01, 0.0], rows=20))) == list(COLUMNS)


def test_a_hole_in_the_image_is_no_plane() -> None:
    """Half the well missing: nothing is picked in it, and what is beside it is still found."""
    image = scene(72, [101.0, 0.05, 0.0])
    image["image"].values[400:] = np.nan
    planes = traces(pick(image))
    assert trace_rms(planes, [101.0, 0.05, 0.0]).min() < 0.01
    assert (planes[:, 0] < 102.05).all()


def test_same_input_same_bytes(well: SimulatedWell) -> None:
    """Twice the same picks."""
    assert pick(well.image).to_csv() == pick(well.image).to_csv()


def test_onnx_picks_the_same(well: SimulatedWell) -> None:
    """Both runtimes, from pixels to table."""
    pytest.importorskip("onnxruntime")
    one, other = pick(well.image), pick(well.image, runtime="onnx")
    assert len(one) == len(other)
    assert np.abs(traces(one) - traces(other)).max() < 1e-4
    assert (one["class"] == other["class"]).all()


def test_explanation_lies_flat(tmp_path: Path) -> None:
    """The band along a pick is darkest at offset 0 all round, the network's weights are told, the picture is drawn."""
    plane = [102.0, 0.15, 0.05]
    image = scene(120, plane)
    detector = NetworkDetector.of(load_bundle(), image)
    picks, _ = pick_with_findings(image, detector)
    row = int(np.argmin(trace_rms(traces(picks), plane)))
    why = explain(image, picks.iloc[[row]], detector)
    darkest = why.offsets[np.argmin(why.band, axis=0)]
    assert np.abs(darkest - (trace_depth(plane, why.angles) - trace_depth(why.trace, why.angles))).max() < 0.011
    assert np.median(why.agreement) > 0.8
    assert why.evidence.size == 64
    draw_explanation(why, picks.iloc[[row]], row + 1, "north", tmp_path / "why.png")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="not one"):
        explain(image, picks.iloc[:0], detector)


@pytest.mark.parametrize("gaps", ["mask", "linear", "nearest"])
def test_a_network_sees_strips_as_it_sees_the_well(gaps: GapsAs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both images and whatever is done with gaps: a strip's grid is that of the well, static contrast included."""
    network = CurveNetwork(CurveSettings(image="both", gaps=gaps, widths=(8, 8, 8, 8), features=8)).eval()
    bundle = Bundle(network, network.settings, {name: Calibration() for name in CLASSES})
    rng = np.random.default_rng(3)
    pixels = rng.normal(size=(2400, 64)) + np.linspace(0, 40, 2400)[:, None]
    pixels[:, 20:26] = np.nan
    image = well_image(pixels.astype(np.float32), 100 + 0.005 * np.arange(2400), well="A", diameter=0.2)
    detector = NetworkDetector.of(bundle, image)
    inputs: list[np.ndarray] = []
    find = picking_network.plane_finder(network)
    monkeypatch.setattr(
        picking_network, "plane_finder", lambda _: lambda grid, *rest: (inputs.append(grid), find(grid, *rest))[1]
    )
    detector.detect(image)
    detector.detect(image.isel(depth=slice(800, 1600)))
    whole, strip = inputs
    assert whole.shape == (2400, 128, 2)
    np.testing.assert_array_equal(strip[208:592], whole[1008:1392])
    assert (whole[..., 1] > 0).all() == (gaps != "mask")
    assert np.median(whole[:200, :, 1][whole[:200, :, 1] > 0]) < 60
    assert np.median(whole[-200:, :, 1][whole[-200:, :, 1] > 0]) > 200
