"""A field: a folder that holds wells, ready to pick, score and train on.

=========================  =========================================================
``<well>.nc``              the WellImage (netCDF-4)
``<well>.picks.csv``       the interpreter's picks, if any
``<well>.intervals.csv``   interpreted and ignored intervals, if any
``<well>.breakouts.csv``   breakouts and induced fractures, if any
``<well>.findings.json``   findings: repairs, assumptions and uncertain values
``manifest.json``          what each well was made of: files, SHA-256, reading options
=========================  =========================================================
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import BreakoutTable, new_breakouts, read_breakouts
from geobfdt.wells.intervals import IntervalTable, new_intervals, read_intervals
from geobfdt.wells.picks import PickTable, new_picks, read_picks

__all__ = ["Field", "file_stem"]


def file_stem(well: str) -> str:
    """
    Name of a well as a file name: whatever might leave the folder or upset a shell becomes ``_``.

    Examples
    --------
    >>> file_stem("15/9-F-1 A")
    '15_9-F-1_A'
    """
    return re.sub(r"[^\w.-]+", "_", well).strip("._") or "well"


@dataclass(frozen=True)
class Field:
    """
    A folder of wells.

    Parameters
    ----------
    path : Path
        The folder.
    """

    path: Path

    def wells(self) -> list[str]:
        """
        File stems of the wells here, sorted.

        Raises
        ------
        InputError
            If the folder is not there or holds no well.
        """
        stems = sorted(file.stem for file in self.path.glob("*.nc"))
        if not stems:
            raise InputError(self.path, "no well here", "bring wells in with geobfdt ingest FILE --field DIR")
        return stems

    def file(self, well: str, suffix: str) -> Path:
        """Return the path of a file of a well (``.nc``, ``.picks.csv``, ...)."""
        return self.path / f"{file_stem(well)}{suffix}"

    def picks(self, well: str) -> PickTable:
        """Return the picks of the interpreter on a well; an empty table if there are none."""
        file = self.file(well, ".picks.csv")
        return read_picks(file) if file.exists() else new_picks()

    def intervals(self, well: str) -> IntervalTable:
        """Return the interpreted and ignored intervals of a well; an empty table if there are none."""
        file = self.file(well, ".intervals.csv")
        return read_intervals(file) if file.exists() else new_intervals()

    def breakouts(self, well: str) -> BreakoutTable:
        """Return the breakouts and induced fractures of a well; an empty table if there are none."""
        file = self.file(well, ".breakouts.csv")
        return read_breakouts(file) if file.exists() else new_breakouts()
