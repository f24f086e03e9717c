"""Score a picker on real images that nobody has picked: two views of the same rock have to agree.

    python benchmarks/real.py DATA
    python benchmarks/real.py DATA --model MODEL --out results/real.json

DATA holds `otv/` (optical televiewer), `atv/` (acoustic amplitude with breakout picks) and `lwd-las/` (density image of
16 sectors and gamma image of 8, a horizontal well). No picks are needed: density and gamma show the same beds, as do
the odd and the even sectors of one image. Agreement is the F1 of one picker's planes against the other's, matched one
to one within a depth and an angle between poles; `null` is its mean after 200 circular depth shifts of one of them, and
z is counted in standard deviations of those. On the acoustic image, `on breakouts` counts picks whose trace bends along
a breakout: there, a bed is an error. A picker that finds nothing agrees with nobody, and its row says so.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from results_file import add_out, write_results

if TYPE_CHECKING:
    import pandas as pd

    from geobfdt.wells.image import WellImage

TALL_AMPLITUDE_M = 0.6
SHIFTS = 200
LEAST_SHIFT_M = 1.0


class Agreement(NamedTuple):
    """F1 of two lists of planes, its mean and standard deviation under depth shifts, and how many planes there are."""

    f1: float
    null: float
    z: float
    first: int
    second: int


def agreement(
    first: pd.DataFrame, second: pd.DataFrame, depth_m: float, pole_deg: float, span: tuple[float, float]
) -> Agreement:
    """
    How far two pick tables of one well agree.

    Parameters
    ----------
    first, second : DataFrame
        Pick tables with apparent dips of the same hole.
    depth_m, pole_deg : float
        Largest distance in depth (m) and largest angle between poles (deg) of a match.
    span : (float, float)
        Depths over which shifts are circular (m).
    """
    a, b = _planes(first), _planes(second)
    now = _f1(a, b, depth_m, pole_deg)
    length = span[1] - span[0]
    rng = np.random.default_rng(0)
    least = min(LEAST_SHIFT_M, length / 4)
    nulls = []
    for shift in rng.uniform(least, length - least, SHIFTS):
        moved = b.copy()
        moved[:, 0] = span[0] + (b[:, 0] - span[0] + shift) % length
        nulls.append(_f1(a, moved, depth_m, pole_deg))
    spread = float(np.std(nulls, ddof=1))
    z = (now - float(np.mean(nulls))) / spread if spread > 0 else float("nan")
    return Agreement(now, float(np.mean(nulls)), z, len(a), len(b))


def _planes(picks: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Depth and apparent pole: array (n, 4)."""
    from geobfdt import geometry

    complete_rows = picks.dropna(subset=["dip_app_deg", "azimuth_app_deg"])
    poles = geometry.pole(
        complete_rows["dip_app_deg"].to_numpy(float), complete_rows["azimuth_app_deg"].to_numpy(float)
    )
    return np.column_stack([complete_rows["depth_m"].to_numpy(float), poles.reshape(-1, 3)])


def _f1(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], depth_m: float, pole_deg: float) -> float:
    """F1 of a one-to-one matching, nearest pairs first."""
    if not len(a) or not len(b):
        return 0.0
    apart = np.abs(a[:, :1] - b[:, 0])
    angle = np.degrees(np.arccos(np.clip(np.abs(a[:, 1:] @ b[:, 1:].T), -1, 1)))
    allowed = (apart <= depth_m) & (angle <= pole_deg)
    i, j = np.nonzero(allowed)
    taken_a, taken_b, pairs = np.zeros(len(a), bool), np.zeros(len(b), bool), 0
    for k in np.argsort(apart[i, j] / depth_m + angle[i, j] / pole_deg, kind="stable"):
        if not taken_a[i[k]] and not taken_b[j[k]]:
            taken_a[i[k]] = taken_b[j[k]] = True
            pairs += 1
    return 2 * pairs / (len(a) + len(b))


def halves(image: WellImage) -> tuple[WellImage, WellImage]:
    """The odd and the even sectors of an image, as two images of their own angles."""
    parts = [image.isel(azimuth=slice(first, None, 2)) for first in (0, 1)]
    return parts[0], parts[1]


def optical(data: Path) -> WellImage:
    """The optical televiewer image, as lightness."""
    from geobfdt.wells.image import well_image

    with np.load(data / "otv" / "otv_fractured_rgb.npz", allow_pickle=False) as file:
        values, depth = file["rgb"].astype(np.float32).mean(axis=2), file["depth_m"].astype(float)
    return _downwards(values, depth, well_image, well="otv", diameter=0.101)


def acoustic(data: Path) -> WellImage:
    """The acoustic amplitude image with breakouts."""
    from geobfdt.wells.image import well_image

    with np.load(data / "atv" / "atv_breakout_amp.npz", allow_pickle=False) as file:
        values, depth = file["amp"].astype(np.float32), file["depth_m"].astype(float)
    return _downwards(values, depth, well_image, well="atv", diameter=0.1047)


def _downwards(
    values: npt.NDArray[np.float32],
    depth: npt.NDArray[np.float64],
    make: Callable[..., WellImage],
    **attributes: object,
) -> WellImage:
    order = np.argsort(depth)
    return make(
        values[order], depth[order], deviation=0.0, hole_azimuth=0.0, reference="north", **attributes
    )  # fmt: skip


def logged(data: Path, name: str) -> WellImage:
    """An image of the horizontal well: density (``ABDC``) or gamma (``GRAS``)."""
    import geobfdt

    folder = data / "lwd-las"
    return geobfdt.read(
        next(folder.glob("*.las")), image=name, diameter=0.2159, survey=next(folder.glob("*SURV.csv")),
        azimuth_reference="high_side",
    )  # fmt: skip


def turn_between(first: WellImage, second: WellImage) -> tuple[float, float]:
    """
    How far the second image is turned against the first (deg, clockwise), and the coherence of the two (0 to 1).

    It rests on the first harmonic of each stretch of 2 m: which side of the hole is brighter. Picks take no part.
    """

    def harmonic(image: WellImage) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.complex128]]:
        values, depth = image["image"].values.astype(float), image["depth"].values
        rows = max(round(2.0 / float(np.median(np.diff(depth)))), 1)
        whole = len(values) // rows * rows
        wave = np.exp(1j * np.radians(image["azimuth"].values))
        # A stretch with a gap has no harmonic.
        side = (values[:whole].reshape(-1, rows, values.shape[1]).mean(axis=1) * wave).mean(axis=1)
        return depth[:whole].reshape(-1, rows).mean(axis=1), np.where(np.isfinite(side), side, 0.0)

    depth, one = harmonic(first)
    at, two = harmonic(second)
    other = np.interp(depth, at, two.real) + 1j * np.interp(depth, at, two.imag)
    product = (other * np.conj(one)).sum()
    size = np.sqrt((np.abs(one) ** 2).sum() * (np.abs(other) ** 2).sum())
    return float(np.degrees(np.angle(product))), float(np.abs(product) / size)


def on_breakouts(picks: pd.DataFrame, file: Path) -> int:
    """How many picks of beds have their middle within 2 cm of the depth of a breakout pick."""
    import pandas as pd

    breakouts = pd.read_csv(file)
    centre = breakouts["depth_m"].to_numpy(float)
    beds = picks.loc[picks["class"] == "bedding", "depth_m"].to_numpy(float)
    return int((np.abs(beds[:, None] - centre) <= 0.02).any(axis=1).sum())


def main() -> None:
    """Print the rows, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    add_out(parser)
    arguments = parser.parse_args()
    from geobfdt.picking.picker import detector_of, pick_with_findings

    def pick(image: WellImage, tall: bool | None = None) -> pd.DataFrame:
        return pick_with_findings(image, detector_of(image, arguments.model, arguments.method), tall=tall)[0]

    rows: list[dict[str, object]] = []

    def compare(name: str, tables: Sequence[pd.DataFrame], image: WellImage, depth_m: float, pole_deg: float) -> None:
        span = (float(image.depth[0]), float(image.depth[-1]))
        result = agreement(tables[0], tables[1], depth_m, pole_deg, span)
        note = "" if result.first and result.second else "  nothing picked on one of them"
        print(
            f"{name:40s} {depth_m:4.2f} m {pole_deg:2.0f} deg  F1 {result.f1:.2f}  null {result.null:.2f}"
            f"  z {result.z:6.1f}  planes {result.first}, {result.second}{note}",
            flush=True,
        )
        rows.append({"name": name, "depth_m": depth_m, "pole_deg": pole_deg, **result._asdict()})

    optic, sound = optical(arguments.data), acoustic(arguments.data)
    compare("otv, odd and even columns", [pick(half) for half in halves(optic)], optic, 0.02, 5)
    compare("atv, odd and even columns", [pick(half) for half in halves(sound)], sound, 0.02, 5)
    picks = pick(sound)
    count = on_breakouts(picks, arguments.data / "atv" / "atv_breakout_picks.csv")
    print(
        f"atv: {len(picks)} picks, {(picks['class'] == 'bedding').sum()} beds, {count} of them on breakouts", flush=True
    )
    rows.append({"name": "atv on breakouts", "picks": len(picks), "beds_on_breakouts": count})
    density, gamma = logged(arguments.data, "ABDC"), logged(arguments.data, "GRAS")
    both = [pick(density), pick(gamma)]
    for depth_m in (0.1, 0.2, 0.5):
        compare("lwd density and gamma", both, density, depth_m, 5)
    turn, coherence = turn_between(density, gamma)
    print(f"lwd gamma is turned by {turn:.0f} deg against density, coherence {coherence:.2f}", flush=True)
    rows.append({"name": "turn of lwd gamma", "turn_deg": turn, "coherence": coherence})
    turned = both[1].assign(azimuth_app_deg=(both[1]["azimuth_app_deg"] - turn) % 360)
    compare("lwd density and gamma, turned", [both[0], turned], density, 0.5, 5)
    with_tall = [pick(half) for half in halves(density)]
    for depth_m in (0.1, 0.3):
        compare("lwd density, odd and even sectors", with_tall, density, depth_m, 5)
    tall = [picks[picks["amplitude_m"] > TALL_AMPLITUDE_M] for picks in with_tall]
    compare("the same, traces over 1.2 m tall", tall, density, 0.3, 5)
    own_scale = [pick(half, tall=False) for half in halves(density)]
    compare("the same with --no-tall", own_scale, density, 0.1, 5)
    write_results(arguments.out, rows, None if arguments.method == "hough" else arguments.model)


if __name__ == "__main__":
    main()
