"""Whole wells: repeatable, inside the contracts, and true."""

import numpy as np
import pandas as pd
import pytest

from geobfdt import geometry
from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.tools import TOOLS
from geobfdt.simulation.well import simulate_well, simulate_window
from geobfdt.simulation.well_settings import WellSettings, draw
from geobfdt.wells.picks import traces, validate

PLAIN = {"noise": 0.0, "row_noise": 0.0, "streaks": 0.0, "gain_spread": 0.0, "roughness": 0.0, "clip": 0.0}
QUIET = Geology(bed_contrast=0.0, lamination=0.0, texture=0.0)


def _well(seed=0, **fixed):
    rng = np.random.default_rng(seed)
    return simulate_well(draw(rng, **({"length": 4.0} | fixed)), rng)


def test_the_same_seed_makes_the_same_well():
    """Pixels and tables, bit for bit; another seed makes another."""
    first, again, other = _well(1), _well(1), _well(2)
    assert first.image.equals(again.image)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    pd.testing.assert_frame_equal(first.picks, again.picks)
    assert first.image.attrs["tool"] != other.image.attrs["tool"] or not first.image.equals(other.image)


@pytest.mark.parametrize("tool", list(TOOLS))
def test_every_tool_keeps_the_contracts(tool):
    """Images are float32 in 0-255, tables valid and complete, intervals inside the well."""
    well = _well(3, tool=tool, length=6.0, breakouts=30.0, induced=30.0)
    image = well.image
    spacing, columns = well.settings.grid()
    assert image["image"].dtype == image["dynamic"].dtype == np.float32
    assert image.sizes["azimuth"] == columns
    assert np.diff(image.depth.values) == pytest.approx(spacing)
    assert 0 <= np.nanmin(image["image"]) <= np.nanmax(image["image"]) <= 255
    for table in (well.truth, well.picks):
        validate(table)
        assert table[["dip_app_deg", "dip_true_deg", "amplitude_m", "diameter_m"]].notna().all().all()
    assert set(well.truth["optional"].unique()) <= {True, False}
    assert well.truth["visible"].between(0, 1).all()
    assert (well.intervals["top_m"] <= well.intervals["base_m"]).all()
    assert {"breakout", "induced"} & set(well.intervals["class"])


@pytest.mark.parametrize(("tool", "deviation"), [("fmi", 0.0), ("atv", 40.0), ("otv", 70.0), ("cmi", 85.0)])
def test_lone_fractures_lie_on_their_truth(tool, deviation):
    """In the delivered image the darkest (or brightest) row of each column is on the truth trace, to a row."""
    sets = (FractureSet(dip=50, azimuth=100, concentration=300),)
    geology = QUIET.model_copy(update={"fracture_density": 0.35, "spacing_cv": 1.0, "sets": sets})
    settings = WellSettings(tool=tool, deviation=deviation, hole_azimuth=70.0, reference="high_side", length=10.0,
                            columns=90, geology=geology, **PLAIN)  # fmt: skip
    checked = 0
    for seed in range(4):
        well = simulate_well(settings, np.random.default_rng(seed))
        pixels, depth, angle = well.image["image"].values, well.image.depth.values, well.image.azimuth.values
        rock, spacing = np.nanmedian(pixels), depth[1] - depth[0]
        fractures = well.truth[well.truth["class"] == "fracture"]
        all_traces = [geometry.trace_depth(trace, angle) for trace in traces(fractures)]
        fractures = fractures[~fractures["optional"]]
        for trace in traces(fractures):
            z = geometry.trace_depth(trace, angle)
            others = [np.abs(other - z).min() for other in all_traces if not np.array_equal(other, z)]
            if z.min() < depth[0] + 0.2 or z.max() > depth[-1] - 0.2 or min(others, default=9) < 0.14:
                continue
            row = np.rint((z - depth[0]) / spacing).astype(int)
            band = np.arange(-int(0.12 / spacing), int(0.12 / spacing) + 1)
            dark = np.abs(pixels[row[:, None] + band, np.arange(angle.size)[:, None]] - rock)
            clear = np.isfinite(dark).all(1) & (dark.max(1) > 10)
            strongest = dark[clear] >= 0.6 * dark[clear].max(
                1, keepdims=True
            )  # the core of a wide one has no darkest row
            centre = depth[row[clear]] + spacing * (strongest * band).sum(1) / strongest.sum(1)
            assert np.median(np.abs(centre - z[clear])) < 0.6 * spacing
            assert np.percentile(np.abs(centre - z[clear]), 95) < 1.3 * spacing
            checked += 1
    assert checked >= 3


def test_truth_holds_no_breakouts_nor_induced_fractures():
    """In rock without planes the truth is empty, whatever drilling did to the wall."""
    geology = QUIET.model_copy(update={"massive": 1.0, "bed_thickness": 50.0})
    well = simulate_well(WellSettings(geology=geology, breakouts=40.0, induced=40.0, length=10.0),
                         np.random.default_rng(0))  # fmt: skip
    assert len(well.truth) == 0
    assert len(well.picks) == 0
    assert {"breakout", "induced"} <= set(well.intervals["class"])


def test_truth_amplitude_ties_dip_and_diameter():
    """True dip, apparent dip, amplitude and diameter of each row agree."""
    well = _well(8, deviation=35.0, tool="fmi", length=15.0, geology=_busy())
    truth = well.truth[well.truth["depth_m"].between(*well.image.depth.values[[0, -1]])]
    assert np.allclose(
        truth["amplitude_m"], geometry.amplitude_from_dip(truth["dip_app_deg"], truth["diameter_m"]), atol=1e-9
    )
    assert np.allclose(truth["diameter_m"], well.settings.diameter, rtol=0.35)
    assert len(truth) > 30


def _busy():
    return Geology(fracture_density=3.0, sets=(FractureSet(dip=65, azimuth=20), FractureSet(dip=30, azimuth=220)))


def test_class_is_not_told_by_dip_alone():
    """In a deviated hole beds look steep; among fractures some are flat."""
    well = _well(4, deviation=60.0, tool="cmi", length=20.0, geology=_busy())
    beds = well.truth[well.truth["class"] == "bedding"]
    fractures = well.truth[well.truth["class"] == "fracture"]
    assert beds["dip_app_deg"].median() > 45
    assert (fractures["dip_app_deg"] < beds["dip_app_deg"].median()).mean() > 0.1


def test_optional_and_picked_follow_visibility():
    """A sensible share of planes may be missed; the interpreter rarely picks those, and finds most of the others."""
    optional, picked, faint = [], [], []
    for seed in range(4):
        well = _well(100 + seed, length=10.0, tool=["fmi", "otv", "atv", "lwd56"][seed % 4], style="dense",
                     deviation=10.0, unpicked=0.0, jitter=0.0)  # fmt: skip
        depths = well.picks["depth_m"].to_numpy()
        hit = np.array([np.abs(depths - z).min(initial=9) < 1e-5 for z in well.truth["depth_m"]], dtype=bool)
        must = ~well.truth["optional"].to_numpy(bool)
        optional.append(1 - must.mean() if must.size else np.nan)
        picked += hit[must].tolist()
        faint += hit[~must].tolist()
    assert 0.1 < np.nanmean(optional) < 0.6
    assert np.mean(picked) > 0.6
    assert np.mean(faint) < 0.35


@pytest.mark.parametrize("spacing", [0.05, 0.1])
def test_coarse_rows_ask_for_what_shows(spacing):
    """Planes that are asked for lie two rows apart or more, at edges: rows differ more across them than elsewhere."""
    turn, rng = np.linspace(0, 2 * np.pi, 48, endpoint=False), np.random.default_rng(0)
    across, elsewhere = [], []
    for seed in range(6):
        well = _well(seed, tool="lwd16", length=30.0, row_spacing=spacing)
        required = well.truth[~well.truth["optional"] & (well.truth["class"] == "bedding")]
        depth = traces(required) @ np.stack([np.ones(48), np.cos(turn), np.sin(turn)])
        apart = np.sqrt(((depth[:, None] - depth) ** 2).mean(axis=2))
        assert (apart[~np.eye(len(required), dtype=bool)] > 2 * spacing - 1e-9).all()
        image, top = well.image["image"].values, well.image.depth.values[0]
        column = (turn / (2 * np.pi) * 16).astype(int)

        def step_across(at, image=image, column=column, top=top):
            row = np.rint((at - top) / spacing).astype(int)
            inside = ((row > 0) & (row < len(image) - 1)).all(axis=1)
            change = image[row[inside] + 1, column] - image[row[inside] - 1, column]
            return (np.abs(change.mean(axis=1)) / image.std()).tolist()

        across += step_across(depth)
        elsewhere += step_across(depth + rng.uniform(-3, 3, (len(depth), 1)))
    assert len(across) > 60
    assert np.mean(across) > 1.5 * np.mean(elsewhere)


def test_rows_of_two_centimetres_are_not_coarse():
    """Planes closer than two of them are asked for, though depths of a float may lie a little over 2 cm apart."""
    wells = [_well(seed, tool="lwd56", length=12.0, row_spacing=0.02, top=5000.0) for seed in range(4)]
    assert any(np.diff(well.image.depth.values[:2])[0] > 0.02 for well in wells)
    closest = []
    for well in wells:
        required = traces(well.truth[~well.truth["optional"]])
        apart = geometry.trace_rms(required[:, None], required)
        closest.append(apart[~np.eye(len(required), dtype=bool)].min())
    assert min(closest) < 0.04


def test_a_global_shift_moves_picks_not_truth():
    """The depth shift is the interpreter's."""
    plain, moved = (_well(6, tool="fmi", deviation=0.0, length=10.0, depth_shift=s) for s in (0.0, 0.25))
    pd.testing.assert_frame_equal(plain.truth, moved.truth)
    assert len(plain.picks) == len(moved.picks) > 0
    assert np.allclose(moved.picks["depth_m"] - plain.picks["depth_m"], 0.25)


def test_windows_stream():
    """Short random wells come one after another from one generator, all different."""
    rng = np.random.default_rng(0)
    wells = [simulate_window(rng, length=1.0) for _ in range(4)]
    assert len({w.settings.model_dump_json() for w in wells}) == 4
    for well in wells:
        rows = well.image.depth.values
        assert rows[-1] - rows[0] == pytest.approx(1.0, abs=0.11)
