"""How fast the review screen is on a long well: first picture, scrolling, tiles, edits.

    python benchmarks/review.py --metres 2000 --picks 20000 --out results/review.json

The well is noise and beds at 2.54 mm x 192 columns; the browser is Chromium without a screen, drawing in software.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from results_file import add_out, write_results
from served import chromium

PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"


def long_field(folder: Path, metres: float, count: int) -> None:
    """Write a field of one well with that many proposals."""
    from geobfdt.io.write.netcdf import write_netcdf
    from geobfdt.wells.image import well_image
    from geobfdt.wells.picks import complete, new_picks, write_picks

    rng = np.random.default_rng(0)
    rows = round(metres / 0.00254)
    values = rng.normal(size=(rows, 192)).astype(np.float32)
    values += np.cumsum(rng.normal(size=rows) * (rng.random(rows) < 0.01)).astype(np.float32)[:, None] * 0.3
    for pad in range(6):
        values[:, 32 * pad : 32 * pad + 6] = np.nan
    hole = {"diameter": 0.216, "deviation": 12.0, "hole_azimuth": 40.0, "reference": "north"}
    image = well_image(values, 1000 + 0.00254 * np.arange(rows), well="LONG", **hole)
    write_netcdf(image, folder / "LONG.nc")
    picks = new_picks(
        well="LONG", depth_m=rng.uniform(1000, 1000 + metres, count), class_=rng.choice(["bedding", "fracture"], count),
        amplitude_m=rng.uniform(0, 0.3, count), azimuth_app_deg=rng.uniform(0, 360, count), reference="north",
        confidence=rng.uniform(0.2, 1, count), status="proposed",
    )  # fmt: skip
    write_picks(complete(picks, image)[0], folder / "LONG.picks.csv")


def print_row(name: str, values: list[float]) -> dict[str, Any]:
    """Print the median and the 95th percentile of times (ms), and return them."""
    print(f"{name:44} median {np.median(values):7.1f}  p95 {np.percentile(values, 95):7.1f} ms", flush=True)
    return {"what": name, "median_ms": np.median(values), "p95_ms": np.percentile(values, 95)}


def tiles(levels: int = 6) -> list[dict[str, Any]]:
    """Times of tiles that nobody asked for before, spread over the well."""
    rng, rows = np.random.default_rng(1), []
    for variable in ("static", "dynamic"):
        for level in (0, 2, levels - 1):
            last = int(2000 / (0.00254 * 128 * 2**level)) - 1
            spent = []
            for number in rng.choice(max(last, 1), min(60, max(last, 1)), replace=False):
                began = time.perf_counter()
                urllib.request.urlopen(f"{ADDRESS}/api/wells/LONG/tiles/{variable}/{level}/{number}").read()
                spent.append(1000 * (time.perf_counter() - began))
            rows.append(print_row(f"tile, {variable}, level {level}", spent))
    return rows


def browse() -> list[dict[str, Any]]:
    """Open the page, look at the first picture, begin, scroll."""
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as tool:
        browser = chromium(tool)
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.add_init_script("localStorage.setItem('geobfdt-name', 'bench')")
        page = context.new_page()
        painted = "!!window.geobfdt && [...geobfdt.view.tiles.cache.values()].some((t) => t.canvas)"
        for what in ("first", "second"):
            began = time.perf_counter()
            page.goto("about:blank")
            page.goto(ADDRESS)
            while not page.evaluate(painted):
                time.sleep(0.005)
            rows.append(print_row(f"{what} opening", [1000 * (time.perf_counter() - began)]))
        page.get_by_role("button", name="Begin with").click()
        while not page.evaluate("geobfdt.store.planes.length && geobfdt.store.outbox.empty"):
            time.sleep(0.05)
        page.wait_for_timeout(1000)
        # A wheel notch every frame, for ten seconds; then fast, three screens a second.
        for name, by in (("slowly, 0.6 m a second", 0.01), ("fast, 5 m a second", 0.083)):
            page.evaluate("geobfdt.view.go(1500)")
            page.wait_for_timeout(500)
            frames = page.evaluate(
                "new Promise((done) => { const { view } = geobfdt; view.frames.length = 0; let n = 0;"
                f" const step = () => {{ view.scroll({by});"
                " if (++n < 300) requestAnimationFrame(step); else setTimeout(() => done(view.frames), 200); };"
                " requestAnimationFrame(step); })"
            )
            apart = np.diff([at for at, _ in frames])
            rows.append(print_row(f"scrolling {name}: frame to frame", list(apart)))
            rows.append(print_row(f"scrolling {name}: our own painting", [spent for _, spent in frames]))
        edits = []
        for _ in range(60):
            began = time.perf_counter()
            page.evaluate(
                "(async () => { const p = geobfdt.store.unreviewed()[0];"
                " await geobfdt.store.edit('accept', { [p.id]: { status: 'accepted' } }); })()"
            )
            edits.append(1000 * (time.perf_counter() - began))
        rows.append(print_row("an edit, to its acknowledgement", edits))
        print(f"page's heap {page.evaluate('performance.memory.usedJSHeapSize') / 2**20:44.0f} MiB")
        browser.close()
    return rows


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metres", type=float, default=2000)
    parser.add_argument("--picks", type=int, default=20000)
    add_out(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        long_field(Path(folder), arguments.metres, arguments.picks)
        program = "from geobfdt.cli import main; main()"
        command = [sys.executable, "-c", program, "serve", folder, "--port", str(PORT)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                while True:
                    try:
                        urllib.request.urlopen(ADDRESS).close()
                        break
                    except OSError:
                        time.sleep(0.1)
                time.sleep(3)  # a person takes longer to copy the address
                rows = browse() + tiles()
                memory = Path(f"/proc/{server.pid}/status").read_text()
                print(
                    "server's memory at most", next(line for line in memory.splitlines() if "VmHWM" in line)[6:].strip()
                )
            finally:
                server.kill()
    write_results(arguments.out, rows, None)


if __name__ == "__main__":
    main()
