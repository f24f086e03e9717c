"""Picking from image to table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from tests.real_data import TELEVIEWER, televiewer_image
from xarray.backends import BackendArray
from xarray.core import indexing

from geobfdt.geometry import trace_rms, true_from_apparent
from geobfdt.io.images import netcdf
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.detector import Candidates
from geobfdt.picking.hough.hough_detector import HoughDetector
from geobfdt.picking.picker import detector_of, pick, pick_well, pick_with_findings
from geobfdt.picking.zone_stream import image_zones
from geobfdt.quality.image_checks import with_image_findings
from geobfdt.quality.measured import MeasuredDepths
from geobfdt.wells.image import row_spacing, well_image
from geobfdt.wells.picks import CLASSES, COLUMNS, traces, validate


@pytest.fixture(scope="module")
def long_scene(make_scene: Callable[..., Any]) -> Any:
    """Forty metres of random beds and fractures at 1 cm rows, so that strips are short beside it."""
    rng = np.random.default_rng(0)
    beds = [(z, *rng.normal(0.01, 0.004, 2)) for z in np.arange(100.2, 139.9, 0.37)]
    fractures = [(z, *rng.normal(0, 0.12, 2)) for z in rng.uniform(100.3, 139.7, 40)]
    return make_scene(fractures, beds, length=40.0, row=0.01, columns=48, thick=0.012, pads=4)


@pytest.fixture(scope="module")
def picks_of_scene(scene: Any) -> pd.DataFrame:
    """Picks of the common scene."""
    return pick(scene.image, method="hough")


@pytest.fixture(scope="module")
def picks_of_long(long_scene: Any) -> pd.DataFrame:
    """Picks of the long scene, found in one strip."""
    return pick_with_findings(long_scene.image, short(long_scene.image, 100.0))[0]


@dataclass(frozen=True)
class Short(HoughDetector):
    """The classical detector on shorter strips."""

    core: float = 5.0

    @property
    def length(self) -> float:
        """Core length (m)."""
        return self.core


def short(image: Any, core: float) -> Short:
    """Detector for an image with strips of `core` m."""
    whole = HoughDetector.of(image)
    return Short(whole.step, whole.origin, whole.radius, whole.tallest, core)


def same_share(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Share of picks of two tables that are in both, to a millimetre and with the same class."""
    a, b = traces(one), traces(other)
    gaps = trace_rms(a[:, None], b[None])
    near = (gaps.min(axis=1) < 0.001) & (one["class"].to_numpy() == other["class"].to_numpy()[gaps.argmin(axis=1)])
    return float(2 * near.sum() / (len(a) + len(b)))


def test_table_is_complete_and_right(scene: Any) -> None:
    """Every column is filled, true dips follow from geometry, planes are right to millimetres."""
    picks, findings = pick_with_findings(scene.image, detector_of(scene.image, method="hough"))
    assert findings == []
    validate(picks)
    assert list(picks) == list(COLUMNS)
    assert picks.drop(columns="polarity").notna().all().all()
    assert (picks.drop(columns="polarity") != "").all().all()
    assert set(picks["source"]) == {"hough 1"}
    assert set(picks["status"]) == {"proposed"}
    truth = np.concatenate([scene.fractures, scene.beds])
    gaps = trace_rms(traces(picks)[:, None], truth[None])
    assert len(picks) == len(truth)
    assert gaps.min(axis=0).max() < 0.006
    assert np.median(gaps.min(axis=0)) < 0.001
    apparent = (picks[name].to_numpy() for name in ("dip_app_deg", "azimuth_app_deg"))
    dip, azimuth = true_from_apparent(*apparent, 0.0, 0.0, "north")
    np.testing.assert_allclose(picks["dip_true_deg"], dip)
    np.testing.assert_allclose(picks["azimuth_true_deg"], azimuth)
    fractures = picks[picks["class"] == "fracture"]
    assert set(fractures["polarity"]) == {"conductive"}


@pytest.mark.parametrize("core", [7.0, 17.0])
def test_strip_length_does_not_matter(long_scene: Any, picks_of_long: pd.DataFrame, core: float) -> None:
    """Strips of 7 and of 17 m give the picks of one strip."""
    assert len(picks_of_long) > 80
    picks = pick_with_findings(long_scene.image, short(long_scene.image, core))[0]
    assert same_share(picks, picks_of_long) > 0.98


def test_pieces_agree_with_the_long_well(long_scene: Any, picks_of_long: pd.DataFrame) -> None:
    """A well cut in two by hand has the long well's picks, away from the cut."""
    image = long_scene.image
    for piece in (image.isel(depth=slice(0, 2000)), image.isel(depth=slice(2000, None))):
        picks = pick(piece, method="hough")
        top, base = float(piece.depth[0]), float(piece.depth[-1])
        inner = [t[(t["depth_m"] > top + 3) & (t["depth_m"] < base - 3)] for t in (picks, picks_of_long)]
        assert same_share(*inner) > 0.97


def test_most_planes_of_a_busy_well(long_scene: Any, picks_of_long: pd.DataFrame) -> None:
    """Recall and precision in forty metres with crossing planes."""
    refined = traces(picks_of_long)
    truth = np.concatenate([long_scene.fractures, long_scene.beds])
    gaps = trace_rms(refined[:, None], truth[None])
    assert (gaps.min(axis=0) < 0.03).mean() > 0.8
    assert (gaps.min(axis=1) < 0.03).mean() > 0.95


def test_same_bytes_each_run(scene: Any, picks_of_scene: pd.DataFrame) -> None:
    """Two runs write the same bytes."""
    assert pick(scene.image, method="hough").to_csv() == picks_of_scene.to_csv()


def test_roll_turns_azimuths(scene: Any, picks_of_scene: pd.DataFrame) -> None:
    """The image rolled by a quarter turn gives the same planes a quarter turn on."""
    image = scene.image
    rolled = image.copy(deep=True)
    rolled["image"].values[:] = np.roll(image["image"].values, 18, axis=1)
    one, other = picks_of_scene, pick(rolled, method="hough")
    np.testing.assert_allclose(one["depth_m"], other["depth_m"], atol=1e-4)
    turned = (other["azimuth_app_deg"] - one["azimuth_app_deg"] - 90 + 180) % 360 - 180
    assert turned.abs().max() < 1.0


def test_unknown_hole_is_reported_not_guessed(scene: Any, picks_of_scene: pd.DataFrame) -> None:
    """Without diameter, or without deviation, what cannot be known is empty and a finding says why."""
    image = scene.image
    unknown = well_image(image["image"].values, image["depth"].values, image["azimuth"].values, well="S-1")
    picks, findings = pick_with_findings(unknown, detector_of(unknown, method="hough"))
    assert len(picks) == len(picks_of_scene)
    assert picks[["dip_app_deg", "dip_true_deg", "sigma_dip_deg", "diameter_m"]].isna().all().all()
    assert picks["amplitude_m"].notna().all()
    assert "no-diameter" in {finding.kind for finding in findings}
    picks, findings = pick_with_findings(
        image.assign(deviation=image["deviation"] * np.nan), detector_of(image, method="hough")
    )
    assert picks["dip_app_deg"].notna().all()
    assert picks["dip_true_deg"].isna().all()
    assert {finding.kind for finding in findings} == {"no-dip"}


@pytest.mark.parametrize(
    ("deviation", "tall", "height_m"),
    [
        (84.0, False, None), (88.0, False, 4.0), (90.0, False, 4.0), (92.0, False, 4.0), (96.0, False, None),
        (88.0, True, None), (89.5, True, 16.0), (90.0, True, 16.0), (92.0, True, None), (90.0, None, 4.0),
    ],
)  # fmt: skip
def test_a_level_hole_has_a_finding_on_tall_traces(
    make_scene: Callable[..., Any], deviation: float, tall: bool | None, height_m: float | None
) -> None:
    """
    Flat beds cross a hole of 20 cm with an amplitude of 0.1 tan i: 1.0 m at 84 deg, 2.9 m at 88, 11.5 m at 89.5.

    The detector reaches 2 m, and 8 m in depths that are compressed fourfold.
    """
    image = make_scene([], [], length=1.0, deviation=deviation, hole_azimuth=90.0).image
    _, findings = pick_with_findings(image, Fixed(np.empty((0, 3))), tall=tall)
    reached = [finding for finding in findings if finding.kind == "out-of-reach"]
    assert bool(reached) == (height_m is not None)
    if height_m is not None:
        assert "from 100.0 to 101.0 m" in reached[0].observed
        assert f"over {height_m:.1f} m tall" in reached[0].observed


@dataclass(frozen=True)
class Fixed:
    """A detector that proposes given planes."""

    traces: np.ndarray
    source: str = "fixed"
    length: float = 100.0
    overlap: float = 1.0
    typical_error_m: float = 0.012
    tallest: float = 2.0
    tall_calibration: Any = None
    drift_reference: Any = None

    @property
    def thresholds(self) -> dict[str, float]:
        """Everything is shown."""
        return dict.fromkeys(CLASSES, 0.0)

    def for_image(self, image: Any) -> Fixed:
        """Propose the same planes in every image."""
        return self

    def shared(self, threads: int) -> Any:
        """It needs no cores."""
        return nullcontext(lambda: None)

    def detect(self, strip: Any, top: float, base: float) -> Candidates:
        """Say the same of every strip."""
        n = len(self.traces)
        return Candidates(self.traces, np.full(n, "fracture"), np.full(n, 0.9))


def test_picks_on_filled_pixels_are_refused(make_scene: Callable[..., Any]) -> None:
    """A plane proposed where nothing was measured does not reach the table."""
    scene = make_scene([(100.5, 0.05, 0.0), (101.5, 0.05, 0.0)], [], length=2.0)
    scene.image["image"].values[200:] = np.nan
    picks, _ = pick_with_findings(scene.image, Fixed(scene.fractures))
    assert picks["depth_m"].round(2).tolist() == [100.5]
    assert picks["source"].tolist() == ["fixed"]


def test_seam_holds_no_doubles(make_scene: Callable[..., Any]) -> None:
    """A plane on the seam of two strips is picked once, whichever side it refines to."""
    planes = [(101.0 + e, 0.05, 0.02) for e in (-0.004, 0.0, 0.004)]
    for plane in planes:
        scene = make_scene([plane], [], length=2.0)
        picks, _ = pick_with_findings(scene.image, Fixed(np.array([plane]), length=1.0))
        assert len(picks) == 1


def test_lazy_well_gives_the_same_picks(scene: Any, picks_of_scene: pd.DataFrame, tmp_path: Path) -> None:
    """Pixels may stay in a file."""
    plain = scene.image.assign_attrs(findings="")
    plain.to_netcdf(tmp_path / "well.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "well.nc", engine="h5netcdf") as lazy:
        picks = pick(lazy, method="hough")
        assert not lazy["image"].variable._in_memory
    pd.testing.assert_frame_equal(picks, picks_of_scene)


def test_colours_change_no_pick(scene: Any, picks_of_scene: pd.DataFrame) -> None:
    """The same bytes with random colours beside the image."""
    colour = np.random.default_rng(0).integers(0, 256, (*scene.image["image"].shape, 3), dtype=np.uint8)
    image = scene.image.assign(colour=(("depth", "azimuth", "channel"), colour))
    assert pick(image, method="hough").to_csv() == picks_of_scene.to_csv()


def test_progress_and_threshold(long_scene: Any) -> None:
    """Progress grows to 1; a higher threshold gives a part of the picks of a lower one."""
    shares: list[float] = []
    image = long_scene.image.isel(depth=slice(0, 1800))
    detector = short(image, 6.0)
    low = pick_with_findings(image, detector, min_confidence=0.3, progress=shares.append)[0]
    high = pick_with_findings(image, detector, min_confidence=0.9)[0]
    # 18 m in strips of 6 at most, two at a time: even ones, and none alone.
    np.testing.assert_allclose(shares, [0.25, 0.5, 0.75, 1.0], atol=1e-6)
    assert 0 < len(high) < len(low)
    assert same_share(high, low) * (len(high) + len(low)) / 2 > 0.95 * len(high)


def test_nothing_to_pick(make_scene: Callable[..., Any]) -> None:
    """An image without a measured pixel gives a valid, empty table."""
    scene = make_scene([], [], length=1.0)
    scene.image["image"].values[:] = np.nan
    picks = pick(scene.image, method="hough")
    assert len(picks) == 0
    assert list(picks) == list(COLUMNS)


def test_silence_is_a_finding(make_scene: Callable[..., Any]) -> None:
    """Six metres without a plane are told; one metre may well have none, and a plane that is found is no silence."""
    for length, planes, reported in ((6.0, [], True), (1.0, [], False), (6.0, [(103.0, 0.05, 0.0)], False)):
        image = make_scene(planes, [], length=length).image
        _, findings = pick_with_findings(image, Fixed(np.array(planes).reshape(-1, 3)))
        assert [finding.kind for finding in findings] == (["nothing-found"] if reported else [])


def test_silence_is_told_by_zone(make_scene: Callable[..., Any]) -> None:
    """A plane in the first ten of thirty metres: the others hold none, and their place says which."""
    image = make_scene([], [], length=30.0).image
    _, findings = pick_with_findings(image, Fixed(np.array([(103.0, 0.05, 0.0)])))
    (silence,) = (finding for finding in findings if finding.kind == "nothing-found")
    top, base = (float(part) for part in silence.place.removesuffix(" m").split("-"))
    assert (top, base) == pytest.approx((110, 130), abs=0.1)
    assert silence.severity == "minor"


@dataclass(frozen=True)
class Graded(Fixed):
    """A detector that is surer of one plane than of the others, and shows those above its own threshold."""

    confidence: tuple[float, ...] = ()

    @property
    def thresholds(self) -> dict[str, float]:
        """Half sure is enough."""
        return dict.fromkeys(CLASSES, 0.5)

    def detect(self, strip: Any, top: float, base: float) -> Candidates:
        """Say the same of every strip."""
        return Candidates(self.traces, np.full(len(self.traces), "fracture"), np.array(self.confidence))


def test_no_threshold_changes_a_verdict(make_scene: Callable[..., Any]) -> None:
    """A sure plane in the first ten metres, doubtful ones elsewhere: whatever is shown, the same zones are silent."""
    planes = [(z, 0.05, 0.0) for z in (103.0, 113.0, 113.005, 123.0)]
    image = make_scene(planes, [], length=30.0).image
    detector = Graded(np.array(planes), confidence=(0.9, 0.55, 0.6, 0.3))
    reported, counts = [], []
    for least in (None, 0.0, 0.2, 0.58, 0.95):
        picked = pick_well(image, detector, min_confidence=least)
        reported.append([(f.kind, f.place) for f in picked.findings if f.kind == "nothing-found"])
        counts.append(len(picked.picks))
        pd.testing.assert_frame_equal(picked.judged, pick_well(image, detector).judged)
    assert counts == [2, 3, 3, 2, 0]
    assert len(reported[0]) == 1
    assert all(one == reported[0] for one in reported)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"method": "magic"}, "not network or hough"), ({"method": "hough", "min_confidence": 2}, "within")],
)
def test_nonsense_is_refused(scene: Any, options: dict[str, Any], message: str) -> None:
    """Unknown methods and thresholds that are no probabilities."""
    with pytest.raises(ValueError, match=message):
        pick(scene.image, **options)


@pytest.mark.skipif(not TELEVIEWER.exists(), reason="shared optical televiewer image is not here")
def test_clear_fractures_of_a_real_image() -> None:
    """Eight clear fractures, read off the picture by eye (crest and trough), are traced within 2.5 cm."""
    grey, depth = televiewer_image()
    picks = pick(well_image(grey, depth, diameter=0.101, well="otv"), method="hough")
    refined = traces(picks)
    by_eye = [  # crest, trough (m), azimuth of the trough (deg)
        (33.455, 33.59, 75),
        (33.56, 33.76, 70),
        (34.255, 34.335, 90),
        (34.53, 34.73, 70),
        (34.665, 34.90, 72),
        (35.59, 35.705, 65),
        (35.43, 35.59, 65),
        (33.295, 33.37, 75),
    ]
    for crest, trough, azimuth in by_eye:
        amplitude, t = (trough - crest) / 2, np.radians(azimuth)
        plane = [(crest + trough) / 2, amplitude * np.cos(t), amplitude * np.sin(t)]
        assert trace_rms(refined, plane).min() < 0.025
    assert len(picks) < 45


def test_each_row_is_read_once(make_scene: Callable[..., Any], tmp_path: Path) -> None:
    """Checks, strips, zones and measured depths share one pass; only the overlap of strips is read again."""
    image = make_scene([(103.0, 0.05, 0.0)], [], length=30.0).image
    write_netcdf(image, tmp_path / "well.nc")
    read_rows: list[int] = []
    with netcdf.read(tmp_path / "well.nc") as lazy:
        pixels = _Counted(lazy["image"], read_rows)
        counted = lazy.assign(image=(lazy["image"].dims, indexing.LazilyIndexedArray(pixels)))
        detector = Graded(np.array([(103.0, 0.05, 0.0)]), confidence=(0.9,), length=10.0)
        picked = pick_well(counted, detector, check=True)
    overlap = round(2 * detector.overlap / row_spacing(image))
    assert image.sizes["depth"] <= sum(read_rows) <= image.sizes["depth"] + 3 * overlap
    whole = with_image_findings(image)
    assert [f.kind for f in picked.image.attrs["findings"]] == [f.kind for f in whole.attrs["findings"]]
    assert picked.measured.metres == MeasuredDepths.of(image).metres
    assert [(zone.top, zone.base, zone.empty) for zone in picked.zones] == [
        (zone.top, zone.base, zone.empty) for zone in image_zones(image, np.array([103.0]))
    ]


class _Counted(BackendArray):
    """Pixels that note how many rows each reading takes."""

    def __init__(self, pixels: xr.DataArray, read_rows: list[int]) -> None:
        self.pixels, self.read_rows = pixels, read_rows
        self.shape, self.dtype = pixels.shape, pixels.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> Any:
        part = self.pixels.variable[key].values
        self.read_rows.append(len(part))
        return part
