"""Which wells, or which depths of few wells, are held out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.training.calibration import InterpretedWell
from geobfdt.wells.findings import InputError
from geobfdt.wells.intervals import new_intervals

__all__ = ["Masked", "Split", "keep_blind", "split_wells"]

Masked = Mapping[str, tuple[float, float]]

_SHARE = 0.2  # held out
_FEWEST = 4  # wells from which whole ones are held out
_DRAWS = 100  # of wells to hold out
_BUFFER = 4.0  # m left out between what is trained on and what is held out of one well: over a window


class Split(NamedTuple):
    """
    What is trained on, and what is not.

    Parameters
    ----------
    trained, held_out : list of InterpretedWell
        Wells, or parts of them.
    kind : str
        ``by well`` or ``by depth``: of few wells, the deepest fifth of each is held out.
    """

    trained: list[InterpretedWell]
    held_out: list[InterpretedWell]
    kind: str


def keep_blind(
    wells: Sequence[InterpretedWell], blind: Sequence[str], masked: Masked, file: str
) -> list[InterpretedWell]:
    """
    Leave out what is kept to judge models by: it is neither trained on nor does it choose anything.

    Parameters
    ----------
    wells : sequence of InterpretedWell
        All of them.
    blind : sequence of str
        Names of wells.
    masked : mapping of str to (top, base)
        An interval (m, MD) of wells that are trained on: its planes and its silence teach nothing.
    file : str
        What an error is about.

    Raises
    ------
    InputError
        If a well is not there, or none is left.
    """
    names = [str(well.image.attrs["well"]) for well in wells]
    missing = sorted({*blind, *masked} - set(names))
    if missing:
        raise InputError(file, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(names)}")
    kept = [
        _masked(well, name, *masked[name]) if name in masked else well
        for well, name in zip(wells, names, strict=True)
        if name not in blind
    ]
    if not any(len(well.picks) for well in kept):
        raise InputError(file, "nothing is left to train on", "keep fewer wells blind")
    return kept


def _masked(well: InterpretedWell, name: str, top: float, base: float) -> InterpretedWell:
    ignored = new_intervals([(name, "ignored", "masked", top, base)])
    picks = well.picks[~well.picks["depth_m"].between(top, base)]
    return InterpretedWell(well.image, picks, pd.concat([well.intervals, ignored], ignore_index=True))


def split_wells(wells: Sequence[InterpretedWell], holdout: Sequence[str] | None, seed: int, file: str) -> Split:
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

    Raises
    ------
    InputError
        If a name is not there, or nothing is left to train on.
    """
    names = [str(well.image.attrs["well"]) for well in wells]
    if holdout is not None:
        missing = sorted(set(holdout) - set(names))
        if missing:
            raise InputError(file, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(names)}")
        chosen = set(holdout)
    elif len(wells) >= _FEWEST:
        chosen = _drawn(
            {name: well.picks["class"].value_counts() for name, well in zip(names, wells, strict=True)}, seed
        )
    else:
        parts = [_by_depth(well) for well in wells]
        return Split([part[0] for part in parts], [part[1] for part in parts], "by depth")
    trained = [well for well, name in zip(wells, names, strict=True) if name not in chosen]
    if not trained:
        raise InputError(file, "every picked well is held out", "hold out fewer")
    return Split(trained, [well for well, name in zip(wells, names, strict=True) if name in chosen], "by well")


def _drawn(picked: Mapping[str, pd.Series], seed: int) -> set[str]:
    """Wells to hold out, of the planes picked of each class: what nobody picked in them can be judged by none."""
    table = pd.DataFrame(picked).T.fillna(0)
    share, count = table / table.sum(), max(round(_SHARE * len(table)), 1)
    enough = count / len(table) / 3

    def worth(chosen: list[str]) -> float:
        parts = share.loc[chosen].sum()
        return float(parts.where(parts <= 0.5, 0.0).clip(upper=enough).sum())

    rng = np.random.default_rng(seed)
    draws = [rng.permutation(sorted(table.index))[:count].tolist() for _ in range(_DRAWS)]
    best = max(draws, key=worth)  # the first of those that are worth most
    return set(best)


def _by_depth(well: InterpretedWell) -> tuple[InterpretedWell, InterpretedWell]:
    """The upper part of a well and its deepest fifth, a buffer apart; of a short well, hardly any buffer is left."""
    depth = well.image["depth"].values
    edge = depth[-1] - _SHARE * (depth[-1] - depth[0])
    buffer = min(_BUFFER, 0.1 * (depth[-1] - depth[0]))
    upper, lower = depth < edge - buffer, depth >= edge
    return _part(well, upper), _part(well, lower)


def _part(well: InterpretedWell, rows: npt.NDArray[np.bool_]) -> InterpretedWell:
    image = well.image.isel(depth=rows)
    top, base = image["depth"].values[[0, -1]]
    return InterpretedWell(image, well.picks[well.picks["depth_m"].between(top, base)], well.intervals)
