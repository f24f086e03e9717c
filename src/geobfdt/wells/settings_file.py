"""Settings that a person writes: YAML, checked, with one line for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from geobfdt.wells.findings import InputError

__all__ = ["read_settings", "said"]

Settings = TypeVar("Settings", bound=BaseModel)


def read_settings(kind: type[Settings], file: Path, what: str, cure: str, page: str) -> Settings:
    """
    Read settings from YAML.

    Parameters
    ----------
    kind : type
        Their model.
    file : Path
        Where they stand.
    what, cure : str
        What they are of, and what to do if the file is none.
    page : str
        Page of the documentation that lists them.

    Raises
    ------
    InputError
        If it cannot be read, or a name or value in it is not known; one line says which.
    """
    try:
        return kind.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise InputError(file, said(error), f"correct it; {page} lists what a {what} is made of") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(file, f"not a {what}: {str(error).splitlines()[0]}", cure) from error


def said(error: ValidationError) -> str:
    """Say the first thing that is wrong, and where."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place or 'settings'}: {first['msg'][0].lower()}{first['msg'][1:]}"
