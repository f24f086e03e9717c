"""The server's API under a fuzzer: requests drawn from its own description and bent, as many as are asked for.

    python benchmarks/api_fuzz.py --examples 300

Needs geobfdt[benchmarks]. No answer may be a server error, or differ from what the API says of itself; afterwards the
server has to be well, its log empty, and nothing may lie outside the field.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from served import TOKEN, Server, left_behind

import geobfdt

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def main() -> None:
    """Run it, and look at the server afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=300, help="of each address")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "server"
        geobfdt.simulate(Path(folder) / "sim", wells=2, length=3, seed=2, tool="atv")
        geobfdt.ingest(sorted((Path(folder) / "sim").glob("*.dlis")), place / "field", picks=Path(folder) / "sim")
        server = Server(place, "--requests", "100000")
        before = server.memory_mib()
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{server.port}/api/docs.json",
            "--header", f"Authorization: Bearer {TOKEN}", "--header", "x-geobfdt: 1", "--checks", CHECKS,
            "--max-examples", str(asked.examples), "--seed", str(asked.seed), "--continue-on-failure", "--no-color",
        ]  # fmt: skip
        status = subprocess.run(command, check=False, cwd=folder).returncode
        jobs = server.jobs(ended=True)
        after = server.memory_mib()
        health = json.loads(server.ask("GET", "/health")[1])["state"]
        server.close()
        print(f"fuzzer's status {status}; health {health}; {len(jobs)} jobs kept, all ended; "
              f"memory {before:.0f} MiB before, {after:.0f} after")  # fmt: skip
        print(f"unfit lines: {[job['message'] for job in jobs if not job['message'].isprintable()] or 'none'}")
        print(f"left behind: {left_behind(server) or 'nothing'}")
        print(f"server's log: {server.log.read_text()[-3000:] or 'empty'}")


if __name__ == "__main__":
    main()
