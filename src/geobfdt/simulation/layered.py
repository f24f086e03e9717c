"""Random wells of layered rock as real images show it: steps between beds, high angles, several flaws at a time."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from geobfdt import geometry
from geobfdt.simulation.flaws import Flaws
from geobfdt.simulation.geology import Geology
from geobfdt.simulation.tools import TOOLS, ToolName
from geobfdt.simulation.well_settings import WellSettings, draw

__all__ = ["HELD_OUT_APPEARANCES", "LayeredAppearance", "draw_layered"]

LayeredAppearance = Literal["mixture", "helical", "misoriented"]
#: Appearances that training never draws: networks are chosen by their score on them, too.
HELD_OUT_APPEARANCES: tuple[LayeredAppearance, ...] = ("helical", "misoriented")

# Tool, columns, row height (m) and share of the wells. The last are the grids of the simulator's other wells.
_GRIDS: tuple[tuple[ToolName, int, float, float], ...] = (
    ("lwd56", 56, 0.00762, 0.24), ("lwd56", 120, 0.00762, 0.06), ("lwd56", 56, 0.0254, 0.05),
    ("lwd56", 120, 0.0254, 0.1), ("lwd56", 56, 0.015, 0.03), ("lwd16", 16, 0.03, 0.13), ("lwd16", 16, 0.1, 0.14),
    ("lwd16", 16, 0.015, 0.03), ("atv", 180, 0.004, 0.06), ("atv", 72, 0.00667, 0.04), ("otv", 180, 0.004, 0.05),
    ("fmi", 192, 0.00254, 0.08), ("fms", 256, 0.00254, 0.03), ("cmi", 176, 0.005, 0.04),
)  # fmt: skip
# Range of the hole deviation (deg) and share of the wells.
_DEVIATIONS = ((0.0, 45.0, 0.3), (45.0, 70.0, 0.2), (70.0, 86.0, 0.4), (86.0, 95.0, 0.1))
_FLAWS = ("fade", "stripes", "row_offset", "smear", "row_blur", "red_noise")
_COARSE_ROW_M = 0.012  # Rows from which an image is not smoothed over several of them.
# Mean distances of contacts along the hole (m). A hole along bedding crosses beds of some decimetres over metres.
_LEAST_SPACING_M, _MOST_SPACING_M, _MOST_SPACING_ALONG_BEDDING_M = 1 / 15, 1 / 3, 1.5
_ALONG_BEDDING = 0.35  # Cosine of the apparent dip below which a hole counts as one along bedding.


def draw_layered(rng: np.random.Generator, appearance: LayeredAppearance = "mixture", **fixed: Any) -> WellSettings:
    """
    Draw a random well of layered rock.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    appearance : {"mixture", "helical", "misoriented"}
        Flaws of the image: none to all six of training, at random strengths; or one of the appearances that training
        never draws, with two of the six: diagonal stripes and two faint sides; rows out of orientation.
    **fixed
        Settings to hold, such as ``length=20.0``.

    Returns
    -------
    WellSettings
        The well; beds are 3 to 15 a metre along the hole, before those that do not show. In three of five holes along
        bedding they may be as few as two in three metres.

    Examples
    --------
    >>> settings = draw_layered(np.random.default_rng(0), length=5.0)
    >>> settings.geology.massive, settings == draw_layered(np.random.default_rng(0), length=5.0)
    (0.0, True)
    """
    base_rng, hole_rng, rock_rng, flaw_rng = rng.spawn(4)
    shares = np.array([share for *_, share in _GRIDS])
    tool, columns, row_spacing, _ = _GRIDS[hole_rng.choice(len(_GRIDS), p=shares / shares.sum())]
    low, high, _ = _DEVIATIONS[hole_rng.choice(len(_DEVIATIONS), p=[share for *_, share in _DEVIATIONS])]
    settings = {
        "tool": tool, "columns": columns, "row_spacing": row_spacing,
        "deviation": round(float(hole_rng.uniform(low, high)), 2),
    } | fixed  # fmt: skip
    base = draw(base_rng, **settings)
    geology = _layers(base, rock_rng)
    flaws = _draw_flaws(appearance, base, geology, flaw_rng)
    return base.model_copy(update={"geology": geology, "flaws": flaws, "broad_contrast": True} | fixed)


def _layers(well: WellSettings, rng: np.random.Generator) -> Geology:
    """Draw beds of 3 to 15 contacts a metre along the hole, or fewer where it follows bedding."""
    dip, azimuth = well.geology.bedding_dip, well.geology.bedding_azimuth
    if well.deviation > 45 and dip > 15:
        dip = float(rng.uniform(0, 15))  # High-angle wells follow gently dipping beds.
    apparent, _ = geometry.apparent_from_true(dip, azimuth, well.deviation, well.hole_azimuth, well.reference)
    # Beds are thinner across bedding than along the hole; a hole along bedding crosses hardly any.
    rise = max(float(np.cos(np.radians(apparent))), 0.06)
    # Rows of a coarse image hide what is thinner than two of them.
    least = max(_LEAST_SPACING_M, 2 * (well.row_spacing or 0.0))
    sparse = rise < _ALONG_BEDDING and rng.random() < 0.6
    most = _MOST_SPACING_ALONG_BEDDING_M if sparse else max(_MOST_SPACING_M, 2 * least)
    spacing = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    spread = float(rng.uniform(0.2, 0.8))

    def sometimes(share: float, least: float, most: float) -> float:
        amount = float(rng.uniform(least, most))
        return round(amount, 4) if rng.random() < share else 0.0

    changes: dict[str, Any] = {
        "rock": "layered",
        "bedding_dip": round(dip, 4),
        "dip_scatter": float(rng.uniform(0.3, 2.5)) * (1.0 if rise > 0.3 else 0.5),
        "bed_thickness": spacing * rise / np.exp(spread**2 / 2),
        "thickness_spread": spread,
        "bed_contrast": np.exp(rng.normal(np.log(1.0), 0.3)),
        "contrast_spread": rng.uniform(0.1, 0.6),
        "lamination": np.exp(rng.normal(np.log(0.06), 0.7)),
        "gradation": min(np.exp(rng.normal(np.log(0.006), 0.7)), 0.05),
    }
    changes = {name: value if isinstance(value, str) else round(float(value), 5) for name, value in changes.items()}
    changes |= {
        "thin_layers": sometimes(0.4, 0.02, 0.2),
        "massive": 0.0,
        "crossbedding": sometimes(0.2, 0.1, 0.6),
        "undulation": sometimes(0.6, 0.03, 0.33),
        "nodules": sometimes(0.2, 0.5, 4.0),
        "texture": round(well.geology.texture * float(rng.uniform(0.3, 1.0)), 4),
    }
    if rng.random() < 0.5:
        changes["fracture_density"] = 0.0
    changes["thick_fractures"] = sometimes(0.3, 0.05, 0.4)
    return well.geology.model_copy(update=changes)


def _draw_flaws(appearance: LayeredAppearance, well: WellSettings, geology: Geology, rng: np.random.Generator) -> Flaws:
    """Draw several flaws at a time; additive flaws are about as strong as the contrast of beds."""
    contrast = geology.bed_contrast * TOOLS[well.tool].beds
    count = int(rng.integers(0, len(_FLAWS) + 1)) if appearance == "mixture" else 2
    chosen = set(rng.choice(_FLAWS, count, replace=False).tolist())
    most_blur = 3.0 if (well.row_spacing or 0.0) < _COARSE_ROW_M else 0.8
    strengths = {
        "fade": rng.uniform(0.3, 0.85),
        "stripes": contrast * rng.uniform(0.05, 0.6),
        "row_offset": contrast * rng.uniform(0.05, 0.8),
        "smear": contrast * rng.uniform(0.05, 0.6),
        "row_blur": rng.uniform(0.3, most_blur),
        "red_noise": contrast * rng.uniform(0.05, 0.6),
    }
    others = {
        "row_correlation": rng.uniform(0.3, 0.95) if rng.random() < 0.5 else 0.0,
        "smear_width": np.exp(rng.uniform(np.log(0.05), np.log(0.4))),
    }
    novel: dict[str, float] = {}
    if appearance == "helical":
        novel = {"helix": contrast * rng.uniform(0.4, 0.9), "helix_pitch": rng.uniform(0.08, 0.5)}
        novel |= {"fade": rng.uniform(0.4, 0.8), "fade_waves": 2}
    elif appearance == "misoriented":
        novel = {"toolface_error": rng.uniform(3, 12)}
    chosen_strengths = {name: value for name, value in strengths.items() if name in chosen} | others | novel
    return Flaws(
        **{name: value if name == "fade_waves" else round(float(value), 4) for name, value in chosen_strengths.items()}
    )
