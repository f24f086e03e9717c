"""The wall of a hole without the effects of a tool: rock, fractures and damage, drawn a block of rows at a time."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from geobfdt.simulation.damage import Damage, damage
from geobfdt.simulation.fractures import Band, draw_fractures, paint
from geobfdt.simulation.hole import Hole
from geobfdt.simulation.noise import Texture
from geobfdt.simulation.strata import Strata, build_strata
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well_settings import WellSettings

__all__ = ["Wall"]


class Wall:
    """
    The wall of a hole.

    Parameters
    ----------
    settings : WellSettings
        The well.
    hole : Hole
        Its hole, on the grid of the wall.
    rng : Generator
        Source of randomness.

    Attributes
    ----------
    strata : Strata
        Beds and their planes.
    bands : list of Band
        Fractures, faults and stylolites.
    damage : Damage
        What is no plane.

    Examples
    --------
    >>> from geobfdt.simulation.hole import draw_hole
    >>> rng = np.random.default_rng(0)
    >>> wall = Wall(WellSettings(), draw_hole(WellSettings(), 1000 + 0.005 * np.arange(500), 36, rng), rng)
    >>> wall.block(100, 150)[0].shape
    (50, 36)
    """

    def __init__(self, settings: WellSettings, hole: Hole, rng: np.random.Generator) -> None:
        rock_rng, fracture_rng, damage_rng, texture_rng = rng.spawn(4)
        geology = settings.geology
        self.hole = hole
        self.strata: Strata = build_strata(geology, hole, rock_rng)
        self.bands: list[Band] = draw_fractures(geology, hole, self.strata, settings.roughness, fracture_rng)
        self.damage: Damage = damage(settings, hole, damage_rng)
        tool = TOOLS[settings.tool]
        self._beds = np.float32(tool.beds)
        rows, columns = hole.depth.size, hole.angle.size
        arc = math.pi * settings.diameter / columns
        size = geology.patch
        self._patches = Texture(texture_rng, rows, columns, 0.6 * size / hole.step, size / arc)
        self._grain = Texture(texture_rng, rows, columns, max(0.008 / hole.step, 1), max(0.012 / arc, 1))
        self._lateral = Texture(texture_rng, rows, columns, 0.05 / hole.step, 0.1 / arc)
        self._texture = np.float32(geology.texture)
        tall = [np.hypot(*band.trace[1:]) for band in self.bands]
        wide = [max(band.half_width.max(), band.halo[0]) for band in self.bands]
        reach = [a * (1 + 3 * math.pi / columns) + 0.02 + 3 * w for a, w in zip(tall, wide, strict=True)]
        centre = np.array([band.trace[0] for band in self.bands])
        self._shallowest, self._deepest = centre - np.array(reach), centre + np.array(reach)

    def block(self, first: int, last: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """
        Draw rows `first` to `last` (excluded).

        Returns
        -------
        wall, whole : array (rows, columns)
            Property of the wall, and what it would be without fractures; one array where there are none.
        """
        mix = self._lateral.block(first, last)
        mix += np.float32(0.5)
        np.clip(mix, 0, 1, out=mix)
        wall = self.strata.block(first, last, mix)
        texture = self._patches.block(first, last)
        texture *= np.float32(0.8)
        grain = self._grain.block(first, last)
        grain *= np.float32(0.6)
        texture += grain
        texture *= self._texture
        wall += texture
        wall *= self._beds
        self.damage.draw_spots(wall, first)
        depth = self.hole.depth
        here = (self._shallowest <= depth[last - 1]) & (self._deepest >= depth[first])
        whole = wall.copy() if here.any() else wall
        paint(wall, first, self.hole, [self.bands[i] for i in np.flatnonzero(here)])
        self.damage.draw_damage(wall, first)
        if here.any():
            self.damage.draw_damage(whole, first)
        return wall, whole
