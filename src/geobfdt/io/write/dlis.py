"""Write a WellImage as DLIS (RP66 v1), the way logging contractors deliver one.

One frame, indexed by depth and recorded up-hole, holds the image, its dynamic companion and the hole logs. What DLIS
has no place for goes into parameters that our own reader looks for:

========================  ====================================================================
``GEOBFDT_REFERENCE``     where image angle 0 points: north, high_side, pseudo_north, unknown
``GEOBFDT_NORTH``         which north azimuths are from: true, grid, magnetic, unknown
``GEOBFDT_DECLINATION``   deg; absent where unknown
``GEOBFDT_AZIMUTH_FIRST`` angle of the first column's centre (deg)
``GEOBFDT_DARK``          which end of the values is drawn dark: low or high
``GEOBFDT_NORMALISATION`` what was done to the image: none, static or dynamic
``GEOBFDT_TOOL``          tool
``GEOBFDT_RUN``           run
========================  ====================================================================

Parameters with nothing to say are left out. The angles of all columns (deg) stand on the image channel's axis,
``AZIMUTH``, for the images whose columns are not equal.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import dliswriter.file.writer
import numpy as np
import numpy.typing as npt

from geobfdt.io.units import METRES
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.image import WellImage

__all__ = ["new_document", "quiet", "write_dlis"]

_BUFFER_BYTES = 2**22  # The library's default, 4 GiB, is allocated and cleared at every flush.
_BLOCK_ROWS = 4096  # So many rows are laid out at a time.
# The standard wants a time; a constant one keeps the same image the same file.
_WRITTEN = datetime(2000, 1, 1, tzinfo=UTC)


def write_dlis(
    image: WellImage,
    path: str | Path,
    *,
    depth_unit: Literal["0.1 in", "in", "ft", "cm", "m"] = "0.1 in",
    upward: bool = True,
    null: float = -9999.0,
) -> None:
    """
    Write a WellImage as a DLIS file.

    The image is the channel ``<TOOL>_STAT``, its companion ``<TOOL>_DYN`` (float32); an image without companion that
    was not normalised is ``<TOOL>_IMG``. Depth ``TDEP``, deviation ``DEVI`` (deg), hole azimuth ``HAZI`` (deg) and
    caliper ``CALI`` (in) are float64, so depths come back to well under 0.1 mm.

    Parameters
    ----------
    image : WellImage
        The image; it is held in memory together with one copy.
    path : str or Path
        The file to write.
    depth_unit : {"0.1 in", "in", "ft", "cm", "m"}
        Unit of the depth index.
    upward : bool
        Whether the deepest row comes first, as a tool records it.
    null : float
        What stands for "not measured".

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile, dlisio
    >>> from geobfdt.wells.image import well_image
    >>> file = Path(tempfile.mkdtemp()) / "a.dlis"
    >>> write_dlis(well_image(np.ones((3, 8)), [10.0, 10.1, 10.2], well="A-1", tool="FMI"), file)
    >>> with dlisio.dlis.load(file) as (logical, *_):
    ...     [channel.name for channel in logical.frames[0].channels]
    ['TDEP', 'FMI_IMG', 'DEVI', 'HAZI', 'CALI']
    """
    with quiet():
        document = _document(image, 1 / METRES[depth_unit], depth_unit, -1 if upward else 1, null)
        with atomic_path(path) as part:
            document.write(part, input_chunk_size=_BLOCK_ROWS, output_chunk_size=_BUFFER_BYTES)


def new_document(well: str) -> tuple[Any, Any]:
    """Return an empty DLIS file of a well, and its logical file; the same content makes the same bytes."""
    document = dliswriter.DLISFile()
    logical = document.add_logical_file(fh_id="GEOBFDT")
    logical.add_origin(
        "ORIGIN",
        file_set_number=1,  # the library draws random ones, and the same image would not be the same file
        file_set_name="GEOBFDT",
        file_number=1,
        creation_time=_WRITTEN,
        well_name=_Text(well) or None,
        field_name="unknown",
        company="unknown",
        producer_name="geobfdt",
    )
    return document, logical


def _document(image: WellImage, per_metre: float, depth_unit: str, step: int, null: float) -> Any:
    text = {name: _Text(value) for name, value in image.attrs.items() if isinstance(value, str)}
    document, logical = new_document(text["well"])
    axis = logical.add_axis("AZIMUTH", axis_id="AZIMUTH", coordinates=image.azimuth.values.tolist())

    def filled(values: npt.NDArray[Any]) -> Any:
        return np.where(np.isfinite(values), values, values.dtype.type(null))[::step]

    def picture(name: str, variable: str, about: str) -> Any:
        units = {"units": text["units"]} if text["units"] else {}
        return logical.add_channel(name, data=filled(image[variable].values), long_name=about, axis=axis, **units)

    def log(name: str, values: npt.NDArray[np.float64], units: str, about: str) -> Any:
        return logical.add_channel(name, data=filled(values), units=units, long_name=about)

    tool = re.sub(r"[^A-Z0-9]+", "_", text["tool"].upper()).strip("_") or "IMAGE"
    companion = "dynamic" in image
    suffix = "STAT" if companion else {"none": "IMG", "static": "STAT", "dynamic": "DYN"}[text["normalisation"]]
    channels = [log("TDEP", image.depth.values * per_metre, depth_unit, "Borehole depth")]
    channels.append(picture(f"{tool}_{suffix}", "image", "Borehole image"))
    if companion:
        channels.append(picture(f"{tool}_DYN", "dynamic", "Borehole image, dynamically normalised"))
    channels.append(log("DEVI", image.deviation.values, "deg", "Hole deviation from vertical"))
    channels.append(log("HAZI", image.hole_azimuth.values, "deg", "Hole azimuth from north"))
    channels.append(log("CALI", image.diameter.values / 0.0254, "in", "Caliper, hole diameter"))
    logical.add_frame("IMAGE", channels=channels, index_type="BOREHOLE-DEPTH", description="Borehole image")
    parameters: dict[str, str | float] = {"AZIMUTH_FIRST": float(image.azimuth.values[0])}
    for name in ("reference", "north", "dark", "normalisation", "tool", "run"):
        # Here the library looks at the exact type, so it gets plain ASCII.
        parameters[name.upper()] = image.attrs[name].encode("ascii", "backslashreplace").decode()
    if np.isfinite(image.attrs["declination"]):
        parameters["DECLINATION"] = float(image.attrs["declination"])
    for name, value in parameters.items():
        if value != "":
            logical.add_parameter(f"GEOBFDT_{name}", values=[value])
    return document


class _Text(str):
    """Text whose bytes are UTF-8, which readers understand; the library stops at letters outside ASCII."""

    __slots__ = ()

    def __str__(self) -> str:
        return self

    def __len__(self) -> int:
        return len(self.encode())

    def encode(self, *_: str) -> bytes:
        return super().encode("utf-8", "replace")


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the library's progress bar and its remarks on units and uneven rows, which users cannot act on."""
    logger = logging.getLogger("dliswriter")
    level, bar = logger.level, dliswriter.file.writer.progressbar
    logger.setLevel(logging.ERROR)
    dliswriter.file.writer.progressbar = lambda records, **_: records
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # an image of one row has no spacing
            yield
    finally:
        logger.setLevel(level)
        dliswriter.file.writer.progressbar = bar
