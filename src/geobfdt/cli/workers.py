"""What runs many jobs, as options of a verb."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

__all__ = ["Address", "EngineName", "Workers"]

Workers = Annotated[int, typer.Option(min=1, help="Jobs that run at a time, a process of one thread each.")]
EngineName = Annotated[Literal["local", "ray"], typer.Option(help="What runs them; ray asks for geobfdt[ray].")]
Address = Annotated[str, typer.Option(help="Ray cluster that sees the same folders. [default: one started here]")]
