"""``geobfdt demo``: the whole path on a simulated well, with the commands a user would type."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from geobfdt.cli.console import console


def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="Folder for the demonstration.")] = Path("demo"),
) -> None:
    """
    Simulate a well, write it as DLIS, pick it, score it against its known planes.

    Each step is printed as the command that does it. The field that it writes can be used with every other command.
    """
    from geobfdt.workflows.demo import demo_commands

    for words in demo_commands(out):
        console().print(f"\n[bold]$ geobfdt {escape(shlex.join(words))}[/]")
        context.find_root().command.main(words, standalone_mode=False)
    console().print(
        f"\nThe picture: {out / 'picks' / 'W01.png'}\nThe table:   {out / 'picks' / 'W01.picks.csv'}\n"
        f"Look at it:  geobfdt open {shlex.quote(str(out / 'files' / 'W01.dlis'))} "
        f"--field {shlex.quote(str(out / 'field'))}",
        markup=False,
    )


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(demo)
