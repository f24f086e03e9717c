"""One heap for all threads, so that picking a long well takes no more memory than a short one."""

from __future__ import annotations

import ctypes
import sys

__all__ = ["share_heap"]

_ARENA_MAX = -8  # of glibc's mallopt(3)


def share_heap() -> None:
    """
    Let threads share a heap; glibc gives each its own, which keeps whatever it once held.

    It has to be called before anything starts a thread, as NumPy does when it is imported. No other C library is
    touched.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_ARENA_MAX, 1)
