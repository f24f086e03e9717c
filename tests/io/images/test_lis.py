"""LIS79 files, built here byte by byte from the standard, as the reader has them."""

import json
import struct
from contextlib import nullcontext

import numpy as np
import pytest
from typer.testing import CliRunner

from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.cli import app
from geobfdt.io.images import files, lis
from geobfdt.runtime.findings import InputError
from geobfdt.simulation.geology import Geology
from geobfdt.simulation.pads import PadFlaws, simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import read_picks

STRING, BYTE, F32, I16, I32 = 65, 66, 68, 79, 73
ANY = ReadingOptions()
ROWS, COLUMNS = 40, 16


def record(kind, body):
    """One logical record in one physical record: length and attributes, type and attributes, body."""
    return struct.pack(">HHBB", 6 + len(body), 0, kind, 0) + body


def float32(values):
    """LIS code 68: sign, exponent in excess of 128 (ones' complement if negative), fraction in two's complement."""
    out = bytearray()
    for value in np.ravel(values):
        fraction, exponent = np.frexp(abs(float(value)))
        bits = (int(exponent) + 128) << 23 | round(float(fraction) * (1 << 23))
        if value < 0:
            bits = 1 << 31 | (~(int(exponent) + 128) & 0xFF) << 23 | (-round(float(fraction) * (1 << 23))) & 0x7FFFFF
        out += struct.pack(">I", 0 if value == 0 else bits)
    return bytes(out)


def entry(kind, code, value):
    """Entry block of a data format specification."""
    return bytes([kind, len(value), code]) + value


def spec(name, units, size, code, samples=1):
    """Spec block of 40 bytes: names, units, API codes, file number, size, level, samples, code, indicators."""
    text = name.ljust(4).encode() + b"SERVIC" + b"ORDER   " + units.ljust(4).encode()
    return text + bytes(4) + struct.pack(">hh", 1, size) + bytes(3) + bytes([samples, code]) + bytes(5)


def lis79(
    depth, pixels, caliper, *, name="FMI", unit=".1IN", null=-999.25, azimuth=None, tail=b"", entries=b"",
    index="DEPT", hole=("CALI", "IN"),
):  # fmt: skip
    """A whole file: file header, data format specification, one data record for every 10 rows, well site data."""
    channels = [(index, unit, depth), (name, "OHMM", pixels), (*hole, caliper)]
    channels += [] if azimuth is None else [("HAZI", "DEG", azimuth)]
    specification = entry(12, F32, float32(null)) + entries + entry(0, BYTE, b"")
    for label, units, values in channels:
        specification += spec(label, units, 4 * (values.shape[1] if values.ndim == 2 else 1), F32)
    content = record(128, b"RUN1  .001  SERVICVERS0001 26/01/01 01024  LO            "[:56].ljust(56))
    content += record(64, specification)
    for top in range(0, len(depth), 10):
        rows = range(top, min(top + 10, len(depth)))
        content += record(0, b"".join(float32(values[i]) for i in rows for _, _, values in channels))
    return content + tail + record(129, b"RUN1  .001  SERVICVERS0001 26/01/01 01024  LO            "[:56].ljust(56))


@pytest.fixture
def image():
    """Depths up-hole in 0.1 in, pixels with a null, a caliper."""
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (ROWS, COLUMNS)).astype(float)
    pixels[3, 4] = -999.25
    return 40000.0 - np.arange(ROWS), pixels, np.full(ROWS, 8.5)


def write(tmp_path, content):
    """Save it."""
    path = tmp_path / "a.lis"
    path.write_bytes(content)
    return path


def test_values(tmp_path, image):
    """Pixels, depths, units and the absent value come as they were put in."""
    raw = lis.read(write(tmp_path, lis79(*image)), ANY)
    assert np.array_equal(raw.values, image[1].astype(np.float32))
    assert np.array_equal(raw.depth, image[0])
    assert (raw.depth_unit, raw.nulls, raw.attributes["tool"], raw.attributes["units"]) == (
        ".1IN", (-999.25,), "FMI", "OHMM",
    )  # fmt: skip
    assert raw.logs["diameter"].unit == "IN"


def test_whole_way(tmp_path, image):
    """Told by its content; metres downwards, the null as NaN, the caliper in metres, an azimuth over north."""
    azimuth = (350 + np.arange(ROWS)) % 360.0
    path = write(tmp_path, lis79(*image, azimuth=azimuth))
    well = files.read(path, azimuth_reference="north")
    assert well.depth.values == pytest.approx(0.00254 * image[0][::-1])
    assert np.isnan(well.image.values[::-1][3, 4])
    assert np.isfinite(well.image.values).sum() == ROWS * COLUMNS - 1
    assert well.diameter.values == pytest.approx(8.5 * 0.0254)
    assert well.hole_azimuth.values == pytest.approx(azimuth[::-1], abs=1e-3)
    assert {"depth-flipped", "depth-unit", "pixels-null"} <= {f.kind for f in well.attrs["findings"]}


def test_tape_image(tmp_path, image):
    """The same inside a tape image: 12 bytes before every physical record say where the next and last one are."""
    content, at, records = lis79(*image), 0, []
    while at < len(content):
        size = struct.unpack(">H", content[at : at + 2])[0]
        records.append(content[at : at + size])
        at += size
    taped, before = b"", 0
    for part in records:
        here = len(taped)
        taped += struct.pack("<III", 0, before, here + 12 + len(part)) + part
        before = here
    taped += struct.pack("<III", 1, before, len(taped) + 12)
    taped += struct.pack("<III", 1, len(taped) - 12, len(taped) + 12)
    assert files.inspect(write(tmp_path, taped)).format == "LIS79"
    assert np.array_equal(lis.read(tmp_path / "a.lis", ANY).values, image[1].astype(np.float32))


def test_contents(tmp_path, image):
    """Channels with their roles and shapes."""
    items = lis.contents(write(tmp_path, lis79(*image))).items
    assert [(i["name"], i["role"], i["shape"]) for i in items] == [
        ("DEPT", "depth", (ROWS, 1)), ("FMI", "image", (ROWS, COLUMNS)), ("CALI", "diameter", (ROWS, 1)),
    ]  # fmt: skip


def test_named_image(tmp_path, image):
    """An image that is not there is refused with those that are."""
    path = write(tmp_path, lis79(*image))
    assert lis.read(path, ReadingOptions(image="fmi")).values.shape == (ROWS, COLUMNS)
    with pytest.raises(InputError, match="no channels are called 'UBI'; give --image one of FMI"):
        lis.read(path, ReadingOptions(image="UBI"))


@pytest.mark.parametrize("share", [0.02, 0.05, 0.3, 0.9])
def test_cut_short(tmp_path, image, share):
    """Of a cut file the whole records are read; where none is left it is refused in one line."""
    content = lis79(*image)
    path = write(tmp_path, content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"a\.lis") if share < 0.1 else nullcontext():
        values = lis.read(path, ANY).values
        assert 10 <= len(values) < ROWS
        assert np.array_equal(values, image[1][: len(values)].astype(np.float32))


def test_garbage_after_the_header(tmp_path):
    """A file that begins like LIS79 and goes on as noise is refused in one line."""
    noise = np.random.default_rng(0).bytes(5000)
    path = write(tmp_path, record(128, bytes(56)) + noise)
    with pytest.raises(InputError, match=r"a\.lis"):
        files.read(path)


def spacing(value, unit):
    """Entry blocks of the frame spacing and its unit."""
    return entry(8, F32, float32(value)) + entry(9, STRING, unit.ljust(4).encode())


@pytest.mark.parametrize(
    ("true", "label", "entries"),
    [
        (0.00254, "IN", spacing(1, ".1IN")),
        (0.3048, "M", spacing(1, "FT")),
        (0.3048, "M", entry(14, STRING, b"FT  ")),
        (1.0, "FT", spacing(1, "M")),
    ],
)
def test_contradicted_unit(tmp_path, image, true, label, entries):
    """An index in another unit than the specification says is refused; the stated unit is used, and the doubt kept."""
    path = write(tmp_path, lis79(3000.0 - np.arange(ROWS), *image[1:], unit=label, entries=entries))
    with pytest.raises(InputError) as refused:
        files.read(path)
    assert "--depth-unit" in refused.value.cure
    stated = {0.00254: "0.1 in", 0.3048: "ft", 1.0: "m"}[true]
    well = files.read(path, depth_unit=stated)
    assert well.depth.values[-1] == pytest.approx(3000 * true)
    assert "index-unit" in {f.kind for f in well.attrs["findings"]}


@pytest.mark.parametrize("entries", [spacing(1, ".1IN"), spacing(0.1, "IN"), entry(14, STRING, b".1IN")])
def test_agreeing_unit(tmp_path, image, entries):
    """A specification that agrees says nothing."""
    well = files.read(write(tmp_path, lis79(*image, entries=entries)))
    assert well.depth.values[-1] == pytest.approx(0.00254 * 40000)
    assert not {"index-unit", "index-attribute"} & {f.kind for f in well.attrs["findings"]}


@pytest.mark.parametrize(("index", "unit"), [("TVD", "M"), ("TIME", "S"), ("ETIM", "MS")])
def test_index_that_is_no_measured_depth(tmp_path, image, index, unit):
    """A vertical depth or a time is refused, even with a stated unit."""
    path = write(tmp_path, lis79(*image, index=index, unit=unit))
    for options in ({}, {"depth_unit": "m"}):
        with pytest.raises(InputError, match=index):
            files.read(path, **options)


def test_caliper(tmp_path, image):
    """A length that reads as a hole is proposed by name, and --caliper takes it."""
    path = write(tmp_path, lis79(*image, hole=("XYZ9", "IN")))
    well = files.read(path)
    assert np.isnan(well.diameter.values).all()
    assert "XYZ9" in next(f.action for f in well.attrs["findings"] if f.kind == "caliper-proposed")
    assert files.read(path, caliper="XYZ9").diameter.values == pytest.approx(8.5 * 0.0254)


def test_dipmeter(tmp_path, image):
    """Representation code 234 is of a dipmeter: the file is sound, and the refusal names curve and code."""
    content = lis79(*image)
    at = content.index(b"CALI") + 34
    path = write(tmp_path, content[:at] + bytes([234]) + content[at + 1 :])
    with pytest.raises(InputError, match="CALI") as refused:
        files.read(path)
    assert "234" in refused.value.observed
    assert "dipmeter" in refused.value.observed
    assert files.inspect(path).format == "LIS79"


def test_negative_numbers_of_the_writer():
    """The writer here agrees with the example of the standard: 153 is 444C8000, -153 is BBB38000."""
    assert float32(153).hex() == "444c8000"
    assert float32(-153).hex() == "bbb38000"


@pytest.mark.parametrize(("code", "size"), [(234, 90), (130, 80)])
def test_packed_samples_of_a_dipmeter(tmp_path, code, size):
    """Five fast curves of 16 samples a frame, a byte each; the deepest frame comes first, as a tool records it."""
    frames = 30
    samples = np.random.default_rng(0).integers(0, 256, (frames, 16, 5), dtype=np.uint8)
    depth = 5000.0 - 1.6 * np.arange(frames)
    body = entry(12, F32, float32(-999.25)) + entry(0, BYTE, b"")
    body += spec("DEPT", ".1IN", 4, F32) + spec("RHDT", "", size, code) + spec("P1AZ", "DEG", 4, F32)
    rows = b"".join(
        float32(depth[i]) + samples[i].tobytes() + bytes(size - 80) + float32(10.0 * i) for i in range(frames)
    )
    header = record(128, b"RUN1  .001  SERVICVERS0001 26/01/01 01024  LO            "[:56].ljust(56))
    path = write(tmp_path, header + record(64, body) + record(0, rows))
    recording = lis.read_dipmeter(path, ANY)
    assert set(recording.arrays) == {"FC0", "FC1", "FC2", "FC3", "FC4"}
    for k in range(5):
        np.testing.assert_array_equal(recording.arrays[f"FC{k}"][::-1, 0], samples[:, :, k].ravel())
    assert recording.depth[0] == pytest.approx(depth[-1] * 0.00254)
    assert np.diff(recording.depth) == pytest.approx(0.1 * 0.00254, abs=1e-6)
    assert recording.logs["pad1_azimuth"][0] == pytest.approx(290.0)
    assert next(i for i in files.inspect(path).items if i["name"] == "RHDT")["role"] == "dipmeter"
    with pytest.raises(InputError) as refused:
        files.read(path)
    assert "--method correlation" in refused.value.finding.action


def test_dips_of_an_hdt_tape(tmp_path):
    """A tape of packed samples as a whole: the dips of its four arms are those of the simulated beds."""
    beds = Geology(bedding_dip=25.0, bedding_azimuth=110.0, dip_scatter=0.5, bed_thickness=0.05)
    hole = WellSettings(length=16.0, deviation=20.0, hole_azimuth=40.0, rotation=0.05, geology=beds)
    pads = simulate_pads(hole, np.random.default_rng(6), PadFlaws(stick_slip=0.0), geometry=geometry_of("HDT"))
    recording = pads.recording
    frames = recording.rows // 16
    last = np.arange(frames) * 16  # A frame is named by its shallowest sample, the last one on the way up.
    curves = np.stack([recording.arrays[f"FC{max(k, 1)}"][:, 0] for k in range(5)], axis=1)
    scaled = np.clip(255 * curves / np.percentile(curves, 98), 0, 255).astype(np.uint8)
    body = entry(12, F32, float32(-999.25)) + entry(0, BYTE, b"")
    body += spec("DEPT", ".1IN", 4, F32) + spec("RHDT", "", 80, 130)
    logs = {"DEVI": "deviation", "HAZI": "hole_azimuth", "P1AZ": "pad1_azimuth", "C1": "caliper_1"}
    for name in logs:
        body += spec(name, "IN" if name == "C1" else "DEG", 4, F32)
    rows = b""
    for k in reversed(range(frames)):
        samples = scaled[16 * k : 16 * k + 16][::-1]
        rows += float32(recording.depth[last[k]] / 0.00254) + samples.tobytes()
        for name, log in logs.items():
            rows += float32(recording.logs[log][last[k]] / (0.0254 if name == "C1" else 1.0))
    size = 8 + 80 + 4 * len(logs) - 4
    assert len(rows) == frames * size
    header = record(128, b"RUN1  .001  SERVICVERS0001 26/01/01 01024  LO            "[:56].ljust(56))
    parts = [record(0, rows[at : at + 50 * size]) for at in range(0, len(rows), 50 * size)]
    path = write(tmp_path, header + record(64, body) + b"".join(parts))
    words = ["pick", str(path), "--method", "correlation", "--north", "true", "--out", str(tmp_path / "out"), "--json"]
    run = CliRunner().invoke(app, words)
    assert run.exit_code == 0, run.output
    [well] = json.loads(run.stdout)
    kinds = {finding["kind"] for finding in well["findings"]}
    assert {"electrodes-assumed", "speed-not-corrected"} <= kinds
    assert "pad-arrays-unused" not in kinds
    picks = read_picks(next((tmp_path / "out").glob("*.picks.csv")))
    assert len(picks) >= 3
    dip, azimuth = np.radians(picks["dip_true_deg"]), np.radians(picks["azimuth_true_deg"] - 110.0)
    cosine = np.cos(dip) * np.cos(np.radians(25)) + np.sin(dip) * np.sin(np.radians(25)) * np.cos(azimuth)
    assert np.mean(np.degrees(np.arccos(np.clip(cosine, -1, 1))) < 3) >= 0.9
