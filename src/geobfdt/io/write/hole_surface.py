"""Write the wall of a hole as a surface in space."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from geobfdt.geometry import Reference, hole_frame, well_path
from geobfdt.io.write.vtk import poly_data, scalars
from geobfdt.runtime.storage import write_text
from geobfdt.wells.image import WellImage, row_spacing

__all__ = ["hole_points", "write_hole_vtk"]

Array = npt.NDArray[np.float64]

# A surface has one row of points in this height, and so many points round the hole: text of a few MB for 100 m.
_ROW_M = 0.01
_COLUMNS = 72


def hole_points(radius: WellImage) -> tuple[Array, Array, Array]:
    """
    Place the wall of a hole in space.

    Parameters
    ----------
    radius : WellImage
        Radii about the hole axis (m).

    Returns
    -------
    points : array (rows, columns, 3)
        East, North and Up of the wall (m), from the axis at depth 0 of the image's first row, whose height is less its
        measured depth; NaN where nothing was measured. Rows are means over 1 cm, columns over 5 degrees.
    radii : array (rows, columns)
        Radii (m).
    depth : array (rows,)
        Depths (m, MD).

    Notes
    -----
    The axis follows the deviation and azimuth of the hole by minimum curvature. Where they or the azimuth reference are
    not known, the hole is drawn straight down, with image angle 0 towards North.

    Examples
    --------
    >>> from geobfdt.wells.image import well_image
    >>> well = well_image(np.full((2, 8), 0.1), [5.0, 5.1], reference="north", deviation=0.0, hole_azimuth=0.0)
    >>> points, _, _ = hole_points(well)
    >>> bool(np.allclose(np.hypot(points[..., 0], points[..., 1]), 0.1)), points[:, 0, 2].tolist()
    (True, [-5.0, -5.1])
    """
    values, depth, angle = radius["image"].values, radius["depth"].values, radius["azimuth"].values
    rows = np.floor((depth - depth[0]) / max(_ROW_M, row_spacing(radius)) + 1e-6).astype(int)
    count = min(_COLUMNS, angle.size)
    cells = np.floor(angle / 360 * count).astype(int).clip(0, count - 1)
    used, row = np.unique(rows, return_inverse=True)
    flat, measured = (row[:, None] * count + cells).ravel(), np.isfinite(values).ravel()
    size = used.size * count
    number = np.bincount(flat[measured], minlength=size)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(flat[measured], values.ravel()[measured].astype(float), minlength=size) / number
    radii = np.where(number > 0, mean, np.nan).reshape(used.size, count)
    middle = np.bincount(row, depth) / np.bincount(row)
    deviation, azimuth = radius["deviation"].values, radius["hole_azimuth"].values
    reference = radius.attrs["reference"]
    if reference == "unknown" or not (np.isfinite(deviation) & np.isfinite(azimuth)).all():
        reference, deviation, azimuth = "north", np.zeros(depth.size), np.zeros(depth.size)
    frames = hole_frame(deviation, azimuth, cast(Reference, reference))
    nearest = np.searchsorted(depth, middle).clip(0, depth.size - 1)
    line, right = frames[1][nearest], frames[2][nearest]
    path = well_path(depth, deviation, azimuth, middle)
    axis = np.stack([path[:, 0], path[:, 1], -depth[0] - path[:, 2]], axis=1)
    t = np.radians((np.arange(count) + 0.5) * 360 / count)[:, None]
    outwards = np.cos(t) * line[:, None] + np.sin(t) * right[:, None]
    return axis[:, None] + radii[..., None] * outwards, radii, middle


def write_hole_vtk(radius: WellImage, path: str | Path) -> None:
    """
    Write the wall as VTK legacy poly data (ASCII), with radius and depth of each point, for ParaView and others.

    Parameters
    ----------
    radius : WellImage
        Radii about the hole axis (m).
    path : Path
        The file, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    A face has four corners, all of them measured.
    """
    points, radii, depth = hole_points(radius)
    rows, columns = radii.shape
    measured = np.isfinite(radii)
    number = np.cumsum(measured.ravel()).reshape(radii.shape) - 1
    row, column = np.meshgrid(np.arange(rows - 1), np.arange(columns), indexing="ij")
    after = (column + 1) % columns
    corners = np.stack(
        [number[row, column], number[row, after], number[row + 1, after], number[row + 1, column]], axis=-1
    )
    whole = measured[row, column] & measured[row, after] & measured[row + 1, after] & measured[row + 1, column]
    wall = [f"{x:.5f} {y:.5f} {z:.5f}" for x, y, z in points[measured].tolist()]
    lines = poly_data("Wall of a hole: East, North, Up (m)", wall, corners[whole])
    lines.append(f"POINT_DATA {len(wall)}")
    for name, values in (("radius_m", radii), ("depth_m", np.broadcast_to(depth[:, None], radii.shape))):
        lines += scalars(name, (f"{x:.5f}" for x in values[measured].tolist()))
    write_text(path, "\n".join(lines) + "\n")
