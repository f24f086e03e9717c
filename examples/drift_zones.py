"""
See where a well is unlike the training wells: drift
====================================================

A model keeps quantiles of what it is made with. Each zone of 10 m is compared with them: ``ok``, ``watch`` or
``abstain``. Here the same well is read twice: as it is, and in black and white, like a bad scan. Drift measures some
features only: ``ok`` is no proof that picks are right.
"""

import tempfile
from pathlib import Path

from matplotlib.figure import Figure

import geobfdt
from geobfdt.io.write.netcdf import write_netcdf

folder = Path(tempfile.mkdtemp())
geobfdt.simulate(folder, geobfdt.SimulateOptions(wells=1, length=20.0, seed=6, tool="otv", deviation=20.0))
original = geobfdt.read(folder / "W01.dlis").load()
scan = (original[["diameter", "deviation", "hole_azimuth"]]).assign(
    image=(original["image"] > original["image"].median()).astype("float32")
)
images = {"original": original, "black and white": scan}

# %%
# Check the picks of a zone in the state ``abstain`` before you use them.
zones = {}
for name, image in images.items():
    write_netcdf(image, folder / f"{name}.nc")
    zones[name] = next(geobfdt.drift([folder / f"{name}.nc"])).zones
    print(f"--- {name}")
    print(zones[name][["top_m", "base_m", "state", "distance", "reason"]].round(2).to_string())

# %%
# The distance says how far the worst feature of a zone lies beyond the training wells, in half widths of their range.
figure = Figure(figsize=(8, 4.5), layout="constrained")
for axis, (name, image) in zip(figure.subplots(1, 2), images.items(), strict=True):
    depth = image["depth"].values
    axis.imshow(image["image"], cmap="YlOrBr_r", aspect="auto", extent=(0, 360, depth[-1], depth[0]))
    axis.set(title=name, xlabel="azimuth (deg)", xticks=(0, 90, 180, 270, 360))
    for zone in zones[name].itertuples():
        axis.axhline(zone.top_m, color="k", lw=0.8)
        axis.text(8, zone.top_m + 0.9, f"{zone.state}, distance {zone.distance:.1f}", backgroundcolor="w")
figure.savefig(folder / "drift.png")
