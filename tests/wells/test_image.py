"""A WellImage keeps its contract or is not made."""

import numpy as np
import pytest

from geobfdt.runtime.findings import Finding, InputError, Severity
from geobfdt.wells.image import add_findings, known_reference, log_at, row_spacing, well_image

PIXELS = np.arange(12.0).reshape(3, 4)


def test_mask_units_and_defaults():
    """NaN stays NaN, values are float32, angles are column centres, unknown logs are NaN."""
    pixels = PIXELS.copy()
    pixels[1, 2] = np.nan
    image = well_image(pixels, [1.0, 2.0, 3.5], well="A")
    assert image.image.dtype == np.float32
    assert np.isfinite(image.image.values).sum() == 11
    assert image.azimuth.values.tolist() == [45, 135, 225, 315]
    assert np.isnan(image.diameter.values).all()
    assert image.attrs["reference"] == "unknown"
    assert row_spacing(image) == 1.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": [1.0, 2.0]}, "do not make an image"),
        ({"depth": [1.0, 3.0, 2.0]}, "increasing"),
        ({"depth": [1.0, np.nan, 2.0]}, "finite"),
        ({"azimuth": [0.0, 90.0, 180.0, 360.0]}, "angles"),
        ({"azimuth": [0.0, 90.0, 90.0, 300.0]}, "angles"),
        ({"reference": "south"}, "south"),
        ({"dark": "left"}, "left"),
        ({"hue": "red"}, "hue"),
        ({"colour": np.zeros((3, 4, 3))}, "colour"),
        ({"colour": np.zeros((3, 4), np.uint8)}, "colour"),
        ({"dynamic": np.zeros((2, 4))}, "dynamic"),
    ],
)
def test_contract_breaches(arguments, message):
    """Each breach is named."""
    with pytest.raises(ValueError, match=message):
        well_image(**{"image": PIXELS, "depth": [1.0, 2.0, 3.0], **arguments})


def test_hole_azimuth_takes_the_short_way():
    """Between 350 and 20 the hole points north, not south; beyond the ends the last row is held."""
    image = well_image(PIXELS, [0.0, 1.0, 2.0], hole_azimuth=[350.0, 20.0, 20.0], diameter=[0.2, 0.3, 0.3])
    assert log_at(image, "hole_azimuth", 0.5) == pytest.approx(5.0)
    assert log_at(image, "diameter", [-5.0, 0.5]).tolist() == pytest.approx([0.2, 0.25])


def test_unknown_reference_names_the_cure():
    """Whoever needs the reference is told what to give."""
    with pytest.raises(InputError, match="--azimuth-reference"):
        known_reference(well_image(PIXELS, [0, 1, 2], well="A"))
    assert known_reference(well_image(PIXELS, [0, 1, 2], reference="north")) == "north"


def test_findings_add_up():
    """Adding findings keeps the former ones and does not touch the given image."""
    image = well_image(PIXELS, [0, 1, 2])
    more = add_findings(image, [Finding(Severity.INFO, "a", "b", "c", "d")])
    assert len(more.attrs["findings"]) == 1
    assert image.attrs["findings"] == []
