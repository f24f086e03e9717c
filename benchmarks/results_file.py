"""Write the rows of a benchmark as a file of `results/`, from which `make results` makes the page of results."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import math
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_SIGNIFICANT_DIGITS = 6  # Of numbers in a file of results; more only make differences hard to read.


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add the option `--out` for the file of results."""
    parser.add_argument("--out", type=Path, metavar="FILE", help="file of the rows: results/NAME.json")


def write_results(
    out: Path | None, rows: Sequence[Mapping[str, Any]], model: str | None = "default", *, avx512: bool = True
) -> None:
    """
    Write rows with the command, the weights, the version, the date, and whether the processor has AVX-512.

    Parameters
    ----------
    out : Path or None
        File; nothing is written without one.
    rows : sequence of mappings
        What was measured.
    model : str or None
        Model that was measured; None where no trained network takes part.
    avx512 : bool
        Whether the benchmark uses AVX-512 where the processor has it.
    """
    if out is None:
        return
    from geobfdt import __version__

    content = {
        "command": _command(),
        "weights": None if model is None else _weights(model),
        "version": __version__,
        "avx512": avx512 and _has_avx512(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "rows": [{key: _plain(value) for key, value in row.items()} for row in rows],
    }
    out.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")


def _has_avx512() -> bool:
    """Return whether the processor has AVX-512; only Linux tells."""
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512f" in flags.read_text().split()


def _weights(model: str) -> str:
    """SHA-256 of a model's weights."""
    from geobfdt.model.bundle_files import read_weights
    from geobfdt.model.registry import find_bundle

    return hashlib.sha256(read_weights(find_bundle(model))).hexdigest()


def _command() -> str:
    """Return this process's command, with absolute paths cut to their last name."""
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    threads = os.environ.get("OMP_NUM_THREADS")
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])
    return f"OMP_NUM_THREADS={threads} {command}" if threads else command


def _plain(value: Any) -> Any:
    """Return a value that JSON holds; None for one that is not defined."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else None
    return value
