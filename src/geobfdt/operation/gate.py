"""The gate: what a model shows on wells that it has not seen, against demands and against the champion."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from geobfdt.evaluation.calibration import calibrate
from geobfdt.evaluation.comparison import compare
from geobfdt.evaluation.scores import Scores, evaluate
from geobfdt.evaluation.wording import records
from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import load_model
from geobfdt.operation.gate_settings import EACH, LEAST, MOST, UNSIGNED, WHOLE, GateSettings
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import sha256
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.train import interpreted_wells
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import CLASSES

__all__ = ["Demand", "Verdict", "blind_wells", "gate"]

_AROUND = 2.0  # m of image about a masked interval, so that planes at its ends are seen whole
_CUT, _NOISE = 0.37, 0.05  # of the second look: m cut off the top, noise as a share of the image's spread
_TOLERANCE = 0.03  # m, of repeatability and of the comparison


@dataclass(frozen=True)
class Demand:
    """
    One demand and what was found.

    Parameters
    ----------
    class_ : str
        Of which class, or ``all``.
    measure : str
        What in words.
    sense : {"least", "most"}
        Which way.
    asked, found : float
        NaN where it could not be measured, which does not pass.
    passed : bool
        Whether it holds.
    """

    class_: str
    measure: str
    sense: str
    asked: float
    found: float
    passed: bool


@dataclass(frozen=True)
class Verdict:
    """
    What the gate says of a model.

    Parameters
    ----------
    model, champion : str
        As pick tables name them; no champion: nothing to compare with.
    wells : dict of str to float
        Metres judged, by well.
    demands : tuple of Demand
        All of them.
    against : DataFrame
        By class: ``f1_first`` (champion), ``f1_second``, ``difference``, ``lo, hi`` (95 %), ``passed``.
    scores : Scores
        Of the model, beside blind pickers.
    settings : GateSettings
        What was asked.
    unjudged : tuple of str
        Classes that demands are about and that have too few held-out planes, in words: nothing is said of the model.
    """

    model: str
    champion: str
    wells: dict[str, float]
    demands: tuple[Demand, ...]
    against: pd.DataFrame
    scores: Scores
    settings: GateSettings
    unjudged: tuple[str, ...] = ()

    @property
    def state(self) -> Literal["passed", "refused", "cannot judge"]:
        """What it comes to."""
        return "cannot judge" if self.unjudged else "passed" if self.passed else "refused"

    @property
    def passed(self) -> bool:
        """Whether it can be judged, all demands hold, and no class is worse than the champion's."""
        return (
            not self.unjudged and all(demand.passed for demand in self.demands) and bool(self.against["passed"].all())
        )

    @property
    def failures(self) -> list[str]:
        """What could not be judged, and what did not hold, in words."""
        told = list(self.unjudged) + [
            f"{one.class_}: {one.measure} {one.found:.3g}, {one.asked:g} at {one.sense} asked"
            for one in self.demands
            if not one.passed
        ]
        for row in self.against[~self.against["passed"]].to_dict("records"):
            told.append(
                f"{row['class']}: F1 at 3 cm against the champion {row['difference']:+.3f}, not surely above "
                f"-{self.settings.margin or 0:g} ({row['lo']:+.3f} to {row['hi']:+.3f})"
            )
        return told

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return {
            "passed": self.passed,
            "state": self.state,
            "model": self.model,
            "champion": self.champion,
            "wells": self.wells,
            "failures": self.failures,
            "demands": records(pd.DataFrame([asdict(one) for one in self.demands]).rename(columns={"class_": "class"})),
            "against": records(self.against),
            "settings": self.settings.model_dump(mode="json", exclude_unset=True),
            "scores": self.scores.to_dict(),
        }


def gate(
    model: str | Path,
    field: str | Path,
    settings: GateSettings | None = None,
    *,
    champion: str | Path | None = None,
    layer: str | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Verdict:
    """
    Judge a model.

    Parameters
    ----------
    model : str or Path
        The bundle, as everywhere.
    field : str or Path
        Folder of interpreted wells.
    settings : GateSettings, optional
        What is asked.
    champion : str or Path, optional
        Bundle that it must not be worse than.
    layer : str, optional
        Layer of the review that is the truth, instead of the field's own pick tables.
    progress : callable
        Told the share done.

    Returns
    -------
    Verdict
        With the reasons.

    Raises
    ------
    InputError
        If a well asked for was seen in training, by this model or by the champion, or none is left to judge by.
    """
    settings = settings or UNSIGNED
    ours = load_model(model)
    theirs = load_model(champion) if champion is not None else None
    models = [ours, *([theirs] if theirs else [])]
    wells = blind_wells(Path(field), models, settings.blind, layer)
    looks = 2 + len(models) - 1
    tables: list[list[pd.DataFrame]] = [[] for _ in range(looks)]
    metres: dict[str, float] = {}
    seconds = 0.0
    for number, well in enumerate(wells):
        image = well.image.compute()
        name = str(image.attrs["well"])
        metres[name] = MeasuredDepths.of(image).metres
        asked = [(ours, image), (ours, _again(image)), *([(theirs, image)] if theirs else [])]
        for look, (bundle, seen) in enumerate(asked):
            began = time.perf_counter()
            detector = NetworkDetector.of(bundle, seen)
            tables[look].append(pick_with_findings(seen, detector)[0])
            seconds += (time.perf_counter() - began) * (look == 0)
            progress((number + (look + 1) / looks) / len(wells))
        well.image.close()
    picks, again, *former = [pd.concat(parts, ignore_index=True) for parts in tables]
    truth, intervals = (pd.concat([well[k] for well in wells], ignore_index=True) for k in (1, 2))

    scores = evaluate(picks, truth, intervals)
    measured = _measured(scores, picks, truth, intervals)
    measured["all"] = {
        "repeatability": _agreement(picks, again, wells),
        "metres_per_second": sum(metres.values()) / seconds,
        "cites_study": float(bool((ours.card.get("study") or {}).get("digest"))),
    }
    against = pd.DataFrame(columns=["class", "f1_first", "f1_second", "difference", "lo", "hi", "passed"])
    if former:
        rows = compare(evaluate(former[0], truth, intervals), scores)
        rows = rows[(rows["tolerance_m"] == _TOLERANCE) & rows["class"].isin(set(measured) - {"all"})]
        rows = rows.merge(scores.best()[["class", "kind", "tolerance_m"]])
        margin = np.inf if settings.margin is None else settings.margin
        against = rows.assign(passed=rows["lo"] >= -margin)[list(against.columns)]
    return Verdict(
        model=ours.source,
        champion=theirs.source if theirs else "",
        wells=metres,
        demands=tuple(_demands(settings, measured)),
        against=against.reset_index(drop=True),
        scores=scores,
        settings=settings,
        unjudged=tuple(_unjudged(settings, scores, bool(former))),
    )


def blind_wells(
    field: Path, models: Sequence[Bundle], wanted: Sequence[str] = (), layer: str | None = None
) -> list[InterpretedWell]:
    """
    Wells, or masked intervals of wells, that none of some models has seen.

    Parameters
    ----------
    field : Path
        Folder of interpreted wells.
    models : sequence of Bundle
        What is judged, and what it is compared with.
    wanted : sequence of str
        Wells asked for; empty: all there are.
    layer : str, optional
        Layer of the review, instead of the field's own pick tables.

    Raises
    ------
    InputError
        If one asked for was seen, or is not there, or there is none.
    """
    wells = {str(well.image.attrs["well"]): well for well in interpreted_wells(field, layer)}
    if missing := sorted(set(wanted) - set(wells)):
        raise InputError(field, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(wells)}")
    kept = []
    for name, well in wells.items():
        if wanted and name not in wanted:
            continue
        digest = sha256(Field(field).file(name, ".nc"))
        sights = {model.source: sight for model in models if (sight := model.exposure_of(name, digest)) is not None}
        masks = {sight.masked for sight in sights.values()}
        if not sights:
            kept.append(well)
        elif len(masks) == 1 and (mask := masks.pop()):
            kept.append(_within(well, name, *mask))
        elif wanted:
            cure = "judge it by a well that it has not seen, or train with --blind or --mask"
            raise InputError(field, f"{next(iter(sights))} was trained or chosen with {name}", cure)
    if not kept:
        cure = "keep some blind: geobfdt train --blind WELL, or --mask WELL:TOP-BASE"
        raise InputError(field, "the models have seen every interpreted well here", cure)
    if not any(len(well.picks) for well in kept):
        raise InputError(field, "no blind well has a pick", "interpret one of them")
    return kept


def _within(well: InterpretedWell, name: str, top: float, base: float) -> InterpretedWell:
    depth = well.image["depth"].values
    image = well.image.isel(depth=(depth >= top - _AROUND) & (depth <= base + _AROUND))
    far = 1e6
    outside = new_intervals([(name, "ignored", "outside", -far, top), (name, "ignored", "outside", base, far)])
    picks = well.picks[well.picks["depth_m"].between(top, base)]
    return InterpretedWell(image, picks, pd.concat([well.intervals, outside], ignore_index=True))


def _again(image: WellImage) -> WellImage:
    """The same rock looked at once more: strips begin elsewhere, and no pixel is quite the same."""
    depth = image["depth"].values
    cut = image.isel(depth=depth >= depth[0] + min(_CUT, 0.1 * float(np.ptp(depth))))
    rng = np.random.default_rng(0)
    changed = {}
    for name in ("image", "dynamic"):
        if name in cut:
            values = cut[name].values
            low, high = np.nanquantile(values, [0.16, 0.84]) if np.isfinite(values).any() else (0.0, 0.0)
            noise = rng.normal(0, _NOISE * (high - low) / 2, values.shape).astype(values.dtype)
            changed[name] = (cut[name].dims, values + noise)
    return cut.assign(changed)


def _unjudged(settings: GateSettings, scores: Scores, compared: bool) -> list[str]:
    """Classes that something is asked of, and that have too few held-out planes to tell, in words."""
    planes = scores.best().groupby("class")["n_truth"].max()
    there = [name for name in CLASSES if planes.get(name, 0) > 0]
    asked = {kind for demands in (settings.least, settings.most) for kind, one in demands.items() if one}
    names = (asked & set(CLASSES)) | set(there if EACH in asked or (compared and settings.margin is not None) else ())
    return [
        f"{name}: {int(planes.get(name, 0))} held-out planes, {settings.planes} are needed to judge"
        for name in CLASSES
        if name in names and planes.get(name, 0) < settings.planes
    ]


def _agreement(picks: pd.DataFrame, again: pd.DataFrame, wells: Sequence[InterpretedWell]) -> float:
    """F1 of a second look taken against the first, at 3 cm, but for the top that was cut off."""
    if not len(picks):
        return float("nan")
    tops = [(str(well.image.attrs["well"]), float(well.image["depth"].values[0])) for well in wells]
    ignored = new_intervals([(name, "ignored", "top", top, top + 2 * _CUT) for name, top in tops])
    best = evaluate(again, picks, ignored, shifts=2).best().set_index(["class", "tolerance_m"])
    return float(best.loc[("all", _TOLERANCE), "f1"])


def _measured(
    scores: Scores, picks: pd.DataFrame, truth: pd.DataFrame, intervals: pd.DataFrame
) -> dict[str, dict[str, float]]:
    """All measures of every class that the blind wells have, by class."""
    doubts = calibrate(picks, truth, intervals).summary.set_index("class")["ece"]
    best = scores.best().set_index(["class", "tolerance_m"])
    errors = scores.errors().set_index(["class", "measure"])["value"]
    told: dict[str, dict[str, float]] = {}
    for name in sorted(set(truth["class"])):
        told[name] = {
            f"{column}_{cm}cm": float(best.loc[(name, cm / 100), column])
            for column in ("precision", "recall", "f1", "z")
            for cm in (2, 3, 5)
        }
        told[name] |= {
            "calibration_error": float(doubts.get(name, np.nan)),
            "depth_bias_mm": abs(1000 * float(errors.get((name, "depth_bias_m"), np.nan))),
            "depth_error_mm": 1000 * float(errors.get((name, "depth_error_m"), np.nan)),
            "pole_error_deg": float(errors.get((name, "pole_error_deg"), np.nan)),
        }
    return told


def _demands(settings: GateSettings, measured: dict[str, dict[str, float]]) -> list[Demand]:
    told = []
    for sense, asked in (("least", settings.least), ("most", settings.most)):
        for kind, measures in asked.items():
            names = [name for name in measured if name != "all"] if kind == EACH else [kind]
            for name in names:
                for measure, limit in measures.items():
                    if kind == EACH and measure in asked.get(name, {}):  # type: ignore[call-overload]
                        continue  # asked of this class by itself
                    found = measured.get(name, {}).get(measure, float("nan"))
                    holds = found >= limit if sense == "least" else found <= limit
                    words = {**LEAST, **MOST, **WHOLE}[measure]
                    told.append(Demand(name, words, sense, float(limit), found, bool(holds)))
    return told
