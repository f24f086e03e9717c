"""A field of simulated wells on disk, as a contractor and an interpreter would hand it over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import geobfdt
from geobfdt.simulation.geology import draw_geology, nearby
from geobfdt.simulation.interpreter import STYLES
from geobfdt.simulation.settings import WellSettings, draw
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well import simulate_well
from geobfdt.wells.findings import InputError
from geobfdt.wells.intervals import write_intervals
from geobfdt.wells.picks import write_picks
from geobfdt.wells.storage import write_text
from geobfdt.wells.writers.dlis import write_dlis

__all__ = ["simulate"]


def simulate(
    out: str | Path,
    *,
    wells: int = 14,
    length: float = 60.0,
    seed: int = 0,
    tool: str | None = None,
    deviation: float | None = None,
    interpreter: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """
    Simulate a field: wells of one geology, each written with its truth.

    Each well leaves ``<well>.dlis``, ``<well>.truth.csv`` (every plane), ``<well>.picks.csv`` (the simulated
    interpreter's) and ``<well>.intervals.csv``; ``simulation.yaml`` holds all settings. A well depends on the seed
    and its number only, never on how many wells there are.

    Parameters
    ----------
    out : str or Path
        Folder for the files.
    wells : int
        How many wells.
    length : float
        Length of each (m).
    seed : int
        The same seed makes the same wells.
    tool : str, optional
        One tool for all wells; mixed if not given.
    deviation : float, optional
        Hole inclination (deg); mixed if not given.
    interpreter : str, optional
        What every interpreter picks: ``dense``, ``sparse``, ``fractures`` or ``beds``; mixed if not given.
    progress : callable, optional
        Called with the share done, 0 to 1.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    InputError
        If there is no such tool or interpreter, a number is out of range, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> files = simulate(tempfile.mkdtemp(), wells=1, length=1.0, tool="lwd56")
    >>> [file.name for file in files]
    ['W01.dlis', 'W01.picks.csv', 'W01.truth.csv', 'W01.intervals.csv', 'simulation.yaml']
    """
    out = Path(out)
    fixed = _checked(out, wells, length, seed, tool, deviation, interpreter)
    geology = draw_geology(np.random.default_rng((seed, 0)))
    files: list[Path] = []
    made: list[WellSettings] = []
    for number in range(1, wells + 1):
        rng = np.random.default_rng((seed, number))
        name = f"W{number:02d}"
        settings = draw(rng, well=name, geology=nearby(geology, rng), **fixed)
        well = simulate_well(settings, rng)
        place = [out / f"{name}{suffix}" for suffix in (".dlis", ".picks.csv", ".truth.csv", ".intervals.csv")]
        write_dlis(well.image, place[0])
        write_picks(well.picks, place[1])
        write_picks(well.truth, place[2])
        write_intervals(well.intervals, place[3])
        files += place
        made.append(settings)
        if progress:
            progress(number / wells)
    card = {
        "geobfdt": geobfdt.__version__,
        "seed": seed,
        "geology": geology.model_dump(mode="json"),
        "wells": [settings.model_dump(mode="json") for settings in made],
    }
    write_text(out / "simulation.yaml", yaml.safe_dump(card, sort_keys=False))
    return [*files, out / "simulation.yaml"]


def _checked(
    out: Path,
    wells: int,
    length: float,
    seed: int,
    tool: str | None,
    deviation: float | None,
    interpreter: str | None,
) -> dict[str, Any]:
    for bad, seen, cure in (
        (wells < 1, f"{wells} wells", "ask for one or more"),
        (not 0 < length <= 20_000, f"a length of {length:g} m", "give a length up to 20000 m"),
        (seed < 0, f"the seed {seed}", "give a seed of 0 or more"),
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
            raise InputError(out, seen, cure)
    fixed: dict[str, Any] = {"length": float(length)}
    if tool is not None:
        fixed["tool"] = tool
    if deviation is not None:
        fixed["deviation"] = float(deviation)
    if interpreter is not None:
        fixed["style"] = interpreter
    return fixed
