"""SQLite files that several threads and processes write."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from geobfdt.runtime.findings import InputError

__all__ = ["create_database", "open_database", "transaction"]

# A connection waits this long for others to finish writing.
_MAX_WAIT_S = 30.0


@contextmanager
def open_database(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a connection that waits for other writers, and whose transactions are on the disk when they end."""
    with closing(sqlite3.connect(file, timeout=_MAX_WAIT_S, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=FULL")
        yield db


def create_database(file: Path, schema: str) -> None:
    """
    Make a database if it is missing, with a write-ahead log, so that readers do not wait for writers.

    Parameters
    ----------
    file : Path
        The database.
    schema : str
        SQL that may run any number of times on the same database.

    Raises
    ------
    InputError
        If the file is not a database, or cannot be written.
    """
    until = time.monotonic() + _MAX_WAIT_S
    # SQLite gives its log and its index the permissions of the database. An existing database keeps its own.
    # SQLite says below what is wrong with the place.
    with suppress(OSError):
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    while True:
        try:
            with open_database(file) as db:
                db.execute("PRAGMA journal_mode=WAL")
                db.executescript(schema)
            return
        except sqlite3.DatabaseError as error:
            # If two processes change the journal mode at once, SQLite refuses one of them without waiting.
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY and time.monotonic() < until:
                time.sleep(0.02)
                continue
            cure = "check that you may write there, or move it away to begin anew"
            raise InputError(file, f"not a database of geobfdt: {error}", cure) from error


@contextmanager
def transaction(file: Path) -> Iterator[sqlite3.Connection]:
    """
    Open a transaction during which nobody else can write.

    Raises
    ------
    InputError
        If it cannot be written to the disk.
    """
    try:
        with open_database(file) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
    except sqlite3.OperationalError as error:
        raise InputError(file, f"cannot be written: {error}", "free some space, and try again") from error
