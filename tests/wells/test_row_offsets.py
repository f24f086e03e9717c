"""Rows and sectors that are offset as wholes: found, and evened where asked."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import geobfdt
from geobfdt.io.write.delimited import write_csv
from geobfdt.quality.image_checks import check_image
from geobfdt.wells.image import WellImage, well_image
from geobfdt.wells.row_offsets import even_rows, even_sectors

STEP = 0.0076
DEPTH = 1000 + STEP * np.arange(2000)
TURN = (np.arange(56) + 0.5) * 2 * np.pi / 56


def _beds(amplitude: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Steps between beds 8 to 25 cm thick, and a little white noise."""
    edges = np.cumsum(rng.uniform(0.08, 0.25, 120))
    values = rng.standard_normal(len(edges) + 1)
    position = DEPTH[:, None] - 1000 - amplitude * np.cos(TURN - 1.0)
    return np.asarray(values[np.searchsorted(edges, position)] + 0.05 * rng.standard_normal(position.shape))


def _well(values: npt.NDArray[np.float64]) -> WellImage:
    return well_image(values, DEPTH, diameter=0.2159, deviation=0.0, hole_azimuth=0.0, well="A", reference="north")


def _kinds(image: WellImage) -> set[str]:
    return {finding.kind for finding in check_image(image)} & {"row-offsets", "sector-stripes"}


@pytest.mark.parametrize("amplitude", [0.0, 0.01, 0.2])
def test_beds_are_no_offsets(amplitude: float) -> None:
    """Not even flat ones, whose contacts shift rows as wholes."""
    assert _kinds(_well(_beds(amplitude, np.random.default_rng(1)))) == set()


@pytest.mark.parametrize("amplitude", [0.0, 0.2])
def test_offsets_are_found(amplitude: float) -> None:
    """Rows and sectors, each by itself."""
    rng = np.random.default_rng(2)
    beds = _beds(amplitude, rng)
    assert _kinds(_well(beds + 0.5 * rng.standard_normal((2000, 1)))) == {"row-offsets"}
    assert _kinds(_well(beds + 0.5 * rng.standard_normal(56))) == {"sector-stripes"}
    assert _kinds(_well(beds + 0.8 * np.cos(TURN))) == set()  # A tool off centre.


def test_noise_of_its_own_in_each_pixel_is_no_offset() -> None:
    """However few the sectors."""
    rng = np.random.default_rng(3)
    for columns in (16, 56):
        image = well_image(rng.standard_normal((2000, columns)), DEPTH, well="A")
        assert _kinds(image) == set()


def test_rows_are_evened_and_beds_left() -> None:
    """The offsets go; of beds, dipping ones, what was there stays."""
    rng = np.random.default_rng(4)
    beds = _beds(0.2, rng)
    offsets = 0.5 * rng.standard_normal((2000, 1))
    even = even_rows(_well(beds + offsets))
    remainder = even["image"].values - beds
    assert remainder.std() < 0.3 * offsets.std()
    assert _kinds(even) == set()
    assert [finding.kind for finding in even.attrs["findings"]] == ["rows-evened"]


def test_sectors_are_evened_and_beds_left() -> None:
    """Stripes go; beds stay."""
    rng = np.random.default_rng(5)
    beds = _beds(0.2, rng)
    stripes = 0.5 * rng.standard_normal(56)
    remainder = even_sectors(_well(beds + stripes))["image"].values - beds
    assert remainder.mean(axis=0).std() < 0.3 * stripes.std()
    assert np.abs(np.median(remainder - remainder.mean(axis=0))) < 0.1


def test_what_was_not_measured_stays_so() -> None:
    """Rows without a pixel, pixels without a value, and all others finite."""
    rng = np.random.default_rng(6)
    values = _beds(0.2, rng) + 0.5 * rng.standard_normal((2000, 1))
    values[100:130] = np.nan
    values[:, 10:14] = np.nan
    for even in (even_rows(_well(values)), even_sectors(_well(values))):
        np.testing.assert_array_equal(np.isfinite(even["image"].values), np.isfinite(values))


def test_reading_options_even_a_file(tmp_path: Path) -> None:
    """The file is read as it is, unless evening is asked for."""
    rng = np.random.default_rng(7)
    well = _well(_beds(0.2, rng) + 0.5 * rng.standard_normal((2000, 1)) + 0.5 * rng.standard_normal(56))
    file = tmp_path / "a.csv"
    write_csv(well, file)
    plain, even = geobfdt.read(file), geobfdt.read(file, even_rows=True, even_sectors=True)
    kinds = {finding.kind for finding in even.attrs["findings"]}
    assert {"rows-evened", "sectors-evened"} <= kinds
    assert not {"rows-evened", "sectors-evened"} & {finding.kind for finding in plain.attrs["findings"]}
    assert _kinds(plain) == {"row-offsets", "sector-stripes"}
    assert _kinds(even) == set()
