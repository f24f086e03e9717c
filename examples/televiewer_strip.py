"""
Pick a strip of a real televiewer log
=====================================

Three metres of a granite wall, photographed by an optical televiewer. The network is trained on simulated wells only.

Image: © 2021 Advanced Logic Technology, BSD-3-Clause, from the pywellcad test data; the licence lies beside it in
``tests/data/otv``. Every second column is left out, and the three colours are averaged.
"""

import tempfile
from pathlib import Path

import geobfdt
from geobfdt.reports.page import draw_well

# From the folder of the clone, or from that of the examples.
root = Path() if Path("tests").is_dir() else Path("..")
file = root / "tests" / "data" / "otv" / "otv_fractured_rgb.npz"

# %%
# The file holds pixels and depths. Diameter, orientation and course of the hole come from options. Each option is
# recorded as a finding.
image = geobfdt.read(
    file, well="granite", diameter=0.101, azimuth_reference="north", deviation=0, hole_azimuth=0, dark="low"
)
for finding in image.attrs["findings"]:
    print(finding)

# %%
# Each pick has uncertainties of depth and dip, and a calibrated confidence.
picks = geobfdt.pick(image)
columns = ["depth_m", "class", "dip_true_deg", "azimuth_true_deg", "sigma_depth_m", "sigma_dip_deg", "confidence"]
print(picks[columns].round(3).to_string())

# %%
# The traces follow the fractures of the wall.
figure = draw_well(image, picks)
figure.savefig(Path(tempfile.mkdtemp()) / "granite.png")
