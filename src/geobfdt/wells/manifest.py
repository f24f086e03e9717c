"""The manifest of a field: the source files and options of each well, so that it can be checked and made again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import sha256, write_text
from geobfdt.wells.options import ReadingOptions

__all__ = ["MANIFEST", "Entry", "Source", "options_given", "read_manifest", "source_of", "write_manifest"]

# Name of the manifest in the folder of the field.
MANIFEST = "manifest.json"


class Source(BaseModel):
    """A source file or a written file: its name without folders, and its SHA-256."""

    model_config = ConfigDict(frozen=True)

    file: str
    sha256: str


class Entry(BaseModel):
    """Sources and options of a well."""

    model_config = ConfigDict(frozen=True)

    well: str = Field(description="name of the well")
    image: Source = Field(description="the image file")
    picks: tuple[Source, ...] = Field((), description="pick table, mapping and vocabulary")
    options: dict[str, Any] = Field({}, description="reading options given")
    survey: Source | None = Field(None, description="the survey, if one was given")
    written: tuple[Source, ...] = Field((), description="files of the well as they were written")
    version: str = Field("", description="version of geobfdt")


def source_of(path: Path) -> Source:
    """Return name and SHA-256 of a file."""
    return Source(file=path.name, sha256=sha256(path))


def options_given(options: ReadingOptions | None) -> dict[str, Any]:
    """Return the reading options that are set, with a file by its name alone."""
    options_set = options.model_dump(exclude_none=True) if options else {}
    return {name: value.name if isinstance(value, Path) else value for name, value in options_set.items()}


def read_manifest(field: Path) -> dict[str, Entry]:
    """
    Read what the wells of a field were made of, by file stem; empty where a field has no manifest.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    file = field / MANIFEST
    if not file.exists():
        return {}
    try:
        wells = json.loads(file.read_text(encoding="utf-8"))["wells"]
        return {stem: Entry.model_validate(entry) for stem, entry in wells.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ValidationError, RecursionError) as error:
        observed = f"not the manifest of a field: {str(error).splitlines()[0][:200]}"
        raise InputError(file, observed, "restore it from a backup, or move it away to start a new one") from error


def write_manifest(field: Path, wells: dict[str, Entry]) -> None:
    """Write the manifest of a field, whole or not at all."""
    content = {"format": 1, "wells": {stem: wells[stem].model_dump(mode="json") for stem in sorted(wells)}}
    write_text(field / MANIFEST, json.dumps(content, indent=1) + "\n")
