"""Layered rock as real images show it: flaws, undulation, high angles, and looks that training never draws."""

import numpy as np
import pytest

from geobfdt.simulation.flaws import Blemishes, Flaws
from geobfdt.simulation.fractures import draw_fractures
from geobfdt.simulation.geology import FractureSet, Geology
from geobfdt.simulation.hole import draw_hole
from geobfdt.simulation.layered import HELD_OUT_APPEARANCES, draw_layered
from geobfdt.simulation.strata import build_strata
from geobfdt.simulation.undulation import Undulation
from geobfdt.simulation.well import simulate_well
from geobfdt.simulation.well_settings import WellSettings, draw

DEPTH = 100 + 0.01 * np.arange(3000)


def _blemishes(**strengths: float) -> Blemishes:
    return Blemishes(Flaws(**strengths), DEPTH, 32, 0.2, np.random.default_rng(3))


def test_ordinary_wells_have_no_flaw_of_layered_ones() -> None:
    """The simulator's other wells stay what they were."""
    for seed in range(20):
        settings = draw(np.random.default_rng(seed))
        assert settings.flaws == Flaws()
        assert not settings.broad_contrast
        assert (settings.geology.undulation, settings.geology.nodules, settings.geology.gradation) == (0, 0, 0.008)


def test_contrast_fades_on_one_side() -> None:
    """One wave a turn, from the whole contrast down to a fifth."""
    gain = _blemishes(fade=0.8).fade(np.ones((3000, 32), np.float32), 0, 3000)
    np.testing.assert_allclose(gain.min(axis=1), 0.2, atol=0.02)
    np.testing.assert_allclose(gain.max(axis=1), 1.0, atol=0.02)
    spectrum = np.abs(np.fft.rfft(gain, axis=1)).mean(axis=0)
    assert spectrum[1] > 20 * spectrum[2:].max()


def test_row_offsets_are_alike_round_the_hole_and_correlated_as_told() -> None:
    """Of the strength and correlation that the settings say."""
    added = _blemishes(row_offset=0.5, row_correlation=0.8).added(0, 3000)
    assert np.ptp(added, axis=1).max() == 0
    rows = added[:, 0]
    assert rows.std() == pytest.approx(0.5, rel=0.15)
    assert np.corrcoef(rows[1:], rows[:-1])[0, 1] == pytest.approx(0.8, abs=0.05)


def test_stripes_are_alike_over_the_depth() -> None:
    """The same sectors are bright and dark all along."""
    added = _blemishes(stripes=0.5).added(0, 3000)
    sectors = added.mean(axis=0)
    assert sectors.std() > 0.2
    # The drift with depth changes all stripes alike.
    assert np.abs(np.corrcoef(added[::100], rowvar=True)).min() > 0.99


@pytest.mark.parametrize(("flaw", "wide"), [("smear", True), ("red_noise", False)])
def test_texture(flaw: str, wide: bool) -> None:
    """Smeared texture is long round the hole and short along it; red noise is alike in both."""
    added = _blemishes(**{flaw: 1.0, "smear_width": 0.2}).added(0, 3000)
    assert added.std() == pytest.approx(1.0, rel=0.25)
    added = added - added.mean()
    around = (added * np.roll(added, 2, axis=1)).mean()  # 2 columns: 4 cm
    along = (added[4:] * added[:-4]).mean()  # 4 rows: 4 cm
    assert (around > 5 * abs(along)) == wide


def test_undulation_leaves_planes_where_they_are() -> None:
    """What a bed boundary departs by has neither mean nor single wave round the hole, and beds keep their order."""
    columns = 64
    wavy = Undulation(Geology(undulation=0.33), 0.0, 5.0, 0.15, 0.1, columns, np.random.default_rng(5))
    position = np.repeat(np.linspace(0.5, 4.5, 400)[:, None], columns, axis=1).astype(np.float32)
    departure = wavy.departure(position)
    size = departure.std()
    assert 0.01 < size < 0.06
    assert np.abs(departure).max() < 0.15
    waves = np.fft.rfft(departure, axis=1) / columns
    assert np.abs(waves[:, :2]).max() < 0.02 * size
    assert (np.diff(position + departure, axis=0) > 0).all()


def test_nodules_bend_beds_and_keep_their_order() -> None:
    """Departures are local and small."""
    bent = Undulation(Geology(nodules=3.0), 0.0, 5.0, 0.1, 0.1, 64, np.random.default_rng(5))
    position = np.repeat(np.linspace(0.1, 4.9, 2000)[:, None], 64, axis=1).astype(np.float32)
    departure = bent.departure(position)
    assert 0.003 < np.abs(departure).max() < 0.04
    assert np.mean(np.abs(departure) > 0.001) < 0.5
    assert (np.diff(position + departure, axis=0) > -1e-5).mean() > 0.999


def test_looks_that_are_held_out_are_never_drawn() -> None:
    """Or choosing by them would say nothing of unknown looks."""
    for seed in range(200):
        flaws = draw_layered(np.random.default_rng(seed)).flaws
        assert (flaws.helix, flaws.toolface_error, flaws.fade_waves) == (0, 0, 1)
    novel = [draw_layered(np.random.default_rng(0), appearance).flaws for appearance in HELD_OUT_APPEARANCES]
    assert all(flaws.helix or flaws.toolface_error for flaws in novel)


def test_flaws_come_together() -> None:
    """None to all six, most often three and more."""
    counts = []
    for seed in range(200):
        flaws = draw_layered(np.random.default_rng(seed)).flaws
        strengths = (flaws.fade, flaws.stripes, flaws.row_offset, flaws.smear, flaws.row_blur, flaws.red_noise)
        counts.append(np.count_nonzero(strengths))
    assert min(counts) == 0
    assert max(counts) == 6
    assert np.mean(np.array(counts) >= 3) > 0.4


def test_beds_of_layered_wells_are_dense_and_high_angles_are_common() -> None:
    """3 to 15 beds a metre along the hole, high angles in over a third."""
    settings = [draw_layered(np.random.default_rng(seed), length=8.0) for seed in range(60)]
    assert np.mean([one.deviation > 60 for one in settings]) > 1 / 3
    density = []
    for seed, one in enumerate(settings[:12]):
        truth = simulate_well(one, np.random.default_rng(seed)).truth
        density.append((truth["class"] == "bedding").sum() / 8.0)
    assert 4 < np.median(density) < 14
    assert max(density) < 22


def test_beds_are_asked_for_less_where_they_show_less() -> None:
    """What is asked of a picker follows what shows."""

    def required_beds(**flaws: float) -> int:
        count = 0
        for seed in range(4):
            settings = draw_layered(np.random.default_rng(seed), length=8.0, deviation=20.0)
            changed = settings.model_copy(update={"flaws": Flaws(**flaws)})
            truth = simulate_well(changed, np.random.default_rng(seed)).truth
            count += int((~truth["optional"].astype(bool)).sum())
        return count

    clean = required_beds()
    assert required_beds(row_offset=3.0) < 0.7 * clean
    assert required_beds(smear=3.0) < 0.7 * clean


def test_steep_traces_are_judged_over_what_a_sector_spreads_them_over() -> None:
    """In few sectors, a clear contact with a tall trace shows no step from row to row, and anybody sees it."""
    geology = Geology(
        bedding_dip=0, bed_thickness=0.06, thickness_spread=0.1, thin_layers=0, massive=0, lamination=0, texture=0
    )
    settings = WellSettings(tool="lwd56", length=20.0, deviation=80.0, reference="high_side", geology=geology)
    share = []
    for broad in (False, True):
        changed = settings.model_copy(update={"broad_contrast": broad})
        truth = simulate_well(changed, np.random.default_rng(1)).truth
        share.append(truth["visible"].median())
    assert share[1] > share[0]


def test_thick_fractures_show_two_edges() -> None:
    """Centimetres apart along the hole; without them, no fracture is so thick on average."""
    one = FractureSet(dip=30, azimuth=90, concentration=300)
    half_widths = []
    for share in (0.0, 1.0):
        geology = Geology(sets=(one,), fracture_density=3.0, thick_fractures=share)
        settings = WellSettings(geology=geology, length=20.0)
        depth = 1000 + 0.005 * np.arange(4000)
        hole = draw_hole(settings, depth, 36, np.random.default_rng(0))
        strata = build_strata(geology, hole, np.random.default_rng(1))
        bands = draw_fractures(geology, hole, strata, 0.0, np.random.default_rng(2))
        half_widths.append(np.array([band.half_width.mean() for band in bands]))
    assert half_widths[0].size == half_widths[1].size > 20
    assert (half_widths[1] >= 0.01).all()
    assert np.median(half_widths[0]) < 0.005


def test_a_coarse_well_without_any_plane() -> None:
    """A stream meets one now and then: beds along the hole, rows of 10 cm, no fracture."""
    geology = Geology(bedding_dip=0, bed_thickness=6.0, thickness_spread=0.01, thin_layers=0, massive=0)
    settings = WellSettings(tool="lwd16", length=1.0, deviation=90.0, reference="high_side", geology=geology)
    well = simulate_well(settings, np.random.default_rng(0))
    assert well.truth.empty
