"""Pictures: depths, angles, colours, transparency, and what is refused."""

import io
import math
import struct
import zipfile
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image
from tests.real_data import DATA, TELEVIEWER

from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.raster import pixels
from geobfdt.io.images.raster.pictures import contents, read
from geobfdt.runtime.findings import InputError
from geobfdt.wells.options import ReadingOptions

EDGES = ReadingOptions(top=100.0, bottom=102.0)
GREY = np.arange(32, dtype=np.uint8).reshape(4, 8)


def save(path, values, mode=None, **options):
    """Write a picture, and a sidecar if `side` is among the options."""
    side = options.pop("side", None)
    Image.fromarray(values, mode).save(path, **options) if mode else Image.fromarray(values).save(path, **options)
    if side:
        path.with_suffix(".yaml").write_text(side, encoding="utf-8")
    return path


def kinds(raw):
    """Kinds of its findings."""
    return [finding.kind for finding in raw.findings]


def test_edges_become_row_centres(tmp_path):
    """Four rows over two metres have centres a quarter metre inside; eight columns are 45 degrees wide."""
    raw = read(save(tmp_path / "a.png", GREY), EDGES)
    assert raw.depth.tolist() == [100.25, 100.75, 101.25, 101.75]
    assert raw.depth_unit == "m"
    assert raw.azimuth.tolist() == [22.5, 67.5, 112.5, 157.5, 202.5, 247.5, 292.5, 337.5]
    assert raw.values.dtype == np.float32
    assert np.array_equal(raw.values, GREY)
    assert kinds(raw) == ["left-edge"]


def test_colour_is_luminance(tmp_path):
    """Each primary weighs as BT.709 says; grey in colour is no finding."""
    colours = np.zeros((2, 4, 3), dtype=np.uint8)
    colours[:, 0, 0] = colours[:, 1, 1] = colours[:, 2, 2] = 255
    colours[:, 3] = 255
    raw = read(save(tmp_path / "a.png", colours), EDGES)
    assert raw.values[0].tolist() == pytest.approx([54.213, 182.376, 18.411, 255.0], abs=1e-3)
    assert "colour-to-luminance" in kinds(raw)
    assert "colour-to-luminance" not in kinds(read(save(tmp_path / "b.png", np.full((2, 4, 3), 9, np.uint8)), EDGES))


def test_colours_are_kept_beside_luminance(tmp_path):
    """8 bits a channel of what was measured, rows and columns in the order of the image; grey pictures have none."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (4, 8, 3), dtype=np.uint8)
    side = "clockwise: false"
    image = assemble(read(save(tmp_path / "a.png", colours, side=side), EDGES), tmp_path / "a.png", EDGES)
    assert image["colour"].dtype == np.uint8
    assert np.array_equal(image["colour"].values, colours[:, ::-1])
    luma = image["colour"].values.astype(np.float32) @ np.float32([0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose(image["image"].values, luma, rtol=1e-5)
    clear = np.dstack([colours, np.where(np.arange(8) == 3, 0, 255) + np.zeros((4, 1))]).astype(np.uint8)
    part = assemble(read(save(tmp_path / "b.png", clear), EDGES), tmp_path / "b.png", EDGES)
    assert np.isnan(part["image"].values[:, 3]).all()
    assert not part["colour"].values[:, 3].any()
    assert "colour" not in assemble(read(save(tmp_path / "c.png", GREY), EDGES), tmp_path / "c.png", EDGES)


@pytest.mark.parametrize(("dtype", "white"), [(np.uint16, 65535), (np.float32, 1.0)])
def test_deeper_colours_become_eight_bits(dtype, white, tmp_path):
    """16 bits and fractions are scaled, not cut."""
    colours = np.linspace(0, white, 4 * 8 * 3).reshape(4, 8, 3).astype(dtype)
    np.savez(tmp_path / "a.npz", wall=colours)
    raw = read(tmp_path / "a.npz", EDGES)
    assert np.array_equal(raw.colour, np.round(colours.astype(float) * 255 / white).astype(np.uint8))


def test_transparent_is_not_measured(tmp_path):
    """Alpha 0, a transparent grey and a transparent palette colour are all NaN."""
    colours = np.full((3, 4, 4), 200, dtype=np.uint8)
    colours[1, 2, 3] = 0
    raw = read(save(tmp_path / "a.png", colours), EDGES)
    assert np.argwhere(np.isnan(raw.values)).tolist() == [[1, 2]]
    raw = read(save(tmp_path / "b.png", GREY, transparency=5), EDGES)
    assert np.argwhere(np.isnan(raw.values)).tolist() == [[0, 5]]
    palette = Image.fromarray(GREY).convert("P")
    palette.save(tmp_path / "c.png", transparency=int(np.asarray(palette)[2, 3]))
    assert np.argwhere(np.isnan(read(tmp_path / "c.png", EDGES).values)).tolist() == [[2, 3]]
    grey = np.stack([GREY, np.where(GREY == 7, 0, 255)], axis=-1).astype(np.uint8)
    assert np.argwhere(np.isnan(read(save(tmp_path / "d.png", grey), EDGES).values)).tolist() == [[0, 7]]


def test_angles(tmp_path):
    """The left edge may lie at any angle, and angles may grow to the left."""
    side = "{top: 100, bottom: 102, depth_unit: m, azimuth_first: 180}"
    raw = read(save(tmp_path / "a.png", GREY, side=side), ReadingOptions())
    assert raw.azimuth.tolist() == [202.5, 247.5, 292.5, 337.5, 22.5, 67.5, 112.5, 157.5]
    side = "{top: 100, bottom: 102, depth_unit: m, azimuth_first: 90, clockwise: false}"
    raw = read(save(tmp_path / "b.png", GREY, side=side), ReadingOptions())
    assert raw.azimuth.tolist() == [67.5, 22.5, 337.5, 292.5, 247.5, 202.5, 157.5, 112.5]


def test_north_in_the_centre(tmp_path):
    """Once assembled, the column right of the centre is the first one."""
    side = "{top: 100, bottom: 102, depth_unit: m, azimuth_first: 180}"
    path = save(tmp_path / "a.png", GREY, side=side)
    image = assemble(read(path, ReadingOptions()), path, ReadingOptions())
    assert np.array_equal(image["image"].values, np.roll(GREY, 4, axis=1))
    assert image.azimuth.values[0] == 22.5


def test_jpeg(tmp_path):
    """Grey and colour JPEG are read, to within their losses."""
    flat = np.full((16, 16), 90, np.uint8)
    for number, values in enumerate((flat, np.stack([flat] * 3, axis=-1))):
        raw = read(save(tmp_path / f"{number}.jpg", values), EDGES)
        assert raw.values == pytest.approx(90, abs=2)


def test_sidecar_says_the_rest(tmp_path):
    """Depth unit, crop, hole and attributes come from the YAML file."""
    side = """
well: 12
top: 10.0
bottom: 20.0
depth_unit: ft
columns: [2, 6]
azimuth_reference: high_side
diameter: 0.2
deviation: [[10.0, 1.5], [20.0, 3.5]]
dark: high
values: [1.0, 256.0]
"""
    raw = read(save(tmp_path / "a.png", GREY, side=side), ReadingOptions())
    assert raw.depth_unit == "ft"
    assert raw.depth[0] == 11.25
    assert np.array_equal(raw.values, GREY[:, 2:6] + 1.0)
    assert raw.attributes == {"well": "12", "reference": "high_side", "dark": "high"}
    assert raw.logs["diameter"].values.tolist() == [0.2, 0.2]
    assert (raw.logs["deviation"].values.tolist(), raw.logs["deviation"].unit) == ([1.5, 3.5], "deg")
    assert contents(tmp_path / "a.png").header["well"] == "12"


def test_stations_in_another_unit(tmp_path):
    """Stations in feet are put on depths in metres."""
    side = "{depth_unit: ft, deviation: [[1000, 2], [2000, 4]]}"
    raw = read(save(tmp_path / "a.png", GREY, side=side), EDGES)
    assert raw.logs["deviation"].depth == pytest.approx([304.8, 609.6])


def test_depth_vector_without_unit(tmp_path):
    """A bare vector named depth has no unit until the YAML file gives it one; only then stations can join it."""
    np.savez(tmp_path / "a.npz", image=GREY, depth=np.arange(4.0))
    assert read(tmp_path / "a.npz", ReadingOptions()).depth_unit == ""
    (tmp_path / "a.yaml").write_text("deviation: [[0, 2]]")
    with pytest.raises(InputError, match="no unit"):
        read(tmp_path / "a.npz", ReadingOptions())
    (tmp_path / "a.yaml").write_text("{depth_unit: ft, deviation: [[0, 2]]}")
    assert read(tmp_path / "a.npz", ReadingOptions()).depth_unit == "ft"


def test_options_win_and_say_so(tmp_path):
    """Depths given by hand override the YAML file's, in a major finding; the same depths are none."""
    side = "{top: 1, bottom: 2, depth_unit: m}"
    path = save(tmp_path / "a.png", GREY, side=side)
    assert "option-overrides" in kinds(read(path, EDGES))
    assert "option-overrides" not in kinds(read(path, ReadingOptions(top=1, bottom=2)))


@pytest.mark.parametrize(
    ("side", "options", "message"),
    [
        (None, {}, "--top and --bottom"),
        (None, {"top": 1.0}, "only one of"),
        (None, {"top": 2.0, "bottom": 1.0}, "not above its bottom"),
        (None, {"top": math.nan, "bottom": 1.0}, "not above its bottom"),
        (None, {"top": 1.0, "bottom": 2.0, "depth_unit": "ft"}, "in metres"),
        ("top: 1.0", {}, "only one of"),
        ("{top: 1, bottom: 2, colour: red}", {}, "colour: extra inputs"),
        ("{top: .inf, bottom: 2}", {}, "top: "),
        ("top: [", {}, "not a sidecar"),
        ("- 1", {}, "the whole: "),
        ("a: &a [1]\nb: *a", {}, "aliases"),
        ("[" * 5000, {}, "nested"),
        ("- " * 5000, {}, "not a sidecar"),
        ("{top: 1, bottom: 2, columns: [4, 90]}", {}, "columns 4 to 90"),
    ],
)
def test_refusals_name_the_cure(tmp_path, side, options, message):
    """Depths that are missing, half given or contradictory, and sidecars that are no sidecars."""
    path = save(tmp_path / "a.png", GREY, side=side)
    with pytest.raises(InputError, match=message) as caught:
        read(path, ReadingOptions(**options))
    assert "\n" not in str(caught.value)


def tiff(path, values, **options):
    """Write a TIFF."""
    tifffile.imwrite(path, values, **options)
    return path


def test_tiff(tmp_path):
    """Grey of 8, 16 and 32 bits, colour in either order of planes, white as zero, alpha, pages."""
    for number, kind in enumerate((np.uint8, np.uint16, np.float32)):
        raw = read(tiff(tmp_path / f"{number}.tif", GREY.astype(kind), photometric="minisblack"), EDGES)
        assert np.array_equal(raw.values, GREY)
    colours = np.random.default_rng(0).integers(0, 65535, (5, 6, 3), dtype=np.uint16)
    one = read(tiff(tmp_path / "a.tif", colours, photometric="rgb"), EDGES)
    two = read(tiff(tmp_path / "b.tif", np.moveaxis(colours, 2, 0), photometric="rgb", planarconfig="separate"), EDGES)
    assert np.array_equal(one.values, two.values)
    assert one.values[3, 4] == pytest.approx(colours[3, 4] @ [0.2126, 0.7152, 0.0722], rel=1e-5)
    raw = read(tiff(tmp_path / "c.tif", GREY, photometric="miniswhite"), EDGES)
    assert np.array_equal(raw.values, 255 - GREY)
    alpha = np.stack([GREY] * 3 + [np.where(GREY == 3, 0, 255).astype(np.uint8)], axis=-1)
    raw = read(tiff(tmp_path / "d.tif", alpha, photometric="rgb", extrasamples=["unassalpha"]), EDGES)
    assert np.argwhere(np.isnan(raw.values)).tolist() == [[0, 3]]
    with pytest.raises(InputError, match="page"):  # the depths are those of one picture
        read(tiff(tmp_path / "e.tif", np.stack([GREY, GREY]), photometric="minisblack"), EDGES)
    raw = read(save(tmp_path / "f.tif", GREY, compression="tiff_lzw"), EDGES)
    assert np.array_equal(raw.values, GREY)


def test_npz(tmp_path):
    """Depth vector and hole logs come along; of several pictures the largest is read, or the one asked for."""
    depth = np.array([5.0, 5.5, 6.0, 7.0])
    large = np.zeros((4, 8, 3), np.uint8)
    np.savez(tmp_path / "a.npz", amp=GREY[:, :4], rgb=large, depth_m=depth, cal_ave_mm=np.full(4, 104.0))
    raw = read(tmp_path / "a.npz", ReadingOptions())
    assert raw.values.shape == (4, 8)
    assert (raw.depth.tolist(), raw.depth_unit) == (depth.tolist(), "m")
    assert (raw.logs["diameter"].values[0], raw.logs["diameter"].unit) == (104.0, "mm")
    assert "image-chosen" in kinds(raw)
    raw = read(tmp_path / "a.npz", ReadingOptions(image="amp"))
    assert np.array_equal(raw.values, GREY[:, :4])
    roles = {item["name"]: item["role"] for item in contents(tmp_path / "a.npz").items}
    assert roles == {"amp": "image", "rgb": "image", "depth_m": "depth", "cal_ave_mm": "diameter"}
    with pytest.raises(InputError, match="it holds amp, rgb"):
        read(tmp_path / "a.npz", ReadingOptions(image="none"))
    np.savez(tmp_path / "b.npz", line=np.zeros(5), strip=np.zeros((5, 1)))
    with pytest.raises(InputError, match="two columns at least, but line 5, strip 5 x 1"):
        read(tmp_path / "b.npz", EDGES)
    np.savez(tmp_path / "c.npz", amp=GREY, depth_m=np.arange(9.0))
    with pytest.raises(InputError, match=rf"depth_m has 9 depths, amp {len(GREY)} rows"):
        read(tmp_path / "c.npz", ReadingOptions())


# TIFF 6.0, Orientation: at which side of the upright picture the rows and the columns of the stored one begin. From
# the row i and the column j that are stored, the upright row and column; H and W are the upright height and width.
H, W = GREY.shape
ORIENTATIONS = {
    2: lambda i, j: (i, W - 1 - j),
    3: lambda i, j: (H - 1 - i, W - 1 - j),
    4: lambda i, j: (H - 1 - i, j),
    5: lambda i, j: (j, i),
    6: lambda i, j: (j, W - 1 - i),
    7: lambda i, j: (H - 1 - j, W - 1 - i),
    8: lambda i, j: (H - 1 - j, i),
}


def stored(tag):
    """What a file stores so that GREY is upright under an orientation tag."""
    i, j = np.indices((W, H) if tag > 4 else (H, W))
    return GREY[ORIENTATIONS[tag](i, j)]


@pytest.mark.parametrize("tag", ORIENTATIONS)
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "lzw.tif"])
def test_orientation(tmp_path, name, tag):
    """A picture is turned upright by its tag, told of, and listed in its upright shape."""
    path = tmp_path / name
    exif = Image.Exif()
    exif[274] = tag
    values = stored(tag)
    if name == "a.tif":
        tiff(path, values, photometric="minisblack", extratags=[(274, "H", 1, tag, True)])
    elif name == "a.jpg":
        values = np.kron(values * 8, np.ones((8, 8))).astype(np.uint8)  # even blocks lose nothing
        Image.fromarray(values).save(path, exif=exif, quality=100)
    else:
        options = {"tiffinfo": {274: tag}, "compression": "tiff_lzw"} if name == "lzw.tif" else {"exif": exif}
        Image.fromarray(values).save(path, **options)
    raw = read(path, EDGES)
    read_values = raw.values[4::8, 4::8] / 8 if name == "a.jpg" else raw.values
    assert read_values == pytest.approx(GREY, abs=0.5)
    assert "orientation" in kinds(raw)
    assert contents(path).items[0]["shape"] == raw.values.shape


def test_unknown_orientation(tmp_path):
    """A tag that no orientation has turns nothing, and is told of."""
    path = tiff(tmp_path / "a.tif", GREY, photometric="minisblack", extratags=[(274, "H", 1, 9, True)])
    raw = read(path, EDGES)
    assert np.array_equal(raw.values, GREY)
    assert "orientation" in kinds(raw)


def nodata_tag(text):
    """The tag of GDAL."""
    return {"extratags": [(42113, "s", 0, text, True)]}


@pytest.mark.parametrize(
    ("kind", "absent", "text"),
    [
        (np.uint8, 7, "7"),
        (np.int16, -32768, "-32768"),
        (np.uint16, 7, "7 "),
        (np.float32, np.float32(-3.4028234663852886e38), "-3.4028234663852886e+38"),
        (np.float32, np.float32(0.1), "0.1"),
        (np.float64, -1e9, "-1e9"),
    ],
)
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_nodata_tag(tmp_path, kind, absent, text, photometric):
    """The value that GDAL's tag names is not measured, whichever end is white; nothing else is lost."""
    values = (GREY + np.where(GREY == 7, 100, 0)).astype(kind)
    values[1, 2] = values[3, 4] = absent
    raw = read(tiff(tmp_path / "a.tif", values, photometric=photometric, **nodata_tag(text)), EDGES)
    assert np.argwhere(np.isnan(raw.values)).tolist() == [[1, 2], [3, 4]]
    assert (raw.values[0, 0] < raw.values[0, 1]) is np.bool_(photometric == "minisblack")
    assert "nodata-tag" in kinds(raw)


def test_nodata_through_pillow(tmp_path):
    """The tag holds for what only Pillow decodes: a palette by its indices, LZW, white as zero."""
    for photometric, text in ((1, "7"), (0, "248")):  # as stored: where white is zero, Pillow stores 248 for 7
        path = tmp_path / f"{photometric}.tif"
        Image.fromarray(GREY).save(path, compression="tiff_lzw", tiffinfo={42113: text, 262: photometric})
        with tifffile.TiffFile(path) as file:
            assert file.pages.first.photometric == photometric
        raw = read(path, EDGES)
        assert np.argwhere(np.isnan(raw.values)).tolist() == [[0, 7]]
        assert raw.values[3, 7] == 31
    palette = Image.fromarray(np.arange(32, dtype=np.uint8).reshape(4, 8), "P")
    palette.putpalette([255 - k // 3 for k in range(768)])
    palette.save(tmp_path / "c.tif", tiffinfo={42113: "7"})
    raw = read(tmp_path / "c.tif", EDGES)
    assert np.argwhere(np.isnan(raw.values)).tolist() == [[0, 7]]
    assert raw.values[0, 0] == pytest.approx(255)


def test_nodata_tag_of_no_number(tmp_path):
    """A tag that is no number is told of as a doubt."""
    raw = read(tiff(tmp_path / "a.tif", GREY, photometric="minisblack", **nodata_tag("none")), EDGES)
    assert next(f.severity for f in raw.findings if f.kind == "nodata-tag") == "major"


def test_mask_page_and_overviews(tmp_path):
    """GDAL's page of what is valid counts, its smaller copies do not."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(GREY, photometric="minisblack")
        writer.write(GREY[::2, ::2], photometric="minisblack", subfiletype=1)
        writer.write(GREY != 9, photometric="minisblack", subfiletype=4)
    assert np.argwhere(np.isnan(read(tmp_path / "a.tif", EDGES).values)).tolist() == [[1, 1]]


def test_bands_of_no_meaning(tmp_path):
    """A second band that is not said to be transparency is refused: it may be anything."""
    bands = np.stack([GREY, GREY[::-1]], axis=-1)
    path = tiff(tmp_path / "a.tif", bands, photometric="minisblack", planarconfig="contig", extrasamples=[0])
    with pytest.raises(InputError, match="bands"):
        read(path, EDGES)


def test_bilevel(tmp_path):
    """One bit a pixel, black or white as zero."""
    for photometric, white in (("minisblack", 1), ("miniswhite", 0)):
        raw = read(tiff(tmp_path / f"{photometric}.tif", GREY > 15, photometric=photometric), EDGES)
        assert np.unique(raw.values[GREY > 15]).tolist() == [white]


def test_signed_white_as_zero(tmp_path):
    """Signed numbers of which the greatest is black come out in reverse order, without overflow."""
    values = np.array([[-32768, -1, 0, 32767]] * 2, dtype=np.int16)
    raw = read(tiff(tmp_path / "a.tif", values, photometric="miniswhite"), EDGES)
    assert (np.diff(raw.values[0]) < 0).all()


@pytest.mark.parametrize("bits", [2, 4])
def test_transparent_grey_of_few_bits(tmp_path, bits):
    """The transparent grey of a PNG counts in the bits of the file, as its pixels do."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = b"\0" + bytes([0b00011011] * bits)  # 2 bits: 0 1 2 3; 4 bits: 1 11
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 2, bits, 0, 0, 0, 0))
    body = chunk(b"tRNS", struct.pack(">H", 1)) + chunk(b"IDAT", zlib.compress(row * 2)) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
    ones = [1, 5] if bits == 2 else [0, 2, 4, 6]
    assert np.flatnonzero(np.isnan(read(tmp_path / "a.png", EDGES).values[0])).tolist() == ones


def padded(gap, columns=64, rows=400, seed=0):
    """Pixels of four pads, and the gaps between them that turn slowly."""
    values = np.random.default_rng(seed).integers(0, 256, (rows, columns)).astype(np.uint8)
    turn = (np.arange(columns)[None, :] - np.arange(rows)[:, None] // 40) % (columns // 4)
    gaps = turn < 3
    values[gaps] = gap
    return values, gaps


@pytest.mark.parametrize("gap", [0, 128, 255])
def test_painted_gaps(tmp_path, gap):
    """Gaps painted in one grey are proposed, not taken; the YAML file takes them, and then nothing is proposed."""
    values, gaps = padded(gap)
    path = save(tmp_path / "a.png", values)
    raw = read(path, EDGES)
    assert np.isfinite(raw.values).all()
    assert f"nodata: {gap}" in next(f.action for f in raw.findings if f.kind == "painted-gaps")
    path.with_suffix(".yaml").write_text(f"nodata: {gap}")
    raw = read(path, EDGES)
    assert np.array_equal(np.isnan(raw.values), values == gap)
    assert np.isnan(raw.values[gaps]).all()
    assert "painted-gaps" not in kinds(raw)


def test_painted_gaps_in_colour(tmp_path):
    """A colour is proposed as a colour."""
    values, gaps = padded(0)
    colours = np.stack([values, values // 2, values // 3], axis=-1)
    colours[gaps] = (255, 0, 255)
    path = save(tmp_path / "a.png", colours)
    assert "[255, 0, 255]" in next(f.action for f in read(path, EDGES).findings if f.kind == "painted-gaps")
    path.with_suffix(".yaml").write_text("nodata: [255, 0, 255]")
    assert np.array_equal(np.isnan(read(path, EDGES).values), gaps)


def test_nothing_painted(tmp_path):
    """Clipped rock, which is of one value too, and a picture of noise are not taken for gaps."""
    values, _ = padded(0)
    whole = np.random.default_rng(1).integers(1, 256, values.shape).astype(np.uint8)
    assert "painted-gaps" not in kinds(read(save(tmp_path / "a.png", whole), EDGES))
    whole[100:180] = 255
    whole[300:390, 10:40] = 255
    assert "painted-gaps" not in kinds(read(save(tmp_path / "b.png", whole), EDGES))


def test_nodata_that_is_not_there(tmp_path):
    """A nodata that no pixel has is told of: a JPEG blurs it, or it was mistyped."""
    path = save(tmp_path / "a.png", GREY, side="nodata: 200")
    assert "nodata-absent" in kinds(read(path, EDGES))


def test_npz_caliper(tmp_path):
    """--caliper names an array."""
    np.savez(tmp_path / "a.npz", amp=GREY, depth_m=np.arange(4.0), hole_mm=np.full(4, 104.0), cal_mm=np.full(4, 99.0))
    raw = read(tmp_path / "a.npz", ReadingOptions(caliper="hole_mm"))
    assert (raw.logs["diameter"].values[0], raw.logs["diameter"].unit) == (104.0, "mm")
    with pytest.raises(InputError, match="hole_mm"):
        read(tmp_path / "a.npz", ReadingOptions(caliper="none"))
    assert "option-unused" in kinds(read(save(tmp_path / "b.png", GREY), EDGES.model_copy(update={"caliper": "C"})))


def test_pickles_stay_shut(tmp_path):
    """An array of Python objects is never loaded."""
    np.savez(tmp_path / "a.npz", image=np.array([[print, 1], [2, 3]], dtype=object))
    with pytest.raises(InputError):
        read(tmp_path / "a.npz", EDGES)


def png_claiming(width, height):
    """A PNG whose header claims a size its data do not have."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def test_bombs(tmp_path):
    """Claims of absurd sizes are refused before anything of that size is made."""
    (tmp_path / "a.png").write_bytes(png_claiming(100_000, 100_000))
    with pytest.raises(InputError, match="pixels"):
        read(tmp_path / "a.png", EDGES)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**7, 360)})
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("image.npy", header.getvalue())
    with pytest.raises(InputError, match="does not have"):
        read(tmp_path / "b.npz", EDGES)
    with zipfile.ZipFile(tmp_path / "c.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", header.getvalue() + bytes(10**6))
    with pytest.raises(InputError):
        read(tmp_path / "c.npz", EDGES)


def test_size_limit(tmp_path, monkeypatch):
    """A picture that is whole but too large is refused with the limit."""
    monkeypatch.setattr(pixels, "MAX_PIXELS", 20)
    for path in (save(tmp_path / "a.png", GREY), tiff(tmp_path / "a.tif", GREY)):
        with pytest.raises(InputError, match="4 x 8 pixels"):
            read(path, EDGES)
    np.savez(tmp_path / "a.npz", image=GREY)
    with pytest.raises(InputError, match="4 x 8 pixels"):
        read(tmp_path / "a.npz", EDGES)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.npz"])
def test_fuzz(tmp_path, name):
    """Damaged and cut files are read or refused in one line, never worse."""
    path = tmp_path / name
    values = np.random.default_rng(0).integers(0, 255, (20, 16, 3), dtype=np.uint8)
    if name == "a.npz":
        np.savez(path, rgb=values, depth_m=np.arange(20.0))
    else:
        save(path, values)
    whole, rng, refused = path.read_bytes(), np.random.default_rng(2), 0
    for turn in range(60):
        data = bytearray(whole if turn % 3 else whole[: rng.integers(1, len(whole))])
        for place in rng.integers(0, min(len(data), 200), 3):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data)
        for use in (lambda: read(path, EDGES), lambda: contents(path)):
            try:
                use()
            except InputError:
                refused += 1
    assert refused > 10


@pytest.mark.skipif(not DATA.is_dir(), reason="no real data here")
def test_televiewer(tmp_path):
    """A PNG and an npz of the optical televiewer are one picture, 3 m of 2.1 mm rows."""
    with np.load(TELEVIEWER) as file:
        Image.fromarray(file["rgb"]).save(tmp_path / "otv.png")
    picture = read(tmp_path / "otv.png", ReadingOptions(top=33.0003, bottom=35.9991))
    arrays = read(TELEVIEWER, ReadingOptions())
    assert np.array_equal(picture.values, arrays.values)
    assert np.abs(picture.depth - arrays.depth).max() < 1e-4
    amplitude = read(DATA / "atv" / "atv_breakout_amp.npz", ReadingOptions())
    assert amplitude.values.shape == (451, 144)
    assert np.median(amplitude.logs["diameter"].values) == pytest.approx(104.7, abs=0.1)
