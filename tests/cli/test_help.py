"""No help loses a bracket: what the source says between them is on the screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import geobfdt.cli
from geobfdt.cli import app
from geobfdt.wells.options import ReadingOptions

SOURCES = sorted(Path(geobfdt.cli.__file__).parent.glob("*.py"))
MARKED_UP = "app.py"  # whose own help has words in bold


def help_texts() -> list[str]:
    """Help texts with a bracket, read from the source alone: of options and arguments, and docstrings of commands."""
    texts = [field.description or "" for field in ReadingOptions.model_fields.values()]
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "help" and isinstance(node.value, ast.Constant):
                texts.append(str(node.value.value))
            elif isinstance(node, ast.FunctionDef) and source.name != MARKED_UP:
                texts += (ast.get_docstring(node) or "").split("\n\n")
    return [text for text in texts if "[" in text]


def squeezed(text: str) -> str:
    """Without blanks and the lines of boxes."""
    return "".join(letter for letter in text if not letter.isspace() and letter not in "│╭╮╰╯─")


@pytest.fixture
def plain_help(monkeypatch: pytest.MonkeyPatch) -> str:
    """Help of every verb, on a screen so wide that no line is broken."""
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 2000)
    verbs = [[]]
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        verbs += [[name], *([name, within] for within in getattr(command, "commands", {}))]
    runs = [CliRunner().invoke(app, [*verb, "--help"]) for verb in verbs]
    assert all(run.exit_code == 0 for run in runs)
    return squeezed("".join(run.output for run in runs))


def test_no_help_loses_a_bracket(plain_help: str) -> None:
    """Extras to install and defaults in words, of all verbs and those within ``models``."""
    texts = help_texts()
    assert any("geobfdt[onnx]" in text for text in texts)
    assert any("[default: " in text for text in texts)
    assert [text for text in texts if squeezed(text) not in plain_help] == []
    assert "\\" not in plain_help


def test_the_first_help_is_marked_up_still(plain_help: str) -> None:
    """Its words in bold are no tags on the screen, and its list of verbs keeps brackets."""
    assert squeezed("Start with geobfdt open FILE: picks on a screen") in plain_help
    assert plain_help.count(squeezed("geobfdt[search]")) == 2  # in the list, and with the verb
