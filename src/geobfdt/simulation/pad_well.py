"""A well whose image is still the recording of a pad tool, with the tables that go with it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from geobfdt.assembly.build import STEPS, Assembled, Plan, build
from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.simulation.pads import CONTRAST, PadFlaws, SimulatedPads, simulate_pads
from geobfdt.simulation.visibility import RowNoise
from geobfdt.simulation.well import SimulatedWell, interpreted
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.image import well_image

__all__ = ["PadWell", "oriented_settings", "simulate_pad_well"]

# Noise that the buttons of a row share, for the visibility of flat planes.
_ROW_NOISE = 0.01


class PadWell(NamedTuple):
    """
    A simulated well as its pad tool recorded it.

    Parameters
    ----------
    pads : SimulatedPads
        The recording with its flaws, and the truth of each.
    well : SimulatedWell
        The undisturbed image with its tables.
    """

    pads: SimulatedPads
    well: SimulatedWell


def oriented_settings(settings: WellSettings) -> WellSettings:
    """
    Return the settings with a reference that an image of pads can have: north, or high side along north.

    Examples
    --------
    >>> oriented_settings(WellSettings(deviation=30.0, reference="pseudo_north")).reference
    'north'
    """
    try:
        return WellSettings(**{**settings.model_dump(), "reference": "north"})
    except ValidationError:
        return WellSettings(**{**settings.model_dump(), "reference": "high_side"})


def simulate_pad_well(settings: WellSettings, rng: np.random.Generator) -> PadWell:
    """
    Simulate the recording of a pad tool, and tables of what its undisturbed image shows.

    Parameters
    ----------
    settings : WellSettings
        The hole and its rock, with the reference north or high side; its tool is not used.
    rng : Generator
        Source of randomness; the same settings and state give the same well.

    Returns
    -------
    PadWell
        Recording, truth, picks and intervals.

    Examples
    --------
    >>> made = simulate_pad_well(WellSettings(length=1.0), np.random.default_rng(0))
    >>> "FCA1" in made.pads.recording.arrays, made.well.image.sizes["azimuth"]
    (True, 360)
    """
    # The same rock is recorded with flaws, without them, and without its fractures.
    rock, interpreter_rng = int(rng.integers(2**63)), rng.spawn(1)[0]
    pads = simulate_pads(settings, np.random.default_rng(rock))
    still = simulate_pads(settings, np.random.default_rng(rock), PadFlaws.none())
    sound = _undisturbed(still, settings)
    whole = simulate_pads(settings, np.random.default_rng(rock), PadFlaws.none(), fractured=False)
    broken = sound.image - _undisturbed(whole, settings).image
    image = well_image(
        sound.image,
        sound.depth,
        diameter=sound.diameter,
        deviation=sound.deviation,
        hole_azimuth=sound.hole_azimuth,
        well=settings.well,
        tool="FMI",
        reference=settings.reference,
        north="true",
        normalisation="none",
    )
    recorded = (sound.image / np.float32(CONTRAST), broken / np.float32(CONTRAST))
    return PadWell(pads, interpreted(settings, still.wall, image, recorded, RowNoise(_ROW_NOISE), interpreter_rng))


def _undisturbed(pads: SimulatedPads, settings: WellSettings) -> Assembled:
    """Lay out a recording without flaws as it is."""
    plan = Plan(reference="high_side" if settings.reference == "high_side" else "north", north="true", without=STEPS)
    return build(pads.recording, geometry_of("FMI"), plan)
