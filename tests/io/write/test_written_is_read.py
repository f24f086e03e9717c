"""Whatever format a well is written in, reading the file gives the well back."""

import numpy as np
import pytest

from geobfdt.io.images.files import inspect, read
from geobfdt.wells.image import well_image
from geobfdt.workflows.convert import IMAGE_FORMATS

ROWS, COLUMNS = 300, 36
LOSSY = {"png": 0.02}  # grey steps of 16 bits over the range of the values
CLIPPED = {"png": (0.5, 99.5)}  # percentiles


@pytest.fixture(scope="module")
def image():
    """A deviated well with gaps in its image."""
    rng = np.random.default_rng(8)
    pixels = rng.normal(120, 40, (ROWS, COLUMNS)).astype(np.float32)
    pixels[:, 7:9] = np.nan
    return well_image(
        pixels,
        1500 + 0.00254 * np.arange(ROWS),
        diameter=0.2159,
        deviation=np.linspace(40, 41, ROWS),
        hole_azimuth=np.linspace(359.5, 360.5, ROWS) % 360,
        well="Ü-1",
        tool="FMI",
        reference="pseudo_north",
        north="grid",
        declination=2.5,
        dark="high",
        normalisation="static",
        units="ohm.m",
    )


@pytest.mark.parametrize("name", list(IMAGE_FORMATS))
def test_round_trip(image, tmp_path, name):
    """Depths to 0.01 mm, angles, mask, values; hole and attributes where the format has a place for them."""
    suffix = {"netcdf": ".nc", "dlis": ".dlis", "png": ".png"}.get(name, ".csv")
    file = tmp_path / f"a{suffix}"
    IMAGE_FORMATS[name](image, file)
    back = read(file)
    assert np.abs(back.depth.values - image.depth.values).max() < 1e-5
    assert np.abs(back.azimuth.values - image.azimuth.values).max() < 1e-6
    values = image["image"].values
    if name in CLIPPED:
        values = np.clip(values, *np.nanpercentile(values, CLIPPED[name]))
    assert np.allclose(back["image"].values, values, rtol=0, atol=LOSSY.get(name, 0), equal_nan=True)
    assert back.attrs["well"] == "Ü-1"
    assert back.attrs["units"] == "ohm.m"
    if name != "techlog-image":
        for log in ("diameter", "deviation"):
            assert back[log].values == pytest.approx(image[log].values, abs=1e-4)
        turned = (back.hole_azimuth.values - image.hole_azimuth.values + 180) % 360 - 180
        assert np.abs(turned).max() < 0.01
        for attribute in ("tool", "reference", "north", "declination", "dark", "normalisation"):
            assert back.attrs[attribute] == image.attrs[attribute], attribute
    listed = inspect(file)
    assert "image" in {item["role"] for item in listed.items}


def test_columns_anywhere(tmp_path):
    """Columns that start elsewhere than half a column from the reference keep their place in each format that can."""
    image = well_image(
        np.arange(40.0).reshape(5, 8), 10 + 0.01 * np.arange(5), azimuth=3 + 45.0 * np.arange(8), well="A"
    )
    for name in set(IMAGE_FORMATS) - {"techlog-image"}:
        file = tmp_path / f"a.{ {'netcdf': 'nc'}.get(name, name) }"
        IMAGE_FORMATS[name](image, file)
        assert read(file).azimuth.values == pytest.approx(image.azimuth.values)
