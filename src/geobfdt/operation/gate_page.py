"""The verdict of the gate as a page: demands, measured values, comparison with the champion, signature."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import yaml

from geobfdt._version import __version__
from geobfdt.evaluation.wording import number, span_words
from geobfdt.operation.gate import Verdict
from geobfdt.reports.document import Block, bullets, write_document
from geobfdt.reports.style import INK, KINDS
from geobfdt.runtime.storage import atomic_files
from geobfdt.wells.picks import CLASSES

__all__ = ["draw_verdict", "write_verdict"]


def write_verdict(verdict: Verdict, out: Path) -> None:
    """
    Write ``verdict.html``, ``verdict.md`` with its picture, and ``verdict.json``, all or none.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    with atomic_files(out) as part:
        write_document(part, "verdict", f"Gate: {verdict.model}", _blocks(verdict))
        (part / "verdict.json").write_text(json.dumps(verdict.to_dict(), indent=1) + "\n", encoding="utf-8")


def _blocks(verdict: Verdict) -> list[Block]:
    settings = verdict.settings
    # A person signs only what is in the file of demands; defaults of this version are left out of the text.
    text = yaml.safe_dump(settings.model_dump(mode="json", exclude_unset=True), sort_keys=False)
    signed = f"Demands signed by {settings.signed_by}" if settings.signed_by else "Unsigned demands"
    if settings.signed_on:
        signed += f" on {settings.signed_on.isoformat()}"
    signed += f"; SHA-256 of the text below begins with {hashlib.sha256(text.encode()).hexdigest()[:16]}."
    metres = sum(verdict.wells.values())
    wells = ", ".join(f"{name} ({length:.1f} m)" for name, length in verdict.wells.items())
    blocks = [
        Block("h1", f"{verdict.state.capitalize()}: {verdict.model}"),
        bullets(verdict.failures) if verdict.failures else Block("text", "Every demand holds."),
        Block("text", signed),
        Block("text", f"Judged on {metres:.1f} m that the model has not seen: {wells}."),
        Block("h2", "Demands"),
        Block("table", rows=_demands(verdict)),
    ]
    if verdict.champion:
        margin = "No margin is demanded."
        if settings.margin is not None:
            margin = f"A class may lose {settings.margin:g} at most; the lower end of the interval counts."
        blocks += [
            Block("h2", f"Against the champion, {verdict.champion}"),
            Block("text", f"Both models picked the same wells; differences come from the same resamples. {margin}"),
            Block("table", rows=_against(verdict)),
        ]
    blocks += [
        Block("picture", "verdict", data=draw_verdict(verdict)),
        Block("h2", "Scores, each beside its chance level"),
        Block("table", rows=_scores(verdict)),
        Block("h2", "The demands as signed"),
        Block("code", text),
        Block("text", f"A class is judged by {settings.planes} held-out planes or more. geobfdt {__version__}"),
        Block("h2", "Signature"),
        Block("table", rows=(("name", "date", "signature"), ("\u2007" * 24, "\u2007" * 12, "\u2007" * 30))),
    ]
    return blocks


def _demands(verdict: Verdict) -> tuple[tuple[str, ...], ...]:
    head = ("class", "measure", "demanded", "measured", "")
    rows = [
        (
            one.class_, one.measure, f"at {one.sense} {one.limit:g}",
            one.measured, "holds" if one.passed else "FAILS",
        )
        for one in verdict.demands
    ]  # fmt: skip
    return (head, *rows)


def _against(verdict: Verdict) -> tuple[tuple[str, ...], ...]:
    head = ("class", "champion, F1 3 cm", "this model", "difference", "95 %", "")
    rows = [
        (
            row["class"], number(row["f1_first"], ".3f"), number(row["f1_second"], ".3f"),
            number(row["difference"], "+.3f"), span_words(row["lo"], row["hi"], "+.3f", " to "),
            _word_for_outcome(verdict, bool(row["passed"])),
        )
        for row in verdict.against.to_dict("records")
    ]  # fmt: skip
    return (head, *rows)


def _word_for_outcome(verdict: Verdict, passed: bool) -> str:
    if verdict.settings.margin is None:
        return "no demand"
    return "holds" if passed else "FAILS"


def _scores(verdict: Verdict) -> tuple[tuple[str, ...], ...]:
    head = ("class", "distance", "within", "F1", "95 %", "precision", "recall", "chance level", "z", "planes", "picks")
    rows = [
        (
            row["class"], row["kind"], f"{100 * row['tolerance_m']:g} cm", number(row["f1"], ".3f"),
            span_words(row["f1_lo"], row["f1_hi"]), number(row["precision"]), number(row["recall"]),
            number(row["null_f1"]), number(row["z"], ".0f"), f"{row['n_truth']}", f"{row['n_picks']}",
        )
        for row in verdict.scores.table().to_dict("records")
        if row["n_truth"]
    ]  # fmt: skip
    return (head, *rows)


def draw_verdict(verdict: Verdict) -> bytes:
    """
    Draw precision and recall against tolerance, and the differences from the champion beside the margin.

    Returns
    -------
    bytes
        PNG.
    """
    from matplotlib.figure import Figure

    best = verdict.scores.best().query("n_truth > 0")
    classes = [name for name in CLASSES if name in set(best["class"])]
    figure = Figure(figsize=(9.0 if verdict.champion else 5.2, 3.4), layout="constrained")
    wide = [3, 2] if verdict.champion else [1]
    curves, *right = figure.subplots(1, len(wide), width_ratios=wide, squeeze=False)[0]
    for name in classes:
        mine = best[best["class"] == name]
        within, colour = 100 * mine["tolerance_m"], KINDS[name].colour
        curves.plot(within, mine["precision"], "o-", color=colour, label=f"{name}, precision")
        curves.plot(within, mine["recall"], "s--", color=colour, label=f"{name}, recall")
        curves.plot(within, mine["null_f1"], ":", color=colour, label=f"{name}, chance level of F1")
    curves.set(xlabel="tolerance (cm)", ylabel="share", ylim=(0, 1.02))
    curves.grid(color="0.92")
    curves.legend(frameon=False, fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    for axes in right:
        for y, row in enumerate(verdict.against.to_dict("records")):
            colour = KINDS[row["class"]].colour if row["class"] in KINDS else INK
            axes.hlines(y, row["lo"], row["hi"], color=colour, lw=2)
            axes.plot(row["difference"], y, "o", color=colour, ms=7)
        axes.axvline(0, color="0.6", lw=0.8)
        if verdict.settings.margin is not None:
            axes.axvline(-verdict.settings.margin, color="#b2182b", lw=1.2, ls="--")
        axes.set_yticks(range(len(verdict.against)), verdict.against["class"])
        axes.set(xlabel="F1 at 3 cm, minus the champion's\n(dashed: allowed loss)")
        axes.set_ylim(-0.6, len(verdict.against) - 0.4)
        # With more ticks the labels would touch.
        axes.locator_params("x", nbins=4)
        axes.grid(axis="x", color="0.92")
    stream = io.BytesIO()
    figure.savefig(stream, dpi=110)
    return stream.getvalue()
