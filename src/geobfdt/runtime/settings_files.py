"""Settings files: YAML that a person writes, with a check and one line for what is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import read_ordinary

__all__ = ["parse_yaml", "read_settings", "read_yaml", "validation_message"]

# A settings file has at most this many bytes.
_MAX_BYTES = 1 << 20
# PyYAML recurses once per level of nesting, and a hostile file nests until Python stops.
_MAX_DEPTH = 30

Settings = TypeVar("Settings", bound=BaseModel)


class _Loader(yaml.SafeLoader):
    """
    PyYAML's safe loader, which builds plain values only, without aliases, deep nesting and repeated keys.

    Ten lines of aliases to aliases make a billion values, and of two equal keys PyYAML silently keeps the second.
    """

    _depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read here", mark)
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise yaml.composer.ComposerError(None, None, f"nested over {_MAX_DEPTH} levels deep", mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: ARG002
        mapping = super().construct_mapping(node, deep=True)
        if len(mapping) < len(node.value):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise yaml.constructor.ConstructorError(None, None, f"{twice!r} stands there twice", node.start_mark)
        return mapping


def parse_yaml(text: str) -> Any:
    """
    Plain values of a YAML text.

    Raises
    ------
    ValueError
        If it is no YAML, or holds an alias, a key twice, or over 30 levels; one line says what and where.

    Examples
    --------
    >>> parse_yaml("least: {each: {z_5cm: 5}}")
    {'least': {'each': {'z_5cm': 5}}}
    """
    try:
        # This loader is a SafeLoader with further limits.
        return yaml.load(text, _Loader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ValueError(f"line {mark.line + 1}: {problem}" if mark else problem) from error
    except RecursionError as error:
        raise ValueError(f"nested over {_MAX_DEPTH} levels deep") from error


def read_yaml(file: Path, what: str, cure: str) -> Any:
    """
    Plain values of a YAML file.

    Parameters
    ----------
    file : Path
        An ordinary file of at most 1 MiB.
    what, cure : str
        What the file should be, and what the user can do if it is none.

    Raises
    ------
    InputError
        If it cannot be read, is no YAML, or holds an alias, a key twice, or over 30 levels.
    """
    try:
        return parse_yaml(read_ordinary(file, _MAX_BYTES, cure).decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(file, f"not a {what}: not UTF-8 text", cure) from error
    except ValueError as error:
        raise InputError(file, f"not a {what}: {error}", cure) from error


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
        return kind.model_validate(read_yaml(file, what, cure))
    except ValidationError as error:
        raise InputError(
            file, validation_message(error), f"correct it; {page} lists what a {what} is made of"
        ) from error


def validation_message(error: ValidationError) -> str:
    """Describe the first problem, and where it is."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place or 'settings'}: {first['msg'][0].lower()}{first['msg'][1:]}"
