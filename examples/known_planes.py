"""A well whose planes are known: simulate it, read it back, pick it, score the picks, keep the picture.

python examples/known_planes.py
"""

import tempfile
from pathlib import Path

import geobfdt
from geobfdt.reports.page import draw_well
from geobfdt.wells.picks import read_picks

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=6.0, seed=1, tool="otv", deviation=20.0))

image = geobfdt.read(folder / "W01.dlis")
for finding in image.attrs["findings"]:
    print(finding)

picks = geobfdt.pick(image)
print(picks[["depth_m", "class", "dip_true_deg", "azimuth_true_deg", "confidence"]].round(2).to_string())

scores = geobfdt.evaluate(picks, read_picks(folder / "W01.truth.csv"))
print(scores)

draw_well(image, picks).savefig(folder / "W01.png")
print(folder / "W01.png")
