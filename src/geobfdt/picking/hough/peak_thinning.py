"""Thinning: keep the best traces, each resting on pixels that no better one explains."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.picking.hough.accumulator import Along, score

__all__ = ["thin"]

_OWN = 0.5  # share of its measured turn that a trace must have to itself

Array = npt.NDArray[np.float64]


def thin(along: Along, reach: Array, scores: Array, least: float) -> tuple[npt.NDArray[np.int64], Array]:
    """
    Keep traces greedily; each kept one explains the pixels around it, which then speak for no other.

    A nested sinusoid, the mirror of a trace by half a turn and a mixture of two crossing planes all live on pixels
    of better traces: once these are explained, little remains of them.

    Parameters
    ----------
    along : Along
        Evidence along the n candidates.
    reach : array (n, columns)
        How far above and below itself a trace explains what is there (m).
    scores : array (n,)
        Scores of the candidates.
    least : float
        Lowest score of what remains.

    Returns
    -------
    kept : array (m,)
        Indices of the kept traces, best first.
    own : array (m,)
        Their scores on what no better trace explained.
    """
    measured = along.weight.sum(axis=1)
    free = np.ones(along.weight.shape, dtype=bool)
    top, base = (along.depth - reach).min(axis=1), (along.depth + reach).max(axis=1)
    current = scores.copy()
    kept, own = [], []
    while current.size and current.max() >= least:
        i = int(np.argmax(current))
        kept.append(i)
        own.append(current[i])
        current[i] = -np.inf
        touched = np.flatnonzero((current > -np.inf) & (top <= base[i]) & (base >= top[i]))
        free[touched] &= np.abs(along.depth[touched] - along.depth[i]) > np.maximum(reach[touched], reach[i])
        weight = (along.weight[touched] * free[touched]).sum(axis=1)
        response = (along.response[touched] * free[touched]).sum(axis=1)
        left = score(response, weight, along.weight.shape[1], along.alike[touched])
        current[touched] = np.where(weight >= _OWN * measured[touched], np.minimum(left, current[touched]), -np.inf)
    return np.array(kept, dtype=np.int64), np.array(own)
