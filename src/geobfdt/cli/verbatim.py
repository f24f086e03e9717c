"""Help as it is written: to rich, ``geobfdt[onnx]`` and ``[default: a file]`` are markup, and vanish."""

from __future__ import annotations

from typing import Any

import typer
from rich.markup import escape
from typer import core

__all__ = ["verbatim"]


class _Command(core.TyperCommand):
    """A command whose help, and that of its options, keeps its brackets."""

    def __init__(self, *words: Any, **more: Any) -> None:
        super().__init__(*words, **more)
        # Without it nothing reads markup.
        if core.HAS_RICH:
            self.help = escape(self.help or "")
            for one in self.params:
                if isinstance(one, core.TyperOption | core.TyperArgument):
                    one.help = escape(one.help or "")


def verbatim(app: typer.Typer) -> None:
    """Make all commands of an application, and of its sub-applications, show their help verbatim."""
    for command in app.registered_commands:
        command.cls = _Command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            verbatim(group.typer_instance)
