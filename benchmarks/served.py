"""A review server in a process and a folder of its own, and a browser, for benchmarks of the server."""

from __future__ import annotations

import http.client
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

TOKEN = "a-token-of-the-benchmark"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def chromium(tool: Playwright) -> Browser:
    """Chromium of this machine, without a screen, drawing in software."""
    return tool.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)


class Server:
    """
    ``geobfdt serve`` on a free port.

    Its home, its working folder and its temporary files each have a folder beside the field, so that whatever it
    leaves where it should not is seen.
    """

    def __init__(self, place: Path, *words: str, limit: int | None = None) -> None:
        self.place, self.field = place, place / "field"
        for name in ("field", "home", "work", "tmp"):
            (place / name).mkdir(parents=True, exist_ok=True)
        self.log = place / "server.log"
        environment = {
            **os.environ, "HOME": str(place / "home"), "TMPDIR": str(place / "tmp"), "COLUMNS": "500",
            "MPLCONFIGDIR": str(place / "matplotlib"),  # as the unit and the container have it
        }  # fmt: skip
        command = [sys.executable, "-c", "from geobfdt.cli import main; main()", "serve", str(self.field), *words]

        def bound() -> None:
            if limit is not None:  # bytes that no file may grow beyond, as on a full disk
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--port", "0", "--token", TOKEN], stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=place / "work", env=environment, preexec_fn=bound, start_new_session=True,
            )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if match := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(match[1])
                break
        else:
            sys.exit(self.log.read_text())
        self._local = threading.local()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """One request, on a connection that each thread keeps: status and answer."""
        headers = {"authorization": f"Bearer {TOKEN}", "x-geobfdt": "1"}
        if body is not None and not isinstance(body, bytes):
            body, headers["content-type"] = json.dumps(body).encode(), "application/json"
        for tried in range(2):
            if not hasattr(self._local, "connection"):
                self._local.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
            try:
                self._local.connection.request(method, path, body, headers)
                answer = self._local.connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, ConnectionError):  # kept too long: the server has closed it
                del self._local.connection
                if tried:
                    raise
        raise AssertionError

    def memory_mib(self) -> float:
        """Resident memory of the server and of the process that its jobs are copies of."""
        total = 0
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                text = status.read_text()
                parent = int(re.search(r"PPid:\t(\d+)", text)[1])  # type: ignore[index]
                if self.process.pid in (int(status.parent.name), parent):
                    total += int(re.search(r"VmRSS:\s+(\d+)", text)[1])  # type: ignore[index]
            except (OSError, TypeError):  # it has ended
                continue
        return total / 1024

    def kill(self) -> None:
        """Kill it, and what it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def jobs(self, *, ended: bool = False) -> list[dict[str, Any]]:
        """What was queued; if so asked, when all of it has ended."""
        while True:
            jobs: list[dict[str, Any]] = json.loads(self.request("GET", "/api/jobs")[1])
            if not ended or all(job["state"] in ("done", "failed", "cancelled") for job in jobs):
                return jobs
            time.sleep(0.1)

    def close(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(60)


def left_behind(server: Server) -> list[str]:
    """Whatever lies where nothing should: outside the field, and in it what is no part of a well."""
    places = [*(server.place / "home").rglob("*"), *(server.place / "work").rglob("*")]
    caches = ("pymp-", "torchinductor_")
    places += [path for path in (server.place / "tmp").iterdir() if not path.name.startswith(caches)]
    places += [
        path
        for path in server.place.iterdir()
        if path.name not in ("field", "home", "work", "tmp", "matplotlib", "server.log")
    ]
    places += [path for name in ("incoming", "work") for path in (server.field / ".jobs" / name).glob("*")]
    wells = re.compile(
        r"[^/]+\.(nc|findings\.json|picks\.csv|intervals\.csv|drift\.csv)|review\.sqlite(-wal|-shm)?|manifest\.json|\.(jobs|ingest)"
    )
    places += [path for path in server.field.iterdir() if not wells.fullmatch(path.name)]
    return [str(path.relative_to(server.place)) for path in places]
