"""netCDF files, looked at with h5py."""

import h5py
import numpy as np
import xarray as xr

from geobfdt.io.images.netcdf import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.wells.image import well_image


def noise(rows, columns):
    """Pixels that do not compress."""
    return np.random.default_rng(0).random((rows, columns), dtype=np.float32)


def test_layout(tmp_path):
    """Pixels are compressed in short runs of whole rows, with checksums."""
    write_netcdf(well_image(noise(3000, 360), np.arange(3000) * 0.01), tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc") as file:
        image = file["image"]
        assert image.chunks[1] == 360
        assert 4 * 360 * image.chunks[0] <= 2**20
        assert (image.compression, image.shuffle, image.fletcher32) == ("gzip", True, True)
        assert file["depth"].dtype == np.float64


def test_same_image_same_bytes(tmp_path):
    """Writing twice gives the same file."""
    image = well_image(noise(500, 36), np.arange(500) * 0.01, well="A")
    for name in ("a.nc", "b.nc"):
        write_netcdf(image, tmp_path / name)
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()


def test_lazy_image_is_written_in_blocks(tmp_path, monkeypatch):
    """Copying a well that lies on disk never asks for more than a share of its rows at once."""
    rows = 60_000
    write_netcdf(well_image(noise(rows, 90), np.arange(rows) * 0.01), tmp_path / "a.nc")
    requests = []
    whole = xr.core.indexing.LazilyIndexedArray.get_duck_array

    def spy(self):
        requests.append(self.shape[0] if len(self.shape) == 2 else 0)
        return whole(self)

    monkeypatch.setattr(xr.core.indexing.LazilyIndexedArray, "get_duck_array", spy)
    write_netcdf(read(tmp_path / "a.nc"), tmp_path / "b.nc")
    assert 0 < max(requests) < rows
    assert (tmp_path / "a.nc").read_bytes() == (tmp_path / "b.nc").read_bytes()
