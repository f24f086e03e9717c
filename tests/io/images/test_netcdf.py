"""A well that goes to disk and comes back is the same well, and a bad file is one line."""

import errno
import fcntl
import pickle

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.io.images.netcdf import contents, read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.image import well_image

BITS = np.array([0.1, -0.0, np.nan, np.inf, 1e-45, 3.4e38], dtype=np.float32)


def example(rows=40, columns=12, **attributes):
    """A well with awkward values."""
    rng = np.random.default_rng(rows)
    return well_image(
        rng.choice(BITS, (rows, columns)),
        100 + np.cumsum(rng.random(rows) + 0.001),
        diameter=rng.random(rows),
        deviation=np.where(rng.random(rows) < 0.3, np.nan, 1 / 3),
        findings=[Finding(Severity.MAJOR, "a-kind", "place", "seen ‰ 3", "done")],
        **attributes,
    )


def assert_same(first, second):
    """Same bits, types and attributes."""
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        one, two = first[name].values, second[name].values
        assert one.dtype == two.dtype
        assert one.tobytes() == two.tobytes(), name
        assert first[name].attrs == second[name].attrs
    for name, value in first.attrs.items():
        assert second.attrs[name] == value or (value != value and second.attrs[name] != second.attrs[name]), name


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(1, 60),
    columns=st.integers(2, 20),
    well=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    declination=st.sampled_from([float("nan"), 0.1, -35.0]),
)
def test_round_trip_to_the_bit(tmp_path_factory, rows, columns, well, declination):
    """Values, depths, logs, findings and attributes all come back."""
    file = tmp_path_factory.mktemp("nc") / "a.nc"
    image = example(rows, columns, well=well, declination=declination, reference="pseudo_north", dark="high")
    write_netcdf(image, file)
    with read(file) as back:
        assert_same(image, back)


def test_dynamic_companion(tmp_path):
    """The companion comes back where there was one."""
    image = well_image(np.zeros((3, 4)), [1, 2, 3], dynamic=np.eye(3, 4), normalisation="static")
    write_netcdf(image, tmp_path / "a.nc")
    with read(tmp_path / "a.nc") as back:
        assert_same(image, back)


def test_pixels_stay_on_disk(tmp_path, monkeypatch):
    """Opening reads no pixel; a slice reads its own rows."""
    write_netcdf(example(5000, 36), tmp_path / "a.nc")
    requests = []
    whole = xr.core.indexing.LazilyIndexedArray.get_duck_array

    def spy(self):
        requests.append(self.shape)
        return whole(self)

    monkeypatch.setattr(xr.core.indexing.LazilyIndexedArray, "get_duck_array", spy)
    with read(tmp_path / "a.nc") as well:
        assert all(len(shape) == 1 for shape in requests)
        requests.clear()
        assert well["image"][100:110].values.shape == (10, 36)
        assert set(requests) == {(10, 36)}


def test_slices_of_a_chunk_unpack_it_once(tmp_path, monkeypatch):
    """The variable stays open between slices, so that HDF5 keeps the chunk; `close` lets go of it."""
    write_netcdf(example(), tmp_path / "a.nc")
    well = read(tmp_path / "a.nc")
    opened = []
    monkeypatch.setattr(h5py, "File", lambda *words, **options: opened.append(words))
    parts = [well["image"].isel(depth=slice(row, row + 5)).values for row in range(0, 40, 5)]
    assert np.concatenate(parts).tobytes() == example()["image"].values.tobytes()
    assert not opened
    monkeypatch.undo()
    well.close()
    with h5py.File(tmp_path / "a.nc", "r+"):
        pass
    assert well["image"].isel(depth=slice(3, 4)).values.tobytes() == example()["image"].values[3:4].tobytes()


def test_copies_have_a_file_of_their_own(tmp_path):
    """A deep copy and a pickled one give the same pixels, also once the first is closed."""
    write_netcdf(example(), tmp_path / "a.nc")
    well = read(tmp_path / "a.nc")
    copies = [well.copy(deep=True), pickle.loads(pickle.dumps(well))]
    well.close()
    for copy in copies:
        assert copy["image"].values.tobytes() == example()["image"].values.tobytes()


def test_contents(tmp_path):
    """What is in it, without reading it."""
    write_netcdf(example(well="A-1"), tmp_path / "a.nc")
    listed = contents(tmp_path / "a.nc")
    assert {item["name"]: item["role"] for item in listed.items}["image"] == "image"
    assert listed.header["well"] == "A-1"


def test_damage_is_noticed(tmp_path):
    """Bytes flipped in the pixels fail their checksum instead of giving a wrong picture."""
    rng = np.random.default_rng(0)
    write_netcdf(well_image(rng.random((400, 36)), np.arange(400.0)), tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc") as file:
        offset = file["image"].id.get_chunk_info(0).byte_offset
    data = bytearray((tmp_path / "a.nc").read_bytes())
    data[offset + 500] ^= 0xFF
    (tmp_path / "a.nc").write_bytes(data)
    with read(tmp_path / "a.nc") as well, pytest.raises(InputError, match=r"a\.nc: not a sound netCDF-4 file"):
        well["image"].values  # noqa: B018


def set_attribute(file, name, value):
    """Change an attribute in place."""
    with h5py.File(file, "a") as opened:
        opened.attrs[name] = value


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: f.write_bytes(f.read_bytes()[:3000]), "not a sound netCDF-4 file"),
        (lambda f: f.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 500), "not a sound netCDF-4 file"),
        (lambda f: set_attribute(f, "format", "other"), "not a 'GeoBFDT well image 1'"),
        (lambda f: set_attribute(f, "reference", "south"), "south"),
        (lambda f: set_attribute(f, "colour", "red"), "colour"),
        (lambda f: set_attribute(f, "hue", "red"), "hue"),
        (lambda f: set_attribute(f, "findings", "[{}]"), "findings"),
        (lambda f: set_attribute(f, "findings", "{"), "not a sound"),
    ],
)
def test_bad_files(tmp_path, spoil, message):
    """Each is refused in one line."""
    file = tmp_path / "a.nc"
    write_netcdf(example(), file)
    spoil(file)
    with pytest.raises(InputError, match=message) as caught:
        read(file)
    assert "\n" not in str(caught.value)


def test_colours_come_back_and_are_read_by_slices(tmp_path):
    """The same bytes, read row by row; a file whose colours are not 8 bits a channel is refused."""
    image = example()
    colour = np.random.default_rng(0).integers(0, 256, (40, 12, 3), dtype=np.uint8)
    write_netcdf(image.assign(colour=(("depth", "azimuth", "channel"), colour)), tmp_path / "a.nc")
    with read(tmp_path / "a.nc") as back:
        assert np.array_equal(back["colour"].isel(depth=slice(3, 7)).values, colour[3:7])
        assert_same(image, back.drop_vars("colour"))
    wide = image.assign(colour=(("depth", "azimuth", "channel"), colour.astype(np.uint16)))
    four = image.assign(colour=(("depth", "azimuth", "channel"), np.dstack([colour, colour[..., :1]])))
    for number, wrong in enumerate((wide, four)):
        with pytest.raises((InputError, ValueError)):
            write_netcdf(wrong, tmp_path / f"{number}.nc")
            read(tmp_path / f"{number}.nc")


def test_foreign_and_monstrous_files(tmp_path):
    """A foreign file lacks what we need; one that claims terabytes is not opened further."""
    xr.Dataset({"t": ("x", [1.0])}).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(InputError, match="not a 'GeoBFDT"):
        read(tmp_path / "a.nc")
    write_netcdf(example(), tmp_path / "b.nc")
    with h5py.File(tmp_path / "b.nc", "a") as file:
        del file["image"]
        made = file.create_dataset("image", (40, 10**9), np.float32, chunks=(1, 1000))
        made.dims[0].attach_scale(file["depth"])
    with pytest.raises(InputError):
        read(tmp_path / "b.nc")


@pytest.mark.parametrize("way", ["external", "virtual", "link"])
def test_other_files_are_not_followed(way, tmp_path):
    """A file sent by a stranger must not draw the bytes of another one, whichever way HDF5 has to get at them."""
    secret = tmp_path / "secret"
    secret.write_bytes(np.arange(24, dtype="f4").tobytes())
    for name in ("sent", "other"):
        write_netcdf(well_image(np.full((3, 8), 7), [10.0, 10.1, 10.2]), tmp_path / f"{name}.nc")
    with h5py.File(tmp_path / "sent.nc", "a") as file:
        if way == "link":
            del file["image"]
            file["image"] = h5py.ExternalLink(str(tmp_path / "other.nc"), "/image")
        else:
            old = file["image"]
            if way == "external":
                new = file.create_dataset("new", old.shape, "f4", external=[(str(secret), 0, 96)])
            else:
                layout = h5py.VirtualLayout(old.shape, "f4")
                layout[:] = h5py.VirtualSource(str(tmp_path / "other.nc"), "image", old.shape)
                new = file.create_virtual_dataset("new", layout)
            for name in ("units", "_Netcdf4Coordinates", "_Netcdf4Dimid"):
                new.attrs[name] = old.attrs[name]
            for axis, name in enumerate(("depth", "azimuth")):
                new.dims[axis].attach_scale(file[name])
            del file["image"]
            file.move("new", "image")
    with h5py.File(tmp_path / "sent.nc") as file:
        assert file["image"].shape == (3, 8)  # HDF5 itself follows
    for reader in (read, contents):
        with pytest.raises(InputError, match="'image' lies in another file"):
            reader(tmp_path / "sent.nc")


def test_file_in_use(tmp_path):
    """A file that another program holds is sound: it is told as in use, and nothing asks to make it again."""
    write_netcdf(example(), tmp_path / "a.nc")
    with (tmp_path / "a.nc").open("rb+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        for reader in (read, contents):
            with pytest.raises(InputError, match="in use") as refused:
                reader(tmp_path / "a.nc")
            assert "ingest" not in str(refused.value)
    assert read(tmp_path / "a.nc").sizes


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_disk_without_locks(tmp_path, monkeypatch, code):
    """A disk that gives no locks is told, with the setting that does without."""
    write_netcdf(example(), tmp_path / "a.nc")

    def refuse(*_):
        raise OSError(code, f"Unable to synchronously open file (unable to lock file, errno = {code})")

    monkeypatch.setattr(h5py, "File", refuse)
    with pytest.raises(InputError, match="HDF5_USE_FILE_LOCKING"):
        read(tmp_path / "a.nc")
