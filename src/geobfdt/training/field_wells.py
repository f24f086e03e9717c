"""All interpreted wells of a field on a network's grid, prepared once and kept in files."""

from __future__ import annotations

from pathlib import Path

from geobfdt.preparation.network_grid import GridSettings
from geobfdt.training.prepared_wells import PreparedWell, load, prepare, save
from geobfdt.training.train import interpreted_wells
from geobfdt.wells.field import file_stem

__all__ = ["prepared_field"]


def prepared_field(field: Path, grid: GridSettings, folder: Path) -> dict[str, PreparedWell]:
    """
    Prepare the interpreted wells of a field, or open what is prepared.

    Parameters
    ----------
    field : Path
        Folder of wells with picks.
    grid : GridSettings
        Settings of the network's grid.
    folder : Path
        Where prepared wells are kept, for this field and grid alone.

    Returns
    -------
    dict of str to PreparedWell
        By name; pixels stay in their files.

    Raises
    ------
    InputError
        If no well has picks, or a file cannot be read or written.
    """
    wells = {}
    for well in interpreted_wells(field):
        name = str(well.image.attrs["well"])
        file = folder / file_stem(name)
        if not Path(f"{file}.npz").exists():
            save(prepare(well.image.compute(), well.picks, well.intervals, grid, name), file)
        well.image.close()
        wells[name] = load(file, name)
    return wells
