"""Optional packages."""

from __future__ import annotations

import importlib
from typing import Any

from geobfdt.runtime.findings import InputError

__all__ = ["needed"]


def needed(package: str, extra: str) -> Any:
    """
    Import a package that an extra brings.

    Parameters
    ----------
    package, extra : str
        What is imported, and the extra to install for it.

    Raises
    ------
    InputError
        If it is not installed.

    Examples
    --------
    >>> needed("json", "reading").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(package, "not installed", f"pip install 'geobfdt[{extra}]'") from error
