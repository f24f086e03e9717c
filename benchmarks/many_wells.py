"""Many wells picked by Ray, with two workers against one: time, memory, and whether the bytes are the same.

``python benchmarks/many_wells.py --wells 20 --metres 500``
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import geobfdt

PICK = "from geobfdt.cli import main; main()"


def picked(field: Path, out: Path, *words: str) -> tuple[float, dict[str, str]]:
    """Seconds of picking a field, and SHA-256 of every file that came out, pictures included."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", PICK, "pick", str(field), "--out", str(out), "--json", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    output = process.stderr.read()
    if process.wait():
        sys.exit(output)
    seconds = time.perf_counter() - began
    return seconds, {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(out.iterdir())}


def peak_of_pickers(stop: threading.Event, peaks: dict[int, int]) -> None:
    """Peak memory (kB) of every process that picks, looked at each half second: Ray's are nobody's children."""
    while not stop.wait(0.5):
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                words = (status.parent / "cmdline").read_bytes().split(b"\0")
                if PICK.encode() in words:
                    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
                    peaks[int(status.parent.name)] = int(line.split()[1])
            except (OSError, StopIteration):  # it has ended
                continue


def main() -> None:
    """Simulate a field, pick it with one worker, with two, and without workers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wells", type=int, default=20)
    parser.add_argument("--metres", type=float, default=500.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", action="store_true", help="also time a pick without workers")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        geobfdt.simulate(
            place / "sim", geobfdt.SimulateOptions(wells=arguments.wells, length=arguments.metres, seed=arguments.seed)
        )
        geobfdt.ingest(sorted((place / "sim").glob("*.dlis")), place / "field")
        metres = arguments.wells * arguments.metres
        rows = {}
        tables = {}
        runs = {
            "ray, 2 workers": ("--engine", "ray", "--workers", "2"),
            "ray, 1 worker": ("--engine", "ray", "--workers", "1"),
            "no workers": (),
        }
        for name in [name for name in runs if name != "no workers" or arguments.without]:
            stop, peaks = threading.Event(), {}
            watch = threading.Thread(target=peak_of_pickers, args=(stop, peaks))
            watch.start()
            out = place / name.replace(", ", "-").replace(" ", "-")
            seconds, tables[name] = picked(place / "field", out, *runs[name])
            stop.set()
            watch.join()
            rows[name] = {
                "seconds": round(seconds, 1),
                "metres_a_second": round(metres / seconds, 2),
                "largest_processes_mib": [round(peak / 1024) for peak in sorted(peaks.values())[-3:]],
            }
            sys.stderr.write(f"{name}: {rows[name]}\n")
        one, two = (rows[f"ray, {n}"]["seconds"] for n in ("1 worker", "2 workers"))
        disk = {
            "field": sum(file.stat().st_size for file in (place / "field").rglob("*") if file.is_file()),
            "picks": sum(file.stat().st_size for file in (place / "ray-2-workers").iterdir()),
        }
        summary = {
            "wells": arguments.wells,
            "metres": metres,
            "runs": rows,
            "efficiency": round(one / (2 * two), 3),
            "same_bytes": tables["ray, 1 worker"] == tables["ray, 2 workers"],
            "not_the_same_without_workers": sorted(
                file for file, digest in tables.get("no workers", {}).items() if tables["ray, 1 worker"][file] != digest
            ),
            "bytes_a_metre": {name: round(size / metres) for name, size in disk.items()},
        }
        sys.stdout.write(json.dumps(summary, indent=1) + "\n")


if __name__ == "__main__":
    main()
