"""
Score picks against chance
==========================

Dense picks hit planes by accident. Each score therefore stands beside its chance level: F1 of the same picks at wrong
depths. Evenly spaced picks show why.
"""

import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import geobfdt
from geobfdt.wells.picks import new_picks, read_picks

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=10.0, seed=11, tool="fmi", deviation=10.0))
truth = read_picks(folder / "W01.truth.csv")
picks = geobfdt.pick(geobfdt.read(folder / "W01.dlis"), method="hough")

# %%
# As many flat picks as there are planes, at even distances: the null ``fence``.
top, base = truth["depth_m"].min(), truth["depth_m"].max()
fence = new_picks(
    well="W01", depth_m=np.linspace(top, base, len(truth)), class_="bedding", amplitude_m=0.0, diameter_m=0.2159
)

# %%
# By depth alone these picks score well, and so does chance: ``null_f1``. By trace they score little.
for name, table in (("picker", picks), ("fence", fence)):
    scores = geobfdt.evaluate(table, truth, by_class=False)
    f1 = scores.table().set_index(["kind", "tolerance_m"])["f1"]
    chance = scores.nulls().query("null == 'shift'").set_index(["kind", "tolerance_m"])["null_f1"]
    print(f"--- {name}")
    print(f1.to_frame().join(chance).round(2).to_string())

# %%
# F1 by depth at growing tolerance, over all classes: the gap to the dotted chance level is what counts.
tolerances = (0.01, 0.02, 0.03, 0.05, 0.1)
figure = Figure(figsize=(6, 3.6), layout="constrained")
axis = figure.subplots()
for name, table, colour in (("picker", picks, "tab:green"), ("fence", fence, "tab:orange")):
    scores = geobfdt.evaluate(table, truth, tolerances=tolerances, by_class=False)
    f1 = scores.table().query("kind == 'depth'").set_index("tolerance_m")["f1"]
    chance = scores.nulls().query("kind == 'depth' and null == 'shift'").set_index("tolerance_m")["null_f1"]
    axis.plot(f1.index * 100, f1, "o-", color=colour, label=name)
    axis.plot(chance.index * 100, chance, ":", color=colour, label=f"{name} at wrong depths")
axis.set(xlabel="tolerance of depth (cm)", ylabel="F1", ylim=(0, 1))
axis.legend()
figure.savefig(folder / "chance.png")
