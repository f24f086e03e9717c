"""A document of blocks, written as one HTML file and as Markdown with its pictures beside it."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import NamedTuple

__all__ = ["PRINT_STYLE", "Block", "bullets", "write_document"]

# Paper does not scroll: wide tables are set small and wrapped, long ones repeat their head on each page.
PRINT_STYLE = """
@page { size: A4; margin: 14mm 12mm 16mm; }
@page { @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif; } }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; line-height: 1.4; margin: 0; padding: 0; max-width: none; }
  h1, h2 { break-after: avoid; } p, li, tr, img { break-inside: avoid; } p { orphans: 3; widows: 3; }
  div { overflow: visible !important; max-height: none !important; }
  table { font-size: 7.5pt; width: 100%; } th { vertical-align: bottom; position: static !important; }
  th, td { padding: .15rem .3rem; } th { white-space: normal; }
  :is(.rows, .table) td:last-child { white-space: normal; overflow-wrap: anywhere; }
  thead { display: table-header-group; }
  img { display: block; max-height: 245mm; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
"""

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; background: #fff; } pre { overflow-x: auto; padding: .8rem; background: #8881; font-size: 13px; }
.table { overflow-x: auto; }
"""


class Block(NamedTuple):
    """A block of the document: ``h1``, ``h2``, ``text``, ``list``, ``table``, ``code``, ``picture``."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    data: bytes = b""


def bullets(texts: list[str]) -> Block:
    """Make a list of sentences."""
    return Block("list", rows=tuple((text,) for text in texts))


def write_document(folder: Path, name: str, title: str, blocks: list[Block]) -> None:
    """
    Write ``<name>.html`` and ``<name>.md`` with its pictures.

    Parameters
    ----------
    folder : Path
        Where, made.
    name, title : str
        Of the files, and of the page in a browser.
    blocks : list of Block
        What it says.
    """
    for block in blocks:
        if block.kind == "picture":
            (folder / f"{block.text}.png").write_bytes(block.data)
    (folder / f"{name}.md").write_text("\n".join(_markdown(block) for block in blocks), encoding="utf-8")
    (folder / f"{name}.html").write_text(_html(title, blocks), encoding="utf-8")


def _markdown(block: Block) -> str:
    if block.kind in ("h1", "h2"):
        return f"{'#' * int(block.kind[1])} {block.text}\n"
    if block.kind == "list":
        return "".join(f"- {row[0]}\n" for row in block.rows)
    if block.kind == "table":
        head, *rows = block.rows
        ruled = [head, tuple("---" for _ in head), *rows]
        return "".join(f"| {' | '.join(row)} |\n" for row in ruled)
    if block.kind == "code":
        return f"```\n{block.text}\n```\n"
    if block.kind == "picture":
        return f"![{block.text}]({block.text}.png)\n"
    return f"{block.text}\n"


def _html(title: str, blocks: list[Block]) -> str:
    body = "\n".join(_element(block) for block in blocks)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}{PRINT_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _element(block: Block) -> str:
    text = html.escape(block.text)
    if block.kind in ("h1", "h2"):
        return f"<{block.kind}>{text}</{block.kind}>"
    if block.kind == "list":
        return f"<ul>{''.join(f'<li>{html.escape(row[0])}</li>' for row in block.rows)}</ul>"
    if block.kind == "table":
        head, *rows = ([html.escape(cell) for cell in row] for row in block.rows)
        lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        titles = f"<thead><tr>{''.join(f'<th>{c}</th>' for c in head)}</tr></thead>"
        return f'<div class="table"><table>{titles}{lines}</table></div>'
    if block.kind == "code":
        return f"<pre>{text}</pre>"
    if block.kind == "picture":
        return f'<img alt="{text}" src="data:image/png;base64,{base64.b64encode(block.data).decode()}">'
    return f"<p>{text}</p>"
