"""The whole loop on a simulated well: pick, review by a rule, report.

    python examples/review_and_report.py

Instead of a person at the screen (`geobfdt serve`), a rule decides: sure picks are accepted, doubtful ones rejected.
What it decides lies in the same log that the screen writes.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import geobfdt
from geobfdt.io.images.netcdf import read
from geobfdt.review.items import pick_items
from geobfdt.wells.layers import LayerLog

with TemporaryDirectory() as folder:
    sim, field = Path(folder) / "sim", Path(folder) / "field"
    geobfdt.simulate(sim, geobfdt.SimulateOptions(wells=1, length=8, seed=5))
    geobfdt.ingest(sorted(sim.glob("*.dlis")), field)
    (well,) = (file.stem for file in field.glob("*.nc"))

    log = LayerLog(field)
    picks = geobfdt.pick(read(field / f"{well}.nc"), method="hough")
    log.add(well, "rule", "picker", "join", pick_items(picks))
    for item, pick in list(log.layer(well, "rule").items.items()):
        state = "accepted" if pick["confidence"] > 0.6 else "rejected"
        log.add(well, "rule", "rule", state, {item: {"status": state}})

    reports = geobfdt.report(field, Path(folder) / "out", geobfdt.ReportOptions(layer="rule"))
    file, structure = reports[well].file, reports[well].structure
    print(
        f"{len(picks)} picks, {len(structure.picks)} accepted by the rule; {file.stat().st_size / 1e6:.1f} MB of report"
    )
    log.undo(well, "rule", "rule")
    print("the last of", len(log.edits(well, "rule")), "entries of the log takes the rule's last decision back")
