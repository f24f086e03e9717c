"""Apertures of fractures whose conductance is drawn on the wall by nearest distances, without the code's formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree
from tests.command import run_command

from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.picking.apertures import (
    APERTURE_COLUMNS,
    ApertureTool,
    aperture_curves,
    aperture_tool,
    measure_apertures,
    read_aperture_curves,
    write_aperture_curves,
)
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.picks import PickTable, new_picks

C, B = 0.9, 0.863
RADIUS, RM, RXO = 0.108, 0.05, 20.0
TOOL = ApertureTool(c=C, b=B, excess="S", source="the test")
ADMITTANCE = TOOL.model_copy(update={"excess": "uA.mm/V"})
DEPTH = 100 + 0.0025 * np.arange(800)
ANGLE = (np.arange(192) + 0.5) * 360 / 192


def excess_of(width_mm: float, rm: float = RM, rxo: float = RXO) -> float:
    """Conductance (S) that a fracture adds across its trace, by the law, solved for it."""
    return width_mm * 1e-3 / (C * rm**B * rxo ** (1 - B))


def conductivity(
    fractures: list[tuple[float, float, float, float]], rng: np.random.Generator | None = None
) -> np.ndarray:
    """
    The wall's conductivity (S/m): rock, and lines of depth, dip, azimuth and excess, blurred as a button blurs.

    The distance of each pixel from a trace is that to the nearest of many points of it, on the unrolled wall.
    """
    out = np.full((DEPTH.size, ANGLE.size), 1 / RXO)
    arc = np.radians(ANGLE) * RADIUS
    pixels = np.stack(np.meshgrid(DEPTH, arc, indexing="ij"), -1).reshape(-1, 2)
    turn = 2 * np.pi * RADIUS
    for z0, dip, azimuth, excess in fractures:
        t = np.radians(np.linspace(-90, 450, 40_000))
        trace = np.stack([z0 + RADIUS * np.tan(np.radians(dip)) * np.cos(t - np.radians(azimuth)), t * RADIUS], -1)
        distance = cKDTree(trace).query(pixels, distance_upper_bound=0.02)[0].reshape(out.shape)
        assert trace[:, 1].max() > turn
        blur = 0.0025
        out += excess * np.exp(-0.5 * (np.minimum(distance, 0.02) / blur) ** 2) / (blur * np.sqrt(2 * np.pi))
    if rng is not None:
        out *= np.exp(0.05 * rng.standard_normal(out.shape))
    return out


def image_of(values: np.ndarray, unit: str = "S/m", **attributes: Any) -> WellImage:
    """A well in the units of a tool."""
    pixels = {"S/m": values, "mS/m": 1e3 * values, "ohm.m": 1 / values, "uA/V": values}[unit]
    hole = {"diameter": 2 * RADIUS, "deviation": 0.0, "hole_azimuth": 0.0}
    words = {"dark": "low" if unit == "ohm.m" else "high", "reference": "north", "well": "A", **attributes}
    return well_image(pixels, DEPTH, ANGLE, units=unit, **hole, **words)


def picks_of(fractures: list[tuple[float, float, float, float]], **columns: Any) -> PickTable:
    """The picks of such fractures."""
    z, dip, azimuth, _ = (np.array(column, dtype=float) for column in zip(*fractures, strict=True))
    words = {"class_": "fracture", "polarity": "conductive", "quality": "A", **columns}
    return new_picks(
        well="A", depth_m=z, dip_app_deg=dip, azimuth_app_deg=azimuth,
        amplitude_m=RADIUS * np.tan(np.radians(dip)), diameter_m=2 * RADIUS, reference="north", **words,
    )  # fmt: skip


def kinds(findings: list[Any]) -> set[str]:
    """Kinds of findings."""
    return {finding.kind for finding in findings}


@pytest.mark.parametrize("unit", ["S/m", "mS/m", "ohm.m"])
@pytest.mark.parametrize(("dip", "azimuth"), [(0.0, 0.0), (35.0, 110.0), (60.0, 3.0), (75.0, 250.0)])
def test_aperture_of_one_fracture(unit: str, dip: float, azimuth: float) -> None:
    """Within 4 percent for flat and steep fractures, from resistivity and conductivity alike."""
    width = 0.2
    fracture = [(101.0, dip, azimuth, excess_of(width))]
    picks, findings = measure_apertures(image_of(conductivity(fracture), unit), picks_of(fracture), RM, TOOL)
    assert picks["aperture_mm"].tolist() == pytest.approx([width], rel=0.04)
    assert picks["aperture_hydraulic_mm"].tolist() == pytest.approx([width], rel=0.05)
    assert picks["aperture_reliability"].tolist() == ["reliable"]
    assert kinds(findings) == {"aperture-coefficients"}


@pytest.mark.parametrize("width", [0.02, 0.1, 0.5, 1.5])
@pytest.mark.parametrize(("rm", "rxo"), [(0.05, 20.0), (0.5, 20.0), (0.05, None)])
def test_the_law_holds_over_apertures_and_resistivities(width: float, rm: float, rxo: float | None) -> None:
    """Where the flushed zone is stated, it takes the place of the rock on the image."""
    stated = 7.0 if rxo is None else None
    fracture = [(101.0, 20.0, 40.0, excess_of(width, rm, stated or RXO))]
    tool = TOOL.model_copy(update={"flushed_resistivity": stated})
    picks, _ = measure_apertures(image_of(conductivity(fracture)), picks_of(fracture), rm, tool)
    assert picks["aperture_mm"].tolist() == pytest.approx([width], rel=0.04)


def test_texture_and_pads() -> None:
    """With 5 percent of texture and gaps between pads, apertures of ten fractures are right within 10 percent."""
    rng = np.random.default_rng(2)
    widths = np.geomspace(0.05, 0.5, 10)
    dips = rng.uniform(0, 20, 10)
    fractures = [(100.35 + 0.14 * i, dips[i], 36.0 * i, excess_of(widths[i])) for i in range(10)]
    values = conductivity(fractures, rng)
    values[:, (np.arange(192) % 24) >= 19] = np.nan
    picks, _ = measure_apertures(image_of(values), picks_of(fractures), RM, TOOL)
    ratio = picks["aperture_mm"].to_numpy() / widths
    assert np.isfinite(ratio).all()
    assert np.abs(ratio - 1).max() < 0.10
    assert abs(np.mean(ratio) - 1) < 0.04


def test_a_fracture_that_is_not_there_has_no_aperture() -> None:
    """Picks on texture: nothing above two standard errors in nine of ten."""
    rng = np.random.default_rng(8)
    places = [(100.3 + 0.15 * i, 10.0, 36.0 * i, 0.0) for i in range(10)]
    picks, findings = measure_apertures(image_of(conductivity([], rng)), picks_of(places), RM, TOOL)
    assert picks["aperture_mm"].isna().sum() >= 9
    assert "aperture-missing" in kinds(findings)


def test_neighbours_do_not_add_up() -> None:
    """Where another trace is within reach, columns do not count; a crossing one leaves the others."""
    pair = [(101.0, 0.0, 0.0, excess_of(0.2)), (101.03, 0.0, 0.0, excess_of(0.4))]
    picks, _ = measure_apertures(image_of(conductivity(pair)), picks_of(pair), RM, TOOL)
    assert picks["aperture_mm"].isna().all()
    crossing = [(101.0, 10.0, 0.0, excess_of(0.2)), (101.0, 55.0, 90.0, excess_of(0.4))]
    picks, _ = measure_apertures(image_of(conductivity(crossing)), picks_of(crossing), RM, TOOL)
    assert picks["aperture_mm"].tolist() == pytest.approx([0.2, 0.4], rel=0.06)


def test_beds_and_healed_fractures_have_none() -> None:
    """Only a conductive fracture is open; the values of the table stay as they are."""
    three = [(100.5 + 0.5 * i, 10.0, 0.0, excess_of(0.2)) for i in range(3)]
    table = picks_of(three, class_=["bedding", "fracture", "fracture"], polarity=["conductive", "resistive", ""])
    picks, _ = measure_apertures(image_of(conductivity(three)), table, RM, TOOL)
    assert picks["aperture_mm"].notna().tolist() == [False, False, True]
    pd.testing.assert_frame_equal(picks[list(table)], table)


@pytest.mark.parametrize(
    ("change", "columns"),
    [({"rm": 0.005}, {}), ({}, {"quality": "D"}), ({"width": 3.0}, {}), ({"covered": 40}, {})],
)  # fmt: skip
def test_doubtful_apertures(change: dict[str, Any], columns: dict[str, Any]) -> None:
    """High contrast, a poor pick, a wide fracture, a short part of the turn: a value with a mark."""
    rm, width = change.get("rm", RM), change.get("width", 0.2)
    fracture = [(101.0, 10.0, 0.0, excess_of(width, rm))]
    values = conductivity(fracture)
    values[:, change.get("covered", 192) :] = np.nan
    picks, findings = measure_apertures(image_of(values), picks_of(fracture, **columns), rm, TOOL)
    assert picks["aperture_reliability"].tolist() == ["doubtful"]
    assert picks["aperture_mm"].tolist() == pytest.approx([width], rel=0.05)
    assert "aperture-doubtful" in kinds(findings)


@pytest.mark.parametrize(
    ("unit", "attributes", "tool"),
    [("S/m", {"normalisation": "static"}, TOOL), ("S/m", {}, None), ("uA/V", {}, TOOL),
     ("S/m", {}, ADMITTANCE), ("uA/V", {}, ADMITTANCE)],
)  # fmt: skip
def test_what_is_not_calibrated_is_missing(unit: str, attributes: dict[str, Any], tool: ApertureTool | None) -> None:
    """No aperture and a major finding: normalised, another unit, no coefficients, no flushed zone."""
    fracture = [(101.0, 10.0, 0.0, excess_of(0.2))]
    image = image_of(conductivity(fracture), unit, **attributes)
    picks, findings = measure_apertures(image, picks_of(fracture), RM, tool)
    assert picks["aperture_mm"].isna().all()
    assert picks["aperture_reliability"].tolist() == [""]
    assert [(f.kind, f.severity) for f in findings] == [("aperture-uncalibrated", "major")]


def test_an_image_without_a_unit_is_not_calibrated() -> None:
    """Grey values are no conductivity."""
    fracture = [(101.0, 10.0, 0.0, excess_of(0.2))]
    image = well_image(conductivity(fracture), DEPTH, ANGLE, reference="north", diameter=0.2)
    assert kinds(measure_apertures(image, picks_of(fracture), RM, TOOL)[1]) == {"aperture-uncalibrated"}


def test_the_unit_tells_the_conductive_end() -> None:
    """Polarities of picks on an image that was read with the wrong end dark are passed over, with a finding."""
    fracture = [(101.0, 10.0, 0.0, excess_of(0.2))]
    image = image_of(conductivity(fracture), dark="low")
    picks, findings = measure_apertures(image, picks_of(fracture, polarity="resistive"), RM, TOOL)
    assert picks["aperture_mm"].tolist() == pytest.approx([0.2], rel=0.05)
    assert "dark-end-conflict" in kinds(findings)


def test_published_coefficients() -> None:
    """
    An excess of 100 uA mm / V in mud of 0.1 and rock of 100 ohm m is 0.1237 mm by hand.

    0.004801 * 100 * 0.1 ** 0.863 * 100 ** 0.137 = 0.4801 * 0.13709 * 1.87932.
    """
    image = image_of(50 + conductivity([(101.0, 0.0, 0.0, 0.1)]), "uA/V", tool="FMS")
    tool = aperture_tool(image, None)
    assert tool is not None
    tool = tool.model_copy(update={"flushed_resistivity": 100.0})
    picks, _ = measure_apertures(image, picks_of([(101.0, 0.0, 0.0, 0.0)]), 0.1, tool)
    assert picks["aperture_mm"].tolist() == pytest.approx([0.1237], rel=0.02)


def test_coefficients_from_a_file(tmp_path: Path) -> None:
    """Those of the user come first; an unknown tool has none; a wrong file is refused."""
    image = image_of(conductivity([]))
    assert aperture_tool(image, None) is None
    file = tmp_path / "tool.yaml"
    file.write_text("c: 0.9\nb: 0.863\nexcess: S\nsource: the test\n")
    assert aperture_tool(image, file) == TOOL
    for text in ("c: 0.9\n", "c: -1\nb: 0.8\nexcess: S\nsource: x\n", "c: 1\nb: 1.2\nexcess: S\nsource: x\n"):
        file.write_text(text)
        with pytest.raises(InputError):
            aperture_tool(image, file)


def test_pick_writes_apertures_if_the_mud_is_given(tmp_path: Path) -> None:
    """Columns and curves with ``--mud-resistivity``, none without; coefficients without a mud are refused."""
    width = 0.3
    fractures = [(100.5, 30.0, 40.0, excess_of(width)), (101.3, 50.0, 200.0, excess_of(width))]
    write_netcdf(image_of(conductivity(fractures, np.random.default_rng(0))), tmp_path / "A.nc")
    (tmp_path / "tool.yaml").write_text(f"c: {C}\nb: {B}\nexcess: S\nsource: the test\n")
    words = ["pick", tmp_path / "A.nc", "--method", "hough", "--no-picture", "--out"]
    mud = ["--mud-resistivity", RM, "--aperture-tool", tmp_path / "tool.yaml"]
    assert run_command(*words, tmp_path / "plain").returncode == 0
    assert run_command(*words, tmp_path / "open", *mud).returncode == 0
    plain, picks = (pd.read_csv(tmp_path / folder / "A.picks.csv") for folder in ("plain", "open"))
    pd.testing.assert_frame_equal(picks[list(plain)], plain)
    assert not set(APERTURE_COLUMNS) & set(plain)
    widths = picks.set_index(picks["depth_m"].round(1))["aperture_mm"]
    assert widths.loc[[100.5, 101.3]].tolist() == pytest.approx([width] * 2, rel=0.1)
    curves = read_aperture_curves(tmp_path / "open" / "A.apertures.csv")
    assert curves["depth_m"].tolist() == pytest.approx(np.arange(100, 102, 0.1).tolist())
    assert run_command(*words, tmp_path / "none", *mud[2:]).returncode == 1
    assert not (tmp_path / "none").exists()


def test_curves_of_mean_and_hydraulic_aperture(tmp_path: Path) -> None:
    """Means and cubic means in windows, against a loop; the table comes back from its file."""
    rng = np.random.default_rng(4)
    picks = pd.DataFrame({"depth_m": rng.uniform(0, 10, 40), "aperture_mm": rng.uniform(0.05, 1, 40)})
    picks["aperture_hydraulic_mm"] = picks["aperture_mm"] * 1.1
    picks.loc[::7, ["aperture_mm", "aperture_hydraulic_mm"]] = np.nan
    at = np.arange(0, 12, 0.1)
    curves = aperture_curves(picks, at)
    for row in curves.itertuples():
        inside = picks[(picks["depth_m"] - row.depth_m).abs() <= 0.5].dropna()
        assert row.count == len(inside)
        if len(inside):
            assert row.aperture_mean_mm == pytest.approx(inside["aperture_mm"].mean())
            cubes = [width**3 for width in inside["aperture_hydraulic_mm"]]
            assert row.aperture_hydraulic_mm == pytest.approx((sum(cubes) / len(cubes)) ** (1 / 3))
        else:
            assert np.isnan([row.aperture_mean_mm, row.aperture_hydraulic_mm]).all()
    write_aperture_curves(curves, tmp_path / "a.csv")
    pd.testing.assert_frame_equal(read_aperture_curves(tmp_path / "a.csv"), curves, atol=1e-4)
    (tmp_path / "b.csv").write_text("depth_m\n1\n")
    with pytest.raises(InputError):
        read_aperture_curves(tmp_path / "b.csv")
