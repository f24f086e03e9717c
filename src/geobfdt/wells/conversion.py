"""Images and pick tables from one format to another."""

from __future__ import annotations

from pathlib import Path

from geobfdt.wells.findings import Finding, InputError
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.readers.files import read
from geobfdt.wells.readers.tables import read_pick_table
from geobfdt.wells.writers.delimited import write_csv, write_techlog_image
from geobfdt.wells.writers.dlis import write_dlis
from geobfdt.wells.writers.netcdf import write_netcdf
from geobfdt.wells.writers.raster import write_png
from geobfdt.wells.writers.tables import FORMATS

__all__ = ["IMAGE_FORMATS", "convert"]

IMAGE_FORMATS = {
    "netcdf": write_netcdf,
    "dlis": write_dlis,
    "png": write_png,
    "csv": write_csv,
    "techlog-image": write_techlog_image,
}
_BY_SUFFIX = {".nc": "netcdf", ".dlis": "dlis", ".png": "png"}


def convert(
    source: Path,
    target: Path,
    to: str | None = None,
    options: ReadingOptions | None = None,
    *,
    mapping: Path | None = None,
    vocabulary: Path | None = None,
) -> list[Finding]:
    """
    Convert an image or a pick table.

    Parameters
    ----------
    source, target : Path
        What to read and what to write.
    to : str, optional
        A key of :data:`IMAGE_FORMATS` or of ``writers.tables.FORMATS``; default: by the target's suffix.
    options : ReadingOptions, optional
        What an image file does not say.
    mapping, vocabulary : Path, optional
        What a pick table's columns and labels mean.

    Returns
    -------
    list of Finding
        What was repaired or doubted on the way.

    Raises
    ------
    InputError
        If the source cannot be read, the target cannot be written, or its format is not known.
    """
    name = to or _BY_SUFFIX.get(target.suffix.lower())
    if name in IMAGE_FORMATS:
        image = read(source, options)
        IMAGE_FORMATS[name](image, target)
        return list(image.attrs["findings"])
    if name in FORMATS:
        table = read_pick_table(source, mapping=mapping, vocabulary=vocabulary)
        FORMATS[name](table.picks, target)
        return list(table.findings)
    raise InputError(
        target, f"no format {name!r}" if name else "its suffix does not tell the format",
        f"give --to {', '.join([*IMAGE_FORMATS, *FORMATS])}",
    )  # fmt: skip
