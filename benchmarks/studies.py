"""Collect the scores of studies from their pages, as a file of results.

    python benchmarks/studies.py docs/studies --shipped SHA256 --out results/studies.json

A row is a level with its F1, or a step between two levels with its difference and the verdict. `--shipped` names the
weights with which levels began that a study calls `shipped weights`; the other levels begin with random weights.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

from results_file import add_out, write_results

_STEP = re.compile(r"- (.+) to (.+): ([+-][\d.]+) \(([+-][\d.]+) to ([+-][\d.]+)\): (.+)")
_RANDOM = "random weights"


def rows_of(page: Path) -> list[dict[str, Any]]:
    """Levels and steps of a study's page."""
    study, start, rows = page.parent.name, _RANDOM, []
    scores = page.read_text().split("\n## Design", 1)[0]
    for line in scores.splitlines():
        if line.startswith("## start: "):
            start = line.removeprefix("## start: ")
        shared = {"study": study, "start": start}
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if step := _STEP.fullmatch(line):
            low, high = float(step[4]), float(step[5])
            rows.append(
                {**shared, "from": step[1], "to": step[2], "difference": float(step[3]), "lo": low, "hi": high,
                 "verdict": step[6]}
            )  # fmt: skip
        elif line.startswith("| ") and cells[1] != "F1 3 cm" and not cells[0].startswith("---"):
            chance = {
                f"{name}_null_f1": float(cell.split("(")[1].rstrip(")"))
                for name, cell in zip(("bedding", "fracture"), cells[4:6], strict=True)
            }
            millions = float(cells[10].removesuffix(" M"))
            rows.append({**shared, "level": cells[0], "f1": float(cells[1]), **chance, "parameters_millions": millions})
    return rows


def main() -> None:
    """Write the rows of all studies in a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shipped", required=True, help="SHA-256 of the weights that were shipped at the time")
    add_out(parser)
    arguments = parser.parse_args()
    rows = [row for page in sorted(arguments.folder.glob("*/study.md")) for row in rows_of(page)]
    for row in rows:
        row["weights"] = None if row["start"] == _RANDOM else arguments.shipped
        print(*row.values(), sep="  ")
    write_results(arguments.out, rows, None)


if __name__ == "__main__":
    main()
