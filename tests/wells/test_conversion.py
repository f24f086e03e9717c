"""Conversion goes by the name of a format, or by the suffix where that tells it."""

import numpy as np
import pytest

from geobfdt.wells.conversion import convert
from geobfdt.wells.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import new_picks, write_picks
from geobfdt.wells.readers.files import read
from geobfdt.wells.readers.tables import read_pick_table
from geobfdt.wells.writers.netcdf import write_netcdf


def test_image_by_suffix(tmp_path):
    """A netCDF becomes a DLIS of the same pixels and depths."""
    pixels = np.random.default_rng(0).normal(size=(50, 16)).astype(np.float32)
    image = well_image(pixels, 10 + 0.01 * np.arange(50), well="A", reference="north", diameter=0.2)
    write_netcdf(image, tmp_path / "a.nc")
    convert(tmp_path / "a.nc", tmp_path / "b.dlis")
    back = read(tmp_path / "b.dlis")
    assert np.array_equal(back.image.values, pixels)
    assert np.allclose(back.depth.values, image.depth.values)


def test_table_by_name(tmp_path):
    """A pick table becomes Techlog's and is read back with its planes."""
    picks = new_picks(
        well="A", depth_m=[5.0], class_="fracture", dip_app_deg=60.0, azimuth_app_deg=10.0, dip_true_deg=61.0,
        azimuth_true_deg=12.0, amplitude_m=0.17, diameter_m=0.2, reference="north",
    )  # fmt: skip
    write_picks(picks, tmp_path / "a.picks.csv")
    convert(tmp_path / "a.picks.csv", tmp_path / "t.csv", "techlog")
    back = read_pick_table(tmp_path / "t.csv").picks
    assert back["dip_true_deg"].tolist() == pytest.approx([61.0])
    assert back["class"].tolist() == ["fracture"]


@pytest.mark.parametrize(("target", "to"), [("a.xyz", None), ("a.csv", None), ("a.nc", "parchment")])
def test_unknown_format_lists_the_known(tmp_path, target, to):
    """Where nothing tells the format, the error lists them all."""
    with pytest.raises(InputError, match=r"netcdf.*techlog"):
        convert(tmp_path / "a.nc", tmp_path / target, to)
