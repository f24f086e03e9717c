"""Named recipes of fields: settings that all wells of a field share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.tools import ToolName

__all__ = ["RECIPES", "FieldRecipe"]


@dataclass(frozen=True)
class FieldRecipe:
    """
    Settings that the wells of a field share; everything else is drawn for each well.

    Parameters
    ----------
    geology : Geology
        The field's rock; each well has one near it.
    tools : tuple of str
        Tools, which wells take in turn.
    lengths : (float, float)
        Range that lengths of wells are drawn from (m).
    settings : mapping of str to object
        Settings that all wells share.
    """

    geology: Geology
    tools: tuple[ToolName, ...]
    lengths: tuple[float, float]
    settings: Mapping[str, Any]


RECIPES: Mapping[str, FieldRecipe] = MappingProxyType(
    {
        # The field of the published system: vertical wells of one carbonate, two microresistivity tools, about three
        # picked beds and two picked fractures a metre, and interpreters who agree.
        "published": FieldRecipe(
            geology=Geology(
                rock="carbonate", bedding_dip=6.0, bedding_azimuth=140.0, dip_scatter=2.0, bed_thickness=0.125,
                thickness_spread=0.8, bed_contrast=0.8, contrast_spread=0.7, thin_layers=0.15, lamination=0.1,
                texture=0.15, spots=8.0, spot_level=-2.0, stylolites=1.0, fracture_density=2.9, spacing_cv=2.0,
                sets=(
                    FractureSet(dip=68.0, azimuth=75.0, concentration=60.0, weight=1.0, conductive=0.8),
                    FractureSet(dip=55.0, azimuth=250.0, concentration=40.0, weight=0.6, conductive=0.7),
                ),
            ),
            tools=("fmi", "cmi"),
            lengths=(40.0, 60.0),
            settings=MappingProxyType(
                {
                    "diameter": 0.2159, "deviation": 0.0, "deviation_drift": 0.0, "reference": "north",
                    "style": "dense", "misses": 0.03, "jitter": 0.003, "unpicked": 0.0,
                }
            ),
        )
    }
)  # fmt: skip
