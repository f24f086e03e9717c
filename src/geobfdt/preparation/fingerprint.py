"""Features of an image: sampling, coverage, values and texture, which differ between tools and processings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.preparation.network_grid import GridSettings, network_grid
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["IMAGE_FEATURES", "image_features"]

# Grid on which textures are measured: rows of 1 cm, 64 columns, static contrast.
_GRID = GridSettings(0.01, 64, "static")
_ROW_LAGS = (1, 4, 16)  # Distances in rows of the grid (cm) over which changes are measured.
_COLUMN_LAGS = (1, 4)  # Distances in columns of the grid (5.6 deg each).
_SAMPLE_PIXELS = 20_000  # Number of pixels that the distribution of values is taken from.

_DEAD_SPREAD = 0.1  # A column with a smaller share of the usual spread is dead.

# Name, words for a sentence, and the smallest difference that matters.
IMAGE_FEATURES: dict[str, tuple[str, float]] = {
    "spacing": ("rows lie {direction} apart", 0.1),
    "columns": ("{direction} columns around the hole", 0.1),
    "measured": ("{direction} of the wall is measured", 0.03),
    "gaps": ("{direction} gaps around the hole", 0.5),
    "dead": ("{direction} columns without a signal", 0.02),
    "stripes": ("columns differ {direction} from each other", 0.05),
    "range": ("values span {direction}", 0.15),
    "values": ("{direction} different values", 0.5),
    "skew": ("dark and bright: {direction} of the bright", 0.1),
    **{f"down_{lag}": (f"{{direction}} change over {lag} cm of depth", 0.1) for lag in _ROW_LAGS},
    **{
        f"across_{lag}": (f"{{direction}} change over {lag * 360 / 64:.0f} deg around the hole", 0.1)
        for lag in _COLUMN_LAGS
    },
}

Values = npt.NDArray[np.float64]


def image_features(image: WellImage) -> dict[str, float]:
    """
    Measure a stretch of an image.

    Parameters
    ----------
    image : WellImage
        Some metres, in memory.

    Returns
    -------
    dict of str to float
        The :data:`IMAGE_FEATURES`; NaN where too little is measured.

    Notes
    -----
    Sizes are logarithms to base 2, so that differences are ratios. Changes over a lag are logarithms of the mean
    squared difference over twice the variance: 0 where pixels that far apart have nothing to do with each other.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> noise = well_image(np.random.default_rng(0).normal(size=(500, 90)), 10 + 0.01 * np.arange(500))
    >>> features = image_features(noise)
    >>> features["measured"], abs(features["down_4"]) < 0.1, features["gaps"]
    (1.0, True, 0.0)
    """
    pixels = image["image"].values
    measured = np.isfinite(pixels)
    features = dict.fromkeys(IMAGE_FEATURES, float("nan"))
    features["spacing"] = float(np.log2(row_spacing(image) * 1000)) if image.sizes["depth"] > 1 else float("nan")
    features["columns"] = float(np.log2(image.sizes["azimuth"]))
    features["measured"] = float(measured.mean())
    rows = measured[measured.any(axis=1)]
    if not len(rows):
        return features
    features["gaps"] = float((rows & ~np.roll(rows, 1, axis=1)).sum(axis=1).mean()) if not rows.all() else 0.0
    some = pixels[measured]
    some = some[:: max(len(some) // _SAMPLE_PIXELS, 1)]
    low, middle, high = np.quantile(some, [0.05, 0.5, 0.95])
    if not high > low:
        return features
    features["range"] = float(np.log2(high - low))
    features["skew"] = float((high + low - 2 * middle) / (high - low))
    features["values"] = float(np.log2(len(np.unique(some))))
    features["dead"] = _dead(pixels, measured)
    return features | _texture(image)


def _dead(pixels: npt.NDArray[np.float32], measured: npt.NDArray[np.bool_]) -> float:
    """Share of the columns that hardly change over the stretch, of those that are measured."""
    columns = measured.mean(axis=0) > 0.5
    if columns.sum() < 2:
        return float("nan")
    spread = np.nanstd(pixels[:, columns], axis=0)
    return float((spread < _DEAD_SPREAD * np.median(spread)).mean())


def _texture(image: WellImage) -> dict[str, float]:
    grid = network_grid(image, _GRID, float(image["depth"].values[0])).values.astype(float)
    grid[grid == 0] = np.nan
    spread = np.nanvar(grid)
    if not spread > 0:
        return {}
    changes = {f"down_{lag}": _change(grid[lag:] - grid[:-lag], spread) for lag in _ROW_LAGS if lag < len(grid)}
    changes |= {f"across_{lag}": _change(grid - np.roll(grid, lag, axis=1), spread) for lag in _COLUMN_LAGS}
    whole = grid[:, np.isfinite(grid).mean(axis=0) > 0.5]
    changes["stripes"] = (
        float(np.nanmean(whole, axis=0).std() / np.sqrt(spread)) if whole.shape[1] > 1 else float("nan")
    )
    return changes


def _change(difference: Values, spread: float) -> float:
    squared = difference[np.isfinite(difference)] ** 2
    return float(np.log2(max(float(squared.mean()), 1e-6 * spread) / (2 * spread))) if len(squared) else float("nan")
