"""The engine of xarray gives what ``geobfdt.read`` gives."""

from __future__ import annotations

import importlib.metadata
import io
import tomllib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import geobfdt
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image

ROOT = Path(__file__).parents[2]
TEXT = b"depth_m,45.0,135.0,225.0,315.0\n10.0,1,2,3,4\n10.1,5,6,7,8\n"


@pytest.fixture(scope="module", autouse=True)
def engine(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The entry point of pyproject.toml, where the installed metadata are older than it."""
    group = "xarray.backends"
    if "geobfdt" in importlib.metadata.entry_points(group=group).names:
        return
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][group]
    folder = tmp_path_factory.mktemp("metadata")
    info = folder / "geobfdt_engine-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: geobfdt-engine\nVersion: 0\n")
    lines = [f"{name} = {value}" for name, value in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        xr.backends.list_engines.cache_clear()
        xr.backends.list_engines()


@pytest.fixture
def well(tmp_path: Path) -> Path:
    """A well of a field, with a dynamic companion."""
    pixels = np.random.default_rng(0).normal(size=(50, 12)).astype(np.float32)
    hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    image = well_image(
        pixels, 50 + 0.01 * np.arange(50), dynamic=2 * pixels, well="A", source="a", reference="north", **hole
    )
    write_netcdf(image, tmp_path / "A.nc")
    return tmp_path / "A.nc"


def test_open_dataset_reads_what_read_reads(well: Path) -> None:
    """Equal to the last attribute."""
    with xr.open_dataset(well, engine="geobfdt") as dataset:
        expected = geobfdt.read(well)
        xr.testing.assert_identical(dataset.load(), expected.load())
        assert dataset.attrs["findings"] == expected.attrs["findings"]


def test_a_netcdf_is_lazy(well: Path) -> None:
    """Pixels stay in the file until they are used."""
    dataset = xr.open_dataset(well, engine="geobfdt", drop_variables="dynamic")
    assert not dataset["image"].variable._in_memory
    assert "dynamic" not in dataset
    part = dataset["image"].sel(depth=slice(50.1, 50.2)).values
    np.testing.assert_array_equal(part, geobfdt.read(well)["image"].sel(depth=slice(50.1, 50.2)).values)
    dataset.close()
    write_netcdf(well_image(np.eye(3, 8), [1.0, 1.1, 1.2]), well)  # A file that is open is not replaced everywhere.


def test_reading_options_and_open_files() -> None:
    """Reading options are words of open_dataset; an unknown one is refused."""
    dataset = xr.open_dataset(io.BytesIO(TEXT), engine="geobfdt", diameter=0.2, azimuth_reference="north")
    assert dataset.diameter.values.tolist() == [0.2, 0.2]
    assert dataset.attrs["reference"] == "north"
    with pytest.raises(InputError):
        xr.open_dataset(io.BytesIO(TEXT), engine="geobfdt", diamond=0.2)


def test_no_file_is_taken_from_another_engine(tmp_path: Path) -> None:
    """Without a named engine, a foreign netCDF is opened by its own engine."""
    foreign = tmp_path / "foreign.nc"
    xr.Dataset({"a": ("x", [1.0, 2.0])}).to_netcdf(foreign, engine="h5netcdf")
    with xr.open_dataset(foreign) as dataset:
        assert dataset["a"].values.tolist() == [1.0, 2.0]
    with pytest.raises(InputError):
        xr.open_dataset(foreign, engine="geobfdt")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """Missing files and damaged ones are refused as by ``read``."""
    with pytest.raises(InputError):
        xr.open_dataset(tmp_path / "none.nc", engine="geobfdt")
