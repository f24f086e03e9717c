"""Make the pictures of the report and of the review screen again: one simulated well, as this version picks it.

    python benchmarks/pictures.py

It takes two minutes, needs Chromium on the path, and writes into docs/pictures.
"""

from __future__ import annotations

import base64
import io
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from served import TOKEN, Server, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
SEED, TOOL, LENGTH, DEVIATION = 0, "fmi", 60.0, 12.0
REVIEWER, REVIEWED = "bea", 0.3  # who looked at which share of the well, from its top on


def prepared(field: Path) -> tuple[str, Path]:
    """Fill a field of one well with picks, a part of them reviewed by rule; name of the well, and its report."""
    import geobfdt
    from geobfdt.io.images.netcdf import read
    from geobfdt.review.items import pick_items
    from geobfdt.wells.layers import LayerLog
    from geobfdt.wells.picks import write_picks
    from geobfdt.workflows.report import report_field

    logs = field.parent / "logs"
    geobfdt.simulate(logs, geobfdt.SimulateOptions(wells=1, length=LENGTH, seed=SEED, tool=TOOL, deviation=DEVIATION))
    geobfdt.ingest(sorted(logs.glob("*.dlis")), field)
    (file,) = field.glob("*.nc")
    picks = geobfdt.pick(read(file))
    write_picks(picks, file.with_suffix(".picks.csv"))
    log = LayerLog(field)
    log.add(file.stem, REVIEWER, "picker", "join", pick_items(picks))
    last = picks["depth_m"].quantile(REVIEWED)
    visible = {item: pick for item, pick in log.layer(file.stem, REVIEWER).items.items() if pick["depth_m"] < last}
    for state, sure in (("accepted", True), ("rejected", False)):
        these = [item for item, pick in visible.items() if (pick["confidence"] > 0.5) == sure]
        log.add(file.stem, REVIEWER, REVIEWER, "bulk", {item: {"status": state} for item in these})
    (report,) = report_field(field, field.parent / "reports").values()
    return file.stem, report.file


def keep(shot: bytes, name: str) -> None:
    """Write a picture in a palette of its own, a third of the bytes."""
    with Image.open(io.BytesIO(shot)) as picture:
        picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
    print(PICTURES / name)


def review(page: Page, address: str) -> None:
    """The screen on a sure fracture, light; and with both images, dark."""
    page.goto(address)
    page.locator("#left", has_text="to review").wait_for()
    page.evaluate(
        "() => { const { store, view } = window.geobfdt;"
        " const sure = store.planes.filter((p) => p.pick.class === 'fracture' && p.pick.status === 'proposed'"
        " && p.pick.confidence > 0.9 && p.pick.amplitude_m > 0.1 && p.pick.amplitude_m < 0.3);"
        " const one = sure[Math.floor(sure.length / 2)]; store.select([one.id]); view.go(one.z); }"
    )
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    keep(page.screenshot(), "review.png")
    page.emulate_media(color_scheme="dark")
    page.locator("#image").select_option("both")
    page.locator("#ramp").select_option("grey")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)
    keep(page.screenshot(), "review-both.png")


def main() -> None:
    """Make them."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as tool:
        place = Path(name)
        well, report = prepared(place / "field")
        browser = chromium(tool)
        page = browser.new_page(viewport={"width": 1200, "height": 1330}, color_scheme="light")
        page.goto(report.as_uri())
        keep(page.screenshot(), "report.png")
        (dips,) = re.findall(r'alt="dip by depth[^"]*" src="data:image/png;base64,([^"]+)"', report.read_text())
        keep(base64.b64decode(dips), "zones.png")

        server = Server(place)
        try:
            context = browser.new_context(
                viewport={"width": 1280, "height": 720},
                color_scheme="light",
                extra_http_headers={"authorization": f"Bearer {TOKEN}"},
            )
            context.add_init_script(f"localStorage.setItem('geobfdt-name', '{REVIEWER}')")
            review(context.new_page(), f"http://127.0.0.1:{server.port}/#well={well}&layer={REVIEWER}")
            browser.close()
        finally:
            server.close()


if __name__ == "__main__":
    main()
