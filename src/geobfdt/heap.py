"""What glibc's heap keeps: one heap for all threads, and what is free in it handed back.

Without these a long well takes more memory than a short one: each thread's heap keeps what it once held, in pieces.
No other C library is touched.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

__all__ = ["share_heap", "trim_heap"]

_ARENA_MAX = -8  # of glibc's mallopt(3)


def share_heap() -> None:
    """Let threads share a heap; it has to be called before anything starts one, as NumPy does when it is imported."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)


def trim_heap() -> None:
    """Hand back what is free."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
