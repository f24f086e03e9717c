"""One heap, counted by the C library itself."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from geobfdt.runtime import heap

SCRIPT = """
import ctypes, sys, threading
from geobfdt.runtime import heap
assert "numpy" not in sys.modules  # which starts threads
if sys.argv[1] == "shared":
    heap.share_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc.restype = ctypes.c_void_p
{fill}
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""
SIX_THREADS = """
together = threading.Barrier(6)

def fill():
    together.wait()
    for _ in range(2000):
        libc.malloc(100)
    together.wait()

threads = [threading.Thread(target=fill) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap a thread")


def measure(fill: str, folder: Path) -> dict[str, str]:
    """What the C library tells of a heap that was filled, with our settings and with its own."""
    for how in ("shared", "own"):
        subprocess.run([sys.executable, "-c", SCRIPT.format(fill=fill), how, str(folder / how)], check=True)
    return {how: (folder / how).read_text() for how in ("shared", "own")}


def test_threads_share_a_heap(tmp_path: Path) -> None:
    """Six threads fill one heap, where each would have had its own."""
    counts = {how: text.count("<heap nr=") for how, text in measure(SIX_THREADS, tmp_path).items()}
    assert counts["shared"] == 1
    assert counts["own"] > 1


def test_large_pieces_come_from_the_heap(tmp_path: Path) -> None:
    """48 MiB are part of the heap, which keeps them, where the system would be asked anew each time."""
    mapped = {}
    for how, text in measure("libc.malloc(48 << 20)", tmp_path).items():
        (line,) = [line for line in text.splitlines() if 'type="mmap"' in line]
        mapped[how] = int(line.split('size="')[1].split('"')[0])
    assert mapped["own"] - mapped["shared"] >= 48 << 20


def test_garbage_is_collected_rarely_but_collected() -> None:
    """A hundred thousand objects that refer to themselves are collected in few rounds, and none is left."""
    thresholds, rounds = gc.get_threshold(), [part["collections"] for part in gc.get_stats()]
    heap.collect_garbage_rarely()
    try:
        for _ in range(120_000):
            circle: list[object] = []
            circle.append(circle)
        after = [part["collections"] for part in gc.get_stats()]
    finally:
        gc.set_threshold(*thresholds)
    assert 1 <= after[0] - rounds[0] <= 3
