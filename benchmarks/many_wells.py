"""Many wells picked by Ray, with two workers against one: time, memory, and whether the bytes are the same.

``python benchmarks/many_wells.py --wells 20 --metres 500``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geobfdt

PICK = "from geobfdt.cli import main; main()"


def picked(field: Path, out: Path, *words: str) -> tuple[float, dict[str, str]]:
    """Seconds of picking a field, and SHA-256 of every table."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PICK, "pick", str(field), "--out", str(out), "--json", *words],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.stderr)
    files = sorted(file for file in out.iterdir() if file.suffix in (".csv", ".json"))
    return seconds, {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def main() -> None:
    """Simulate a field, pick it with one worker, with two, and without workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--metres", type=float, default=500.0)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        geobfdt.simulate(place / "sim", wells=asked.wells, length=asked.metres, seed=asked.seed)
        geobfdt.ingest(sorted((place / "sim").glob("*.dlis")), place / "field")
        metres = asked.wells * asked.metres
        told = {}
        kept = {}
        for name, words in {
            "ray, 2 workers": ("--engine", "ray", "--workers", "2"),
            "ray, 1 worker": ("--engine", "ray", "--workers", "1"),
            "no workers": (),
        }.items():
            seconds, kept[name] = picked(place / "field", place / name.replace(", ", "-").replace(" ", "-"), *words)
            told[name] = {"seconds": round(seconds, 1), "metres_a_second": round(metres / seconds, 2)}
            sys.stderr.write(f"{name}: {told[name]}\n")
        one, two = (told[f"ray, {n}"]["seconds"] for n in ("1 worker", "2 workers"))
        tables = {
            name: {file: digest for file, digest in made.items() if "json" not in file} for name, made in kept.items()
        }
        disk = {
            "field": sum(file.stat().st_size for file in (place / "field").rglob("*") if file.is_file()),
            "picks": sum(file.stat().st_size for file in (place / "ray-2-workers").iterdir()),
        }
        summary = {
            "wells": asked.wells,
            "metres": metres,
            "runs": told,
            "efficiency": round(one / (2 * two), 3),
            "same_bytes": kept["ray, 1 worker"] == kept["ray, 2 workers"],
            "same_tables_without_workers": tables["ray, 1 worker"] == tables["no workers"],
            "peak_mib_of_a_process": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
            "bytes_a_metre": {name: round(size / metres) for name, size in disk.items()},
        }
        sys.stdout.write(json.dumps(summary, indent=1) + "\n")


if __name__ == "__main__":
    main()
