"""Access log: one line for every change, every refusal, and every download of picks, reports and images."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import Scope

from geobfdt.review.rate_limiter import RateLimiter, client_address

__all__ = ["METHODS", "AccessLog"]

# Methods with a name of their own in logs and metrics; all others count as "other".
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")

# Reading from these routes is logged, because data of a well leave the server.
_LOGGED_READS = (
    "/api/wells", "/api/wells/{well}", "/api/wells/{well}/layers/{layer}", "/api/wells/{well}/layers/{layer}/log",
    "/api/wells/{well}/layers/{layer}/picks.csv", "/api/wells/{well}/compare", "/api/jobs/{job}/report", "/metrics",
)  # fmt: skip
# Route of image tiles, of which only the first request of an hour is logged.
_TILE_ROUTE = "/api/wells/{well}/tiles/{variable}/{level}/{number}"
# A line of the log holds at most this much of a path.
_MAX_PATH_CHARACTERS = 300
# A line of the log holds at most this much of the name of a person.
_MAX_NAME_CHARACTERS = 60
# At most this many pairs of address and well are remembered, whose tiles are in the log for this hour.
_MAX_TILE_READERS = 1000


class AccessLog:
    """
    A log that only grows: a file for each month, a JSON object for each line.

    Parameters
    ----------
    folder : Path
        Folder of the files; it is made if missing.
    rate_limiter : RateLimiter
        Keeps refusals from filling the disk.

    Examples
    --------
    >>> import tempfile
    >>> log = AccessLog(Path(tempfile.mkdtemp()), RateLimiter(requests=200))
    >>> log.write({"client": "127.0.0.1", "method": "POST", "path": "/", "status": 200})
    >>> (file,) = log.folder.iterdir()
    >>> json.loads(file.read_text())["status"]
    200
    """

    def __init__(self, folder: Path, rate_limiter: RateLimiter) -> None:
        self.folder, self.rate_limiter = folder, rate_limiter
        self.problem: str | None = None
        self._lock = threading.Lock()
        self._left_out = 0
        self._tiles: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def on_answer(self, scope: Scope, status: int, _seconds: float) -> None:
        """
        Log a request, if it changes something, is refused, or takes data away.

        The route leaves the name of the person in ``request.state.person``, and further fields of the line in
        ``request.state.log_fields``, or False there if the answer held no data.
        """
        client, state = client_address(scope), scope.get("state", {})
        more = state.get("log_fields", {})
        if status >= 400:
            if not self.rate_limiter.allow_log_line(client):
                self._left_out += 1
                return
        elif more is False or not self._is_logged(scope, client):
            return
        line = {
            "client": client,
            "method": scope["method"] if scope["method"] in METHODS else "other",
            "path": scope["path"][:_MAX_PATH_CHARACTERS],
            "status": status,
            **(more or {}),
        }
        if state.get("person"):
            line["person"] = str(state["person"])[:_MAX_NAME_CHARACTERS]
        # Refusals above the limit are at least counted.
        if self._left_out:
            line["left_out"], self._left_out = self._left_out, 0
        self.write(line)

    def _is_logged(self, scope: Scope, client: str) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return True
        route = getattr(scope.get("route"), "path", "")
        if route != _TILE_ROUTE:
            return route in _LOGGED_READS
        # The first request of an hour for the pixels of a well stands for all of them.
        key = (client, scope.get("path_params", {}).get("well", ""), f"{datetime.now(UTC):%d%H}")
        with self._lock:
            if key in self._tiles:
                return False
            self._tiles[key] = None
            while len(self._tiles) > _MAX_TILE_READERS:
                self._tiles.popitem(last=False)
        return True

    def write(self, line: dict[str, Any]) -> None:
        """Add a line, with the time (UTC); if that fails, ``problem`` says so until it succeeds."""
        now = datetime.now(UTC)
        text = json.dumps({"at": now.isoformat(timespec="milliseconds"), **line}) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One write to the end of the file keeps the lines of several servers of a field apart.
            file = os.open(self.folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)
            self.problem = None
        except OSError as error:
            self.problem = f"the access log cannot be written: {(error.strerror or str(error)).lower()}"
