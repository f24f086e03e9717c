"""The classical detector on scenes with known planes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geobfdt.geometry import trace_rms
from geobfdt.picking.detector import Candidates
from geobfdt.picking.hough.hough_detector import HoughDetector


def detect(image: Any) -> Candidates:
    """Detect on a whole image, at the detector's own threshold."""
    detector = HoughDetector.of(image)
    candidates = detector.detect(image)
    sure = candidates.confidence >= detector.thresholds["fracture"]
    return Candidates(candidates.traces[sure], candidates.classes[sure], candidates.confidence[sure])


def nearest(traces: np.ndarray, plane: np.ndarray) -> tuple[int, float]:
    """Index and distance (m) of the trace nearest to a plane."""
    gaps = trace_rms(traces, plane)
    return int(gaps.argmin()), float(gaps.min())


def test_every_plane_once(scene: Any) -> None:
    """All planes within 2 cm, of the right class, and nothing else."""
    candidates = detect(scene.image)
    hits = []
    for name, planes in (("fracture", scene.fractures), ("bedding", scene.beds)):
        for plane in planes:
            i, gap = nearest(candidates.traces, plane)
            assert gap < 0.02
            assert candidates.classes[i] == name
            hits.append(i)
    assert len(set(hits)) == len(hits)
    assert len(candidates.traces) == len(hits)


def test_noise_alone_yields_hardly_a_pick(make_scene: Callable[..., Any]) -> None:
    """In 12 m of white noise there is at most one pick."""
    assert len(detect(make_scene([], [], length=12.0, seed=5).image).traces) <= 1


@pytest.mark.parametrize(
    ("columns", "row", "diameter", "pads"),
    [(360, 0.0021, 0.1, 0), (144, 0.00667, 0.105, 0), (180, 0.00254, 0.2, 4), (56, 0.01, 0.2, 0), (16, 0.1, 0.2, 0)],
)
def test_any_tool(make_scene: Callable[..., Any], columns: int, row: float, diameter: float, pads: int) -> None:
    """Televiewers, pads and sectors: the working grid follows the image."""
    scale = min(max(row / 0.005, diameter / 0.2), 10.0)
    fractures = [(100 + scale * (1.1 + i), scale * 0.15 * (-1) ** i, scale * 0.1) for i in range(3)]
    beds = [(100 + scale * (0.55 + i), scale * 0.01, -scale * 0.02) for i in range(4)]
    size = {"length": 4.5 * scale, "row": row, "thick": max(0.006, 0.8 * row), "diameter": diameter}
    scene = make_scene(fractures, beds, columns=columns, pads=pads, **size)
    candidates = detect(scene.image)
    for plane in np.concatenate([scene.fractures, scene.beds]):
        assert nearest(candidates.traces, plane)[1] < 0.02 * max(scale, 1)
    # Sixteen sectors in noise leave room for chance alignments: up to one for each plane.
    assert len(candidates.traces) <= (14 if columns == 16 else 8)


@pytest.mark.parametrize("dip", [0.0, 45.0, 70.0, 80.0])
def test_dips_up_to_eighty_degrees(make_scene: Callable[..., Any], dip: float) -> None:
    """A lone fracture of any dip is found, on a roll past 360 degrees as well."""
    amplitude = 0.1 * np.tan(np.radians(dip))
    for azimuth in (0.0, 200.0, 359.0):
        t = np.radians(azimuth)
        plane = (101.5, amplitude * np.cos(t), amplitude * np.sin(t))
        candidates = detect(make_scene([plane], [], length=3.0, pads=4).image)
        assert nearest(candidates.traces, np.array(plane))[1] < 0.02 + 0.03 * amplitude
        assert candidates.classes[nearest(candidates.traces, np.array(plane))[0]] == "fracture"


def test_no_vote_and_no_blame_from_gaps(make_scene: Callable[..., Any]) -> None:
    """With a third of the turn missing the plane is still found; gaps make no planes of their own."""
    plane = (101.0, 0.1, 0.05)
    scene = make_scene([plane], [], length=2.0)
    scene.image["image"].values[:, 20:44] = np.nan
    candidates = detect(scene.image)
    assert nearest(candidates.traces, np.array(plane))[1] < 0.02
    assert len(candidates.traces) == 1


def test_empty_image(make_scene: Callable[..., Any]) -> None:
    """Nothing measured, or one row only: nothing found, no warning."""
    scene = make_scene([], [], length=1.0)
    scene.image["image"].values[:] = np.nan
    assert len(detect(scene.image).traces) == 0
    assert len(detect(scene.image.isel(depth=slice(0, 1))).traces) == 0
