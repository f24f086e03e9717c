"""What finds code blocks, commands and sentences in documents, on texts made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import blocks as documents


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page with blocks, a table and a list."""
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    file = tmp_path / "page.md"
    file.write_text(
        "# A title of a page is not a sentence\n\nOne two\nthree. Four [five](six.md) `seven eight`.\n\n"
        "```python\nx = 1\n```\n\n<!-- not run: it takes hours -->\n```sh\ngeobfdt study # all\n```\n\n"
        "```{toctree}\nother\n```\n\n| a | b |\n|---|---|\n| c. d | e |\n\n- nine\n- ten\n  eleven\n"
    )
    return file


def test_blocks_have_place_language_and_mark(page: Path) -> None:
    """Directives are no blocks, and a comment above a fence marks its block only."""
    assert documents.blocks(page) == [
        ("page.md:6", "python", "x = 1\n", True),
        ("page.md:11", "sh", "geobfdt study # all\n", False),
    ]


def test_sentences_leave_out_code_tables_and_headings(page: Path) -> None:
    """List items are sentences of their own, and a link counts with its text."""
    assert list(documents.sentences(page)) == ["One two three.", "Four five code.", "nine", "ten eleven"]


def test_commands_are_split_as_a_shell_does() -> None:
    """Comments, prompts, variables and line ends are taken out; pipes and lists part commands."""
    text = "$ A=1 geobfdt pick x \\\n  --out 'a b' # why\nT=$(rand 3) make docs && jq . a.json | sort\n"
    assert list(documents.commands(text)) == [
        ["geobfdt", "pick", "x", "--out", "a b"], ["make", "docs"], ["jq", ".", "a.json"], ["sort"],
    ]  # fmt: skip
