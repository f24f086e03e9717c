"""Sessions: what a browser shows instead of the token, for half a day or until its person signs out."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from geobfdt.runtime.database import opened, prepare, writing
from geobfdt.runtime.findings import InputError

__all__ = ["LEAST_TOKEN", "SECONDS", "Sessions", "check_token"]

SECONDS = 12 * 3600  # Seconds that a session lasts.
LEAST_TOKEN = 16  # Characters of a token: with 64 letters to choose from, 96 bits.

_LEAST_DIFFERENT = 6  # Different characters of a token.
_LOOK_S = 5.0  # Seconds after which a server of this field knows who signed out at another one.
_SCHEMA = "CREATE TABLE IF NOT EXISTS ended (session TEXT PRIMARY KEY, until REAL NOT NULL);"


def check_token(token: str) -> None:
    """
    Refuse a token that can be guessed, or that no header can carry.

    Raises
    ------
    InputError
        If it is short, repeats few characters, or holds others than visible ASCII.

    Examples
    --------
    >>> check_token("geologist")
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: --token: 9 characters; give at least 16, or --token new
    """
    if len(token) < LEAST_TOKEN:
        raise InputError("--token", f"{len(token)} characters", f"give at least {LEAST_TOKEN}, or --token new")
    if len(set(token)) < _LEAST_DIFFERENT:
        raise InputError("--token", "a few characters, repeated", "give a random one, or --token new")
    if not all(33 <= ord(character) <= 126 for character in token):
        raise InputError("--token", "characters that no request can carry", "use letters, digits and dashes")


class Sessions:
    """
    Sessions of a server, signed with its token.

    Parameters
    ----------
    token : str
        The server's token; whoever changes it ends all sessions.
    file : Path
        Database of the sessions that people ended, shared by all servers of a field.
    clock : callable, optional
        Seconds since 1970.

    Notes
    -----
    A session is ``until.number.signature``: when it ends, a random number, and the HMAC-SHA256 of both under the
    token. So it holds in every server of the field and after a restart, and the token cannot be read from it. Only
    sessions that were ended early have to be remembered, until they would have ended by themselves.

    Examples
    --------
    >>> import tempfile
    >>> sessions = Sessions("a-token-of-the-example", Path(tempfile.mkdtemp()) / "sessions.sqlite")
    >>> session = sessions.new()
    >>> sessions.holds(session), sessions.holds(session + "0")
    (True, False)
    >>> sessions.end(session)
    >>> sessions.holds(session)
    False
    """

    def __init__(self, token: str, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._key, self.file, self._clock = token.encode(), file, clock
        self._lock = threading.Lock()
        self._ended: set[str] = set()
        self._looked = -_LOOK_S
        prepare(file, _SCHEMA)

    def new(self) -> str:
        """Begin a session; what is returned is for the cookie."""
        content = f"{int(self._clock()) + SECONDS}.{secrets.token_hex(16)}"
        return f"{content}.{self._signature(content)}"

    def holds(self, session: str) -> bool:
        """Return whether a session is one of ours, and has not ended."""
        content, _, signature = session.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return False
        until, _, number = content.partition(".")
        return self._clock() < int(until) and number not in self._known_ended()

    def end(self, session: str) -> None:
        """
        End a session before its time.

        Raises
        ------
        InputError
            If the disk does not take it.
        """
        if not self.holds(session):
            return
        until, number, _ = session.split(".")
        with writing(self.file) as db:
            db.execute("DELETE FROM ended WHERE until<?", (self._clock(),))
            db.execute("INSERT OR IGNORE INTO ended VALUES (?, ?)", (number, float(until)))
        with self._lock:
            self._ended.add(number)

    def _known_ended(self) -> set[str]:
        with self._lock:
            if time.monotonic() - self._looked > _LOOK_S:
                with suppress(sqlite3.Error), opened(self.file) as db:
                    self._ended = {row[0] for row in db.execute("SELECT session FROM ended")}
                self._looked = time.monotonic()
            return self._ended

    def _signature(self, content: str) -> str:
        return hmac.new(self._key, b"geobfdt session " + content.encode(), hashlib.sha256).hexdigest()
