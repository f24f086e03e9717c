"""One reader for YAML that a person, or somebody hostile, wrote."""

import os

import pytest

from geobfdt.runtime.findings import InputError
from geobfdt.runtime.settings_files import parse_yaml, read_yaml

HOSTILE = {
    "aliases": "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "a merge key": "a: &a {x: 1}\nb: {<<: *a}\n",
    "deep lists": "[" * 5000 + "]" * 5000,
    "deep mappings": "\n".join(" " * level + "a:" for level in range(200)),
    "a key twice": "top: 1\nbottom: 2\ntop: 3\n",
    "a key twice, inside": "a:\n - {x: 1, x: 2}\n",
    "a Python object": "!!python/object/apply:os.system [echo]",
    "no YAML": "a: [1, 2",
    "not UTF-8": b"a: \xff",
    "too large": b"# " + b"x" * (1 << 20),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_in_a_line_at_once(tmp_path, content):
    """Nothing hangs, nothing fills the memory, no value wins silently over another."""
    file = tmp_path / "a.yaml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_yaml(file, "mapping", "name a YAML file")
    assert caught.value.file == str(file)
    assert "\n" not in str(caught.value)


def test_a_pipe_is_refused(tmp_path):
    """A pipe that nobody writes to does not hold the program up."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError):
        read_yaml(tmp_path / "pipe", "mapping", "name a YAML file")


def test_what_people_write_is_read():
    """Comments, both styles of lists, dates and numbers are as in plain YAML."""
    text = "# demands\nwells: [A-1, B-2]\nleast:\n  each:\n    - 1.5\n    - yes\n"
    assert parse_yaml(text) == {"wells": ["A-1", "B-2"], "least": {"each": [1.5, True]}}


def test_the_line_is_named():
    """A message tells the line."""
    with pytest.raises(ValueError, match=r"^line 3: "):
        parse_yaml("top: 1\nbottom: 2\nleft: *right\n")
