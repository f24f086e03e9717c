"""How wide sigmas have to be: the laws of refinement that make intervals hold what they claim, fitted and printed.

    python benchmarks/sigmas.py --wells 120
    python benchmarks/sigmas.py --method hough --wells 40

So many wells as pretraining draws them, and as many fields of one well, are picked, and the errors of picks are held
against what is known of each: the deviation of its fit, how sure the network was, how far pixels moved the candidate.
For each class, and for depth, dip and azimuth, the law is the product of powers of these under which errors are
likeliest (as Student's t, since some picks belong to another plane), times the factor with which intervals of 68 and
90 % miss what they claim by the least. What is printed they hold on wells that were left out of the fit, a fifth at a
time, for either kind of well.
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
from geobfdt.evaluation.calibration import COVERAGE_TOLERANCE, LEVELS
from geobfdt.evaluation.errors import matched_rows, pair_errors
from geobfdt.evaluation.scope import gather
from geobfdt.picking import refinement as refine
from geobfdt.picking.attributes import plane_sigmas
from geobfdt.picking.uncertainty import SIGMA_FEATURES, inflate_covariance, sigma_features
from geobfdt.wells.image import WellImage
from geobfdt.wells.picks import read_picks, traces

ERRORS = ["depth_m", "dip_deg", "azimuth_deg"]
KNOWN = ["fit", "trace", "moved", "confidence"]  # as doubts.widened takes them
FOLDS, FREEDOM = 5, 2
STREAM, FIELD = 5_000_000, 8300  # seeds: of wells, of the first field

Array = npt.NDArray[np.float64]


def drawn(number: int, length: float) -> tuple[WellImage, pd.DataFrame]:
    """A well as pretraining draws them, and its planes."""
    from geobfdt.training.sources import drawn_well

    well = drawn_well(STREAM, number, length, {})
    return well.image, well.picks


def simulated(number: int, length: float) -> tuple[WellImage, pd.DataFrame]:
    """The well of a field that ``geobfdt simulate`` makes, and its planes."""
    with tempfile.TemporaryDirectory() as folder:
        geobfdt.simulate(folder, wells=1, length=length, seed=FIELD + number)
        file = next(Path(folder).glob("*.dlis"))
        return geobfdt.read(file), read_picks(file.with_suffix(".truth.csv"))


def pairs(
    number: int, make: Callable[[int, float], tuple[WellImage, pd.DataFrame]], length: float, model: str, method: str
) -> pd.DataFrame:
    """Matched picks of one well: errors, and what the sigmas are made of."""
    import torch

    from geobfdt.picking.picker import detector_of, pick_with_findings

    torch.set_num_threads(1)
    told: list[tuple[Array, ...]] = []

    def listened(fit: Array, trace: Array, moved: Array, confidence: Array, law: Array) -> Array:
        out = inflate_covariance(fit, trace, moved, confidence, law)
        told.append((fit, trace, moved, confidence))
        return out

    image, truth = make(number, length)
    refine.inflate_covariance = listened
    try:
        picks, _ = pick_with_findings(image, detector_of(image, model, method))
    finally:
        refine.inflate_covariance = inflate_covariance
    if picks.empty or truth.empty:
        return pd.DataFrame()
    known = dict(zip(KNOWN, (np.concatenate(part) for part in zip(*told, strict=True)), strict=True))
    parts = []
    for group in gather(picks, truth)[0]:
        first, second = matched_rows(group, COVERAGE_TOLERANCE)
        if not len(first):
            continue
        rows = group.pick_rows[first]
        error = pair_errors(group.picks.take(first), group.truth.take(second))[ERRORS]
        own = np.abs(traces(picks)[rows][:, None] - known["trace"]).sum(axis=2).argmin(axis=1)
        error = error.assign(**{name: list(part[own]) for name, part in known.items()})
        error["diameter"], error["class"] = picks["diameter_m"].to_numpy()[rows], group.pick_class[first]
        parts.append(error.assign(well=number, source=make.__name__))
    return pd.concat(parts) if parts else pd.DataFrame()


def told_of(table: pd.DataFrame) -> list[Array]:
    """What is known of pairs, as arrays."""
    return [np.stack(table[name].to_list()) for name in KNOWN]


def held(ratio: Array) -> Array:
    """Shares (levels,) of intervals that hold; `ratio` is of errors to sigmas."""
    return np.asarray((ratio[:, None] <= list(LEVELS.values())).mean(axis=0))


def fit(error: Array, known: Array) -> Array:
    """The law (1 + POWERS,) of errors (n,) of one direction, given what is known of them (n, POWERS)."""
    design = np.column_stack([np.ones(len(error)), known])

    def surprise(law: Array) -> float:
        log = design @ law
        return float((log + (FREEDOM + 1) / 2 * np.log1p((error / np.exp(log)) ** 2 / FREEDOM)).mean())

    start = np.zeros(1 + SIGMA_FEATURES)
    start[0] = np.log(np.median(error) + 1e-6)
    bounds = [(None, None), *SIGMA_FEATURES * [(0.0, None)]]  # nobody is surer of what is doubted
    law = np.asarray(minimize(surprise, start, method="L-BFGS-B", bounds=bounds).x)
    ratio = error / np.exp(design @ law)
    factors = np.exp(np.linspace(-1, 1.5, 501))
    off = [np.abs(held(ratio / factor) - list(LEVELS)).max() for factor in factors]
    return np.array([np.exp(law[0]) * factors[int(np.argmin(off))], *law[1:]])


def fitted(table: pd.DataFrame) -> Array:
    """The laws (3, 1 + POWERS) of one class: errors as depth and as amplitude along and across the dip (m)."""
    told = told_of(table)
    known, diameter = sigma_features(*told), table["diameter"].to_numpy()
    micron = inflate_covariance(*told, np.broadcast_to([1e-6, 0, 0, 0], (len(table), 3, 1 + SIGMA_FEATURES)))
    error = np.abs(table[ERRORS].to_numpy()) / np.stack(plane_sigmas(told[1], micron, diameter), axis=1) * 1e-6
    good = np.isfinite(error)
    return np.array([fit(error[good[:, i], i], known[good[:, i], i]) for i in range(3)])


def ratios(table: pd.DataFrame, law: Array) -> Array:
    """Errors against sigmas (n, 3) under laws."""
    told = told_of(table)
    covariance = inflate_covariance(*told, np.broadcast_to(law, (len(table), *law.shape)))
    sigma = np.stack(plane_sigmas(told[1], covariance, table["diameter"].to_numpy()), axis=1)
    return np.asarray(np.abs(table[ERRORS].to_numpy()) / sigma)


def main() -> None:
    """Print laws, and what intervals hold with them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=120, help="of either kind")
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--model", default="default")
    parser.add_argument("--method", default="network")
    arguments = parser.parse_args()
    asked: dict[str, Any] = {name: getattr(arguments, name) for name in ("length", "model", "method")}
    parts = []
    with ProcessPoolExecutor() as pool:
        for make in (drawn, simulated):
            work = pool.map(partial(pairs, make=make, **asked), range(arguments.wells))
            parts += list(tqdm(work, total=arguments.wells, desc=make.__name__))
    table = pd.concat(parts, ignore_index=True)
    table = table[[np.isfinite(matrix).all() for matrix in table["fit"]]]
    if arguments.method == "hough":
        table["class"] = "bedding"  # centred candidates of both classes follow one law
    for name, mine in table.groupby("class"):
        print(f"{name}, {len(mine)} pairs")
        print(pd.DataFrame(fitted(mine), ERRORS, ["scale (m)", "fit", "doubt", "moved"]).round(4).to_string())
        fold = mine["well"].to_numpy() % FOLDS
        sigma_coefficients = [fitted(mine[fold != i]) for i in range(FOLDS)]
        for source, own in mine.groupby("source"):
            part = own["well"].to_numpy() % FOLDS
            ratio = np.concatenate([ratios(own[part == i], law) for i, law in enumerate(sigma_coefficients)])
            shown = [held(column[np.isfinite(column)]) for column in ratio.T]
            columns = [f"{level:.0%} hold" for level in LEVELS]
            print(f"{source}, {len(own)} pairs")
            print(pd.DataFrame(shown, ERRORS, columns).round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
