"""Draw the pictures of the pages on structure and on several wells, from beds and fractures that are drawn here.

    python benchmarks/structure_pictures.py

It takes half a minute and writes into docs/pictures.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from pictures import keep
from structure import line, planes, shake

WELLS, LENGTH_M = 6, 80.0


def folded_well() -> tuple[Any, Any]:
    """A well through a fold that plunges by 15 degrees towards 030, with fractures of one set."""
    from geobfdt.wells.image import well_image
    from geobfdt.wells.picks import new_picks

    rng = np.random.default_rng(5)
    axis = line(30, 15)
    upright = np.array([0.0, 0.0, 1.0]) - axis * axis[2]
    upright /= np.linalg.norm(upright)
    turn = np.radians(35) * np.sin(np.linspace(0, 2 * np.pi, 120) + 1.0)
    beds = np.cos(turn)[:, None] * upright + np.sin(turn)[:, None] * np.cross(axis, upright)
    fractures = np.tile(-np.cross(axis, [0.2, 0.1, 1.0]), (40, 1))
    dip, azimuth = planes(np.concatenate([shake(beds, 3.0, rng), shake(fractures, 7.0, rng)]))
    depth = np.concatenate([np.sort(rng.uniform(100, 160, 120)), rng.uniform(100, 160, 40)])
    picks = new_picks(
        well="F-1", depth_m=depth, class_=["bedding"] * 120 + ["fracture"] * 40, dip_true_deg=dip,
        azimuth_true_deg=azimuth, reference="north",
    )  # fmt: skip
    hole = {"diameter": 0.2, "deviation": 25.0, "hole_azimuth": 120.0, "reference": "north", "well": "F-1"}
    return well_image(np.zeros((3001, 16), np.float32), 100 + 0.02 * np.arange(3001), **hole), picks


def field(folder: Path) -> Path:
    """Write vertical wells whose fracture density grows to the East, and their collars."""
    from geobfdt.io.write.netcdf import write_netcdf
    from geobfdt.wells.image import well_image
    from geobfdt.wells.picks import new_picks, write_picks

    rng = np.random.default_rng(3)
    rows = ["well,x (m),y (m),z (m)"]
    for number, (x, y) in enumerate(rng.uniform(0, 1000, (WELLS, 2)), start=1):
        name = f"W-{number}"
        image = well_image(
            np.zeros((801, 16), np.float32), 0.1 * np.arange(801), well=name, diameter=0.2, deviation=0.0,
            hole_azimuth=0.0, reference="north", north="grid",
        )  # fmt: skip
        depth = rng.uniform(0, LENGTH_M, rng.poisson(LENGTH_M * np.exp(1.4 * x / 1000)))
        dip, azimuth = planes(shake(np.tile([0.5, 0.3, 0.8], (depth.size, 1)), 6.0, rng))
        picks = new_picks(
            well=name, depth_m=depth, class_="fracture", dip_true_deg=dip, azimuth_true_deg=azimuth, reference="north"
        )
        write_netcdf(image, folder / f"{name}.nc")
        write_picks(picks, folder / f"{name}.picks.csv")
        rows.append(f"{name},{x:.1f},{y:.1f},120")
    collars = folder / "collars.csv"
    collars.write_text("\n".join(rows) + "\n")
    return collars


def main() -> None:
    """Draw stereonet, dip patterns and stick plot of a fold, and map and curves of a field."""
    from geobfdt.reports.fold_section import draw_nets
    from geobfdt.reports.html_parts import figure_png
    from geobfdt.reports.stick_plot import draw_stick_plot
    from geobfdt.reports.structure_section import StructureView, analyse_structure
    from geobfdt.reports.style import house_style
    from geobfdt.wells.intervals import new_intervals
    from geobfdt.workflows.field_page import FieldOptions, field_page

    image, picks = folded_well()
    structure = analyse_structure(image, picks, new_intervals(), StructureView((120.0, 30.0)))
    with house_style():
        nets, _ = draw_nets(structure.picks, [one.part for one in structure.sets], structure)
        keep(figure_png(nets), "fold.png")
        sticks = Figure(figsize=(10, 4.5), dpi=110, facecolor="white", layout="constrained")
        draw_stick_plot(sticks, image, structure.picks, structure.sections)
        keep(figure_png(sticks), "sticks.png")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        field_page(Path(folder), out, FieldOptions(collar=field(Path(folder))))
        for name in ("map", "curves-1"):
            keep((out / f"field-{name}.png").read_bytes(), f"field-{name.removesuffix('-1')}.png")


if __name__ == "__main__":
    main()
