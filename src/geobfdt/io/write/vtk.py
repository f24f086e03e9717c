"""Lines of VTK legacy poly data (ASCII), as "VTK File Formats" of the VTK documentation has them, format 3.0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["poly_data", "scalars"]


def poly_data(title: str, points: Sequence[str], faces: npt.NDArray[np.int64]) -> list[str]:
    """
    Begin a file with its points and polygons.

    Parameters
    ----------
    title : str
        One line that says what is in the file.
    points : sequence of str
        Coordinates of each point, with blanks between.
    faces : array (faces, corners)
        Points of each polygon, counted from 0.

    Examples
    --------
    >>> poly_data("a triangle", ["0 0 0", "1 0 0", "0 1 0"], np.array([[0, 1, 2]]))[-2:]
    ['POLYGONS 1 4', '3 0 1 2']
    """
    count, corners = faces.shape
    lines = ["# vtk DataFile Version 3.0", title, "ASCII", "DATASET POLYDATA", f"POINTS {len(points)} double", *points]
    lines.append(f"POLYGONS {count} {count * (corners + 1)}")
    return lines + [" ".join(map(str, (corners, *face))) for face in faces.tolist()]


def scalars(name: str, values: Iterable[str], kind: str = "double") -> list[str]:
    """Give each point or polygon a value; they follow a line ``POINT_DATA`` or ``CELL_DATA`` with their number."""
    return [f"SCALARS {name} {kind} 1", "LOOKUP_TABLE default", *values]
