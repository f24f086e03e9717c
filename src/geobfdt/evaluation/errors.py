"""How far matched picks are from their planes: sums that add, and means made of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt import geometry
from geobfdt.evaluation.counts import possible_pairs
from geobfdt.evaluation.matching import Planes, pole_angles, same_reference
from geobfdt.evaluation.scope import Group

__all__ = [
    "ERROR_TOLERANCE_M",
    "MEASURES",
    "MIN_AZIMUTH_AMPLITUDE_M",
    "MIN_AZIMUTH_DIP_DEG",
    "error_means",
    "error_sums",
    "matched_rows",
    "pair_errors",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Errors are measured on matches within this tolerance.
ERROR_TOLERANCE_M = 0.05
# Below this amplitude, 5 mm of depth noise turn a trace by more than 14 deg.
MIN_AZIMUTH_AMPLITUDE_M = 0.02
# The same limit for a true azimuth, which a deviated hole gives to planes of any trace.
MIN_AZIMUTH_DIP_DEG = 3.0

MEASURES = {
    "depth_bias_m": "mean of pick minus truth",
    "depth_error_m": "mean absolute depth difference",
    "trace_rms_m": "mean RMS distance of the traces",
    "dip_bias_deg": "mean of pick minus truth",
    "dip_error_deg": "mean absolute dip difference",
    "azimuth_bias_deg": "circular mean of pick minus truth",
    "azimuth_error_deg": "mean absolute azimuth difference",
    "pole_error_deg": "mean angle between the poles",
}


def matched_rows(group: Group, tolerance: float = ERROR_TOLERANCE_M) -> tuple[Ints, Ints]:
    """
    Match a group for its errors: by trace where the truth allows it, else by depth.

    Parameters
    ----------
    group : Group
        Picks and truth.
    tolerance : float
        The gate (m).

    Returns
    -------
    first, second : array (k,) of int
        Rows of the matched picks and of their true planes.
    """
    pairs = possible_pairs(group, group.best_kind, tolerance)
    chosen = pairs.matched(tolerance)
    return pairs.first[chosen], pairs.second[chosen]


def pair_errors(picks: Planes, truth: Planes) -> pd.DataFrame:
    """
    Errors of matched pairs.

    Parameters
    ----------
    picks, truth : Planes
        Row k of one is matched with row k of the other.

    Returns
    -------
    DataFrame
        ``depth_m``, ``trace_m``, ``dip_deg``, ``azimuth_deg`` (-180 to 180) and ``pole_deg``; signed ones are pick
        minus truth. Dip and azimuth are true where both planes have them, else apparent in the same reference, else
        NaN. Azimuth is also NaN where that of the true plane is uncertain: a trace amplitude under
        :data:`MIN_AZIMUTH_AMPLITUDE_M`, or a true dip under :data:`MIN_AZIMUTH_DIP_DEG`.
    """
    same = same_reference(picks, truth)
    has_true = np.asarray(np.isfinite(picks.true - truth.true).all(-1))
    difference = np.where(
        has_true[:, None],
        picks.true - truth.true,
        np.where(same[:, None], picks.apparent - truth.apparent, np.nan),
    )
    amplitude, _ = geometry.amplitude_azimuth(truth.trace)
    steep = ~(amplitude < MIN_AZIMUTH_AMPLITUDE_M) & ~(has_true & (truth.true[:, 0] < MIN_AZIMUTH_DIP_DEG))
    rms = np.asarray(geometry.trace_rms(picks.trace, truth.trace))
    return pd.DataFrame(
        {
            "depth_m": picks.depth - truth.depth,
            "trace_m": np.where(same, rms, np.nan),
            "dip_deg": difference[:, 0],
            "azimuth_deg": np.where(steep, geometry.signed_angle(difference[:, 1]), np.nan),
            "pole_deg": pole_angles(picks, truth),
        }
    )


def error_sums(errors: pd.DataFrame, unit: npt.ArrayLike, units: int) -> Floats:
    """
    Add errors up by unit (pure update).

    Parameters
    ----------
    errors : DataFrame
        From :func:`pair_errors`, k rows.
    unit : array (k,) of int
        Depth block or well of each pair.
    units : int
        Number of units.

    Returns
    -------
    array (units, 2, measures)
        Numerators and denominators of :data:`MEASURES`, in that order; sums over units, wells or machines add. The
        circular mean has the sums of sines and of cosines in their place.
    """
    depth, rms, dip, azimuth, pole = errors.to_numpy(float).T
    turn = np.radians(azimuth)
    above = [depth, np.abs(depth), rms, dip, np.abs(dip), np.sin(turn), np.abs(azimuth), pole]
    below = [np.isfinite(values).astype(float) for values in above]
    below[list(MEASURES).index("azimuth_bias_deg")] = np.cos(turn)
    terms = np.nan_to_num(np.stack([np.stack(above, -1), np.stack(below, -1)], 1))
    sums = np.zeros((units, *terms.shape[1:]))
    np.add.at(sums, np.asarray(unit, dtype=np.int64), terms)
    return sums


def error_means(sums: npt.ArrayLike) -> dict[str, Floats]:
    """
    Means from sums (pure compute).

    Parameters
    ----------
    sums : array (..., 2, measures)
        From :func:`error_sums`, summed over units.

    Returns
    -------
    dict of str to array (...)
        The :data:`MEASURES`; NaN where nothing was matched.
    """
    above, below = np.moveaxis(np.asarray(sums, dtype=float), -2, 0)
    means = {}
    for k, name in enumerate(MEASURES):
        up, down = above[..., k], below[..., k]
        if name == "azimuth_bias_deg":
            measured = (up != 0) | (down != 0)
            means[name] = np.where(measured, np.degrees(np.arctan2(up, down)), np.nan)[()]
        else:
            means[name] = np.divide(up, down, out=np.full(np.shape(up), np.nan), where=down > 0)[()]
    return means
