"""Draw F1 of the runs of pretraining over the hours that training had taken by then.

    python benchmarks/pretraining_plot.py

Reads `docs/history/pretraining.csv` and writes `docs/history/pretraining.svg`. The hours of a run are those of its own
and of the runs that it begins with.
"""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib

HISTORY = Path(__file__).resolve().parents[1] / "docs" / "history"
COLOURS = {"fracture_f1": "tab:blue", "bed_f1": "tab:green"}
LABELS = {"fracture_f1": "fractures", "bed_f1": "beds"}


def hours_of(rows: dict[str, dict[str, str]], run: str) -> float:
    """Hours of a run and of all that it begins with."""
    before = rows[run]["from"].split()[-1]  # 'run 6', 'features and decoder of run 1', or 'random weights'.
    own = float(rows[run]["minutes"]) / 60
    return own + (hours_of(rows, before) if before in rows else 0.0)


def main() -> None:
    """Write the plot."""
    matplotlib.use("Agg")
    # The same rows give the same bytes, and letters stay letters.
    matplotlib.rcParams |= {"svg.hashsalt": "geobfdt", "svg.fonttype": "none"}
    import matplotlib.pyplot as plt

    with (HISTORY / "pretraining.csv").open(newline="") as file:
        rows = {row["run"]: row for row in csv.DictReader(file)}
    figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
    for column, colour in COLOURS.items():
        for run, row in rows.items():
            shipped = row["shipped"] in ("now", "formerly")
            place = hours_of(rows, run), float(row[column])
            axes.plot(*place, "o", color=colour, fillstyle="full" if shipped else "none")
            if column == "bed_f1":
                axes.annotate(run, place, (0, 6), textcoords="offset points", ha="center", fontsize=7)
            before = row["from"].split()[-1]
            if before in rows:
                start = hours_of(rows, before), float(rows[before][column])
                axes.plot(*zip(start, place, strict=True), color=colour, linewidth=0.8)
        axes.plot([], [], "o", color=colour, label=LABELS[column])
    axes.set(xlabel="hours of training, with those of the runs before", ylabel="F1, trace RMS 3 cm", ylim=(0.5, 0.88))
    axes.legend(frameon=False, loc="lower right")
    figure.savefig(HISTORY / "pretraining.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
