"""Layered texture: seen whatever the dip, not seen in what only looks alike nearby, on simulated and on real images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from tests.real_data import DENSITY

from geobfdt.io.images.files import read
from geobfdt.preparation.layering import layer_coherence
from geobfdt.wells.image import WellImage, well_image

LAYERED = 0.5


def image(pixels: np.ndarray, row: float = 0.01) -> WellImage:
    """Pixels from 100 m downwards."""
    return well_image(pixels, 100 + row * np.arange(len(pixels)))


def layers(amplitude: float, columns: int, row: float = 0.01, noise: float = 1.0) -> np.ndarray:
    """Ten metres of a random sequence that every column shows along a plane, under noise of as much contrast."""
    rng = np.random.default_rng(2)
    depth, turns = row * np.arange(round(10 / row)), np.radians((np.arange(columns) + 0.5) * 360 / columns)
    sequence = gaussian_filter(rng.normal(size=5000), 0.03 / 0.004)
    sequence /= sequence.std()
    at = depth[:, None] + 5 + amplitude * np.cos(turns - 1)
    return np.interp(at, 0.004 * np.arange(5000), sequence) + noise * rng.normal(size=at.shape)


@pytest.mark.parametrize("amplitude", [0.0, 0.1, 0.4])
@pytest.mark.parametrize("columns", [16, 56, 180])
def test_layers_of_any_dip(amplitude: float, columns: int) -> None:
    """Flat and dipping layers, on few and on many columns."""
    assert layer_coherence(image(layers(amplitude, columns))) > LAYERED


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_layers_behind_gaps(share: float) -> None:
    """Half or a quarter of the turn without pixels hides no layers; all but a twelfth is too little to tell."""
    pixels = layers(0.1, 72)
    pixels[:, : round(72 * share)] = np.nan
    assert layer_coherence(image(pixels)) > LAYERED
    pixels[:, 6:] = np.nan
    assert np.isnan(layer_coherence(image(pixels)))


@pytest.mark.parametrize("columns", [8, 16, 56, 180])
def test_noise_is_not_layered(columns: int) -> None:
    """Whatever the number of columns."""
    pixels = np.random.default_rng(0).normal(size=(1000, columns))
    assert layer_coherence(image(pixels)) < 0.25


@pytest.mark.parametrize("kind", ["spots", "stripes", "scattered layers"])
def test_what_is_alike_nearby_is_not_layered(kind: str) -> None:
    """Spots of 20 cm and 30 degrees, buttons that differ, and layers whose columns were moved by chance."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(1000, 72))
    if kind == "spots":
        noise = gaussian_filter(noise, (8, 3), mode=("nearest", "wrap"))
    elif kind == "stripes":
        noise += 5 * rng.normal(size=72)
    else:
        columns = layers(0.0, 72, noise=0.3).T
        noise = np.stack([np.roll(column, rng.integers(1000)) for column in columns], axis=1)
    assert layer_coherence(image(noise)) < 0.35


def test_too_short_to_tell() -> None:
    """A single row, and ten of them."""
    assert np.isnan(layer_coherence(image(layers(0.0, 36)[:1])))
    assert np.isnan(layer_coherence(image(layers(0.0, 36)[:10])))


@pytest.mark.skipif(not DENSITY.exists(), reason="real data not here")
def test_real_bedding() -> None:
    """Density while drilling, 16 sectors: bed crossings are layers, their columns moved by chance are not."""
    whole = read(DENSITY, None)
    part = whole.isel(depth=slice(*np.searchsorted(whole["depth"].values, [2079.0, 2089.0]).tolist())).load()
    assert layer_coherence(part) > LAYERED
    rng = np.random.default_rng(0)
    moved = np.stack([np.roll(column, rng.integers(len(column))) for column in part["image"].values.T], axis=1)
    assert layer_coherence(part.assign(image=(part["image"].dims, moved))) < 0.3
