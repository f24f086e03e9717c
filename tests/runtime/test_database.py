"""Databases of decisions are for the server's user alone."""

import os
import stat

from geobfdt.runtime.database import create_database, transaction


def test_a_new_database_and_its_log_are_private(tmp_path):
    """Whatever the umask is; a database that is there keeps the permissions that its owner gave it."""
    before = os.umask(0)
    try:
        create_database(tmp_path / "a.sqlite", "CREATE TABLE IF NOT EXISTS t (x);")
        with transaction(tmp_path / "a.sqlite") as db:
            db.execute("INSERT INTO t VALUES (1)")
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert len(modes) == 3
    assert set(modes.values()) == {0o600}
    (tmp_path / "a.sqlite").chmod(0o660)
    create_database(tmp_path / "a.sqlite", "CREATE TABLE IF NOT EXISTS t (x);")
    assert stat.S_IMODE((tmp_path / "a.sqlite").stat().st_mode) == 0o660
