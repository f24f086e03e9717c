"""The reading options, made from their one definition, for every verb that reads a file."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer
from pydantic import ValidationError

from geobfdt.wells.options import ReadingOptions

__all__ = ["with_reading_options"]

# Title of the group of reading options in the help text.
_PANEL = "What the file does not say"


def with_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """
    Add an option for each field of ReadingOptions to a command, which gets them as ``reading``.

    Parameters
    ----------
    command : callable
        A typer command with a parameter ``reading: ReadingOptions``.

    Returns
    -------
    callable
        The command for typer.
    """
    names = list(ReadingOptions.model_fields)

    def wrapper(**arguments: Any) -> None:
        options_given = {name: arguments.pop(name) for name in names}
        try:
            reading = ReadingOptions(**options_given)
        except ValidationError as error:
            problem = error.errors()[0]
            flag = "--" + str(problem["loc"][0]).replace("_", "-")
            raise typer.BadParameter(
                f"{problem['msg'].removeprefix('Value error, ').lower()}, got {problem['input']!r}", param_hint=flag
            ) from error
        command(**arguments, reading=reading)

    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "reading"
    ]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                field.annotation,
                typer.Option("--" + name.replace("_", "-"), help=_sentence(field.description), rich_help_panel=_PANEL),
            ],
        )
        for name, field in ReadingOptions.model_fields.items()
    ]
    wrapper.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
    wrapper.__doc__, wrapper.__name__ = command.__doc__, command.__name__
    return wrapper


def _sentence(description: str | None) -> str:
    """Return the description of a field as the help of an option, which is a sentence."""
    return f"{description[0].upper()}{description[1:]}." if description else ""
