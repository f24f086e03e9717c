"""Code blocks of the documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

# Pages that a program writes, and folders of the build.
_WRITTEN = {"_build", "_notebooks", "gallery", "api", "studies"}

_FENCE = re.compile(
    r"(?P<mark><!-- not run: [^\n]+ -->\n+)?^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```[ \t]*$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """
    A fenced block of a page.

    Parameters
    ----------
    place : str
        File and line.
    language : str
        As the fence names it; empty where it does not.
    text : str
        The block.
    runs : bool
        False where the page says why it is not run, in a comment above the fence: ``<!-- not run: ... -->``.
    """

    place: str
    language: str
    text: str
    runs: bool


def pages() -> list[Path]:
    """Return the README, its neighbours and the pages of the documentation."""
    documents = [page for page in (ROOT / "docs").rglob("*.md") if not _WRITTEN & set(page.relative_to(ROOT).parts)]
    return sorted([*ROOT.glob("*.md"), *documents])


def blocks(page: Path) -> list[Block]:
    """Return the code blocks of a page; directives such as ``{toctree}`` are none."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start('language')) + 1}",
            match["language"].strip(), match["text"], match["mark"] is None,
        )
        for match in _FENCE.finditer(text)
        if not match["language"].startswith("{")
    ]  # fmt: skip


def commands(text: str) -> Iterator[list[str]]:
    """Split shell lines into commands and their words, without comments, prompts, and variables set before them."""
    for line in re.sub(r"\$\([^)]*\)", "OUTPUT", text.replace("\\\n", " ")).splitlines():
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word in {"|", "&&", ";"}:
                while words and re.match(r"[A-Z_]+=", words[0]):
                    words.pop(0)
                if words:
                    yield words
                words = []
            else:
                words.append(word)


def sentences(page: Path) -> Iterator[str]:
    """Return the sentences of a page: of paragraphs and list items, without code blocks, tables and headings."""
    text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    text = re.sub(r"^( *)(`{3,}|:{3,}).*?^ *\2[ \t]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"`[^`]*`", "code", text))
    # A list item, a heading and a row of a table begin a paragraph of their own.
    for paragraph in re.split(r"\n\s*\n|\n(?=\s*(?:[-*+]|\d+\.|#+|\|) ?)", text):
        words = re.sub(r"^\s*(?:[-*+]|\d+\.) ", "", paragraph)
        if not words.lstrip().startswith(("#", "|", ":")):
            yield from re.split(r"(?<=[.!?])[*_)\"]*\s+", " ".join(words.split()))
