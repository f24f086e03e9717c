"""Thinning by explained pixels."""

from __future__ import annotations

import numpy as np

from geobfdt.picking.hough.accumulator import Along
from geobfdt.picking.hough.peak_thinning import thin

TURN = np.radians(np.arange(2.5, 360, 5))


def along_of(traces: np.ndarray, response: np.ndarray) -> Along:
    """Fully measured samples along traces."""
    a, b = traces[:, 1:2], traces[:, 2:]
    depth = traces[:, :1] + a * np.cos(TURN) + b * np.sin(TURN)
    slope = b * np.cos(TURN) - a * np.sin(TURN)
    return Along(response.astype(np.complex64), np.ones(depth.shape, np.float32), depth, slope, np.ones(len(traces)))


def test_explained_pixels_speak_no_more() -> None:
    """A nested sinusoid that shares its crest with a better one, and a crossing one with pixels of its own."""
    traces = np.array([[1.0, 0.20, 0.0], [1.05, 0.15, 0.0], [1.0, -0.15, 0.0]])
    response = np.full((3, TURN.size), 0.8 + 0j)
    # The nested one only has evidence where it runs along the first: the crest at 0 degrees.
    gap = np.abs((traces[0, 0] - traces[1, 0]) + (traces[0, 1] - traces[1, 1]) * np.cos(TURN))
    response[1] = np.where(gap < 0.02, 0.8, 0.05)
    scores = np.array([0.8, 0.75, 0.7])
    reach = np.full(response.shape, 0.02)
    chosen, own = thin(along_of(traces, response), reach, scores, 0.3)
    assert chosen.tolist() == [0, 2]
    assert own[0] == 0.8
    assert own[1] <= 0.7


def test_incoherent_rest_is_dropped() -> None:
    """What speaks for a line on one half of the turn and for the opposite on the other is no plane."""
    traces = np.array([[1.0, 0.0, 0.0]])
    response = np.where(np.sin(TURN) > 0, 0.9, -0.9)[None] + 0j
    chosen, _ = thin(along_of(traces, response), np.full(response.shape, 0.02), np.array([0.2]), 0.3)
    assert chosen.size == 0


def test_nothing_in_nothing_out() -> None:
    """No candidates give no picks."""
    empty = along_of(np.empty((0, 3)), np.empty((0, TURN.size)))
    chosen, own = thin(empty, np.empty((0, TURN.size)), np.empty(0), 0.3)
    assert chosen.size == own.size == 0
