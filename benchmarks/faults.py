"""Cause each fault many times, and count after how many the files are sound and the command recovers.

    python benchmarks/faults.py --times 25 --seed 0 --out results/faults.json

A small field (five wells of 6 m) and a small network, so that a retraining takes seconds: what is tried is how things
are written, not how well they pick. `sound` counts tries after which the registry was whole, its record read, its
champion the former or the new one, and no half-written file lay where a reader looks; `mended` counts those where the
same command, started again, reached its result. A traceback is never sound.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from results_file import add_out, write_results
from served import Server

import geobfdt
from geobfdt.model.network_settings import CurveSettings
from geobfdt.model.registry import RECORD, Registry, load_model
from geobfdt.runtime.findings import InputError
from geobfdt.training.training_settings import TrainingSettings
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.picks import validate

TINY = CurveSettings(
    columns=32, widths=(16, 16, 16, 16), features=8, votes=2, head=8, content=16, sampled=4, fine=4,
    layers=((4, 0.08, 3, 16), (2, 0.03, 3, 16)), doubts=((1, -1.75),), tiers=((0.13, 1), (0.4, 2)), queries=12,
)  # fmt: skip
QUICK = TrainingSettings(steps=4, batch=1, rows=128, warmup=1, every=2)
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}


def command(*words: object) -> list[str]:
    """A command of geobfdt for a process of its own."""
    return [sys.executable, "-c", "from geobfdt.cli import main; main()", *map(str, words)]


def start(*words: object, limit: int | None = None) -> subprocess.Popen[str]:
    """Start it; with a limit, no file may grow beyond so many bytes, as on a full disk."""

    def bound() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    pipe = subprocess.PIPE
    return subprocess.Popen(
        command(*words), stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, start_new_session=True, preexec_fn=bound
    )


class Place:
    """A field with news, and a registry whose champion does not know them; made once, copied for each try."""

    def __init__(self, root: Path) -> None:
        self.model = root / "template"
        sim, field = root / "sim", self.model / "field"
        geobfdt.simulate(sim, geobfdt.SimulateOptions(wells=5, length=6, seed=3, tool="atv", interpreter="dense"))
        files = sorted(sim.glob("*.dlis"))
        geobfdt.ingest(files[:4], field, geobfdt.IngestOptions(picks=sim))
        geobfdt.train(field, root / "first", geobfdt.TrainOptions(blind=["W01", "W02"], training=QUICK, network=TINY))
        models = Registry(self.model / "models")
        models.name(models.add(root / "first"), "champion")
        geobfdt.ingest(files[4:], field, geobfdt.IngestOptions(picks=sim))
        geobfdt.simulate(root / "news", geobfdt.SimulateOptions(wells=1, length=3, seed=4, tool="atv"))
        shutil.copy(next((root / "news").glob("*.dlis")), self.model / "news.dlis")
        (self.model / "gate.yaml").write_text(
            "blind: [W01, W02]\nplanes: 1\nleast: {all: {metres_per_second: 0.001}}\nmost: {}\nmargin: 1\n"
        )

    def fresh(self, folder: Path) -> Path:
        """A copy to spoil."""
        shutil.rmtree(folder, ignore_errors=True)
        return Path(shutil.copytree(self.model, folder))


def retrain(place: Path) -> tuple[object, ...]:
    """The command that is disturbed."""
    return (
        "retrain", "--field", place / "field", "--models", place / "models", "--demands", place / "gate.yaml",
        "--promote", "--steps", "4", "--include", "W05",
    )  # fmt: skip


def sound(place: Path) -> bool:
    """Whether what lies there is whole."""
    models = Registry(place / "models")
    try:
        whole = not any(models.verify().values())
        return whole and models.find("champion") in models.bundles()
    except InputError:
        return False


def is_consistent(place: Path) -> bool:
    """Whether the champion knows the news, and the record tells it once."""
    models = Registry(place / "models")
    promotions = [entry for entry in models.record() if entry.action == "name" and entry.name == "champion"]
    return "W05" in load_model(f"{place / 'models'}@champion").exposures and len(promotions) == 2


def quiet(run: subprocess.Popen[str]) -> tuple[int, bool]:
    """Wait for the end: exit status, and whether it ended without a traceback."""
    _, errors = run.communicate(timeout=300)
    return run.returncode, "Traceback" not in errors


def killed(place: Path, rng: np.random.Generator, typical_s: float) -> tuple[bool, bool]:
    """Killed with its children at some moment, started again."""
    run = start(*retrain(place))
    time.sleep(float(rng.uniform(0.15, 1.05)) * typical_s)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    good = sound(place)
    status, clean = quiet(start(*retrain(place)))
    return good and clean, status == 0 and is_consistent(place) and sound(place)


def full(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """The disk is full at some size of file; then there is room again."""
    status, clean = quiet(start(*retrain(place), limit=int(2 ** rng.uniform(8, 21))))
    good = clean and sound(place)
    status, clean = quiet(start(*retrain(place)))
    return good and clean, status == 0 and is_consistent(place) and sound(place)


def twice(place: Path, rng: np.random.Generator, typical_s: float) -> tuple[bool, bool]:
    """Two at once: one does it, the other says so in one line or finds it done."""
    runs = [start(*retrain(place))]
    time.sleep(float(rng.uniform(0, 0.5)) * typical_s)
    runs.append(start(*retrain(place)))
    ends = [quiet(run) for run in runs]
    good = all(clean for _, clean in ends) and sound(place)
    return good, sorted(status for status, _ in ends) in ([0, 0], [0, 1]) and is_consistent(place)


def bent(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """A byte of the champion, its card, the record, a pick table or an image is another; then it is as it was."""
    models = place / "models"
    files = [
        *(models / Registry(models).find("champion")).iterdir(), models / RECORD, *(place / "field").glob("W0*.csv"),
        *(place / "field").glob("*.nc"),
    ]  # fmt: skip
    file = files[rng.integers(len(files))]
    data = file.read_bytes()
    at = int(rng.integers(len(data)))
    file.chmod(0o644)
    file.write_bytes(data[:at] + bytes([data[at] ^ int(rng.integers(1, 256))]) + data[at + 1 :])
    before = (models / RECORD).read_bytes()
    status, clean = quiet(start(*retrain(place)))
    if status == 0 and file.suffix in (".csv", ".nc"):
        return clean and sound(place), True  # another pick or pixel is no damage that could be seen
    is_intact = (models / RECORD).read_bytes().startswith(before)
    file.write_bytes(data if file.name != RECORD else data + (models / RECORD).read_bytes()[len(data) :])
    status, again = quiet(start(*retrain(place)))
    return clean and again and is_intact, status == 0 and is_consistent(place) and sound(place)


def pick(place: Path) -> tuple[object, ...]:
    """A pick that is disturbed."""
    return "pick", place / "field" / "W05.nc", "--out", place / "out", "--model", f"{place / 'models'}@champion"


def picked(place: Path) -> dict[str, bytes]:
    """What lies where a reader of picks looks."""
    return {file.name: file.read_bytes() for file in (place / "out").glob("[!.]*") if file.is_file()}


def unpicked(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """Killed while picking: what is there is as it should be, and picked again all is."""
    began = time.perf_counter()
    status, _clean = quiet(start(*pick(place)))
    typical_s, right = time.perf_counter() - began, picked(place)
    shutil.rmtree(place / "out")
    run = start(*pick(place))
    time.sleep(float(rng.uniform(0.3, 1.02)) * typical_s)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    good = picked(place).items() <= right.items()
    again, clean = quiet(start(*pick(place)))
    return good and clean and len(right) > 2, status == again == 0 and picked(place) == right


EDITS = "/api/wells/W01/layers/anna"


def press(server: Server, news: bytes, until: float) -> tuple[dict[str, str], set[str], list[str]]:
    """Decide on picks, send a well and have another picked: what was acknowledged, and what was said wrongly."""
    decided: dict[str, str] = {}
    queued: set[str] = set()
    unfit: list[str] = []
    ways = itertools.cycle(("accepted", "rejected"))

    def send(method: str, path: str, body: object) -> dict[str, object] | None:
        status, answer = server.request(method, path, body)
        reply = json.loads(answer)
        if status >= 500 and status != 507:
            unfit.append(f"{method} {path}: {status} {reply}")
        return reply if status == 200 else None

    with contextlib.suppress(OSError, http.client.HTTPException):  # it was killed
        start = send("POST", f"{EDITS}/begin", {"person": "anna", "key": "the-beginning"})
        for path, body in (("/api/uploads/NEW.dlis", news), ("/api/wells/W02/pick", {"person": "b", "layer": "m"})):
            if job := send("PUT" if isinstance(body, bytes) else "POST", path, body):
                queued.add(str(job["id"]))
        items = sorted(item for item in start["items"] if item.startswith("p")) if start else []
        for item in itertools.cycle(items):
            if time.monotonic() > until:
                break
            way = next(ways)
            decided.pop(item, None)  # until it is acknowledged it may be either
            if send("POST", f"{EDITS}/edits", {"person": "anna", "items": {item: {"status": way}}}):
                decided[item] = way
    return decided, queued, unfit


def served(place: Path, rng: np.random.Generator, limit: int | None) -> tuple[bool, bool]:
    """A server that is killed, or has no room, while one decides, sends and picks; then one that is let be."""
    model = ("--model", f"{place / 'models'}@champion", "--requests", "10000")
    try:
        server = Server(place, *model, limit=limit)
    except SystemExit as error:  # no room to begin with: one line
        message = str(error)
        server = None
        decided, queued, unfit = {}, set(), [message] if "Traceback" in message else []
    if server is not None:
        after = float(rng.uniform(0.3, 8.0))
        ender = threading.Timer(after, server.kill)
        ender.start()
        decided, queued, unfit = press(server, place.joinpath("news.dlis").read_bytes(), time.monotonic() + 30)
        ender.join()
    server = Server(place, *model)
    jobs = {job["id"]: job for job in server.jobs(ended=True)}
    status, answer = server.request("GET", EDITS)
    items = json.loads(answer)["items"] if status == 200 else {}
    is_complete = all(items.get(item, {}).get("status") == way for item, way in decided.items())
    is_queued = queued <= set(jobs) and all(job["message"].isprintable() for job in jobs.values())
    again = [server.request("PUT", "/api/uploads/NEW.dlis?replace=true", place.joinpath("news.dlis").read_bytes())]
    again += [server.request("POST", "/api/wells/W02/pick", {"person": "b", "layer": "m"})]
    job_ids = {json.loads(answer)["id"] for _, answer in again}
    mended = all(job["state"] == "done" for job in server.jobs(ended=True) if job["id"] in job_ids)
    mended &= not list((server.field / ".jobs" / "work").glob("*")) and sound(place)
    server.close()
    clean = "Traceback" not in server.log.read_text()
    if limit is None:  # nothing was in the way of what was queued; a well may have been written, and its job killed
        came = [jobs[job] for job in queued if job in jobs]
        is_complete &= all(job["state"] == "done" or "in the field already" in job["message"] for job in came)
    if not (is_complete and is_queued and clean and not unfit):
        print(is_complete, is_queued, unfit, jobs, server.log.read_text()[-2000:], flush=True)
    return is_complete and is_queued and clean and not unfit, mended


def unserved(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """A server killed."""
    return served(place, rng, None)


def crowded(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """A server without room, killed in the end."""
    return served(place, rng, int(2 ** rng.uniform(10, 21)))


def torn(place: Path, rng: np.random.Generator, _: float) -> tuple[bool, bool]:
    """Three people edit, undo and redo one layer at once, one of them is killed; table, report and consensus work."""
    program = (
        "import sys, random; from pathlib import Path; from geobfdt.wells.layers import LayerLog, ConflictError\n"
        "log, person, r = LayerLog(Path(sys.argv[1])), sys.argv[2], random.Random(int(sys.argv[3]))\n"
        "pick = {'depth_m': 2.0, 'class': 'bedding', 'amplitude_m': 0.05, 'azimuth_app_deg': 10.0}\n"
        "kinds = [pick, {'status': 'accepted'}, {'status': 'rejected'}, {'depth_m': 3.0}, None]\n"
        "for n in range(150):\n"
        "    try:\n"
        "        if r.random() < 0.5: log.undo('W01', 'all', person, again=r.random() < 0.4)\n"
        "        else: log.add('W01', 'all', person, 'edit', {f'p{r.randrange(4)}': r.choice(kinds)})\n"
        "    except (ConflictError, ValueError): pass\n"
    )
    people = [
        subprocess.Popen([sys.executable, "-c", program, place / "field", name, str(rng.integers(1 << 30))],
                         stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        for name in ("anna", "ben", "carl")
    ]  # fmt: skip
    time.sleep(float(rng.uniform(1.0, 4.0)))
    people[0].kill()
    clean = all("Traceback" not in person.communicate(timeout=300)[1] for person in people)
    log = LayerLog(place / "field")
    layer = log.layer("W01", "all")
    table = validate(layer.picks("W01"), "layer")
    good = clean and bool(np.isfinite(table["depth_m"]).all()) and set(table["class"]) <= {"bedding", "fracture"}
    log.add("W01", "all", "dora", "add", {"p9": {"depth_m": 1.0, "class": "bedding", "status": "accepted",
                                                 "amplitude_m": 0.05, "azimuth_app_deg": 0.0}})  # fmt: skip
    server = Server(place)
    status = server.request("POST", "/api/wells/W01/consensus", {"person": "dora", "a": "all", "b": "all"})[0]
    read = server.request("GET", "/api/wells/W01/layers/all/picks.csv")[0]
    job = json.loads(server.request("POST", "/api/wells/W01/report", {"layer": "all"})[1])
    (job_ended,) = (one for one in server.jobs(ended=True) if one["id"] == job["id"])
    server.close()
    return good, (status, read, job_ended["state"]) == (200, 200, "done")


FAULTS: dict[str, tuple[str, Callable[[Path, np.random.Generator, float], tuple[bool, bool]]]] = {
    "kill": ("kill -9 while retraining", killed),
    "full": ("disk full while retraining", full),
    "twice": ("two retrainings at once", twice),
    "bent": ("a byte of bundle, card, record, table or image bent", bent),
    "pick": ("kill -9 while picking", unpicked),
    "serve": ("kill -9 while serving", unserved),
    "crowd": ("disk full while serving", crowded),
    "torn": ("edits, undos and redos of three at once", torn),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=list(FAULTS))
    add_out(parser)
    args = parser.parse_args()
    counts = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        template = Place(root)
        began = time.perf_counter()
        status, _ = quiet(start(*retrain(template.fresh(root / "usual"))))
        typical_s = time.perf_counter() - began
        if status or not is_consistent(root / "usual"):
            sys.exit("undisturbed, it does not do what it should")
        print(f"undisturbed: {typical_s:.1f} s\n\n{'fault':52} {'tried':>6} {'sound':>6} {'mended':>7}", flush=True)
        for name, (words, fault) in FAULTS.items():
            if args.only not in (None, name):
                continue
            rng = np.random.default_rng((args.seed, sum(name.encode())))
            rows = []
            for number in range(args.times):
                place = template.fresh(root / "try")
                rows.append(fault(place, rng, typical_s))
                if not all(rows[-1]):
                    print(f"  {name} {number}: {rows[-1]}", flush=True)
            good, mended = np.array(rows).sum(axis=0)
            print(f"{words:52} {len(rows):6} {good:6} {mended:7}", flush=True)
            counts.append({"fault": name, "tried": len(rows), "sound": good, "mended": mended})
    write_results(args.out, counts, None)


if __name__ == "__main__":
    main()
