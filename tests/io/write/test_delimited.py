"""Delimited images: what stands in the file, and what our reader gets back."""

import numpy as np
import pandas as pd
import pytest

from geobfdt.io.images.text.delimited import read
from geobfdt.io.write.delimited import write_csv, write_techlog_image
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.options import ReadingOptions

ROWS, COLUMNS = 30, 8


@pytest.fixture
def image():
    """Awkward values, gaps, logs that are partly unknown."""
    rng = np.random.default_rng(5)
    pixels = (rng.normal(size=(ROWS, COLUMNS)) * 10.0 ** rng.integers(-6, 6, (ROWS, COLUMNS))).astype(np.float32)
    pixels[2, 3], pixels[7, 0] = np.nan, np.inf
    return well_image(
        pixels,
        1000 / 3 + 0.00254 * np.arange(ROWS),
        diameter=0.2159,
        deviation=np.where(np.arange(ROWS) < 5, np.nan, 88.7),
        well="Ü, 1",
        tool="FMI HD",
        reference="north",
        north="magnetic",
        declination=1.5,
        units="ohm.m",
    )


@pytest.mark.parametrize("cells", [20, 10**6])
def test_csv_round_trip(image, tmp_path, cells):
    """Depths, angles, values, logs and attributes come back exactly; not measured stays so."""
    write_csv(image, tmp_path / "a.csv", cells)
    raw = read(tmp_path / "a.csv", ReadingOptions())
    measured = np.isfinite(image["image"].values)
    assert np.array_equal(raw.values, np.where(measured, image["image"].values, np.nan), equal_nan=True)
    assert np.abs(raw.depth - image.depth.values).max() < 1e-12
    assert np.array_equal(raw.azimuth, image.azimuth.values)
    for name, log in raw.logs.items():
        assert np.array_equal(log.values, image[name].values, equal_nan=True)
    expected = {name: image.attrs[name] for name in ("well", "tool", "north", "declination", "dark", "normalisation")}
    assert raw.attributes == {**expected, "reference": "north", "units": "ohm.m"}


def test_csv_whole_degrees(tmp_path):
    """Columns at 0, 1, 2, ... keep their angles, and are not taken for indices."""
    image = well_image(np.ones((2, 360)), [1, 2], azimuth=np.arange(360.0))
    write_csv(image, tmp_path / "a.csv")
    assert read(tmp_path / "a.csv", ReadingOptions()).azimuth[:3].tolist() == [0, 1, 2]


def test_csv_is_plain(image, tmp_path):
    """Pandas reads it without help of ours."""
    write_csv(image, tmp_path / "a.csv")
    table = pd.read_csv(tmp_path / "a.csv", comment="#")
    assert table.shape == (ROWS, 4 + COLUMNS)
    assert table["diameter_m"].iloc[0] == 0.2159


@pytest.mark.parametrize("cells", [20, 10**6])
def test_techlog_round_trip(image, tmp_path, cells):
    """One line a sector, in feet; depths come back to 0.01 mm and values exactly."""
    write_techlog_image(image, tmp_path / "a.csv", cells)
    lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "wellName,datasetName,TDEP,FMI_HD_IMG"
    assert len(lines) == 2 + ROWS * COLUMNS
    raw = read(tmp_path / "a.csv", ReadingOptions())
    measured = np.isfinite(image["image"].values)
    assert np.array_equal(raw.values, np.where(measured, image["image"].values, np.float32(-9999)))
    assert raw.depth_unit == "ft"
    assert np.abs(raw.depth * 0.3048 - image.depth.values).max() < 1e-5
    assert raw.attributes == {"well": "Ü 1", "units": "ohm.m"}


def test_techlog_has_no_angles(tmp_path):
    """An image whose columns start elsewhere would be turned in silence, so it is refused."""
    image = well_image(np.ones((2, 4)), [1, 2], azimuth=[0, 90, 180, 270])
    with pytest.raises(InputError, match="implies 45"):
        write_techlog_image(image, tmp_path / "a.csv")
    assert list(tmp_path.iterdir()) == []
