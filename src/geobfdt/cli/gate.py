"""``geobfdt gate``: whether a model may pick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import AsJson, console, print_json, progress

# Exit status of a model that the gate refuses; 1 means that it could not be judged.
_REFUSED_STATUS = 3


def gate(
    model: Annotated[str, typer.Argument(help="The model: a folder, default, or REGISTRY@NAME.")],
    field: Annotated[Path, typer.Option("--field", help="Folder of interpreted wells.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the verdict; made if missing.")],
    demands: Annotated[
        Path | None, typer.Option(help="YAML that the chief interpreter signs. [default: skill, repeatability, speed]")
    ] = None,
    champion: Annotated[
        str | None,
        typer.Option(help="Model to compare with. [default: the champion of its registry, if any]"),
    ] = None,
    layer: Annotated[str | None, typer.Option(help="Layer of the review that is the truth.")] = None,
    who: Annotated[str | None, typer.Option(help="Name for the record. [default: the user of this machine]")] = None,
    as_json: AsJson = False,
) -> None:
    """
    Judge a model on wells that it was not trained on, against demands and against the champion.

    Writes verdict.html, verdict.md and verdict.json. For a model of a registry, the verdict goes on record. The exit
    status is 0 if it passed, 3 if it was refused, 1 if it could not be judged.
    """
    from geobfdt.model.registry import Registry, split_name
    from geobfdt.operation.gate import gate as judge_model
    from geobfdt.operation.gate_page import write_verdict
    from geobfdt.operation.gate_settings import DEFAULT_DEMANDS, read_gate

    settings = read_gate(demands) if demands is not None else DEFAULT_DEMANDS
    registry, name = split_name(model)
    if champion is None and registry is not None:
        models = Registry(registry)
        now = models.names().get("champion")
        champion = f"{registry}@champion" if now is not None and now != models.find(name) else None
    with progress("judging") as advance:
        verdict = judge_model(model, field, settings, champion=champion, layer=layer, progress=advance)
    write_verdict(verdict, out)
    if registry is not None:
        Registry(registry).judge(name, verdict.state, who=who, why="; ".join(verdict.failures) or str(out))
    if as_json:
        print_json(verdict.to_dict())
    else:
        console().print(f"{verdict.state}: {verdict.model}", markup=False)
        for failure in verdict.failures:
            console().print(f"  {failure}", markup=False)
        console().print(f"  {out / 'verdict.html'}", markup=False)
    if verdict.state != "passed":
        raise typer.Exit(_REFUSED_STATUS if verdict.state == "refused" else 1)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(gate)
