"""Fit the coefficients of the sigmas of refined traces, so that intervals hold their nominal share of errors.

    python benchmarks/sigmas.py --wells 120
    python benchmarks/sigmas.py --method hough --wells 40

Wells as pretraining draws them, and as many fields of one well, are picked. The errors of picks are compared with three
features of each: the deviation of its fit, the confidence, and the distance by which refinement moved the candidate.
For each class, and for depth, dip and azimuth, the sigma is a product of powers of these, fitted by maximum likelihood
(Student's t, since some picks belong to another plane). A factor then brings the intervals of 68 and 90 % nearest to
their nominal shares. Printed shares are of wells that were left out of the fit, a fifth at a time, for either kind.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from tqdm import tqdm

import geobfdt
from geobfdt.evaluation.calibration import COVERAGE_TOLERANCE_M, LEVELS
from geobfdt.evaluation.errors import matched_rows, pair_errors
from geobfdt.evaluation.scope import gather
from geobfdt.picking import refinement as refine
from geobfdt.picking.attributes import plane_sigmas
from geobfdt.picking.uncertainty import SIGMA_FEATURES, inflate_covariance, sigma_features
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import read_picks, traces

ERRORS = ["depth_m", "dip_deg", "azimuth_deg"]
INPUTS = ["fit", "trace", "moved", "confidence"]  # The arguments of inflate_covariance.
FOLDS, FREEDOM = 5, 2
STREAM, FIELD = 5_000_000, 8300  # seeds: of wells, of the first field

Array = npt.NDArray[np.float64]


def pretraining_well(number: int, length: float) -> tuple[WellImage, pd.DataFrame]:
    """A well as pretraining draws them, and its planes."""
    from geobfdt.training.sources import draw_well

    well = draw_well(STREAM, number, length, {})
    return well.image, well.picks


def simulated_well(number: int, length: float) -> tuple[WellImage, pd.DataFrame]:
    """The well of a field that ``geobfdt simulate`` makes, and its planes."""
    with tempfile.TemporaryDirectory() as folder:
        geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=length, seed=FIELD + number))
        file = next(Path(folder).glob("*.dlis"))
        return geobfdt.read(file), read_picks(file.with_suffix(".truth.csv"))


def pairs(
    number: int, make: Callable[[int, float], tuple[WellImage, pd.DataFrame]], length: float, model: str, method: str
) -> pd.DataFrame:
    """Matched picks of one well: errors, and what the sigmas are made of."""
    import torch

    from geobfdt.picking.picker import detector_of, pick_with_findings

    torch.set_num_threads(1)
    inputs: list[tuple[Array, ...]] = []

    def record(fit: Array, trace: Array, moved: Array, confidence: Array, coefficients: Array) -> Array:
        out = inflate_covariance(fit, trace, moved, confidence, coefficients)
        inputs.append((fit, trace, moved, confidence))
        return out

    image, truth = make(number, length)
    refine.inflate_covariance = record
    try:
        picks, _ = pick_with_findings(image, detector_of(image, model, method), tall=False)
    finally:
        refine.inflate_covariance = inflate_covariance
    if picks.empty or truth.empty:
        return pd.DataFrame()
    features = dict(zip(INPUTS, (np.concatenate(part) for part in zip(*inputs, strict=True)), strict=True))
    parts = []
    for group in gather(picks, truth)[0]:
        first, second = matched_rows(group, COVERAGE_TOLERANCE_M)
        if not len(first):
            continue
        rows = group.pick_rows[first]
        error = pair_errors(group.picks.take(first), group.truth.take(second))[ERRORS]
        own = np.abs(traces(picks)[rows][:, None] - features["trace"]).sum(axis=2).argmin(axis=1)
        error = error.assign(**{name: list(part[own]) for name, part in features.items()})
        error["diameter"], error["class"] = picks["diameter_m"].to_numpy()[rows], group.pick_class[first]
        parts.append(error.assign(well=number, source=make.__name__))
    return pd.concat(parts) if parts else pd.DataFrame()


def inputs_of(table: pd.DataFrame) -> list[Array]:
    """Arguments of inflate_covariance for the pairs, as arrays."""
    return [np.stack(table[name].to_list()) for name in INPUTS]


def shares_within(ratio: Array) -> Array:
    """Shares (levels,) of intervals that hold; `ratio` is of errors to sigmas."""
    return np.asarray((ratio[:, None] <= list(LEVELS.values())).mean(axis=0))


def fit(error: Array, features: Array) -> Array:
    """Coefficients (1 + SIGMA_FEATURES,) of errors (n,) of one direction, given their features (n, SIGMA_FEATURES)."""
    design = np.column_stack([np.ones(len(error)), features])

    def loss(coefficients: Array) -> float:
        log = design @ coefficients
        return float((log + (FREEDOM + 1) / 2 * np.log1p((error / np.exp(log)) ** 2 / FREEDOM)).mean())

    start = np.zeros(1 + SIGMA_FEATURES)
    start[0] = np.log(np.median(error) + 1e-6)
    bounds = [(None, None), *SIGMA_FEATURES * [(0.0, None)]]  # A larger feature never makes an error smaller.
    coefficients = np.asarray(minimize(loss, start, method="L-BFGS-B", bounds=bounds).x)
    ratio = error / np.exp(design @ coefficients)
    factors = np.exp(np.linspace(-1, 1.5, 501))
    off = [np.abs(shares_within(ratio / factor) - list(LEVELS)).max() for factor in factors]
    return np.array([np.exp(coefficients[0]) * factors[int(np.argmin(off))], *coefficients[1:]])


def fitted(table: pd.DataFrame) -> Array:
    """Coefficients (3, 1 + SIGMA_FEATURES) of one class, for depth and for amplitude along and across the dip."""
    inputs = inputs_of(table)
    features, diameter = sigma_features(*inputs), table["diameter"].to_numpy()
    micron = inflate_covariance(*inputs, np.broadcast_to([1e-6, 0, 0, 0], (len(table), 3, 1 + SIGMA_FEATURES)))
    error = np.abs(table[ERRORS].to_numpy()) / np.stack(plane_sigmas(inputs[1], micron, diameter), axis=1) * 1e-6
    good = np.isfinite(error)
    return np.array([fit(error[good[:, i], i], features[good[:, i], i]) for i in range(3)])


def ratios(table: pd.DataFrame, coefficients: Array) -> Array:
    """Ratios of errors to sigmas (n, 3) with given coefficients."""
    inputs = inputs_of(table)
    covariance = inflate_covariance(*inputs, np.broadcast_to(coefficients, (len(table), *coefficients.shape)))
    sigma = np.stack(plane_sigmas(inputs[1], covariance, table["diameter"].to_numpy()), axis=1)
    return np.asarray(np.abs(table[ERRORS].to_numpy()) / sigma)


def main() -> None:
    """Print the coefficients, and the shares of errors that intervals hold with them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=120, help="of either kind")
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--model", default="default")
    parser.add_argument("--method", default="network")
    arguments = parser.parse_args()
    options: dict[str, Any] = {name: getattr(arguments, name) for name in ("length", "model", "method")}
    parts = []
    with ProcessPoolExecutor() as pool:
        for make in (pretraining_well, simulated_well):
            work = pool.map(partial(pairs, make=make, **options), range(arguments.wells))
            parts += list(tqdm(work, total=arguments.wells, desc=make.__name__))
    table = pd.concat(parts, ignore_index=True)
    table = table[[np.isfinite(matrix).all() for matrix in table["fit"]]]
    if arguments.method == "hough":
        table["class"] = "bedding"  # centred candidates of both classes have the same coefficients
    for name, mine in table.groupby("class"):
        print(f"{name}, {len(mine)} pairs")
        print(pd.DataFrame(fitted(mine), ERRORS, ["scale (m)", "fit", "doubt", "moved"]).round(4).to_string())
        part_of = mine["well"].to_numpy() % FOLDS
        sigma_coefficients = [fitted(mine[part_of != i]) for i in range(FOLDS)]
        for source, own in mine.groupby("source"):
            part = own["well"].to_numpy() % FOLDS
            ratio = np.concatenate(
                [ratios(own[part == i], coefficients) for i, coefficients in enumerate(sigma_coefficients)]
            )
            shares = [shares_within(column[np.isfinite(column)]) for column in ratio.T]
            columns = [f"{level:.0%} hold" for level in LEVELS]
            print(f"{source}, {len(own)} pairs")
            print(pd.DataFrame(shares, ERRORS, columns).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
