"""Optional packages."""

from __future__ import annotations

import importlib
from typing import Any

from geobfdt.runtime.findings import InputError

__all__ = ["import_extra"]


def import_extra(package: str, extra: str) -> Any:
    """
    Import a package that an extra of this package installs.

    Parameters
    ----------
    package, extra : str
        Package to import, and the extra that installs it.

    Raises
    ------
    InputError
        If it is not installed.

    Examples
    --------
    >>> import_extra("json", "reading").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise InputError(package, "not installed", f"pip install 'geobfdt[{extra}]'") from error
