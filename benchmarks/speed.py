"""Processor seconds of everyday commands, by this version and an earlier one in turn.

    pip install 'geobfdt[fast]'
    python benchmarks/speed.py --earlier OLD/src --lengths 100 500 --rounds 3 --out results/speed.json
    python benchmarks/speed.py --earlier OLD/src --lengths 100 --without-avx512

OLD is a clone of the earlier version. Each command runs in a process of its own, by both versions in turn, and what is
printed is the median of its processor seconds over the rounds (user and system, start of Python included). These hardly
depend on what else the machine does. Kernels are compiled before the first round. `pick file to table` and the training
step are measured within the process, without the start.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from results_file import add_out, write_results

ROOT = Path(__file__).resolve().parents[1]
COMMAND = "from geobfdt.cli import main; main()"
PICK = """
import json, sys, time
from geobfdt.runtime.heap import share_heap
share_heap()
import geobfdt
geobfdt.pick, geobfdt.read
start = time.process_time()
picks = geobfdt.pick(geobfdt.read(sys.argv[1]))
seconds = time.process_time() - start
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([seconds, peak, len(picks)]))
"""
TRAIN = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import torch
from network import ours
forward, step, parameters = ours("curve", 2)
step()
seconds = []
for _ in range(5):
    start = time.process_time()
    step()
    seconds.append((time.process_time() - start) / 2)
print(json.dumps([sorted(seconds)[2], 0, 0]))
"""
# What PyTorch, oneDNN, MKL and Numba take for a processor without AVX-512.
WITHOUT_AVX512 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt,+avx,+avx2,+bmi,+bmi2,+fma",
}


class Measurement(NamedTuple):
    """Processor seconds, peak memory (bytes; 0 where it is not measured) and number of picks of one process."""

    seconds: float
    peak: int
    picks: int


def run(words: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run a process; return its processor seconds and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(f"{' '.join(words)}\n{process.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, process.stdout


def command(*words: str) -> Callable[[dict[str, str]], Measurement]:
    """Measure a command of geobfdt as a whole."""
    return lambda environment: Measurement(run(["-c", COMMAND, *words], environment)[0], 0, 0)


def inside(code: str, *words: str) -> Callable[[dict[str, str]], Measurement]:
    """Measure what a script measures of itself."""
    return lambda environment: Measurement(*json.loads(run(["-c", code, *words], environment)[1].splitlines()[-1]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--earlier", type=Path, required=True, help="folder `src` of the earlier version")
    parser.add_argument("--lengths", type=float, nargs="+", default=[100.0])
    parser.add_argument("--seed", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="measure only what contains these words")
    parser.add_argument("--without-avx512", action="store_true")
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.simulation.field import SimulateOptions, simulate

    inherited = {**os.environ, **(WITHOUT_AVX512 if arguments.without_avx512 else {})}
    inherited["OMP_NUM_THREADS"] = inherited.get("OMP_NUM_THREADS", "1")
    others = os.environ.get("PYTHONPATH", "")
    versions = {
        name: {**inherited, "PYTHONPATH": f"{source}{os.pathsep}{others}"}
        for name, source in (("earlier", arguments.earlier.resolve()), ("this", ROOT / "src"))
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tasks: dict[str, Callable[[dict[str, str]], Measurement]] = {}
        for length in arguments.lengths:
            out = folder / f"{length:g}"
            simulate(out, SimulateOptions(wells=1, length=length, seed=arguments.seed, tool="fmi", deviation=0.0))
            dlis = next(out.glob("*.dlis"))
            # Files of the earlier version are read by both; the reverse need not hold.
            run(["-c", COMMAND, "ingest", str(dlis), "--field", str(out / "field")], versions["earlier"])
            well = str(next((out / "field").glob("*.nc")))
            what = f"{length:g} m"
            tasks[f"pick {what}, file to table"] = inside(PICK, well)
            tasks[f"geobfdt pick {what}, no picture"] = command("pick", well, "--out", str(out / "t"), "--no-picture")
            tasks[f"geobfdt pick {what}"] = command("pick", well, "--out", str(out / "p"))
            tasks[f"geobfdt inspect {what}"] = command("inspect", str(dlis))
        photo = folder / "wall.png"
        pixels = np.random.default_rng(0).normal(128, 30, (1500, 720)).clip(0, 255).astype(np.uint8)
        pixels[700:712] = 20
        Image.fromarray(pixels).save(photo)
        ends = ("--top", "10", "--bottom", "13", "--diameter", "0.1")
        tasks["geobfdt pick 3 m picture"] = command("pick", str(photo), "--out", str(folder / "photo"), *ends)
        tasks["training step, a window"] = inside(TRAIN, str(ROOT / "benchmarks"))
        tasks = {task: measure for task, measure in tasks.items() if (arguments.only or "") in task}
        run(["-c", "import importlib; importlib.import_module('geobfdt.model.curve.accelerated')"], versions["this"])
        rows, seconds = [], defaultdict(list)
        for task, measure in tasks.items():
            for _ in range(arguments.rounds):
                for version, environment in versions.items():
                    got = measure(environment)
                    seconds[task, version].append(got)
                    rows.append({"what": task, "version": version, **got._asdict()})
            earlier, this = (np.median([m.seconds for m in seconds[task, name]]) for name in versions)
            peaks = [max(m.peak for m in seconds[task, name]) / 2**20 for name in versions]
            print(
                f"{task:36} {earlier:8.2f} s {this:8.2f} s   ratio {earlier / this:5.2f}"
                + (f"   peak {peaks[0]:6.0f} MiB {peaks[1]:6.0f} MiB" if peaks[1] else ""),
                flush=True,
            )
    write_results(arguments.out, rows, avx512=not arguments.without_avx512)


if __name__ == "__main__":
    main()
