"""Files appear whole or not at all."""

import errno
import os
import time

import pytest

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.storage import atomic_files, atomic_path, read_ordinary, write_text


def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path):
    """A crash half-way keeps what was there and removes the half."""
    file = tmp_path / "a.csv"
    write_text(file, "old")
    with pytest.raises(RuntimeError), atomic_path(file) as part:
        part.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]


def test_full_disk_is_one_line(tmp_path):
    """A full disk is told as such, with the cure, and leaves nothing."""
    with pytest.raises(InputError, match=r"no space.*free some space"), atomic_path(tmp_path / "a") as part:
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not any(tmp_path.iterdir())


def test_folder_in_the_way(tmp_path):
    """A folder of the file's name is reported, not replaced."""
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "a", "text")


def test_file_where_a_folder_should_be(tmp_path):
    """A parent that is a file is reported."""
    (tmp_path / "a").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "a" / "b", "text")


def test_several_files_come_together_or_not_at_all(tmp_path):
    """If one of several files fails, none is left, nor the folder made for them."""
    out = tmp_path / "out"
    with pytest.raises(InputError), atomic_files(out) as part:
        (part / "first").write_text("done")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert not out.exists()
    with atomic_files(out) as part:
        (part / "first").write_text("done")
        (part / "second").write_text("done")
    assert sorted(p.name for p in out.iterdir()) == ["first", "second"]


def test_two_writers_of_one_process_id_do_not_meet(tmp_path):
    """Containers have equal process ids: the second writer leaves the first one's part alone."""
    file = tmp_path / "a.csv"
    with atomic_path(file) as first:
        first.write_text("first")
        with atomic_path(file) as second:
            second.write_text("second")
        assert first.read_text() == "first"
    assert file.read_text() == "first"
    with atomic_files(tmp_path) as first:
        (first / "b").write_text("first")
        with atomic_files(tmp_path) as second:
            (second / "b").write_text("second")
        assert (first / "b").exists()
    assert (tmp_path / "b").read_text() == "first"


def test_parts_of_killed_processes_are_removed_after_a_day(tmp_path):
    """An abandoned part goes; one that is still written to, and a hidden file of somebody else, stay."""
    old = time.time() - 100_000
    (tmp_path / ".a.0123456789abcdef.part.csv").write_text("half")
    (tmp_path / ".0123456789abcdef.part").mkdir()
    (tmp_path / ".0123456789abcdef.part" / "b").write_text("half")
    (tmp_path / ".fedcba9876543210.part").mkdir()
    (tmp_path / ".hidden").write_text("mine")
    (tmp_path / ".fedcba9876543210.part" / "growing").write_text("half")
    for path in (*tmp_path.iterdir(), tmp_path / ".0123456789abcdef.part" / "b"):
        os.utime(path, (old, old))
    write_text(tmp_path / "c", "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".fedcba9876543210.part", ".hidden", "c"]


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large", "missing"])
def test_only_ordinary_files_are_read(tmp_path, kind):
    """A pipe does not wait, a device does not fill the memory."""
    path = {"device": "/dev/zero", "folder": tmp_path}.get(kind, tmp_path / "file")
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "large":
        path.write_bytes(bytes(101))
    with pytest.raises(InputError):
        read_ordinary(path, 100, "name a table")


def test_an_ordinary_file_is_read_whole(tmp_path):
    """A file of just the size that is allowed is read."""
    (tmp_path / "file").write_bytes(bytes(100))
    assert read_ordinary(tmp_path / "file", 100, "name a table") == bytes(100)
