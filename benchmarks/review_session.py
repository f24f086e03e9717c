"""Time and result of a review: a script that knows the interpreter's table goes through the picks of a well.

    python benchmarks/review_session.py --seed 7300

It works as docs/review.md describes: it accepts picks above a confidence of 0.9 at once, decides the others one by one,
and adds missed planes with one click. Its decisions are right, its clicks lie within 5 mm (one standard deviation) of
the trace, and it drags a snapped trace that is more than 3 cm off. No person was timed: the minutes are those of the
keystroke-level model of Card, Moran and Newell (1980). "By hand" is three clicks and a decision for each plane.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import geobfdt
from geobfdt.evaluation.matching import assign
from geobfdt.geometry import amplitude_azimuth, trace_depth, trace_rms
from geobfdt.picking.picker import detector_of, pick_with_findings
from geobfdt.review.service import ReviewService
from geobfdt.wells.field import Field
from geobfdt.wells.picks import traces

KEY, POINT, CLICK, THINK = 0.28, 1.10, 0.20, 1.35  # s
NEAR = 0.03  # m, trace RMS


def matched(picks: np.ndarray, names: np.ndarray, truth: np.ndarray, classes: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of found and true planes of one class."""
    if not len(picks):
        return []
    apart = trace_rms(picks[:, None], truth)
    i, j = np.nonzero((apart <= NEAR) & (names[:, None] == classes))
    return [(int(i[k]), int(j[k])) for k in assign(i, j, apart[i, j], NEAR)]


def f1(service: ReviewService, well: str, truth: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """F1 by class of what a layer holds, rejected picks left out."""
    picks = service.log.layer(well, "robot").picks("", ("accepted", "edited", "proposed"))
    pairs = matched(traces(picks), picks["class"].to_numpy(), truth, classes)
    scores = {}
    for name in ("bedding", "fracture"):
        hits = sum(classes[j] == name for _, j in pairs)
        scores[name] = 2 * hits / max((picks["class"] == name).sum() + (classes == name).sum(), 1)
    return scores


def session(folder: Path, stem: str, rng: np.random.Generator) -> dict[str, float]:
    """One well."""
    service = ReviewService(folder)
    image = service.wells.image(stem)
    truth = Field(folder).picks(stem)
    real, classes = traces(truth), truth["class"].to_numpy()
    picks, _ = pick_with_findings(image, detector_of(image))
    service.join(stem, "robot", "robot", picks)
    before = f1(service, stem, real, classes)
    seconds, actions = 0.0, {"one by one": 0, "added": 0, "dragged": 0}
    began = time.perf_counter()

    items = service.log.layer(stem, "robot").items
    sure = {i: {"status": "accepted"} for i, f in items.items() if f["confidence"] >= 0.9}
    service.edit(stem, "robot", "robot", "bulk", sure)
    seconds += THINK + POINT + CLICK
    table = service.log.layer(stem, "robot").picks()
    right = {table["id"].iloc[i] for i, _ in matched(traces(table), table["class"].to_numpy(), real, classes)}
    for item in table.loc[table["status"] == "proposed", "id"]:
        state = "accepted" if item in right else "rejected"
        service.edit(stem, "robot", "robot", state[:6], {item: {"status": state}})
        seconds += THINK + KEY
        actions["one by one"] += 1
    table = service.log.layer(stem, "robot").picks("", ("accepted", "edited"))
    found_rows = {j for _, j in matched(traces(table), table["class"].to_numpy(), real, classes)}
    for j in sorted(set(range(len(real))) - found_rows):
        angle = rng.uniform(0, 360)
        depth = float(trace_depth(real[j], [angle])[0] + rng.normal(0, 0.005))
        answer = service.snap(stem, [depth], [angle], "robot")
        name, snapped = answer["class"] or "fracture", answer["snapped"]
        place = {key: answer[key] for key in ("depth_m", "amplitude_m", "azimuth_app_deg")}
        t = np.radians(place["azimuth_app_deg"])
        off = trace_rms([place["depth_m"], place["amplitude_m"] * np.cos(t), place["amplitude_m"] * np.sin(t)], real[j])
        seconds += THINK + POINT + CLICK
        actions["added"] += 1
        if off > NEAR:
            size, azimuth = amplitude_azimuth(real[j])
            place = {"depth_m": float(real[j, 0]), "amplitude_m": float(size), "azimuth_app_deg": float(azimuth)}
            snapped = False
            seconds += 2 * (THINK + POINT + CLICK + POINT)  # depth, then the deepest point
            actions["dragged"] += 1
        else:
            seconds += KEY  # Enter keeps the ghost
        seconds += KEY * (name != classes[j])
        fields = {**place, "class": str(classes[j]), "snapped": snapped}
        service.edit(stem, "robot", "robot", "add", {f"probot{j}": fields})
    metres = float(np.ptp(image["depth"].values))
    seconds += POINT + 2 * CLICK + THINK  # complete, both classes
    after = f1(service, stem, real, classes)
    machine = time.perf_counter() - began
    return {
        "metres": metres, "picks": len(picks), **actions, "minutes a metre": seconds / 60 / metres,
        "of these the server": machine / 60 / metres, "by hand": len(real) * 3 * (THINK + POINT + CLICK) / 60 / metres,
        **{f"F1 {name} before": value for name, value in before.items()},
        **{f"F1 {name} after": value for name, value in after.items()},
    }  # fmt: skip


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=7300)
    parser.add_argument("--wells", type=int, default=4)
    parser.add_argument("--length", type=float, default=30)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sim, field = Path(folder) / "sim", Path(folder) / "field"
        geobfdt.simulate(
            sim, geobfdt.SimulateOptions(wells=arguments.wells, length=arguments.length, seed=arguments.seed)
        )
        geobfdt.ingest(sorted(sim.glob("*.dlis")), field, geobfdt.IngestOptions(picks=sim))
        rng = np.random.default_rng(arguments.seed)
        rows = [session(field, stem, rng) for stem in Field(field).wells()]
        for name in rows[0]:
            values = [one[name] for one in rows]
            print(f"{name:24}", *(f"{v:8.2f}" for v in values), f"   mean {np.mean(values):.2f}")


if __name__ == "__main__":
    main()
