"""Findings: every repair and doubt, written down; and the one-line error of a critical one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Finding", "InputError", "Severity", "findings_from_json", "findings_to_json"]


_LONGEST = 600  # characters of what was seen that are told; a hostile file's names may be endless


class Severity(StrEnum):
    """How much a finding matters to what comes out."""

    INFO = "info"  # a convention applied; the data are what they were
    MINOR = "minor"  # repaired without doubt
    MAJOR = "major"  # repaired or assumed; the result leans on it
    CRITICAL = "critical"  # cannot be read; the run stops


@dataclass(frozen=True)
class Finding:
    """
    One repair or doubt.

    Parameters
    ----------
    severity : Severity
        How much it matters.
    kind : str
        Stable name in kebab-case (``depth-flipped``), for machines.
    place : str
        File, channel, row or depth interval it speaks of.
    seen : str
        What was found there, with numbers.
    done : str
        What was done about it, or what the user could do.

    Examples
    --------
    >>> print(Finding(Severity.MINOR, "depth-flipped", "a.dlis", "depths decrease", "rows reversed"))
    minor  depth-flipped  a.dlis: depths decrease; rows reversed
    """

    severity: Severity
    kind: str
    place: str
    seen: str
    done: str

    def __str__(self) -> str:
        return f"{self.severity}  {self.kind}  {self.place}: {self.observed}; {self.action}"


class InputError(Exception):
    """
    A critical finding: one line that names file, place and cure. The command line prints it and exits with 1.

    Parameters
    ----------
    file : str or Path
        What was being read or written.
    seen : str
        What is wrong, with the place inside the file.
    cure : str
        What the user can do.

    Examples
    --------
    >>> print(InputError("a.dlis", "the file is empty", "copy it again"))
    a.dlis: the file is empty; copy it again
    """

    def __init__(self, file: str | Path, seen: str, cure: str) -> None:
        self.file, self.observed, self.cure = str(file), seen, cure
        # Text taken from a hostile file must neither break the one line nor steer the terminal.
        told = seen if len(seen) <= _LONGEST else f"{seen[:_LONGEST]}..."
        line = " ".join(f"{file}: {told}; {cure}".split())
        super().__init__("".join(c if c.isprintable() else "?" for c in line))

    def apart(self) -> str:
        """
        The same line without the folders of this machine, for whoever asks from another one.

        Examples
        --------
        >>> InputError("/srv/field/a.dlis", "/srv/field/a.dlis is empty", "copy it again").apart()
        'a.dlis: a.dlis is empty; copy it again'
        """
        name = Path(self.file).name
        return str(InputError(name, self.observed.replace(self.file, name), self.cure))

    @property
    def finding(self) -> Finding:
        """The same as a finding, for machines."""
        return Finding(Severity.CRITICAL, "cannot-read", self.file, self.observed, self.cure)


def findings_to_json(findings: Iterable[Finding]) -> str:
    """
    Write findings as a JSON array of objects.

    Examples
    --------
    >>> findings_to_json([])
    '[]'
    """
    return json.dumps([asdict(finding) for finding in findings], indent=1)


def findings_from_json(text: str) -> list[Finding]:
    """
    Read findings back from :func:`findings_to_json`.

    Raises
    ------
    ValueError
        If the text is not such an array.

    Examples
    --------
    >>> findings_from_json('[]')
    []
    """
    rows: Any = json.loads(text)
    try:
        return [Finding(**{**row, "severity": Severity(row["severity"])}) for row in rows]
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a list of findings: {error}") from error
