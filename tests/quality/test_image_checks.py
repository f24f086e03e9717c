"""Quality: each defect put into a sound image is found where it is, and a sound image is left in peace."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.real_data import DATA, DENSITY

from geobfdt.io.images import netcdf
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.quality import image_checks as quality
from geobfdt.quality.image_checks import check_image
from geobfdt.quality.stretches import stretches
from geobfdt.runtime.findings import Finding
from geobfdt.wells.image import WellImage, well_image

ROW, TOP = 0.005, 1000.0


def pads(*attributes: Any, **more: Any) -> np.ndarray[Any, Any]:
    """What ``_pads`` draws, each drawn once."""
    return _pads(*attributes, **more).copy()


@cache
def _pads(
    seed: int = 0, rows: int = 6000, columns: int = 120, grey: bool = False, turn: float = 30
) -> np.ndarray[Any, Any]:
    """Layers, texture and a few dark lines behind eight pads that turn by 30 deg/m."""
    rng = np.random.default_rng(seed)
    depth, angle = ROW * np.arange(rows), np.arange(columns) * 360 / columns
    layers = np.repeat(rng.normal(0, 25, rows // 40 + 1), 40)[:rows, None]
    pixels = 128 + layers + rng.normal(0, 8, (rows, columns))
    for z in rng.uniform(0, depth[-1], 30):
        pixels -= 60 * np.exp(-(((depth[:, None] - z - 0.1 * np.cos(np.radians(angle))) / 0.006) ** 2))
    if grey:
        pixels = np.clip(np.round(pixels), 0, 255)
    return np.where((angle + turn * depth[:, None]) % 45 < 35, pixels, np.nan)


def image_of(pixels: np.ndarray[Any, Any], **more: Any) -> WellImage:
    """An image of these pixels in a sound hole."""
    hole = {"diameter": 0.216, "deviation": 12.0, "hole_azimuth": 80.0, "reference": "north", "well": "W"}
    return well_image(pixels, TOP + ROW * np.arange(len(pixels)), **(hole | more))


def kinds(findings: list[Finding]) -> list[str]:
    """Kinds of findings, each once."""
    return sorted({f.kind for f in findings})


def interval(finding: Finding) -> tuple[float, float]:
    """Depths that a finding names."""
    top, base = finding.place.removesuffix(" m").split("-")
    return float(top), float(base)


@pytest.mark.parametrize("grey", [False, True])
def test_sound_image_raises_no_alarm(grey: bool) -> None:
    """Three pad images, as floats and as whole grey values; one without gaps."""
    for seed in range(3):
        assert check_image(image_of(pads(seed, grey=grey))) == []
    assert check_image(image_of(np.nan_to_num(pads(9), nan=128.0) + np.random.default_rng(0).random((6000, 120)))) == []


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda x: np.round(np.clip(x / 17, 0, 15)), "value-range"),
        (lambda x: np.clip(x / 17, 0, 15), "value-range"),
        (lambda x: np.round(x / 12), "few-grey-levels"),
        (lambda x: np.clip(x, 110, None), "saturated"),
        (lambda x: 0 * x + 7, "constant-image"),
        (lambda x: np.nan * x, "empty-image"),
        (lambda x: 255 - x, "polarity-doubt"),
    ],
    ids=["4-bit", "0-15", "few levels", "clipped", "constant", "empty", "negative"],
)
def test_values(spoil: Callable[[Any], Any], kind: str) -> None:
    """What is wrong with the values, over the whole depth."""
    pixels = spoil(np.clip(pads(), 0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        findings = check_image(image_of(pixels, normalisation="static"))
    assert kind in kinds(findings)
    assert interval(findings[0]) == pytest.approx((1000.0, 1030.0), abs=0.011)


def test_polarity_follows_the_dark_end() -> None:
    """A negative whose dark end is said to be high is no doubt."""
    assert check_image(image_of(255 - pads(), dark="high")) == []


def test_clipped_share_is_counted() -> None:
    """The share in the finding is the share in the image."""
    pixels = np.clip(pads(), 110, None)
    share = (pixels == 110).sum() / np.isfinite(pixels).sum()
    (finding,) = [f for f in check_image(image_of(pixels)) if f.kind == "saturated"]
    assert f"{share:.0%} of pixels are exactly 110" in finding.observed


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda x: x.__setitem__(slice(2000, 2400), np.nan), "missing-rows"),
        (lambda x: x.__setitem__(slice(2000, 2400), x[2000]), "rows-repeated"),
        (lambda x: x.__setitem__((slice(2000, 2400), slice(0, 80)), np.nan), "coverage-drop"),
        (lambda x: x.__setitem__(slice(2000, 2400), np.arange(400)[:, None] * 0.1), "sectors-equal"),
    ],
    ids=["missing", "stuck", "pads lost", "one value a row"],
)
def test_rows(spoil: Callable[[Any], Any], kind: str) -> None:
    """Two metres of bad rows are found to a centimetre."""
    pixels = pads()
    spoil(pixels)
    findings = [f for f in check_image(image_of(pixels)) if f.kind == kind]
    assert len(findings) == 1
    assert interval(findings[0]) == pytest.approx((1010.0, 1011.995), abs=0.011)


def test_oversampled_rows_are_not_stuck_ones() -> None:
    """Every row written three times is one finding of no harm."""
    findings = check_image(image_of(np.repeat(pads(rows=2000), 3, axis=0)))
    assert kinds(findings) == ["rows-oversampled"]
    assert "3.0 times" in findings[0].action


def test_depth_gap_and_uneven_rows() -> None:
    """Half a metre of depth without rows; then rows that jitter."""
    depth = TOP + ROW * np.arange(6000)
    gap = well_image(pads(), np.where(np.arange(6000) < 3000, depth, depth + 0.5))
    (finding,) = check_image(gap)
    assert finding.kind == "depth-gap"
    assert interval(finding) == pytest.approx((1014.995, 1015.5), abs=0.006)
    jitter = np.random.default_rng(0).uniform(-0.3, 0.3, 6000) * ROW
    assert kinds(check_image(well_image(pads(), depth + jitter))) == ["row-spacing-irregular"]


@pytest.mark.parametrize("turning", [True, False])
def test_dead_button(turning: bool) -> None:
    """One button stuck for 10 m, on pads that turn or do not: found there, and nothing else is blamed."""
    turn = 30.0 if turning else 0.0
    pixels = pads(grey=True, turn=turn)
    rows = np.arange(2000, 4000)
    pixels[rows, ((100 - turn * ROW * rows) % 360 / 3).astype(int)] = 90.0
    findings = [f for f in check_image(image_of(pixels)) if f.kind != "tool-not-rotating"]
    assert kinds(findings) == ["dead-button"]
    assert interval(findings[0]) == pytest.approx((1010.0, 1020.0), abs=0.7)


@pytest.mark.parametrize(
    ("tool", "buttons"), [("FMI", True), ("OTV", False), ("ATV", False), ("UBI", False), ("", False)]
)
def test_tools_without_buttons(tool: str, buttons: bool) -> None:
    """A column that does not change is a button's on a pad tool only."""
    pixels = pads(grey=True, turn=0)
    pixels[2000:4000, 20] = 90.0
    (finding,) = [f for f in check_image(image_of(pixels).assign_attrs(tool=tool)) if f.kind == "dead-button"]
    assert ("button" in f"{finding.observed} {finding.action}") is buttons


def test_dead_column() -> None:
    """A column that is never measured while all others are."""
    pixels = np.random.default_rng(0).normal(100, 20, (3000, 90))
    pixels[:, 41] = np.nan
    findings = check_image(image_of(pixels))
    assert kinds(findings) == ["dead-column"]
    assert "(41)" in findings[0].observed


def test_tool_that_does_not_rotate() -> None:
    """Pads that keep their azimuth over the last 15 m of 30."""
    pixels = np.nan_to_num(pads(), nan=128.0) + np.random.default_rng(1).random((6000, 120))
    angle, depth = np.arange(120) * 3.0, ROW * np.arange(6000)[:, None]
    pixels[(angle + 30 * np.minimum(depth, 15.0)) % 45 >= 35] = np.nan
    findings = check_image(image_of(pixels))
    assert kinds(findings) == ["tool-not-rotating"]
    assert interval(findings[0]) == pytest.approx((1015, 1030), abs=1.01)


@pytest.mark.parametrize(
    ("hole", "kind"),
    [
        ({"diameter": 8.5}, "diameter-range"),
        ({"diameter": np.where(np.arange(6000) // 100 == 30, 0.4, 0.2)}, "diameter-jump"),
        ({"deviation": np.where(np.arange(6000) == 100, -999.25, 12.0)}, "deviation-range"),
        ({"deviation": 40.0, "hole_azimuth": np.where(np.arange(6000) > 3000, 80.0, 95.0)}, "inclinometry-jump"),
        ({"deviation": 2.0, "reference": "high_side"}, "high-side-ill-defined"),
        ({"deviation": 88.0, "hole_azimuth": 355.0}, "north-ill-conditioned"),
    ],
    ids=["inches", "caliper spike", "null", "azimuth jump", "vertical high side", "north along the hole"],
)
def test_hole(hole: dict[str, Any], kind: str) -> None:
    """What is wrong with the hole's logs."""
    assert kind in kinds(check_image(image_of(pads(), **hole)))


@pytest.mark.parametrize(
    "hole",
    [
        {"deviation": 1.0, "hole_azimuth": np.random.default_rng(0).uniform(0, 360, 6000)},
        {"deviation": 88.0, "hole_azimuth": 355.0, "reference": "high_side"},
        {"deviation": 88.0, "hole_azimuth": 90.0},
        {"deviation": np.nan, "hole_azimuth": np.nan, "diameter": np.nan, "reference": "unknown"},
        {"hole_azimuth": np.mod(np.linspace(350, 370, 6000), 360)},
    ],
    ids=["vertical azimuth noise", "high side of a horizontal hole", "east", "unknown", "through north"],
)
def test_sound_hole_raises_no_alarm(hole: dict[str, Any]) -> None:
    """Logs that look odd and are not."""
    assert check_image(image_of(pads(), **hole)) == []


def test_handful_of_findings() -> None:
    """Forty missing stretches make five findings, the last of which counts the other 36."""
    pixels = pads()
    for i in range(40):
        pixels[100 + 140 * i : 120 + 140 * i + i] = np.nan
    findings = check_image(image_of(pixels))
    assert [f.kind for f in findings] == ["missing-rows"] * 5
    assert findings[-1].observed.startswith("36 more")


@settings(max_examples=8, deadline=None)
@given(block=st.integers(300, 3000))
def test_blocks_do_not_show(block: int) -> None:
    """The findings are the same however the rows are cut."""
    pixels = pads(rows=3000)
    pixels[700:900] = pixels[700]
    pixels[1500:1600] = np.nan
    pixels[2000:2400, 20] = 90.0
    whole = check_image(image_of(pixels))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "BLOCK_PIXELS", block * 120)
        # The polarity counts lines block by block; nothing else may move.
        assert check_image(image_of(pixels)) == whole


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    """Twice the length takes hardly more memory: some bytes a row, and the block in flight."""
    pixels = np.tile(np.random.default_rng(0).normal(100, 20, (5000, 360)).astype(np.float32), (3, 1))
    peaks = []
    for length in (6_000, 12_000):
        write_netcdf(image_of(pixels[:length]), tmp_path / f"{length}.nc")
        with netcdf.read(tmp_path / f"{length}.nc") as image:
            tracemalloc.start()
            check_image(image)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < peaks[0] + 6_000 * 100  # a row of pixels has 1,440 bytes


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=40), st.floats(0, 4))
def test_stretches_against_a_loop(flags: list[bool], join: float) -> None:
    """Runs and their joining, row by row."""
    depth = np.arange(len(flags), dtype=float)
    expected: list[list[int]] = []
    for i, flag in enumerate(flags):
        if flag and expected and i - expected[-1][1] <= max(join, 1):
            expected[-1][1] = i
        elif flag:
            expected.append([i, i])
    assert [[s.first, s.last] for s in stretches(np.array(flags), depth, join=join)] == expected


@pytest.mark.skipif(not DENSITY.exists(), reason="real data not here")
def test_real_lwd_stretches_without_rotation() -> None:
    """The density image of a drilled well: the four longer slides, known from rows with a single sector."""
    lasio = pytest.importorskip("lasio")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        las = lasio.read(DENSITY)
    pixels = np.stack([las[f"ABDC{i}M"] for i in range(1, 17)], axis=1)
    pixels[pixels < -900] = np.nan
    slides = stretches(np.isfinite(pixels).sum(1) == 1, las.index, shortest=3.0)
    intervals = [interval(f) for f in check_image(well_image(pixels, las.index)) if f.kind == "tool-not-rotating"]
    assert len(intervals) == len(slides)
    for (top, base), slide in zip(intervals, slides, strict=True):
        assert min(base, slide.base) - max(top, slide.top) > 0.85 * slide.length


@pytest.mark.skipif(not (DATA / "atv").exists(), reason="real data not here")
def test_real_televiewer_raises_no_alarm() -> None:
    """Breakouts are rock, not a defect of the image."""
    with np.load(DATA / "atv" / "atv_breakout_amp.npz") as file:
        image = well_image(file["amp"], file["depth_m"], diameter=file["cal_ave_mm"] / 1000)
    assert check_image(image) == []
