"""Twenty clients at one server: requests a second, answer times, and memory over hours.

    python benchmarks/load.py --clients 20 --seconds 20 --soak 3600 --out results/load.json

One well of 500 m at 2.54 mm x 192 columns with 5,000 proposals. The clients are threads of this process, on the same
two cores. They send requests as fast as they are answered, which a person does not; in the soak each waits half a
second between two requests.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import socket
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from results_file import add_out, write_results
from review import long_field
from served import Server

METRES, PICKS = 500.0, 5000
WELL = "/api/wells/LONG"
LAYER = f"{WELL}/layers/all"
SHARES = {"tiles": 0.8, "picks": 0.05, "changes": 0.1, "edits": 0.05}  # of a person's requests


class Person:
    """Somebody who reviews, with picks of their own to decide on."""

    def __init__(self, server: Server, number: int, picks: list[str]) -> None:
        self.server, self.name, self.picks = server, f"person {number}", picks
        self.random = random.Random(number)
        self.version = 0

    def tiles(self) -> int:
        """A tile somewhere in the well."""
        level = self.random.randrange(6)
        last = int(METRES / (0.00254 * 128 * 2**level))
        variable = self.random.choice(("static", "dynamic"))
        return self.server.request("GET", f"{WELL}/tiles/{variable}/{level}/{self.random.randrange(max(last, 1))}")[0]

    def picks_of_all(self) -> int:
        """The whole layer."""
        status, answer = self.server.request("GET", LAYER)
        self.version = json.loads(answer)["version"]
        return status

    def changes(self) -> int:
        """What others did since."""
        status, answer = self.server.request("GET", f"{LAYER}?after={max(self.version, 1)}")
        self.version = json.loads(answer)["version"]
        return status

    def edits(self) -> int:
        """A decision."""
        fields = {"status": self.random.choice(("accepted", "rejected"))}
        body = {"person": self.name, "kind": "edit", "items": {self.random.choice(self.picks): fields}}
        return self.server.request("POST", f"{LAYER}/edits", body)[0]

    def kinds(self) -> dict[str, Callable[[], int]]:
        """What a person asks for."""
        return {"tiles": self.tiles, "picks": self.picks_of_all, "changes": self.changes, "edits": self.edits}


Spent = dict[str, list[tuple[float, int]]]


def together(people: list[Person], seconds: float, kind: str = "", pause: float = 0.0) -> Spent:
    """All ask for one kind, or for each in its share; seconds waited and status of each request."""
    spent: Spent = collections.defaultdict(list)
    until = time.monotonic() + seconds

    def send_requests(person: Person) -> None:
        kinds = person.kinds()
        while time.monotonic() < until:
            what = kind or person.random.choices(list(SHARES), list(SHARES.values()))[0]
            began = time.perf_counter()
            try:
                status = kinds[what]()
            except OSError as error:
                print(f"{person.name}: {error}", file=sys.stderr)
                status = 0
            spent[what].append((time.perf_counter() - began, status))
            time.sleep(pause)

    threads = [threading.Thread(target=send_requests, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


def hostile_clients(port: int, until: float) -> threading.Thread:
    """Idle and slow clients, without a token, that begin anew whenever the server has left them."""
    kinds = [
        (1100, b"", b""),
        (100, b"GET / HTTP/1.1\r\n", b"x"),
        (20, b"POST /session HTTP/1.1\r\nhost: x\r\nx-geobfdt: 1\r\ncontent-length: 1000\r\n\r\n", b" "),
        (20, b"GET /static/style.css HTTP/1.1\r\nhost: localhost\r\n\r\n" * 50, b""),
    ]

    def press() -> None:
        clients: list[tuple[socket.socket | None, bytes, bytes]] = [
            (None, first, more) for count, first, more in kinds for _ in range(count)
        ]
        while time.monotonic() < until:
            for n, (client, first, more) in enumerate(clients):
                try:
                    if client is None:
                        client = socket.create_connection(("127.0.0.1", port), timeout=2)
                        client.sendall(first)
                    elif more:
                        client.sendall(more)
                except OSError:
                    if client is not None:
                        client.close()
                    client = None
                clients[n] = (client, first, more)
            time.sleep(1)
        for client, _, _ in clients:
            if client is not None:
                client.close()

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def under_attack(server: Server, people: list[Person], seconds: float) -> None:
    """The same work beside them; whether /health answers, and how many handles the server has open at most."""
    attack = hostile_clients(server.port, time.monotonic() + seconds + 5)
    time.sleep(5)
    health: list[tuple[float, int]] = []
    handles: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(1):
            began = time.perf_counter()
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=10) as answer:
                    status = answer.status
            except OSError:
                status = 0
            health.append((time.perf_counter() - began, status))
            handles.append(len(list(Path(f"/proc/{server.process.pid}/fd").iterdir())))

    watcher = threading.Thread(target=watch)
    watcher.start()
    spent = together(people, seconds)
    over.set()
    watcher.join()
    attack.join()
    for kind, ones in sorted(spent.items()):
        print_row(f"{kind}, idle and slow clients", ones, seconds)
    print_row("health, idle and slow clients", health, seconds)
    print(f"file handles of the server: {max(handles)} at most")


def print_row(name: str, spent: list[tuple[float, int]], seconds: float) -> dict[str, Any]:
    """Print a line of the table, and return its values."""
    waited = 1000 * np.array([one for one, _ in spent])
    bad = sum(status != 200 for _, status in spent)
    print(f"{name:32} {len(spent) / seconds:9.1f} {np.median(waited):9.1f} {np.percentile(waited, 95):9.1f} {bad:7}",
          flush=True)  # fmt: skip
    return {
        "requests": name, "a_second": len(spent) / seconds, "median_ms": np.median(waited),
        "p95_ms": np.percentile(waited, 95), "failed": bad,
    }  # fmt: skip


def main() -> None:
    """Print the table, then the soak's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--soak", type=float, default=0.0)
    parser.add_argument("--hostile", action="store_true", help="idle and slow clients beside the people; only that")
    add_out(parser)
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "field").mkdir()
        long_field(place / "field", METRES, PICKS)
        server = Server(place, "--requests", "100000")
        _, answer = server.request("POST", f"{LAYER}/begin", {"person": "bench"})
        picks = sorted(item for item in json.loads(answer)["items"] if item.startswith("p"))
        people = [Person(server, n, picks[n :: arguments.clients]) for n in range(arguments.clients)]
        print(
            f"{arguments.clients} clients at once{'':16} {'a second':>9} {'median ms':>9} {'p95 ms':>9} {'not 200':>7}"
        )
        if arguments.hostile:
            for kind, spent in sorted(together(people, arguments.seconds).items()):
                print_row(f"{kind}, nobody else", spent, arguments.seconds)
            under_attack(server, people, arguments.seconds)
            server.request("PUT", "/api/uploads/rubbish.las", b"rubbish")
            print(f"a job afterwards: {server.jobs(ended=True)[-1]['message']}")
            server.close()
            print(f"server's log: {server.log.read_text()[-500:] or 'empty'}")
            return
        for kind in SHARES:
            rows.append(print_row(kind, together(people, arguments.seconds, kind)[kind], arguments.seconds))
        for what, queue in (("of all", False), ("of all, a well being picked", True)):
            if queue:
                job = json.loads(server.request("POST", f"{WELL}/pick", {"person": "bench", "layer": "model"})[1])
            mixed = together(people, arguments.seconds)
            rows.append({"requests": what, "a_second": sum(map(len, mixed.values())) / arguments.seconds})
            for kind, spent in sorted(mixed.items()):
                rows.append(print_row(f"{kind}, {what}", spent, arguments.seconds))
        while json.loads(server.request("GET", f"/api/jobs/{job['id']}")[1])["state"] in ("waiting", "running"):
            time.sleep(1)
        if arguments.soak:
            memory, failed = [], 0
            until = time.monotonic() + arguments.soak
            while time.monotonic() < until:
                spent = together(people, min(60.0, until - time.monotonic()), pause=0.5)
                memory.append(server.memory_mib())
                waited = [1000 * one for kind in spent.values() for one, _ in kind]
                bad = sum(status != 200 for kind in spent.values() for _, status in kind)
                failed += bad
                print(f"minute {len(memory):3}: {len(waited):6} requests, {bad} not 200, "
                      f"p95 {np.percentile(waited, 95):6.1f} ms, server {memory[-1]:6.0f} MiB", flush=True)  # fmt: skip
            grown = np.polyfit(np.arange(len(memory)) / 60, memory, 1)[0] if len(memory) > 1 else 0.0
            rows.append(
                {"requests": "soak", "seconds": arguments.soak, "failed": failed, "first_mib": memory[0],
                 "lowest_mib": min(memory), "highest_mib": max(memory)}
            )  # fmt: skip
            print(f"memory: {memory[0]:.0f} MiB first, {memory[-1]:.0f} last, {max(memory):.0f} at most, "
                  f"{grown:+.1f} MiB an hour")  # fmt: skip
        server.close()
        print(f"server's log: {server.log.read_text()[-500:] or 'empty'}")
    write_results(arguments.out, rows, None)


if __name__ == "__main__":
    main()
