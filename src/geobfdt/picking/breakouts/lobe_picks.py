"""Picks that only breakouts and induced fractures make: their traces do not show on the rest of the wall."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import signed_angle, trace_depth
from geobfdt.picking.refinement import refine
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.breakouts import greatest_width
from geobfdt.wells.image import WellImage, hole_radius, place_of
from geobfdt.wells.picks import PickTable, traces

__all__ = ["downgrade_picks_on_breakouts"]

# A trace meets a lobe where it passes within this distance of it.
_REACH_M = 0.02
# Lobes have soft sides, which count as theirs.
_SIDE_DEG = 6.0
# A pick is looked at if so much of its trace meets lobes, ...
_MIN_SHARE = 0.05
# ... and suspect if the mean profile across the rest of its trace varies less, in scatters of a pixel: noise alone
# makes some 0.2.
_MIN_VARIATION = 0.4
# Rows around a trace that its template needs.
_MARGIN_M = 0.15
_ANGLES = np.arange(0.0, 360.0, 2.5)
_TYPICAL_ERROR_M = 0.005  # The picks are refined already.
_SHOWN = 5  # Depths that the finding names.


def downgrade_picks_on_breakouts(
    picks: PickTable, breakouts: pd.DataFrame, image: WellImage
) -> tuple[PickTable, list[Finding]]:
    """
    Give picks that breakouts alone make the lowest quality.

    Parameters
    ----------
    picks : DataFrame
        Pick table of one well.
    breakouts : DataFrame
        Its breakout table.
    image : WellImage
        The well; rows beside breakouts are loaded.

    Returns
    -------
    picks : DataFrame
        The same, with quality D where a pick is suspect; the very same table where there is no breakout.
    findings : list of Finding
        ``picks-on-breakouts``, if there are any.

    Notes
    -----
    The edges of lobes look like pieces of planes. Pixels of the lobes are masked, and the mean profile across the rest
    of the trace (``picking.refinement``) is compared with the scatter of its pixels: a plane of the rock shows there,
    the edge of a lobe does not.
    """
    if picks.empty or breakouts.empty:
        return picks, []
    lines = traces(picks)
    suspect = np.zeros(len(picks), dtype=bool)
    for number in np.flatnonzero(np.isfinite(lines).all(axis=1)):
        mine = _lobes_on(lines[number], breakouts)
        if len(mine):
            suspect[number] = _variation(lines[number], mine, image) < _MIN_VARIATION
    if not suspect.any():
        return picks, []
    depth = picks["depth_m"].to_numpy(float)[suspect]
    where = ", ".join(f"{at:.2f}" for at in depth[:_SHOWN]) + (" ..." if len(depth) > _SHOWN else "")
    observed = f"{len(depth)} of {len(picks)} picks show on breakouts alone, at {where} m"
    changed = PickTable(picks.assign(quality=picks["quality"].where(~suspect, "D")))
    action = "quality D; reject what the rest of the wall does not show"
    return changed, [Finding(Severity.MAJOR, "picks-on-breakouts", place_of(image), observed, action)]


def _lobes_on(line: npt.NDArray[np.float64], breakouts: pd.DataFrame) -> pd.DataFrame:
    """Breakouts that a trace passes, if they take enough of it."""
    inside = _inside(breakouts, trace_depth(line, _ANGLES), _ANGLES)
    rows = np.asarray(inside.any(axis=1), dtype=bool)
    return breakouts.loc[rows] if inside.any(axis=0).mean() >= _MIN_SHARE else breakouts.iloc[:0]


def _inside(
    breakouts: pd.DataFrame, depth: npt.NDArray[np.float64], angles: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which lobes hold which points of the wall: array (lobes, points)."""
    top, base, middle = (breakouts[name].to_numpy(float)[:, None] for name in ("top_m", "base_m", "azimuth_app_deg"))
    width = np.nan_to_num(greatest_width(breakouts))[:, None]
    near = np.abs(signed_angle(angles - middle)) <= width / 2 + _SIDE_DEG
    return np.asarray(near & (depth >= top - _REACH_M) & (depth <= base + _REACH_M))


def _variation(line: npt.NDArray[np.float64], lobes: pd.DataFrame, image: WellImage) -> float:
    """Variation of the mean profile across a trace outside of lobes, in scatters of a pixel."""
    reach = float(np.hypot(line[1], line[2])) + _MARGIN_M
    part = image.sel(depth=slice(line[0] - reach, line[0] + reach)).load()
    values, depth, angles = part["image"].values.copy(), part["depth"].values, part["azimuth"].values
    points = np.meshgrid(depth, angles, indexing="ij")
    masked = _inside(lobes, points[0].ravel(), points[1].ravel()).any(axis=0).reshape(values.shape)
    values[masked] = np.nan
    refined = refine(values, depth, angles, line[None], hole_radius(part), _TYPICAL_ERROR_M)
    scatter = float(refined.scatter[0])
    return float(np.std(refined.profile[0])) / scatter if scatter > 0 else np.inf
