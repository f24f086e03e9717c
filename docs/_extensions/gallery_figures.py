"""Pictures and order of the gallery."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

# From a first look to training and operation.
ORDER = [
    "known_planes", "televiewer_strip", "six_formats", "chance_level", "review_and_report", "fine_tune", "small_study",
    "drift_zones",
]  # fmt: skip


def order(file: str) -> int:
    """Return the place of an example in the gallery."""
    return ORDER.index(Path(file).stem)


def pictures(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Return the markup of the pictures that a block of an example assigns: a Figure, or the path of a PNG."""
    names = [node.id for node in ast.walk(ast.parse(block[1])) if isinstance(node, ast.Name)]
    files = []
    for name in dict.fromkeys(names):
        picture = block_vars["example_globals"].get(name)
        assigned = f"{name} = " in block[1]
        if not assigned or not (isinstance(picture, Figure) or str(picture).endswith(".png")):
            continue
        file = next(block_vars["image_path_iterator"])
        if isinstance(picture, Figure):
            picture.savefig(file, dpi=110)
        else:
            shutil.copy(picture, file)
        files.append(file)
    return figure_rst(files, gallery_conf["src_dir"])
