"""Picks with positions for other programs: fracture networks, structural models, stereonets, 3-D viewers.

Each writer takes a table of picks as :func:`geobfdt.workflows.hand_over.place` leaves it: every row has a position
(``x_m``, ``y_m``, ``z_m``, metres East, North and up) and a true plane, whose azimuth counts from the North of the
coordinates. A hole does not show how far a fracture reaches, so discs have the radius that the user gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from geobfdt.geometry import disc_corners, pole
from geobfdt.io.write.tables import pick_labels
from geobfdt.io.write.vtk import poly_data, scalars
from geobfdt.runtime.csv_text import mark_text_columns
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.picks import PickTable

__all__ = [
    "DISC_FORMATS",
    "FRACTURE_FORMATS",
    "POINT_FORMATS",
    "local_origin",
    "write_dfnworks",
    "write_dips",
    "write_fracman",
    "write_gempy_orientations",
    "write_gempy_points",
    "write_leapfrog",
    "write_petrel",
    "write_vtk",
]

Array = npt.NDArray[np.float64]

# Corners of the polygons for viewers and for FracMan; a dfnWorks mesh gets larger with each corner.
_CORNERS, _MESH_CORNERS = 24, 8
# A CSV file has this many decimals: a micrometre, and less than 1e-7 of a normal.
_DECIMALS = "%.6f"


def write_fracman(picks: PickTable, path: Path, radius: float) -> None:
    """
    Write a FracMan fracture file (``.fab``, ASCII): polygons with their normals, sets by polarity, depth as property.

    Parameters
    ----------
    picks : DataFrame
        Fractures with positions.
    path : Path
        File to write, whole or not at all.
    radius : float
        Radius of the discs (m).

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    Sections ``FORMAT``, ``PROPERTIES``, ``SETS`` and ``FRACTURE``. A fracture is a line of number, corners, set and
    properties, a line a corner, and a line ``0`` with its unit normal. FracMan has no public specification of the file.
    This is what the readers of PorePy (``porepy.fracs.fracture_importer.network_3d_from_fab``) and pyfracman take, and
    what DFM Generator for Petrel writes.
    """
    normal, corners = _planes(picks, radius, _CORNERS)
    names = [f"{polarity} fracture".strip().capitalize() for polarity in picks["polarity"]]
    sets = sorted(set(names))
    scale = float(np.ptp(corners, axis=(0, 1)).max()) if len(picks) else 1.0
    lines = [
        "BEGIN FORMAT", "Format = Ascii", "Length_Unit = M", "XAxis = East", f"Scale = {scale:.3f}",
        f"No_Fractures = {len(picks)}", "No_TessFractures = 0", f"No_Nodes = {len(picks) * _CORNERS}",
        "No_RockBlocks = 0", "No_NodesRockBlock = 0", "No_Properties = 1", "END FORMAT", "",
        "BEGIN PROPERTIES", 'Prop1 = (Real*4) "MeasuredDepth"', "END PROPERTIES", "",
        "BEGIN SETS", *(f'Set{i} = "{name}"' for i, name in enumerate(sets, 1)), "END SETS", "", "BEGIN FRACTURE",
    ]  # fmt: skip
    for i, (name, depth, rim, upward) in enumerate(zip(names, picks["depth_m"], corners, normal, strict=True), 1):
        lines.append(f"{i} {_CORNERS} {sets.index(name) + 1} {depth:.6f}")
        lines += [f"{j} {x:.9f} {y:.9f} {z:.9f}" for j, (x, y, z) in enumerate(rim, 1)]
        lines.append(f"0 {_numbers(upward, 12)}")
    lines += ["END FRACTURE", "", "BEGIN TESSFRACTURE", "END TESSFRACTURE"]
    _write(lines, path)


def local_origin(picks: PickTable) -> Array:
    """
    Return the point (x, y, z) that is the origin of a dfnWorks file: the middle of the box of the picks, whole metres.

    Examples
    --------
    >>> local_origin(pd.DataFrame({"x_m": [1000.0, 1003.0], "y_m": [0.0, 0.0], "z_m": [-5.2, -8.2]}))
    array([1.002e+03, 0.000e+00, -7.000e+00])
    """
    at = _centres(picks)
    return np.rint((at.min(axis=0) + at.max(axis=0)) / 2) + 0.0 if len(at) else np.zeros(3)


def write_dfnworks(picks: PickTable, path: Path, radius: float) -> None:
    """
    Write user-defined ellipses of dfnWorks (``UserEll_Input_File_Path``): circles with centre and normal.

    Parameters
    ----------
    picks : DataFrame
        Fractures with positions.
    path : Path
        File to write, whole or not at all.
    radius : float
        Radius of the discs (m).

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    The domain of dfnWorks is centred on the origin (https://dfnworks.lanl.gov/dfngen.html, ``domainSize``), so centres
    are relative to :func:`local_origin`, which a comment on the first line holds. The keys are those that
    ``pydfnworks.dfnGen.generation.user_fractures`` writes and the reader of DFNGen searches, in any order; words
    outside of keys and values are passed over.
    """
    origin = local_origin(picks)
    normal = pole(picks["dip_true_deg"], picks["azimuth_true_deg"])
    count = len(picks)
    lines = [f"// Metres East, North and up from {_numbers(origin, 3)}", f"nUserEll: {count}", ""]
    columns: dict[str, Iterable[str]] = {
        "Radii:": [f"{radius:g}"] * count,
        "Aspect_Ratio:": ["1"] * count,
        "Beta:": ["0"] * count,
        "Translation:": [f"{{{_numbers(one, 6, ',')}}}" for one in _centres(picks) - origin],
        "Normal:": [f"{{{_numbers(one, 12, ',')}}}" for one in normal],
        "Number_of_Vertices:": [str(_MESH_CORNERS)] * count,
    }
    for key, values in columns.items():
        lines += [key, *values, ""]
    lines += ["AngleOption: degree", "", "userOrientationOption: 0"]
    _write(lines, path)


def write_vtk(picks: PickTable, path: Path, radius: float) -> None:
    """
    Write discs as VTK legacy poly data (ASCII), with depth, dip, azimuth and class of each, for ParaView and others.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions.
    path : Path
        File to write, whole or not at all.
    radius : float
        Radius of the discs (m).

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    "VTK File Formats" of the VTK documentation, legacy format 3.0: ``POINTS``, ``POLYGONS``, ``CELL_DATA`` with scalars
    and normals.
    """
    normal, corners = _planes(picks, radius, _CORNERS)
    count = len(picks)
    title = "Picks of GeoBFDT; fracture is 1 for a fracture and 0 for bedding"
    faces = np.arange(count * _CORNERS).reshape(count, _CORNERS)
    lines = poly_data(title, [_numbers(corner, 6) for corner in corners.reshape(-1, 3)], faces)
    lines.append(f"CELL_DATA {count}")
    for name in ("depth_m", "dip_true_deg", "azimuth_true_deg"):
        lines += scalars(name, (f"{value:.6f}" for value in picks[name]))
    lines += scalars("fracture", map(str, _is_fracture(picks)), "int")
    lines += ["NORMALS normals double", *(_numbers(one, 12) for one in normal)]
    _write(lines, path)


def write_petrel(picks: PickTable, path: Path) -> None:
    """
    Write Petrel points with attributes (ASCII): position, dip, dip azimuth, measured depth, 1 for a fracture.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions.
    path : Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    Comments, ``VERSION 1``, the names of the columns between ``BEGIN HEADER`` and ``END HEADER``, and rows parted by
    blanks; Z is an elevation. Petrel documents it in its own help only. The reader of OpenGeoSys
    (``PetrelInterface::readPetrelSurfacePoints``) expects this header.
    """
    header = ["# Petrel Points with attributes", "VERSION 1", "BEGIN HEADER", "X", "Y", "Z"]
    header += ["FLOAT,Dip", "FLOAT,Azimuth", "FLOAT,MD", "INT,Fracture", "END HEADER"]
    columns = picks[["x_m", "y_m", "z_m", "dip_true_deg", "azimuth_true_deg", "depth_m"]].to_numpy(float)
    rows = (f"{_numbers(row, 6)} {kind}" for row, kind in zip(columns, _is_fracture(picks), strict=True))
    _write([*header, *rows], path)


def write_leapfrog(picks: PickTable, path: Path) -> None:
    """
    Write planar structural data for Leapfrog (CSV): hole, position, dip, dip azimuth, polarity, type, depth.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions.
    path : Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    "Structural Data" and "Points Data" of the help of Leapfrog Geo (https://help.seequent.com/Geo): columns East (X),
    North (Y) and Elev (Z), dip and dip azimuth, polarity 1 for planes the right way up; the import asks which is which.
    """
    columns = {
        "HoleID": picks["well"],
        "East": picks["x_m"],
        "North": picks["y_m"],
        "Elev": picks["z_m"],
        "Dip": picks["dip_true_deg"],
        "DipAzimuth": picks["azimuth_true_deg"],
        "Polarity": np.ones(len(picks), dtype=int),
        "Type": pick_labels(picks),
        "Depth": picks["depth_m"],
    }
    _write_csv(columns, path)


def write_dips(picks: PickTable, path: Path) -> None:
    """
    Write orientation data for Rocscience Dips (CSV): dip, dip direction, quantity, traverse, distance, position, type.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions.
    path : Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    "Import CSV File" and "Data Columns" of the help of Dips (https://www.rocscience.com/help/dips): the two columns of
    orientation come first; a traverse is a hole, the distance lies along it (measured depth); headings of columns that
    Dips does not define are in capitals.
    """
    columns = {
        "Dip": picks["dip_true_deg"],
        "Dip Direction": picks["azimuth_true_deg"],
        "Quantity": np.ones(len(picks), dtype=int),
        "Traverse": picks["well"],
        "Distance": picks["depth_m"],
        "X": picks["x_m"],
        "Y": picks["y_m"],
        "Z": picks["z_m"],
        "TYPE": pick_labels(picks),
    }
    _write_csv(columns, path)


def write_gempy_orientations(picks: PickTable, path: Path) -> None:
    """
    Write orientations for GemPy (CSV): X, Y, Z, azimuth, dip, polarity, formation.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions; the label of a pick is its formation.
    path : Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    ``gempy.API.io_API.read_orientations`` (GemPy 2026): it makes the gradient of azimuth, dip and polarity.
    """
    columns = {
        "X": picks["x_m"],
        "Y": picks["y_m"],
        "Z": picks["z_m"],
        "azimuth": picks["azimuth_true_deg"],
        "dip": picks["dip_true_deg"],
        "polarity": np.ones(len(picks), dtype=int),
        "formation": pick_labels(picks),
    }
    _write_csv(columns, path)


def write_gempy_points(picks: PickTable, path: Path) -> None:
    """
    Write surface points for GemPy (CSV): X, Y, Z, formation.

    Parameters
    ----------
    picks : DataFrame
        Picks with positions; the label of a pick is its formation.
    path : Path
        File to write, whole or not at all.

    Raises
    ------
    InputError
        If the place cannot be written.

    Notes
    -----
    ``gempy.API.io_API.read_surface_points`` (GemPy 2026). All points of a formation lie on one surface there.
    """
    columns = {"X": picks["x_m"], "Y": picks["y_m"], "Z": picks["z_m"], "formation": pick_labels(picks)}
    _write_csv(columns, path)


def _centres(picks: PickTable) -> Array:
    return picks[["x_m", "y_m", "z_m"]].to_numpy(float)


def _planes(picks: PickTable, radius: float, corners: int) -> tuple[Array, Array]:
    """Return upward unit normals (n, 3) and corners of the discs (n, corners, 3)."""
    normal = pole(picks["dip_true_deg"], picks["azimuth_true_deg"])
    return normal, disc_corners(_centres(picks), normal, radius, corners)


def _is_fracture(picks: PickTable) -> list[int]:
    return [int(name == "fracture") for name in picks["class"]]


def _numbers(values: Iterable[float], digits: int, separator: str = " ") -> str:
    return separator.join(f"{value:.{digits}f}" for value in values)


def _write(lines: list[str], path: Path) -> None:
    with atomic_path(path) as part:
        part.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _write_csv(columns: dict[str, object], path: Path) -> None:
    with atomic_path(path) as part:
        table = mark_text_columns(pd.DataFrame(columns))
        table.to_csv(part, index=False, float_format=_DECIMALS, lineterminator="\n")


# Formats of discs, which need a radius; the first two are of fractures alone.
DISC_FORMATS: dict[str, Callable[[PickTable, Path, float], None]] = {
    "fracman": write_fracman,
    "dfnworks": write_dfnworks,
    "vtk": write_vtk,
}
FRACTURE_FORMATS = ("fracman", "dfnworks")
# Formats of points with a dip.
POINT_FORMATS: dict[str, Callable[[PickTable, Path], None]] = {
    "petrel": write_petrel,
    "leapfrog": write_leapfrog,
    "dips": write_dips,
    "gempy-orientations": write_gempy_orientations,
    "gempy-points": write_gempy_points,
}
