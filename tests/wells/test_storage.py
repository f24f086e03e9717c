"""Files appear whole or not at all."""

import errno

import pytest

from geobfdt.wells.findings import InputError
from geobfdt.wells.storage import atomic_files, atomic_path, write_text


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
