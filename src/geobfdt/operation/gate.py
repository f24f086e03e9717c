"""The gate: test a model on wells that it was not trained on, against demands and against the champion."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from geobfdt.evaluation.calibration import calibrate
from geobfdt.evaluation.comparison import compare
from geobfdt.evaluation.nulls import z_bound
from geobfdt.evaluation.scores import Scores, evaluate
from geobfdt.evaluation.wording import records
from geobfdt.model.bundle import Bundle
from geobfdt.model.registry import load_model
from geobfdt.operation.gate_settings import (
    DEFAULT_DEMANDS,
    EACH_CLASS,
    MAX_MEASURES,
    MIN_MEASURES,
    MODEL_MEASURES,
    GateSettings,
)
from geobfdt.picking.network_detector import NetworkDetector
from geobfdt.picking.picker import pick_with_findings
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.progress import Progress, no_progress
from geobfdt.runtime.storage import sha256
from geobfdt.training.confidence_calibration import InterpretedWell
from geobfdt.training.train import interpreted_wells
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable, join_intervals, new_intervals
from geobfdt.wells.picks import CLASSES, PickTable, join_picks

__all__ = ["Demand", "Verdict", "gate", "unseen_wells"]

# The image of a masked interval is read with this margin, so that planes at its ends are complete.
_MARGIN_M = 2.0
# The second run has this much cut off the top, and noise of this share of the spread of the image.
_CUT_M, _NOISE_SHARE = 0.37, 0.05
# Repeatability and the comparison with the champion use this tolerance.
_TOLERANCE_M = 0.03
# Names of columns in JSON, where they differ: files and clients of version 0.1 hold them.
_JSON_COLUMNS = {"class_": "class", "limit": "asked", "value": "found"}


@dataclass(frozen=True)
class Demand:
    """
    One demand and the measured value.

    Parameters
    ----------
    class_ : str
        Class, or ``all``.
    measure : str
        Description of the measure.
    sense : {"least", "most"}
        Which way.
    limit, value : float
        NaN where it could not be measured, which does not pass.
    passed : bool
        Whether it holds.
    """

    class_: str
    measure: str
    sense: str
    limit: float
    value: float
    passed: bool

    @property
    def measured(self) -> str:
        """The measured value in words."""
        return f"{self.value:.3g}" if np.isfinite(self.value) else "not measured"


@dataclass(frozen=True)
class Verdict:
    """
    The verdict on a model.

    Parameters
    ----------
    model : str
        Name, as in pick tables.
    champion : str or None
        Its name, as in pick tables; None if the model was compared with none.
    wells : dict of str to float
        Metres judged, by well.
    demands : tuple of Demand
        All of them.
    against : DataFrame
        By class: ``f1_first`` (champion), ``f1_second``, ``difference``, ``lo, hi`` (95 %), ``passed``.
    scores : Scores
        Scores of the model, with their chance levels.
    settings : GateSettings
        The demands.
    unjudged : tuple of str
        Classes with demands that have too few held-out planes, in words; then the model cannot be judged.
    """

    model: str
    champion: str | None
    wells: dict[str, float]
    demands: tuple[Demand, ...]
    against: pd.DataFrame
    scores: Scores
    settings: GateSettings
    unjudged: tuple[str, ...] = ()

    @property
    def state(self) -> Literal["passed", "refused", "cannot judge"]:
        """Outcome in one word or two."""
        return "cannot judge" if self.unjudged else "passed" if self.passed else "refused"

    @property
    def passed(self) -> bool:
        """Whether it can be judged, all demands hold, and no class is worse than the champion's."""
        return (
            not self.unjudged and all(demand.passed for demand in self.demands) and bool(self.against["passed"].all())
        )

    @property
    def failures(self) -> list[str]:
        """Descriptions of what could not be judged and of the demands that failed."""
        reasons = list(self.unjudged) + [
            f"{one.class_}: {one.measure}: {one.measured}, demanded: at {one.sense} {one.limit:g}"
            for one in self.demands
            if not one.passed
        ]
        for row in self.against[~self.against["passed"]].to_dict("records"):
            reasons.append(
                f"{row['class']}: F1 at 3 cm against the champion {row['difference']:+.3f}, not surely above "
                f"-{self.settings.margin or 0:g} ({row['lo']:+.3f} to {row['hi']:+.3f})"
            )
        return reasons

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain values for JSON."""
        return {
            "passed": self.passed,
            "state": self.state,
            "model": self.model,
            "champion": self.champion or "",
            "wells": self.wells,
            "failures": self.failures,
            "demands": records(pd.DataFrame([asdict(one) for one in self.demands]).rename(columns=_JSON_COLUMNS)),
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
    progress: Progress = no_progress,
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
        The demands.
    champion : str or Path, optional
        Bundle that it must not be worse than.
    layer : str, optional
        Layer of the review that is the truth, instead of the pick tables of the field.
    progress : callable
        Called with the finished share.

    Returns
    -------
    Verdict
        The verdict with its reasons.

    Raises
    ------
    InputError
        If a well in the demands was used to train this model or the champion, or no unseen well is left.
    """
    settings = settings or DEFAULT_DEMANDS
    bundle_judged = load_model(model)
    bundle_champion = load_model(champion) if champion is not None else None
    models = [bundle_judged, *([bundle_champion] if bundle_champion else [])]
    wells = unseen_wells(Path(field), models, settings.blind, layer)
    n_runs = 2 + len(models) - 1
    tables: list[list[PickTable]] = [[] for _ in range(n_runs)]
    metres: dict[str, float] = {}
    seconds = 0.0
    for number, well in enumerate(wells):
        image = well.image.compute()
        name = str(image.attrs["well"])
        metres[name] = MeasuredDepths.of(image).metres
        runs = [
            (bundle_judged, image),
            (bundle_judged, _perturb(image)),
            *([(bundle_champion, image)] if bundle_champion else []),
        ]
        for run, (bundle, pixels) in enumerate(runs):
            start = time.perf_counter()
            detector = NetworkDetector.of(bundle, pixels)
            tables[run].append(pick_with_findings(pixels, detector)[0])
            seconds += (time.perf_counter() - start) * (run == 0)
            progress((number + (run + 1) / n_runs) / len(wells))
        well.image.close()
    picks, second_picks, *champion_picks = [join_picks(parts) for parts in tables]
    truth = join_picks([well.picks for well in wells])
    intervals = join_intervals([well.intervals for well in wells])

    scores = evaluate(picks, truth, intervals)
    measured = _measure_classes(scores, picks, truth, intervals)
    measured["all"] = {
        "repeatability": _repeatability(picks, second_picks, wells),
        "metres_per_second": sum(metres.values()) / seconds,
        "cites_study": float(bool((bundle_judged.card.get("study") or {}).get("digest"))),
    }
    against = pd.DataFrame(columns=["class", "f1_first", "f1_second", "difference", "lo", "hi", "passed"])
    if champion_picks:
        rows = compare(evaluate(champion_picks[0], truth, intervals), scores)
        rows = rows[(rows["tolerance_m"] == _TOLERANCE_M) & rows["class"].isin(set(measured) - {"all"})]
        rows = rows.merge(scores.best()[["class", "kind", "tolerance_m"]])
        margin = np.inf if settings.margin is None else settings.margin
        against = rows.assign(passed=rows["lo"] >= -margin)[list(against.columns)]
    return Verdict(
        model=bundle_judged.source,
        champion=bundle_champion.source if bundle_champion else None,
        wells=metres,
        demands=tuple(_check_demands(settings, measured)),
        against=against.reset_index(drop=True),
        scores=scores,
        settings=settings,
        unjudged=tuple(_classes_with_few_planes(settings, scores, bool(champion_picks))),
    )


def unseen_wells(
    field: Path, models: Sequence[Bundle], names: Sequence[str] = (), layer: str | None = None
) -> list[InterpretedWell]:
    """
    Return the wells, or masked intervals of wells, that none of the models was trained or chosen with.

    Parameters
    ----------
    field : Path
        Folder of interpreted wells.
    models : sequence of Bundle
        The model, and the one that it is compared with.
    names : sequence of str
        Names of wells; empty: all wells.
    layer : str, optional
        Layer of the review, instead of the field's own pick tables.

    Raises
    ------
    InputError
        If a model was trained or chosen with a named well, it is missing, or no well is left.
    """
    wells = {str(well.image.attrs["well"]): well for well in interpreted_wells(field, layer)}
    if missing := sorted(set(names) - set(wells)):
        raise InputError(field, f"no picked well {', '.join(missing)} here", f"choose from {', '.join(wells)}")
    unseen = []
    for name, well in wells.items():
        if names and name not in names:
            continue
        digest = sha256(Field(field).file(name, ".nc"))
        exposures = {
            model.source: exposure for model in models if (exposure := model.exposure_of(name, digest)) is not None
        }
        masks = {exposure.masked for exposure in exposures.values()}
        if not exposures:
            unseen.append(well)
        elif len(masks) == 1 and (mask := masks.pop()):
            unseen.append(_restrict_to_interval(well, name, *mask))
        elif names:
            cure = "judge it by a well that it has not seen, or train with --blind or --mask"
            raise InputError(field, f"{next(iter(exposures))} was trained or chosen with {name}", cure)
    if not unseen:
        cure = "keep some blind: geobfdt train --blind WELL, or --mask WELL:TOP-BASE"
        raise InputError(field, "the models have seen every interpreted well here", cure)
    if not any(len(well.picks) for well in unseen):
        raise InputError(field, "no blind well has a pick", "interpret one of them")
    return unseen


def _restrict_to_interval(well: InterpretedWell, name: str, top: float, base: float) -> InterpretedWell:
    depth = well.image["depth"].values
    image = well.image.isel(depth=(depth >= top - _MARGIN_M) & (depth <= base + _MARGIN_M))
    far = 1e6
    outside = new_intervals([(name, "ignored", "outside", -far, top), (name, "ignored", "outside", base, far)])
    picks = well.picks[well.picks["depth_m"].between(top, base)]
    return InterpretedWell(image, picks, join_intervals([well.intervals, outside]))


def _perturb(image: WellImage) -> WellImage:
    """Change the image slightly for a second run: strips begin elsewhere, and every pixel has noise."""
    depth = image["depth"].values
    cut = image.isel(depth=depth >= depth[0] + min(_CUT_M, 0.1 * float(np.ptp(depth))))
    rng = np.random.default_rng(0)
    changed = {}
    for name in ("image", "dynamic"):
        if name in cut:
            values = cut[name].values
            low, high = np.nanquantile(values, [0.16, 0.84]) if np.isfinite(values).any() else (0.0, 0.0)
            noise = rng.normal(0, _NOISE_SHARE * (high - low) / 2, values.shape).astype(values.dtype)
            changed[name] = (cut[name].dims, values + noise)
    return cut.assign(changed)


def _classes_with_few_planes(settings: GateSettings, scores: Scores, compared: bool) -> list[str]:
    """Describe the classes with demands that have too few held-out planes to judge."""
    planes = scores.best().groupby("class")["n_truth"].max()
    there = [name for name in CLASSES if planes.get(name, 0) > 0]
    judged = {kind for demands in (settings.least, settings.most) for kind, one in demands.items() if one}
    names = (judged & set(CLASSES)) | set(
        there if EACH_CLASS in judged or (compared and settings.margin is not None) else ()
    )
    return [
        f"{name}: {int(planes.get(name, 0))} held-out planes, {settings.planes} are needed to judge"
        for name in CLASSES
        if name in names and planes.get(name, 0) < settings.planes
    ]


def _repeatability(picks: PickTable, again: PickTable, wells: Sequence[InterpretedWell]) -> float:
    """Return F1 of the second run against the first, at 3 cm, without the top that was cut off."""
    if not len(picks):
        return float("nan")
    tops = [(str(well.image.attrs["well"]), float(well.image["depth"].values[0])) for well in wells]
    ignored = new_intervals([(name, "ignored", "top", top, top + 2 * _CUT_M) for name, top in tops])
    best = evaluate(again, picks, ignored, shifts=2).best()
    rows = best[(best["class"] == "all") & (best["tolerance_m"] == _TOLERANCE_M)]
    return float(rows["f1"].iloc[0])


def _measure_classes(
    scores: Scores, picks: PickTable, truth: PickTable, intervals: IntervalTable
) -> dict[str, dict[str, float]]:
    """Compute all measures of every class in the unseen wells."""
    calibration_errors = calibrate(picks, truth, intervals).summary.set_index("class")["ece"]
    best = scores.best().set_index(["class", "tolerance_m"])
    errors = scores.errors().set_index(["class", "measure"])["value"]
    measures: dict[str, dict[str, float]] = {}
    for name in sorted(set(truth["class"])):
        measures[name] = {
            f"{column}_{cm}cm": float(best.loc[(name, cm / 100), column])
            for column in ("precision", "recall", "f1", "z")
            for cm in (2, 3, 5)
        }
        row = best.loc[(name, 0.05)]
        if np.isnan(row["z"]) and row["null_f1"] == 0 and row["f1"] > 0:
            planes = int(row["n_truth"] + row["n_picks"])
            measures[name]["z_5cm"] = z_bound(row["f1"], scores.copies, planes)
        measures[name] |= {
            "calibration_error": float(calibration_errors.get(name, np.nan)),
            "depth_bias_mm": abs(1000 * float(errors.get((name, "depth_bias_m"), np.nan))),
            "depth_error_mm": 1000 * float(errors.get((name, "depth_error_m"), np.nan)),
            "pole_error_deg": float(errors.get((name, "pole_error_deg"), np.nan)),
        }
    return measures


def _check_demands(settings: GateSettings, measured: dict[str, dict[str, float]]) -> list[Demand]:
    outcomes = []
    for sense, limits in (("least", settings.least), ("most", settings.most)):
        for kind, measures in limits.items():
            names = [name for name in measured if name != "all"] if kind == EACH_CLASS else [kind]
            for name in names:
                for measure, limit in measures.items():
                    if kind == EACH_CLASS and measure in limits.get(name, {}):  # type: ignore[call-overload]
                        # The class has a demand of its own for this measure.
                        continue
                    value = measured.get(name, {}).get(measure, float("nan"))
                    holds = value >= limit if sense == "least" else value <= limit
                    words = {**MIN_MEASURES, **MAX_MEASURES, **MODEL_MEASURES}[measure]
                    outcomes.append(Demand(name, words, sense, float(limit), value, bool(holds)))
    return outcomes
