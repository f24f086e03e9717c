"""Picks along rows where rows may differ for the tool's sake."""

import numpy as np
import pandas as pd
import pytest

from geobfdt.picking.row_picks import downgrade_picks_along_rows
from geobfdt.runtime.findings import Finding, Severity
from geobfdt.wells.image import WellImage, add_findings, well_image
from geobfdt.wells.picks import new_picks

OFFSETS = Finding(Severity.MINOR, "row-offsets", "x", "y", "z")


def _well(deviation: float) -> WellImage:
    return well_image(np.zeros((2000, 16)), 0.01 * np.arange(2000), deviation=deviation, well="A")


def _picks(amplitude: list[float]) -> pd.DataFrame:
    depth = np.linspace(5, 8, len(amplitude))
    return new_picks(well="A", depth_m=depth, class_="bedding", amplitude_m=amplitude, azimuth_app_deg=0.0, quality="A")


@pytest.mark.parametrize(
    ("deviation", "amplitudes", "offset", "suspect"),
    [
        (80.0, [0.2, 0.2, 0.3, 0.0, 0.2, 0.25], False, [3]),  # one flat among steep ones in an inclined hole
        (5.0, [0.2, 0.2, 0.3, 0.0, 0.2, 0.25], False, []),  # upright hole: beds may be flat
        (80.0, [0.0, 0.001, 0.002, 0.0, 0.2, 0.0], False, []),  # drilled square to the beds
        (80.0, [0.2, 0.0], False, []),  # too few to tell
        (5.0, [0.2, 0.0, 0.0], True, [1, 2]),  # rows of the image are offset
        (5.0, [0.2, 0.3], True, []),
    ],
)
def test_quality(deviation: float, amplitudes: list[float], offset: bool, suspect: list[int]) -> None:
    """Quality falls to D, and a finding says so; nothing else changes."""
    image, picks = _well(deviation), _picks(amplitudes)
    if offset:
        image = add_findings(image, [OFFSETS])
    changed, findings = downgrade_picks_along_rows(picks, image)
    assert np.flatnonzero(changed["quality"] == "D").tolist() == suspect
    assert [finding.kind for finding in findings] == (["picks-along-rows"] if suspect else [])
    pd.testing.assert_frame_equal(changed.drop(columns="quality"), picks.drop(columns="quality"))


def test_no_picks() -> None:
    """An empty table passes."""
    assert downgrade_picks_along_rows(_picks([]), add_findings(_well(80.0), [OFFSETS]))[1] == []
