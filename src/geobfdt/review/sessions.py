"""Sessions, which a browser uses instead of the token, for half a day or until the person signs out."""

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

from geobfdt.runtime.database import create_database, open_database, transaction
from geobfdt.runtime.findings import InputError

__all__ = ["MIN_TOKEN_CHARACTERS", "SESSION_S", "Sessions", "check_token"]

# A session lasts this long.
SESSION_S = 12 * 3600
# A token has at least this many characters: with 64 letters to choose from, 96 bits.
MIN_TOKEN_CHARACTERS = 16

# A token has at least this many different characters.
_MIN_DIFFERENT_CHARACTERS = 6
# A server reads this often which sessions were ended by another server of the field.
_REFRESH_S = 5.0
_SCHEMA = "CREATE TABLE IF NOT EXISTS ended (session TEXT PRIMARY KEY, until REAL NOT NULL);"


def check_token(token: str) -> None:
    """
    Refuse a token that can be guessed, or that a header cannot carry.

    Raises
    ------
    InputError
        If it is short, repeats few characters, or holds anything but visible ASCII.

    Examples
    --------
    >>> check_token("geologist")
    Traceback (most recent call last):
    geobfdt.runtime.findings.InputError: --token: 9 characters; give at least 16, or --token new
    """
    if len(token) < MIN_TOKEN_CHARACTERS:
        raise InputError("--token", f"{len(token)} characters", f"give at least {MIN_TOKEN_CHARACTERS}, or --token new")
    if len(set(token)) < _MIN_DIFFERENT_CHARACTERS:
        raise InputError("--token", "a few characters, repeated", "give a random one, or --token new")
    if not all(33 <= ord(character) <= 126 for character in token):
        raise InputError("--token", "characters that a request cannot carry", "use letters, digits and dashes")


class Sessions:
    """
    Sessions, signed with the token of the server.

    Parameters
    ----------
    token : str
        Token of the server; a new token ends all sessions.
    file : Path
        Database of the sessions that were signed out, shared by all servers of a field.
    clock : callable, optional
        Seconds since 1970.

    Notes
    -----
    A session is ``until.number.signature``: the time when it ends, a random number, and the HMAC-SHA256 of both with
    the token as key. So it is valid in every server of the field and after a restart, and the token cannot be read
    from it. Only sessions that were signed out have to be stored, until the time when they would have ended anyway.

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
        self._looked = -_REFRESH_S
        create_database(file, _SCHEMA)

    def new(self) -> str:
        """Make a session, and return the text for the cookie."""
        content = f"{int(self._clock()) + SESSION_S}.{secrets.token_hex(16)}"
        return f"{content}.{self._signature(content)}"

    def holds(self, session: str) -> bool:
        """Return whether a session was signed with this token, and has not ended."""
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
        with transaction(self.file) as db:
            db.execute("DELETE FROM ended WHERE until<?", (self._clock(),))
            db.execute("INSERT OR IGNORE INTO ended VALUES (?, ?)", (number, float(until)))
        with self._lock:
            self._ended.add(number)

    def _known_ended(self) -> set[str]:
        with self._lock:
            if time.monotonic() - self._looked > _REFRESH_S:
                with suppress(sqlite3.Error), open_database(self.file) as db:
                    self._ended = {row[0] for row in db.execute("SELECT session FROM ended")}
                self._looked = time.monotonic()
            return self._ended

    def _signature(self, content: str) -> str:
        return hmac.new(self._key, b"geobfdt session " + content.encode(), hashlib.sha256).hexdigest()
