"""Split of a field: whole wells are held out, or depths of few wells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.model.bundle import Bundle
from geobfdt.runtime.findings import InputError
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.wells.intervals import covered, join_intervals, new_intervals
from geobfdt.wells.picks import CLASSES

__all__ = ["Masked", "Split", "leave_out_blind_wells", "split_wells"]

Masked = Mapping[str, tuple[float, float]]

_HOLDOUT_SHARE = 0.2  # Share of the wells that is held out; of a well, share of its picks.
_MIN_HOLDOUT_PLANES = 8  # Picks that are held out of a well, where two fifths of its picks are so many.
_MAX_HOLDOUT_SHARE = 0.4  # Largest share of the picks of a well that is held out.
_MIN_WELLS = 4  # Number of wells from which whole wells are held out.
_DRAWS = 100  # Number of random choices of held-out wells that are compared.
_BUFFER_M = 4.0  # Distance between the trained and the held-out part of a well: more than the height of a window.


class Split(NamedTuple):
    """
    Wells to train on, and wells held out.

    Parameters
    ----------
    trained, held_out : list of InterpretedWell
        Wells, or parts of them.
    kind : str
        ``by well`` or ``by depth``: of few wells, the stretch of the deepest fifth of each one's picks is held out.
    """

    trained: list[InterpretedWell]
    held_out: list[InterpretedWell]
    kind: str


def leave_out_blind_wells(
    wells: Sequence[InterpretedWell], blind_wells: Sequence[str], masked: Masked, file: str
) -> list[InterpretedWell]:
    """
    Leave out blind wells and masked intervals, by which models are judged: they neither train nor choose anything.

    Parameters
    ----------
    wells : sequence of InterpretedWell
        All of them.
    blind_wells : sequence of str
        Names of wells.
    masked : mapping of str to (top, base)
        Interval (m, MD) of each well whose planes are left out, and whose labels count as incomplete.
    file : str
        What an error is about.

    Raises
    ------
    InputError
        If a well is not there, or none is left.
    """
    names = [str(well.image.attrs["well"]) for well in wells]
    missing = sorted({*blind_wells, *masked} - set(names))
    if missing:
        raise InputError(file, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(names)}")
    remaining = [
        _masked(well, name, *masked[name]) if name in masked else well
        for well, name in zip(wells, names, strict=True)
        if name not in blind_wells
    ]
    if not any(len(well.picks) for well in remaining):
        raise InputError(file, "no well is left to train on", "keep fewer wells blind")
    return remaining


def _masked(well: InterpretedWell, name: str, top: float, base: float) -> InterpretedWell:
    ignored = new_intervals([(name, "ignored", "masked", top, base)])
    picks = well.picks[~well.picks["depth_m"].between(top, base)]
    return InterpretedWell(well.image, picks, join_intervals([well.intervals, ignored]))


def split_wells(
    wells: Sequence[InterpretedWell],
    holdout: Sequence[str] | None,
    seed: int,
    file: str,
    start: Bundle | None = None,
) -> Split:
    """
    Split wells.

    Parameters
    ----------
    wells : sequence of InterpretedWell
        All of them.
    holdout : sequence of str or None
        Names of those to hold out; None leaves the choice to the seed, which draws again until every class that is
        picked has at least a third of its fair part in the wells held out, and no more than half of all.
    seed : int
        Of that choice.
    file : str
        What an error is about.
    start : Bundle, optional
        Model that training begins with. Wells that trained it are never held out; wells that chose it are held out
        before others are.

    Raises
    ------
    InputError
        If a name is missing, a well to be held out trained `start`, or there is no pick in the wells left to train on
        or to hold out.
    """
    names = [str(well.image.attrs["well"]) for well in wells]
    trained_depths = start.trained_to_depth if start is not None else {}
    chosen: set[str] | None
    if holdout is not None:
        missing, used = sorted(set(holdout) - set(names)), sorted(set(holdout) & set(trained_depths))
        if missing:
            raise InputError(file, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(names)}")
        if used and start is not None:
            cure = "hold out wells that it was not trained on, or begin with another model"
            raise InputError(
                file,
                f"{', '.join(used)} trained {start.source}: it cannot be scored on wells that it was trained on",
                cure,
            )
        chosen = set(holdout)
    elif len(wells) >= _MIN_WELLS:
        counts = {name: well.picks["class"].value_counts() for name, well in zip(names, wells, strict=True)}
        before = set(start.exposures) - set(trained_depths) if start is not None else set[str]()
        chosen = _draw_holdout(counts, seed, set(trained_depths), before)
    else:
        chosen = None
    if chosen is None:
        parts = [_by_depth(well, trained_depths.get(name, -np.inf)) for name, well in zip(names, wells, strict=True)]
        split = Split([part[0] for part in parts], [part[1] for part in parts if part[1] is not None], "by depth")
    else:
        trained = [well for well, name in zip(wells, names, strict=True) if name not in chosen]
        split = Split(trained, [well for well, name in zip(wells, names, strict=True) if name in chosen], "by well")
    if not any(len(well.picks) for well in split.trained):
        raise InputError(file, "every picked well is held out: none is left to train on", "hold out fewer")
    if not any(len(well.picks) for well in split.held_out):
        untrained = f" that did not train {start.source}" if start is not None and trained_depths else ""
        cure = "bring in more interpreted wells, or name picked ones with --holdout"
        raise InputError(file, f"no picks{untrained} to hold out: the model cannot be scored", cure)
    return split


def _draw_holdout(picked: Mapping[str, pd.Series], seed: int, trained: Set[str], before: Set[str]) -> set[str]:
    """Choose wells to hold out, so that each class has planes in them: a class without planes cannot be scored."""
    table = pd.DataFrame(picked).T.fillna(0)
    share, count = table / table.sum(), max(round(_HOLDOUT_SHARE * len(table)), 1)
    enough = count / len(table) / 3

    def classes_held_out(chosen: list[str]) -> float:
        parts = share.loc[chosen].sum()
        return float(parts.where(parts <= 0.5, 0.0).clip(upper=enough).sum())

    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS):
        order = [name for name in rng.permutation(sorted(table.index)).tolist() if name not in trained]
        draws.append(sorted(order, key=lambda name: name not in before)[:count])
    # Of equal draws the first is taken.
    best = max(draws, key=classes_held_out)
    return set(best)


def _by_depth(well: InterpretedWell, trained_depth: float) -> tuple[InterpretedWell, InterpretedWell | None]:
    """
    The upper part of a well and the stretch of the deepest fifth of its picks, or of eight of few, a buffer apart.

    The buffer of a short interpreted stretch is short, too. Depths that trained the model before are never held out.
    """
    depth, picked = well.image["depth"].values, well.picks["depth_m"].to_numpy(float)
    if not picked.size:
        return well, None
    share = min(max(_HOLDOUT_SHARE, _MIN_HOLDOUT_PLANES / picked.size), _MAX_HOLDOUT_SHARE)
    edge = max(np.quantile(picked, 1 - share), trained_depth)
    name = str(well.image.attrs["well"])
    interpreted = depth[np.any([covered(well.intervals, name, kind, depth) for kind in CLASSES], axis=0)]
    stretch = float(np.ptp(interpreted)) if interpreted.size else 0.0
    buffer = min(_BUFFER_M, 0.1 * stretch, 0.5 * (edge - picked.min()))
    if not depth[0] < edge - buffer < depth[-1] or edge >= depth[-1]:
        return well, None
    first = np.searchsorted(depth, edge, side="right") - 1
    return _part(well, depth < edge - buffer), _part(well, depth >= depth[first])


def _part(well: InterpretedWell, rows: npt.NDArray[np.bool_]) -> InterpretedWell:
    image = well.image.isel(depth=rows)
    top, base = image["depth"].values[[0, -1]]
    return InterpretedWell(image, well.picks[well.picks["depth_m"].between(top, base)], well.intervals)
