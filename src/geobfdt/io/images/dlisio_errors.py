"""How far damage to a DLIS or LIS file is read past: dlisio's complaints, written down as findings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

from dlisio.common import ErrorHandler

from geobfdt.io.file_findings import FileFindings
from geobfdt.wells.findings import Severity

__all__ = ["tolerant"]

_REPEATED = 3  # a broken file says the same a thousand times over


@contextmanager
def tolerant(name: str, findings: FileFindings) -> Iterator[Any]:
    """
    Make an error handler that lets dlisio read as far as it can, and catch what dlisio would print meanwhile.

    Parameters
    ----------
    name : str
        Of the format, as findings are called by: ``dlis-damaged``.
    findings : FileFindings
        Grows by what dlisio complains about.

    Yields
    ------
    dlisio.common.ErrorHandler
        To give to ``dlisio.dlis.load`` or ``dlisio.lis.load``.
    """

    def say(severity: Severity, kind: str, done: str) -> Callable[[str], None]:
        def record(message: str) -> None:
            if sum(f.kind == kind for f in findings) < _REPEATED:
                seen = shorten(str(message).split("Debug info")[0], 160, placeholder=" ...")
                findings.add(severity, kind, seen, done)

        return record

    class Log(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            note(record.getMessage())

    note = say(Severity.MINOR, f"{name}-violation", "read past")
    logger, log = logging.getLogger("dlisio"), Log(logging.WARNING)
    before = logger.propagate
    logger.addHandler(log)
    logger.propagate = False
    try:
        yield ErrorHandler(
            critical=say(Severity.MAJOR, f"{name}-damaged", "read as far as it goes"),
            major=say(Severity.MAJOR, f"{name}-violation", "read on the reader's best understanding"),
            minor=note,
            info=lambda message: None,  # noqa: ARG005 - peculiar but allowed
        )
    finally:
        logger.removeHandler(log)
        logger.propagate = before
