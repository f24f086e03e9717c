"""Pages and picture files."""

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from tests.real_data import TELEVIEWER, televiewer_image

from geobfdt.reports import page as page_module
from geobfdt.reports.page import draw_well, page_edges, write_pictures
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks


def noisy_well(length: float, *, spacing: float = 0.01, columns: int = 24, **attributes: object) -> WellImage:
    """A well of noise."""
    rows = round(length / spacing)
    values = np.random.default_rng(0).normal(size=(rows, columns)).astype(np.float32)
    hole = {"diameter": 0.2, "deviation": 5.0, "hole_azimuth": 40.0, "reference": "north", "well": "A-1"}
    return well_image(values, 100 + spacing * (np.arange(rows) + 0.5), **(hole | attributes))


def some_picks(depth: list[float] | np.ndarray, **columns: object) -> pd.DataFrame:
    """Picks at depths."""
    return new_picks(
        **(
            {"well": "A-1", "depth_m": depth, "class_": "bedding", "amplitude_m": 0.1, "azimuth_app_deg": 30.0}
            | columns
        )
    )


def header_text(figure: mpl.figure.Figure) -> str:
    """All that the head of a page says."""
    return "\n".join(text.get_text() for text in figure.axes[0].texts)


@settings(max_examples=60, deadline=None)
@given(st.floats(-50, 6000), st.floats(0.01, 5000))
def test_pages_cover_every_depth_once(top: float, length: float) -> None:
    """Pages follow each other from top to base, none too long for its paper, none a sliver."""
    edges = page_edges(top, top + length)
    assert edges[0] == top
    assert edges[-1] == top + length
    pages = np.diff(edges)
    assert (pages > 0).all()
    scale = 50 if length <= 150 else 100
    assert pages.max() <= 12.0 * 0.0254 * scale
    assert pages.min() >= 0.3 * pages.max()


def test_long_well_is_cut_into_numbered_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 m: an overview and pages that show each depth and each tadpole exactly once."""
    drawn_pages = []

    def spy(figure: Figure, path: Path, colours: object) -> None:
        track = next(ax for ax in figure.axes if ax.get_label() == "tadpoles")
        heads = [z for c in track.collections if c.get_label() == "bedding" for z in np.asarray(c.get_offsets())[:, 1]]
        drawn_pages.append((sorted(track.get_ylim()), sorted(set(heads))))
        path.write_bytes(b"page")

    monkeypatch.setattr(page_module, "write_png", spy)
    depth = np.sort(np.random.default_rng(1).uniform(100, 400, 90))
    shares: list[float] = []
    well, picks = noisy_well(300.0, spacing=0.1, columns=8), some_picks(depth)
    files = write_pictures(well, picks, tmp_path / "A.png", pages=True, progress=shares.append)
    assert [file.name for file in files] == ["A.png"] + [f"A-{i:02d}.png" for i in range(1, 11)]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(file.name for file in files)
    (overview, all_heads), *pages = drawn_pages
    assert overview == pytest.approx((100.0, 400.0))
    tops, bases = zip(*(limits for limits, _ in pages), strict=True)
    assert (tops[0], bases[-1]) == tuple(overview)
    assert bases[:-1] == tops[1:]
    np.testing.assert_allclose(all_heads, depth)
    np.testing.assert_allclose([z for _, heads in pages for z in heads], depth)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


@pytest.mark.parametrize(("length", "pages", "count"), [
    (300.0, None, 1), (30.0, None, 3), (30.0, False, 1), (10.0, True, 1),
])  # fmt: skip
def test_pages_are_drawn_by_default_for_short_wells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: float, pages: bool | None, count: int
) -> None:
    """A longer well has its overview, and pages on demand."""
    monkeypatch.setattr(page_module, "write_png", lambda figure, path, colours: path.write_bytes(b"page"))
    well = noisy_well(length, spacing=0.1, columns=8)
    assert len(write_pictures(well, new_picks(), tmp_path / "A.png", pages=pages)) == count


def test_files_are_small_and_alike_every_time(tmp_path: Path) -> None:
    """A noisy page, the worst case for PNG, is below 2 MB and 2,500 pixels, and its bytes repeat."""
    well = noisy_well(3.0, spacing=0.0025, columns=360)
    picks = some_picks(np.linspace(100.1, 102.9, 20))
    first = write_pictures(well, picks, tmp_path / "first.png")[0].read_bytes()
    with mpl.rc_context({"font.size": 22, "axes.facecolor": "red", "savefig.dpi": 30}):
        second = write_pictures(well, picks, tmp_path / "second.png")[0].read_bytes()
    assert first == second
    assert len(first) < 2_000_000
    with Image.open(tmp_path / "first.png") as picture:
        assert picture.size[1] <= 2500
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_page_is_to_scale() -> None:
    """At 1:10 a metre of hole is 0.1 m of paper."""
    figure = draw_well(noisy_well(2.0), new_picks(), scale=10)
    track = next(ax for ax in figure.axes if ax.get_label() == "static")
    assert track.get_position().height * figure.get_figheight() * 0.0254 == pytest.approx(0.2)
    assert "1:10" in header_text(figure)


def test_header_says_what_was_measured_and_picked() -> None:
    """Well, tool, north and declination, diameter, counts by class, source, findings."""
    well = noisy_well(2.0, tool="FMI", north="magnetic", declination=-3.25, source="a.dlis")
    picks = some_picks(
        [100.2, 100.5, 101.5],
        class_=["bedding", "fracture", "fracture"],
        polarity=["", "resistive", ""],
        source="hough 1",
    )
    text = header_text(draw_well(well, picks, top=100.0, base=101.0))
    for words in (
        "A-1", "FMI", "magnetic north, declination -3.2", "200 mm", "2 of 3", "hough 1", "a.dlis", "5.0° / 40°",
        "Bedding 1", "Resistive fracture 1", "Fracture 0 of 1", "100.00 \N{EN DASH} 101.00 m MD", "none",
    ):  # fmt: skip
        assert words in text


def test_what_is_not_drawn_is_counted() -> None:
    """Picks of other wells, rejected ones and those without a trace are not dropped in silence."""
    well = noisy_well(2.0, diameter=np.nan)
    picks = some_picks(
        [100.2, 100.5, 100.7, 101.5],
        well=["A-1", "B", "A-1", "A-1"],
        status=["", "", "rejected", ""],
        amplitude_m=[np.nan, 0.1, 0.1, 0.1],
    )
    text = header_text(draw_well(well, picks))
    for words in ("1 pick of other wells not drawn", "1 rejected pick not drawn", "1 pick without a trace"):
        assert words in text


def test_picks_turn_to_the_image_reference() -> None:
    """A pick recorded from high side is drawn where it lies on a pseudo-north image."""
    well = noisy_well(2.0, reference="pseudo_north", hole_azimuth=40.0, deviation=30.0)
    figure = draw_well(well, some_picks([101.0], azimuth_app_deg=10.0, reference="high_side"))
    line = next(ax for ax in figure.axes if ax.get_label() == "traces").collections[0].get_segments()[0]
    assert line[np.argmax(line[:, 1]), 0] == 50.0


def test_trace_from_the_next_page_reaches_in() -> None:
    """A tall trace centred below the page is drawn on it; its tadpole is not."""
    figure = draw_well(noisy_well(6.0), some_picks([103.5], amplitude_m=1.0), top=100.0, base=103.0)
    axes = {ax.get_label(): ax for ax in figure.axes}
    assert len(axes["traces"].collections[0].get_segments()) == 1
    assert not [c for c in axes["tadpoles"].collections if c.get_label() == "bedding"]


@pytest.mark.parametrize(
    "well",
    [
        noisy_well(0.1),
        noisy_well(0.01),
        noisy_well(12.0, spacing=0.1, columns=16, deviation=95.0),
        noisy_well(2.0, reference="unknown", diameter=np.nan, deviation=np.nan, hole_azimuth=np.nan),
        noisy_well(2.0, well="Скважина № 7, $x_1$, 井戸 " * 9, source="s" * 200, tool="t" * 200),
        noisy_well(2.0, well="", dark="high"),
        noisy_well(2.0).assign(image=lambda w: w.image * np.nan),
        noisy_well(2.0, dynamic=np.zeros((200, 24))),
    ],
    ids=["10cm", "one-row", "lwd", "unknown", "unicode", "nameless", "empty", "own-dynamic"],
)
@pytest.mark.filterwarnings("error")
def test_odd_wells_are_drawn(well: WellImage, tmp_path: Path) -> None:
    """No odd well warns or fails, with picks or without, and every text stays on the page."""
    picks = some_picks([100.005, 101.0], well=well.attrs["well"])
    for table in (new_picks(), picks):
        figure = draw_well(well, table)
        width = figure.get_figwidth() * figure.dpi
        for text in figure.axes[0].texts:
            box = text.get_window_extent()
            assert 0 <= box.x0 < box.x1 <= width
    files = write_pictures(well, picks, tmp_path / "odd.png", intervals=new_intervals())
    assert all(file.stat().st_size > 0 for file in files)


def test_five_thousand_picks() -> None:
    """A dense table is drawn whole."""
    depth = np.linspace(100.001, 101.999, 5000)
    figure = draw_well(noisy_well(2.0), some_picks(depth, class_="fracture"))
    traces = next(ax for ax in figure.axes if ax.get_label() == "traces")
    assert sum(len(c.get_segments()) for c in traces.collections) == 5000


def test_wrong_depths_are_told() -> None:
    """One line with the depths that there are."""
    with pytest.raises(InputError, match=r"no image between 500\.00 and 600\.00 m; it covers 100\.00 to 102\.00 m"):
        draw_well(noisy_well(2.0), new_picks(), top=500.0, base=600.0)
    with pytest.raises(InputError, match="do not fit a page at 1:1"):
        draw_well(noisy_well(4.0), new_picks(), scale=1)


def test_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up half-way leaves no half picture."""

    def full(figure: object, path: Path, colours: None) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(page_module, "write_png", full)
    with pytest.raises(InputError, match="cannot be written: no space left"):
        write_pictures(noisy_well(1.0), new_picks(), tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_colours_of_an_optical_log_are_drawn(tmp_path: Path) -> None:
    """A green half and a violet half, in a file of 256 colours; a well without colours has a static track instead."""
    image = noisy_well(2.0)
    assert "static" in [ax.get_label() for ax in draw_well(image, new_picks()).axes]
    columns = image.sizes["azimuth"]
    colour = np.zeros((*image["image"].shape, 3), np.uint8)
    colour[:, : columns // 2], colour[:, columns // 2 :] = (30, 220, 40), (150, 20, 230)
    (file,) = write_pictures(
        image.assign(colour=(("depth", "azimuth", "channel"), colour)), new_picks(), tmp_path / "a.png"
    )
    pixels = np.asarray(Image.open(file).convert("RGB")).astype(int)
    for one in ((30, 220, 40), (150, 20, 230)):
        assert (np.abs(pixels - one).max(axis=-1) < 3).sum() > 10_000


@pytest.mark.process
def test_pyplot_stays_out() -> None:
    """No global figure state: pyplot is never imported."""
    code = "import sys, geobfdt.reports.page; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_settings_of_the_user_come_back() -> None:
    """Drawing leaves matplotlib's settings as they were."""
    with mpl.rc_context({"font.size": 21.0}):
        draw_well(noisy_well(1.0), new_picks())
        assert mpl.rcParams["font.size"] == 21.0


@pytest.mark.skipif(not TELEVIEWER.exists(), reason="real data not here")
def test_real_televiewer(tmp_path: Path) -> None:
    """Three metres of a real optical televiewer make one page below 2 MB."""
    grey, depth = televiewer_image()
    well = well_image(grey, depth, diameter=0.101, reference="north", north="magnetic", well="OTV")
    files = write_pictures(well, new_picks(), tmp_path / "OTV.png")
    assert [file.name for file in files] == ["OTV.png"]
    assert files[0].stat().st_size < 2_000_000
