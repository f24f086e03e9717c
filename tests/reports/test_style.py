"""Colours that can be told apart, and the PNG palette."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from PIL import Image

import geobfdt
from geobfdt.reports.png import write_png
from geobfdt.reports.style import KINDS, RAMP, STRESS, UNMEASURED, VUG


def lightness(colour: np.ndarray) -> np.ndarray:
    """CIE lightness L* of sRGB."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def test_ramp_grows_lighter_evenly() -> None:
    """Each tone is lighter than the one before, from black to white, without a plateau."""
    tones = lightness(RAMP(np.linspace(0, 1, 33))[:, :3])
    steps = np.diff(tones)
    assert tones[0] < 1
    assert tones[-1] > 99
    assert (steps > 0.4 * steps.mean()).all()
    assert (steps < 2 * steps.mean()).all()


def test_unmeasured_is_no_tone_of_the_ramp() -> None:
    """Grey of a gap is far from every tone."""
    ramp = RAMP(np.linspace(0, 1, 256))[:, :3]
    assert np.abs(ramp - np.array(to_rgb(UNMEASURED))).max(axis=-1).min() > 0.15


def test_kinds_differ_for_the_colour_blind() -> None:
    """Colours of classes differ under simulated protanopia and deuteranopia, or the symbols do."""
    # Viénot, Brettel and Mollon (1999), on linear RGB.
    for deficiency in (
        np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    ):
        for first, second in combinations(KINDS.values(), 2):
            colours = [deficiency @ np.array(to_rgb(kind.colour)) ** 2.2 for kind in (first, second)]
            assert first.marker != second.marker
            if first.colour != second.colour:
                assert np.abs(colours[0].clip(0) ** (1 / 2.2) - colours[1].clip(0) ** (1 / 2.2)).max() > 0.12


def test_the_review_screen_has_the_same_colours() -> None:
    """What the screen draws a kind with is what the pictures draw it with."""
    script = Path(geobfdt.__file__).parent / "review" / "static" / "planes.js"
    colours = re.findall(r'^ +"?([a-z ]+)"?: \{ label: .*?colour: "(#[0-9a-f]+)"', script.read_text(), re.MULTILINE)
    assert dict(colours) == {name: kind.colour for name, kind in KINDS.items()}
    marks = dict(re.findall(r'\b(BREAKOUT|VUG) = "(#[0-9a-f]+)"', script.with_name("view.js").read_text()))
    assert marks == {"BREAKOUT": STRESS, "VUG": VUG}


def test_png_keeps_the_colours(tmp_path: Path) -> None:
    """Reduced to 256 colours, the ramp and the classes stay within a few grey levels of themselves."""
    colours = [*RAMP(np.linspace(0, 1, 60))[:, :3], *(to_rgb(kind.colour) for kind in KINDS.values())]
    colours += [to_rgb(UNMEASURED), (1.0, 1.0, 1.0)]
    figure = Figure((len(colours) / 10, 0.2), dpi=100)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow([colours], aspect="auto", interpolation="nearest")
    ax.axis("off")
    write_png(figure, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        assert set(picture.info) <= {"dpi"}
        result = np.asarray(picture.convert("RGB"))[10, 5::10].astype(int)
    expected = np.round(255 * np.array(colours)).astype(int)
    assert np.abs(result - expected).max() <= 4
    np.testing.assert_array_equal(result[-1], 255)
