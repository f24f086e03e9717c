"""DLIS files that contradict themselves: an index in a unit that its frame denies, objects defined twice, no label."""

import dliswriter
import dliswriter.file.writer
import numpy as np
import pytest
from dliswriter import AttrSetup

from geobfdt.io.images import files
from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.dlis import frames as dlis
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.options import ReadingOptions

ROWS = 40
METRES = {"0.1 in": 0.00254, "in": 0.0254, "ft": 0.3048, "cm": 0.01, "m": 1.0}
DEPTH = 1000 + 0.00508 * np.arange(ROWS)
PIXELS = np.random.default_rng(0).integers(0, 256, (ROWS, 16)).astype(np.float32)
UNDOUBLED = "QQQQ"  # A channel that the tests give the name of another one, so that the file defines it twice.


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """The writer's progress bar says nothing here."""
    monkeypatch.setattr(dliswriter.file.writer, "progressbar", lambda records, **_: records)


def write(path, frames, **attributes):
    """Write frames, each a list of (name, values, unit); attributes are those of all frames."""
    document = dliswriter.DLISFile()
    logical = document.add_logical_file(fh_id="T")
    logical.add_origin("ORIGIN", file_set_number=1, well_name="A-1")
    for name, channels in frames.items():
        made = [
            logical.add_channel(label, data=values, dataset_name=f"{name}-{k}", **({"units": unit} if unit else {}))
            for k, (label, values, unit) in enumerate(channels)
        ]
        logical.add_frame(name, channels=made, **{"index_type": "BOREHOLE-DEPTH", **attributes})
    document.write(path, output_chunk_size=2**20)
    return path


def rename(path, name):
    """Give the channel UNDOUBLED the name of another one."""
    content = path.read_bytes()
    assert content.count(UNDOUBLED.encode()) >= 2  # its definition and its frame
    path.write_bytes(content.replace(UNDOUBLED.encode(), name.encode()))
    return path


def read(path, **options):
    """All the way to a WellImage."""
    chosen = ReadingOptions(**options)
    return assemble(dlis.read(path, chosen), path, chosen)


def severities(well):
    """Severity by kind of finding."""
    return {finding.kind: finding.severity for finding in well.attrs["findings"]}


def index(unit, label=None, name="TDEP"):
    """Depths in one unit under the label of another."""
    return (name, DEPTH / METRES[unit], label or unit)


IMAGE = ("FMI_STAT", PIXELS, "")


@pytest.mark.parametrize(
    ("true", "label", "attributes"),
    [
        ("0.1 in", "in", {"spacing": AttrSetup(2.0, "0.1 in")}),
        ("in", "0.1 in", {"spacing": AttrSetup(0.2, "in")}),
        ("ft", "m", {"spacing": AttrSetup(0.00508 / 0.3048, "ft")}),
        ("m", "ft", {"spacing": AttrSetup(0.00508, "m")}),
        ("cm", "in", {"spacing": AttrSetup(0.508, "cm")}),
        ("ft", "m", {"spacing": AttrSetup(0.0, "ft")}),  # a spacing of no length still names its unit
        ("ft", "m", {"spacing": AttrSetup(0.00508, "m")}),  # the label agrees, the length does not
        ("0.1 in", "in", {"index_min": AttrSetup(DEPTH[0] / 0.00254, "0.1 in")}),
        ("ft", "m", {"index_max": AttrSetup(DEPTH[-1], "m"), "index_min": AttrSetup(DEPTH[0], "m")}),
        ("m", "m", {"spacing": AttrSetup(0.00508, "s")}),  # no unit of length at all
    ],
)
def test_contradicted_unit(tmp_path, true, label, attributes):
    """An index whose unit its frame contradicts is refused; the stated unit is used, and the doubt is kept."""
    path = write(tmp_path / "a.dlis", {"60B": [index(true, label), IMAGE]}, **attributes)
    with pytest.raises(InputError) as refused:
        read(path)
    assert repr(label) in str(refused.value)
    assert "--depth-unit" in refused.value.cure
    well = read(path, depth_unit=true)
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-6)
    assert severities(well)["index-unit"] is Severity.MAJOR


@pytest.mark.parametrize(
    ("unit", "attributes"),
    [
        ("0.1 in", {"spacing": AttrSetup(0.00508, "m")}),  # another unit, and it agrees
        ("ft", {"spacing": AttrSetup(-2.0, "0.1 in")}),
        ("m", {"index_min": AttrSetup(DEPTH[0] / 0.3048, "ft"), "index_max": AttrSetup(DEPTH[-1] / 0.3048, "ft")}),
        ("m", {"index_min": AttrSetup(DEPTH[0], "m"), "index_max": AttrSetup(3281.0, "m")}),  # cut short
        ("m", {"spacing": AttrSetup(0.0, "m")}),
        ("m", {}),
    ],
)
def test_agreeing_unit(tmp_path, unit, attributes):
    """Attributes that agree, in whichever unit, say nothing."""
    well = read(write(tmp_path / "a.dlis", {"60B": [index(unit), IMAGE]}, **attributes))
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-6)
    assert not {"index-unit", "index-attribute"} & set(severities(well))


def test_other_spacing(tmp_path):
    """A spacing that no unit explains, as of a thinned-out file, is a major finding; the depths are kept."""
    well = read(write(tmp_path / "a.dlis", {"60B": [index("m"), IMAGE]}, spacing=AttrSetup(0.00254, "m")))
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-6)
    assert severities(well)["index-attribute"] is Severity.MAJOR


def test_stated_unit_that_is_contradicted(tmp_path):
    """Where the index has no unit, the stated one is compared with the spacing; it wins, with a major finding."""
    bare = ("TDEP", DEPTH / 0.00254, "")
    path = write(tmp_path / "a.dlis", {"60B": [bare, IMAGE]}, spacing=AttrSetup(2.0, "0.1 in"))
    assert severities(read(path, depth_unit="in"))["index-unit"] is Severity.MAJOR
    assert "index-unit" not in severities(read(path, depth_unit="0.1 in"))


def test_direction(tmp_path):
    """A direction that the depths do not have is a major finding."""
    path = write(tmp_path / "a.dlis", {"60B": [index("m"), IMAGE]}, direction="DECREASING")
    assert severities(read(path))["index-direction"] is Severity.MAJOR


def test_spacing_outweighs_the_ends(tmp_path):
    """A spacing that agrees in another unit proves the index; ends under a wrong label only become a finding."""
    attributes = {"spacing": AttrSetup(2.0, "0.1 in"), "index_max": AttrSetup(DEPTH[-1], "ft")}
    well = read(write(tmp_path / "a.dlis", {"60B": [index("m"), IMAGE]}, **attributes))
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-6)
    assert severities(well)["index-unit"] is Severity.MAJOR


def test_log_in_a_contradicted_frame(tmp_path):
    """A caliper whose own frame contradicts itself is left out with a finding; the image is read."""
    slow = [index("0.1 in", "in", "DEPT"), ("CALI", np.full(ROWS, 8.5), "in")]
    frames = {"60B": [index("0.1 in"), IMAGE], "SLOW": slow}
    well = read(write(tmp_path / "a.dlis", frames, spacing=AttrSetup(2.0, "0.1 in")))
    assert np.isnan(well.diameter.values).all()
    assert severities(well)["channel-left-out"] is Severity.MAJOR


def test_stated_unit_and_a_sound_frame(tmp_path):
    """The stated unit is that of the image's frame; a frame in another unit that nothing contradicts keeps its own."""
    slow = [index("m", name="DEPT"), ("CALI", np.linspace(8.5, 9.5, ROWS), "in")]
    path = write(
        tmp_path / "a.dlis", {"60B": [index("0.1 in", "in"), IMAGE], "SLOW": slow}, spacing=AttrSetup(2.0, "0.1 in")
    )
    well = read(path, depth_unit="0.1 in")
    assert well.diameter.values == pytest.approx(0.0254 * np.linspace(8.5, 9.5, ROWS), abs=1e-6)


@pytest.mark.parametrize("kind", ["BOREHOLE-DEPTH", "NON-STANDARD", None])
def test_vertical_depth_under_another_type(tmp_path, kind):
    """A TVD is never taken as measured depth, whatever the frame calls its index."""
    attributes = {"index_type": kind}
    vertical = index("m", name="TVDSS")
    with pytest.raises(InputError):
        read(write(tmp_path / "a.dlis", {"60B": [vertical, IMAGE]}, **attributes))
    measured = ("DEPT", DEPTH + 50, "m")
    well = read(write(tmp_path / "b.dlis", {"60B": [vertical, measured, IMAGE]}, **attributes))
    assert well.depth.values == pytest.approx(DEPTH + 50)


def doubled(path, name, needed=()):
    """A file that defines a channel of `name` twice: in the image's frame, and in another with another unit."""
    image = [index("m"), *needed, IMAGE]
    return rename(write(path, {"60B": image, "SLOW": [("DEPQ", DEPTH, "m"), (UNDOUBLED, np.ones(ROWS), "gAPI")]}), name)


@pytest.mark.parametrize("name", ["GRXX", "CALI"])
def test_doubled_channel_that_is_not_needed(tmp_path, name, capfd):
    """It is read past, named in a finding, and nothing is printed; a doubled caliper is no caliper."""
    path = doubled(tmp_path / "a.dlis", name, [(name, np.full(ROWS, 8.5), "in")])
    well = read(path)
    assert np.array_equal(well.image.values, PIXELS)
    assert np.isnan(well.diameter.values).all()
    assert name in next(f.observed for f in well.attrs["findings"] if f.kind == "object-doubled")
    assert files.inspect(path).items
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("name", "options"), [("TDEP", {}), ("FMI_", {}), ("CALI", {"caliper": "CALI"})])
def test_doubled_channel_that_is_needed(tmp_path, name, options):
    """The index, the image or the caliper that is asked for: refused by name."""
    image = [index("m"), ("CALI", np.full(ROWS, 8.5), "in"), ("FMI_", PIXELS, "")]
    frames = {"60B": image, "SLOW": [("DEPQ", DEPTH, "m"), (UNDOUBLED, np.ones(ROWS), "gAPI")]}
    path = rename(write(tmp_path / "a.dlis", frames), name)
    with pytest.raises(InputError, match=name) as refused:
        read(path, **options)
    assert refused.value.file == str(path)


def test_doubled_with_another_size(tmp_path):
    """Where the two definitions have different sizes, the rows of the frame cannot be parted: refused by name."""
    frames = {
        "60B": [index("m"), ("GRXX", np.ones(ROWS), "gAPI"), IMAGE],
        "SLOW": [("DEPQ", DEPTH, "m"), (UNDOUBLED, np.ones(ROWS, np.float32), "gAPI")],
    }
    with pytest.raises(InputError, match="GRXX"):
        read(rename(write(tmp_path / "a.dlis", frames), "GRXX"))


def test_channel_that_is_not_defined(tmp_path):
    """A frame that lists a channel of no definition is not read, and the refusal names the channel."""
    path = write(tmp_path / "a.dlis", {"60B": [index("m"), (UNDOUBLED, np.ones(ROWS), "gAPI"), IMAGE]})
    content = path.read_bytes()
    first = content.index(UNDOUBLED.encode())  # the definition; the frame comes later
    path.write_bytes(content[:first] + b"XXXX" + content[first + 4 :])
    with pytest.raises(InputError, match=UNDOUBLED):
        read(path)


def test_no_label(tmp_path):
    """A file without its storage unit label is known by what follows, and read."""
    path = write(tmp_path / "a.dlis", {"60B": [index("m"), IMAGE]})
    path.write_bytes(path.read_bytes()[80:])
    well = files.read(path)
    assert np.array_equal(well.image.values, PIXELS)
    assert files.inspect(path).format == "DLIS"
    assert "dlis-violation" in severities(well)


@pytest.mark.parametrize(
    ("name", "unit", "values", "metres"),
    [
        ("ASSOC_CAL", "in", 8.5, 0.2159),
        ("HDAR", "in", 8.5, 0.2159),
        ("UCAV", "mm", 216.0, 0.216),
        ("IRAV", "in", 4.25, 0.2159),  # a radius
    ],
)
def test_calipers_by_name(tmp_path, name, unit, values, metres):
    """Vendors' names of calipers are known; a radius is doubled, and said to be."""
    well = read(write(tmp_path / "a.dlis", {"60B": [index("m"), IMAGE, (name, np.full(ROWS, values), unit)]}))
    assert well.diameter.values == pytest.approx(metres)
    assert ("caliper-radius" in severities(well)) is (name == "IRAV")


def test_caliper_that_is_asked_for(tmp_path):
    """A length that reads as a hole is proposed by name; --caliper takes it, from another frame too."""
    other = [("DEPQ", DEPTH, "m"), ("HOLE", np.full(ROWS, 311.0), "mm")]
    frames = {
        "60B": [
            index("m"),
            IMAGE,
            ("XYZ9", np.full(ROWS, 8.5), "in"),
            ("TENS", np.full(ROWS, 8.5), "lbf"),
            ("DCAL", np.full(ROWS, 0.2), "in"),
        ],
        "SLOW": other,
    }
    path = write(tmp_path / "a.dlis", frames)
    well = read(path)
    assert np.isnan(well.diameter.values).all()
    proposed = [f.action for f in well.attrs["findings"] if f.kind == "caliper-proposed"]
    assert len(proposed) == 1
    assert "XYZ9" in proposed[0]
    assert read(path, caliper="xyz9").diameter.values == pytest.approx(0.2159)
    assert read(path, caliper="SLOW/HOLE").diameter.values == pytest.approx(0.311)
    with pytest.raises(InputError, match="XYZ9"):
        read(path, caliper="NONE")
    assert read(path, caliper="TENS").diameter.isnull().all()
