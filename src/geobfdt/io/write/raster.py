"""Write a WellImage as a PNG picture, and a YAML file beside it with what a picture cannot hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import yaml
from PIL import Image

from geobfdt.io.sidecar import MAX_PIXELS, Sidecar
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.image import LOGS, WellImage

__all__ = ["write_png"]

_BLOCK_ROWS = 4096  # So many rows are drawn at a time.
_MOST_STATIONS = 200  # No more rows of a hole log are kept in the YAML file.
_PERCENTILES = (0.5, 99.5)  # These percentiles are drawn black and white.
_SAMPLES, _SAMPLE_ROWS = 64, 32  # places, and rows at each, that the percentiles are taken from


def write_png(
    image: WellImage,
    path: str | Path,
    *,
    variable: Literal["image", "dynamic"] = "image",
    bits: Literal[8, 16] = 16,
    limits: tuple[float, float] | None = None,
) -> None:
    """
    Write a WellImage as a grey picture with its YAML sidecar; our raster reader takes both.

    Values are drawn on a straight scale, the conductive end dark; what was not measured is transparent. Rows of a PNG
    are even: an image with gaps in depth gets transparent rows there. Depths, angles and hole come back from the
    sidecar, values to within 1 / 65,000 (16 bits) or 1 / 254 (8 bits) of the range between the limits.

    Parameters
    ----------
    image : WellImage
        The well.
    path : str or Path
        The PNG file; the sidecar has its name, with the suffix ``.yaml``.
    variable : {"image", "dynamic"}
        Which image.
    bits : {8, 16}
        Depth of the grey scale.
    limits : tuple of float, optional
        Values drawn at the two ends of the scale, low first; beyond them values are drawn alike. Default: their 0.5
        and 99.5 percentiles.

    Raises
    ------
    InputError
        If there is no such variable, nothing was measured, the columns are not equal, or the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.wells.image import well_image
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_png(well_image(np.arange(40.0).reshape(5, 8), 10 + 0.1 * np.arange(5)), folder / "a.png")
    >>> sorted(file.name for file in folder.iterdir())
    ['a.png', 'a.yaml']
    """
    path = Path(path)
    if variable not in image:
        raise InputError(path, f"the image has no {variable} variable", "write the image")
    low, high = limits or _limits(image, variable, path)
    black, white = (low, high) if image.attrs["dark"] == "low" else (high, low)
    rows = _even_rows(image.depth.values, image.azimuth.size, path)
    full = 2**bits - 1
    grey = np.zeros((rows.size, image.azimuth.size), dtype=np.uint8 if bits == 8 else np.uint16)
    for start in range(0, rows.size, _BLOCK_ROWS):
        positions = rows[start : start + _BLOCK_ROWS]
        filled = positions >= 0
        if not filled.any():
            continue
        first, last = positions[filled][0], positions[filled][-1]
        block = image[variable][first : last + 1].values[positions[filled] - first]
        # Code 0 is kept for "not measured", so the darkest measured value is 1.
        shade = np.clip(np.rint((block - black) / (white - black) * full), 1, full)
        grey[start : start + _BLOCK_ROWS][filled] = np.where(np.isfinite(block), shade, 0).astype(grey.dtype)
    side = _sidecar(image, variable, rows.size, black, white, path)
    with atomic_files(path.parent) as part:
        Image.fromarray(grey).save(part / path.name, format="PNG", transparency=0)
        (part / path.with_suffix(".yaml").name).write_text(side, encoding="utf-8")


def _limits(image: WellImage, variable: str, path: Path) -> tuple[float, float]:
    """Values drawn at the ends of the scale, from rows spread over the well: enough for two percentiles."""
    step = max(_SAMPLE_ROWS, image.depth.size // _SAMPLES)
    # Short runs of rows: a strided read of a compressed file would unpack all of it at once.
    starts = range(0, image.depth.size, step)
    sample = [image[variable][start : start + _SAMPLE_ROWS].values.ravel() for start in starts]
    values = np.concatenate(sample)
    values = values[np.isfinite(values)].astype(np.float64)
    if not values.size:
        raise InputError(path, f"nothing was measured in the {variable}", "there is nothing to draw")
    low, high = np.percentile(values, _PERCENTILES)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def _even_rows(depth: npt.NDArray[np.float64], columns: int, path: Path) -> npt.NDArray[np.int64]:
    """Source row of each row of a picture with even rows; -1 where none is near."""
    spacing = float(np.median(np.diff(depth))) if depth.size > 1 else 1.0
    count = round((depth[-1] - depth[0]) / spacing) + 1
    if count * columns > MAX_PIXELS:
        raise InputError(path, f"{count:,} rows of {columns} pixels", "write it as netCDF, or a shorter stretch")
    even = np.linspace(depth[0], depth[-1], count)
    after = np.clip(np.searchsorted(depth, even), 1, max(1, depth.size - 1))
    before = after - 1
    after = np.minimum(after, depth.size - 1)
    nearest = np.where(even - depth[before] <= depth[after] - even, before, after)
    return np.where(np.abs(depth[nearest] - even) <= 0.75 * spacing, nearest, -1)


def _sidecar(image: WellImage, variable: str, rows: int, black: float, white: float, path: Path) -> str:
    depth, azimuth, attrs = image.depth.values, image.azimuth.values, image.attrs
    width = 360 / azimuth.size
    if azimuth.size > 1 and np.abs(np.diff(azimuth) - width).max() > 1e-6 * width:
        raise InputError(path, "the columns of the image are not equal", "write it as netCDF, CSV or DLIS")
    half = (depth[-1] - depth[0]) / (rows - 1) / 2 if rows > 1 else 0.5
    settings: dict[str, Any] = {
        "well": attrs["well"],
        "run": attrs["run"],
        "tool": attrs["tool"],
        "top": float(depth[0] - half),
        "bottom": float(depth[-1] + half),
        "depth_unit": "m",
        "azimuth_first": float(azimuth[0] - width / 2),
        "clockwise": True,
        "azimuth_reference": attrs["reference"],
        "north": attrs["north"],
        "declination": float(attrs["declination"]) if np.isfinite(attrs["declination"]) else None,
        "dark": attrs["dark"],
        "normalisation": "dynamic" if variable == "dynamic" else attrs["normalisation"],
        "values": [float(black), float(white)],
        "units": attrs["units"],
        **{name: _stations(depth, image[name].values) for name in LOGS},
    }
    settings = {name: value for name, value in settings.items() if value not in ("", None)}
    # What is written here is checked by the model that will read it.
    Sidecar.model_validate(settings)
    return yaml.safe_dump(settings, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100)


def _stations(depth: npt.NDArray[np.float64], log: npt.NDArray[np.float64]) -> float | list[list[float]] | None:
    """Write a log as one number where it is constant, else as stations of depth and value; None where unknown."""
    measured = np.flatnonzero(np.isfinite(log))
    if not measured.size:
        return None
    if measured.size == log.size and np.ptp(log) == 0:
        return float(log[0])
    kept = measured[np.unique(np.linspace(0, measured.size - 1, _MOST_STATIONS).round().astype(int))]
    return [[round(float(depth[row]), 4), round(float(log[row]), 6)] for row in kept]
