"""
See where a well is unlike the training wells: drift
====================================================

A model keeps quantiles of what it is made with. Each zone of 10 m is compared with them: ``ok``, ``watch`` or
``abstain``. One well here is an ordinary televiewer, the other an LWD tool of 16 sectors and coarse rows.
"""

import tempfile
from pathlib import Path

from matplotlib.figure import Figure

import geobfdt

folder = Path(tempfile.mkdtemp())
for name, tool in (("televiewer", "otv"), ("lwd", "lwd16")):
    geobfdt.simulate(folder / name, wells=1, length=20.0, seed=6, tool=tool, deviation=20.0)

# %%
# Picks of a zone that says ``abstain`` are not to be used without a look.
zones = {name: next(geobfdt.drift([folder / name / "W01.dlis"])).zones for name in ("televiewer", "lwd")}
for name, table in zones.items():
    print(f"--- {name}")
    print(table[["top_m", "base_m", "state", "distance", "reason"]].to_string())

# %%
# The distance says how far the worst feature of a zone lies beyond the training wells, in half widths of their range.
figure = Figure(figsize=(6, 3), layout="constrained")
axis = figure.subplots()
for name, table in zones.items():
    axis.plot(table["distance"], table["top_m"] - table["top_m"].iloc[0], "o-", label=name)
axis.set(xlabel="distance (half widths)", ylabel="depth below the first zone (m)")
axis.invert_yaxis()
axis.legend()
figure.savefig(folder / "drift.png")
