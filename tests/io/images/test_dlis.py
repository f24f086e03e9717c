"""DLIS files, written by dliswriter alone, as contractors vary them."""

import dliswriter
import dliswriter.file.writer
import numpy as np
import pytest

from geobfdt.io.images import files
from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.dlis import frames as dlis
from geobfdt.io.write.dlis import write_dlis
from geobfdt.runtime.findings import InputError
from geobfdt.wells.image import well_image
from geobfdt.wells.options import ReadingOptions

ROWS = 30
METRES = {"0.1 in": 0.00254, "in": 0.0254, "ft": 0.3048, "cm": 0.01, "m": 1.0}
DEPTH = 1000 + 0.00254 * np.arange(ROWS)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """The writer's progress bar says nothing here."""
    monkeypatch.setattr(dliswriter.file.writer, "progressbar", lambda records, **_: records)


def pixels(columns=16, seed=0):
    """Bytes as float32."""
    return np.random.default_rng(seed).integers(0, 256, (ROWS, columns)).astype(np.float32)


def write(path, *logicals):
    """Write logical files: each a dict of frames by name, each a list of (name, values, unit, long name)."""
    content = b""
    for number, frames in enumerate(logicals, 1):
        options = frames.pop("options", {})
        document = dliswriter.DLISFile()
        logical = document.add_logical_file(fh_id=options.get("id", f"LOGICAL{number}"))
        logical.add_origin("ORIGIN", file_set_number=1, well_name=options.get("well", "A-1"), run_number=2)
        for name, channels in frames.items():
            made = []
            for k, (label, values, unit, text) in enumerate(channels):
                units = {"units": unit} if unit else {}
                data = {"data": values, "dataset_name": f"{name}-{k}"}
                made.append(logical.add_channel(label, long_name=text, **units, **data))
            logical.add_frame(name, channels=made, index_type=options.get("index", "BOREHOLE-DEPTH"))
        document.write(path, output_chunk_size=2**20)
        # Logical files follow each other behind one storage unit label of 80 bytes.
        content += path.read_bytes()[80 if content else 0 :]
    path.write_bytes(content)
    return path


def depth(values=DEPTH, unit="m", name="TDEP"):
    """The index channel, of metres."""
    return (name, np.asarray(values) / METRES.get(unit, 1.0), unit, "depth")


def image(values, name="FMI_STAT", unit="", text="image"):
    """An image channel."""
    return (name, values, unit, text)


def read(path, **options):
    """All the way to a WellImage, without the dispatch."""
    chosen = ReadingOptions(**options)
    return assemble(dlis.read(path, chosen), path, chosen)


def kinds(well):
    """Kinds of findings."""
    return {f.kind for f in well.attrs["findings"]}


@pytest.mark.parametrize("upward", [True, False])
@pytest.mark.parametrize("unit", METRES)
def test_depths(tmp_path, unit, upward):
    """Any unit and direction come out in metres downwards, the rows with their depths."""
    values, step = pixels(), -1 if upward else 1
    well = read(write(tmp_path / "a.dlis", {"F": [depth(DEPTH[::step], unit), image(values[::step])]}))
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-9)
    assert np.array_equal(well.image.values, values)
    assert ("depth-flipped" in kinds(well)) is upward
    assert ("depth-unit" in kinds(well)) is (unit != "m")


@pytest.mark.parametrize("columns", [16, 56, 144, 360])
def test_widths(tmp_path, columns):
    """Any number of columns, their centres evenly round the hole from the reference line."""
    well = read(write(tmp_path / "a.dlis", {"F": [depth(), image(pixels(columns))]}))
    assert well.image.shape == (ROWS, columns)
    assert well.azimuth.values == pytest.approx((np.arange(columns) + 0.5) * 360 / columns)


@pytest.mark.parametrize("null", [-9999.0, -999.25, np.nan, np.inf])
def test_nulls(tmp_path, null):
    """Nulls of every kind are NaN, and nothing else is."""
    values = pixels()
    values[3, 4] = values[7] = null
    well = read(write(tmp_path / "a.dlis", {"F": [depth(), image(values)]}))
    absent = np.zeros(values.shape, dtype=bool)
    absent[3, 4] = absent[7] = True
    assert np.array_equal(np.isnan(well.image.values), absent)
    assert np.array_equal(well.image.values[~absent], values[~absent])


def test_no_unit(tmp_path):
    """Depths without a unit are refused with the cure, which cures."""
    path = write(tmp_path / "a.dlis", {"F": [depth(unit=""), image(pixels())]})
    with pytest.raises(InputError, match="depths have no unit; give --depth-unit"):
        read(path)
    assert read(path, depth_unit="ft").depth.values == pytest.approx(DEPTH * 0.3048)


def test_time_index(tmp_path):
    """In a frame indexed by time the depth channel is the index; without one the file is refused."""
    time = ("TIME", np.arange(ROWS) / 15.0, "s", "time")
    frames = {"options": {"index": "TIME"}, "F": [time, depth(), image(pixels())]}
    assert read(write(tmp_path / "a.dlis", frames)).depth.values == pytest.approx(DEPTH)
    frames = {"options": {"index": "TIME"}, "F": [time, image(pixels())]}
    with pytest.raises(InputError, match="frame F has no index of measured depth"):
        read(write(tmp_path / "b.dlis", frames))


def test_vertical_depth_index(tmp_path):
    """A frame indexed by true vertical depth is read at its measured depths, or refused if it has none."""
    vertical = ("TVD", DEPTH / 2, "m", "true vertical depth")
    frames = {"options": {"index": "VERTICAL-DEPTH"}, "F": [vertical, depth(), image(pixels())]}
    assert read(write(tmp_path / "a.dlis", frames)).depth.values == pytest.approx(DEPTH)
    frames = {"options": {"index": "VERTICAL-DEPTH"}, "F": [vertical, image(pixels())]}
    with pytest.raises(InputError, match="frame F has no index of measured depth"):
        read(write(tmp_path / "b.dlis", frames))


def test_static_and_dynamic(tmp_path):
    """In one frame the static image is taken, in whatever order, and the dynamic one comes along."""
    static, dynamic = pixels(), pixels(seed=1)
    channels = [depth(), image(dynamic, "FMI_DYN"), image(static, "FMI_STAT")]
    well = read(write(tmp_path / "a.dlis", {"F": channels}))
    assert np.array_equal(well.image.values, static)
    assert np.array_equal(well.dynamic.values, dynamic)
    assert well.attrs["normalisation"] == "static"
    assert well.attrs["tool"] == "FMI"
    assert well.attrs["well"] == "A-1"


def test_companion_of_another_frame(tmp_path):
    """Rows of a dynamic image in another frame are matched by depth, whatever their order; lacking ones are empty."""
    static, dynamic = pixels(), pixels(seed=1)
    other = [depth(DEPTH[5:][::-1]), image(dynamic[5:][::-1], "FMI_DYN")]
    well = read(write(tmp_path / "a.dlis", {"F1": [depth(), image(static)], "F2": other}))
    assert np.array_equal(well.dynamic.values[5:], dynamic[5:])
    assert np.isnan(well.dynamic.values[:5]).all()
    assert "companion-short" in kinds(well)


def test_companion_of_other_depths(tmp_path):
    """A dynamic image whose rows lie between those of the static one is left out."""
    other = [depth(DEPTH + 0.0012), image(pixels(seed=1), "FMI_DYN")]
    well = read(write(tmp_path / "a.dlis", {"F1": [depth(), image(pixels())], "F2": other}))
    assert "dynamic" not in well
    assert "companion-apart" in kinds(well)


def test_companion_in_another_unit_of_depth(tmp_path):
    """Frames with depths in different units are matched in metres."""
    other = [depth(unit="0.1 in"), image(pixels(seed=1), "FMI_DYN")]
    well = read(write(tmp_path / "a.dlis", {"F1": [depth(), image(pixels())], "F2": other}))
    assert np.array_equal(well.dynamic.values, pixels(seed=1))


def test_two_tools(tmp_path):
    """Two pictures and nothing that says which: refused, with both names; a name settles it, in any case."""
    channels = [depth(), image(pixels(), "FMI_STAT"), image(pixels(56, 1), "UBI_AMP")]
    path = write(tmp_path / "a.dlis", {"F": channels})
    with pytest.raises(InputError, match="2 images and nothing says which; give --image one of FMI_STAT, UBI_AMP"):
        read(path)
    assert read(path, image="ubi_amp").image.shape == (ROWS, 56)
    with pytest.raises(InputError, match="no image 'CMI'; give --image one of FMI_STAT, UBI_AMP"):
        read(path, image="CMI")


def test_known_name_among_unknown_arrays(tmp_path):
    """Of several arrays the one that has the name of an image is taken, and told of; two unknown ones are refused."""
    unknown = [image(pixels(64, 1), "RXAB"), image(pixels(32, 2), "ECHO")]
    well = read(write(tmp_path / "a.dlis", {"F": [depth(), *unknown, image(pixels(), "UBI_AMP")]}))
    assert np.array_equal(well.image.values, pixels())
    assert "UBI_AMP taken" in next(f.action for f in well.attrs["findings"] if f.kind == "image-chosen")
    with pytest.raises(InputError, match="2 images and nothing says which; give --image one of RXAB, ECHO"):
        read(write(tmp_path / "b.dlis", {"F": [depth(), *unknown]}))


def test_equal_mnemonics(tmp_path):
    """Equal names in several frames and logical files are told apart by their places, without doubt."""
    frames = [{f"F{k}": [depth(), image(pixels(seed=k + 2 * n))] for k in (1, 2)} for n in range(2)]
    path = write(tmp_path / "a.dlis", *frames)
    with pytest.raises(InputError, match=r"LOGICAL1/F1/FMI_STAT, .*LOGICAL2/F2/FMI_STAT"):
        read(path)
    with pytest.raises(InputError, match="2 images are called 'F1/FMI_STAT'"):
        read(path, image="F1/FMI_STAT")
    assert np.array_equal(read(path, image="LOGICAL2/F1/FMI_STAT").image.values, pixels(seed=3))
    assert np.array_equal(read(path, image="logical1/f2/fmi_stat").image.values, pixels(seed=2))


def test_logical_files_of_one_name(tmp_path):
    """Where even the logical files have one name, the names that are offered still choose."""
    frames = [{"options": {"id": "MAIN"}, "F": [depth(), image(pixels(seed=n))]} for n in range(2)]
    path = write(tmp_path / "a.dlis", *frames)
    with pytest.raises(InputError, match="MAIN/F/FMI_STAT, MAIN/F/FMI_STAT#2"):
        read(path)
    assert np.array_equal(read(path, image="MAIN/F/FMI_STAT").image.values, pixels(seed=0))
    assert np.array_equal(read(path, image="MAIN/F/FMI_STAT#2").image.values, pixels(seed=1))


def test_hole_logs(tmp_path):
    """Logs of the image's frame and of a coarser one, in their units; the more telling caliper is taken and named."""
    coarse = DEPTH[::10]
    slow = [depth(coarse), ("HAZI", np.array([350.0, 10.0, 30.0]), "deg", "azimuth")]
    channels = [
        depth(),
        image(pixels()),
        ("C1", np.full(ROWS, 9.0), "in", "caliper"),
        ("CALI", np.full(ROWS, 216.0), "mm", "caliper"),
        ("DEVI", np.full(ROWS, 0.5), "rad", "deviation"),
    ]
    well = read(write(tmp_path / "a.dlis", {"F": channels, "SLOW": slow}))
    assert well.diameter.values == pytest.approx(0.216)
    assert well.deviation.values == pytest.approx(np.degrees(0.5))
    assert well.hole_azimuth.values[[0, 10, 20]] == pytest.approx([350.0, 10.0, 30.0])
    assert 0 < well.hole_azimuth.values[6] < 10 or well.hole_azimuth.values[6] > 350
    assert [f.observed for f in well.attrs["findings"] if f.kind == "log-chosen"] == ["diameter may be CALI, C1"]


def test_a_frame_is_read_once(tmp_path, monkeypatch):
    """The companion and two logs of another frame come from one pass over its rows, each with its own values."""
    dynamic, azimuth = pixels(seed=1), np.linspace(10, 20, ROWS)
    other = [depth(), image(dynamic, "FMI_DYN"), ("DEVI", np.full(ROWS, 3.0), "deg", ""), ("HAZI", azimuth, "deg", "")]
    path = write(tmp_path / "a.dlis", {"F1": [depth(), image(pixels())], "F2": other})
    passes, whole = [], dlis.read_rows
    monkeypatch.setattr(dlis, "read_rows", lambda table, *rest: passes.append(table.name) or whole(table, *rest))
    well = read(path)
    assert sorted(passes) == ["F1", "F2"]
    assert np.array_equal(well.dynamic.values, dynamic)
    assert well.deviation.values == pytest.approx(3.0)
    assert well.hole_azimuth.values == pytest.approx(azimuth)


@pytest.mark.parametrize(
    ("text", "reference", "north"),
    [
        ("Image oriented to True North", "north", "true"),
        ("Image, top of hole", "high_side", "unknown"),
        ("pseudo-north image", "pseudo_north", "unknown"),
        ("Static image", "unknown", "unknown"),
    ],
)
def test_reference(tmp_path, text, reference, north):
    """Only what the description says of the reference line is believed."""
    well = read(write(tmp_path / "a.dlis", {"F": [depth(), image(pixels(), text=text)]}))
    assert (well.attrs["reference"], well.attrs["north"]) == (reference, north)
    assert ("reference-unknown" in kinds(well)) is (reference == "unknown")


@pytest.mark.parametrize(
    "text", ["Not oriented to true north", "True north, counterclockwise", "looking up-hole, from top of hole"]
)
def test_a_description_that_contradicts_its_reference(tmp_path, text):
    """An image that is not turned, or seen from below, gets no reference line."""
    well = read(write(tmp_path / "a.dlis", {"F": [depth(), image(pixels(), text=text)]}))
    assert (well.attrs["reference"], well.attrs["north"]) == ("unknown", "unknown")
    assert {"reference-contradicted", "reference-unknown"} <= kinds(well)


def test_waveforms_and_narrow_arrays_are_no_images(tmp_path):
    """Arrays of other things do not stand in the way of the one image."""
    channels = [depth(), image(pixels(64, 1), "WF1"), image(pixels(4, 2), "PADS"), image(pixels(), "IMAGE")]
    path = write(tmp_path / "a.dlis", {"F": channels})
    assert np.array_equal(read(path).image.values, pixels())
    roles = {item["name"]: item["role"] for item in dlis.contents(path).items}
    assert roles == {"TDEP": "depth", "WF1": "other", "PADS": "other", "IMAGE": "image"}


def test_no_image(tmp_path):
    """A file of logs only is refused."""
    path = write(tmp_path / "a.dlis", {"F": [depth(), ("GR", np.ones(ROWS), "gAPI", "gamma ray")]})
    with pytest.raises(InputError, match="no channel is an image; list the channels with geobfdt inspect"):
        read(path)


def test_contents(tmp_path):
    """Frames, shapes, units and the well, without the curves."""
    path = write(tmp_path / "a.dlis", {"options": {"well": "B-7"}, "F": [depth(), image(pixels(), unit="ohm.m")]})
    contents = files.inspect(path)
    assert contents.format == "DLIS"
    assert contents.header["well_name"] == "B-7"
    assert [(i["name"], i["shape"], i["unit"], i["frame"]) for i in contents.items] == [
        ("TDEP", (ROWS,), "m", "LOGICAL1/F"), ("FMI_STAT", (ROWS, 16), "ohm.m", "LOGICAL1/F"),
    ]  # fmt: skip


def test_blocks(tmp_path, monkeypatch):
    """However small the blocks are that a frame is read in, the rows are the same."""
    path = write(tmp_path / "a.dlis", {"F": [depth(), image(pixels())]})
    monkeypatch.setattr(dlis, "_BLOCK_BYTES", 500)
    assert np.array_equal(read(path).image.values, pixels())


def test_dlisio_without_blocks(tmp_path, monkeypatch):
    """With a dlisio that reads no slice of the rows the image is the same."""
    path = write(tmp_path / "a.dlis", {"F": [depth(), image(pixels()), image(pixels(seed=1), "FMI_DYN")]})
    monkeypatch.setattr(dlis, "core", object())
    well = read(path)
    assert np.array_equal(well.image.values, pixels())
    assert np.array_equal(well.dynamic.values, pixels(seed=1))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_cut_short(tmp_path, share):
    """A cut file is read as far as it goes, with a major finding, or refused in one line."""
    path = write(tmp_path / "a.dlis", {"F": [depth(), image(pixels(360))]})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    try:
        well = read(path)
    except InputError as error:
        refused = str(error)
        assert share < 0.5, refused
    else:
        rows = well.sizes["depth"]
        assert 0 < rows < ROWS
        assert np.array_equal(well.image.values, pixels(360)[:rows])
        assert "dlis-damaged" in kinds(well)
        assert all(len(finding.observed) <= 160 for finding in well.attrs["findings"])


@pytest.mark.parametrize("upward", [True, False])
def test_stretches(tmp_path, monkeypatch, upward):
    """Of a long image stretches are read, with their own depths and logs; a short one is read whole."""
    values, step = pixels(), -1 if upward else 1
    caliper = ("CALI", np.linspace(0.2, 0.3, ROWS)[::step], "m", "caliper")
    other = {"G": [depth(), image(values + 1000, "FMI_DYN")]}
    path = write(tmp_path / "a.dlis", {"F": [depth(DEPTH[::step]), image(values[::step]), caliper], **other})
    monkeypatch.setattr(files, "_STRETCHES", 3)
    monkeypatch.setattr(files, "_STRETCH_ROWS", 4)
    survey, whole = files.survey(path, ReadingOptions()), read(path)
    assert (survey.rows, survey.refusal, len(survey.images)) == (ROWS, None, 3)
    assert survey.contents == dlis.contents(path)
    for part in survey.images:
        same = whole.sel(depth=part.depth)
        assert part.sizes["depth"] == 4
        for name in ("image", "dynamic", "diameter"):
            np.testing.assert_array_equal(part[name].values, same[name].values)
    depths = np.concatenate([part.depth.values for part in survey.images])
    assert (depths.min(), depths.max()) == pytest.approx((DEPTH[0], DEPTH[-1]))
    monkeypatch.setattr(files, "_STRETCH_ROWS", 5)
    assert [part.sizes["depth"] for part in files.survey(path, ReadingOptions()).images] == [ROWS]


def test_ends_of_a_frame_are_not_those_of_a_stretch(tmp_path, monkeypatch):
    """The header says where the frame begins and ends: that is no word about the rows of a stretch."""
    write_dlis(well_image(pixels(), 1.0 + 0.2 * np.arange(ROWS), reference="north"), tmp_path / "a.dlis")
    monkeypatch.setattr(files, "_STRETCHES", 3)
    monkeypatch.setattr(files, "_STRETCH_ROWS", 4)
    survey = files.survey(tmp_path / "a.dlis", ReadingOptions())
    assert [part.sizes["depth"] for part in survey.images] == [4, 4, 4]
    assert not any("index-attribute" in kinds(part) for part in survey.images)


def test_survey_of_a_file_that_cannot_be_read(tmp_path):
    """Its contents are listed beside the refusal."""
    path = write(tmp_path / "a.dlis", {"F": [depth(), ("GR", np.arange(float(ROWS)), "gAPI", "gamma")]})
    survey = files.survey(path, ReadingOptions())
    assert isinstance(survey.refusal, InputError)
    assert (survey.images, len(survey.contents.items)) == ([], 2)
