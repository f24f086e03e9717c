"""Score a picker on layer cakes: beds that each have a value of their own, under the flaws of real images.

    python benchmarks/layer_cake.py
    python benchmarks/layer_cake.py --model MODEL --looks "56 clean" "56 mixed" --cakes 12 --out results/cakes.json

Nothing here comes from `geobfdt.simulation`: planes are drawn on the cylinder with numpy alone, so that a network that
was trained on the simulator is tested on another's drawing. No network is chosen and nothing is tuned on it. A contact
is a step between two values. Every contact is required; neighbours lie two rows and 25 mm apart at least.

A *look* is an appearance of the image: a number of sectors, a row height, the height of traces and a set of flaws.
`mixed` draws three to six of the seven flaws for each cake, each at a mild strength. F1 is of bedding at the picker's
own threshold, by trace RMS, with its interval over cakes; `null` is the mean F1 of the same picks after 50 circular
depth shifts. `candidates` is the share of contacts that have a query of any class and confidence within 5 cm. `voted`
is the share that have a query before the decoder within 6 cm (perpendicular to the trace); no threshold finds the
others. `aliased` is the share of contacts whose trace moves farther from one sector to the next than to the nearest
contact: nobody can follow those round the hole.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from results_file import add_out, write_results

Array = npt.NDArray[np.float64]

FLAWS = ("fade", "stripes", "row offsets", "smear", "blur", "red noise", "departure")
DIAMETER_M = 0.2159
_DOWN, _ROUND = 4, 4  # Points of the wall behind a pixel: rows and columns.
_LEAST_STEP = 0.3  # Least difference between two neighbouring beds; values have a standard deviation of 1.


class CakeSettings(NamedTuple):
    """
    How a cake is recorded.

    Parameters
    ----------
    sectors, row_m : int, float
        Columns of the image and distance between its rows (m).
    flaws : tuple of str
        Which flaws it has; ``mixed`` draws three to six of them for each cake.
    height_m : (float, float)
        Range of trace heights (m).
    density : (float, float)
        Range of contacts a metre; the least distance between two lowers it in coarse rows.
    """

    sectors: int
    row_m: float
    flaws: tuple[str, ...] = ()
    height_m: tuple[float, float] = (0.02, 0.5)
    density: tuple[float, float] = (3.0, 15.0)


MIXED = ("mixed",)
LOOKS: dict[str, CakeSettings] = {
    "56 clean": CakeSettings(56, 0.0076),
    **{f"56 {flaw}": CakeSettings(56, 0.0076, (flaw,)) for flaw in FLAWS},
    "56 row offsets, correlated": CakeSettings(56, 0.0076, ("row offsets, correlated",)),
    "56 mixed": CakeSettings(56, 0.0076, MIXED),
    "120 mixed, rows of 25 mm": CakeSettings(120, 0.025, MIXED, density=(3.0, 8.0)),
    "180 mixed": CakeSettings(180, 0.0025, MIXED),
    "16 clean, rows of 30 mm": CakeSettings(16, 0.03, density=(3.0, 8.0)),
    "16 mixed, rows of 30 mm": CakeSettings(16, 0.03, MIXED, density=(3.0, 8.0)),
    "16 clean, rows of 100 mm": CakeSettings(16, 0.1, density=(2.0, 3.0)),
    "16 mixed, rows of 100 mm": CakeSettings(16, 0.1, MIXED, density=(2.0, 3.0)),
    "56 horizontal, clean": CakeSettings(56, 0.0076, (), (0.6, 2.5)),
    "56 horizontal, mixed": CakeSettings(56, 0.0076, MIXED, (0.6, 2.5)),
    "16 horizontal, mixed, rows of 30 mm": CakeSettings(16, 0.03, MIXED, (0.6, 2.5), (3.0, 8.0)),
    # A hole along bedding crosses few contacts. Of the dense ones above, half are aliased.
    "56 horizontal, sparse, clean": CakeSettings(56, 0.0076, (), (0.6, 2.5), (0.5, 2.0)),
    "56 horizontal, sparse, mixed": CakeSettings(56, 0.0076, MIXED, (0.6, 2.5), (0.5, 2.0)),
    "56 along bedding, clean": CakeSettings(56, 0.0076, (), (2.5, 8.0), (0.3, 1.0)),
    "56 along bedding, mixed": CakeSettings(56, 0.0076, MIXED, (2.5, 8.0), (0.3, 1.0)),
}


class Cake(NamedTuple):
    """An image (rows, columns), the depths of its rows (m), and the traces ``(z0, a, b)`` of its contacts (m)."""

    image: Array
    depth: Array
    traces: Array


def draw_cake(rng: np.random.Generator, settings: CakeSettings, length_m: float) -> Cake:
    """
    Draw a layer cake.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    settings : CakeSettings
        How it is recorded.
    length_m : float
        Logged length (m).
    """
    flaws = set(settings.flaws)
    if "mixed" in flaws:
        flaws = set(rng.choice(FLAWS, int(rng.integers(3, 7)), replace=False).tolist())
    strength = 0.9 if "mixed" in settings.flaws else 1.0
    rows, columns = round(length_m / settings.row_m) * _DOWN, settings.sectors * _ROUND
    depth = (np.arange(rows) + 0.5) * settings.row_m / _DOWN
    turn = (np.arange(columns) + 0.5) * 2 * np.pi / columns
    traces = _contacts(rng, settings, length_m)
    at = traces[:, :1] + traces[:, 1:2] * np.cos(turn) + traces[:, 2:] * np.sin(turn)
    if "departure" in flaws:
        at += strength * _departures(rng, traces, turn)
    # Contacts that touch are one; beds keep their order.
    at = np.maximum.accumulate(at, axis=0)
    values = _bed_values(rng, len(traces) + 1)
    wall = np.stack([values[np.searchsorted(line, depth)] for line in at.T], axis=1)
    image = wall.reshape(-1, _DOWN, settings.sectors, _ROUND).mean(axis=(1, 3))
    image = _flawed(rng, image, flaws, strength)
    image += 0.08 * rng.standard_normal(image.shape)
    return Cake(image, 1000 + (np.arange(len(image)) + 0.5) * settings.row_m, traces + np.array([1000.0, 0, 0]))


def _contacts(rng: np.random.Generator, settings: CakeSettings, length_m: float) -> Array:
    """Contacts of one attitude that drifts, none nearer to the next than it may be."""
    density = rng.uniform(*settings.density)
    least = max(0.025, 2 * settings.row_m)
    gaps = least + rng.gamma(1.5, max(1 / density - least, 0.01) / 1.5, int(3 * length_m * density) + 10)
    z0 = np.cumsum(gaps)
    z0 = z0[z0 < length_m - 0.02]
    low, high = np.log(settings.height_m)
    knots = np.arange(0, length_m + 8, 4.0)
    drift = 0.15 * rng.standard_normal((2, len(knots))).cumsum(axis=1)
    amplitude = np.exp(np.clip(rng.uniform(low, high) + np.interp(z0, knots, drift[0]), low, high)) / 2
    azimuth = rng.uniform(0, 2 * np.pi) + np.interp(z0, knots, drift[1])
    curves = amplitude * np.exp(1j * azimuth)
    # Attitudes scatter by a fraction of the bed between: neighbours do not cross.
    scatter = 0.15 * np.minimum(gaps[: len(z0)], 0.1)
    curves = curves + scatter * (rng.standard_normal(len(z0)) + 1j * rng.standard_normal(len(z0)))
    return np.column_stack([z0, curves.real, curves.imag])


def _departures(rng: np.random.Generator, traces: Array, turn: Array) -> Array:
    """What contacts depart from their sinusoids by (m): waves of two to five a turn, alike on neighbours."""
    amplitude = np.hypot(traces[:, 1], traces[:, 2])
    size = np.maximum(rng.uniform(0.1, 0.33) * amplitude, rng.uniform(0.003, 0.01))
    out = np.zeros((len(traces), len(turn)))
    knots = np.arange(-1, traces[-1, 0] + 2, 0.5)
    for waves in range(2, 6):
        for part in (np.cos(waves * turn), np.sin(waves * turn)):
            out += np.interp(traces[:, 0], knots, rng.standard_normal(len(knots)))[:, None] * part / waves
    return size[:, None] * out / 2


def _bed_values(rng: np.random.Generator, count: int) -> Array:
    values = [rng.standard_normal()]
    while len(values) < count:
        value = rng.standard_normal()
        if abs(value - values[-1]) >= _LEAST_STEP:
            values.append(value)
    return np.array(values)


def _flawed(rng: np.random.Generator, image: Array, flaws: set[str], strength: float) -> Array:
    """Record an image with flaws; strengths are those of one flaw alone, times `strength` where there are several."""
    rows, columns = image.shape
    turn = (np.arange(columns) + 0.5) * 2 * np.pi / columns
    if "blur" in flaws:
        image = _smoothed(image, rng.uniform(1.0, 2.2) * strength, axis=0)
    if "fade" in flaws:
        faintest = 1 - strength * rng.uniform(0.5, 0.8)
        side = rng.uniform(0, 2 * np.pi) + 2 * np.pi * rng.normal(0, 0.3) * np.arange(rows)[:, None] / rows
        image = image * (faintest + (1 - faintest) * (1 + np.cos(turn - side)) / 2)
    if "smear" in flaws:
        texture = _smoothed(rng.standard_normal(image.shape), rng.uniform(0.06, 0.2) * columns, axis=1)
        image = image + strength * rng.uniform(0.3, 0.7) * texture / texture.std()
    if "red noise" in flaws:
        image = image + strength * rng.uniform(0.3, 0.7) * _red_noise(rng, rows, columns)
    if "stripes" in flaws:
        stripes = rng.standard_normal(columns)
        image = image + strength * rng.uniform(0.3, 0.8) * stripes
    if flaws & {"row offsets", "row offsets, correlated"}:
        offsets = rng.standard_normal((rows, 1))
        if "row offsets, correlated" in flaws or (strength < 1 and rng.random() < 0.5):
            offsets = _smoothed(offsets, rng.uniform(1.0, 3.0), axis=0)
        image = image + strength * rng.uniform(0.3, 0.8) * offsets / offsets.std()
    return image


def _smoothed(values: Array, sigma: float, axis: int) -> Array:
    """Gaussian smoothing by Fourier transform; along rows periodic, along depth mirrored."""
    if axis == 0:
        values = np.concatenate([values, values[::-1]])
    frequency = np.fft.fftfreq(values.shape[axis])
    response = np.exp(-2 * (np.pi * sigma * frequency) ** 2)
    shape = (-1, 1) if axis == 0 else (1, -1)
    out = np.fft.ifft(np.fft.fft(values, axis=axis) * response.reshape(shape), axis=axis).real
    return np.asarray(out[: len(out) // 2] if axis == 0 else out)


def _red_noise(rng: np.random.Generator, rows: int, columns: int) -> Array:
    """Noise whose amplitude falls with the wave number, of unit variance."""
    down, across = np.fft.fftfreq(rows) * rows / columns, np.fft.fftfreq(columns)
    wave = np.hypot(down[:, None] * columns / rows, across)
    wave[0, 0] = np.inf
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((rows, columns))) / np.maximum(wave, 1 / 64)).real
    return np.asarray(noise / noise.std())


def _aliased(traces: Array, sectors: int) -> npt.NDArray[np.bool_]:
    """Which traces move farther from one sector to the next than to the nearest contact."""
    most = 2 * np.hypot(traces[:, 1], traces[:, 2]) * np.sin(np.pi / sectors)
    gaps = np.diff(traces[:, 0], prepend=-np.inf, append=np.inf)
    return np.asarray(most > np.minimum(gaps[1:], gaps[:-1]))


class Picker(NamedTuple):
    """Model and method of a picker, and whether it looks for tall traces, too (None: as geobfdt pick does)."""

    model: str
    method: str = "network"
    tall: bool | None = None


def score_look(name: str, picker: Picker, cakes: int, length_m: float, seed: int) -> dict[str, object]:
    """Draw the cakes of a look, pick them and score the picks: one row of results."""
    import pandas as pd

    import geobfdt
    from geobfdt.evaluation.calibration import calibrate
    from geobfdt.geometry import amplitude_azimuth, trace_rms
    from geobfdt.picking.picker import detector_of, pick_well
    from geobfdt.wells.image import well_image
    from geobfdt.wells.intervals import new_intervals
    from geobfdt.wells.picks import new_picks, traces

    settings = LOOKS[name]
    picks, truth, intervals, candidates, voted, above, outcomes, aliased = [], [], [], [], [], [], [], []
    for index in range(cakes):
        rng = np.random.default_rng([seed, list(LOOKS).index(name), index])
        cake = draw_cake(rng, settings, length_m)
        well = f"{name} {index}"
        image = well_image(cake.image, cake.depth, diameter=DIAMETER_M, well=well, reference="high_side")
        detector = detector_of(image, picker.model, picker.method)
        every = pick_well(image, detector, min_confidence=0.0, tall=picker.tall).picks
        answers = pick_well(image, detector, tall=picker.tall).picks
        amplitude, azimuth = amplitude_azimuth(cake.traces)
        planes = new_picks(
            well=well, depth_m=cake.traces[:, 0], class_="bedding", amplitude_m=amplitude, azimuth_app_deg=azimuth,
            diameter_m=DIAMETER_M, reference="high_side",
        )  # fmt: skip
        near = trace_rms(traces(every)[:, None], traces(planes)) < 0.05
        apart = trace_rms(traces(answers)[:, None], traces(planes))
        aliased.append(_aliased(cake.traces, settings.sectors))
        candidates.append(near.any(axis=0))
        if picker.method == "network":
            voted.append(_voted(detector, image, cake))
        picks.append(answers)
        truth.append(planes)
        above.append(answers["confidence"].to_numpy(float))
        outcomes.append(apart.min(axis=1, initial=np.inf) < 0.05)
        intervals.append((well, "interpreted", "bedding", float(cake.depth[0]), float(cake.depth[-1])))
    scores = geobfdt.evaluate(pd.concat(picks), pd.concat(truth), new_intervals(intervals))
    table = scores.table().query("`class` == 'bedding' and kind == 'trace'").set_index("tolerance_m")
    row: dict[str, object] = {"look": name, "contacts": int(table.loc[0.05, "n_truth"])}
    for tolerance, unit in ((0.03, "3cm"), (0.05, "5cm")):
        part = table.loc[tolerance]
        row |= {
            f"f1_{unit}": part["f1"], f"f1_{unit}_lo": part["f1_lo"], f"f1_{unit}_hi": part["f1_hi"],
            f"null_{unit}": part["null_f1"], f"z_{unit}": part["z"],
            f"precision_{unit}": part["precision"], f"recall_{unit}": part["recall"],
        }  # fmt: skip
    trust = calibrate(pd.concat(picks), pd.concat(truth), new_intervals(intervals)).summary.set_index("class")
    chances = np.concatenate(above)
    row |= {
        "aliased": float(np.concatenate(aliased).mean()),
        "candidates": float(np.concatenate(candidates).mean()),
        "voted": float(np.concatenate(voted).mean()) if voted else None,
        "ece": float(trust["ece"].get("bedding", np.nan)),
        "picks_per_m": len(chances) / (cakes * length_m),
        "mean_confidence": float(chances.mean()) if chances.size else None,
        "share_right": float(np.concatenate(outcomes).mean()) if chances.size else None,
    }
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


def _voted(detector: object, image: object, cake: Cake) -> npt.NDArray[np.bool_]:
    """Which contacts have a vote near by among those that the decoder is asked about."""
    from geobfdt.model.curve.detection import choose_queries
    from geobfdt.model.matching import scaled_rms
    from geobfdt.preparation.network_grid import network_grid

    network = detector.bundle.network  # type: ignore[attr-defined]
    grid = network_grid(image, network.settings.grid, float(cake.depth[0]), 16)  # type: ignore[arg-type]
    _, votes = network.encode_strip(grid.values)
    radius = grid.scale * DIAMETER_M / 2
    proposed = choose_queries(network, votes, radius, 0.0, np.inf)
    # Metres of the network are smaller than those of rock where the image is coarse.
    near = scaled_rms(proposed, grid.scale * (cake.traces - [grid.top, 0, 0]), radius).min(axis=0, initial=np.inf)
    return np.asarray(near < 0.06 * grid.scale)


def main() -> None:
    """Print the table, and write it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    parser.add_argument("--looks", nargs="+", default=list(LOOKS), choices=list(LOOKS), metavar="LOOK")
    parser.add_argument("--cakes", type=int, default=8)
    parser.add_argument("--length", type=float, default=15.0, help="of a cake (m)")
    parser.add_argument("--seed", type=int, default=29)
    parser.add_argument("--tall", action=argparse.BooleanOptionalAction, help="as that of geobfdt pick")
    add_out(parser)
    arguments = parser.parse_args()
    picker = Picker(arguments.model, arguments.method, arguments.tall)
    rows = []
    heads = "contacts  F1 3 cm          null   F1 5 cm          null     z   prec  rec   cand  voted   ece /m   aliased"
    print("look", " " * 32, heads)
    for name in arguments.looks:
        row = score_look(name, picker, arguments.cakes, arguments.length, arguments.seed)
        rows.append(row)
        parts = [
            f"{row['f1_' + at]:.2f} ({row[f'f1_{at}_lo']:.2f}-{row[f'f1_{at}_hi']:.2f})  {row['null_' + at]:.2f}"
            for at in ("3cm", "5cm")
        ]
        voted = "    -" if row["voted"] is None else f"{row['voted']:.2f}"
        print(
            f"{name:38s} {row['contacts']:8d}  {parts[0]}   {parts[1]}  {row['z_5cm']:5.0f}  {row['precision_5cm']:.2f}"
            f"  {row['recall_5cm']:.2f}  {row['candidates']:.2f}  {voted}  {row['ece']:.2f}"
            f"  {row['picks_per_m']:.1f}  {row['aliased']:.2f}",
            flush=True,
        )
    write_results(arguments.out, rows, None if arguments.method == "hough" else arguments.model)


if __name__ == "__main__":
    main()
