"""Wells of welly and striplogs: there and back without a loss, and foreign ones by the rules of every reader."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import geobfdt
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import new_breakouts
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.intervals import new_intervals
from geobfdt.wells.picks import new_picks

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::PendingDeprecationWarning")
if importlib.util.find_spec("welly") is None or importlib.util.find_spec("striplog") is None:
    pytest.skip("the extra welly is not installed", allow_module_level=True)
# It is imported by what the users call: by itself it does not import beside the setuptools of today.
geobfdt.to_welly(well_image(np.eye(3, 8), [1.0, 1.1, 1.2]))
import welly  # noqa: E402

FT = 0.3048


@pytest.fixture
def image() -> WellImage:
    """A well with gaps, an unknown deviation, and columns at odd angles."""
    rng = np.random.default_rng(1)
    pixels = rng.normal(size=(40, 9)).astype(np.float32)
    pixels[3:5, 2:4] = np.nan
    hole = {"diameter": 0.2 + 0.01 * rng.random(40), "hole_azimuth": np.full(40, 120.0)}
    words = {"well": "A-1", "tool": "FMI", "reference": "north", "north": "magnetic", "declination": 2.5}
    angles = np.sort(rng.uniform(0, 359, 9)).round(6)
    return well_image(pixels, 1000 + 0.0254 * np.arange(40), angles, units="ohm.m", dark="high", **hole, **words)


def test_an_image_comes_back(image: WellImage) -> None:
    """Pixels, angles, depths, logs of the hole and what is known of them."""
    well = geobfdt.to_welly(image)
    assert isinstance(well, welly.Well)
    assert well.name == "A-1"
    assert set(well.data) == {"IMAGE", "DIAMETER", "HOLE_AZIMUTH"}
    back = geobfdt.from_welly(well)
    xr.testing.assert_allclose(back, image, rtol=1e-12)
    xr.testing.assert_equal(back.image, image.image)
    names = ("well", "tool", "reference", "north", "declination", "units", "dark", "normalisation")
    assert {name: back.attrs[name] for name in names} == {name: image.attrs[name] for name in names}


def test_welly_reads_values_at_depths(image: WellImage) -> None:
    """What welly itself says of a curve is what the image holds."""
    curve = geobfdt.to_welly(image).data["DIAMETER"]
    assert (curve.units, curve.index_units) == ("m", "m")
    assert curve.read_at(float(image.depth[7])) == pytest.approx(float(image.diameter[7]), abs=1e-12)


def test_tables_are_striplogs(image: WellImage) -> None:
    """Picks are points, intervals and breakouts are intervals; what is known is their data."""
    picks = new_picks(well="A-1", depth_m=[1000.2, 1000.5], class_=["bedding", "fracture"], dip_true_deg=[10.0, np.nan])
    intervals = new_intervals([("A-1", "ignored", "breakout", 1000.1, 1000.4)])
    breakouts = new_breakouts(
        well="A-1", top_m=[1000.1], base_m=[1000.4], class_="breakout", azimuth_app_deg=[80.0], width_deg=[30.0]
    )
    data = geobfdt.to_welly(image, picks=picks, intervals=intervals, breakouts=breakouts).data
    assert [(p.top.z, p.base.z, p.description) for p in data["PICKS"]] == [
        (1000.2, 1000.2, "bedding"), (1000.5, 1000.5, "fracture")
    ]  # fmt: skip
    assert data["PICKS"][0].data["dip_true_deg"] == 10.0
    assert "dip_true_deg" not in data["PICKS"][1].data
    assert data["BREAKOUTS"][0].data["width_deg"] == 30.0
    pd.testing.assert_frame_equal(geobfdt.from_striplog(data["INTERVALS"]), intervals)
    assert "INTERVALS" not in geobfdt.to_welly(image, intervals=new_intervals()).data


def foreign(**changes: Any) -> Any:
    """A well that somebody else made, in feet and inches, upwards, with a null of its own."""
    depth = (3000 + 0.1 * np.arange(20))[::-1]
    pixels = np.arange(20 * 8, dtype=float).reshape(20, 8)
    pixels[4, 4] = -999.25
    well = welly.Well()
    well.name = "B"
    words = {"index_units": "ft", "null": -999.25, **changes}
    well.data["FMI"] = welly.Curve(pixels, index=depth, mnemonic=[f"S{i}" for i in range(8)], **words)
    well.data["CALI"] = welly.Curve(np.full(20, 8.5), index=depth, mnemonic="CALI", units="in", index_units="ft")
    return well


def test_a_foreign_well_is_repaired_with_findings() -> None:
    """Units, order and nulls, as of any file."""
    image = geobfdt.from_welly(foreign(), azimuth_reference="north", deviation=0)
    np.testing.assert_allclose(image.depth.values, (3000 + 0.1 * np.arange(20)) * FT)
    np.testing.assert_allclose(image.diameter.values, 8.5 * 0.0254)
    assert image.image.values[-1].tolist() == list(range(8))
    assert np.isnan(image.image.values).sum() == 1
    assert {"depth-flipped", "pixels-null"} <= {finding.kind for finding in image.attrs["findings"]}


def test_what_is_not_stated_is_refused() -> None:
    """No image, several images, two units of depth, a unit of depth that is none."""
    with pytest.raises(InputError):
        geobfdt.from_welly(foreign(index_units="furlong"))
    empty = welly.Well()
    with pytest.raises(InputError):
        geobfdt.from_welly(empty)
    two = foreign()
    two.data["FMI2"] = two.data["FMI"]
    with pytest.raises(InputError):
        geobfdt.from_welly(two)
    assert geobfdt.from_welly(two, image="FMI2").sizes["azimuth"] == 8
    mixed = foreign()
    mixed.data["CALI"].index_units = "m"
    with pytest.raises(InputError):
        geobfdt.from_welly(mixed)


def test_a_wrong_attribute_is_refused(image: WellImage) -> None:
    """A reference that is none does not enter."""
    well = geobfdt.to_welly(image)
    well.header.loc[well.header["mnemonic"] == "REFERENCE", "value"] = "left"
    with pytest.raises(InputError):
        geobfdt.from_welly(well)


def test_foreign_striplogs() -> None:
    """Units are converted; what an interval does not say is said by the caller, or refused."""
    import striplog

    rows = [striplog.Interval(
        striplog.Position(100, units="ft"), striplog.Position(110, units="ft"),
        components=[striplog.Component({"lithology": "shale"})],
    )]  # fmt: skip
    table = geobfdt.from_striplog(striplog.Striplog(rows), well="A", kind="ignored")
    assert table.to_dict("records") == [
        {"well": "A", "kind": "ignored", "class": "Shale", "top_m": 100 * FT, "base_m": 110 * FT}
    ]
    for words in ({}, {"well": "A"}, {"kind": "ignored"}, {"well": "A", "kind": "seen"}):
        with pytest.raises(InputError):
            geobfdt.from_striplog(striplog.Striplog(rows), **words)
    upwards = striplog.Striplog([striplog.Interval(20, 10, description="x")])
    with pytest.raises(InputError):
        geobfdt.from_striplog(upwards, well="A", kind="ignored")
    furlongs = striplog.Position(1, units="furlong")
    with pytest.raises(InputError):
        log = striplog.Striplog([striplog.Interval(furlongs, furlongs, description="x")])
        geobfdt.from_striplog(log, well="A", kind="ignored")


def test_tables_that_make_no_striplog() -> None:
    """Empty ones, and those of several wells."""
    with pytest.raises(InputError):
        geobfdt.to_striplog(new_intervals())
    with pytest.raises(InputError):
        geobfdt.to_striplog(new_picks(well=["A", "B"], depth_m=[1.0, 2.0], class_="bedding"))
    with pytest.raises(InputError):
        geobfdt.to_striplog(pd.DataFrame({"well": ["A"]}))


def test_a_striplog_of_another_well_is_refused() -> None:
    """A name that contradicts that of an interval."""
    log = geobfdt.to_striplog(new_intervals([("A", "ignored", "breakout", 1.0, 2.0)]))
    with pytest.raises(InputError):
        geobfdt.from_striplog(log, well="B")
