"""A field is a folder of wells."""

import pytest

from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import Field, file_stem


@pytest.mark.parametrize("name", ["../../etc/passwd", "..", "a/b\\c", "", "  ", "-rf *", "a\x00b"])
def test_well_names_stay_in_the_folder(tmp_path, name):
    """No well name leaves the field folder."""
    path = Field(tmp_path).file(name, ".nc")
    assert path.parent == tmp_path
    assert path.resolve().parent == tmp_path.resolve()
    assert file_stem(name)


def test_empty_field_names_the_cure(tmp_path):
    """A folder without wells, or no folder, says how to bring wells in."""
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="geobfdt ingest"):
            Field(path).wells()


def test_missing_tables_are_empty(tmp_path):
    """A well without picks or intervals has empty tables."""
    assert len(Field(tmp_path).picks("A")) == 0
    assert len(Field(tmp_path).intervals("A")) == 0
