"""Access log: a line for every change, for every pick, report and image that leaves, and for every refusal."""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import Scope

from geobfdt.review.rate_limiter import Pace, client_of

__all__ = ["METHODS", "Audit"]

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")  # All others are counted as "other".

_READS = (
    "/api/wells", "/api/wells/{well}", "/api/wells/{well}/layers/{layer}", "/api/wells/{well}/layers/{layer}/log",
    "/api/wells/{well}/layers/{layer}/picks.csv", "/api/wells/{well}/compare", "/api/jobs/{job}/report", "/metrics",
)  # fmt: skip
_TILES = "/api/wells/{well}/tiles/{variable}/{level}/{number}"
_LONGEST_PATH = 300  # Characters of a path.
_LONGEST_NAME = 60  # Characters of a person's name.
_WELLS_READ = 1000  # Pairs of address and well whose tiles were written down this hour.


class Audit:
    """
    A log that only grows, a file for each month, a JSON object for each line.

    Parameters
    ----------
    folder : Path
        Where it lies; made if missing.
    pace : Pace
        Keeps refusals from filling the disk.

    Examples
    --------
    >>> import tempfile
    >>> audit = Audit(Path(tempfile.mkdtemp()), Pace())
    >>> audit.write({"client": "127.0.0.1", "method": "POST", "path": "/", "status": 200})
    >>> (file,) = audit.folder.iterdir()
    >>> json.loads(file.read_text())["status"]
    200
    """

    def __init__(self, folder: Path, pace: Pace) -> None:
        self.folder, self.pace = folder, pace
        self.trouble = ""
        self._lock = threading.Lock()
        self._left_out = 0
        self._tiles: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def answered(self, scope: Scope, status: int, _seconds: float) -> None:
        """
        Write down a request, if it is of those that are.

        The person is who the request names, as ``request.state.person``; ``request.state.audit`` holds what else is
        to be in the line, or False if the request gave nothing away.
        """
        client, state = client_of(scope), scope.get("state", {})
        more = state.get("audit", {})
        if status >= 400:
            if not self.pace.noted(client):
                self._left_out += 1
                return
        elif more is False or not self._is_noted(scope, client):
            return
        line = {
            "client": client,
            "method": scope["method"] if scope["method"] in METHODS else "other",
            "path": scope["path"][:_LONGEST_PATH],
            "status": status,
            **(more or {}),
        }
        if state.get("person"):
            line["person"] = str(state["person"])[:_LONGEST_NAME]
        if self._left_out:  # Refusals that were one too many are at least counted.
            line["left_out"], self._left_out = self._left_out, 0
        self.write(line)

    def _is_noted(self, scope: Scope, client: str) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return True
        route = getattr(scope.get("route"), "path", "")
        if route != _TILES:
            return route in _READS
        # Of the pixels of a well, the first request of an hour stands for all.
        key = (client, scope.get("path_params", {}).get("well", ""), f"{datetime.now(UTC):%d%H}")
        with self._lock:
            if key in self._tiles:
                return False
            self._tiles[key] = None
            while len(self._tiles) > _WELLS_READ:
                self._tiles.popitem(last=False)
        return True

    def write(self, line: dict[str, Any]) -> None:
        """Add a line, with the time (UTC); if the disk does not take it, ``trouble`` says so until it does."""
        now = datetime.now(UTC)
        text = json.dumps({"at": now.isoformat(timespec="milliseconds"), **line}) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # One write to the end of the file: several servers of a field do not write into each other's lines.
            file = os.open(self.folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"the audit log cannot be written: {(error.strerror or str(error)).lower()}"
