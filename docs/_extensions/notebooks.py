"""Notebooks of the tutorials: the pages themselves, as Jupyter reads them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from sphinx.application import Sphinx

# Pages name no kernel, and jupytext would take the language of most cells.
_HEADER = "---\njupyter:\n  kernelspec: {display_name: Python 3, language: python, name: python3}\n---\n"


def notebook_of(page: Path) -> nbformat.NotebookNode:
    """
    Return the notebook of a tutorial, without outputs.

    Blocks marked ``python`` and ``bash`` are cells. Pictures and links to other pages are left out: they lead nowhere
    from a file that is downloaded.
    """
    text = re.sub(r"^(!\[|\{download\}).*\n", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\.md[^)]*\)", r"\1", text)
    notebook = jupytext.reads(_HEADER + text, fmt="md")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        # Without -e, only the last command of a cell can fail it.
        cell.source = re.sub(r"^%%bash\n", "%%bash -e\n", cell.source)
    return notebook


def write_notebooks(app: Sphinx) -> None:
    """Write the notebook of each tutorial beside the pages, for download."""
    source = Path(app.srcdir)
    folder = source / "_notebooks"
    folder.mkdir(exist_ok=True)
    for page in sorted((source / "tutorials").glob("*.md")):
        nbformat.write(notebook_of(page), folder / f"{page.stem}.ipynb")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the notebooks before pages are read."""
    app.connect("builder-inited", write_notebooks)
    return {"version": "1", "parallel_read_safe": True}
