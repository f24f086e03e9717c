"""One heap, counted by the C library itself."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import ctypes, sys, threading
from geobfdt import heap
assert "numpy" not in sys.modules  # which starts threads
if sys.argv[1] == "shared":
    heap.share_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(6)

def fill():
    together.wait()
    for _ in range(2000):
        libc.malloc(100)
    together.wait()

threads = [threading.Thread(target=fill) for _ in range(6)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has a heap a thread")
def test_threads_share_a_heap(tmp_path: Path) -> None:
    """Six threads fill one heap, where each would have had its own."""
    counts = {}
    for how in ("shared", "own"):
        file = tmp_path / how
        subprocess.run([sys.executable, "-c", SCRIPT, how, str(file)], check=True)
        counts[how] = file.read_text().count("<heap nr=")
    assert counts["shared"] == 1
    assert counts["own"] > 1


LARGE = """
import ctypes, sys
from geobfdt import heap
if sys.argv[1] == "shared":
    heap.share_heap()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc.restype = ctypes.c_void_p
libc.malloc(48 << 20)
file = ctypes.c_void_p(libc.fopen(sys.argv[2].encode(), b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has this limit")
def test_large_pieces_come_from_the_heap(tmp_path: Path) -> None:
    """48 MiB are part of the heap, which keeps them, where the system would be asked anew each time."""
    mapped = {}
    for how in ("shared", "own"):
        file = tmp_path / how
        subprocess.run([sys.executable, "-c", LARGE, how, str(file)], check=True)
        (line,) = [line for line in file.read_text().splitlines() if 'type="mmap"' in line]
        mapped[how] = int(line.split('size="')[1].split('"')[0])
    assert mapped["own"] - mapped["shared"] >= 48 << 20
