"""Measure the hole on a real travel-time image and on simulated ones.

    python benchmarks/travel_time.py DATA [--wells 40] [--out results/travel_time.json]

DATA holds `atv/atv_traveltime_well1.npz`, 5.5 m of a tool off the axis of its hole. `scatter` is the median over rows
of the standard deviation along a row, as the tool records it and from the hole axis, in units of the recorded times
(0.1 us). Simulated holes are 2 m long, with random radius, ovality, offset of the tool, breakouts, lost echoes and
cycle skips; errors are those of each pixel against the true radius. `amplitude` is the scatter along rows of
ln(A / rock), before and after the correction; each pixel has a noise of 0.03.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from results_file import add_out, write_results

VELOCITY = 1480.0


def real(data: Path) -> dict[str, Any]:
    """Scatter of the rows of the real image."""
    from geobfdt.hole.shape import hole_shape
    from geobfdt.hole.travel_time import KnownDiameter, ToolConstants
    from geobfdt.wells.image import well_image

    with np.load(data / "atv" / "atv_traveltime_well1.npz") as file:
        image = well_image(file["tt"], file["depth_m"])
    # The diameter of this hole is not recorded; it changes the scatter by less than the last digit.
    stretches = [KnownDiameter(1.0, 2.0, 0.096)]
    table = hole_shape(image, ToolConstants(fluid_velocity=VELOCITY), stretches, "0.1us").table
    unit = VELOCITY * 1e-7 / 2
    return {
        "name": "real", "rows": len(table), "fitted": int(table["diameter_m"].notna().sum()),
        "scatter_tool": float(table["scatter_tool_m"].median()) / unit,
        "scatter_axis": float(table["scatter_axis_m"].median()) / unit,
        "offset_mm": 1000 * float(table["offset_m"].median()),
    }  # fmt: skip


def simulated(seed: int) -> dict[str, Any]:
    """Errors of one simulated hole."""
    from geobfdt.hole.centred_amplitude import centre_amplitude
    from geobfdt.hole.shape import hole_shape
    from geobfdt.hole.travel_time import ToolConstants
    from geobfdt.simulation.travel_time import TravelTimeSettings, simulate_travel_time

    rng = np.random.default_rng((31, seed))
    lobes = {"breakout_depth": float(rng.uniform(0.002, 0.015)), "breakout_span": (0.4, 1.4)} if seed % 2 else {}
    settings = TravelTimeSettings(
        radius=float(rng.uniform(0.04, 0.12)), oval=float(rng.uniform(0, 0.002)), offset=float(rng.uniform(0, 0.01)),
        no_echo=float(rng.uniform(0, 0.2)), skips=float(rng.uniform(0, 0.05)), gate=9e-4,
        columns=int(rng.choice([72, 144, 288])), **lobes,
    )  # fmt: skip
    well = simulate_travel_time(settings, rng)
    shape = hole_shape(well.times, ToolConstants(VELOCITY, settings.tool_radius, settings.delay))
    centred = centre_amplitude(well.amplitude, shape)
    error = 1000 * np.abs(shape.radius["image"].values - well.radius)
    radius = 1000 * np.abs(shape.fit.radius - settings.radius)
    tool = 1000 * np.hypot(*(shape.fit.axis + well.tool).T)

    def scatter(values: Any) -> float:
        with np.errstate(invalid="ignore"):
            logs = np.log(values / well.rock)
        return float(np.nanstd(logs - np.nanmean(logs, axis=1, keepdims=True)))

    return {
        "name": "simulated", "seed": seed, "offset_mm": 1000 * settings.offset, "radius_mm": 1000 * settings.radius,
        "measured": float(np.isfinite(error).mean()), "echoes": float(well.echo.mean()),
        "error_p50_mm": float(np.nanpercentile(error, 50)), "error_p95_mm": float(np.nanpercentile(error, 95)),
        "within_half_mm": float((error[np.isfinite(error)] < 0.5).mean()),
        "mean_radius_error_mm": float(np.nanmedian(radius)), "axis_error_mm": float(np.nanmedian(tool)),
        "amplitude_before": scatter(well.amplitude["image"].values),
        "amplitude_after": scatter(centred["image"].values),
    }  # fmt: skip


def main() -> None:
    """Print the rows, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--wells", type=int, default=40)
    add_out(parser)
    arguments = parser.parse_args()
    rows = [real(arguments.data), *(simulated(seed) for seed in range(arguments.wells))]
    print(
        " ".join(
            f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {value}" for name, value in rows[0].items()
        )
    )
    for name in rows[1]:
        if name not in ("name", "seed"):
            values = np.array([row[name] for row in rows[1:]])
            print(f"{name}: median {np.median(values):.3f}, worst {values.min():.3f} to {values.max():.3f}")
    write_results(arguments.out, rows, model=None)


if __name__ == "__main__":
    main()
