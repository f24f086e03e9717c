"""The page of a study, for whoever has to believe it: question, table, verdicts, choice, design, how to repeat it."""

from __future__ import annotations

import base64
import html
import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from geobfdt import __version__
from geobfdt.studies.figures import draw_curves, draw_scores
from geobfdt.studies.plan import Plan
from geobfdt.studies.results import Section
from geobfdt.wells.picks import CLASSES
from geobfdt.wells.storage import atomic_files

__all__ = ["write_pages"]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; background: #fff; } pre { overflow-x: auto; padding: .8rem; background: #8881; font-size: 13px; }
.table { overflow-x: auto; }
"""


class _Block(NamedTuple):
    """A piece of the page: ``h1``, ``h2``, ``text``, ``list``, ``table``, ``code``, ``picture``."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    data: bytes = b""


def write_pages(plan: Plan, found: list[Section], out: Path, field: Path) -> dict[str, Any]:
    """
    Write ``study.html``, ``study.md`` with its pictures, and ``study.json``.

    Parameters
    ----------
    plan : Plan
        What was run.
    found : list of Section
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
    blocks = _blocks(plan, found, out, field)
    told = _told(plan, found)
    with atomic_files(out) as part:
        for block in blocks:
            if block.kind == "picture":
                (part / f"{block.text}.png").write_bytes(block.data)
        (part / "study.md").write_text("\n".join(_markdown(block) for block in blocks), encoding="utf-8")
        (part / "study.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
        (part / "study.html").write_text(_html(plan.study.name, blocks), encoding="utf-8")
    return told


def _blocks(plan: Plan, found: list[Section], out: Path, field: Path) -> list[_Block]:
    study, judged = plan.study, list(plan.study.axes)[-1]
    blocks = [_Block("h1", f"Study: {study.name}"), _Block("text", study.question)]
    for section in found:
        if section.held:
            blocks.append(_Block("h2", ", ".join(f"{axis}: {level}" for axis, level in section.held.items())))
        if section.lines:
            blocks.append(_Block("list", rows=tuple((text,) for text in _verdicts(section, judged))))
            blocks.append(_Block("table", rows=_table(section, judged)))
        if section.missing:
            rows = tuple((text,) for text in section.missing[:20])
            blocks += [_Block("text", f"{len(section.missing)} cells are not there:"), _Block("list", rows=rows)]
    finished = [section for section in found if section.lines]
    if finished:
        blocks.append(_Block("picture", "scores", data=draw_scores(finished, judged)))
        blocks.append(
            _Block("text", "Large dots are means with their 95 % interval over wells and seeds; small ones are seeds.")
        )
    blocks += [_Block("h2", "Design"), _Block("list", rows=tuple((text,) for text in _design(plan)))]
    for number, section in enumerate(finished, 1):
        title = ", ".join(section.held.values())
        blocks.append(_Block("h2", f"How every cell learnt{': ' + title if title else ''}"))
        blocks.append(_Block("picture", f"curves-{number}", data=draw_curves(section.lines)))
    settings = json.dumps(study.model_dump(mode="json"), indent=1)
    wells = {name: digest for place in plan.places for name, digest in place.cell.digests.items()}
    digests = tuple((name, wells[name][:16]) for name in sorted(wells))
    again = f"geobfdt study study.yaml {shlex.quote(str(field))} --out {shlex.quote(str(out))}"
    blocks += [
        _Block("h2", "Caveats"),
        _Block("list", rows=tuple((text,) for text in _caveats(plan))),
        _Block("h2", "Run it again"),
        _Block("text", f"geobfdt {__version__}; the settings below as study.yaml. Finished cells are not run again."),
        _Block("code", again),
        _Block("code", settings),
        _Block("table", rows=(("well", "SHA-256 begins with"), *digests)),
    ]
    return blocks


def _verdicts(section: Section, judged: str) -> list[str]:
    said = []
    for one, other, step in zip(section.lines, section.lines[1:], section.steps, strict=False):
        size = f"{step.difference:+.3f} ({step.lo:+.3f} to {step.hi:+.3f})"
        said.append(f"{one.name} to {other.name}: {size}: {step.verdict}")
    best = max(section.lines, key=lambda line: line.level.score)
    choice = section.lines[section.choice]
    said.append(
        f"Choice: {judged} {choice.name}, the first whose score ({choice.level.score:.3f}) is within a standard error "
        f"({best.level.error:.3f}) of the best ({best.name}, {best.level.score:.3f})"
    )
    return said


def _table(section: Section, judged: str) -> tuple[tuple[str, ...], ...]:
    head = (
        judged, "F1 3 cm", "95 %", "seeds", *(f"{kind} (blind)" for kind in CLASSES), "validation",
        "Hungarian loss", "L1", "class error %", "parameters", "s a cell", "MiB",
    )  # fmt: skip
    rows = [head]
    for line in section.lines:
        level, means = line.level, line.means
        kinds = (f"{_said(line.f1[kind])} ({_said(line.blind[kind])})" for kind in CLASSES)
        spread = f"{level.seeds.min():.2f}-{level.seeds.max():.2f}"
        rows.append((
            line.name, f"{level.score:.3f}", f"{_said(level.lo)}-{_said(level.hi)}", spread, *kinds,
            _said(means["validation"]), _said(means["hungarian_loss"], 4), _said(means["l1"], 3),
            _said(means["class_error_pct"]), f"{sum(line.parameters.values()) / 1e6:.2f} M", _said(means["seconds"], 0),
            _said(means["peak_mib"], 0),
        ))  # fmt: skip
    return tuple(rows)


def _said(value: float, digits: int = 2) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def _design(plan: Plan) -> list[str]:
    study = plan.study
    axes = [f"Axis {axis}: {', '.join(levels)}" for axis, levels in study.axes.items()]
    folds = [
        f"Fold {number}: tested on {', '.join(fold.test)}; stopped and thresholds set on {', '.join(fold.validate_on)}"
        for number, fold in enumerate(plan.folds, 1)
    ]
    held = "Everything but the axes is equal: wells, windows, augmentation draws, steps, and what stops a run."
    score = (
        "Score: F1 at a trace RMS of 3 cm before refinement, pooled over the wells of all folds, averaged over "
        "classes and seeds. Intervals of 95 % resample wells and seeds, the same for all levels; steps are paired. "
        "Blind: the same picks shifted in depth."
    )
    rule = (
        "A drift's interval excludes 0. A cliff's too, and it surely is larger than every other step. The choice is "
        "the first level, from the lightest, within a standard error of the best."
    )
    cells = f"{len({place.cell.digest for place in plan.places})} cells: {len(plan.folds)} folds, {study.seeds} seeds."
    return [*axes, cells, held, *folds, score, rule, *plan.notes]


def _caveats(plan: Plan) -> list[str]:
    matched = "Class error, Hungarian loss and L1 look at matched pairs only, as in the published table"
    said = [f"{matched}: blind to misses and false picks."]
    tested = {name for fold in plan.folds for name in fold.test}
    if len(tested) < 8 or plan.study.seeds < 3:
        said.append(
            f"{len(tested)} wells and {plan.study.seeds} seeds: intervals are rough, and small steps cannot be told."
        )
    return said


def _told(plan: Plan, found: list[Section]) -> dict[str, Any]:
    def known(value: float) -> float | None:
        return round(float(value), 5) if np.isfinite(value) else None

    return {
        "study": plan.study.model_dump(mode="json"),
        "notes": plan.notes,
        "sections": [
            {
                "held": section.held,
                "choice": section.lines[section.choice].name if section.lines else None,
                "levels": [
                    {
                        "name": line.name, "f1": known(line.level.score), "lo": known(line.level.lo),
                        "hi": known(line.level.hi), "seeds": [known(x) for x in line.level.seeds],
                        "by_class": {k: known(v) for k, v in line.f1.items()},
                        "blind": {k: known(v) for k, v in line.blind.items()},
                        "parameters": line.parameters, **{k: known(v) for k, v in line.means.items()},
                    }
                    for line in section.lines
                ],
                "steps": [
                    {"difference": known(s.difference), "lo": known(s.lo), "hi": known(s.hi), "verdict": s.verdict}
                    for s in section.steps
                ],
                "missing": section.missing,
            }
            for section in found
        ],
    }  # fmt: skip


def _markdown(block: _Block) -> str:
    if block.kind in ("h1", "h2"):
        return f"{'#' * int(block.kind[1])} {block.text}\n"
    if block.kind == "list":
        return "".join(f"- {row[0]}\n" for row in block.rows)
    if block.kind == "table":
        head, *rows = block.rows
        ruled = [head, tuple("---" for _ in head), *rows]
        return "".join(f"| {' | '.join(row)} |\n" for row in ruled)
    if block.kind == "code":
        return f"```\n{block.text}\n```\n"
    if block.kind == "picture":
        return f"![{block.text}]({block.text}.png)\n"
    return f"{block.text}\n"


def _html(name: str, blocks: list[_Block]) -> str:
    body = "\n".join(_element(block) for block in blocks)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Study: {html.escape(name)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _element(block: _Block) -> str:
    text = html.escape(block.text)
    if block.kind in ("h1", "h2"):
        return f"<{block.kind}>{text}</{block.kind}>"
    if block.kind == "list":
        return f"<ul>{''.join(f'<li>{html.escape(row[0])}</li>' for row in block.rows)}</ul>"
    if block.kind == "table":
        head, *rows = ([html.escape(cell) for cell in row] for row in block.rows)
        lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        return f'<div class="table"><table><tr>{"".join(f"<th>{c}</th>" for c in head)}</tr>{lines}</table></div>'
    if block.kind == "code":
        return f"<pre>{text}</pre>"
    if block.kind == "picture":
        return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(block.data).decode()}">'
    return f"<p>{text}</p>"
