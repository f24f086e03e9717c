"""PNG pictures: what Pillow sees in them, and what our reader gets back."""

import numpy as np
import pytest
import yaml
from PIL import Image

from geobfdt.io.images.raster.pictures import read
from geobfdt.io.write.raster import write_png
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.options import ReadingOptions

ROWS, COLUMNS = 60, 12


@pytest.fixture
def image():
    """Values from 0 to 1000 with a hole in them; angles that do not start at 0; logs that vary."""
    pixels = np.linspace(0, 1000, ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    pixels[3, 4] = np.nan
    return well_image(
        pixels,
        500 + 0.01 * np.arange(ROWS),
        azimuth=10 + 30.0 * np.arange(COLUMNS),
        dynamic=pixels[::-1],
        diameter=0.2,
        deviation=np.linspace(1, 2, ROWS),
        well="Ü-1: x",
        reference="pseudo_north",
        north="grid",
        declination=2.5,
        units="ohm.m",
    )


@pytest.mark.parametrize(("bits", "step"), [(8, 1000 / 254), (16, 1000 / 65000)])
@pytest.mark.parametrize("dark", ["low", "high"])
def test_round_trip(image, tmp_path, bits, step, dark):
    """Depths, angles, mask, hole and attributes come back; values to one step of the grey scale."""
    image = image.assign_attrs(dark=dark)
    write_png(image, tmp_path / "a.png", bits=bits, limits=(0, 1000))
    raw = read(tmp_path / "a.png", ReadingOptions())
    assert np.abs(raw.depth - image.depth.values).max() < 1e-9
    assert np.abs(raw.azimuth - image.azimuth.values).max() < 1e-6
    assert np.array_equal(np.isnan(raw.values), np.isnan(image["image"].values))
    assert np.nanmax(np.abs(raw.values - image["image"].values)) <= step
    expected = {name: image.attrs[name] for name in ("well", "reference", "north", "declination", "dark", "units")}
    assert raw.attributes == {**expected, "normalisation": "none"}
    assert raw.logs["diameter"].values.tolist() == [0.2, 0.2]
    log = raw.logs["deviation"]
    assert np.interp(image.depth.values, log.depth, log.values) == pytest.approx(image.deviation.values, abs=1e-4)
    assert "hole_azimuth" not in raw.logs


def test_dark_end_is_drawn_dark(image, tmp_path):
    """Where high values are the dark ones, they get the low greys; what was not measured is transparent."""
    write_png(image, tmp_path / "a.png", bits=8)
    write_png(image.assign_attrs(dark="high"), tmp_path / "b.png", bits=8)
    low, high = (np.asarray(Image.open(tmp_path / name).convert("LA")) for name in ("a.png", "b.png"))
    assert low[0, 0, 0] < 5 < 250 < low[-1, -1, 0]
    assert high[-1, -1, 0] < 5 < 250 < high[0, 0, 0]
    assert low[3, 4, 1] == 0
    assert (low[:, :, 1] == 0).sum() == 1


def test_outliers_do_not_flatten_the_picture(tmp_path):
    """The default scale spans percentiles, so one spark leaves the rest visible."""
    pixels = np.random.default_rng(0).normal(50, 10, (200, 36))
    pixels[7, 7] = 1e9
    write_png(well_image(pixels, np.arange(200) * 0.01), tmp_path / "a.png", bits=8)
    assert np.asarray(Image.open(tmp_path / "a.png")).std() > 30


def test_gap_in_depth(tmp_path):
    """Rows that were never logged are there, transparent, and the others keep their depths."""
    depth = np.concatenate([np.arange(10), np.arange(15, 20)]) * 0.1
    write_png(well_image(np.arange(60.0).reshape(15, 4), depth), tmp_path / "a.png", limits=(0, 60))
    raw = read(tmp_path / "a.png", ReadingOptions())
    measured = np.isfinite(raw.values).all(axis=1)
    assert raw.depth[measured] == pytest.approx(depth)
    assert raw.values.shape[0] == 20
    assert raw.values[measured][:, 0] == pytest.approx(4.0 * np.arange(15), abs=0.01)


def test_dynamic_and_small_images(image, tmp_path):
    """The companion on request; a single row; a flat image."""
    write_png(image, tmp_path / "a.png", variable="dynamic", limits=(0, 1000))
    assert read(tmp_path / "a.png", ReadingOptions()).values[0, 0] == pytest.approx(
        float(image["dynamic"][0, 0]), abs=0.02
    )
    assert yaml.safe_load((tmp_path / "a.yaml").read_text(encoding="utf-8"))["normalisation"] == "dynamic"
    write_png(well_image(np.full((1, 4), 7.0), [3.0]), tmp_path / "b.png")
    raw = read(tmp_path / "b.png", ReadingOptions())
    assert raw.depth.tolist() == [3.0]
    assert raw.values == pytest.approx(7.0, abs=1e-4)


def test_refusals(image, tmp_path):
    """Nothing measured, no companion, unequal columns, absurd gaps: one line and no file."""
    empty = well_image(np.full((3, 4), np.nan), [1, 2, 3])
    uneven = well_image(np.ones((3, 4)), [1, 2, 3], azimuth=[0, 10, 20, 200])
    far = well_image(np.ones((4, 4)), [0, 1e-6, 2e-6, 1e4])
    for well, message, options in [
        (empty, "nothing was measured", {}),
        (empty, "no dynamic", {"variable": "dynamic"}),
        (uneven, "not equal", {}),
        (far, "rows of 4 pixels", {}),
    ]:
        with pytest.raises(InputError, match=message):
            write_png(well, tmp_path / "out" / "a.png", **options)
        assert not (tmp_path / "out" / "a.png").exists()
