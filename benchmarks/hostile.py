"""Send damaged files of every format to a server; count its answers, crashes and files left behind.

    python benchmarks/hostile.py --files 1000 --servers 2 --seed 1 --out results/hostile.json

Each file is a mutant of a sound one: bytes flipped, overwritten, cut out, repeated, numbers made large; one in eight
comes under the name of another format. Every file must end as a well of the field or with one line; a line must not
show a folder of the server. Beside the wells of each field lie a link to nothing, a named pipe, a folder, a name with
a blank and an image of 100,000 columns: the list of wells must name them, and go on. ``died`` are readers that crashed
in their own process, which is what it is for.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import runpy
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import numpy as np
from results_file import add_out, write_results
from served import Server, left_behind

import geobfdt
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.wells.image import well_image

FUZZ = runpy.run_path(str(Path(__file__).parents[1] / "tests" / "io" / "test_fuzz.py"))
mutate, seeds = FUZZ["mutate"], FUZZ["seeds"]

TAKEN = (".dlis", ".lis", ".las", ".csv", ".txt", ".nc", ".png", ".tif", ".npz")  # the names that the server takes
SLOW = 120.0  # s after which a file counts as a hang
AT_ONCE = 40

Counts = dict[str, collections.Counter[str]]


def outcome(job: dict[str, object], place: Path) -> str:
    """What became of a file, in a word."""
    message = str(job["message"])
    if job["state"] == "done":
        return "brought in"
    if (
        "Traceback" in message
        or not message.isprintable()
        or str(place) in message
        or "/tmp" in message
        or len(message) > 1000
    ):
        return "UNFIT"
    if "without a word" in message:
        return "died"
    if "took more" in message or "took too long" in message:
        return "limited"
    return "FAULT" if re.match(r"\w+(Error|Exception|Warning): ", message) else "refused"


def send(server: Server, kinds: dict[str, bytes], numbers: Sequence[int], counts: Counts, unfit: list[str]) -> None:
    """Send mutants by numbers, a few waiting at a time, and count what became of each."""
    names = sorted(kinds)
    for first in range(0, len(numbers), AT_ONCE):
        waiting: dict[str, tuple[str, int]] = {}
        for number in numbers[first : first + AT_ONCE]:
            rng = np.random.default_rng(number)
            name = names[number % len(names)]
            suffix = Path(name).suffix
            if suffix not in TAKEN or rng.random() < 1 / 8:
                suffix = TAKEN[rng.integers(len(TAKEN))]
            status, answer = server.request(
                "PUT", f"/api/uploads/m{number}{suffix}?replace=true", mutate(kinds[name], rng)
            )
            if status != 200:
                unfit.append(f"{name} {number}: status {status} {answer[:200]!r}")
                continue
            waiting[json.loads(answer)["id"]] = (name, number)
        began = time.monotonic()
        while waiting:
            time.sleep(0.2)
            for job in server.jobs():
                if job["id"] in waiting and job["state"] in ("done", "failed"):
                    name, number = waiting.pop(job["id"])
                    came = outcome(job, server.place)
                    counts[name][came] += 1
                    if came.isupper() or came in ("died", "limited"):
                        unfit.append(f"{name} {number}: {came}: {job['message']}")
            if time.monotonic() - began > SLOW * AT_ONCE:
                unfit.append(f"HANG: {waiting}")
                for name, _ in waiting.values():
                    counts[name]["HANG"] += 1
                break


def strange_neighbours(field: Path) -> int:
    """Put into a field what no geobfdt wrote; how many are there."""
    (field / "dangling.nc").symlink_to(field / "nothing")
    os.mkfifo(field / "pipe.nc")
    (field / "folder.nc").mkdir()
    shutil.copy(next(field.glob("A*.nc")), field / "a blank.nc")
    wide = np.zeros((4, 100_000), np.float32)
    wide[::2] = 1
    write_netcdf(well_image(wide, 100 + 0.1 * np.arange(4), well="wide"), field / "wide.nc")
    return 5


def main() -> None:
    """Send them all, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", type=Path, help="what an earlier run printed: only the files that it names")
    add_out(parser)
    arguments = parser.parse_args()
    numbers: Sequence[int] = range(1_000_000 * arguments.seed, 1_000_000 * arguments.seed + arguments.files)
    if arguments.again:
        numbers = [int(number) for number in re.findall(r"^\S+ (\d+): ", arguments.again.read_text(), re.MULTILINE)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sound").mkdir()
        kinds = seeds(Path(folder) / "sound")
        counts: Counts = collections.defaultdict(collections.Counter)
        unfit: list[str] = []
        servers = []
        for n in range(arguments.servers):
            geobfdt.ingest([Path(folder) / "sound" / "a.dlis"], Path(folder) / str(n) / "field")
            neighbours = strange_neighbours(Path(folder) / str(n) / "field")
            servers.append(Server(Path(folder) / str(n), "--requests", "100000"))
        began = time.monotonic()
        memory: list[list[float]] = [[] for _ in servers]
        finished = threading.Event()

        def watch() -> None:
            while not finished.wait(20):
                for server, peak in zip(servers, memory, strict=True):
                    peak.append(server.memory_mib())
                total = sum(sum(count.values()) for count in counts.values())
                print(f"{time.monotonic() - began:7.0f} s {total:6} files {[round(m[-1]) for m in memory]} MiB",
                      file=sys.stderr, flush=True)  # fmt: skip

        threading.Thread(target=watch, daemon=True).start()
        with ThreadPoolExecutor(arguments.servers) as pool:
            sending = [
                pool.submit(send, server, kinds, numbers[n :: arguments.servers], counts, unfit)
                for n, server in enumerate(servers)
            ]
            for one in sending:
                one.result()  # a server that is gone ends this run, too
        finished.set()
        for server in servers:  # it still does what it is for
            _, answer = server.request("PUT", "/api/uploads/sound.dlis?replace=true", kinds["a.dlis"])
            job = next(job for job in server.jobs(ended=True) if job["id"] == json.loads(answer)["id"])
            health = json.loads(server.request("GET", "/health")[1])["state"]
            wells = json.loads(server.request("GET", "/api/wells")[1])
            damaged = [well["well"] for well in wells if "damage" in well]
            opened = {server.request("GET", f"/api/wells/{quote(well)}/tiles/static/0/0")[0] for well in damaged}
            print(f"strange neighbours: {len(damaged)} of {neighbours} named, opened with status {sorted(opened)}")
            print(f"afterwards: a sound file {job['state']}, health {health}")
            print(f"left behind: {left_behind(server) or 'nothing'}")
            server.close()
            print(f"server's log: {server.log.read_text()[-500:] or 'empty'}")
        columns = sorted({came for count in counts.values() for came in count})
        print(f"\n{'format':20}" + "".join(f"{name:>12}" for name in columns))
        for name in sorted(counts):
            print(f"{name:20}" + "".join(f"{counts[name][came]:12}" for came in columns))
        print(f"{'all':20}" + "".join(f"{sum(c[came] for c in counts.values()):12}" for came in columns))
        print(f"\n{time.monotonic() - began:.0f} s")
        for peak in memory:
            tenth = max(1, len(peak) // 10)
            if peak:
                first, last = np.mean(peak[:tenth]), np.mean(peak[-tenth:])
                print(f"memory: {first:.0f} MiB in the first tenth of the time, {last:.0f} in the last")
        print("\n".join(unfit))
        totals: collections.Counter[str] = sum(counts.values(), collections.Counter())
        write_results(arguments.out, [{"result": name, "files": totals[name]} for name in sorted(totals)], None)


if __name__ == "__main__":
    main()
