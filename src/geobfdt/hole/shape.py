"""From a travel-time image to the shape of the hole: radius image, caliper table, and what the tool did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import Reference
from geobfdt.hole.circle_fit import HoleFit, fit_holes, fitted_distance
from geobfdt.hole.echo_artefacts import gate_values, spikes
from geobfdt.hole.radius_image import radius_about_axis
from geobfdt.hole.travel_time import EchoScale, KnownDiameter, ToolConstants, distances, settle_scale
from geobfdt.io.units import length_factor, time_factor
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.breakouts import true_azimuth
from geobfdt.wells.caliper import CaliperTable, new_caliper
from geobfdt.wells.image import WellImage, add_findings, place_of

__all__ = ["HoleShape", "hole_shape", "without_diameter_findings"]

Array = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.float32]
# Takes in a finding: severity, kind, what was observed, and the action.
_Note = Callable[[Severity, str, str, str], None]

# Rows that are worked on at a time, and rows beside them that the neighbours of a pixel may lie in.
_BLOCK_ROWS, _MARGIN_ROWS = 4096, 8
# No hole that is logged is slimmer or wider (m of diameter).
_DIAMETERS_M = (0.05, 1.5)
# Diameter of the file and of the travel times differ by less than this share.
_SAME_DIAMETER = 0.05
# Rows without a fit are bridged over so much of the hole (m), so that single rows do not leave planes without dips.
_MAX_BRIDGE_M = 0.5
# Angle over which a diameter is averaged, about that of a caliper's pad.
_PAD_DEG = 15.0
# From this share on, what is missing is a reason to be careful.
_MAJOR_SHARE = 0.1


class HoleShape(NamedTuple):
    """
    The shape of a hole.

    Parameters
    ----------
    radius : WellImage
        Radius about the hole axis (m), with the measured diameter as its hole log.
    table : CaliperTable
        Caliper curves, a row for each row of the image.
    fit : HoleFit
        The hole of each row, seen from the tool.
    distance : array (rows, columns)
        Distance from the tool axis to the wall (m); NaN where no echo of the wall was measured.
    findings : list of Finding
        How the times were scaled, and what was left out; they are those of the radius image, too.
    """

    radius: WellImage
    table: CaliperTable
    fit: HoleFit
    distance: Pixels
    findings: list[Finding]


def hole_shape(
    image: WellImage, stated: ToolConstants, stretches: Sequence[KnownDiameter] = (), time_unit: str | None = None
) -> HoleShape:
    """
    Measure the hole on an image of travel times, or of distances from the tool.

    Parameters
    ----------
    image : WellImage
        Two-way travel times in a unit of time, or distances from the tool axis in a unit of length.
    stated : ToolConstants
        What is known about fluid and tool; nothing for an image of distances.
    stretches : sequence of KnownDiameter
        Stretches of known diameter.
    time_unit : str, optional
        Unit of the times, where the file has none.

    Returns
    -------
    HoleShape
        The hole.

    Raises
    ------
    InputError
        If the image is no such image, its scale is not known, or no row can be fitted.

    Notes
    -----
    Pixels without an echo and small groups that stand out from their neighbours are missing, never zero. The hole of
    each row is fitted twice, with and without those groups. Radii are then measured from the hole axis, at angles about
    that axis.
    """
    place, depth, angle = place_of(image), image["depth"].values, image["azimuth"].values
    findings: list[Finding] = []

    def note(severity: Severity, kind: str, observed: str, action: str) -> None:
        findings.append(Finding(severity, kind, place, observed, action))

    values, factor, are_times = _measured_values(image, time_unit, note)
    scale = None
    if are_times:
        scale = settle_scale(values * np.float32(factor), depth, angle, place, stated, stretches)
        _note_scale(scale, stated, stretches, note)
    elif stretches or stated != ToolConstants():
        observed = f"its values are lengths ({image.attrs['units']}), which need no fluid and no tool"
        raise InputError(place, observed, "leave --fluid-velocity, --tool-radius, --tool-delay, --known-diameter out")
    distance = (distances(values * factor, scale) if scale is not None else values * factor).astype(np.float32)
    absurd = np.isfinite(distance) & ~((distance > 0) & (distance < _DIAMETERS_M[1]))
    distance[absurd] = np.nan
    if absurd.any():
        observed = f"{_share(absurd)} of the pixels would lie behind the tool or over {_DIAMETERS_M[1]:g} m away"
        note(_severity(absurd), "echo-absurd", observed, "taken as not measured")
    fit, radius, skipped = _fit_in_blocks(distance, angle)
    if skipped.any():
        observed = f"{_share(skipped)} of the pixels stand out from all their neighbours, as cycle skips do"
        note(_severity(skipped), "echo-spikes", observed, "taken as not measured")
    _check_fit(fit, place, note)
    diameter = _bridged(2 * fit.radius, depth, note)
    _compare_with_file(diameter, image, note)
    table = _table(image, fit, distance, radius)
    _note_centring(table, note)
    logs = image.drop_vars(["dynamic", "colour", "radius"], errors="ignore")
    result = logs.assign(
        image=(image["image"].dims, radius, {"units": "m"}), diameter=("depth", diameter, image["diameter"].attrs)
    ).assign_attrs(units="m", dark="high", normalisation="none", findings=without_diameter_findings(image))
    return HoleShape(add_findings(WellImage(result), findings), table, fit, distance, findings)


def without_diameter_findings(image: WellImage) -> list[Finding]:
    """Return the findings of an image but for that of its unknown diameter, which is measured now."""
    return [finding for finding in image.attrs["findings"] if finding.kind != "diameter-unknown"]


def _measured_values(image: WellImage, time_unit: str | None, note: _Note) -> tuple[Pixels, float, bool]:
    """Pixels with an echo, the factor to seconds or metres, and whether they are times."""
    place, unit = place_of(image), str(image.attrs["units"])
    if "colour" in image or image.attrs["normalisation"] != "none":
        observed = (
            "it is a picture: its values are no longer times" if "colour" in image else "its values are normalised"
        )
        raise InputError(place, observed, "export the travel times as they were measured")
    length = length_factor(unit) if unit else None
    seconds = time_factor(unit)
    if time_unit is not None:
        stated = time_factor(time_unit)
        if stated is None:
            raise InputError("--time-unit", f"{time_unit!r} is no unit of time", "give us, 0.1us, ns, ms or s")
        if length is not None or (seconds is not None and not np.isclose(seconds, stated)):
            observed = f"the file says that the values are in {unit}"
            note(Severity.MAJOR, "time-unit-stated", observed, f"read as {time_unit}, as --time-unit says")
        length, seconds = None, stated
    if length is None and seconds is None:
        observed = (
            f"its values are in {unit!r}, no unit of time or length" if unit else "nothing says the unit of its times"
        )
        raise InputError(place, observed, "give --time-unit us, 0.1us or ns; name another image with --image")
    values = np.array(image["image"].values, dtype=np.float32)
    lost = np.isfinite(values) & (values <= 0)
    for gate in gate_values(values):
        lost |= values == np.float32(gate)
    values[lost] = np.nan
    if lost.any():
        observed = f"{_share(lost)} of the pixels are at an end of the recording gate, or 0: no echo of the wall"
        note(_severity(lost), "no-echo", observed, "taken as not measured")
    return values, float(length if length is not None else seconds or 0.0), length is None


def _fit_in_blocks(distance: Pixels, angle: Array) -> tuple[HoleFit, Pixels, npt.NDArray[np.bool_]]:
    """Fit all rows, block by block; drop spikes from the distances, in place."""
    rows = len(distance)
    fits, radius, skipped = [], np.empty(distance.shape, np.float32), np.zeros(distance.shape, dtype=bool)
    original = distance.copy()
    for first in range(0, rows, _BLOCK_ROWS):
        last = min(first + _BLOCK_ROWS, rows)
        begin, end = max(first - _MARGIN_ROWS, 0), min(last + _MARGIN_ROWS, rows)
        part = original[begin:end].astype(np.float64)
        fit = fit_holes(part, angle)
        stands_out = spikes(part - fitted_distance(fit, angle), fit.scatter)
        part[stands_out] = np.nan
        core = slice(first - begin, last - begin)
        fits.append(fit_holes(part[core], angle))
        radius[first:last] = radius_about_axis(part[core], angle, fits[-1])
        distance[first:last], skipped[first:last] = part[core], stands_out[core]
    return HoleFit(*(np.concatenate(arrays) for arrays in zip(*fits, strict=True))), radius, skipped


def _check_fit(fit: HoleFit, place: str, note: _Note) -> None:
    """Refuse an image without a hole; note rows without one."""
    lost = ~np.isfinite(fit.radius)
    if lost.all():
        raise InputError(place, "no row of it is a hole seen from inside", "check that --image names the travel times")
    middle = 2 * float(np.nanmedian(fit.radius))
    if not _DIAMETERS_M[0] <= middle <= _DIAMETERS_M[1]:
        observed = f"the hole would be {middle:.3g} m wide"
        raise InputError(place, observed, "check --time-unit, --fluid-velocity, --tool-radius and --tool-delay")
    if lost.any():
        observed = f"{_share(lost)} of the rows have too few echoes, or none that make a hole"
        note(_severity(lost), "hole-not-fitted", observed, "no radius there")


def _bridged(diameter: Array, depth: Array, note: _Note) -> Array:
    """Diameter, interpolated linearly across short gaps."""
    there = np.flatnonzero(np.isfinite(diameter))
    out = np.interp(depth, depth[there], diameter[there])
    before = depth[there[np.clip(np.searchsorted(there, np.arange(depth.size), side="right") - 1, 0, there.size - 1)]]
    after = depth[there[np.clip(np.searchsorted(there, np.arange(depth.size)), 0, there.size - 1)]]
    inside = (before <= depth) & (after >= depth) & (after - before <= _MAX_BRIDGE_M)
    out[~inside] = np.nan
    bridged = np.isnan(diameter) & inside
    if bridged.any():
        observed = f"no diameter in {int(bridged.sum())} rows, in gaps up to {_MAX_BRIDGE_M:g} m"
        note(Severity.MINOR, "diameter-bridged", observed, "the hole log of diameters is interpolated linearly")
    return out


def _compare_with_file(diameter: Array, image: WellImage, note: _Note) -> None:
    own = image["diameter"].values
    both = np.isfinite(own) & np.isfinite(diameter)
    if both.any():
        off = float(np.median(diameter[both] / own[both])) - 1
        agrees = abs(off) < _SAME_DIAMETER
        observed = f"the hole is {100 * abs(off):.1f} % {'wider' if off > 0 else 'slimmer'} than the file's diameter"
        action = "the measured one is used" if agrees else "the measured one is used; check velocity, tool and caliper"
        note(Severity.INFO if agrees else Severity.MAJOR, "diameter-measured", observed, action)


def _table(image: WellImage, fit: HoleFit, distance: Pixels, radius: Pixels) -> CaliperTable:
    angle = image["azimuth"].values
    least, most = _diameters(radius, angle)
    oval = np.hypot(fit.oval[:, 0], fit.oval[:, 1])
    long_axis = np.degrees(np.arctan2(fit.oval[:, 1], fit.oval[:, 0])) / 2 % 180
    reference = image.attrs["reference"]
    from_north = np.full(long_axis.shape, np.nan)
    if reference != "unknown":
        deviation, azimuth = image["deviation"].values, image["hole_azimuth"].values
        from_north = true_azimuth(long_axis, deviation, azimuth, cast(Reference, reference)) % 180
    fitted = np.isfinite(fit.radius)
    return new_caliper(
        well=image.attrs["well"],
        depth_m=image["depth"].values,
        diameter_m=2 * fit.radius,
        diameter_min_m=least,
        diameter_max_m=most,
        long_axis_m=2 * (fit.radius + oval),
        short_axis_m=2 * (fit.radius - oval).clip(0),
        long_axis_azimuth_app_deg=long_axis,
        long_axis_azimuth_true_deg=from_north,
        reference=reference,
        offset_m=np.hypot(fit.axis[:, 0], fit.axis[:, 1]),
        # The axis is seen from the tool; the tool lies on the other side of it.
        offset_azimuth_app_deg=np.degrees(np.arctan2(-fit.axis[:, 1], -fit.axis[:, 0])) % 360,
        coverage=np.isfinite(distance).mean(axis=1),
        scatter_tool_m=np.where(fitted, _scatter(distance), np.nan),
        scatter_axis_m=_scatter(radius),
    )


def _diameters(radius: Pixels, angle: Array) -> tuple[Array, Array]:
    """Least and greatest diameter over the angle of a pad; NaN where less than half of them was measured."""
    columns = angle.size
    half = max(round(_PAD_DEG / 360 * columns) // 2, 0)
    measured = np.isfinite(radius)
    total, count = (
        sum(np.roll(np.where(measured, each, 0.0), shift, axis=1) for shift in range(-half, half + 1))
        for each in (radius, measured.astype(float))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        smooth = np.where(count > half, total / count, np.nan)
    opposite = np.abs((angle[:, None] - angle + 360) % 360 - 180).argmin(axis=1)
    diameter = smooth + smooth[:, opposite]
    enough = np.isfinite(diameter).mean(axis=1) >= 0.5
    filled = np.where(enough[:, None], diameter, 0.0)
    least, most = (np.where(enough, end(filled, axis=1), np.nan) for end in (np.nanmin, np.nanmax))
    return least, most


def _scatter(values: Pixels) -> Array:
    """Standard deviation along each row of what was measured; NaN for less than two pixels."""
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=1), 1)
    filled = np.where(measured, values, 0.0).astype(np.float64)
    mean = filled.sum(axis=1) / count
    square = np.where(measured, filled - mean[:, None], 0.0) ** 2
    return np.where(measured.sum(axis=1) > 1, np.sqrt(square.sum(axis=1) / count), np.nan)


def _note_scale(scale: EchoScale, stated: ToolConstants, stretches: Sequence[KnownDiameter], note: _Note) -> None:
    observed = f"speed of sound {scale.velocity:.0f} m/s, {1000 * scale.offset:.2f} mm at time 0"
    sources = ["what is stated"] if stated != ToolConstants() else []
    sources += [f"{len(stretches)} known diameters, to {1000 * scale.misfit:.2f} mm of radius"] if stretches else []
    note(Severity.INFO, "travel-time-scale", observed, f"from {' and '.join(sources)}")


def _note_centring(table: CaliperTable, note: _Note) -> None:
    before, after, offset = (
        1000 * float(table[name].median()) for name in ("scatter_tool_m", "scatter_axis_m", "offset_m")
    )
    observed = f"tool {offset:.2f} mm off the axis; the radius scatters by {before:.2f} mm along a row"
    note(Severity.INFO, "hole-centred", observed, f"measured from the hole axis, where it scatters by {after:.2f} mm")


def _share(mask: npt.NDArray[np.bool_]) -> str:
    share = 100 * float(mask.mean())
    return f"{share:.1f} %" if share >= 0.05 else f"{int(mask.sum())}"


def _severity(mask: npt.NDArray[np.bool_]) -> Severity:
    return Severity.MAJOR if mask.mean() > _MAJOR_SHARE else Severity.MINOR
