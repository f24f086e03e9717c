"""An amplitude image about the hole axis: corrected for the position of the tool, with the radius beside it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.hole.circle_fit import HoleFit
from geobfdt.hole.eccentricity import EccentricityLoss, correct_amplitude
from geobfdt.hole.radius_image import turn_to_axis
from geobfdt.hole.shape import HoleShape, without_diameter_findings
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.image import WellImage, add_findings, place_of, row_spacing

__all__ = ["centre_amplitude"]

_BLOCK_ROWS = 4096


def centre_amplitude(amplitude: WellImage, shape: HoleShape) -> WellImage:
    """
    Bring an amplitude image to the hole axis.

    Parameters
    ----------
    amplitude : WellImage
        Amplitudes of the same run as the travel times: the same columns, and rows at the same depths.
    shape : HoleShape
        The hole by those travel times.

    Returns
    -------
    WellImage
        Amplitudes that a tool on the axis would record, at angles about the axis, with ``radius`` and the measured
        ``diameter``. Rows without a measured hole stay as they are, without a radius.

    Raises
    ------
    InputError
        If the two images do not share columns, or no row.
    """
    place, radius = place_of(amplitude), shape.radius
    angle, depth = amplitude["azimuth"].values, amplitude["depth"].values
    if angle.shape != radius["azimuth"].shape or not np.allclose(angle, radius["azimuth"].values, atol=0.01):
        observed = f"its {angle.size} columns are not those of the travel times, {radius.sizes['azimuth']}"
        raise InputError(place, observed, "give both images of one run, as the tool recorded them")
    row = _nearest_rows(depth, radius["depth"].values, row_spacing(amplitude) / 2)
    if (row < 0).all():
        raise InputError(
            place, "none of its rows has the depth of a row of travel times", "give both images of one run"
        )
    findings = [*shape.findings]
    there = row >= 0
    if not there.all():
        observed = f"{int((~there).sum())} of {there.size} rows have no travel times"
        findings.append(Finding(Severity.MAJOR, "travel-time-short", place, observed, "left as they were recorded"))
    index = np.where(there, row, 0)
    fit = HoleFit(*(np.where(_like(there, part[index]), part[index], np.nan) for part in shape.fit))
    values = np.array(amplitude["image"].values, dtype=np.float64)
    corrected, losses, notes = _corrected(amplitude, values, fit)
    findings += notes
    distance, wall = shape.distance[index], np.where(there[:, None], radius["image"].values[index], np.float32(np.nan))
    out = np.empty(values.shape, np.float32)
    for first in range(0, len(out), _BLOCK_ROWS):
        rows = slice(first, first + _BLOCK_ROWS)
        part = HoleFit(*(array[rows] for array in fit))
        out[rows] = turn_to_axis(corrected[rows], angle, part, distance[rows])
    lost = ~np.isfinite(fit.radius)
    out[lost] = values[lost]
    if losses or not lost.all():
        observed = "a point of the wall lies at another angle from the tool than from the hole axis"
        findings.append(
            Finding(Severity.MAJOR, "columns-centred", place, observed, "columns moved to angles about the axis")
        )
    diameter = np.where(there, radius["diameter"].values[index], np.nan)
    image = amplitude.drop_vars("dynamic", errors="ignore").assign(
        image=(amplitude["image"].dims, out, amplitude["image"].attrs),
        radius=(("depth", "azimuth"), wall, {"units": "m"}),
        diameter=("depth", diameter, amplitude["diameter"].attrs),
    )
    return add_findings(WellImage(image.assign_attrs(findings=without_diameter_findings(amplitude))), findings)


def _corrected(
    amplitude: WellImage, values: npt.NDArray[np.float64], fit: HoleFit
) -> tuple[npt.NDArray[np.float64], list[EccentricityLoss], list[Finding]]:
    """Amplitudes without the loss by the tool's position, where they are amplitudes."""
    place = place_of(amplitude)
    decibels = str(amplitude.attrs["units"]).strip().lower().startswith("db")
    measured = values[np.isfinite(values)]
    if amplitude.attrs["normalisation"] != "none" or (not decibels and (measured < 0).mean() > 0.01):
        why = "they are normalised" if amplitude.attrs["normalisation"] != "none" else "many of them are negative"
        observed = f"the values are no plain amplitudes: {why}"
        action = "not corrected for the position of the tool; give amplitudes as they were recorded"
        return values, [], [Finding(Severity.MAJOR, "eccentricity-not-corrected", place, observed, action)]
    corrected, losses = correct_amplitude(
        values, amplitude["depth"].values, amplitude["azimuth"].values, fit, logarithmic=decibels
    )
    if not losses:
        observed = "the tool is so close to the hole axis that no loss can be measured"
        action = "amplitudes not corrected"
        return values, [], [Finding(Severity.INFO, "eccentricity-not-corrected", place, observed, action)]
    explained, offset = (float(np.median([getattr(loss, name) for loss in losses])) for name in ("explained", "offset"))
    observed = f"a tool {1000 * offset:.1f} mm off the axis makes {100 * explained:.0f} % of the variance along rows"
    action = "taken out; contrast of the rock that follows the position of the tool cannot be told from it"
    return corrected, losses, [Finding(Severity.MAJOR, "eccentricity-corrected", place, observed, action)]


def _nearest_rows(depth: npt.NDArray[np.float64], other: npt.NDArray[np.float64], most: float) -> npt.NDArray[np.intp]:
    """Nearest row of another image within a distance (m) of each depth, -1 where there is none."""
    after = np.searchsorted(other, depth).clip(1, other.size - 1) if other.size > 1 else np.zeros(depth.size, int)
    nearest = np.where(np.abs(other[after - 1] - depth) <= np.abs(other[after] - depth), after - 1, after) % other.size
    return np.where(np.abs(other[nearest] - depth) <= most + 1e-9, nearest, -1)


def _like(rows: npt.NDArray[np.bool_], values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    return rows.reshape(-1, *[1] * (values.ndim - 1))
