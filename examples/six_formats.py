"""
Read six formats
================

One simulated image, written as DLIS, netCDF, CSV, npz, TIFF and PNG. The same call reads each file. The first four
keep values and depths; a picture keeps eight bits, and a file beside it states the depths of its edges.
"""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import yaml
from matplotlib.figure import Figure
from PIL import Image

import geobfdt
from geobfdt.io.write.delimited import write_csv
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=2.0, seed=4, tool="atv", deviation=15.0))
image = geobfdt.read(folder / "W01.dlis").load()

# %%
# Write the other five. An npz holds arrays by name. A TIFF shares the file of settings of the PNG.
write_netcdf(image, folder / "W01.nc")
write_csv(image, folder / "W01.csv")
np.savez(
    folder / "W01.npz", image=image["image"].values, depth_m=image["depth"].values, diameter=image["diameter"].values
)
write_png(image, folder / "W01-picture.png")
Image.open(folder / "W01-picture.png").save(folder / "W01-copy.tif")
shutil.copy(folder / "W01-picture.yaml", folder / "W01-copy.yaml")
print(yaml.safe_load((folder / "W01-picture.yaml").read_text()).keys())

# %%
# The first bytes of a file show its format, whatever its name.
files = [folder / name for name in ("W01.dlis", "W01.nc", "W01.csv", "W01.npz", "W01-copy.tif", "W01-picture.png")]
images = {file.suffix[1:]: geobfdt.read(file) for file in files}
for name, copy in images.items():
    top, base = float(copy["depth"][0]), float(copy["depth"][-1])
    print(f"{name:5} {copy.sizes['depth']} rows, {copy.sizes['azimuth']} columns, {top:.3f}-{base:.3f} m")

# %%
# All show the same wall.
figure = Figure(figsize=(9, 3.2), layout="constrained")
for axis, (name, copy) in zip(figure.subplots(1, 6), images.items(), strict=True):
    axis.imshow(copy["image"], cmap="YlOrBr_r", aspect="auto", interpolation="nearest")
    axis.set(title=name, xticks=[], yticks=[])
figure.savefig(folder / "formats.png")
