"""Strips tile a well and hold their margins."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.preparation.strips import strips
from geobfdt.wells.image import well_image


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 30), st.floats(0, 5), st.integers(1, 400))
def test_cores_tile_and_margins_hold(seed: int, length: float, overlap: float, rows: int) -> None:
    """Each row is in one core, and each strip has all rows within the overlap of its core."""
    depth = 100 + np.cumsum(np.random.default_rng(seed).exponential(0.05, rows))
    well = well_image(np.zeros((rows, 2)), depth)
    pieces = list(strips(well, length, overlap))
    assert pieces[0].top == -np.inf
    assert pieces[-1].base == np.inf
    assert all(a.base == b.top for a, b in itertools.pairwise(pieces))
    for piece in pieces:
        inside = depth[(depth >= piece.top) & (depth < piece.base)]
        assert inside.size
        expected = depth[
            (depth >= max(piece.top, inside[0]) - overlap) & (depth < min(piece.base, inside[-1]) + overlap)
        ]
        assert np.isin(expected, piece.image.depth.values).all()


def test_no_strip_much_longer_than_asked() -> None:
    """A short rest joins its neighbour: a core is at most one and a half lengths."""
    well = well_image(np.zeros((1000, 2)), 0.01 * np.arange(1000))
    for length in (1.0, 1.3, 2.7, 4.0):
        for piece in strips(well, length, 0.0):
            assert piece.image.sizes["depth"] <= 150 * length + 1


def test_hole_in_the_depths() -> None:
    """A jump of a kilometre makes no empty strips."""
    depth = np.concatenate([np.arange(0, 5, 0.1), np.arange(1000, 1005, 0.1)])
    pieces = list(strips(well_image(np.zeros((depth.size, 2)), depth), 2.0, 0.5))
    assert len(pieces) <= 6
    assert sum(((depth >= p.top) & (depth < p.base)).sum() for p in pieces) == depth.size


def test_only_the_strip_is_loaded(tmp_path: Path) -> None:
    """A well on disk stays there: its pixels are never held whole."""
    well = well_image(np.random.default_rng(0).normal(size=(500, 8)), 0.01 * np.arange(500))
    well.attrs.pop("findings")
    well.to_netcdf(tmp_path / "well.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "well.nc", engine="h5netcdf") as lazy:
        for piece in strips(lazy, 1.0, 0.2):
            np.testing.assert_array_equal(piece.image["image"], well["image"].sel(depth=piece.image.depth))
        assert not lazy["image"].variable._in_memory


@pytest.mark.parametrize(("length", "overlap"), [(0.0, 1.0), (-1.0, 0.0), (1.0, -0.1), (float("nan"), 0.0)])
def test_nonsense_is_refused(length: float, overlap: float) -> None:
    """A length that is not positive, or a negative overlap."""
    with pytest.raises(ValueError, match="overlap by"):
        next(strips(well_image(np.zeros((5, 2)), np.arange(5.0)), length, overlap))
