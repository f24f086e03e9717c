"""
Simulate a well and look at it
==============================

A simulated well has known planes. It is written as a DLIS, read back, picked, scored against its planes, and drawn.
"""

import tempfile
from pathlib import Path

import geobfdt
from geobfdt.reports.page import draw_well
from geobfdt.wells.picks import read_picks

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=6.0, seed=1, tool="otv", deviation=20.0))

# %%
# The reader keeps pixels, depths and logs of the hole. Findings list what the file does not state.
image = geobfdt.read(folder / "W01.dlis")
for finding in image.attrs["findings"]:
    print(finding)

# %%
# The shipped network returns a row for each plane.
picks = geobfdt.pick(image)
print(picks[["depth_m", "class", "dip_true_deg", "azimuth_true_deg", "confidence"]].round(2).to_string())

# %%
# The score stands beside its chance level.
scores = geobfdt.evaluate(picks, read_picks(folder / "W01.truth.csv"))
print(scores)

# %%
# Left to right: image, image with traces by class, tadpoles. Dashed traces are uncertain picks.
figure = draw_well(image, picks)
figure.savefig(folder / "W01.png")
print(folder / "W01.png")
