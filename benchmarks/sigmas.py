"""How wide sigmas have to be: the constants of refinement that make intervals hold what they claim, fitted and printed.

    python benchmarks/sigmas.py --wells 48 --length 12 --seed 5000000

Simulated wells are picked, and the errors of picks are held against what refinement knows of each: the covariance of
its own fit, how far it moved the candidate, how sure the network was. For each class, the constants are those with
which intervals of 68 and 90 % of depths, dips and azimuths hold 68 and 90 %, of sure picks and of others.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import differential_evolution
from scipy.special import ndtr
from scipy.stats import norm
from tqdm import tqdm

from geobfdt.evaluation.calibration import COVERAGE_TOLERANCE, LEVELS
from geobfdt.evaluation.errors import matched_rows, pair_errors
from geobfdt.evaluation.scope import gather
from geobfdt.geometry import trace_rms
from geobfdt.picking import refine
from geobfdt.picking.attributes import plane_sigmas
from geobfdt.wells.picks import traces

BINS = 4  # of confidence
NAMES = ("share", "depth", "dip", "turn", "depth, moved", "tilt, moved")
BOUNDS = [(0.1, 1.0), (0.0, 0.08), (0.0, 0.05), (0.0, 0.05), (0.0, 0.012), (0.0, 0.012)]  # m, but for the share
ERRORS = ["depth_m", "dip_deg", "azimuth_deg"]


class Known(NamedTuple):
    """What is known of the matched picks (n) of a class: errors (n, 3), traces, covariances of fits, and the rest."""

    errors: npt.NDArray[np.float64]
    trace: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    moved: npt.NDArray[np.float64]
    diameter: npt.NDArray[np.float64]
    confidence: npt.NDArray[np.float64]


def pairs(index: int, seed: int, length: float, model: str) -> pd.DataFrame:
    """Matched picks of one well: errors, and what the sigmas are made of."""
    import torch

    from geobfdt.picking.picker import detector_of, pick_with_findings
    from geobfdt.training.sources import drawn_well

    torch.set_num_threads(1)
    told: list[tuple[npt.NDArray[Any], ...]] = []
    plain = refine._refine

    def listened(band: Any, start: Any, astray: float, doubts: Any) -> Any:
        alone = np.broadcast_to([1.0, 0, 0, 0, 0, 0], doubts.shape)
        out = plain(band, start, astray, alone)
        told.append((out.traces, out.covariance, trace_rms(out.traces, start) / astray))
        return out

    well = drawn_well(seed, index, length, {})
    refine._refine = listened
    try:
        picks, _ = pick_with_findings(well.image, detector_of(well.image, model))
    finally:
        refine._refine = plain
    places, covariances, moved = (np.concatenate([part[i] for part in told]) for i in range(3))
    parts = []
    for group in gather(picks, well.picks)[0]:
        first, second = matched_rows(group, COVERAGE_TOLERANCE)
        if not len(first):
            continue
        rows = group.pick_rows[first]
        error = pair_errors(group.picks.take(first), group.truth.take(second))[ERRORS]
        apart = np.abs(traces(picks)[rows][:, None] - places).sum(axis=2)
        own = apart.argmin(axis=1)
        error["trace"], error["covariance"] = list(places[own]), list(covariances[own])
        error["moved"], error["diameter"] = moved[own], picks["diameter_m"].to_numpy()[rows]
        error["confidence"], error["class"] = picks["confidence"].to_numpy()[rows], group.pick_class[first]
        parts.append(error)
    return pd.concat(parts) if parts else pd.DataFrame()


def sigmas(known: Known, doubts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Sigmas (n, 3) of depth, dip and azimuth with constants, as refinement makes them."""
    rows = refine.surer(doubts, known.confidence)
    covariance = refine.doubtful(known.covariance, known.trace, known.moved, rows)
    return np.stack(plane_sigmas(known.trace, covariance, known.diameter), axis=1)


def covered(errors: npt.NDArray[np.float64], sigma: npt.NDArray[np.float64], soft: float = 0.0) -> npt.NDArray[Any]:
    """Shares (levels, errors) of intervals that hold; `soft` blurs their ends, for the fit."""
    ratio = np.abs(errors) / sigma
    inside = []
    for level in LEVELS:
        margin = norm.ppf((1 + level) / 2) - ratio
        held = ndtr(margin / soft) if soft else (margin >= 0).astype(float)
        inside.append(np.nanmean(np.where(np.isfinite(ratio), held, np.nan), axis=0))
    return np.array(inside)


def fit(known: Known) -> npt.NDArray[np.float64]:
    """Constants of one class: intervals hold what they claim, those of sure and of other picks as well as all."""
    edges = np.quantile(known.confidence, np.arange(1, BINS) / BINS)
    bins = np.searchsorted(edges, known.confidence)
    wanted = np.array(LEVELS)[:, None]

    def loss(doubts: npt.NDArray[np.float64]) -> float:
        sigma = sigmas(known, doubts)
        whole = covered(known.errors, sigma, 0.1) - wanted
        each = [covered(known.errors[bins == b], sigma[bins == b], 0.1) - wanted for b in np.unique(bins)]
        return float(np.square(whole).mean() + np.square(each).mean())

    best = differential_evolution(loss, BOUNDS, seed=0, maxiter=120, popsize=10, tol=1e-5, polish=False)
    return np.asarray(best.x)


def main() -> None:
    """Print constants, and what intervals hold with them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wells", type=int, default=48)
    parser.add_argument("--length", type=float, default=12.0)
    parser.add_argument("--seed", type=int, default=5_000_000)
    parser.add_argument("--model", default="default")
    arguments = parser.parse_args()
    work = partial(pairs, seed=arguments.seed, length=arguments.length, model=arguments.model)
    with ProcessPoolExecutor() as pool:
        wells = list(tqdm(pool.map(work, range(arguments.wells)), total=arguments.wells, desc="picking"))
    table = pd.concat(wells, ignore_index=True)
    table = table[[np.isfinite(matrix).all() for matrix in table["covariance"]]]
    for name, mine in table.groupby("class"):
        known = Known(
            mine[ERRORS].to_numpy(),
            np.stack(mine["trace"].to_list()),
            np.stack(mine["covariance"].to_list()),
            *(mine[part].to_numpy() for part in ("moved", "diameter", "confidence")),
        )
        doubts = fit(known)
        said = ", ".join(f"{what} {value:.4f}" for what, value in zip(NAMES, doubts, strict=True))
        print(f"{name}, {len(mine)} pairs: {said}")
        held = pd.DataFrame(covered(known.errors, sigmas(known, doubts)), LEVELS, ERRORS)
        print(held.round(3).to_string(), flush=True)


if __name__ == "__main__":
    main()
