"""Who asked for what: a line for every change, for every table and report that left, and for every refusal."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.types import Scope

from geobfdt.review.pace import Pace, client_of

__all__ = ["Audit"]

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

    def answered(self, scope: Scope, status: int, _seconds: float) -> None:
        """Write down a request, if it is of those that are; who asks is what it left as ``request.state.person``."""
        client = client_of(scope)
        change = scope["method"] not in ("GET", "HEAD") or scope["path"].endswith(_LEAVES)
        if (status in _REFUSED and self.pace.noted(client)) or (status not in _REFUSED and change):
            line = {"client": client, "method": scope["method"], "path": scope["path"][:_LONGEST], "status": status}
            person = scope.get("state", {}).get("person")
            self.write(line | ({"person": person} if person else {}))

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
