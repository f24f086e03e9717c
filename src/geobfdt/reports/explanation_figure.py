"""The picture of an explanation: the straightened band, and the evidence under it, angle by angle."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from geobfdt.picking.explanation import Explanation
from geobfdt.reports.style import KINDS, UNMEASURED, kinds_of
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.picks import PickTable

__all__ = ["draw_explanation"]

# A hue of Okabe and Ito that no class has.
_WEIGHT_COLOUR = "#cc79a7"


def draw_explanation(explanation: Explanation, pick: PickTable, number: int, reference: str, picture: Path) -> None:
    """
    Draw why a pick was made.

    Parameters
    ----------
    explanation : Explanation
        Evidence for the pick.
    pick : PickTable
        Pick table with one row, the pick.
    number : int
        Row of the pick in the table of the well, from 1.
    reference : str
        Name of the line that angles are counted from, by :func:`~geobfdt.reports.tracks.reference_name`.
    picture : Path
        PNG to write.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    row, kind = pick.iloc[0], KINDS[kinds_of(pick)[0]]
    name = kind.label.lower()
    figure = Figure(figsize=(8, 5.6), layout="constrained")
    band, around = figure.subplots(2, 1, sharex=True, height_ratios=[2.2, 1])
    measured = explanation.band[np.isfinite(explanation.band)]
    low, high = np.percentile(measured, [1, 99]) if measured.size else (0, 1)
    order = np.argsort(explanation.angles)
    edges = [0, 360, 100 * explanation.offsets[-1], 100 * explanation.offsets[0]]
    band.set_facecolor(UNMEASURED)
    masked = np.ma.masked_invalid(explanation.band[:, order])
    band.imshow(masked, extent=edges, aspect="auto", cmap="gray", vmin=low, vmax=high, interpolation="nearest")
    line = band.axhline(0, color=kind.colour, lw=1.4, ls=(0, (6, 6)), label=f"{name}, pick {number}")
    gaps = [Patch(fc=UNMEASURED, label="not measured")] if np.isnan(explanation.band).any() else []
    band.legend(
        handles=[line, *gaps], ncols=2, loc="lower left", bbox_to_anchor=(0, 1), fontsize=8, frameon=False,
        borderpad=0, handlelength=3.2,
    )  # fmt: skip
    band.set_ylabel("below the trace (cm)")
    title = f"{row['well']}  pick {number}: {name} at {row['depth_m']:.3f} m, confidence {row['confidence']:.2f}"
    if np.isfinite(row["dip_app_deg"]):
        title += f"; apparent dip {row['dip_app_deg']:.0f}°"
    band.set_title(title + f", azimuth {row['azimuth_app_deg']:.0f}°", loc="left", fontsize=10, pad=22)
    around.axhline(0, color="0.8", lw=0.8)
    around.plot(explanation.turn, explanation.agreement, color="k", lw=1.2, label="pixels agree with the mean profile")
    if explanation.evidence.size:
        parts = explanation.evidence.size
        centres = np.arange(parts + 1) * 360 / parts
        closed = np.append(explanation.evidence, explanation.evidence[0])
        around.step(centres, closed, where="mid", color=_WEIGHT_COLOUR, lw=1.2, label="weight the network gave")
    around.set(xlim=(0, 360), ylim=(-1.05, 1.05), xlabel=f"angle from {reference}, clockwise looking down (deg)")
    around.set_xticks(range(0, 361, 45))
    around.set_ylabel("evidence")
    around.legend(frameon=False, ncols=2, loc="lower left", fontsize=8)
    around.spines[["top", "right"]].set_visible(False)
    with atomic_path(picture) as part:
        figure.savefig(part, dpi=150, format="png")
