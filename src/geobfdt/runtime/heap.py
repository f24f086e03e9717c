"""
Settings of memory: one heap of glibc for all threads, free memory returned to the system, garbage collected rarely.

Without the first two a long well takes more memory than a short one: each thread's heap keeps what it once held, in
pieces. No other C library is touched.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import Any

__all__ = ["collect_garbage_rarely", "share_heap", "trim_heap"]

# Of glibc's mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
# Pieces of memory up to this size come from the heap, and stay there when they are free.
_HEAP_PIECE_BYTES = 1 << 30
# The heap grows by at least this many bytes.
_HEAP_GROWTH_BYTES = 1 << 26
# Objects that are made before garbage is looked for among them, and how many such rounds take in the older ones.
_COLLECTION_THRESHOLDS = 50_000, 10, 10


def share_heap() -> None:
    """
    Let threads share one heap, and let it keep its memory until it is trimmed.

    It has to be called before the first thread starts, as NumPy starts some when it is imported. Otherwise every piece
    above 32 MiB comes from the system, which clears each page of it: a tenth of the time of picking.
    """
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        for what, value in (
            (_ARENA_MAX, 1), (_MMAP_THRESHOLD, _HEAP_PIECE_BYTES), (_TRIM_THRESHOLD, _HEAP_PIECE_BYTES),
            (_TOP_PAD, _HEAP_GROWTH_BYTES),
        ):  # fmt: skip
            mallopt(what, value)


def trim_heap() -> None:
    """Return free memory to the system."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def collect_garbage_rarely() -> None:
    """
    Let Python look for garbage after 50,000 new objects, where it does after 700.

    The modules of a command are a million objects that stay, and Python would pass over all of them several times while
    they are loaded: a tenth of the time of a small file.
    """
    gc.set_threshold(*_COLLECTION_THRESHOLDS)


def _glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
