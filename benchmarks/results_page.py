"""Make the pages that hold figures from the files of `results/`: docs/results.md, a part of the README, the model card.

    python benchmarks/results_page.py

Sentences are text of the templates in `benchmarks/pages`; numbers come from `results/NAME.json`, which the benchmarks
write with `--out`. What was measured with other weights than those that ship is marked by the run of these weights,
which `docs/history/pretraining.csv` names. A page may hold the part of a template between the lines
`<!-- make results: NAME -->` and `<!-- end -->`; only what lies between them is written.
"""

from __future__ import annotations

import csv
import json
import re
import statistics
import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
TEMPLATES = Path(__file__).with_name("pages")
SHIPPED_CARD = ROOT / "src" / "geobfdt" / "model" / "weights" / "card.json"
RUNS = ROOT / "docs" / "history" / "pretraining.csv"
TOOLS = ("otv", "atv", "fmi", "cmi", "fms", "lwd56", "lwd16")
WITH_PARTS = ("README.md", "docs/index.md")

_WIDTH = 120  # Characters of a line.
_HARD_BLANK = "\ue000"  # A character of private use, which no page holds.
_LOW_F1 = 0.045  # F1 below this is printed bold: 0.04 at two digits.
_PART = re.compile(r"(<!-- make results: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Row = dict[str, Any]


class Results:
    """
    One file of results.

    Parameters
    ----------
    name : str
        Name of the file, without its ending.
    content : mapping
        ``command``, ``weights`` (SHA-256; None where no trained network takes part), ``version``, ``avx512`` (whether
        the processor has it; False where it is left out), ``date``, ``rows``.
    """

    def __init__(self, name: str, content: Mapping[str, Any]) -> None:
        self.name = name
        self.command: str = re.sub(r" --out \S+", "", content["command"])
        self.weights: str | None = content["weights"]
        self.avx512 = bool(content.get("avx512", False))
        self.rows: list[Row] = content["rows"]

    def rows_of(self, *columns: str, **values: object) -> list[Row]:
        """Rows that have these columns and these values."""
        return [
            row
            for row in self.rows
            if all(column in row for column in columns) and all(row.get(k) == v for k, v in values.items())
        ]

    def row(self, *columns: str, **values: object) -> Row:
        """
        The row that has these columns and these values.

        Raises
        ------
        LookupError
            If there is none, or several.
        """
        rows = self.rows_of(*columns, **values)
        if len(rows) != 1:
            raise LookupError(f"results/{self.name}.json: {len(rows)} rows with {columns} {values}, expected one")
        return rows[0]

    def values(self, column: str, **values: object) -> list[Any]:
        """Values of a column."""
        return [row[column] for row in self.rows_of(column, **values)]

    def first(self, column: str, at_least: float) -> Row:
        """First row in which a column reaches a value."""
        for row in self.rows_of(column):
            if row[column] >= at_least:
                return row
        raise LookupError(f"results/{self.name}.json: no row with {column} of {at_least} or more")

    def best(self, column: str) -> Row:
        """First row with the largest value of a column."""
        return max(self.rows_of(column), key=lambda row: row[column])

    def range(self, column: str, **values: object) -> tuple[Any, Any]:
        """Least and largest value of a column."""
        every = self.values(column, **values)
        return min(every), max(every)

    def median(self, column: str, **values: object) -> float:
        """Median of a column."""
        return statistics.median(self.values(column, **values))

    def total(self, column: str, **values: object) -> int:
        """Sum of a column."""
        return sum(self.values(column, **values))

    def change(self, **values: object) -> float:
        """F1 after minus F1 before."""
        return float(self.row(when="after", **values)["f1"] - self.row(when="before", **values)["f1"])


def read_results(folder: Path = RESULTS) -> dict[str, Results]:
    """Files of results by name."""
    return {file.stem: Results(file.stem, json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))}


def shipped_weights() -> str:
    """SHA-256 of the weights that ship."""
    return str(json.loads(SHIPPED_CARD.read_text())["weights_sha256"])


def _runs() -> dict[str, str]:
    """Run of pretraining by the SHA-256 of its weights."""
    with RUNS.open(newline="") as file:
        return {row["weights_sha256"]: f"run {row['run']}" for row in csv.DictReader(file) if row["weights_sha256"]}


def environment(results: Mapping[str, Results], shipped: str) -> Environment:
    """Templates with what they may ask for."""
    runs = _runs()

    def run(weights: str) -> str:
        return runs.get(weights, f"weights {weights[:8]}")

    def of(measured: Results | Row, before: str = " (") -> str:
        weights = measured.weights if isinstance(measured, Results) else measured["weights"]
        if weights in (None, shipped):
            return ""
        return f"{before}{run(weights)}" + (")" if before.endswith("(") else "")

    def two(value: float | None) -> str:
        return "-" if value is None else f"{value:.2f}"

    def bold(f1: float | None) -> str:
        return f"**{two(f1)}**" if f1 is not None and f1 < _LOW_F1 else two(f1)

    def chance_range(tools: tuple[str, ...], name: str) -> str:
        chance = [results[f"tool-{tool}"].row(**{"class": name}, kind="trace", tolerance_m=0.03) for tool in tools]
        levels = [row["null_f1"] for row in chance if row["null_f1"] is not None]
        return f"{min(levels):.2f} to {max(levels):.2f}"

    def two_ends(study: str) -> str:
        low, high = results["studies"].range("f1", study=study)
        return f"{low:.3f} to {high:.3f}"

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    templates.globals |= {name.replace("-", "_"): one for name, one in results.items()}
    templates.globals |= {
        "results": results, "shipped": shipped, "tools": TOOLS, "run": run, "of": of, "two": two, "bold": bold,
        "chance_range": chance_range, "two_ends": two_ends,
        "percent": lambda share: f"{100 * share:.0f} %", "z": lambda z: "-" if z is None else f"{z:.0f}",
    }  # fmt: skip
    return templates


def wrap(text: str) -> str:
    """
    Break long lines of paragraphs and lists; tables, headings and commands keep their lines.

    Examples
    --------
    >>> wrap("- " + "word " * 30).splitlines()[1].startswith("  word")
    True
    """
    lines = []
    for line in text.splitlines():
        if len(line) <= _WIDTH or line.startswith(("|", "#", "`")):
            lines.append(line)
        else:
            indent = "  " if line.startswith("- ") else ""
            # A blank inside a command must not end a line.
            whole = re.sub(r"`[^`]*`", lambda code: code[0].replace(" ", _HARD_BLANK), line)
            whole_words = {"break_long_words": False, "break_on_hyphens": False}
            parts = textwrap.wrap(whole, _WIDTH, subsequent_indent=indent, **whole_words)
            lines += [part.replace(_HARD_BLANK, " ") for part in parts]
    return "\n".join(lines) + "\n"


def make_pages(results: Mapping[str, Results] | None = None, shipped: str | None = None) -> dict[Path, str]:
    """Pages by file, as the results of today make them."""
    templates = environment(results or read_results(), shipped or shipped_weights())
    pages = {ROOT / "docs" / "results.md": wrap(templates.get_template("results.md.jinja").render())}
    for name in WITH_PARTS:
        docs = "docs/" if name == "README.md" else ""

        def part(match: re.Match[str], docs: str = docs) -> str:
            return match[1] + wrap(templates.get_template(f"{match[2]}.md.jinja").render(docs=docs)) + match[3]

        pages[ROOT / name] = _PART.sub(part, (ROOT / name).read_text())
    return pages


def make_model_card() -> dict[Path, str]:
    """Model card and bill of materials of the shipped bundle, by file; the docs hold a copy of the card."""
    from geobfdt.model.model_card import BILL, PAGE, write_model_card

    with tempfile.TemporaryDirectory() as folder:
        page, bill = (file.read_text() for file in write_model_card("default", folder, RESULTS))
    beside = SHIPPED_CARD.parent
    return {ROOT / "docs" / PAGE: page, beside / PAGE: page, beside / BILL: bill}


def main() -> None:
    """Write the pages that have changed."""
    for file, text in (make_pages() | make_model_card()).items():
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            print(f"{file.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
