"""A simulated interpreter, who picks visible planes, misses some, and makes errors."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.intervals import IntervalTable, new_intervals
from geobfdt.wells.picks import PickTable, new_picks, traces

__all__ = ["STYLES", "draw_intervals", "interpret"]

# Visibility at which half of the planes are picked, and the least distance between bed picks (m), by style.
STYLES: dict[str, tuple[dict[str, float], float]] = {
    "dense": ({"bedding": 0.42, "fracture": 0.36}, 0.03),
    "sparse": ({"bedding": 0.6, "fracture": 0.42}, 0.25),
    "fractures": ({"fracture": 0.36}, 0.0),
    "beds": ({"bedding": 0.42}, 0.05),
}
_VISIBILITY_WIDTH = 0.04  # Width of the logistic curve of the probability of a pick against visibility.


def draw_intervals(settings: WellSettings, top: float, base: float, rng: np.random.Generator) -> IntervalTable:
    """
    Intervals in which the interpreter picked each class.

    Parameters
    ----------
    settings : WellSettings
        Style and share left out.
    top, base : float
        Logged interval (m, MD).
    rng : Generator
        Source of randomness.

    Returns
    -------
    IntervalTable
        Interval table; a class that was not picked has one interval of no length.

    Examples
    --------
    >>> intervals = draw_intervals(WellSettings(), 10.0, 20.0, np.random.default_rng(0))
    >>> intervals[["class", "top_m", "base_m"]].values.tolist()
    [['bedding', 10.0, 20.0], ['fracture', 10.0, 20.0]]
    """
    picked_classes, _ = STYLES[settings.style]
    rows = []
    for name in ("bedding", "fracture"):
        cuts = [(top, base)] if name in picked_classes else [(top, top)]
        remaining = settings.unpicked * (base - top) if name in picked_classes else 0.0
        while remaining > 0.01 * (base - top):
            begin, end = cuts.pop(int(np.argmax([b - a for a, b in cuts])))
            length = min(remaining, rng.uniform(0.2, 0.7) * (end - begin))
            start = rng.uniform(begin, end - length)
            cuts += [(begin, start), (start + length, end)]
            remaining -= length
        rows += [(settings.well, "interpreted", name, a, b) for a, b in sorted(cuts)]
    return new_intervals(rows)


def interpret(
    truth: PickTable, intervals: IntervalTable, settings: WellSettings, diameter: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> PickTable:  # fmt: skip
    """
    Pick a well.

    Parameters
    ----------
    truth : PickTable
        Truth table with the column ``visible``.
    intervals : IntervalTable
        Intervals in which the interpreter picked.
    settings : WellSettings
        Style, misses, jitter and shift.
    diameter : array (n,)
        Hole diameter at each plane (m).
    rng : Generator
        Source of randomness.

    Returns
    -------
    PickTable
        Pick table with depth, class, amplitude and apparent azimuth.

    Examples
    --------
    >>> plane = {"amplitude_m": 0.1, "azimuth_app_deg": 0.0, "visible": 0.9}
    >>> truth = new_picks(well="W01", depth_m=[5.0], class_="bedding", **plane)
    >>> where = draw_intervals(WellSettings(), 0.0, 9.0, np.random.default_rng(0))
    >>> interpret(truth, where, WellSettings(jitter=0), np.full(1, 0.2), np.random.default_rng(1))["depth_m"].tolist()
    [5.0]
    """
    picked_classes, min_spacing = STYLES[settings.style]
    chance = rng.random(len(truth))
    errors = rng.standard_normal((len(truth), 3))
    truth_trace = traces(truth)
    name, depth = truth["class"].to_numpy(), truth["depth_m"].to_numpy(float)
    visible = truth["visible"].to_numpy(float)
    threshold = np.array([picked_classes.get(one, np.inf) for one in name])
    share = (1 - settings.misses) / (1 + np.exp(-(visible - threshold) / _VISIBILITY_WIDTH))
    looked = np.zeros(len(truth), dtype=bool)
    for row in intervals[intervals["kind"] == "interpreted"].itertuples():
        looked |= (name == row[3]) & (depth >= row.top_m) & (depth <= row.base_m)
    chosen = np.flatnonzero((chance < share) & looked)
    chosen = _spaced(chosen, depth, visible, name == "bedding", min_spacing)
    picked, error = truth.iloc[chosen], errors[chosen]
    # Steep traces are harder to fit: the error grows with the trace.
    size = settings.jitter * np.hypot(1, np.hypot(truth_trace[chosen, 1], truth_trace[chosen, 2]) / 0.1)
    trace = truth_trace[chosen] + error * np.stack([np.full(size.size, settings.jitter), size, size], axis=1)
    amplitude = np.hypot(trace[:, 1], trace[:, 2])
    ranks = np.array(list("DCBA"))[np.digitize(visible[chosen], [0.5, 0.65, 0.8])] if chosen.size else []
    return new_picks(
        well=settings.well,
        depth_m=trace[:, 0] + settings.depth_shift,
        class_=picked["class"].to_numpy(),
        amplitude_m=amplitude,
        azimuth_app_deg=np.degrees(np.arctan2(trace[:, 2], trace[:, 1])) % 360,
        diameter_m=diameter[chosen],
        reference=settings.reference,
        polarity=picked["polarity"].to_numpy(),
        quality=ranks,
        source="simulated interpreter",
        status="accepted",
    )


def _spaced(
    chosen: npt.NDArray[np.int64], depth: npt.NDArray[np.float64], visible: npt.NDArray[np.float64],
    bed: npt.NDArray[np.bool_], min_spacing: float,
) -> npt.NDArray[np.int64]:  # fmt: skip
    """Drop bed picks that are nearer to a clearer one than an interpreter would draw them."""
    spaced: list[int] = []
    for i in chosen[np.argsort(depth[chosen], kind="stable")].tolist():
        near = next((j for j in reversed(spaced) if bed[j]), None) if bed[i] else None
        if near is not None and depth[i] - depth[near] < min_spacing:
            if visible[i] <= visible[near]:
                continue
            spaced.remove(near)
        spaced.append(i)
    return np.array(spaced, dtype=np.int64)
