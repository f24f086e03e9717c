"""What runs many jobs, as options of a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from geobfdt.runtime.engine import Engine

__all__ = ["Address", "EngineName", "Workers", "engine_of"]

Workers = Annotated[int, typer.Option(min=1, help="Jobs that run at a time, a process of one thread each.")]
EngineName = Annotated[Literal["local", "ray"], typer.Option(help="What runs them; ray needs geobfdt[ray].")]
Address = Annotated[
    str | None, typer.Option(help="Ray cluster that sees the same folders. [default: one started here]")
]


def engine_of(name: str, workers: int, address: str | None) -> Engine:
    """Make the engine that the options describe; an address without Ray is refused."""
    from geobfdt.runtime.engine import Engine
    from geobfdt.runtime.findings import InputError

    if address is not None and name != "ray":
        raise InputError("--address", f"--engine {name} calls no cluster", "add --engine ray, or leave the address out")
    return Engine(workers=workers, ray=name == "ray", address=address)
