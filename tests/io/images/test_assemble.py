"""Repairs: what a file holds, out of shape in one way, and the well that comes of it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geobfdt.io.images.assemble import assemble
from geobfdt.io.images.raw import RawImage, RawLog
from geobfdt.runtime.findings import InputError, Severity
from geobfdt.wells.options import ReadingOptions

FILE = Path("a.dlis")
ROWS, COLUMNS = 40, 16
DEPTH = 1000 + 0.01 * np.arange(ROWS)


def pixels(seed=0):
    """Values that no two pixels share, so that a row is known again."""
    return np.random.default_rng(seed).permutation(ROWS * COLUMNS).reshape(ROWS, COLUMNS).astype(np.float32)


def raw(values=None, depth=DEPTH, unit="m", **more):
    """What a reader hands over."""
    values = pixels() if values is None else np.asarray(values, dtype=np.float32)
    return RawImage(values, np.asarray(depth, dtype=float), unit, **more)


def make(image, **options):
    """The well of it."""
    return assemble(image, FILE, ReadingOptions(**options))


def finding(well, kind):
    """The one finding of a kind."""
    (matches,) = [f for f in well.attrs["findings"] if f.kind == kind]
    return matches


def kinds(well):
    """Kinds of all findings."""
    return {f.kind for f in well.attrs["findings"]}


@pytest.mark.parametrize(
    ("unit", "metres"),
    [("m", 1), ("METRES", 1), ("meter", 1), ("ft", 0.3048), ("F", 0.3048), ("Feet", 0.3048), ("in", 0.0254),
     ("0.1 in", 0.00254), (".1IN", 0.00254), ("0.1 inch", 0.00254), ("cm", 0.01), ("mm", 0.001)],
)  # fmt: skip
def test_units(unit, metres):
    """Depths of any known unit become metres, and are said to have been converted."""
    well = make(raw(depth=DEPTH / metres, unit=unit))
    assert well.depth.values == pytest.approx(DEPTH, abs=1e-9)
    assert ("depth-unit" in kinds(well)) is (metres != 1)


@pytest.mark.parametrize("unit", ["", "fathom"])
def test_unit_unknown(unit):
    """No unit, or none that is known: refused with the cure; stated, the option is taken without ado."""
    with pytest.raises(InputError, match=r"a\.dlis: depths .*; give --depth-unit m, cm"):
        make(raw(unit=unit))
    well = make(raw(unit=unit), depth_unit="ft")
    assert well.depth.values == pytest.approx(DEPTH * 0.3048)
    assert "depth-unit-stated" not in kinds(well)


def test_unit_contradicted():
    """A unit stated against the file's wins, with a major finding."""
    well = make(raw(unit="m"), depth_unit="ft")
    assert well.depth.values == pytest.approx(DEPTH * 0.3048)
    assert finding(well, "depth-unit-stated").severity == Severity.MAJOR


def test_upward():
    """A log recorded upwards is turned round with its companion, without a copy of either."""
    image = raw(depth=DEPTH[::-1], dynamic=pixels(1))
    well = make(image)
    assert np.array_equal(well.image.values, pixels()[::-1])
    assert np.array_equal(well.dynamic.values, pixels(1)[::-1])
    assert np.array_equal(well.depth.values, DEPTH)
    assert np.shares_memory(well.image.values, image.values)
    assert np.shares_memory(well.dynamic.values, image.dynamic)
    assert finding(well, "depth-flipped").severity == Severity.INFO


@pytest.mark.parametrize("upward", [False, True])
def test_repeated_rows(upward):
    """The same row twice is kept once; two rows of one depth that differ are a doubt, and the first is kept."""
    step = -1 if upward else 1
    values, depth = pixels(), DEPTH.copy()
    values[11], depth[11] = values[10], depth[10]
    depth[21] = depth[20]
    well = make(raw(values[::step].copy(), depth[::step]))
    kept = np.delete(np.arange(ROWS), [11, 21])
    assert np.array_equal(well.depth.values, depth[kept])
    assert np.array_equal(well.image.values, values[kept])
    assert finding(well, "rows-repeated").severity == Severity.MINOR
    assert "1 rows" in finding(well, "depth-repeated").observed
    assert finding(well, "depth-repeated").severity == Severity.MAJOR


@pytest.mark.parametrize("upward", [False, True])
@pytest.mark.parametrize("times", [2, 3])
def test_every_row_repeated(times, upward):
    """A file that says every row several times over is one of single rows, in either direction."""
    step = -1 if upward else 1
    well = make(raw(np.repeat(pixels()[::step], times, axis=0), np.repeat(DEPTH[::step], times)))
    assert np.array_equal(well.depth.values, DEPTH)
    assert np.array_equal(well.image.values, pixels())
    assert finding(well, "rows-repeated").observed == f"{ROWS * (times - 1)} rows stand twice"


@pytest.mark.parametrize("upward", [False, True])
def test_rows_are_left_out_in_place(upward, monkeypatch):
    """Where rows are left out, the others move within the image's own memory, a few at a time."""
    monkeypatch.setattr("geobfdt.io.images.depth_index._BLOCK_ROWS", 3)
    step, depth = -1 if upward else 1, DEPTH.copy()
    depth[[7, 30]] = np.nan, DEPTH[29]
    image = raw(pixels()[::step].copy(), depth[::step], dynamic=pixels(1)[::step].copy())
    well = make(image)
    kept = np.delete(np.arange(ROWS), [7, 30])
    assert np.array_equal(well.image.values, pixels()[kept])
    assert np.array_equal(well.dynamic.values, pixels(1)[kept])
    assert np.shares_memory(well.image.values, image.values)


def test_wild_depth():
    """One wild depth costs one row, not the rows below it."""
    depth = DEPTH.copy()
    depth[15] = 9000.0
    well = make(raw(depth=depth))
    kept = np.delete(np.arange(ROWS), 15)
    assert np.array_equal(well.depth.values, DEPTH[kept])
    assert np.array_equal(well.image.values, pixels()[kept])
    assert "1 rows are out of order, the first at row 16" in finding(well, "depth-disordered").observed


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, ROWS - 2), max_size=4, unique=True), st.booleans(), st.randoms(use_true_random=False))
def test_a_few_wild_depths(places, upward, random):
    """Whatever a few depths are, the rows whose depths are right come back, each with its own depth."""
    depth = DEPTH.copy()
    depth[places] = [random.uniform(0, 14_000) + 1e-3 * i for i in places]
    step = -1 if upward else 1
    well = make(raw(pixels()[::step], depth[::step]))
    got = dict(zip(well.depth.values.tolist(), well.image.values.tolist(), strict=True))
    assert all(got[depth[i]] == row.tolist() for i, row in enumerate(pixels()) if depth[i] in got)
    assert well.sizes["depth"] >= ROWS - len(places)


def test_hopeless_order():
    """Two passes one after the other are refused, not mended."""
    depth = np.r_[DEPTH[:20], DEPTH[:20] + 0.005]
    with pytest.raises(InputError, match="depths run up and down: 19 of 40 rows"):
        make(raw(depth=depth))


@pytest.mark.parametrize("null", [np.nan, np.inf, -9999.0, -999.25, -5.0])
def test_row_without_depth(null):
    """A row whose depth is null is left out; the file's own null is known, in whatever unit the depths are."""
    depth = DEPTH / 0.3048
    depth[5] = null
    well = make(raw(depth=depth, unit="ft", nulls=(-5.0,)))
    assert well.sizes["depth"] == ROWS - 1
    assert "1 rows have no depth" in finding(well, "depth-missing").observed


@pytest.mark.parametrize(
    ("depth", "what"),
    [
        (np.full(ROWS, np.nan), "no row has a depth"),
        (DEPTH * 100, "deeper than any hole"),
        (np.arange(ROWS) * 2.0, "too far for an image"),
        (1000 + np.arange(ROWS) * 1e-6, "too close for an image"),
    ],
)
def test_absurd_depths(depth, what):
    """Depths that are none, or that no hole has, are refused with the cure."""
    with pytest.raises(InputError, match=what):
        make(raw(depth=depth))


def test_nulls():
    """Exact nulls only, the file's own among them; a real value close by stays, in the companion too."""
    values = pixels()
    values[0, :7] = [-9999, -999.25, np.nan, -np.inf, -123.5, -32768, -2147483648]
    values[0, 7:9] = [-999.26, -9998.9]
    dynamic = values[::-1].copy()
    well = make(raw(values.copy(), nulls=(-123.5,), dynamic=dynamic))
    absent = np.zeros(values.shape, dtype=bool)
    absent[0, :7] = True
    assert np.array_equal(np.isnan(well.image.values), absent)
    assert np.array_equal(well.image.values[~absent], values[~absent])
    assert np.array_equal(np.isnan(well.dynamic.values), absent[::-1])


def test_null_in_single_precision():
    """A null that float32 rounds is known again."""
    values = pixels()
    values[3, 3] = np.float32(-999.9)
    assert np.isnan(make(raw(values, nulls=(-999.9,))).image.values[3, 3])


def test_nothing_measured():
    """An image of nulls, or of one value, is refused."""
    with pytest.raises(InputError, match="no pixel of the image was measured"):
        make(raw(np.full((ROWS, COLUMNS), -9999.0)))
    with pytest.raises(InputError, match="every pixel of the image is 7"):
        make(raw(np.full((ROWS, COLUMNS), 7.0)))


@pytest.mark.parametrize(("values", "doubt"), [(pixels() % 16, True), (pixels() % 17, False), (pixels() / 64, False)])
def test_sixteen_greys(values, doubt):
    """Whole numbers up to 15 are a major doubt; more of them, or fractions, are none."""
    well = make(raw(values))
    assert ("image-range" in kinds(well)) is doubt
    assert np.array_equal(well.image.values, values.astype(np.float32))


def test_angles():
    """Columns come in the order of their angles, 360 is 0; two of one angle are refused."""
    angles = (np.arange(COLUMNS) * 22.5 + 90) % 360
    angles[angles == 0] = 360.0
    well = make(raw(azimuth=angles))
    assert well.azimuth.values == pytest.approx(np.arange(COLUMNS) * 22.5)
    assert np.array_equal(well.image.values, np.roll(pixels(), 4, axis=1))
    with pytest.raises(InputError, match="two columns of the image have the same angle"):
        make(raw(azimuth=np.zeros(COLUMNS)))


def log(values, unit="", depth=None):
    """A hole log, at the rows unless said."""
    values = np.broadcast_to(np.asarray(values, dtype=float), ROWS if depth is None else np.shape(depth))
    return RawLog(values, unit, DEPTH if depth is None else np.asarray(depth))


@pytest.mark.parametrize(("value", "unit"), [(8.5, "in"), (215.9, "mm"), (21.59, "cm"), (0.2159, "m"), (0.70833, "ft")])
def test_diameter_units(value, unit):
    """A caliper in any unit of length is metres."""
    assert make(raw(logs={"diameter": log(value, unit)})).diameter.values == pytest.approx(0.2159, abs=1e-5)


def test_diameter_without_unit():
    """A caliper in no known unit is not guessed at: left out, a major finding, and its cure works."""
    image = raw(logs={"diameter": log(8.5, "")})
    well = make(image)
    assert np.isnan(well.diameter.values).all()
    assert finding(well, "caliper-unit").severity == Severity.MAJOR
    assert make(image, diameter=0.2).diameter.values == pytest.approx(0.2)


def test_absurd_diameters():
    """Diameters that no hole has are left out and bridged."""
    values = np.full(ROWS, 8.0)
    values[10:12] = [0.1, 300]
    well = make(raw(logs={"diameter": log(values, "in")}))
    assert well.diameter.values == pytest.approx(8 * 0.0254)
    assert "2 of 40 diameters" in finding(well, "diameter-absurd").observed


def test_angle_units():
    """Radians and gradians become degrees; a log in an unknown unit is not used."""
    well = make(raw(logs={"deviation": log(0.5, "rad"), "hole_azimuth": log(50, "gon")}))
    assert well.deviation.values == pytest.approx(np.degrees(0.5))
    assert well.hole_azimuth.values == pytest.approx(45)
    well = make(raw(logs={"deviation": log(12, "grad"), "hole_azimuth": log(45, "UNITLESS")}))
    assert np.isnan(well.deviation.values).all()
    assert finding(well, "deviation-unit").severity == Severity.MAJOR
    assert well.hole_azimuth.values == pytest.approx(45)


@pytest.mark.parametrize(("unit", "severity"), [("", Severity.MAJOR), ("deg", Severity.MINOR)])
def test_azimuths_that_may_be_gradians(unit, severity):
    """Without a unit, 399 may be 359 degrees or 39: the finding says so."""
    well = make(raw(logs={"hole_azimuth": log(np.linspace(380, 399, ROWS), unit)}))
    assert finding(well, "azimuth-wrapped").severity == severity


def test_azimuth_over_north():
    """Between 350 and 10 degrees the hole points north, not south; azimuths past a turn are wrapped."""
    logs = {"hole_azimuth": log([350, 370, 30], "deg", [1000.0, 1000.2, 1000.4])}
    well = make(raw(logs=logs))
    assert well.hole_azimuth.values[10] % 360 == pytest.approx(0, abs=1e-6) or well.hole_azimuth.values[
        10
    ] == pytest.approx(360)
    assert well.hole_azimuth.values[[0, 20, 30]] == pytest.approx([350, 10, 20], abs=0.2)


def test_logs_of_other_depths():
    """Logs are taken in the unit of the image's depths, whatever their order, skip nulls, and end where they end."""
    at = np.array([1000.4, 1000.2, 1000.0])
    logs = {"deviation": log([14, -999.25, 10], "deg", at / 0.3048)}
    well = make(raw(depth=DEPTH / 0.3048, unit="ft", logs=logs))
    assert well.deviation.values == pytest.approx(10 + (DEPTH - 1000) * 10)
    short = make(raw(depth=DEPTH * 10, logs={"deviation": log([1, 1], "deg", [10_000.0, 10_001.0])}))
    assert np.array_equal(np.isnan(short.deviation.values), DEPTH * 10 > 10_002)
    assert finding(short, "deviation-short").severity == Severity.MAJOR


def test_gap_in_a_log():
    """A caliper with a long stretch of nulls is told of, a survey of sparse stations is not."""
    depth = 1000 + 0.5 * np.arange(ROWS)
    caliper = np.where((depth > 1002) & (depth < 1012), -999.25, np.where(depth < 1010, 8.0, 12.0))
    stations = {"deviation": log([10, 10], "deg", depth[[0, -1]])}
    well = make(raw(depth=depth, logs={"diameter": log(caliper, "in", depth), **stations}))
    assert finding(well, "diameter-gap").observed == "no diameter between 1002.00 and 1012.00 m"
    assert well.diameter.values[14] == pytest.approx(0.254)  # half way, at 1007 m
    assert "deviation-gap" not in kinds(well)


def test_options_against_the_file():
    """What is stated wins over the file: with a major finding where they differ, an info where the file is silent."""
    logs = {"deviation": log(10, "deg"), "hole_azimuth": log(358, "deg")}
    image = raw(logs=logs, attributes={"reference": "north", "well": "A-1"})
    well = make(image, azimuth_reference="high_side", deviation=40, hole_azimuth=1, diameter=0.2, well="A-1")
    assert well.attrs["reference"] == "high_side"
    assert (well.deviation.values == 40).all()
    assert finding(well, "reference-stated").severity == Severity.MAJOR
    assert finding(well, "deviation-stated").severity == Severity.MAJOR
    assert finding(well, "hole-azimuth-stated").severity == Severity.INFO  # 3 degrees over north
    assert finding(well, "diameter-stated").severity == Severity.INFO
    assert "well-stated" not in kinds(well)


def test_silence_is_told():
    """What neither file nor user says is a major finding with the option that cures it; the well is named after it."""
    well = make(raw())
    for kind, cure in (("reference-unknown", "--azimuth-reference"), ("diameter-unknown", "--diameter"),
                       ("deviation-unknown", "--survey")):  # fmt: skip
        assert finding(well, kind).severity == Severity.MAJOR
        assert cure in finding(well, kind).action
    assert well.attrs["well"] == "a"


def test_vertical_hole():
    """A hole stated to be vertical needs no azimuth."""
    well = make(raw(), deviation=0, diameter=0.2, azimuth_reference="north")
    assert (well.hole_azimuth.values == 0).all()
    assert not {"deviation-unknown", "reference-unknown", "diameter-unknown"} & kinds(well)


def test_survey(tmp_path):
    """A survey gives deviation and azimuth at the rows; far beyond its end it is doubted; not together with options."""
    file = tmp_path / "survey.csv"
    file.write_text("MD (m),INCL,AZIM\n0,0,0\n900,20,90\n1100,20,90\n")
    well = make(raw(), survey=file)
    assert well.deviation.values == pytest.approx(20)
    assert well.hole_azimuth.values == pytest.approx(90)
    assert "survey-short" not in kinds(well)
    file.write_text("MD (m),INCL,AZIM\n0,0,0\n500,20,90\n")
    assert "500 m beyond" in finding(make(raw(), survey=file), "survey-short").observed
    with pytest.raises(InputError, match="a survey is given and a deviation or azimuth besides"):
        make(raw(), survey=file, deviation=3)


@pytest.mark.parametrize(
    ("image", "name", "declination", "azimuth", "north", "kind"),
    [
        # (north of the image, column of the survey, declination, hole azimuth, north that comes out, finding)
        ("true", "Azi (magnetic)", 5.0, 35.0, "true", "survey-turned"),
        ("magnetic", "Azi (true)", 5.0, 25.0, "magnetic", "survey-turned"),
        ("true", "Azi (magnetic)", None, np.nan, "true", "north-conflict"),
        ("true", "Azi Grid", 5.0, np.nan, "true", "north-conflict"),
        ("unknown", "Azi Grid", None, 30.0, "unknown", "survey-north"),
        ("true", "Azi (true)", None, 30.0, "true", "survey-north"),
    ],
)
def test_the_north_of_a_survey(tmp_path, image, name, declination, azimuth, north, kind):
    """Azimuths from two norths are never mixed: the survey is turned, or gives no azimuth."""
    file = tmp_path / "survey.csv"
    file.write_text(f"MD (m),DEVI,{name}\n0,20,30\n2000,20,30\n")
    stated = {"survey": file, "azimuth_reference": "north", "declination": declination}
    for well in (
        (make(raw(attributes={"north": image}), **stated), make(raw(), north=image, **stated))
        if (image != "unknown")
        else (make(raw(), **stated),)
    ):
        assert well.hole_azimuth.values == pytest.approx(azimuth, nan_ok=True)
        assert well.deviation.values == pytest.approx(20)
        assert well.attrs["north"] == north
        assert kind in kinds(well)
        assert ("hole-azimuth-unknown" in kinds(well)) is bool(np.isnan(azimuth))


def test_the_north_of_an_image_from_the_high_side(tmp_path):
    """Its angles are bound to no north, so that true dips take that of the survey."""
    file = tmp_path / "survey.csv"
    file.write_text("MD (m),DEVI,Azi Grid\n0,20,30\n2000,20,30\n")
    for attributes in ({}, {"north": "true"}):
        well = make(raw(attributes=attributes), survey=file, azimuth_reference="high_side")
        assert (well.attrs["north"], "north-conflict" in kinds(well)) == ("grid", False)
        assert well.hole_azimuth.values == pytest.approx(30)


@pytest.mark.parametrize(
    ("stations", "kind"),
    [
        ("0,0,0\n950,20,90\n", "survey-short"),
        ("1040,20,90\n1100,20,90\n", "survey-short"),
        ("0,0,0\n1100,40,90\n", "survey-sparse"),
        ("0,0,0\n995,0,90\n1005,40,90\n", "survey-dogleg"),
        ("0,90,0\n990,88,90\n1010,88,90\n", "survey-flat-collar"),
        ("0,0,0\n900,20,90\n980,22,91\n1010,23,90\n", None),
        ("0,0,0\n980,20,90\n", None),
    ],
)
def test_stations_that_do_not_tell_the_hole(tmp_path, stations, kind):
    """Too short, too far apart, bent too sharply, or flat at the collar: each is a major finding."""
    file = tmp_path / "survey.csv"
    file.write_text("MD (m),INCL,AZIM\n" + stations)
    well = make(raw(), survey=file)
    of_stations = ("survey-short", "survey-sparse", "survey-dogleg", "survey-flat-collar")
    assert {k for k in kinds(well) if k in of_stations} == ({kind} if kind else set())
    assert kind is None or finding(well, kind).severity == Severity.MAJOR


def test_a_deviation_without_an_azimuth():
    """The hole azimuth is asked for: true dips need it."""
    well = make(raw(), deviation=30, diameter=0.2, azimuth_reference="north")
    assert "--hole-azimuth" in finding(well, "hole-azimuth-unknown").action


@pytest.mark.parametrize(("other", "unit", "differs"), [(8.6, "in", False), (12.25, "in", True), (4.3, "mm", False)])
def test_calipers_that_differ(other, unit, differs):
    """A second caliper shows an oval hole, or that the wrong curve is read; the user's choice is not doubted."""
    calipers = {"others": [RawLog(np.full(ROWS, other), unit, DEPTH, "C2")]}
    logs = {"diameter": RawLog(np.full(ROWS, 8.5), "in", DEPTH, "C1")}
    assert ("calipers-differ" in kinds(make(raw(logs=logs, **calipers)))) is differs
    assert "calipers-differ" not in kinds(make(raw(logs=logs, **calipers), caliper="C1"))


def test_a_survey_of_another_well(tmp_path):
    """The survey of the well that the user names, or that the image names, and no other."""
    file = tmp_path / "survey.csv"
    file.write_text("Well,MD (m),DEVI,AZIM\nA,0,20,30\nB,0,60,250\n")
    assert make(raw(), survey=file, well="A").deviation.values == pytest.approx(20)
    assert make(raw(attributes={"well": "B"}), survey=file).deviation.values == pytest.approx(60)
    for attributes in ({"well": "C"}, {}):
        with pytest.raises(InputError, match="A, B"):
            make(raw(attributes=attributes), survey=file)


def test_one_row():
    """An image of one row is one."""
    assert make(raw(pixels()[:1], DEPTH[:1])).sizes["depth"] == 1


def test_blocks(monkeypatch):
    """Repairs do not depend on how many rows they are made on at a time."""
    values = pixels()
    values[7] = -9999
    whole = make(raw(values.copy()))
    monkeypatch.setattr("geobfdt.io.images.assemble._BLOCK_ROWS", 3)
    assert make(raw(values.copy())).identical(whole)


def test_doubts_of_a_replaced_log_are_left_out():
    """A log too short to serve is doubted, unless the user states what it would have said."""
    image = raw(logs={"deviation": RawLog(np.array([10.0, 10.0]), "deg", np.array([950.0, 960.0]))})
    assert "deviation-short" in kinds(make(image))
    image = raw(logs={"deviation": RawLog(np.array([10.0, 10.0]), "deg", np.array([950.0, 960.0]))})
    assert "deviation-short" not in kinds(make(image, deviation=12.0, hole_azimuth=5.0))


def curve(value, unit, name, description=""):
    """A log of one value, under a name."""
    return RawLog(np.full(ROWS, float(value)), unit, DEPTH, name, description)


@pytest.mark.parametrize(
    ("value", "unit", "name", "description"),
    [(4.25, "in", "IRAV", ""), (4.25, "in", "XCAL", "Average hole radius"), (107.95, "mm", "RADIUS", "")],
)
def test_radius(value, unit, name, description):
    """A caliper that is a radius by its name or description is doubled, with a major finding."""
    well = make(raw(logs={"diameter": curve(value, unit, name, description)}))
    assert well.diameter.values == pytest.approx(0.2159)
    assert finding(well, "caliper-radius").severity == Severity.MAJOR


@pytest.mark.parametrize(("value", "unit"), [(4.25, "in"), (8.5, "cm"), (0.108, "m")])
def test_caliper_below_the_bit(value, unit):
    """No hole is half its bit: such a caliper, a radius or one in another unit, is left out with a major finding."""
    bit = curve(8.5, "in", "BS")
    well = make(raw(logs={"diameter": curve(value, unit, "CALI")}, others=[bit]))
    assert np.isnan(well.diameter.values).all()
    assert finding(well, "caliper-below-bit").severity == Severity.MAJOR
    well = make(raw(logs={"diameter": curve(8.2, "in", "CALI")}, others=[bit]))
    assert well.diameter.values == pytest.approx(8.2 * 0.0254)


def test_proposed_calipers():
    """Only a length like that of a hole is proposed, and only where nothing says the diameter."""
    others = [curve(8.5, "in", "AAAA"), curve(30, "in", "LONG"), curve(0.2, "in", "DCAL"), curve(8.5, "ft", "TALL")]
    well = make(raw(others=others))
    assert "--caliper AAAA" in finding(well, "caliper-proposed").action
    assert "caliper-proposed" not in kinds(make(raw(others=others), diameter=0.2))
    assert "caliper-proposed" not in kinds(make(raw(others=others, logs={"diameter": curve(8, "in", "CALI")})))


@pytest.mark.parametrize(("columns", "actions"), [(4, True), (7, True), (8, False)])
def test_dipmeter(columns, actions):
    """An image of fewer than eight columns is told as a dipmeter's."""
    well = make(raw(pixels()[:, :columns]))
    assert ("dipmeter" in kinds(well)) is actions


@pytest.mark.parametrize("angles", ["none", "whole turn", "equal columns", "equal columns, anticlockwise"])
def test_a_last_column_that_repeats_the_first(angles):
    """It is the same direction once more: it goes, and the others stand where a closed turn has them."""
    values = pixels()
    closed, n = np.c_[values, values[:, :1]], COLUMNS + 1
    azimuth = {
        "none": None,
        "whole turn": 20 + np.arange(n) * 360 / COLUMNS,
        "equal columns": (np.arange(n) + 0.5) * 360 / n,
        "equal columns, anticlockwise": 360 - (np.arange(n) + 0.5) * 360 / n,
    }[angles]
    well = make(raw(closed, azimuth=azimuth, colour=np.repeat(closed[..., None], 3, axis=2).astype(np.uint8)))
    expected = (20 if angles == "whole turn" else 0) + np.arange(COLUMNS) * 360 / COLUMNS
    if angles == "equal columns, anticlockwise":
        values = np.roll(values[:, ::-1], 1, axis=1)
    assert np.allclose(well.azimuth.values, expected)
    assert np.array_equal(well["image"].values, values)
    assert well["colour"].shape == (ROWS, COLUMNS, 3)
    assert "seam-repeated" in kinds(well)


def test_columns_that_are_equal_for_another_reason():
    """A gap painted over the seam, and sectors that were widened, are no closed turn."""
    painted = pixels()
    painted[:, [0, -1]] = 7
    oversampled = np.roll(np.repeat(pixels(), 4, axis=1), 2, axis=1)
    for values in (painted, oversampled, pixels()):
        assert make(raw(values.copy())).sizes["azimuth"] == values.shape[1]
