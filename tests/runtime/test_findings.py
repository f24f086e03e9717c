"""Findings travel as JSON and errors stay on one line."""

import pytest

from geobfdt.runtime.findings import Finding, InputError, Severity, findings_from_json, findings_to_json


def test_json_round_trip():
    """What is written is read back equal, severity included."""
    findings = [Finding(Severity.MAJOR, "a-b", "row 3", "µ = 5", 'say "so"')]
    assert findings_from_json(findings_to_json(findings)) == findings


@pytest.mark.parametrize("text", ["{", "[1]", '[{"severity": "loud"}]', '[{"severity": "info"}]', '{"a": 1}'])
def test_foreign_json_is_a_value_error(text):
    """Anything else is refused with ValueError, never another exception."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own subclass comes through too
        findings_from_json(text)


def test_error_is_one_printable_line():
    """Names from hostile files can neither break the line nor send escape codes to the terminal."""
    line = str(InputError("a\nb.dlis", "curve '\x1b[31mGR\r\n'", "copy it again"))
    assert line.isprintable()
    assert line == "a b.dlis: curve '?[31mGR '; copy it again"


def test_an_endless_name_leaves_room_for_the_cure():
    """What was taken from a file is cut, what the user can do is not."""
    line = str(InputError("a.csv", "columns " + "py" * 5000, "give --image"))
    assert line.startswith("a.csv: columns pypy")
    assert line.endswith("...; give --image")
    assert len(line) < 700
