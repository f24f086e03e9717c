"""A field of simulated wells on disk, as a contractor and an interpreter would hand it over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic import Field as Described

from geobfdt._version import __version__
from geobfdt.io.write.dlis import write_dlis
from geobfdt.io.write.pads import write_pads
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import write_text
from geobfdt.simulation.geology import draw_geology, vary_geology
from geobfdt.simulation.interpreter import STYLES
from geobfdt.simulation.pad_well import oriented_settings, simulate_pad_well
from geobfdt.simulation.recipes import RECIPES
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import WellSettings, draw
from geobfdt.wells.breakouts import write_breakouts
from geobfdt.wells.intervals import write_intervals
from geobfdt.wells.picks import write_picks

__all__ = ["SimulateOptions", "simulate"]

_DEFAULT_LENGTH_M = 60.0  # Length of a well where neither the caller nor a recipe gives one.
_PAD_TOOL = "fmi"  # The tool of the recordings of pads.
_MAX_LENGTH_M = 20_000.0  # Longest well that is simulated.
_MAX_DEVIATION_DEG = 120.0  # Largest inclination of a hole that is simulated; over 90 it goes up.


class SimulateOptions(BaseModel):
    """
    Settings of ``geobfdt simulate``, for the command line and the library alike.

    Examples
    --------
    >>> SimulateOptions(wells=2, tool="fmi").length is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wells: int = Described(14, description="how many wells")
    length: float | None = Described(
        None, description="length of each (m); None: 60, or drawn for each from the range of the recipe"
    )
    seed: int = Described(0, description="the same seed makes the same wells")
    like: str | None = Described(
        None, description="recipe of the field: published; None: a random geology, tools and interpreters of all kinds"
    )
    tool: str | None = Described(None, description="one tool for all wells; None: mixed, or those of the recipe")
    deviation: float | None = Described(None, description="hole inclination (deg); None: mixed, or that of the recipe")
    interpreter: str | None = Described(
        None,
        description="what every interpreter picks: dense, sparse, fractures or beds; None: mixed, or the recipe's",
    )
    pads: bool = Described(
        False, description="whether the files hold the buttons and the inclinometer of a pad tool instead of an image"
    )

    @model_validator(mode="after")
    def _within_what_can_be_simulated(self) -> SimulateOptions:
        length, deviation = self.length, self.deviation
        for name, wrong, observed, cure in (
            ("wells", self.wells < 1, f"{self.wells} wells", "ask for one or more"),
            (
                "length",
                length is not None and not 0 < length <= _MAX_LENGTH_M,
                f"a length of {length} m",
                f"give a length up to {_MAX_LENGTH_M:g} m",
            ),
            ("seed", self.seed < 0, f"the seed {self.seed}", "give a seed of 0 or more"),
            (
                "deviation",
                deviation is not None and not 0 <= deviation <= _MAX_DEVIATION_DEG,
                f"a deviation of {deviation} deg",
                f"give 0 (vertical) to {_MAX_DEVIATION_DEG:g}",
            ),
        ):
            if wrong:
                raise InputError(f"--{name}", observed, cure)
        if self.pads and self.tool not in (None, _PAD_TOOL):
            observed = f"the buttons of {self.tool!r} are not simulated"
            raise InputError("--tool", observed, f"give {_PAD_TOOL} with --pads, or no tool")
        for name, what, value, choices in (
            ("like", "recipe", self.like, RECIPES),
            ("tool", "tool", self.tool, TOOLS),
            ("interpreter", "interpreter", self.interpreter, STYLES),
        ):
            if value is not None and value not in choices:
                raise InputError(f"--{name}", f"no {what} {value!r}", f"give one of {', '.join(choices)}")
        return self

    @property
    def fixed(self) -> dict[str, Any]:
        """Settings that every well has, whatever its recipe says."""
        tool = _PAD_TOOL if self.pads else self.tool
        values = {"length": self.length, "tool": tool, "deviation": self.deviation, "style": self.interpreter}
        return {name: value for name, value in values.items() if value is not None}


DEFAULTS = SimulateOptions()


def simulate(out: str | Path, options: SimulateOptions = DEFAULTS, *, progress: Progress = no_progress) -> list[Path]:
    """
    Simulate a field: wells of one geology, each written with its truth.

    Each well leaves ``<well>.dlis``, ``<well>.truth.csv`` (every plane), ``<well>.picks.csv`` (the simulated
    interpreter's), ``<well>.intervals.csv`` and, where it has any, ``<well>.breakouts.csv`` (breakouts and induced
    fractures); ``simulation.yaml`` holds all settings. With ``pads`` the DLIS file holds the buttons of a pad tool, and
    the tables say what its undisturbed image shows. A well depends on the seed and its number only, never on how
    many wells there are.

    Parameters
    ----------
    out : str or Path
        Folder for the files.
    options : SimulateOptions
        How many wells, and of what kind.
    progress : callable
        Called with the share done, 0 to 1.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> files = simulate(tempfile.mkdtemp(), SimulateOptions(wells=1, length=1.0, tool="lwd56"))
    >>> [file.name for file in files]
    ['W01.dlis', 'W01.picks.csv', 'W01.truth.csv', 'W01.intervals.csv', 'simulation.yaml']
    """
    out = Path(out)
    seed, wells = options.seed, options.wells
    recipe = RECIPES[options.like] if options.like is not None else None
    geology = recipe.geology if recipe is not None else draw_geology(np.random.default_rng((seed, 0)))
    files: list[Path] = []
    all_settings: list[WellSettings] = []
    for number in range(1, wells + 1):
        rng = np.random.default_rng((seed, number))
        name = f"W{number:02d}"
        common: dict[str, Any] = {"length": _DEFAULT_LENGTH_M}
        if recipe is not None:
            own = np.random.default_rng((seed, number, 1))
            tool_of = recipe.tools[(number - 1) % len(recipe.tools)]
            common = {**recipe.settings, "tool": tool_of, "length": round(float(own.uniform(*recipe.lengths)), 2)}
        settings = draw(rng, well=name, geology=vary_geology(geology, rng), **(common | options.fixed))
        place = [out / f"{name}{suffix}" for suffix in (".dlis", ".picks.csv", ".truth.csv", ".intervals.csv")]
        if options.pads:
            settings = oriented_settings(settings)
            pads, well = simulate_pad_well(settings, rng)
            write_pads(pads.recording, place[0])
        else:
            well = simulate_well(settings, rng)
            write_dlis(well.image, place[0])
        write_picks(well.picks, place[1])
        write_picks(well.truth, place[2])
        write_intervals(well.intervals, place[3])
        if len(well.breakouts):
            place.append(out / f"{name}.breakouts.csv")
            write_breakouts(well.breakouts, place[-1])
        files += place
        all_settings.append(settings)
        progress(number / wells)
    card = {
        "geobfdt": __version__,
        "seed": seed,
        "like": options.like,
        **({"pads": True} if options.pads else {}),
        "geology": geology.model_dump(mode="json"),
        "wells": [settings.model_dump(mode="json") for settings in all_settings],
    }
    write_text(out / "simulation.yaml", yaml.safe_dump(card, sort_keys=False))
    return [*files, out / "simulation.yaml"]
