"""Names and pages read as the field and the library world write: no participle as a noun, no long lines."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Participles that stood for nouns, and names of the network, the review server and the gate that have standard terms.
BANNED = frozenset(
    [
        "asked",
        "done",
        "found",
        "given",
        "known",
        "learnt",
        "left",
        "said",
        "seen",
        "told",
        "wanted",
        "astray",
        "company",
        "doubts",
        "known_by",
        "laws",
        "strange_style",
        "usual",
        "widened",
        "Ballot",
        "Guess",
        "Look",
        "Pace",
        "Room",
        "Sight",
        "Watched",
        "_ahead",
        "_band",
        "_dealt",
        "_listen",
        "_nothing",
        "_worth",
        "elect",
        "forth",
        "standing",
    ]
)


# Fields of settings files, which users hold: their names are a file format.
FILE_FORMAT = {
    "src/geobfdt/model/network_settings.py": {"doubts", "company"},
    "src/geobfdt/reports/title_block.py": {"company"},
}


def defined_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that a module defines, with their lines: variables, parameters, attributes, functions and classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples"])
def test_names_are_standard_terms(folder: str) -> None:
    """No name of the list is defined anywhere."""
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {name}"
        for file in sorted((ROOT / folder).rglob("*.py"))
        for name, line in defined_names(ast.parse(file.read_text()))
        if (name in BANNED or name.strip("_") in BANNED)
        and name not in FILE_FORMAT.get(str(file.relative_to(ROOT)), ())
    ]
    assert wrong == []


def test_lines_of_documents_are_short() -> None:
    """A line of a document has 120 characters at most; pages that a program writes are left out."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    wrong = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in pages
        if page.name != "study.md" and "_build" not in page.parts
        for number, line in enumerate(page.read_text().splitlines(), start=1)
        if len(line) > 120
    ]
    assert wrong == []
