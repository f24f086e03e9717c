"""Wells of a field that have picks, with the tables that a report is made of."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from geobfdt.io.images.netcdf import read
from geobfdt.reports.well_curves import WellCurves, read_well_curves
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import BreakoutTable, read_breakouts
from geobfdt.wells.field import Field
from geobfdt.wells.image import WellImage
from geobfdt.wells.intervals import IntervalTable
from geobfdt.wells.layers import named_layers
from geobfdt.wells.picks import PickTable, read_picks

__all__ = ["PickedWells"]


class PickedWell(NamedTuple):
    """
    A well and its tables.

    Parameters
    ----------
    image : WellImage
        The well; its file is open.
    picks : PickTable
        Its picks.
    intervals : IntervalTable
        Where it is interpreted.
    file : Path
        The pick table, or where it would be.
    """

    image: WellImage
    picks: PickTable
    intervals: IntervalTable
    file: Path


class PickedWells:
    """
    Wells of a field that have picks.

    Parameters
    ----------
    field : Path
        Folder of the wells.
    picks : Path or None
        Folder of pick tables; None: the field's own.
    layer : str or None
        Layer of the review, instead of pick tables.
    wells : tuple of str
        File stems of the wells that are meant; empty: all.

    Raises
    ------
    InputError
        If no well has picks.
    """

    def __init__(self, field: Path, picks: Path | None, layer: str | None, wells: tuple[str, ...]) -> None:
        self.folder = Field(field)
        self._files = {stem: (picks or field) / f"{stem}.picks.csv" for stem in self.folder.wells()}
        self._layers = named_layers(field, layer) if layer is not None else None
        with_picks = [
            stem
            for stem, file in self._files.items()
            if (file.exists() if self._layers is None else stem in self._layers)
        ]
        self.stems = [stem for stem in with_picks if not wells or stem in wells]
        if not self.stems:
            cure = "pick the field with geobfdt pick DIR --out PICKS, and give --picks PICKS"
            raise InputError(picks or field, "no pick table of a well here", cure)

    def breakouts(self, stem: str) -> BreakoutTable:
        """Read the breakouts of a well: those that were found with its picks, or else those of the field."""
        beside_picks = self._files[stem].with_name(f"{stem}.breakouts.csv")
        return read_breakouts(beside_picks) if beside_picks.exists() else self.folder.breakouts(stem)

    def curves(self, stem: str) -> WellCurves:
        """Read what was measured along a well; a file beside its picks comes before one of the field."""
        return read_well_curves((self._files[stem].parent, self.folder.path), stem)

    def read(self, stem: str) -> PickedWell:
        """Read a well by its file stem."""
        image, file = read(self.folder.file(stem, ".nc")), self._files[stem]
        name = str(image.attrs["well"])
        if self._layers is not None:
            layer = self._layers[stem]
            return PickedWell(image, layer.picks(name), layer.intervals(name), file)
        return PickedWell(image, read_picks(file), self.folder.intervals(stem), file)
