"""Files that dlisio opens, DLIS and LIS: how far damage is read past, and what dlisio complains of, as findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any

from dlisio.common import ErrorHandler

from geobfdt.io.decoding import decoding, log_messages
from geobfdt.io.file_findings import FileFindings
from geobfdt.runtime.findings import Severity

__all__ = ["open_tolerantly"]

_MOST_OF_A_KIND = 3  # A broken file repeats a complaint a thousand times over.


@contextmanager
def open_tolerantly(load: Callable[..., Any], path: Path, what: str, cure: str) -> Iterator[tuple[Any, FileFindings]]:
    """
    Open a file as far as dlisio can read it.

    Parameters
    ----------
    load : callable
        ``dlisio.dlis.load`` or ``dlisio.lis.load``.
    path : Path
        The file.
    what : str
        What it should be, with an article: ``a DLIS file``. The kinds of findings begin like it: ``dlis-damaged``.
    cure : str
        What the user can do.

    Yields
    ------
    files
        dlisio's logical files, one at least.
    findings : FileFindings
        Grows by what dlisio complains of.

    Raises
    ------
    InputError
        If the file is damaged beyond use, or something in it that the body of the ``with`` reads.
    """
    findings, name = FileFindings(path), "dlis" if "DLIS" in what else "lis"

    def record(severity: Severity, kind: str, action: str) -> Callable[[str], None]:
        def note(message: str) -> None:
            if sum(f.kind == kind for f in findings) < _MOST_OF_A_KIND:
                observed = shorten(str(message).split("Debug info")[0], 160, placeholder=" ...")
                findings.add(severity, kind, observed, action)

        return note

    minor = record(Severity.MINOR, f"{name}-violation", "read past")
    rules = ErrorHandler(
        critical=record(Severity.MAJOR, f"{name}-damaged", "read as far as it goes"),
        major=record(Severity.MAJOR, f"{name}-violation", "read on the reader's best understanding"),
        minor=minor,
        info=lambda message: None,  # noqa: ARG005 - peculiar but allowed
    )
    with decoding(path, what, cure), log_messages("dlisio", minor), load(str(path), error_handler=rules) as files:
        if not len(files):
            raise findings.refusal(findings[0].observed if findings else "it holds no logical file", cure)
        yield files, findings
