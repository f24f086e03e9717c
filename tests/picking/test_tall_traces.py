"""Planes with traces metres tall: found in compressed depths, and returned in those of the well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.command import run_command

from geobfdt.geometry import trace_depth, trace_rms
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.detector import Detector
from geobfdt.picking.picker import detector_of, pick_well
from geobfdt.picking.tall_traces import compress_depths, tall_picks, tall_rows
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import PickTable, read_picks, traces

DIAMETER_M = 0.2159
# Contacts of a hole along bedding (z0, a, b): 5 m tall, on rows of a decimetre.
TALL = np.array([[1020.0, 2.3, 1.0], [1033.0, 2.4, 0.9], [1051.0, 2.4, 1.2], [1062.0, 2.2, 1.0]])


def density_image(
    contacts: np.ndarray,
    length: float = 80.0,
    row: float = 0.1,
    columns: int = 16,
    noise: float = 0.15,
    fade: float = 0.3,
    deviation: float | np.ndarray = np.nan,
) -> WellImage:
    """A coarse noisy image: beds with values of their own, drawn on the cylinder."""
    depth = 1000 + row * (0.5 + np.arange(round(length / row)))
    angles = (np.arange(columns) + 0.5) * 360 / columns
    lines = np.stack([trace_depth(contact, angles) for contact in contacts])
    # Real contacts of such images are gradual, and each pixel has noise of its own.
    steps = np.diff([2.3, 2.6, 2.35, 2.65, 2.3])[: len(contacts)]
    values = 2.3 + (steps / (1 + np.exp(-(depth[:, None, None] - lines.T[None]) / fade))).sum(axis=2)
    values = values + np.random.default_rng(3).normal(0, noise, values.shape)
    hole = {"diameter": DIAMETER_M, "deviation": deviation}
    return well_image(values, depth, angles, well="H-1", reference="high_side", **hole)


@pytest.fixture(scope="module")
def detector() -> Detector:
    """The shipped network, for the image of tall contacts."""
    return detector_of(density_image(TALL))


def steep(picks: PickTable) -> PickTable:
    """Return the picks with traces over 3 m tall."""
    return PickTable(picks[picks["amplitude_m"] > 1.5])


def test_tall_contacts_are_found_where_they_are(detector: Detector) -> None:
    """On noisy rows of a decimetre the image shows the network no bed, and the compressed image shows all four."""
    image = density_image(TALL)
    own, both = (pick_well(image, detector, tall=tall).picks for tall in (False, None))
    before, after = (trace_rms(TALL[:, None], traces(table).reshape(-1, 3)) for table in (own, both))
    # A tenth of the height of a trace.
    assert not (before.min(axis=1, initial=np.inf) < 0.5).any()
    assert (after.min(axis=1) < 0.5).all()
    assert (np.diff(both["depth_m"]) >= 0).all()
    tall = steep(both)
    expected = np.degrees(np.arctan(2 * tall["amplitude_m"] / DIAMETER_M))
    assert tall["dip_app_deg"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)
    assert (tall["sigma_depth_m"] > 0).all()


def test_they_are_looked_for_where_the_hole_may_be_level(detector: Detector) -> None:
    """Not where the hole is known to be steep; in a hole that becomes level, below there only."""
    rows = len(density_image(TALL)["depth"])
    building = np.where(np.arange(rows) < rows // 2, 40.0, 80.0)
    assert steep(pick_well(density_image(TALL, deviation=40.0), detector).picks).empty
    depths = steep(pick_well(density_image(TALL, deviation=building), detector).picks)["depth_m"]
    assert depths.min() > 1040
    assert {int(trace_rms(TALL, trace).argmin()) for trace in traces(steep(pick_well(
        density_image(TALL, deviation=building), detector).picks))} == {2, 3}  # fmt: skip


def test_holes_that_rise_are_level_too(detector: Detector) -> None:
    """An inclination of 120 degrees is 60 degrees from the vertical, upwards; one of 150 degrees is steep."""
    image = density_image(TALL, 0.3, deviation=np.array([59.0, 120.0, 150.0]))
    rows = tall_rows(image, detector, None)
    assert rows is not None
    assert rows.tolist() == [False, True, False]


def test_the_least_confidence_holds_for_tall_traces(detector: Detector) -> None:
    """A least confidence is that of the column in the table, and not the network's on the compressed image."""
    image = density_image(TALL)
    rows = np.full(image.sizes["depth"], True)
    every, sure = (tall_picks(image, rows, detector, least) for least in (0.01, 0.3))
    assert 0 < len(sure) < len(every)
    assert sure["confidence"].min() >= 0.3 > every["confidence"].min() >= 0.01
    assert len(sure) == (every["confidence"] >= 0.3).sum()


def test_picks_that_are_there_stay() -> None:
    """A trace that both images show is picked once, with the numbers of the finer image."""
    contacts = np.array([[1004.0, 0.5, 0.2], [1009.0, 0.5, 0.3], [1013.0, 0.45, 0.2]])
    image = density_image(contacts, 18.0, 0.008, 56, 0.05, 0.005)
    detector = detector_of(image)
    own, both = (pick_well(image, detector, tall=tall).picks for tall in (False, True))
    near = trace_rms(contacts[:, None], traces(both)) < 0.1
    assert (near.sum(axis=1) == 1).all()
    kept = both.merge(own, on=list(both.columns), how="inner")
    assert len(kept) == len(own) >= 3


def test_a_gap_of_the_log_is_not_averaged() -> None:
    """A row of the compressed image that reaches across missing depths has no value."""
    depth = np.concatenate([0.01 * np.arange(12), 5 + 0.01 * np.arange(13)])
    compressed = compress_depths(well_image(np.ones((25, 16)), depth, diameter=0.2), 4.0)
    assert np.isfinite(compressed["image"].values).all(axis=1).tolist() == [True, True, False, True, True]


def test_the_command(tmp_path: Path) -> None:
    """The table of geobfdt pick has tall planes, and that of --no-tall has none."""
    write_netcdf(density_image(TALL), tmp_path / "H-1.nc")
    for name, options in (("own", ("--no-tall",)), ("both", ())):
        run = run_command("pick", tmp_path / "H-1.nc", "--out", tmp_path / name, "--no-picture", *options)
        assert run.returncode == 0, run.stderr
    own, both = (read_picks(tmp_path / name / "H-1.picks.csv") for name in ("own", "both"))
    assert len(both) > len(own)
    assert len(steep(both)) >= 4 > len(steep(own))


@pytest.mark.parametrize("rows", [2, 40])
def test_images_without_room_for_a_tall_trace(detector: Detector, rows: int) -> None:
    """A few rows, or less than a tall trace: nothing is found, and nothing fails."""
    image = well_image(np.random.default_rng(0).normal(size=(rows, 36)), 5 + 0.005 * np.arange(rows), diameter=0.2)
    assert tall_picks(image, np.full(rows, True), detector.for_image(image), 0.1).empty


def test_traces_at_the_end_of_the_level_part_are_seen_whole(detector: Detector) -> None:
    """A plane just below the point where the hole becomes level is found, though half of its trace lies above."""
    image = density_image(TALL)
    rows = image["depth"].values >= TALL[2, 0] - 0.5
    depths = tall_picks(image, rows, detector, 0.1)["depth_m"].to_numpy()
    assert depths == pytest.approx(TALL[2:, 0], abs=0.5)
