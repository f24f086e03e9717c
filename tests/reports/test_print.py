"""A report on paper, laid out by a real browser: no column is lost, and the sheets are A4."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from geobfdt.reports.document import Block, write_document
from geobfdt.reports.well_report import write_report
from geobfdt.wells.image import well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium")

NARROW, WIDE = (210 - 24) / 25.4 * 96, (297 - 24) / 25.4 * 96  # CSS pixels between the margins of A4
# Of each table: its heading, and how far its cells reach to the right of what shows of them.
LOST = """() => [...document.querySelectorAll('table')].map(table => {
  let edge = document.documentElement.clientWidth;
  for (let box = table.parentElement; box; box = box.parentElement)
    if (getComputedStyle(box).overflowX !== 'visible') edge = Math.min(edge, box.getBoundingClientRect().right);
  const cells = [...table.querySelectorAll('th, td')];
  return [table.rows[0].innerText, Math.max(...cells.map(cell => {
    const text = document.createRange(); text.selectNodeContents(cell);
    return Math.max(cell.getBoundingClientRect().right, text.getBoundingClientRect().right);
  })) - edge];
})"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Browser."""
    with sync_api.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def on_paper(browser: Any, file: Path, width: float) -> tuple[dict[str, float], bytes]:
    """How far each table reaches beyond paper of that width, by its head; and the file printed."""
    page = browser.new_page(viewport={"width": int(width), "height": 900}, color_scheme="dark")
    page.goto(file.as_uri())
    page.emulate_media(media="print")
    lost, printed = dict(page.evaluate(LOST)), page.pdf(prefer_css_page_size=True)
    page.close()
    return lost, printed


def test_every_column_of_a_report_is_printed(browser: Any, tmp_path: Path) -> None:
    """Intensities, sets, zones and 120 picks by a picker of a long name, who leaves no space to break a line at."""
    rng = np.random.default_rng(4)
    beds, fractures = rng.uniform(100, 120, 80), rng.uniform(100, 120, 40)
    picks = new_picks(
        well="A-1", depth_m=np.r_[beds, fractures], class_=["bedding"] * 80 + ["fracture"] * 40,
        dip_true_deg=np.r_[np.where(beds < 110, 5.0, 40.0) + rng.normal(0, 1, 80), np.full(40, 70.0)],
        azimuth_true_deg=np.r_[rng.normal(90, 5, 80) % 360, np.full(40, 90.0)], reference="north", confidence=0.9,
        polarity="conductive", sigma_depth_m=0.004, sigma_dip_deg=1.5, coverage=0.9, quality="A", status="proposed",
        source="model_" * 12,
    )  # fmt: skip
    hole = {"diameter": 0.2, "deviation": 5.0, "hole_azimuth": 40.0, "reference": "north", "well": "A-1"}
    image = well_image(rng.normal(size=(401, 24)).astype(np.float32), 100 + 0.05 * np.arange(401), **hole)
    write_report(image, picks, new_intervals(), [], tmp_path / "a.html")
    lost, printed = on_paper(browser, tmp_path / "a.html", NARROW)
    (long,) = (head for head in lost if "confidence" in head)
    assert len(lost) == 6
    assert {head: over for head, over in lost.items() if over > 1 and head != long} == {}
    assert on_paper(browser, tmp_path / "a.html", WIDE)[0][long] <= 1
    boxes = {tuple(round(float(x)) for x in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^]]*)\]", printed)}
    sheets = {box[2:] for box in boxes}
    assert len(sheets) == 2
    for wide, high in sheets:  # A4 upright, and on its side for the picks
        assert sorted((wide, high)) == pytest.approx([595, 842], abs=1)


def test_every_column_of_a_document_is_printed(browser: Any, tmp_path: Path) -> None:
    """The pages of the gate and of studies: eleven columns, and a line of code too long for paper."""
    titles = ("class", "distance", "within", "F1", "95 %", "precision", "recall", "blind F1", "z", "planes", "picks")
    blocks = [Block("table", rows=(titles, ("conductive fracture",) * 11)), Block("code", "a: " + "b" * 300)]
    write_document(tmp_path, "verdict", "Gate", blocks)
    lost, _ = on_paper(browser, tmp_path / "verdict.html", NARROW)
    assert len(lost) == 1
    assert max(lost.values()) <= 1
