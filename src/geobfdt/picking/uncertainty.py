"""
Uncertainty of refined traces: covariances of their fits, inflated to the errors of picks on simulated wells.

A fit measures how pixels scatter about it. It does not include that a bed has two edges and a fracture a thickness, or
that the trace may follow the plane beside. Two more features predict most of that error: how far refinement moved the
candidate, since candidate and refined trace are two measurements of one plane, and the confidence.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["SIGMA_FEATURES", "deviations", "inflate_covariance", "sigma_coefficients", "sigma_features"]

SIGMA_FEATURES = 3  # Number of features that standard deviations are powers of; see sigma_features.
_FIT_SCALE_M = 0.01  # Standard deviation of a fit at which its feature is 0.
_CONFIDENCE_OFFSET = 1.02  # Confidence is subtracted from this, so that a sure plane still has a logarithm.
_MOVED_OFFSET = 0.05  # Added to the scaled distance, so that a candidate that did not move still has a logarithm.
_MIN_FIT_COVARIANCE_M2 = 0.001**2 * np.eye(3)  # Added to the covariance of a fit: no fit is better than a millimetre.

Array = npt.NDArray[np.float64]

# Coefficients for depth, and for amplitude along and across the dip. The first of each is the standard deviation (m) at
# a fit of 1 cm, a confidence of 0 and a candidate moved by its typical error; the others are the powers of the
# features. 68 % of errors on simulated wells lie within one standard deviation. benchmarks/sigmas.py fits them.
_SIGMA_COEFFICIENTS = {
    "centred": ((0.077, 0.27, 0.45, 0.35), (0.058, 1.35, 0.22, 0.47), (0.043, 1.07, 0.29, 0.41)),
    "bedding": ((0.109, 0.30, 0.63, 0.24), (0.039, 1.45, 0.11, 0.45), (0.041, 1.21, 0.14, 0.44)),
    "fracture": ((0.045, 0.66, 0.58, 0.47), (0.046, 0.77, 0.41, 0.54), (0.018, 0.83, 0.47, 0.20)),
}


def sigma_coefficients(classes: npt.ArrayLike, planes: int, centred: bool) -> Array:
    """
    Coefficients of the standard deviations of planes.

    Parameters
    ----------
    classes : array (planes,) or str
        Classes of the planes.
    planes : int
        Number of planes.
    centred : bool
        Whether the traces were moved to the middle of lines; then classes do not matter.

    Returns
    -------
    array (planes, 3, 1 + SIGMA_FEATURES)
        For depth, and for amplitude along and across the dip: a standard deviation (m) and the powers of the features.
    """
    names = np.broadcast_to("centred" if centred else np.asarray(classes), planes)
    coefficients = np.array([_SIGMA_COEFFICIENTS[name] for name in names], dtype=np.float64)
    return coefficients.reshape(-1, 3, 1 + SIGMA_FEATURES)


def deviations(covariance: Array, traces: Array) -> Array:
    """
    Standard deviations of traces in depth, and in amplitude along and across the dip.

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
    directions = _directions(traces)
    return np.asarray(np.sqrt(np.maximum(np.einsum("nij,njk,nik->ni", directions, covariance, directions), 0)))


def _directions(traces: Array) -> Array:
    """Unit vectors (n, 3, 3) of depth, along and across the dip in ``(z0, a, b)``, one a row."""
    # A flat plane has no direction of its own: any direction will do, and arctan2(0, 0) is 0.
    turn = np.arctan2(traces[:, 2], traces[:, 1])
    out = np.zeros((len(traces), 3, 3))
    out[:, 0, 0] = 1
    out[:, 1, 1] = out[:, 2, 2] = np.cos(turn)
    out[:, 1, 2], out[:, 2, 1] = np.sin(turn), -np.sin(turn)
    return out


def sigma_features(fit: Array, traces: Array, moved: Array, confidence: Array) -> Array:
    """
    Features that the standard deviations of refined traces are powers of.

    Parameters
    ----------
    fit : array (n, 3, 3)
        Covariances of ``(z0, a, b)`` from the fits (m^2).
    traces : array (n, 3)
        ``(z0, a, b)`` (m).
    moved : array (n,)
        Distance by which refinement moved the candidates, divided by their typical error.
    confidence : array (n,)
        Confidence that they are planes (0 to 1).

    Returns
    -------
    array (n, 3, SIGMA_FEATURES)
        For each of the three directions the logarithms of the fit's standard deviation (cm), of 1.02 minus the
        confidence, and of 0.05 plus the distance moved.
    """
    own = deviations(fit + _MIN_FIT_COVARIANCE_M2, traces)
    same = np.ones_like(own)
    parts = [
        own / _FIT_SCALE_M,
        (_CONFIDENCE_OFFSET - confidence)[:, None] * same,
        (_MOVED_OFFSET + moved)[:, None] * same,
    ]
    return np.asarray(np.log(np.stack(parts, axis=2)))


def inflate_covariance(fit: Array, traces: Array, moved: Array, confidence: Array, coefficients: Array) -> Array:
    """
    Inflate the covariances of fits to the size of real errors.

    Parameters
    ----------
    fit : array (n, 3, 3)
        Covariances of ``(z0, a, b)`` from the fits (m^2); infinite where too little was measured.
    traces, moved, confidence : array
        As in :func:`sigma_features`.
    coefficients : array (n, 3, 1 + SIGMA_FEATURES)
        From :func:`sigma_coefficients`.

    Returns
    -------
    array (n, 3, 3)
        Covariances (m^2), correlated as the fits are.

    Notes
    -----
    In each direction (depth, amplitude along and across the dip) the standard deviation becomes
    ``s = c0 prod(f_k^c_k)`` with the features ``f`` and coefficients ``c``. The covariance of the fit is multiplied
    from both sides by the matrix that stretches each direction by ``s`` over the fit's own standard deviation, which
    keeps its correlations.

    Examples
    --------
    >>> coefficients = np.array([[[0.03, 0.5, 0, 0], [0.02, 1, 0, 0], [0.02, 1, 0, 0]]])
    >>> plane, fit = np.array([[5.0, 0.0, 0.3]]), np.diag([0.04, 0.04, 0.01])[None] ** 2
    >>> np.sqrt(np.diagonal(inflate_covariance(fit, plane, np.zeros(1), np.zeros(1), coefficients)[0])).round(3)
    array([0.06, 0.08, 0.02])
    """
    finite = np.isfinite(fit).all(axis=(1, 2), keepdims=True)
    # A trace that was not fitted has an infinite covariance: it is left out here and set again at the end.
    own = np.where(finite, fit, 0)
    features, directions = sigma_features(own, traces, moved, confidence), _directions(traces)
    deviation = coefficients[..., 0] * np.exp((coefficients[..., 1:] * features).sum(axis=2))
    factor = deviation / (_FIT_SCALE_M * np.exp(features[..., 0]))
    stretch = np.einsum("nij,ni,nik->njk", directions, factor, directions)
    return np.where(finite, stretch @ (own + _MIN_FIT_COVARIANCE_M2) @ stretch, np.inf)
