"""Findings: every repair and every uncertain value; and the one-line error of a critical finding."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

__all__ = ["Finding", "InputError", "Severity", "findings_from_json", "findings_to_json"]


# An error message quotes at most this much of what was observed: a hostile file's names may be endless.
_MAX_OBSERVED_CHARACTERS = 600
# Names of fields in JSON, where they differ: files and clients of version 0.1 hold them.
_JSON_KEYS = {"observed": "seen", "action": "done"}
_FIELDS = {key: name for name, key in _JSON_KEYS.items()}


class Severity(StrEnum):
    """How much a finding affects the result."""

    # A convention was applied; the data have not changed.
    INFO = "info"
    # The data were repaired with certainty.
    MINOR = "minor"
    # The data were repaired or assumed, and the result depends on it.
    MAJOR = "major"
    # The data cannot be read; the run stops.
    CRITICAL = "critical"


@dataclass(frozen=True)
class Finding:
    """
    One repair, or one reason to be careful.

    Parameters
    ----------
    severity : Severity
        How much it matters.
    kind : str
        Stable name in kebab-case (``depth-flipped``), for machines.
    place : str
        File, channel, row or depth interval of the finding.
    observed : str
        What is there, with numbers.
    action : str
        What the program did about it, or what the user can do.

    Examples
    --------
    >>> print(Finding(Severity.MINOR, "depth-flipped", "a.dlis", "depths decrease", "rows reversed"))
    minor  depth-flipped  a.dlis: depths decrease; rows reversed
    """

    severity: Severity
    kind: str
    place: str
    observed: str
    action: str

    def to_dict(self) -> dict[str, str]:
        """
        Return the finding as JSON holds it.

        Examples
        --------
        >>> Finding(Severity.MINOR, "depth-flipped", "a.dlis", "depths decrease", "rows reversed").to_dict()["seen"]
        'depths decrease'
        """
        return {_JSON_KEYS.get(name, name): value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return f"{self.severity}  {self.kind}  {self.place}: {self.observed}; {self.action}"


class InputError(Exception):
    """
    A critical finding: one line that names file, place and cure. The command line prints it and exits with 1.

    Parameters
    ----------
    file : str or Path
        What was being read or written.
    observed : str
        What is wrong, with the place inside the file.
    cure : str
        What the user can do.

    Examples
    --------
    >>> print(InputError("a.dlis", "the file is empty", "copy it again"))
    a.dlis: the file is empty; copy it again
    """

    def __init__(self, file: str | Path, observed: str, cure: str) -> None:
        self.file, self.observed, self.cure = str(file), observed, cure
        # Text taken from a hostile file must neither break the one line nor steer the terminal.
        text = observed if len(observed) <= _MAX_OBSERVED_CHARACTERS else f"{observed[:_MAX_OBSERVED_CHARACTERS]}..."
        line = " ".join(f"{file}: {text}; {cure}".split())
        super().__init__("".join(c if c.isprintable() else "?" for c in line))

    def apart(self) -> str:
        """
        Return the same line without the folders of this machine, for a client on another one.

        Examples
        --------
        >>> InputError("/srv/field/a.dlis", "/srv/field/a.dlis is empty", "copy it again").apart()
        'a.dlis: a.dlis is empty; copy it again'
        """
        name = Path(self.file).name
        return str(InputError(name, self.observed.replace(self.file, name), self.cure))

    @property
    def finding(self) -> Finding:
        """The error as a finding."""
        return Finding(Severity.CRITICAL, "cannot-read", self.file, self.observed, self.cure)


def findings_to_json(findings: Iterable[Finding]) -> str:
    """
    Write findings as a JSON array of objects.

    Examples
    --------
    >>> findings_to_json([])
    '[]'
    """
    return json.dumps([finding.to_dict() for finding in findings], indent=1)


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
        named = [{_FIELDS.get(key, key): value for key, value in row.items()} for row in rows]
        return [Finding(**{**row, "severity": Severity(row["severity"])}) for row in named]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a list of findings: {error}") from error
