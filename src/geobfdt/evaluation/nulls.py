"""Null pickers, which give the chance level: the score of as many picks made without the image.

=============  ==========================================================================================
``shift``      the same picks, moved together around the scored depths: their spacing and their orientations
               are right, only the depths are not
``uniform``    the same picks, each at a random depth
``fence``      as many picks at even spacing, all with the picks' mean orientation
``constant``   the same depths, all with the mean orientation of the picks: not null in depth, it shows what the
               orientations contribute
=============  ==========================================================================================
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from geobfdt import geometry
from geobfdt.evaluation.counts import Counts, count, moved_pairs
from geobfdt.evaluation.matching import Kind, Planes
from geobfdt.evaluation.scope import Group

__all__ = [
    "MIN_SHIFT_M",
    "NULL_KINDS",
    "NullKind",
    "mean_orientation",
    "null_counts",
    "null_depths",
    "z_bound",
    "z_score",
]

NullKind = Literal["shift", "uniform", "fence", "constant"]
# Kinds of null pickers, which look at no image.
NULL_KINDS: tuple[NullKind, ...] = ("shift", "uniform", "fence", "constant")
# A shift is at least this long, well over any tolerance, so that no pick stays near its own place.
MIN_SHIFT_M = 0.5

Floats = npt.NDArray[np.float64]


def null_depths(null: NullKind, depth: npt.ArrayLike, pieces: npt.ArrayLike, copies: int, seed: list[int]) -> Floats:
    """
    Return the depths of the copies of a null picker.

    Parameters
    ----------
    null : {"shift", "uniform", "fence", "constant"}
        Which one.
    depth : array (n,)
        Depths of the picks (m, MD), all inside the pieces.
    pieces : array (k, 2)
        Top and base of the scored pieces (m, MD), ascending and apart. They are laid end to end; a shift that leaves
        the last goes on in the first.
    copies : int
        Number of copies.
    seed : list of int
        Seed of the random numbers.

    Returns
    -------
    array (copies, n)
        Depths (m, MD). The copies of a shift differ by at least :data:`MIN_SHIFT_M` from the picks' own place (a
        quarter of the way round where the pieces are shorter than two of it) and are spread evenly around.

    Examples
    --------
    >>> null_depths("fence", [1.0, 2.0], [[0.0, 4.0]], copies=2, seed=[0])
    array([[0.5, 2.5],
           [1.5, 3.5]])
    """
    at, pieces = np.asarray(depth, dtype=float), np.asarray(pieces, dtype=float)
    rng = np.random.default_rng(seed)
    length = np.diff(pieces, axis=1)[:, 0]
    before = np.concatenate([[0.0], np.cumsum(length)])
    whole, n = before[-1], len(at)
    if null == "constant":
        return np.broadcast_to(at, (copies, n))
    if null == "fence":
        along = (np.arange(n) + (np.arange(copies)[:, None] + 0.5) / copies) / n * whole
    elif null == "uniform":
        along = rng.uniform(0, whole, (copies, n))
    else:
        piece = np.clip(np.searchsorted(pieces[:, 0], at, side="right") - 1, 0, None)
        least = MIN_SHIFT_M if whole > 2 * MIN_SHIFT_M else whole / 4
        # One shift is drawn in each of `copies` equal strata, in random order, so that wells do not shift together.
        share = rng.permutation((np.arange(copies) + rng.uniform(size=copies)) / copies)
        along = (before[piece] + at - pieces[piece, 0] + (least + share * (whole - 2 * least))[:, None]) % whole
    piece = np.clip(np.searchsorted(before, along, side="right") - 1, 0, len(length) - 1)
    return np.asarray(pieces[piece, 0] + along - before[piece])


def mean_orientation(planes: Planes) -> Planes:
    """
    Give planes their mean orientation: mean ``(a, b)`` of the traces, principal axis of the poles.

    The principal axis is the first eigenvector of the sum of outer products of the poles: unlike their vector mean
    it is not turned vertical by steep planes that dip both ways.
    """

    def mean_dip(dips: Floats) -> Floats:
        finite = dips[np.isfinite(dips).all(-1)]
        if not len(finite):
            return np.full(dips.shape, np.nan)
        poles = geometry.pole(finite[:, 0], finite[:, 1])
        axis = np.linalg.eigh(poles.T @ poles)[1][:, -1]
        east, north, up = axis if axis[2] >= 0 else -axis
        dip, azimuth = np.degrees(np.arctan2(np.hypot(east, north), up)), np.degrees(np.arctan2(east, north)) % 360
        return np.tile([dip, azimuth], (len(dips), 1))

    trace = planes.trace.copy()
    finite_rows = np.isfinite(trace).all(-1)
    trace[:, 1:] = trace[finite_rows, 1:].mean(0) if finite_rows.any() else np.nan
    return replace(planes, trace=trace, true=mean_dip(planes.true), apparent=mean_dip(planes.apparent))


def null_counts(
    group: Group, null: NullKind, kind: Kind, tolerances: tuple[float, ...], copies: int, seed: int
) -> dict[float, Counts]:
    """
    Count the matches of a null picker.

    Parameters
    ----------
    group : Group
        Picks and truth. Picks outside the interpreted intervals stay out.
    null : {"shift", "uniform", "fence", "constant"}
        Which one; ``constant`` has only one copy, which stands for all.
    kind : {"depth", "pole", "trace"}
        Which distance.
    tolerances : tuple of float
        Gates (m).
    copies : int
        Number of copies.
    seed : int
        Seed; each well has its own stream, whatever other wells there are.

    Returns
    -------
    dict of float to Counts
        Arrays (copies,) by tolerance.
    """
    # Interpreted intervals without length hold no pick of a null picker.
    inside = group.pick_inside & bool(len(group.pieces))
    own = replace(group, picks=group.picks.take(inside), pick_inside=inside[inside])
    n, m, base = len(own.picks), len(own.truth), own.picks
    if null in ("fence", "constant"):
        base = mean_orientation(base)
    n_copies = 1 if null == "constant" else copies
    depth = np.empty((n_copies, 0))
    if n:
        stream = [seed, zlib.crc32(group.well.encode())]
        depth = null_depths(null, own.picks.depth, group.pieces, n_copies, stream)
    parts: dict[float, list[Counts]] = {tolerance: [] for tolerance in tolerances}
    for pairs, size in moved_pairs(own, base, depth, kind, max(tolerances)):
        unit = np.arange(size)
        for tolerance in tolerances:
            chosen = pairs.matched(tolerance)
            parts[tolerance].append(count(own, pairs, chosen, np.repeat(unit, n), np.repeat(unit, m), size))
    return {
        tolerance: Counts(
            *(
                np.broadcast_to(np.concatenate([np.atleast_1d(getattr(p, name)) for p in some]), copies)
                for name in ("hits", "wrong", "missed")
            )
        )
        for tolerance, some in parts.items()
    }


def z_score(score: float, null_scores: npt.ArrayLike) -> float:
    """
    Return how far a score is above null scores, in their standard deviations; NaN if they do not vary.

    Examples
    --------
    >>> z_score(0.7, [0.4, 0.5, 0.6])
    2.0
    """
    values = np.asarray(null_scores, dtype=float)
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return (score - float(values.mean())) / spread if spread > 1e-12 else float("nan")


def z_bound(score: float, copies: int, planes: int) -> float:
    """
    Return a lower bound of z where no null copy has a match.

    Parameters
    ----------
    score : float
        F1 of the picks.
    copies : int
        Number of null copies; not one pick of any of them matches a plane.
    planes : int
        Number of picks and true planes together.

    Notes
    -----
    The bound is z as it would be with one match in one of the copies.

    Examples
    --------
    >>> round(z_bound(0.5, 50, 40), 1)
    70.6
    """
    return z_score(score, np.array([2 / planes] + [0.0] * (copies - 1)))
