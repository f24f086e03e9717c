"""Read a large DLIS with geobfdt and with a bare ``frame.curves()``, side by side: time and peak memory.

    python benchmarks/reading.py --gigabytes 1 --runs 5 --out results/reading.json

Each reading is its own process, the two in turn, so that caches and other load favour neither.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from results_file import add_out, write_results

# Both start with their libraries loaded: importing is once a session, not once a file.
OURS = """
import geobfdt
from geobfdt.io.images.dlis import frames as dlis
from geobfdt.io.images import files
start()
image = geobfdt.read(PATH)
rows, size = image.sizes["depth"], image.image.nbytes + (image.dynamic.nbytes if "dynamic" in image else 0)
"""
BARE = """
import dlisio.dlis
start()
with dlisio.dlis.load(PATH) as files:
    curves = [frame.curves() for f in files for frame in f.frames]
rows, size = len(curves[0]), sum(c.nbytes for c in curves)
"""
MEASURE = """
import json, time
def start():
    global wall, cpu
    wall, cpu = time.perf_counter(), time.process_time()
{body}
wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
# Not ru_maxrss, which a process inherits from the one that started it.
peak = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([wall, peak, rows, size, cpu]))
"""


def write(path: Path, gigabytes: float) -> None:
    """Write a DLIS of static and dynamic 360-column images, 0.1 in rows."""
    from geobfdt.io.write.dlis import write_dlis
    from geobfdt.wells.image import well_image

    rows = int(gigabytes * 1e9 / (2 * 360 * 4))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (rows, 360)).astype(np.float32)
    image = well_image(
        pixels, 1000 + 0.00254 * np.arange(rows), dynamic=pixels[::-1], diameter=0.2, deviation=5, hole_azimuth=30,
        well="BIG", tool="FMI", reference="north",
    )  # fmt: skip
    write_dlis(image, path)


def run(body: str, path: Path) -> list[float]:
    """Seconds, peak bytes, rows, image bytes and seconds of processor of one reading in a process of its own."""
    code = MEASURE.format(body=body.replace("PATH", repr(str(path))))
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    values: list[float] = json.loads(process.stdout.splitlines()[-1])
    return values


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    add_out(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "big.dlis"
        # In a process of its own: the writer's memory must not count here.
        writer = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import reading, pathlib; "
        subprocess.run(
            [sys.executable, "-c", writer + f"reading.write(pathlib.Path({str(path)!r}), {arguments.gigabytes})"],
            check=True,
        )
        run(BARE, path)  # warms the file cache
        pairs = [(run(OURS, path), run(BARE, path)) for _ in range(arguments.runs)]
        size = path.stat().st_size
    ratio, busy = ([ours[k] / bare[k] for ours, bare in pairs] for k in (0, 4))
    ours, bare = (statistics.median(p[k][0] for p in pairs) for k in (0, 1))
    peak, bare_peak = (max(p[k][1] for p in pairs) for k in (0, 1))
    print(f"file {size / 1e9:.2f} GB, {pairs[0][0][2]:,.0f} rows x 360, static and dynamic; {arguments.runs} pairs")
    print(f"geobfdt.read     {ours:6.2f} s   peak {peak / 2**30:.2f} GiB   images {pairs[0][0][3] / 2**30:.2f} GiB")
    print(f"frame.curves()   {bare:6.2f} s   peak {bare_peak / 2**30:.2f} GiB")
    print(f"ratio of times   median {statistics.median(ratio):.2f}, from {min(ratio):.2f} to {max(ratio):.2f}")
    print(f"ratio of processor times   median {statistics.median(busy):.2f}, from {min(busy):.2f} to {max(busy):.2f}")
    print(f"peak over images {(peak - pairs[0][0][3]) / 2**30:.2f} GiB")
    images = pairs[0][0][3] / 2**30
    rows = [
        {"reader": "geobfdt.read", "seconds": ours, "peak_gib": peak / 2**30},
        {"reader": "frame.curves()", "seconds": bare, "peak_gib": bare_peak / 2**30},
        {"file_gb": size / 1e9, "images_gib": images, "ratio": statistics.median(ratio), "ratio_to": max(ratio)},
    ]
    write_results(arguments.out, rows, None)


if __name__ == "__main__":
    main()
