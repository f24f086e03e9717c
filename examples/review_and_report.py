"""
Pick, review by a rule, report
==============================

The whole loop on a simulated well. Instead of a person at the screen (``geobfdt serve``), a rule accepts confident
picks and rejects the others. Its decisions are in the same log that the screen writes.
"""

import tempfile
from pathlib import Path

from matplotlib.figure import Figure

import geobfdt
from geobfdt.io.images.netcdf import read
from geobfdt.reports.dip_plots import draw_dip_plots
from geobfdt.reports.stereonet import draw_stereonet
from geobfdt.review.items import pick_items
from geobfdt.wells.layers import LayerLog

folder = Path(tempfile.mkdtemp())
sim, field = folder / "sim", folder / "field"
geobfdt.simulate(sim, geobfdt.SimulateOptions(wells=1, length=8, seed=5))
geobfdt.ingest(sorted(sim.glob("*.dlis")), field)
(well,) = (file.stem for file in field.glob("*.nc"))

# %%
# A layer is one person's version of the picks. The log keeps each decision, and who made it.
log = LayerLog(field)
picks = geobfdt.pick(read(field / f"{well}.nc"), method="hough")
log.add(well, "rule", "picker", "join", pick_items(picks))
for item, pick in list(log.layer(well, "rule").items.items()):
    state = "accepted" if pick["confidence"] > 0.6 else "rejected"
    log.add(well, "rule", "rule", state, {item: {"status": state}})

# %%
# The report reads the layer. It is one HTML file, ready to print.
reports = geobfdt.report(field, folder / "out", geobfdt.ReportOptions(layer="rule"))
file, structure = reports[well].file, reports[well].structure
print(f"{len(picks)} picks, {len(structure.picks)} accepted by the rule; {file.stat().st_size / 1e6:.1f} MB of report")

# %%
# Two of its figures: poles on the lower hemisphere, and dips by depth.
net = Figure(figsize=(4.2, 4.2))
draw_stereonet(net, structure.picks, [line.part for line in structure.sets], structure.hole)
net.savefig(folder / "stereonet.png")

dips = Figure(figsize=(9, 5))
draw_dip_plots(dips, structure.picks, [line.zone for line in structure.zones])
dips.savefig(folder / "dips.png")

# %%
# Nothing is lost: the last decision can be taken back.
log.undo(well, "rule", "rule")
print("the last of", len(log.edits(well, "rule")), "entries of the log takes the rule's last decision back")
