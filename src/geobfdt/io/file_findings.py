"""What a reader finds in one file: findings in their order, and refusals of the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from geobfdt.runtime.findings import Finding, InputError, Severity

__all__ = ["FileFindings"]


class FileFindings(list[Finding]):
    """
    The findings of one file.

    Parameters
    ----------
    path : Path
        The file, whose name is the place of each finding.
    findings : iterable of Finding
        Those that are known already.

    Examples
    --------
    >>> findings = FileFindings(Path("a.las"))
    >>> findings.minor("values-run-on", "values of 2 rows touch each other", "split at the sign")
    >>> print(findings[0])
    minor  values-run-on  a.las: values of 2 rows touch each other; split at the sign
    """

    def __init__(self, path: Path, findings: Iterable[Finding] = ()) -> None:
        super().__init__(findings)
        self.path = path

    def add(self, severity: Severity, kind: str, observed: str, action: str) -> None:
        """Append a finding."""
        self.append(Finding(severity, kind, self.path.name, observed, action))

    def info(self, kind: str, observed: str, action: str) -> None:
        """Append a convention that is applied."""
        self.add(Severity.INFO, kind, observed, action)

    def minor(self, kind: str, observed: str, action: str) -> None:
        """Append a repair that is certain."""
        self.add(Severity.MINOR, kind, observed, action)

    def major(self, kind: str, observed: str, action: str) -> None:
        """Append a repair or an assumption that the result rests on."""
        self.add(Severity.MAJOR, kind, observed, action)

    def refusal(self, observed: str, cure: str) -> InputError:
        """Return the error that refuses the file."""
        return InputError(self.path, observed, cure)
