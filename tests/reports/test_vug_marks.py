"""Vugs on an image track: outlines against corners that the test works out by itself."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from geobfdt.reports.tracks import drawn_rows
from geobfdt.reports.vug_marks import draw_vugs
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.vugs import VugTable, new_vugs

DIAMETER = 0.2
DEGREES_PER_M = 360 / (np.pi * DIAMETER)


def hole() -> WellImage:
    """Ten metres of a hole of 20 cm."""
    return well_image(np.zeros((11, 4)), np.arange(11.0), diameter=DIAMETER, reference="north")


def ellipse(depth: float, azimuth: float, tilt: float = 0.0, **words: object) -> VugTable:
    """A vug of 60 by 20 mm; `tilt` turns the deeper end clockwise."""
    return new_vugs(
        depth_m=depth, azimuth_app_deg=azimuth, area_mm2=np.pi * 30 * 10, aspect=3.0, orientation_deg=tilt,
        **{"reference": "north", "status": "proposed", **words},
    )  # fmt: skip


def outlines(vugs: VugTable | None, **words: object) -> list[np.ndarray]:
    """Corners of what is drawn (deg, m)."""
    ax = Figure().subplots()
    draw_vugs(ax, vugs, hole(), 0.0, 10.0, **words)  # type: ignore[arg-type]
    return [path.vertices for collection in ax.collections for path in collection.get_paths()]


def test_an_outline_has_the_shape_of_the_table() -> None:
    """The ends of the long axis lie 30 mm from the centre, at its tilt; the outline has the area of the vug."""
    (corners,) = outlines(ellipse(5.0, 90.0, tilt=30.0))
    x, z = (corners[:, 0] - 90) / DEGREES_PER_M, corners[:, 1] - 5
    reach = np.hypot(x, z)
    end = int(np.argmax(reach))
    assert reach.max() == pytest.approx(0.030, abs=1e-6)
    assert np.degrees(np.arctan2(x[end], z[end])) % 180 == pytest.approx(30.0, abs=1e-6)
    area = 0.5 * abs(np.sum(x[:-1] * z[1:] - x[1:] * z[:-1]))
    assert area == pytest.approx(np.pi * 0.03 * 0.01, rel=0.02)


def test_across_north_it_is_at_both_ends() -> None:
    """And once in the middle where north is in the centre."""
    assert sorted(round(c[:, 0].mean()) // 10 * 10 for c in outlines(ellipse(5.0, 358.0))) == [-10, 350]
    (middle,) = outlines(ellipse(5.0, 358.0), north="centre")
    assert np.ptp(middle[:, 0]) == pytest.approx(0.02 * DEGREES_PER_M, rel=1e-6)
    assert abs(middle[:, 0].mean() + 2) < 1


def test_a_vug_without_a_shape_is_a_disc() -> None:
    """Its diameter is that of its area."""
    table = new_vugs(depth_m=5.0, azimuth_app_deg=90.0, area_mm2=np.pi * 100, reference="north")
    (corners,) = outlines(table)
    assert np.ptp(corners[:, 1]) == pytest.approx(0.02)
    assert np.ptp(corners[:, 0]) / DEGREES_PER_M == pytest.approx(0.02, rel=0.01)


def test_what_has_no_place_is_not_drawn() -> None:
    """Rejected, without an azimuth, from another line, off the page; no table at all."""
    for words in ({"status": "rejected"}, {"reference": "high_side"}, {"azimuth_app_deg": np.nan}):
        table = ellipse(5.0, 90.0).assign(**words)
        kept = drawn_rows(VugTable(table), "north")
        assert kept is not None
        assert kept.empty
    assert not outlines(ellipse(50.0, 90.0))
    assert not outlines(None)
    assert drawn_rows(None, "north") is None
