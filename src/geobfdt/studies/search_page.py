"""The page of a search: the best settings, their importance, every trial, and the study that scores the best."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from geobfdt.reports.document import Block, bullets, write_document
from geobfdt.runtime.storage import atomic_files
from geobfdt.studies.figures import draw_importance, draw_trials
from geobfdt.studies.search import SearchResult, SearchSettings

__all__ = ["write_search_pages"]

_MAX_ROWS = 20  # Largest number of trials in the table.


def write_search_pages(search: SearchSettings, outcome: SearchResult, out: Path, field: Path) -> dict[str, Any]:
    """
    Write ``search.html``, ``search.md`` with its pictures, and ``found.json``.

    Parameters
    ----------
    search : SearchSettings
        What was searched.
    outcome : SearchResult
        What came out.
    out, field : Path
        Folders of the search and of its wells.

    Returns
    -------
    dict
        What ``found.json`` holds.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    summary = {
        "best": outcome.best._asdict() if outcome.best is not None else None,
        "importance": outcome.importance,
        "trials": [trial._asdict() for trial in outcome.trials],
    }
    with atomic_files(out) as part:
        write_document(part, "search", f"Search: {search.name}", _blocks(search, outcome, out, field))
        (part / "found.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")
    return summary


def _blocks(search: SearchSettings, outcome: SearchResult, out: Path, field: Path) -> list[Block]:
    blocks = [Block("h1", f"Search: {search.name}")]
    states = [trial.state for trial in outcome.trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    blocks.append(Block("text", f"{len(states)} trials: {counts}. Scores are mean F1 on the wells that validate."))
    repeat = shlex.join(["geobfdt", "search", str(out / "search.yaml"), str(field), "--out", str(out)])
    if outcome.best is None:
        return [*blocks, Block("text", "No trial finished."), Block("code", repeat)]
    if not outcome.best.beats_null:
        nothing = (
            f"Nothing was learnt: the best score, {outcome.best.score:.3f}, is not above chance level, "
            f"{outcome.best.chance:.3f}. No settings can be told apart; give trials more steps, or bring more wells in."
        )
        return [*blocks, Block("text", nothing), Block("code", repeat)]
    best = [f"{name}: {json.dumps(value)}" for name, value in outcome.best.values.items()]
    blocks += [Block("h2", f"Best, {outcome.best.score:.3f}"), bullets(best)]
    again = f"{shlex.join(['geobfdt', 'study', str(out / 'found.yaml'), str(field)])} --out DIR"
    flattered = "It was chosen by its score, which is too high for that reason. Score it on other wells:"
    blocks += [Block("text", flattered), Block("code", again)]
    if outcome.importance:
        blocks += [
            Block("h2", "What matters"),
            Block("picture", "importance", data=draw_importance(outcome.importance)),
        ]
    blocks += [Block("h2", "Trials"), Block("picture", "trials", data=draw_trials(outcome.trials))]
    ranked = sorted(outcome.trials, key=lambda trial: -(trial.score if trial.score is not None else -1))[:_MAX_ROWS]
    rows = [
        (str(trial.number), "-" if trial.score is None else f"{trial.score:.3f}", trial.state,
         *(f"{value:.3g}" if isinstance(value, float) else json.dumps(value) for value in trial.values.values()))
        for trial in ranked
    ]  # fmt: skip
    blocks.append(Block("table", rows=(("trial", "score", "", *search.space), *rows)))
    text = json.dumps(search.model_dump(mode="json"), indent=1)
    return [*blocks, Block("h2", "Settings"), Block("code", text), Block("h2", "Run it again"), Block("code", repeat)]
