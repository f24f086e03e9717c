"""The server's API under a fuzzer: random and malformed requests that are drawn from its own description.

    python benchmarks/api_fuzz.py --examples 300

First 2,000 requests that no description allows: invented methods, integers of up to 400 digits, half letters, names of
10,000 letters, with the token and without one; the numbers for Prometheus and the access log must not grow by them.
Then the fuzzer, which needs geobfdt[benchmarks]. No answer may be a server error, or differ from what the API says of
itself; afterwards the server has to be well, its log empty, and nothing may lie outside the field.
"""

from __future__ import annotations

import argparse
import collections
import http.client
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from served import TOKEN, Server, left_behind

import geobfdt

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


PATHS = (
    "/", "/health", "/session", "/metrics", "/api/wells", "/api/wells/{}", "/api/wells/W01/tiles/static/{}/{}",
    "/api/wells/W01/layers/{}?after={}", "/api/wells/W01/layers/a/log?after={}", "/api/wells/W01/layers/a/edits",
    "/api/wells/W01/snap", "/api/wells/W01/consensus", "/api/jobs/{}", "/api/uploads/{}.las?top={}",
)  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X" * 200)


def strange(server: Server, count: int, rng: random.Random) -> collections.Counter[int]:
    """Send requests that no description allows; how many had which status."""
    statuses: collections.Counter[int] = collections.Counter()

    def value() -> str:
        return rng.choice(
            ("a", "%00", "%ed%a0%80", "%ff", "..", "y" * 10_000, "-1", str(2**63), "9" * 400, "1e400", "NaN")
        )

    def body() -> bytes:
        number = rng.choice(("0", "-1", str(2**63), "9" * 400, "1e400", "NaN", "null", '"\\ud800"'))
        item = rng.choice(("p1", "i1", "q", "\\ud800", "p" * 500))
        fields = f'{{"depth_m": {number}, "class": "bedding", "note": {number}, "top_m": {number}}}'
        return f'{{"person": "a", "seen": {number}, "depth": [{number}], "items": {{"{item}": {fields}}}}}'.encode()

    for n in range(count):
        path, method = rng.choice(PATHS), rng.choice(METHODS)
        method = f"M{n}" if rng.random() < 0.2 else method
        path = path.format(*(value() for _ in range(path.count("{}"))))
        headers = {"content-type": "application/json", "x-geobfdt-person": value()}
        if rng.random() < 0.5:
            headers |= {"authorization": f"Bearer {TOKEN}", "x-geobfdt": "1"}
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request(method, path, body() if method not in ("GET", "HEAD") else None, headers)
        statuses[connection.getresponse().status] += 1
        connection.close()
    return statuses


def sizes(server: Server) -> tuple[int, int]:
    """Lines of the numbers for Prometheus, and bytes of the access log."""
    numbers = len(server.request("GET", "/metrics")[1].splitlines())
    return numbers, sum(file.stat().st_size for file in (server.field / ".jobs" / "audit").glob("*"))


def main() -> None:
    """Run it, and look at the server afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=300, help="of each address")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--strange", type=int, default=2000, help="requests that no description allows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "server"
        geobfdt.simulate(Path(folder) / "sim", geobfdt.SimulateOptions(wells=2, length=3, seed=2, tool="atv"))
        geobfdt.ingest(
            sorted((Path(folder) / "sim").glob("*.dlis")),
            place / "field",
            geobfdt.IngestOptions(picks=Path(folder) / "sim"),
        )
        server = Server(place, "--requests", "100000")
        rng = random.Random(arguments.seed)
        strange(server, 300, rng)  # whatever has to appear once has appeared
        first = sizes(server)
        statuses = strange(server, arguments.strange, rng)
        second = sizes(server)
        print(f"{arguments.strange} strange requests: {dict(sorted(statuses.items()))}; numbers: {first[0]} lines, "
              f"then {second[0]}; {(second[1] - first[1]) / 1024:.0f} KiB of access log", flush=True)  # fmt: skip
        before = server.memory_mib()
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{server.port}/api/docs.json",
            "--header", f"Authorization: Bearer {TOKEN}", "--header", "x-geobfdt: 1", "--checks", CHECKS,
            "--max-examples", str(arguments.examples), "--seed", str(arguments.seed), "--continue-on-failure",
            "--no-color",
        ]  # fmt: skip
        status = subprocess.run(command, check=False, cwd=folder).returncode
        jobs = server.jobs(ended=True)
        after = server.memory_mib()
        health = json.loads(server.request("GET", "/health")[1])["state"]
        server.close()
        print(f"fuzzer's status {status}; health {health}; {len(jobs)} jobs kept, all ended; "
              f"memory {before:.0f} MiB before, {after:.0f} after")  # fmt: skip
        print(f"unfit lines: {[job['message'] for job in jobs if not job['message'].isprintable()] or 'none'}")
        print(f"left behind: {left_behind(server) or 'nothing'}")
        print(f"server's log: {server.log.read_text()[-3000:] or 'empty'}")


if __name__ == "__main__":
    main()
