"""Files beside a report, read back by other means than wrote them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import lasio
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from geobfdt.geometry import pole_angle
from geobfdt.reports.exports import (
    _paper_raster,
    density_curves,
    write_density,
    write_discs,
    write_log_pdf,
    write_log_svg,
)
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.structure.orientation import plane_of_pole
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks


def well(**attributes: Any) -> WellImage:
    """Twelve metres of noise round a straight hole."""
    values = np.random.default_rng(0).normal(size=(1201, 16)).astype(np.float32)
    hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0, "reference": "north", "well": "A-1"}
    return well_image(values, 100 + 0.01 * np.arange(1201), **(hole | attributes))


def planes(**more: Any) -> pd.DataFrame:
    """Thirty fractures and thirty beds."""
    rng = np.random.default_rng(1)
    dip = rng.uniform(5, 80, 60)
    columns = {
        "well": "A-1", "depth_m": np.sort(rng.uniform(101, 111, 60)), "class_": np.resize(["fracture", "bedding"], 60),
        "dip_true_deg": dip, "dip_app_deg": dip, "azimuth_true_deg": rng.uniform(0, 360, 60), "amplitude_m": 0.1,
        "azimuth_app_deg": 20.0, "confidence": rng.uniform(0.2, 1, 60), "reference": "north",
    }  # fmt: skip
    return new_picks(**(columns | more))


def test_curves_add_up() -> None:
    """Averaged over the hole they are the planes there, by confidence; P32 weighs them by the dip."""
    picks, at = planes(), np.arange(100.25, 111.75, 0.01)
    curves = density_curves(well(), picks, new_intervals(), at, 0.5)
    for name in ("bedding", "fracture"):
        mine = picks[picks["class"] == name]
        assert curves[f"P10_{name}"].sum() * 0.01 == pytest.approx(mine["confidence"].sum(), rel=0.02)
        area = (mine["confidence"] / np.cos(np.radians(mine["dip_app_deg"]))).sum()
        assert curves[f"P32_{name}"].sum() * 0.01 == pytest.approx(area, rel=0.02)


def test_curves_know_where_nobody_looked() -> None:
    """No number there; beside it the density of what was looked at, not half of it."""
    at = np.arange(0, 20, 0.1)
    image = well_image(np.zeros((2001, 8)), 0.01 * np.arange(2001), well="A")
    picks = new_picks(well="A", depth_m=np.arange(0.05, 20, 0.1), class_="fracture", dip_app_deg=0.0)
    looked = new_intervals([("A", "interpreted", "fracture", 0.0, 10.0)])
    curve = density_curves(image, picks, looked, at, 2.0)["P10_fracture"]
    assert curve[at > 10.2].isna().all()
    assert curve[at < 9.9].to_numpy() == pytest.approx(10, rel=0.12)


def test_curves_know_where_nothing_was_measured() -> None:
    """Ten fractures a metre, all along; no pixels from 4 to 6 m: no number there, and beside it ten, not five."""
    pixels, at = np.zeros((1001, 8)), np.arange(0, 10.05, 0.1)
    pixels[400:600] = np.nan
    image = well_image(pixels, 0.01 * np.arange(1001), well="A")
    picks = new_picks(well="A", depth_m=np.arange(0.05, 10, 0.1), class_="fracture", dip_app_deg=0.0)
    curve = density_curves(image, picks, new_intervals(), at, 1.0)["P10_fracture"]
    assert curve[(at > 4.1) & (at < 5.9)].isna().all()
    assert curve[(at < 3.9) | (at > 6.1)].to_numpy() == pytest.approx(10, rel=0.25)


def test_las_is_read_by_lasio(tmp_path: Path) -> None:
    """Its curves are those computed; what is unknown is the null value."""
    looked = new_intervals([("A-1", "ignored", "washout", 104.0, 108.0)])
    write_density(well(), planes(), looked, tmp_path / "a.las")
    las = lasio.read(str(tmp_path / "a.las"))
    assert [curve.mnemonic for curve in las.curves] == ["DEPT", "P10_BEDD", "P32_BEDD", "P10_FRAC", "P32_FRAC"]
    assert las.well["WELL"].value == "A-1"
    at = np.asarray(las["DEPT"])
    assert (at[0], at[-1]) == pytest.approx((100, 112))
    curve = density_curves(well(), planes(), looked, at, 1.0)["P32_fracture"]
    np.testing.assert_allclose(las["P32_FRAC"], curve, atol=1e-4)
    assert np.isnan(las["P10_BEDD"][(at > 104.2) & (at < 107.8)]).all()


def test_pdf_and_svg_have_all_of_the_well(tmp_path: Path) -> None:
    """At 1:20 twelve metres take five sheets of A4; a scale that is none is refused, and nothing is left."""
    write_log_pdf(well(), planes(), new_intervals(), tmp_path / "a.pdf", 20)
    sheets = re.findall(rb"/MediaBox\s*\[([^]]*)\]", (tmp_path / "a.pdf").read_bytes())
    assert len(sheets) == 5
    for sheet in sheets:
        assert [float(side) for side in sheet.split()] == pytest.approx([0, 0, 841.9, 595.3], abs=0.1)
    files = write_log_svg(well(), planes(), new_intervals(), tmp_path / "a.svg", 50)
    assert [file.name for file in files] == ["a-01.svg", "a-02.svg"]
    assert 'viewBox="0 0 841.' in files[0].read_text()
    with pytest.raises(InputError, match="not a scale"):
        write_log_pdf(well(), planes(), new_intervals(), tmp_path / "b.pdf", 2)
    assert not (tmp_path / "b.pdf").exists()


def test_pixels_of_paper_are_stored_once(tmp_path: Path) -> None:
    """The track with picks shares the pixels of the clean one; an image has an indexed colour space, a byte a pixel."""
    write_log_pdf(well(), planes(), new_intervals(), tmp_path / "a.pdf", 200)
    write_log_pdf(well(), planes(), new_intervals(), tmp_path / "b.pdf", 100)
    for name, walls in (("a", 1), ("b", 2)):
        chunks = re.findall(rb"obj\n(.*?)\nstream", (tmp_path / f"{name}.pdf").read_bytes(), re.S)
        heads = [head for chunk in chunks if b"/Subtype /Image" in (head := chunk.rsplit(b"obj\n")[-1])]
        large = [head for head in heads if int(re.search(rb"/Height (\d+)", head).group(1)) > 100]
        assert len(large) == walls
        assert all(b"/Indexed" in head for head in large)


@pytest.mark.parametrize(("length", "dpi"), [(10, 200), (1000, 90)])
def test_pixels_of_paper_are_bounded(length: float, dpi: float) -> None:
    """Fine for a short well; a kilometre at 1:20 has 64 million pixels in its two images."""
    image = well_image(np.zeros((2, 8)), [0.0, length])
    assert _paper_raster(image, 20).dpi == pytest.approx(dpi, abs=1)
    assert _paper_raster(image.assign(colour=(("depth", "azimuth", "channel"), np.zeros((2, 8, 3), np.uint8))), 200)


@pytest.mark.parametrize("scale", [5, 20, 100, 500])
def test_a_page_fits_its_sheet(scale: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """At any scale, with every bar that a margin can have, the page lies on its sheet, and the sheets are numbered."""
    texts = [
        Finding(Severity.MAJOR, kind, "101.00-102.00 m", "s", "d") for kind in ("x", "drift-abstain", "drift-watch")
    ]
    looked = [("A-1", "interpreted", kind, 100.0, 110.0) for kind in ("bedding", "fracture")]
    intervals = new_intervals([*looked, ("A-1", "ignored", "washout", 104.0, 108.0)])
    sheets: list[tuple[Figure, Bbox]] = []
    save = PdfPages.savefig

    def keep(file: PdfPages, sheet: Figure, **how: Any) -> None:
        sheets.append((sheet, how["bbox_inches"]))
        save(file, Figure((1, 1)))

    monkeypatch.setattr(PdfPages, "savefig", keep)
    image = well(findings=texts)
    image = image.isel(depth=slice(0, 401)) if scale == 5 else image
    write_log_pdf(image, planes(), intervals, tmp_path / "a.pdf", scale)
    for number, (sheet, paper) in enumerate(sheets, start=1):
        for ax in sheet.axes:
            box = ax.get_position().bounds * np.tile(sheet.get_size_inches(), 2)
            assert paper.x0 + 0.2 < box[0] < box[0] + box[2] < paper.x1 - 0.2
            assert paper.y0 + 0.4 < box[1] < box[1] + box[3] < paper.y1 - 0.2
        assert f"{number} of {len(sheets)}" in sheet.texts[0].get_text()
        assert "A-1" in sheet.texts[0].get_text()
    assert {round(25.4 * float(side)) for _, paper in sheets for side in paper.size} == {297, 210}


@pytest.mark.parametrize("deviation", [0.0, 60.0])
def test_discs_lie_as_their_planes(deviation: float, tmp_path: Path) -> None:
    """Corners are half a metre from the hole's axis, all in the plane of the pick."""
    picks = planes()
    image = well(deviation=deviation, hole_azimuth=90.0)
    assert write_discs(image, picks, tmp_path / "a.obj") == 60
    lines = (tmp_path / "a.obj").read_text().splitlines()
    corners = np.array([line.split()[1:] for line in lines if line.startswith("v ")], dtype=float)
    faces = [[int(i) - 1 for i in line.split()[1:]] for line in lines if line.startswith("f ")]
    assert len(faces) == 60
    lean = np.radians(deviation)
    for face, pick in zip(faces, picks.itertuples(), strict=True):
        disc = corners[face]
        middle = disc.mean(axis=0)
        along = pick.depth_m - 100
        assert middle == pytest.approx([along * np.sin(lean), 0, -along * np.cos(lean)], abs=2e-3)
        assert np.linalg.norm(disc - middle, axis=1) == pytest.approx(0.5, abs=1e-3)
        normal = np.linalg.svd(disc - middle)[2][-1]
        assert pole_angle(*plane_of_pole(normal), pick.dip_true_deg, pick.azimuth_true_deg) < 0.1
    with pytest.raises(InputError, match="direction of the hole"):
        write_discs(well(deviation=np.nan), picks, tmp_path / "b.obj")
