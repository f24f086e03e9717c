"""Thinning: keep the best traces, each supported by pixels that no better trace explains."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.picking.hough.accumulator import Along, score

__all__ = ["thin"]

_MIN_OWN_SHARE = 0.5  # Share of its measured turn that no better trace may explain.

Array = npt.NDArray[np.float64]


def thin(along: Along, reach: Array, scores: Array, min_score: float) -> tuple[npt.NDArray[np.int64], Array]:
    """
    Keep traces greedily; each kept trace explains the pixels around it, which then support no other trace.

    A nested sinusoid, a trace turned by half a turn, and a mixture of two crossing planes all rest on pixels of better
    traces: once these are explained, their score falls below the threshold.

    Parameters
    ----------
    along : Along
        Evidence along the n candidates.
    reach : array (n, columns)
        Height above and below itself over which a trace explains the pixels (m).
    scores : array (n,)
        Scores of the candidates.
    min_score : float
        Lowest score of what remains.

    Returns
    -------
    chosen : array (m,)
        Indices of the kept traces, best first.
    own : array (m,)
        Their scores on what no better trace explained.
    """
    measured = along.weight.sum(axis=1)
    free = np.ones(along.weight.shape, dtype=bool)
    top, base = (along.depth - reach).min(axis=1), (along.depth + reach).max(axis=1)
    current = scores.copy()
    chosen, own = [], []
    while current.size and current.max() >= min_score:
        i = int(np.argmax(current))
        chosen.append(i)
        own.append(current[i])
        current[i] = -np.inf
        touched = np.flatnonzero((current > -np.inf) & (top <= base[i]) & (base >= top[i]))
        free[touched] &= np.abs(along.depth[touched] - along.depth[i]) > np.maximum(reach[touched], reach[i])
        weight = (along.weight[touched] * free[touched]).sum(axis=1)
        response = (along.response[touched] * free[touched]).sum(axis=1)
        remaining = score(response, weight, along.weight.shape[1], along.alike[touched])
        current[touched] = np.where(
            weight >= _MIN_OWN_SHARE * measured[touched], np.minimum(remaining, current[touched]), -np.inf
        )
    return np.array(chosen, dtype=np.int64), np.array(own)
