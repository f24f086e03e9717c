"""
How well refined traces are known: what their fits say, held against the errors of picks on simulated wells.

A fit knows how pixels scatter about it. It does not know that a bed has two edges and a fracture a thickness, that the
plane may be the one beside, or none. What tells most of an error is how far pixels moved the candidate, since the two
are as two measurements of one plane, and how sure the network was of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["POWERS", "deviations", "known_by", "laws", "widened"]

POWERS = 3  # of what is known of a trace; see known_by
_FIT, _SURE, _STILL = 0.01, 1.02, 0.05  # m; so that nothing is 0 of what is sure, or did not move
_BLUR = 0.001**2 * np.eye(3)  # m^2: no fit tells more of where a plane lies

Array = npt.NDArray[np.float64]

# Of depth, and of amplitude along and across the dip: the deviation (m), which holds 68 % of errors, of what has a fit
# of 1 cm, is not sure at all and was moved as far as candidates go astray, and its powers. By benchmarks/sigmas.py.
_LAWS = {
    "centred": ((0.077, 0.27, 0.45, 0.35), (0.058, 1.35, 0.22, 0.47), (0.043, 1.07, 0.29, 0.41)),
    "bedding": ((0.109, 0.30, 0.63, 0.24), (0.039, 1.45, 0.11, 0.45), (0.041, 1.21, 0.14, 0.44)),
    "fracture": ((0.045, 0.66, 0.58, 0.47), (0.046, 0.77, 0.41, 0.54), (0.018, 0.83, 0.47, 0.20)),
}


def laws(classes: npt.ArrayLike, planes: int, centred: bool) -> Array:
    """
    Tell what deviations follow from.

    Parameters
    ----------
    classes : array (planes,) or str
        Of the planes.
    planes : int
        How many.
    centred : bool
        Whether they were put in the middle of lines; then classes do not matter.

    Returns
    -------
    array (planes, 3, 1 + POWERS)
        Of depth, and of amplitude along and across the dip: deviation (m) and powers.
    """
    names = np.broadcast_to("centred" if centred else np.asarray(classes), planes)
    return np.array([_LAWS[name] for name in names], dtype=np.float64).reshape(-1, 3, 1 + POWERS)


def deviations(covariance: Array, traces: Array) -> Array:
    """
    Tell how far traces may be off: in depth, and in amplitude along and across the dip.

    Parameters
    ----------
    covariance : array (n, 3, 3)
        Of ``(z0, a, b)`` (m^2).
    traces : array (n, 3)
        ``(z0, a, b)`` (m).

    Returns
    -------
    array (n, 3)
        Standard deviations (m).

    Examples
    --------
    >>> deviations(np.diag([0.01, 0.02, 0.05])[None] ** 2, np.array([[5.0, 0.0, 0.3]]))
    array([[0.01, 0.05, 0.02]])
    """
    to = _directions(traces)
    return np.asarray(np.sqrt(np.maximum(np.einsum("nij,njk,nik->ni", to, covariance, to), 0)))


def _directions(traces: Array) -> Array:
    """Unit vectors (n, 3, 3) of depth, along and across the dip in ``(z0, a, b)``, one a row."""
    # A flat plane has no direction of its own, and arctan2(0, 0) is as good as any.
    turn = np.arctan2(traces[:, 2], traces[:, 1])
    out = np.zeros((len(traces), 3, 3))
    out[:, 0, 0] = 1
    out[:, 1, 1] = out[:, 2, 2] = np.cos(turn)
    out[:, 1, 2], out[:, 2, 1] = np.sin(turn), -np.sin(turn)
    return out


def known_by(fit: Array, traces: Array, moved: Array, confidence: Array) -> Array:
    """
    Tell what deviations are made of.

    Parameters
    ----------
    fit : array (n, 3, 3)
        Covariances of ``(z0, a, b)`` that fits tell (m^2).
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    moved : array (n,)
        How far pixels moved the candidates, against how far those go astray.
    confidence : array (n,)
        How sure it is that they are planes (0 to 1).

    Returns
    -------
    array (n, 3, POWERS)
        Logarithms, for each of the three directions: of the fit's own deviation (cm), of the doubt, of what was moved.
    """
    own = deviations(fit + _BLUR, traces)
    same = np.ones_like(own)
    parts = [own / _FIT, (_SURE - confidence)[:, None] * same, (_STILL + moved)[:, None] * same]
    return np.asarray(np.log(np.stack(parts, axis=2)))


def widened(fit: Array, traces: Array, moved: Array, confidence: Array, law: Array) -> Array:
    """
    Stretch the covariances of fits to what errors are like.

    Parameters
    ----------
    fit : array (n, 3, 3)
        Covariances of ``(z0, a, b)`` that fits tell (m^2); infinite where they tell nothing.
    traces, moved, confidence : array
        As in :func:`known_by`.
    law : array (n, 3, 1 + POWERS)
        See :func:`laws`.

    Returns
    -------
    array (n, 3, 3)
        Covariances (m^2), correlated as the fits are.

    Examples
    --------
    >>> law = np.array([[[0.03, 0.5, 0, 0], [0.02, 1, 0, 0], [0.02, 1, 0, 0]]])
    >>> plane, fit = np.array([[5.0, 0.0, 0.3]]), np.diag([0.04, 0.04, 0.01])[None] ** 2
    >>> np.sqrt(np.diagonal(widened(fit, plane, np.zeros(1), np.zeros(1), law)[0])).round(3)
    array([0.06, 0.08, 0.02])
    """
    told = np.isfinite(fit).all(axis=(1, 2), keepdims=True)
    own = np.where(told, fit, 0)
    known, to = known_by(own, traces, moved, confidence), _directions(traces)
    deviation = law[..., 0] * np.exp((law[..., 1:] * known).sum(axis=2))
    stretch = np.einsum("nij,ni,nik->njk", to, deviation / (_FIT * np.exp(known[..., 0])), to)
    return np.where(told, stretch @ (own + _BLUR) @ stretch, np.inf)
