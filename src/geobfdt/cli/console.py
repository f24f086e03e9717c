"""What every verb prints: progress on standard error, findings, JSON on standard output."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal
from unicodedata import category

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from geobfdt.runtime.progress import Progress
from geobfdt.runtime.findings import Finding

__all__ = ["AsJson", "console", "print_findings", "print_json", "print_table", "printable", "progress"]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of text.")]

# Without a terminal, progress is printed this often.
_LOG_EVERY_S = 30.0
# Findings are printed in these colours.
_COLOUR_OF_SEVERITY = {"info": "dim", "minor": "cyan", "major": "yellow", "critical": "red"}


def console(*, stderr: bool = False) -> Any:
    """Make a console with colours only on a terminal, and without control characters from the text of files."""
    from rich.console import Console
    from rich.text import Text

    class SafeConsole(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options)

    return SafeConsole(stderr=stderr, highlight=False, soft_wrap=True)


def printable(text: str) -> str:
    r"""
    Replace characters that control a terminal by ``?``: escapes, carriage returns, changes of direction.

    Examples
    --------
    >>> printable("A-1\x1b7")
    'A-1?7'
    """
    # Python does not call spaces of other widths printable, as in 1 000,5.
    text = "".join(" " if category(c) == "Zs" else c for c in text)
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)


@contextmanager
def progress(
    what: str, on_interrupt: str = "finished files stay, and no file is left half-written"
) -> Iterator[Progress]:
    """
    Show the progress of the block on standard error: a bar on a terminal, else a plain line every half minute.

    Parameters
    ----------
    what : str
        The work, such as ``picking a.dlis``.
    on_interrupt : str
        What stays if the user stops the work with Ctrl-C; it is printed then.

    Yields
    ------
    callable
        Takes the finished share and, optionally, the name of the step.
    """
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    screen, what = console(stderr=True), printable(what)
    try:
        if not screen.is_terminal:
            yield _LogLines(what, time.monotonic)
            return
        columns = (
            TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
            TextColumn("{task.fields[text]}", markup=False),
        )  # fmt: skip
        with Bar(*columns, console=screen, transient=True) as bar:
            task = bar.add_task(what, total=1.0, text="")
            yield lambda share, text="": bar.update(task, completed=share, text=text)
    except KeyboardInterrupt:
        screen.print(f"stopped while {what}: {on_interrupt}", markup=False)
        raise


class _LogLines:
    """
    Progress without a terminal: a line after half a minute of work, and every half minute from then on.

    Parameters
    ----------
    what : str
        The work.
    clock : callable
        Time (s).
    """

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self.what, self.clock = what, clock
        self.began = self.last = clock()

    def __call__(self, share: float, text: str = "") -> None:
        now = self.clock()
        if now - self.last < _LOG_EVERY_S or not 0 < share < 1:
            return
        self.last = now
        # The share that a killed run had finished is unknown here, so that first estimates after resuming are short.
        left_min = (now - self.began) * (1 - share) / share / 60
        parts = [f"{self.what}: {100 * share:.0f} %", *([text] if text else []), f"about {left_min:.0f} min left"]
        sys.stderr.write(", ".join(parts) + "\n")
        sys.stderr.flush()


def print_findings(findings: Iterable[Finding]) -> None:
    """Print findings, one a line, worst first."""
    from rich.markup import escape

    rank = list(_COLOUR_OF_SEVERITY)
    out = console()
    for finding in sorted(findings, key=lambda f: -rank.index(f.severity)):
        line = escape(f"{finding.place}: {finding.observed}; {finding.action}")
        out.print(f"[{_COLOUR_OF_SEVERITY[finding.severity]}]{finding.severity:<8}[/] {line}")


def print_table(title: str, rows: list[dict[str, Any]], unbroken: Collection[str] = ()) -> None:
    """
    Print dicts of the same keys as a table.

    Values of `unbroken` columns are to be copied, so that no line may break them: where the screen is too narrow for
    the table, each row is a block of lines instead.
    """
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    screen = console()
    table = Table(title=escape(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in rows[0] if rows else ():
        numeric = all(isinstance(row[name], (int, float)) for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=name in unbroken)
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    if unbroken and screen.measure(table, options=screen.options.update(width=10_000)).maximum > screen.width:
        screen.print(f"[bold]{escape(title)}[/]")
        for row in rows:
            width = max(map(len, row))
            filled = (f"{name:<{width}}  {_cell(value)}" for name, value in row.items() if _cell(value))
            screen.print("\n" + "\n".join(filled), markup=False)
        return
    screen.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if value != value else f"{value:.7g}"
    return str(value)


def print_json(value: Any) -> None:
    """Print a value as JSON; NaN becomes null."""
    typer.echo(json.dumps(_plain(value), indent=1, allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        value = value.item()
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value
