"""Packed samples of a dipmeter in LIS files: representation codes 130 (edit tapes) and 234 (field tapes).

The standard does not define them. A sample of either code holds 16 samples of five fast curves, a byte each, curve by
curve within a sample; code 234 adds ten slow values of a byte each. After the public description of these codes in
TotalDepth, whose channel names are used here.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from dlisio import core

from geobfdt.io.arrays import AnyArray, Array, Grey

__all__ = ["FAST_CURVES", "PACKED_CODES", "as_bytes", "fast_curves", "is_packed"]

#: Bytes of a packed sample by representation code.
PACKED_CODES = {130: 80, 234: 90}
#: Fast curves of a sample, in their order. Code 234 has ten slow values behind them, which are not read.
FAST_CURVES = ("FC0", "FC1", "FC2", "FC3", "FC4")

_SAMPLES = 16  # Samples of a fast curve in a frame.


def is_packed(block: Any) -> bool:
    """Whether a block of a data format specification holds packed samples of a dipmeter."""
    return bool(PACKED_CODES.get(int(block.reprc)) == block.reserved_size and block.samples == 1)


def as_bytes(specification: Any) -> Any:
    """
    Present a data format specification to dlisio with its packed samples as bytes, which dlisio reads.

    Parameters
    ----------
    specification
        dlisio's data format specification.

    Returns
    -------
    object
        The same, if nothing in it is packed; else one whose packed blocks are arrays of bytes.
    """
    if not any(is_packed(block) for block in specification.specs):
        return specification
    return _Bytes(specification)


class _Bytes:
    """A data format specification whose packed blocks are arrays of bytes."""

    def __init__(self, specification: Any) -> None:
        self._specification = specification
        self.specs = [self._block(block) for block in specification.specs]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._specification, name)

    @staticmethod
    def _block(block: Any) -> Any:
        if not is_packed(block):
            return block
        names = ("mnemonic", "units", "reserved_size", "samples")
        values = {name: getattr(block, name) for name in names}
        return SimpleNamespace(**values, reprc=int(core.lis_reprc.byte))


def fast_curves(packed: AnyArray, depth: Array) -> tuple[Array, dict[str, Grey]]:
    """
    Unpack the fast curves of a dipmeter.

    Parameters
    ----------
    packed : array (frames, 80 or 90)
        Bytes of the packed samples.
    depth : array (frames,)
        Depths of the frames.

    Returns
    -------
    depth : array (16 * frames,)
        Depths of the samples: those of a frame lie between the frame before it and its own depth, as for every fast
        channel of LIS79.
    curves : dict of str to array (16 * frames, 1)
        Samples by curve.

    Examples
    --------
    >>> depth, curves = fast_curves(np.arange(160, dtype=np.uint8).reshape(2, 80), np.array([10.0, 8.4]))
    >>> depth[[0, 15, 16, 31]].round(2), curves["FC1"][:3, 0]
    (array([11.5, 10. ,  9.9,  8.4]), array([ 1.,  6., 11.], dtype=float32))
    """
    step = np.diff(depth, prepend=2 * depth[0] - depth[min(1, depth.size - 1)])
    shares = np.arange(_SAMPLES - 1, -1, -1) / _SAMPLES
    at = depth[:, None] - step[:, None] * shares
    samples = packed[:, : _SAMPLES * len(FAST_CURVES)].reshape(len(packed), _SAMPLES, len(FAST_CURVES))
    curves = {name: samples[:, :, k].reshape(-1, 1).astype(np.float32) for k, name in enumerate(FAST_CURVES)}
    return at.ravel(), curves
