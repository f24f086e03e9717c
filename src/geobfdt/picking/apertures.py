"""Apertures of fractures on electrical images, by the excess of conductance across their traces."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from geobfdt.geometry import trace_depth
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.settings_files import parse_yaml, read_settings
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import WellImage, place_of
from geobfdt.wells.picks import PickTable, traces
from geobfdt.wells.tools import ADMITTANCE_UNITS, CONDUCTIVITY_UNITS, RESISTIVITY_UNITS, tool_of

__all__ = [
    "APERTURE_COLUMNS",
    "ApertureTool",
    "aperture_curves",
    "aperture_tool",
    "measure_apertures",
    "read_aperture_curves",
    "write_aperture_curves",
]

APERTURE_COLUMNS = ("aperture_mm", "aperture_hydraulic_mm", "aperture_reliability")

# Excess conductance is summed within this distance of a trace, across it. It holds the blur of a button of 5 mm and
# traces that lie some millimetres aside.
_CORE_M = 0.015
# The rock beside a fracture is measured from there up to this distance.
_REACH_M = 0.040
# Finite elements of Luthi and Souhaite cover fractures up to this angle (deg) from a right angle to the wall.
_MAX_OBLIQUITY_DEG = 40.0
# A column counts with so many rows across the trace, and with this share of them measured.
_MIN_ROWS, _MIN_ROW_SHARE = 3, 0.95
# A fracture has an aperture if so many columns, and this share of the turn, count.
_MIN_COLUMNS, _MIN_TURN = 5, 0.1
# An aperture of fewer standard errors is none.
_MIN_ERRORS = 2.0
# Beyond these, an aperture is doubtful: contrast Rxo / Rm, aperture (mm), share of the turn, distance of rows (m).
_MAX_CONTRAST, _MAX_APERTURE_MM, _SURE_TURN, _MAX_ROW_M = 1000.0, 2.0, 0.3, 0.006

Array = npt.NDArray[np.float64]


class ApertureTool(BaseModel):
    """
    Coefficients of an imaging tool.

    Examples
    --------
    >>> ApertureTool(c=0.9, b=0.87, excess="S", source="core of A-3").flushed_resistivity is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    c: float = Field(gt=0, description="factor")
    b: float = Field(gt=0, lt=1, description="exponent of the resistivity of mud")
    excess: Literal["uA.mm/V", "S"] = Field(
        description="unit of the excess: S for images in ohm.m, S/m or mS/m; uA.mm/V for images in uA/V"
    )
    source: str = Field(min_length=1, description="where the coefficients are from")
    flushed_resistivity: float | None = Field(
        None, gt=0, description="resistivity of the flushed zone (ohm m); default: that of the image beside a fracture"
    )


def aperture_tool(image: WellImage, file: Path | None) -> ApertureTool | None:
    """
    Return the coefficients for an image: those of the user's file, else those of its tool, else None.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    if file is not None:
        cure = "give a YAML of c, b, excess and source"
        return read_settings(ApertureTool, file, "file of aperture coefficients", cure, "docs/apertures.md")
    shipped = parse_yaml(Path(__file__).with_name("aperture_tools.yaml").read_text(encoding="utf-8"))
    entry = shipped.get(tool_of(image.attrs["tool"]))
    return None if entry is None else ApertureTool.model_validate(entry)


def measure_apertures(
    image: WellImage, picks: PickTable, mud_resistivity: float, tool: ApertureTool | None
) -> tuple[PickTable, list[Finding]]:
    r"""
    Add the apertures of fractures to a pick table.

    Parameters
    ----------
    image : WellImage
        The well, an electrical image that is calibrated; it is loaded fracture by fracture.
    picks : PickTable
        Its picks.
    mud_resistivity : float
        Resistivity of the mud at the temperature of the rock (ohm m).
    tool : ApertureTool or None
        Coefficients of the tool.

    Returns
    -------
    picks : PickTable
        The same with ``aperture_mm`` (mean along the trace), ``aperture_hydraulic_mm`` (cube root of the mean cube),
        and ``aperture_reliability``: ``reliable``, ``doubtful``, or empty where there is no aperture.
    findings : list of Finding
        Why apertures are missing or doubtful, and the coefficients.

    Notes
    -----
    Luthi and Souhaite (1990) let finite elements show that the excess of the current of a button, summed along a line
    across a fracture, gives its aperture: :math:`W = c A R_m^b R_{xo}^{1-b}`, whatever the standoff, and for fractures
    that meet the wall within 40 degrees of a right angle. In each column of the image where a plane does so, the
    conductance within 15 mm of the trace (across it, on the wall) is summed above that of the rock 15 to 40 mm away.
    Columns with gaps or with another trace within reach do not count. The background gives the resistivity of the
    flushed zone. The standard error over columns separates an aperture from noise. The coefficients of
    ``aperture_tools.yaml`` have no second published source; an error of c scales all apertures alike.
    """
    out = picks.assign(**dict.fromkeys(APERTURE_COLUMNS[:2], np.nan), aperture_reliability="")
    place = place_of(image)
    factor, reason = _calibration(image, tool)
    if tool is None or reason is not None:
        return PickTable(out), [Finding(Severity.MAJOR, "aperture-uncalibrated", place, *(reason or _NO_TOOL))]
    shapes, findings = traces(picks), []
    conductive_end = "low" if factor is None else "high"
    healed = np.array(picks["polarity"] == "resistive")
    if image.attrs["dark"] != conductive_end:
        healed[:] = False  # Polarities of the picks are those of the wrong end.
        observed = f"by its unit, {conductive_end} values of the image are conductive, and the others are drawn dark"
        action = f"apertures do not go by the polarity of picks; read the image with --dark {conductive_end}"
        findings.append(Finding(Severity.MAJOR, "dark-end-conflict", place, observed, action))
    reasons: Counter[str] = Counter()
    fractures = np.flatnonzero((picks["class"] == "fracture").to_numpy())
    mean, hydraulic = np.full(len(picks), np.nan), np.full(len(picks), np.nan)
    reliability = np.full(len(picks), "", dtype=object)
    for row in fractures.tolist():
        radius = float(picks["diameter_m"].iloc[row]) / 2
        if healed[row] or not np.isfinite([radius, *shapes[row]]).all():
            reasons["no trace on a known hole, or resistive: a healed fracture has no aperture"] += 1
            continue
        profile = _profile(image, shapes, int(row), radius, factor)
        rxo = tool.flushed_resistivity or 1 / profile.background
        # The sum is over metres: of uA/V it is to be over millimetres, and of S/m it gives metres.
        widths = 1e3 * tool.c * profile.excess * mud_resistivity**tool.b * rxo ** (1 - tool.b)
        if profile.turn < _MIN_TURN or widths.size < _MIN_COLUMNS or not rxo > 0:
            reasons["too little of the trace is measured and free of other traces"] += 1
            continue
        width = float(widths.mean())
        if width < _MIN_ERRORS * float(widths.std(ddof=1)) / np.sqrt(widths.size):
            reasons["no more conductance than noise"] += 1
            continue
        mean[row], hydraulic[row] = width, float(np.cbrt(np.mean(np.maximum(widths, 0) ** 3)))
        sure = rxo / mud_resistivity <= _MAX_CONTRAST and width <= _MAX_APERTURE_MM and profile.turn >= _SURE_TURN
        sure = sure and profile.row_m <= _MAX_ROW_M and picks["quality"].iloc[row] != "D"
        reliability[row] = "reliable" if sure else "doubtful"
    out = out.assign(aperture_mm=mean, aperture_hydraulic_mm=hydraulic, aperture_reliability=reliability)
    return PickTable(out), [*findings, *_report(place, tool, reliability, reasons, mud_resistivity)]


def aperture_curves(picks: PickTable, at: Array, window: float = 1.0) -> pd.DataFrame:
    """
    Average apertures along the hole.

    Parameters
    ----------
    picks : PickTable
        Picks with apertures.
    at : array (n,)
        Depths (m, MD).
    window : float
        Height of the averaging window (m).

    Returns
    -------
    DataFrame
        ``depth_m``, ``count`` of fractures with an aperture, ``aperture_mean_mm``, and ``aperture_hydraulic_mm``, the
        cube root of the mean cube: flow between plates goes with the cube of their distance. NaN where there are none.

    Examples
    --------
    >>> picks = pd.DataFrame({"depth_m": [1.0, 1.2], "aperture_mm": [0.1, 0.3], "aperture_hydraulic_mm": [0.1, 0.3]})
    >>> aperture_curves(picks, np.array([1.0, 3.0])).round(4).values.tolist()
    [[1.0, 2.0, 0.2, 0.241], [3.0, 0.0, nan, nan]]
    """
    open_picks = picks[picks["aperture_mm"].notna()].sort_values("depth_m", kind="stable")
    depth = open_picks["depth_m"].to_numpy(float)
    low, high = (np.searchsorted(depth, at + side * window / 2) for side in (-1, 1))
    count = high - low
    sums = [
        np.concatenate([[0.0], np.cumsum(values)])
        for values in (
            open_picks["aperture_mm"].to_numpy(float), open_picks["aperture_hydraulic_mm"].to_numpy(float) ** 3
        )
    ]  # fmt: skip
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, cube = ((total[high] - total[low]) / np.where(count > 0, count, np.nan) for total in sums)
    return pd.DataFrame(
        {"depth_m": at, "count": count, "aperture_mean_mm": mean, "aperture_hydraulic_mm": np.cbrt(cube)}
    )


def write_aperture_curves(curves: pd.DataFrame, path: Path) -> None:
    """
    Write curves of apertures as CSV, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    with atomic_path(path) as part:
        curves.to_csv(part, index=False, float_format="%.4f", lineterminator="\n")


def read_aperture_curves(path: Path) -> pd.DataFrame:
    """
    Read curves that :func:`write_aperture_curves` wrote.

    Raises
    ------
    InputError
        If the file cannot be read or is no such table.
    """
    names = ["depth_m", "count", "aperture_mean_mm", "aperture_hydraulic_mm"]
    try:
        return pd.read_csv(path)[names].astype(dict.fromkeys(names, float) | {"count": int})
    except (OSError, ValueError, KeyError) as error:
        raise InputError(path, f"not a table of apertures: {error}", f"give a CSV with {', '.join(names)}") from error


@dataclass(frozen=True)
class _Profile:
    """Excess conductance of a fracture in the columns that count, that of the rock, and what they rest on."""

    excess: Array
    background: float
    turn: float
    row_m: float


_NO_TOOL = (
    "no coefficients are known for the tool of this image",
    "no apertures; give --aperture-tool, a YAML of c, b, excess and source",
)


def _calibration(image: WellImage, tool: ApertureTool | None) -> tuple[float | None, tuple[str, str] | None]:
    """Return the factor from pixels to conductance (None: pixels are resistivity), and why there is none."""
    unit, normalisation = str(image.attrs["units"]).strip().lower(), image.attrs["normalisation"]
    cure = "no apertures; read the calibrated image, in ohm.m, S/m, mS/m or uA/V"
    if normalisation != "none":
        return None, (f"the image is normalised ({normalisation})", cure)
    if tool is None:
        return None, _NO_TOOL
    if unit in ADMITTANCE_UNITS and tool.excess == "uA.mm/V":
        if tool.flushed_resistivity is None:
            observed = "an image in uA/V does not give the resistivity of the flushed zone"
            return None, (observed, "no apertures; give flushed_resistivity in --aperture-tool")
        return 1.0, None
    if tool.excess == "S" and unit in CONDUCTIVITY_UNITS:
        return CONDUCTIVITY_UNITS[unit], None
    if tool.excess == "S" and unit in RESISTIVITY_UNITS:
        return None, None
    observed = f"the unit of the image is {image.attrs['units']!r}, and coefficients are for an excess in {tool.excess}"
    return None, (observed, cure + ", and give --aperture-tool with the coefficients for it")


def _profile(image: WellImage, shapes: Array, row: int, radius: float, factor: float | None) -> _Profile:
    """Sum the excess across a trace, column by column."""
    depth, angle = image["depth"].values, image["azimuth"].values
    z0, a, b = shapes[row]
    t = np.radians(angle)
    # Rise of the trace along the wall, and the cosine of its angle there.
    cosine = 1 / np.hypot(1.0, (b * np.cos(t) - a * np.sin(t)) / radius)
    amplitude = np.hypot(a, b)
    dip = np.arctan(amplitude / radius)
    oblique = np.sin(dip) * np.abs(np.cos(t - np.arctan2(b, a)))
    centre = trace_depth(shapes[row], angle)
    columns = np.flatnonzero(oblique <= np.sin(np.radians(_MAX_OBLIQUITY_DEG)))
    reach = _REACH_M / cosine[columns]
    top, base = np.searchsorted(depth, [(centre[columns] - reach).min(), (centre[columns] + reach).max()])
    rows = slice(max(int(top) - 1, 0), int(base) + 1)
    at = depth[rows]
    spacing = np.gradient(at) if at.size > 1 else np.zeros(at.size)
    pixels = image["image"][rows].values[:, columns].astype(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        conductance = 1 / pixels if factor is None else pixels * factor
    conductance[~(conductance > 0) | ~np.isfinite(conductance)] = np.nan
    across = (at[:, None] - centre[columns]) * cosine[columns]
    core = np.abs(across) <= _CORE_M
    sides = [(~core) & (np.abs(across) <= _REACH_M) & (sign * across > 0) for sign in (-1, 1)]
    measured = np.isfinite(conductance)
    share = (core & measured).sum(axis=0) / np.maximum(core.sum(axis=0), 1)
    good = (core.sum(axis=0) >= _MIN_ROWS) & (share >= _MIN_ROW_SHARE)
    rock = []
    for side in sides:
        good &= (side & measured).sum(axis=0) >= _MIN_ROWS
        rock.append(_masked_median(conductance, side))
    background = (rock[0] + rock[1]) / 2
    others = np.delete(np.arange(len(shapes)), row)
    others = others[np.isfinite(shapes[others]).all(axis=1)]
    near = others[np.abs(shapes[others, 0] - z0) <= amplitude + np.hypot(*shapes[others, 1:].T) + 4 * reach.max()]
    for other in near:
        gap = np.abs(trace_depth(shapes[other], angle[columns]) - centre[columns]) * cosine[columns]
        good &= gap > _REACH_M + _CORE_M
    thickness = spacing[:, None] * cosine[columns]
    excess = np.where(core & measured, (conductance - background) * thickness, 0.0).sum(axis=0) / np.maximum(share, 0.1)
    rocks = background[good]
    row_m = float(np.median(spacing)) if spacing.size else np.inf
    return _Profile(excess[good], float(np.median(rocks)) if rocks.size else np.nan, good.sum() / angle.size, row_m)


def _masked_median(values: Array, inside: npt.NDArray[np.bool_]) -> Array:
    """Median of each column over some of its rows; NaN where there are none."""
    masked = np.where(inside, values, np.nan)
    out = np.full(values.shape[1], np.nan)
    some = np.isfinite(masked).any(axis=0)
    out[some] = np.nanmedian(masked[:, some], axis=0)
    return out


def _report(
    place: str, tool: ApertureTool, reliability: npt.NDArray[np.object_], reasons: Counter[str], mud_resistivity: float
) -> list[Finding]:
    """Report the coefficients of the apertures, and why apertures are missing or doubtful."""
    count = int((reliability != "").sum())
    observed = f"{count} fractures have an aperture, mud {mud_resistivity:g} ohm m"
    action = f"c {tool.c:g}, b {tool.b:g} ({tool.source})"
    findings = [Finding(Severity.INFO, "aperture-coefficients", place, observed, action)]
    for reason, number in sorted(reasons.items()):
        findings.append(Finding(Severity.MINOR, "aperture-missing", place, f"{number} fractures: {reason}", "empty"))
    doubtful = int((reliability == "doubtful").sum())
    if doubtful:
        observed = f"{doubtful} of {count} apertures are doubtful"
        action = "marked; contrast, size, coverage, rows or the quality of the pick are the reason (docs/apertures.md)"
        findings.append(Finding(Severity.MINOR, "aperture-doubtful", place, observed, action))
    return findings
