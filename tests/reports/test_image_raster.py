"""Images brought to picture resolution."""

import numpy as np
import pytest
import xarray as xr

from geobfdt.preparation.normalisation import normalise_dynamic
from geobfdt.reports.image_raster import contrast_limits, depth_range, image_tones, resample_rows
from geobfdt.wells.image import WellImage, well_image


def slow_raster(image: WellImage, top: float, base: float, rows: int) -> np.ndarray:
    """Mean of the measured pixels of the rows that lie within each picture row, one at a time."""
    depth, values = image.depth.values, image["image"].values.astype(float)
    edges = np.linspace(top, base, rows + 1)
    out = np.full((rows, values.shape[1]), np.nan)
    for i in range(rows):
        for j in range(values.shape[1]):
            measured = [v for z, v in zip(depth, values[:, j], strict=True) if edges[i] <= z < edges[i + 1] and v == v]
            if measured:
                out[i, j] = np.mean(measured)
    return out


def test_fine_rows_are_averaged() -> None:
    """Decimation is the mean of what was measured, gaps and irregular rows included."""
    rng = np.random.default_rng(0)
    depth = np.cumsum(rng.uniform(0.001, 0.004, 900))
    depth[500:] += 0.3
    values = rng.normal(size=(900, 5))
    values[rng.random(values.shape) < 0.3] = np.nan
    image = well_image(values, depth)
    np.testing.assert_allclose(
        resample_rows(image, "image", 0.103, 2.417, 47), slow_raster(image, 0.103, 2.417, 47), rtol=1e-5, atol=1e-6
    )


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The picture is the same however many rows are read at a time."""
    image = well_image(np.random.default_rng(1).normal(size=(500, 4)), 0.01 * np.arange(500))
    whole = resample_rows(image, "image", 0.0, 5.0, 33)
    monkeypatch.setattr("geobfdt.reports.image_raster._BLOCK_ROWS", 7)
    np.testing.assert_allclose(resample_rows(image, "image", 0.0, 5.0, 33), whole, rtol=1e-6)


def test_coarse_rows_are_repeated_and_gaps_stay_empty() -> None:
    """Rows of 0.1 m fill their own 0.1 m; a missing row is not painted over."""
    depth = np.array([0.05, 0.15, 0.25, 0.55])
    rows = resample_rows(well_image([[1.0], [2.0], [3.0], [4.0]], depth), "image", 0.0, 0.6, 60)[:, 0]
    assert rows[:10].tolist() == [1.0] * 10
    assert rows[10:20].tolist() == [2.0] * 10
    assert np.isnan(rows[35:45]).all()
    assert rows[50:].tolist() == [4.0] * 10


def test_reads_only_what_is_shown() -> None:
    """A page reads its own rows, not the well's."""
    read: list[int] = []

    class Counting(xr.backends.BackendArray):
        shape, dtype = (10_000, 8), np.dtype(np.float32)

        def __getitem__(self, key: xr.core.indexing.ExplicitIndexer) -> np.ndarray:
            def pixels(index: tuple) -> np.ndarray:
                out = np.zeros(self.shape, np.float32)[index]
                read.append(out.shape[0])
                return out

            return xr.core.indexing.explicit_indexing_adapter(
                key, self.shape, xr.core.indexing.IndexingSupport.OUTER, pixels
            )

    image = well_image(np.zeros((10_000, 8)), 0.01 * np.arange(10_000))
    image["image"] = (("depth", "azimuth"), xr.core.indexing.LazilyIndexedArray(Counting()))
    resample_rows(image, "image", 50.0, 53.0, 100)
    assert sum(read) == 300
    resample_rows(image, "image", 50.0, 50.3, 1000)
    assert 300 < sum(read) < 340


def test_dynamic_page_is_a_cut_of_the_whole() -> None:
    """Adjacent pages meet without a seam: the page's dynamic image is the well's."""
    image = well_image(np.random.default_rng(2).normal(size=(4000, 6)), 0.005 + 0.01 * np.arange(4000))
    whole = normalise_dynamic(image["image"].values, 100)
    np.testing.assert_allclose(image_tones(image, "dynamic", 10.0, 14.0, 400), whole[1000:1400], atol=1e-5)


def test_dark_high_is_inverted() -> None:
    """Where high values are conductive, they are drawn dark."""
    values = np.linspace(0, 1, 64).reshape(8, 8)
    low, high = (well_image(values, np.arange(8.0), dark=dark) for dark in ("low", "high"))
    tones = [image_tones(image, "static", -0.5, 7.5, 8) for image in (low, high)]
    np.testing.assert_allclose(tones[0] + tones[1], 1.0, atol=1e-6)
    assert tones[0][0, 0] < tones[0][-1, -1]


def test_contrast_of_an_empty_image_is_defined() -> None:
    """No pixel measured: no warning, no error, all grey."""
    image = well_image(np.full((5, 4), np.nan), np.arange(5.0))
    assert contrast_limits(image, "image") == (0.0, 1.0)
    assert np.isnan(image_tones(image, "static", 0.0, 4.0, 3)).all()
    assert np.isnan(image_tones(image, "dynamic", 0.0, 4.0, 3)).all()


def test_constant_image_is_mid_grey() -> None:
    """No contrast is drawn as such, not as noise."""
    assert np.unique(image_tones(well_image(np.full((5, 4), 7.0), np.arange(5.0)), "static", 0.0, 4.0, 3)).tolist() == [
        0.5
    ]


def test_contrast_sees_the_whole_well() -> None:
    """Limits come from all depths: a bright lower half counts."""
    values = np.where(np.arange(20_000)[:, None] < 10_000, 10.0, 90.0) * np.ones((1, 4))
    assert contrast_limits(well_image(values, 0.01 * np.arange(20_000)), "image") == (10.0, 90.0)


def test_depth_range_of_one_row() -> None:
    """A lone row still has a height."""
    top, base = depth_range(well_image([[1.0, 2.0]], [5.0]))
    assert base - top == pytest.approx(0.01)
