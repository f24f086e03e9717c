"""Drift: how far a well and its picks differ from the wells that a model was made with, by zone, with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from geobfdt.picking.unpicked_layers import LAYERED
from geobfdt.picking.zone_stream import Zone, image_zones
from geobfdt.preparation.fingerprint import IMAGE_FEATURES
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import CLASSES, PickTable

__all__ = [
    "ABSTAIN",
    "WATCH",
    "DriftReference",
    "State",
    "drift_findings",
    "judge_zones",
    "mark_drift",
    "measure_zones",
    "read_zones",
    "state_at",
    "write_zones",
    "zone_table",
]

_MIN_LENGTH_M = 1.0  # Measured length of a zone from which its density of picks means something.
_MIN_PICKS = 5  # Picks of a class from which their confidence, height and polarity are features.
# Distances outside the reference range, in half widths of it, from which a zone is watched and abstained from. They
# were chosen by simulation, see docs/drift.md.
WATCH, ABSTAIN = 1.2, 2.5
_FULL_REFERENCE_WELLS = 8  # A reference of fewer wells shows too little spread: its distances count for less.

_ZONES = ["top_m", "base_m", "state", "distance", "reason"]

State = Literal["ok", "watch", "abstain"]

_PICK_FEATURES: dict[str, tuple[str, float]] = {
    f"{what}_{name}": (words.format(name=name, direction="{direction}"), floor)
    for name in CLASSES
    for what, words, floor in (
        ("density", "{direction} planes picked as {name}", 0.3),
        ("confidence", "{direction} sure of picks of {name}", 0.05),
        ("height", "traces picked as {name} {direction} high", 0.3),
        ("conductive", "{direction} picks of {name} conductive", 0.1),
    )
}
_FEATURES = {**IMAGE_FEATURES, **_PICK_FEATURES}


Quantiles = Annotated[list[FiniteFloat], Field(min_length=21, max_length=21)]


class DriftReference(BaseModel):
    """
    Reference of a model: quantiles of every feature over zones of the wells that it was made with.

    Examples
    --------
    >>> zones = pd.DataFrame({"skew": np.linspace(-1, 1, 41)})
    >>> DriftReference.of(zones, wells=8).features["skew"][10]
    0.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    wells: int = Field(ge=1, description="number of wells; few show little of the usual spread")
    features: dict[str, Quantiles] = Field(description="21 quantiles each, from least to largest")

    @classmethod
    def of(cls, zones: pd.DataFrame, wells: int) -> DriftReference:
        """Make a reference from measured zones of so many wells; see :func:`measure_zones`."""
        quantiles = {}
        for name in _FEATURES:
            values = zones[name].to_numpy(float) if name in zones else np.empty(0)
            values = values[np.isfinite(values)]
            if len(values):
                quantiles[name] = [round(float(v), 5) for v in np.quantile(values, np.linspace(0, 1, 21))]
        return cls(wells=wells, features=quantiles)


def mark_drift(
    image: WellImage, picks: PickTable, reference: DriftReference, judged: PickTable | None = None
) -> tuple[PickTable, pd.DataFrame]:
    """
    Judge the zones of a picked well, and add the state of its zone to each pick.

    Parameters
    ----------
    image : WellImage
        The well.
    picks : PickTable
        Picks to mark.
    reference : DriftReference
        Reference of the model.
    judged : PickTable, optional
        Picks of the picker's own thresholds, where `picks` are those of others: zones are judged by these, so that no
        threshold changes a verdict.

    Returns
    -------
    picks : PickTable
        The same with a last column ``drift``: ok, watch or abstain.
    zones : DataFrame
        From :func:`judge_zones`.
    """
    zones = judge_zones(measure_zones(image, picks if judged is None else judged), reference)
    return picks.assign(drift=state_at(zones, picks["depth_m"])), zones


def measure_zones(image: WellImage, picks: PickTable) -> pd.DataFrame:
    """
    Measure a well and its picks in zones of 10 m.

    Parameters
    ----------
    image : WellImage
        The well; its pixels may lie in a file.
    picks : PickTable
        Picked on it by the model.

    Returns
    -------
    DataFrame
        ``top_m, base_m`` and a column a feature, a row a zone; and ``unpicked_m`` and ``layers`` of its longest stretch
        without a pick, see :func:`geobfdt.picking.unpicked_layers.unpicked_layers`.
    """
    return zone_table(image_zones(image, picks["depth_m"].to_numpy(float)), picks)


def zone_table(zones: Sequence[Zone], picks: PickTable) -> pd.DataFrame:
    """Return the table of :func:`measure_zones` of zones that are measured already, with textures and these picks."""
    rows = []
    for zone in zones:
        mine = picks[picks["depth_m"].between(zone.top, zone.base, inclusive="left")]
        features = {**zone.features, **_pick_features(mine, zone.metres)}
        rows.append(
            {"top_m": zone.top, "base_m": zone.base, **features, "unpicked_m": zone.unpicked_m, "layers": zone.layers}
        )
    return pd.DataFrame(rows, columns=["top_m", "base_m", *_FEATURES, "unpicked_m", "layers"])


def judge_zones(zones: pd.DataFrame, reference: DriftReference) -> pd.DataFrame:
    """
    Compare measured zones with a reference.

    Returns
    -------
    DataFrame
        ``top_m, base_m, state`` (ok, watch, abstain), ``distance`` (the largest, beyond the edge of the reference, in
        half widths of it) and ``reason``, up to three features in words, the furthest first. A zone that lies within
        the reference and has layers without a pick is watched, too.
    """
    names = [name for name in _FEATURES if name in reference.features]
    ranges = np.array([reference.features[name] for name in names]).reshape(len(names), -1)
    low, high = (ranges[:, 0], ranges[:, -1]) if len(names) else (np.empty(0), np.empty(0))
    floor = np.array([_FEATURES[name][1] for name in names])
    half = np.maximum((high - low) / 2, floor)
    values = zones[names].to_numpy(float)
    above, below = (values - high) / half, (low - values) / half
    beyond = np.nan_to_num(np.maximum(np.maximum(above, below), 0.0)) * min(reference.wells / _FULL_REFERENCE_WELLS, 1)
    rows = []
    for k, zone in enumerate(zones.to_dict("records")):
        far = float(beyond[k].max()) if len(names) else 0.0
        state: State = "abstain" if far > ABSTAIN else "watch" if far > WATCH else "ok"
        order = [int(i) for i in np.argsort(-beyond[k])[:3] if beyond[k, i] > WATCH]
        reasons = [_words(names[i], bool(above[k, i] > 0)) for i in order]
        if zone.get("layers", float("nan")) >= LAYERED:
            state = "abstain" if state == "abstain" else "watch"
            reasons.append(f"the image shows layers, not one is picked for {zone['unpicked_m']:.1f} m")
        rows.append((zone["top_m"], zone["base_m"], state, far, "; ".join(reasons)))
    return pd.DataFrame(rows, columns=_ZONES)


def state_at(zones: pd.DataFrame, depth: npt.ArrayLike) -> list[str]:
    """
    State of the zone of each depth.

    Examples
    --------
    >>> zones = pd.DataFrame({"top_m": [0.0, 10.0], "base_m": [10.0, 20.0], "state": ["ok", "watch"]})
    >>> state_at(zones, [3.0, 12.0])
    ['ok', 'watch']
    """
    at = np.searchsorted(zones["top_m"].to_numpy(float), np.asarray(depth, dtype=float), side="right") - 1
    states = zones["state"].tolist()
    return [str(states[max(int(k), 0)]) for k in at]


def drift_findings(zones: pd.DataFrame) -> list[Finding]:
    """Findings of judged zones; neighbouring zones of one state and reason are one finding."""
    findings = []
    runs = (zones[["state", "reason"]] != zones[["state", "reason"]].shift()).any(axis=1).cumsum()
    for _, run in zones.groupby(runs):
        state, reason = run["state"].iloc[0], run["reason"].iloc[0]
        if state == "ok":
            continue
        place = f"{run['top_m'].iloc[0]:.2f}-{run['base_m'].iloc[-1]:.2f} m"
        if state == "abstain":
            what = f"unlike anything the model was made with: {reason}"
            findings.append(
                Finding(Severity.MAJOR, "drift-abstain", place, what, "check its picks before you use them")
            )
        else:
            what = f"at the edge of what the model can be trusted with: {reason}"
            findings.append(Finding(Severity.MINOR, "drift-watch", place, what, "check these picks first"))
    return findings


def write_zones(zones: pd.DataFrame, path: str | Path) -> None:
    """
    Write judged zones as CSV, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.
    """
    with atomic_path(path) as part:
        zones.to_csv(part, index=False, float_format="%.3f", lineterminator="\n")


def read_zones(path: str | Path) -> pd.DataFrame:
    """
    Read judged zones.

    Raises
    ------
    InputError
        If the file is none of :func:`write_zones`.
    """
    try:
        zones = pd.read_csv(path, keep_default_na=False)
        if list(zones.columns) != _ZONES or not set(zones["state"]) <= {"ok", "watch", "abstain"}:
            raise ValueError("other columns or states")
        return zones.astype({"top_m": float, "base_m": float, "distance": float, "reason": str})
    except (OSError, ValueError) as error:
        observed = f"not judged zones: {str(error).splitlines()[0]}"
        raise InputError(path, observed, "pick the well again, or move the file away") from error


def _pick_features(picks: PickTable, length: float) -> dict[str, float]:
    features = {}
    for name in CLASSES:
        of_class = picks[picks["class"] == name]
        # The square root makes counts spread alike, few or many.
        features[f"density_{name}"] = float(np.sqrt(len(of_class) / length)) if length > _MIN_LENGTH_M else float("nan")
        enough = len(of_class) >= _MIN_PICKS
        features[f"confidence_{name}"] = float(of_class["confidence"].mean()) if enough else float("nan")
        sides = of_class.loc[of_class["polarity"] != "", "polarity"]
        features[f"conductive_{name}"] = (
            float((sides == "conductive").mean()) if len(sides) >= _MIN_PICKS else float("nan")
        )
        height = np.log2(2 * of_class["amplitude_m"].to_numpy(float) + 0.01)
        features[f"height_{name}"] = (
            float(np.nanmedian(height)) if enough and np.isfinite(height).any() else float("nan")
        )
    return features


def _words(name: str, above: bool) -> str:
    return _FEATURES[name][0].format(direction="more" if above else "less")
