"""Score a picker on a real optical televiewer image against two interpretations, beside each other's.

    python benchmarks/interpretations.py DATA
    python benchmarks/interpretations.py DATA --model MODEL --out results/interpretations.json

DATA holds `otv/otv_fractured_rgb.npz`, 3 m of a fractured rock. `benchmarks/interpretations/otv_a.csv` and `otv_b.csv`
hold points that two of the project's authors, who are no log analysts, read from the image by eye, each without
knowledge of the other's points and of any picker's. A sinusoid is fitted to the points of each plane by least squares.
Planes that are faint, or that show on less than half of the turn, are optional. What one interpretation scores against
the other is the ceiling. F1 is by trace RMS, whatever the class; `null` is the mean F1 of the same picks after 50
circular depth shifts.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from real import optical
from results_file import add_out, write_results

TOLERANCES_M = (0.01, 0.02, 0.03, 0.05)
POINTS = Path(__file__).parent / "interpretations"


def interpretation(name: str) -> pd.DataFrame:
    """
    Read an interpreter's points and fit a plane to each trace.

    Returns
    -------
    DataFrame
        A pick table with a column ``optional``.
    """
    from geobfdt.wells.picks import new_picks

    points = pd.read_csv(POINTS / f"otv_{name}.csv")
    rows = []
    for _, plane in points.groupby("plane"):
        angle = np.radians(plane["angle_deg"].to_numpy(float))
        terms = np.column_stack([np.ones(angle.size), np.cos(angle), np.sin(angle)])
        z0, a, b = np.linalg.lstsq(terms, plane["depth_m"].to_numpy(float), rcond=None)[0]
        rows.append((z0, np.degrees(np.arctan2(b, a)) % 360, np.hypot(a, b), bool(plane["optional"].iloc[0])))
    depth, azimuth, amplitude, optional = (np.array(column) for column in zip(*rows, strict=True))
    picks = new_picks(
        well="otv", depth_m=depth, class_="fracture", azimuth_app_deg=azimuth, amplitude_m=amplitude,
        diameter_m=0.101, reference="north",
    )  # fmt: skip
    return picks.assign(optional=optional)


def main() -> None:
    """Print one row for each comparison and tolerance."""
    import geobfdt

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--method", default="network")
    parser.add_argument("--model", default="default")
    add_out(parser)
    arguments = parser.parse_args()
    image = optical(arguments.data)
    picks = geobfdt.pick(image, model=arguments.model, method=arguments.method)
    interpretations = {name: interpretation(name) for name in ("a", "b")}
    certain = {name: table[~table["optional"]] for name, table in interpretations.items()}
    comparisons = {
        "picker against A": (picks, interpretations["a"]),
        "picker against B": (picks, interpretations["b"]),
        "B against A": (certain["b"], interpretations["a"]),
        "A against B": (certain["a"], interpretations["b"]),
    }
    rows = []
    span = (float(image["depth"][0]), float(image["depth"][-1]))
    for name, (table, truth) in comparisons.items():
        scores = geobfdt.evaluate(table, truth, span={"otv": span}, tolerances=TOLERANCES_M, by_class=False).table()
        for row in scores[(scores["kind"] == "trace") & (scores["class"] == "all")].to_dict("records"):
            part = {"comparison": name, **{key: row[key] for key in ("tolerance_m", "f1", "null_f1", "z")}}
            part |= {key: int(row[key]) for key in ("n_truth", "n_picks", "n_found", "n_optional")}
            rows.append(part)
            print(
                f"{name:18s} {100 * row['tolerance_m']:3.0f} cm  F1 {row['f1']:.2f}  null {row['null_f1']:.2f}"
                f"  z {row['z']:5.1f}  found {row['n_found']} of {row['n_truth']}, judged picks {row['n_picks']}",
                flush=True,
            )
    write_results(arguments.out, rows, None if arguments.method == "hough" else arguments.model)


if __name__ == "__main__":
    main()
