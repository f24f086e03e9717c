"""What a pick table's columns and labels mean, as options of the verbs that read one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["Mapping", "Vocabulary"]

Mapping = Annotated[Path | None, typer.Option(help="YAML that says what the columns of a pick table mean.")]
Vocabulary = Annotated[Path | None, typer.Option(help="YAML that says which class each of a table's labels is.")]
