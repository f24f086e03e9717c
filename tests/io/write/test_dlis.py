"""DLIS files: what dlisio, an independent reader, finds in them."""

import dlisio
import numpy as np
import pytest

from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image

ROWS, COLUMNS = 50, 24
DEPTH = 1234.5 + 0.00254 * np.arange(ROWS)


@pytest.fixture
def image():
    """A small image with a gap, a companion and logs that vary."""
    rng = np.random.default_rng(3)
    pixels = rng.normal(100, 30, (ROWS, COLUMNS)).astype(np.float32)
    pixels[4, 7] = np.nan
    pixels[5, 8] = np.inf
    return well_image(
        pixels,
        DEPTH,
        azimuth=7 + 15.0 * np.arange(COLUMNS),
        dynamic=pixels[:, ::-1],
        diameter=np.linspace(0.2, 0.25, ROWS),
        deviation=np.where(np.arange(ROWS) < 3, np.nan, 12.5),
        hole_azimuth=359.0,
        well="Bohrung Ü-1",
        tool="FMI-HD",
        run="2",
        reference="high_side",
        north="magnetic",
        declination=-3.25,
        dark="high",
        normalisation="static",
        units="°",
    )


def read(path):
    """Curves, channels, parameters and origin as dlisio has them."""
    with dlisio.dlis.load(str(path)) as (logical, *_):
        frame = logical.frames[0]
        channels = {
            c.name: (c.units, c.dimension, list(c.axis[0].coordinates) if c.axis else []) for c in frame.channels
        }
        parameters = {p.name.removeprefix("GEOBFDT_"): p.values[0] for p in logical.parameters}
        return frame.curves(), channels, parameters, logical.origins[0].well_name, frame.direction, frame.spacing


def test_values_depths_and_logs(image, tmp_path):
    """Pixels come back to the bit, depths to a nanometre, up-hole, nulls as -9999."""
    write_dlis(image, tmp_path / "a.dlis")
    curves, channels, *_ = read(tmp_path / "a.dlis")
    expected = np.where(np.isfinite(image["image"].values), image["image"].values, np.float32(-9999))
    assert np.array_equal(curves["FMI_HD_STAT"][::-1], expected)
    assert np.array_equal(curves["FMI_HD_DYN"][::-1], expected[:, ::-1])
    assert (np.diff(curves["TDEP"]) < 0).all()
    assert np.abs(curves["TDEP"][::-1] * 0.00254 - DEPTH).max() < 1e-9
    assert curves["DEVI"][::-1][[0, 10]].tolist() == [-9999, 12.5]
    assert curves["CALI"][-1] * 0.0254 == pytest.approx(0.2)
    assert channels["TDEP"][0] == "0.1 in"
    assert channels["FMI_HD_STAT"] == ("°", [COLUMNS], image.azimuth.values.tolist())


def test_parameters(image, tmp_path):
    """What DLIS has no place for stands in the parameters."""
    write_dlis(image, tmp_path / "a.dlis")
    _, _, parameters, well, *_ = read(tmp_path / "a.dlis")
    assert well == "Bohrung Ü-1"
    assert parameters == {
        "AZIMUTH_FIRST": 7.0,
        "REFERENCE": "high_side",
        "NORTH": "magnetic",
        "DECLINATION": -3.25,
        "DARK": "high",
        "NORMALISATION": "static",
        "TOOL": "FMI-HD",
        "RUN": 2,
    }


def test_unknown_is_left_out(tmp_path):
    """Of a bare image of one row nothing is claimed."""
    write_dlis(well_image(np.ones((1, 4)), [5.0]), tmp_path / "a.dlis")
    curves, channels, parameters, well, *_ = read(tmp_path / "a.dlis")
    assert curves["IMAGE_IMG"].shape == (1, 4)
    assert well is None
    assert not {"DECLINATION", "TOOL", "RUN"} & set(parameters)
    assert "IMAGE_DYN" not in channels


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("ft", 0.3048), ("in", 0.0254), ("cm", 0.01)])
def test_units_and_down_hole_order(image, tmp_path, unit, metres):
    """Other units and the other order, if asked."""
    write_dlis(image, tmp_path / "a.dlis", depth_unit=unit, upward=False, null=-999.25)
    curves, channels, *_ = read(tmp_path / "a.dlis")
    assert channels["TDEP"][0] == unit
    assert np.abs(curves["TDEP"] * metres - DEPTH).max() < 1e-9
    assert curves["FMI_HD_STAT"][4, 7] == np.float32(-999.25)


def test_uneven_rows_claim_no_spacing(tmp_path, capfd):
    """A gap in depth is not declared away, and the library's remarks stay unprinted."""
    depth = np.concatenate([np.arange(10), np.arange(50, 60)]) * 0.1
    write_dlis(well_image(np.ones((20, 4)), depth), tmp_path / "a.dlis")
    *_, direction, spacing = read(tmp_path / "a.dlis")
    assert (direction, spacing) == ("DECREASING", None)
    assert capfd.readouterr() == ("", "")


def test_same_image_same_bytes(image, tmp_path):
    """No clock and no dice in the file."""
    for name in ("a.dlis", "b.dlis"):
        write_dlis(image, tmp_path / name)
    assert (tmp_path / "a.dlis").read_bytes() == (tmp_path / "b.dlis").read_bytes()


def test_place_that_cannot_be_written(image, tmp_path):
    """One line, and nothing left behind."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write_dlis(image, tmp_path / "file" / "a.dlis")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
