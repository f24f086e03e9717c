"""Signatures as the source has them, and settings as a table.

Evaluated annotations print ``npt.ArrayLike`` as a union of a dozen types, and a settings model as pages of bounds.
"""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature


def is_settings(thing: object) -> bool:
    """Return whether an object is a settings model."""
    return inspect.isclass(thing) and issubclass(thing, BaseModel)


def written_signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, signature: str | None, _returned: str | None
) -> tuple[str, str | None] | None:
    """Return a signature with the annotations as they are written; none for settings, whose fields are listed."""
    if is_settings(thing):
        return "", None
    if signature is None or what not in {"function", "method", "class"}:
        return None
    try:
        written = inspect.signature(thing)
    except (TypeError, ValueError):
        return None
    parameters = list(written.parameters.values())
    if what == "method" and parameters and parameters[0].name in {"self", "cls"}:
        parameters = parameters[1:]
    text = stringify_signature(written.replace(parameters=parameters), unqualified_typehints=True)
    arguments, _, result = text.partition(" -> ")
    return arguments, result or None


def list_settings(_app: Sphinx, _what: str, _name: str, thing: Any, _options: Any, lines: list[str]) -> None:
    """Add the fields of a settings model to its docstring: name, type, default and description."""
    if not is_settings(thing) or not thing.model_fields:
        return
    lines += ["", ".. list-table:: Settings", "   :header-rows: 1", "   :widths: 20 35 45", ""]
    lines += ["   * - name", "     - default", "     - meaning"]
    for field, info in thing.model_fields.items():
        if info.default_factory is not None or info.default is PydanticUndefined:
            default = "" if info.default_factory is not None else "required"
        else:
            default = f"``{info.default!r}``"
        lines += [f"   * - ``{field}``", f"     - {default}", f"     - {info.description or ''}"]
    lines.append("")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to autodoc."""
    app.connect("autodoc-process-signature", written_signature)
    # numpydoc rewrites sections of a docstring at priority 500.
    app.connect("autodoc-process-docstring", list_settings, priority=900)
    return {"version": "1", "parallel_read_safe": True}
