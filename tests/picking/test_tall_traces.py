"""Planes with traces metres tall: found in compressed depths, and returned in those of the well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.command import run_command

from geobfdt.geometry import trace_depth, trace_rms
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.picker import detector_of, pick_well
from geobfdt.picking.tall_traces import add_tall_traces, compress_depths
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import read_picks, traces

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
) -> WellImage:
    """A coarse noisy image: beds with values of their own, drawn on the cylinder."""
    depth = 1000 + row * (0.5 + np.arange(round(length / row)))
    angles = (np.arange(columns) + 0.5) * 360 / columns
    lines = np.stack([trace_depth(contact, angles) for contact in contacts])
    # Real contacts of such images are gradual, and each pixel has noise of its own.
    steps = np.diff([2.3, 2.6, 2.35, 2.65, 2.3])[: len(contacts)]
    values = 2.3 + (steps / (1 + np.exp(-(depth[:, None, None] - lines.T[None]) / fade))).sum(axis=2)
    values = values + np.random.default_rng(3).normal(0, noise, values.shape)
    return well_image(values, depth, angles, diameter=DIAMETER_M, well="H-1", reference="high_side")


def test_tall_contacts_are_found_where_they_are() -> None:
    """On noisy rows of a decimetre the image shows the network no bed, and the compressed image shows all four."""
    image = density_image(TALL)
    detector = detector_of(image)
    picked = pick_well(image, detector)
    tall = add_tall_traces(picked, detector)
    before, after = (trace_rms(TALL[:, None], traces(table.picks).reshape(-1, 3)) for table in (picked, tall))
    # A tenth of the height of a trace.
    assert not (before.min(axis=1, initial=np.inf) < 0.5).any()
    assert (after.min(axis=1) < 0.5).all()
    table = tall.picks
    assert (np.diff(table["depth_m"]) >= 0).all()
    steep = table[table["amplitude_m"] > 1.5]
    expected = np.degrees(np.arctan(2 * steep["amplitude_m"] / DIAMETER_M))
    assert steep["dip_app_deg"].to_numpy() == pytest.approx(expected.to_numpy(), abs=1e-6)
    assert (steep["sigma_depth_m"] > 0).all()


def test_picks_that_are_there_stay() -> None:
    """A trace that both images show is picked once, with the numbers of the finer image."""
    contacts = np.array([[1004.0, 0.5, 0.2], [1009.0, 0.5, 0.3], [1013.0, 0.45, 0.2]])
    image = density_image(contacts, 18.0, 0.008, 56, 0.05, 0.005)
    detector = detector_of(image)
    picked = pick_well(image, detector)
    tall = add_tall_traces(picked, detector).picks
    near = trace_rms(contacts[:, None], traces(tall)) < 0.1
    assert (near.sum(axis=1) == 1).all()
    kept = tall.merge(picked.picks, on=list(tall.columns), how="inner")
    assert len(kept) == len(picked.picks) >= 3


def test_a_gap_of_the_log_is_not_averaged() -> None:
    """A row of the compressed image that reaches across missing depths has no value."""
    depth = np.concatenate([0.01 * np.arange(12), 5 + 0.01 * np.arange(13)])
    compressed = compress_depths(well_image(np.ones((25, 16)), depth, diameter=0.2), 4.0)
    assert np.isfinite(compressed["image"].values).all(axis=1).tolist() == [True, True, False, True, True]


def test_the_command(tmp_path: Path) -> None:
    """--tall adds tall planes to the table that geobfdt pick writes."""
    write_netcdf(density_image(TALL), tmp_path / "H-1.nc")
    for name, options in (("plain", ()), ("tall", ("--tall",))):
        run = run_command("pick", tmp_path / "H-1.nc", "--out", tmp_path / name, "--no-picture", *options)
        assert run.returncode == 0, run.stderr
    plain, tall = (read_picks(tmp_path / name / "H-1.picks.csv") for name in ("plain", "tall"))
    assert len(tall) > len(plain)
    assert (tall["amplitude_m"] > 1.5).sum() >= 4
