"""Engine of xarray: ``xarray.open_dataset(path, engine="geobfdt")`` reads what :func:`geobfdt.read` reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from geobfdt.io.images.files import read
from geobfdt.wells.options import ReadingOptions

__all__ = ["GeobfdtBackend"]


class GeobfdtBackend(BackendEntrypoint):
    r"""
    Borehole images as datasets; the entry point ``geobfdt`` of the group ``xarray.backends``.

    Examples
    --------
    >>> text = b"depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n"
    >>> from io import BytesIO
    >>> dict(xr.open_dataset(BytesIO(text), engine=GeobfdtBackend, diameter=0.2).sizes)
    {'depth': 2, 'azimuth': 4}
    """

    description = "Borehole image logs: DLIS, LIS79, LAS, delimited text, PNG, TIFF, npz, wells of a field"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", *ReadingOptions.model_fields)

    def guess_can_open(self, filename_or_obj: Any) -> bool:  # noqa: ARG002
        """Leave every file without a named engine to the other engines: text and pictures are read here, too."""
        return False

    # xarray passes reading options by their names.
    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None, **reading_options: Any
    ) -> xr.Dataset:
        """
        Read an image.

        Parameters
        ----------
        filename_or_obj : path, bytes or file object
            As in :func:`geobfdt.read`.
        drop_variables : str or iterable of str, optional
            Variables to leave out, such as ``dynamic``.
        **reading_options
            Fields of :class:`geobfdt.ReadingOptions`.

        Returns
        -------
        Dataset
            A WellImage, lazy where the file is a netCDF.

        Raises
        ------
        InputError
            If the file cannot be read, or an option is not one.
        """
        image = read(filename_or_obj, **reading_options)
        dropped = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables or ())
        closing = image._close
        dataset: xr.Dataset = image.drop_vars(dropped, errors="ignore")
        dataset.set_close(closing)
        return dataset
