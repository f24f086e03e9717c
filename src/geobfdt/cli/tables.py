"""Options of the verbs that bring in picks: what a table means, and the north of the result."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

__all__ = ["Convergence", "Mapping", "ToNorth", "Vocabulary"]

Mapping = Annotated[Path | None, typer.Option(help="YAML that says what the columns of a pick table mean.")]
Vocabulary = Annotated[Path | None, typer.Option(help="YAML that says which class each of a table's labels is.")]
ToNorth = Annotated[
    Literal["true", "grid"] | None, typer.Option(help="Turn azimuths to this north, by declination and convergence.")
]
Convergence = Annotated[
    float | None,
    typer.Option(min=-180, max=180, help="Added to grid azimuths to get true ones (deg, east is +), for --to-north."),
]
