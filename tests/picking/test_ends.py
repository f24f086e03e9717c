"""What is picked where an image ends: no plane that only the end itself looks like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.real_data import DATA

from geobfdt.geometry import trace_depth
from geobfdt.picking.picker import pick
from geobfdt.wells.image import well_image

ROW = 0.005


def rock(rows: int, seed: int, columns: int = 120) -> np.ndarray:
    """Texture without any plane: noise smoothed alike in both directions, which goes on round the hole."""
    white = np.random.default_rng(seed).normal(size=(rows, columns))
    spectrum = np.fft.rfft2(white)
    down, across = np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)
    return np.asarray(np.fft.irfft2(spectrum * np.exp(-60 * (down**2 + across**2)), white.shape))


def picked(pixels: np.ndarray, row: float = ROW, diameter: float = 0.2) -> pd.DataFrame:
    """Picks of an image whose first row lies at 10 m."""
    hole = {"diameter": diameter, "deviation": 0.0, "hole_azimuth": 0.0}
    return pick(well_image(pixels.astype(np.float32), 10 + row * np.arange(len(pixels)), reference="north", **hole))


def flat_at(picks: pd.DataFrame, depth: float) -> int:
    """How many flat picks lie within 15 mm of a depth."""
    return int(((picks["amplitude_m"] < 0.02) & ((picks["depth_m"] - depth).abs() < 0.015)).sum())


@pytest.mark.parametrize("upside_down", [False, True])
def test_the_last_row_is_no_bed(upside_down: bool) -> None:
    """However many rows an image has, and whichever end is at the bottom, rock without planes has none there."""
    top = base = 0
    for rows in range(240, 256):
        pixels = rock(rows, rows)
        picks = picked(pixels[::-1] if upside_down else pixels)
        top += flat_at(picks, 10.0)
        base += flat_at(picks, 10 + ROW * (rows - 1))
    assert top <= 1
    assert base <= 1


@pytest.mark.parametrize("gap", [1, 3, 5, 16, 60])
def test_the_edges_of_a_gap_are_no_beds(gap: int) -> None:
    """Rows that were not measured, at the ends and in the middle: neither edge is a plane, nor is the gap."""
    edges = inside = 0
    for seed in range(4):
        pixels = rock(300, 100 * gap + seed)
        pixels[130 : 130 + gap] = pixels[:gap] = pixels[300 - gap :] = np.nan
        picks = picked(pixels)
        for row in (gap, 129, 130 + gap, 299 - gap):
            edges += flat_at(picks, 10 + ROW * row)
        measured = 10 + ROW * np.flatnonzero(np.isfinite(pixels).any(axis=1))
        assert picks["depth_m"].between(measured[0], measured[-1]).all()
        near = np.abs(picks["depth_m"].to_numpy()[:, None] - measured).min(axis=1) <= ROW
        inside += int((~near & (picks["amplitude_m"] < ROW * gap / 2)).sum())
    assert edges <= 2
    assert inside == 0


@pytest.mark.parametrize("method", ["network", "hough"])
@pytest.mark.parametrize("pads", [False, True])
def test_no_pick_is_centred_beyond_the_image(method: Any, pads: bool) -> None:
    """Planes whose middle lies just outside show well over half of their trace, and are still not picked."""
    depth, angles = 10 + ROW * np.arange(400), np.arange(1.5, 360, 3)
    pixels = np.random.default_rng(0).normal(size=(400, 120))
    for z0 in (9.985, 10.6, 11.3, 12.005):
        plane = trace_depth([z0, 0.15, 0.0], angles)
        pixels -= 6 * np.exp(-(((depth[:, None] - plane) / 0.008) ** 2))
    if pads:  # half of the hole ends a decimetre before the other
        pixels[:20, :60] = pixels[-20:, :60] = np.nan
    hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    picks = pick(well_image(pixels.astype(np.float32), depth, angles, reference="north", **hole), method=method)
    assert picks["depth_m"].between(depth[0], depth[-1]).all()
    for z0 in (10.6, 11.3):
        assert (picks["depth_m"] - z0).abs().min() < 0.01


@pytest.mark.parametrize("upside_down", [False, True])
@pytest.mark.parametrize(("file", "name"), [("otv/otv_fractured_rgb.npz", "rgb"), ("atv/atv_breakout_amp.npz", "amp")])
def test_real_pictures_have_no_flat_plane_at_their_ends(file: str, name: str, upside_down: bool) -> None:
    """Pieces of real televiewer images, neither of which has a flat plane where it is cut."""
    if not (DATA / file).exists():
        pytest.skip("the real images are not here")
    with np.load(DATA / file) as data:
        pixels, depth = np.asarray(data[name], dtype=np.float32), np.asarray(data["depth_m"], dtype=float)
    if pixels.ndim == 3:
        pixels = pixels.mean(axis=2)
    row = float(np.median(np.diff(depth)))
    count = 0
    for first, last in ((0.0, 1.0), (0.0, 0.9), (0.1, 1.0), (0.0, 0.77), (0.3, 0.95), (0.13, 0.71)):
        piece = pixels[int(first * len(pixels)) : int(last * len(pixels))]
        picks = picked(piece[::-1] if upside_down else piece, row, 0.104)
        count += flat_at(picks, 10 + row * (len(piece) - 1))
    assert count == 0


@pytest.mark.parametrize("cut", [10, 20])
def test_pads_that_end_apart_make_no_bed(cut: int) -> None:
    """Half of the columns begin and end some rows after and before the others: of 40 ends, 2 at most are beds."""
    count = 0
    for file, name in (("otv/otv_fractured_rgb.npz", "rgb"), ("atv/atv_breakout_amp.npz", "amp")):
        with np.load(DATA / file) as data:
            pixels, depth = np.asarray(data[name], dtype=np.float32), np.asarray(data["depth_m"], dtype=float)
        pixels = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
        row = abs(float(np.median(np.diff(depth))))
        for first in np.linspace(0, 0.5, 5):
            piece = pixels[int(first * len(pixels)) : int((first + 0.45) * len(pixels))].copy()
            piece[:cut, : piece.shape[1] // 2] = piece[-cut:, : piece.shape[1] // 2] = np.nan
            picks = picked(piece, row, 0.104)
            flat = picks.loc[picks["amplitude_m"] < 0.02, "depth_m"].to_numpy()
            ends = 10 + row * np.array([0, cut, len(piece) - 1 - cut, len(piece) - 1])
            count += int((np.abs(flat[:, None] - ends).min(axis=1, initial=np.inf) < max(0.015, 2 * row)).sum())
    assert count <= 2
