"""Real logs and picks: an excerpt in ``tests/data`` where it is there, else all of ``../shared/data``."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import numpy.typing as npt

_EXCERPT = Path(__file__).parent / "data"
_WHOLE = Path(__file__).parents[2] / "shared" / "data"

DATA = _EXCERPT if _EXCERPT.is_dir() else _WHOLE

# The optical televiewer's image: `rgb`, colours or grey values, and `depth_m`.
TELEVIEWER = DATA / "otv" / "otv_fractured_rgb.npz"
# Density of 16 sectors while drilling, and other curves.
DENSITY = DATA / "lwd-las" / "P11-A-02_Composite_MEM_Image_NF.las"
_GRANITE = DATA / "picks-ud1" / "UD1_Borehole_Imaging_Interpretation.csv"


def televiewer_image() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Grey values (rows, columns) of the optical televiewer's image and depths of its rows (m)."""
    with np.load(TELEVIEWER) as file:
        pixels, depth = file["rgb"].astype(np.float32), file["depth_m"]
    return pixels.mean(axis=-1) if pixels.ndim == 3 else pixels, depth


def granite_table(folder: Path) -> Path | None:
    """Pick table of a granite well with 12,031 rows, unpacked into a folder where it is packed; None without it."""
    packed = _GRANITE.with_suffix(".csv.gz")
    if _GRANITE.exists() or not packed.exists():
        return _GRANITE if _GRANITE.exists() else None
    file = folder / _GRANITE.name
    file.write_bytes(gzip.decompress(packed.read_bytes()))
    return file
