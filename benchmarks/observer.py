"""Fractures against an ideal observer that knows the shape and the place of each.

    python benchmarks/observer.py --wells 24 --length 12 --seed 4000000

Each required fracture is removed from the wall, and the difference of the images is taken. `signal` is the
signal-to-noise ratio of that difference for a linear (Hotelling) observer that knows its exact shape and the power
spectrum of the background, beds and texture included. Below about 6 a plane cannot be distinguished from all other
planes that are possible in a metre. `fit` is the trace RMS between the truth and the plane through the middle of the
visible and measured line: no tracing is more exact. The shares that the network finds stand beside them.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

if TYPE_CHECKING:
    from geobfdt.simulation.well_settings import WellSettings

AROUND = 0.6  # m above and below a trace that count as its surroundings
TAPER = 0.15  # share of a window's height that fades out at either end
SMOOTH = 1.5  # bins of the power spectrum averaged over

Array = npt.NDArray[np.float64]


class Again:
    """A well recorded once more, with and without single fractures."""

    def __init__(self, settings: WellSettings, rng: np.random.Generator) -> None:
        from geobfdt.simulation.hole import draw_hole
        from geobfdt.simulation.sensor import Sensor
        from geobfdt.simulation.tools import TOOLS
        from geobfdt.simulation.wall import Wall

        hole_rng, wall_rng, sensor_rng, _ = rng.spawn(4)
        self.top, self.spacing = settings.top, settings.grid()[0]
        self.down, self.round = TOOLS[settings.tool].oversampling
        self.rows = max(round(settings.length / self.spacing), 2)
        depth = settings.top + np.arange(self.rows * self.down) * self.spacing / self.down
        self.hole = draw_hole(settings, depth, settings.grid()[1] * self.round, hole_rng)
        self.wall = Wall(settings, self.hole, wall_rng)
        self.sensor = Sensor(settings, self.hole, sensor_rng)
        blocks = [(first, min(first + 128, self.rows)) for first in range(0, self.rows, 128)]
        self.recorded = np.concatenate([self._recorded(*block) for block in blocks])

    def _wall(self, first: int, last: int) -> tuple[npt.NDArray[np.float32], int]:
        margin = self.sensor.margin
        begin, end = max(first * self.down - margin, 0), min(last * self.down + margin, self.rows * self.down)
        return self.wall.block(begin, end)[0], begin

    def _recorded(self, first: int, last: int) -> npt.NDArray[np.float32]:
        return self.sensor.measure(*self._wall(first, last), first, last)

    def sensed(self, first: int, last: int, without: int | None = None) -> npt.NDArray[np.float32]:
        """Rows as they would be recorded without noise, of all fractures or all but one."""
        had = self.wall.bands
        if without is not None:
            there = np.zeros_like(had[without].there)
            self.wall.bands = [band._replace(there=there) if i == without else band for i, band in enumerate(had)]
        recorded = self.sensor.sense(*self._wall(first, last), first, last)
        self.wall.bands = had
        return recorded

    def signal(self, band: int) -> float:
        """Signal-to-noise ratio of a fracture in what was recorded."""
        from scipy.ndimage import gaussian_filter

        z0, a, b = self.wall.bands[band].trace
        edge = (np.array([-1, 1]) * (np.hypot(a, b) + AROUND) + z0 - self.top) / self.spacing
        first, last = max(int(edge[0]), 0), min(int(edge[1]) + 1, self.rows)
        image = self.recorded[first:last]
        recorded = np.isfinite(image)
        mine = np.where(recorded, self.sensed(first, last) - self.sensed(first, last, band), 0).astype(float)
        fade = np.minimum(np.arange(len(image)) + 0.5, len(image) - np.arange(len(image)) - 0.5) / (TAPER * len(image))
        fade = np.sin(np.pi / 2 * np.minimum(fade, 1))[:, None] ** 2
        rest = np.where(recorded, image, 0) - mine
        rest = np.where(recorded, rest - rest[recorded].mean(), 0) * fade
        power = gaussian_filter(np.abs(np.fft.fft2(rest)) ** 2, SMOOTH, mode="wrap") / (recorded * fade**2).sum()
        return float(np.sqrt((np.abs(np.fft.fft2(mine)) ** 2 / power).sum() / mine.size))

    def fit(self, band: int) -> float:
        """Trace RMS (m) to the truth of the plane through the middle of a line, where it shows."""
        from geobfdt.geometry import trace_depth, trace_rms

        line, angle = self.wall.bands[band], self.hole.angle
        depth = trace_depth(line.trace, angle) + line.offset
        row = ((depth - self.top) / self.spacing).astype(int)
        column = np.minimum(np.arange(angle.size) // self.round, self.recorded.shape[1] - 1)
        shows = (line.there > 0.5) & (row >= 0) & (row < self.rows)
        shows &= np.isfinite(self.recorded[row.clip(0, self.rows - 1), column])
        turn = np.radians(angle[shows])
        waves = np.stack([np.ones(turn.size), np.cos(turn), np.sin(turn)], axis=1)
        if turn.size < 5:
            return np.inf
        return float(trace_rms(np.linalg.lstsq(waves, depth[shows], rcond=None)[0], np.asarray(line.trace)))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--wells", type=int, default=24)
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=4_000_000)
    arguments = parser.parse_args()
    from geobfdt.geometry import trace_rms
    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.simulation.well import simulate_well
    from geobfdt.simulation.well_settings import draw
    from geobfdt.wells.picks import traces

    parts = []
    for index in range(arguments.wells):
        one, two = (np.random.default_rng([arguments.seed, index]) for _ in range(2))
        well = simulate_well(draw(one, length=arguments.length), one)
        again = Again(draw(two, length=arguments.length), two)
        picks = pick_with_findings(well.image, detector_of(well.image, arguments.model))[0]
        truth = well.truth[~well.truth["optional"] & (well.truth["class"] == "fracture")]
        lines = [i for i, band in enumerate(again.wall.bands) if band.kind == "fracture"]
        painted = np.array([again.wall.bands[i].trace for i in lines]).reshape(-1, 3)
        picked = traces(picks[picks["class"] == "fracture"])
        for trace in traces(truth):
            band = lines[int(np.argmin(trace_rms(painted, trace)))]
            parts.append((again.signal(band), again.fit(band), trace_rms(picked, trace).min(initial=np.inf) < 0.03))
    planes = pd.DataFrame(parts, columns=["signal", "fit", "found"])
    for name, edges in {"signal": [0, 6, 12, 24, 48, 96, np.inf], "fit": [0, 0.003, 0.01, 0.03, np.inf]}.items():
        groups = planes.groupby(pd.cut(planes[name], edges, right=False), observed=True)["found"]
        print(groups.agg(["mean", "size"]).round(2), end="\n\n")
    print(f"{len(planes)} fractures, {planes['found'].mean():.2f} found")


if __name__ == "__main__":
    main()
