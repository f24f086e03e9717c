"""Who asked for what: a line for every change, for every table and report that left, and for every refusal."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geobfdt.review.pace import Pace, client_of

__all__ = ["Audit", "Audited"]

_REFUSED = (401, 403, 413, 429)
_LEAVES = (".csv", "/report")
_LONGEST = 300  # characters of a path


class Audit:
    """
    A log that only grows, a file for each month, a JSON object for each line.

    Parameters
    ----------
    folder : Path
        Where it lies; made if missing.

    Examples
    --------
    >>> import tempfile
    >>> audit = Audit(Path(tempfile.mkdtemp()))
    >>> audit.write({"client": "127.0.0.1", "method": "POST", "path": "/", "status": 200})
    >>> (file,) = audit.folder.iterdir()
    >>> json.loads(file.read_text())["status"]
    200
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trouble = ""

    def write(self, line: dict[str, Any]) -> None:
        """Add a line, with the time (UTC); if the disk does not take it, ``trouble`` says so until it does."""
        now = datetime.now(UTC)
        text = json.dumps({"at": now.isoformat(timespec="milliseconds"), **line}) + "\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # One write to the end of the file: several servers of a field do not write into each other's lines.
            file = os.open(self.folder / f"{now:%Y-%m}.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"the audit log cannot be written: {(error.strerror or str(error)).lower()}"


class Audited:
    """
    ASGI middleware that writes the log.

    Parameters
    ----------
    app : ASGI application
        What answers; it says who asks as ``request.state.person``.
    audit : Audit
        Where it is put down.
    pace : Pace
        Keeps refusals from filling the disk.
    """

    def __init__(self, app: ASGIApp, audit: Audit, pace: Pace) -> None:
        self.app, self.audit, self.pace = app, audit, pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and write down what came of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            client = client_of(scope)
            change = scope["method"] not in ("GET", "HEAD") or scope["path"].endswith(_LEAVES)
            if (status in _REFUSED and self.pace.noted(client)) or (status not in _REFUSED and change):
                line = {"client": client, "method": scope["method"], "path": scope["path"][:_LONGEST], "status": status}
                person = scope.get("state", {}).get("person")
                self.audit.write(line | ({"person": person} if person else {}))
