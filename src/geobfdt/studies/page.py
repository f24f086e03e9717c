"""The page of a study: question, table, verdicts, choice, design, and the command that repeats it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from geobfdt._version import __version__
from geobfdt.reports.document import Block, bullets, write_document
from geobfdt.runtime.storage import atomic_files
from geobfdt.studies.figures import draw_curves, draw_scores
from geobfdt.studies.plan import Plan
from geobfdt.studies.results import CELLS, Section, cells_table
from geobfdt.studies.statistics import ENOUGH_SEEDS, MARGIN
from geobfdt.wells.picks import CLASSES

__all__ = ["write_pages"]


def write_pages(plan: Plan, sections: list[Section], out: Path, field: Path) -> dict[str, Any]:
    """
    Write the page of a study and its tables.

    ``study.html``, ``study.md`` with its pictures, ``study.json``, ``study.yaml`` (its settings), and
    ``cells.csv`` with a row for each cell.

    Parameters
    ----------
    plan : Plan
        What was run.
    sections : list of Section
        What came out.
    out, field : Path
        Folders of the study and of its wells.

    Returns
    -------
    dict
        What ``study.json`` holds.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    blocks = _blocks(plan, sections, out, field)
    summary = _summary(plan, sections)
    with atomic_files(out) as part:
        write_document(part, "study", f"Study: {plan.study.name}", blocks)
        (part / "study.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
        settings = yaml.safe_dump(plan.study.model_dump(mode="json"), sort_keys=False)
        (part / "study.yaml").write_text(settings, encoding="utf-8")
        cells_table(plan, out).to_csv(part / CELLS, index=False)
    return summary


def _blocks(plan: Plan, sections: list[Section], out: Path, field: Path) -> list[Block]:
    study, judged = plan.study, list(plan.study.axes)[-1]
    blocks = [Block("h1", f"Study: {study.name}"), Block("text", study.question)]
    for section in sections:
        if section.other_levels:
            blocks.append(Block("h2", ", ".join(f"{axis}: {level}" for axis, level in section.other_levels.items())))
        if section.lines:
            blocks.append(bullets(_verdicts(section, judged)))
            blocks.append(Block("table", rows=_table(section, judged)))
        if section.missing:
            blocks += [Block("text", _unfinished(section)), bullets(section.missing[:20])]
    finished = [section for section in sections if section.lines]
    if finished:
        blocks.append(Block("picture", "scores", data=draw_scores(finished, judged)))
        blocks.append(
            Block("text", "Large dots are means with their 95 % interval over wells and seeds; small ones are seeds.")
        )
    blocks += [Block("h2", "Design"), bullets(_design(plan))]
    for number, section in enumerate(finished, 1):
        title = ", ".join(section.other_levels.values())
        blocks.append(Block("h2", f"How every cell learnt{': ' + title if title else ''}"))
        blocks.append(Block("picture", f"curves-{number}", data=draw_curves(section.lines)))
        if any(line.look_shifts for line in section.lines):
            blocks.append(Block("h2", f"How scores fall as the look shifts{': ' + title if title else ''}"))
            blocks.append(Block("table", rows=_look_table(section, judged)))
    settings = json.dumps(study.model_dump(mode="json"), indent=1)
    wells = {name: digest for place in plan.places for name, digest in place.cell.digests.items()}
    digests = tuple((name, wells[name][:16]) for name in sorted(wells))
    again = shlex.join(["geobfdt", "study", str(out / "study.yaml"), str(field), "--out", str(out)])
    blocks += [
        Block("h2", "Caveats"),
        bullets(_caveats(plan)),
        Block("h2", "Run it again"),
        Block("text", f"geobfdt {__version__}; study.yaml holds the settings below. Finished cells are not run again."),
        Block("code", again),
        Block("code", settings),
        Block("table", rows=(("well", "SHA-256 begins with"), *digests)),
    ]
    return blocks


def _unfinished(section: Section) -> str:
    seeds = ", ".join(map(str, section.seeds))
    compared = f"Levels are compared on the seeds that they have finished: {seeds}. " if section.lines else ""
    return f"{compared}{len(section.missing)} cells are not finished:"


def _verdicts(section: Section, judged: str) -> list[str]:
    sentences = []
    for one, other, step in zip(section.lines, section.lines[1:], section.steps, strict=False):
        size = f"{step.difference:+.3f} ({step.lo:+.3f} to {step.hi:+.3f})"
        wins = f"wins {_text(step.wins)} of wells and seeds ({_text(step.wins_lo)} to {_text(step.wins_hi)})"
        few = f"; number of seeds: {step.seeds}" if step.seeds < ENOUGH_SEEDS else ""
        sentences.append(f"{one.name} to {other.name}: {size}: {step.verdict}; {wins}{few}")
    best = section.best
    choice = section.lines[section.choice]
    if not section.beats_null:
        scores = f"the best level scores {best.level.score:.3f}, chance level is {_text(section.null_f1, 3)}"
        return [*sentences, f"Nothing was learnt: {scores}. No choice; train longer"]
    sentences.append(
        f"Choice: {judged} {choice.name}, the first whose score ({choice.level.score:.3f}) is within a standard error "
        f"({best.level.error:.3f}) of the best ({best.name}, {best.level.score:.3f})"
    )
    return sentences


def _table(section: Section, judged: str) -> tuple[tuple[str, ...], ...]:
    head = (
        judged, "F1", "95 %", "seeds", *(f"{kind} (chance level)" for kind in CLASSES), "validation", "training wells",
        "Hungarian loss", "L1", "class error % at 0", "at 0.5", "of picks", "parameters", "windows", "core s a cell",
        "MiB",
    )  # fmt: skip
    rows = [head]
    for line in section.lines:
        level, means = line.level, line.means
        kinds = (f"{_text(line.f1[kind])} ({_text(line.null_f1[kind])})" for kind in CLASSES)
        spread = f"{level.seeds.min():.2f}-{level.seeds.max():.2f}"
        rows.append((
            line.name, f"{level.score:.3f}", f"{_text(level.lo)}-{_text(level.hi)}", spread, *kinds,
            _text(means["validation"]), _text(means["trained"]), _text(means["hungarian_loss"], 4),
            _text(means["l1"], 3), _text(means["class_error_0_pct"]), _text(means["class_error_50_pct"]),
            _text(means["class_error_pct"]), f"{sum(line.parameters.values()) / 1e6:.2f} M", _text(means["windows"], 0),
            _text(means["core_seconds"], 0), _text(means["peak_mib"], 0),
        ))  # fmt: skip
    return tuple(rows)


def _look_table(section: Section, judged: str) -> tuple[tuple[str, ...], ...]:
    """Mean F1 of every level for every change of the image and every amount."""
    first = next(line for line in section.lines if line.look_shifts)
    rows = [("look", "amount", *(f"{judged} {line.name}" for line in section.lines))]
    for kind, amounts in first.look_shifts.items():
        for amount in amounts:
            scores = (_text(line.look_shifts.get(kind, {}).get(amount, float("nan"))) for line in section.lines)
            rows.append((kind, amount, *scores))
    return tuple(rows)


def _text(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def _design(plan: Plan) -> list[str]:
    study = plan.study
    axes = [f"Axis {axis}: {', '.join(levels)}" for axis, levels in study.axes.items()]
    folds = [
        f"Fold {number}: tested on {', '.join(fold.test)}; stopped and thresholds set on {', '.join(fold.validate_on)}"
        for number, fold in enumerate(plan.folds[0], 1)
    ]
    constant = "Everything but the axes is equal: wells, windows, augmentation draws, steps, and what stops a run."
    tolerances = sorted({place.cell.settings.tolerance for place in plan.places})
    score = (
        f"Score: F1 at a trace RMS of {', '.join(f'{100 * tolerance:g}' for tolerance in tolerances)} cm before "
        "refinement, pooled over the wells of all folds, averaged over classes and seeds. Intervals of 95 % resample "
        "wells and seeds, the same for all levels; steps are paired, and their intervals hold together on 95 % of "
        "studies. Blind: the same picks shifted in depth."
    )
    rule = (
        f"Equal levels surely lie within {MARGIN:g}. A drift's interval excludes 0. A cliff's too, and it surely is "
        "larger than every other step. The choice is the first level, from the lightest, within a standard error of "
        "the best."
    )
    each = f"{len(plan.folds[0])} folds, {study.seeds} seeds that change {', '.join(study.varied)}."
    cells = f"{len({place.cell.digest for place in plan.places})} cells: {each}"
    return [*axes, cells, constant, *folds, score, rule, *plan.notes]


def _caveats(plan: Plan) -> list[str]:
    matched = "Class error, Hungarian loss and L1 are of matched pairs only, as in the published table"
    sentences = [f"{matched}: misses and false picks do not count."]
    if any(place.cell.settings.split == "leaking windows" for place in plan.places):
        sentences.append(
            "Leaking windows are validated on rock that was trained on, as in the published split, to "
            "show its effect. The score is of other wells; the validation column shows what such a split promises."
        )
    if "folds" in plan.study.varied:
        sentences.append("Each seed has its own folds; those of the first seed are named above.")
    tested = {name for folds in plan.folds for fold in folds for name in fold.test}
    if len(tested) < 8 or plan.study.seeds < ENOUGH_SEEDS:
        sentences.append(
            f"{len(tested)} wells and {plan.study.seeds} seeds: intervals are rough, small steps not significant."
        )
    return sentences


def _summary(plan: Plan, sections: list[Section]) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return round(float(value), 5) if np.isfinite(value) else None

    return {
        "study": plan.study.model_dump(mode="json"),
        "notes": plan.notes,
        "sections": [
            {
                "held": section.other_levels,
                "choice": section.lines[section.choice].name if section.beats_null else None,
                "levels": [
                    {
                        "name": line.name, "f1": number(line.level.score), "lo": number(line.level.lo),
                        "hi": number(line.level.hi), "seeds": [number(x) for x in line.level.seeds],
                        "by_class": {k: number(v) for k, v in line.f1.items()},
                        "blind": {k: number(v) for k, v in line.null_f1.items()},
                        "look_shifts": line.look_shifts, "parameters": line.parameters,
                        **{k: number(v) for k, v in line.means.items()},
                    }
                    for line in section.lines
                ],
                "steps": [
                    {
                        "difference": number(s.difference), "lo": number(s.lo), "hi": number(s.hi),
                        "verdict": s.verdict,
                        "wins": number(s.wins), "wins_lo": number(s.wins_lo), "wins_hi": number(s.wins_hi),
                        "seeds": s.seeds,
                    }
                    for s in section.steps
                ],
                "missing": section.missing, "seeds": section.seeds,
            }
            for section in sections
        ],
    }  # fmt: skip
