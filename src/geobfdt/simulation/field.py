"""A field of simulated wells on disk, as a contractor and an interpreter would hand it over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from geobfdt._version import __version__
from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import write_text
from geobfdt.simulation.geology import draw_geology, nearby
from geobfdt.simulation.interpreter import STYLES
from geobfdt.simulation.recipes import RECIPES
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import WellSettings, draw
from geobfdt.wells.breakouts import write_breakouts
from geobfdt.wells.intervals import write_intervals
from geobfdt.wells.picks import write_picks

__all__ = ["simulate"]

_DEFAULT_LENGTH_M = 60.0  # Length of a well where neither the caller nor a recipe gives one.


def simulate(
    out: str | Path,
    *,
    wells: int = 14,
    length: float | None = None,
    seed: int = 0,
    like: str | None = None,
    tool: str | None = None,
    deviation: float | None = None,
    interpreter: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """
    Simulate a field: wells of one geology, each written with its truth.

    Each well leaves ``<well>.dlis``, ``<well>.truth.csv`` (every plane), ``<well>.picks.csv`` (the simulated
    interpreter's), ``<well>.intervals.csv`` and, where it has any, ``<well>.breakouts.csv`` (breakouts and induced
    fractures); ``simulation.yaml`` holds all settings. A well depends on the seed and its number only, never on how
    many wells there are.

    Parameters
    ----------
    out : str or Path
        Folder for the files.
    wells : int
        How many wells.
    length : float, optional
        Length of each (m). Default: 60, or drawn for each from the range of the recipe.
    seed : int
        The same seed makes the same wells.
    like : str, optional
        Recipe of the field: ``published``. Default: a random geology, tools and interpreters of all kinds.
    tool : str, optional
        One tool for all wells; mixed, or those of the recipe, if not given.
    deviation : float, optional
        Hole inclination (deg); mixed, or that of the recipe, if not given.
    interpreter : str, optional
        What every interpreter picks: ``dense``, ``sparse``, ``fractures`` or ``beds``; mixed, or that of the recipe, if
        not given.
    progress : callable, optional
        Called with the share done, 0 to 1.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If there is no such recipe, tool or interpreter, a number is out of range, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> files = simulate(tempfile.mkdtemp(), wells=1, length=1.0, tool="lwd56")
    >>> [file.name for file in files]
    ['W01.dlis', 'W01.picks.csv', 'W01.truth.csv', 'W01.intervals.csv', 'simulation.yaml']
    """
    out = Path(out)
    fixed = _checked(out, wells, length, seed, like, tool, deviation, interpreter)
    recipe = RECIPES[like] if like is not None else None
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
        settings = draw(rng, well=name, geology=nearby(geology, rng), **(common | fixed))
        well = simulate_well(settings, rng)
        place = [out / f"{name}{suffix}" for suffix in (".dlis", ".picks.csv", ".truth.csv", ".intervals.csv")]
        write_dlis(well.image, place[0])
        write_picks(well.picks, place[1])
        write_picks(well.truth, place[2])
        write_intervals(well.intervals, place[3])
        if len(well.breakouts):
            place.append(out / f"{name}.breakouts.csv")
            write_breakouts(well.breakouts, place[-1])
        files += place
        all_settings.append(settings)
        if progress:
            progress(number / wells)
    card = {
        "geobfdt": __version__,
        "seed": seed,
        "like": like,
        "geology": geology.model_dump(mode="json"),
        "wells": [settings.model_dump(mode="json") for settings in all_settings],
    }
    write_text(out / "simulation.yaml", yaml.safe_dump(card, sort_keys=False))
    return [*files, out / "simulation.yaml"]


def _checked(
    out: Path,
    wells: int,
    length: float | None,
    seed: int,
    like: str | None,
    tool: str | None,
    deviation: float | None,
    interpreter: str | None,
) -> dict[str, Any]:
    for bad, observed, cure in (
        (wells < 1, f"{wells} wells", "ask for one or more"),
        (
            length is not None and not 0 < length <= 20_000,
            f"a length of {length} m",
            "give a length up to 20000 m",
        ),
        (seed < 0, f"the seed {seed}", "give a seed of 0 or more"),
        (like is not None and like not in RECIPES, f"no recipe {like!r}", f"give one of {', '.join(RECIPES)}"),
        (tool is not None and tool not in TOOLS, f"no tool {tool!r}", f"give one of {', '.join(TOOLS)}"),
        (
            deviation is not None and not 0 <= deviation <= 120,
            f"a deviation of {deviation} deg",
            "give 0 (vertical) to 120",
        ),
        (
            interpreter is not None and interpreter not in STYLES,
            f"no interpreter {interpreter!r}",
            f"give one of {', '.join(STYLES)}",
        ),
    ):
        if bad:
            raise InputError(out, observed, cure)
    fixed: dict[str, Any] = {}
    if length is not None:
        fixed["length"] = float(length)
    if tool is not None:
        fixed["tool"] = tool
    if deviation is not None:
        fixed["deviation"] = float(deviation)
    if interpreter is not None:
        fixed["style"] = interpreter
    return fixed
