"""The assembly in blocks of rows: the same values as in one piece, and memory that is bounded a row."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from geobfdt.assembly import gains
from geobfdt.assembly.build import Plan, build, lay_out_buttons, place_buttons
from geobfdt.assembly.tool_geometry import geometry_of
from geobfdt.preparation.normalisation import normalise_dynamic, normalise_static
from geobfdt.simulation.pads import simulate_pads
from geobfdt.simulation.well_settings import WellSettings
from geobfdt.wells.pads import PadRecording
from geobfdt.workflows import assemble

FMI, PLAN = geometry_of("FMI"), Plan(north="true")
# Two pictures of float32 and the buttons as recorded are 3.6 kB a row; each step may hold half of that besides.
_MOST_BYTES_A_ROW = 2600


@pytest.fixture(scope="module")
def recording() -> PadRecording:
    """Three metres with all flaws."""
    return simulate_pads(WellSettings(length=3.0, deviation=12.0), np.random.default_rng(5)).recording


def repeated(recording: PadRecording, times: int) -> PadRecording:
    """The same rock, one below the other."""
    step = float(np.median(np.diff(recording.depth)))
    depth = recording.depth[0] + step * np.arange(times * recording.rows)
    logs = {name: np.tile(log, times) for name, log in recording.logs.items() if name != "time"}
    arrays = {name: np.tile(values, (times, 1)) for name, values in recording.arrays.items()}
    return replace(recording, depth=depth, arrays=arrays, logs=logs)


def test_blocks_of_rows_give_the_same_buttons(recording, monkeypatch):
    """A block of 64 rows and one of all rows bring buttons to the same response."""
    whole = build(recording, FMI, PLAN).image
    monkeypatch.setattr(gains, "_BLOCK_ROWS", 64)
    blocks = build(recording, FMI, PLAN).image
    assert np.array_equal(np.isfinite(whole), np.isfinite(blocks))
    assert np.nanmax(np.abs(whole - blocks)) < 1e-5


def test_pictures_are_those_of_the_whole_image(recording, monkeypatch):
    """Static and dynamic picture are computed where they are used, with the values of the whole image."""
    assembled = build(recording, FMI, PLAN)
    monkeypatch.setattr(assemble, "_BLOCK_ROWS", 100)
    image = assemble.image_of(assembled, recording)
    rows = int(1.0 / float(np.median(np.diff(assembled.depth))))
    expected = {
        "image": normalise_static(assembled.image) * np.float32(255),
        "dynamic": normalise_dynamic(assembled.image, rows) * np.float32(255),
    }
    some = np.array([900, 5, 6, 250])
    for name, values in expected.items():
        assert np.array_equal(image[name][17:431].values, values[17:431], equal_nan=True)
        assert np.array_equal(image[name][::37, ::5].values, values[::37, ::5], equal_nan=True)
        assert np.array_equal(image[name][some].values, values[some], equal_nan=True)
        assert np.array_equal(image[name][7].values, values[7], equal_nan=True)
        assert np.array_equal(image[name].values, values, equal_nan=True)


def test_the_recording_is_kept(recording):
    """Assembling changes no current of the recording."""
    before = {name: values.copy() for name, values in recording.arrays.items()}
    build(recording, FMI, PLAN)
    for name, values in recording.arrays.items():
        assert np.array_equal(values, before[name], equal_nan=True)


def test_memory_a_row_is_bounded(recording):
    """Between two lengths the peak grows by less than two pictures and the recording would need."""
    peaks, rows = [], []
    for times in (2, 5):
        long = repeated(recording, times)
        tracemalloc.start()
        lay_out_buttons(place_buttons(long, FMI, PLAN), FMI, PLAN)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        rows.append(long.rows)
    assert (peaks[1] - peaks[0]) / (rows[1] - rows[0]) < _MOST_BYTES_A_ROW
