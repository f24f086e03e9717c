"""Write the recording of a pad tool as DLIS (RP66 v1): a fast frame of buttons, a slow one of bearings.

Channels have the names that FMI runs have: ``FCA1`` to ``FCD4``, ``EV``, ``FBGA``, ``FTIM``, ``FCAX`` to ``FCAZ`` at
every row, and ``DEVI``, ``HAZI``, ``P1AZ``, ``RB``, ``C1``, ``C2``, ``FX`` to ``FZ`` at every fifteenth.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dliswriter
import numpy as np

from geobfdt.io.names import names_of
from geobfdt.io.write.dlis import new_document, quiet
from geobfdt.runtime.storage import atomic_path
from geobfdt.wells.pads import PAD_LOGS, PadRecording

__all__ = ["write_pads"]

_NULL = -9999.0
_SLOW_ROWS = 15  # The slow frame has one row for so many fast ones.
_TENTH_INCH_M = 0.00254
_INCH_M = 0.0254
_FAST = ("emex", "gain", "acceleration_x", "acceleration_y", "acceleration_z")
_BEARINGS = {"deviation": "DEVI", "hole_azimuth": "HAZI"}


def write_pads(recording: PadRecording, path: str | Path, *, upward: bool = True) -> None:
    """
    Write a recording as a DLIS file.

    Parameters
    ----------
    recording : PadRecording
        What the tool recorded.
    path : str or Path
        The file to write.
    upward : bool
        Whether the deepest row comes first, as a tool records it.

    Raises
    ------
    InputError
        If the place cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from geobfdt.io.images.dlis.pads import read_pads
    >>> from geobfdt.wells.options import ReadingOptions
    >>> currents = {"FCA1": np.ones((40, 12), np.float32)}
    >>> recording = PadRecording("a", 10 + 0.00254 * np.arange(40), currents, {"deviation": np.full(40, 3.0)})
    >>> file = Path(tempfile.mkdtemp()) / "a.dlis"
    >>> write_pads(recording, file)
    >>> read_pads(file, ReadingOptions()).arrays["FCA1"].shape
    (40, 12)
    """
    with quiet():
        document, logical = new_document(str(recording.attributes.get("well", "")))
        step = -1 if upward else 1
        _add_frame(logical, "FAST", recording, fast=True, rows=slice(None, None, step))
        if any(name not in _FAST and name != "time" for name in recording.logs):
            _add_frame(logical, "SLOW", recording, fast=False, rows=slice(None, None, step * _SLOW_ROWS))
        earth = {"declination": recording.attributes.get("declination"), **recording.constants}
        for name, mnemonic in names_of("earth").items():
            value = earth.get(name)
            if value is not None and np.isfinite(value):
                logical.add_parameter(mnemonic.upper(), values=[float(value)])
        with atomic_path(path) as part:
            document.write(part, input_chunk_size=4096, output_chunk_size=2**22)


def _add_frame(logical: Any, frame: str, recording: PadRecording, *, fast: bool, rows: slice) -> None:
    """Add one frame with its channels; those of two frames have copies of their depths."""
    depth = recording.depth[rows] / _TENTH_INCH_M
    channels = [_channel(logical, "TDEP", depth, "0.1 in", frame)]
    if fast:
        for name, values in recording.arrays.items():
            channels.append(_channel(logical, name, values[rows], "", frame))
        if "time" in recording.logs and recording.rows > 1:
            time = recording.logs["time"]
            duration = np.abs(np.diff(time[rows], prepend=2 * time[rows][0] - time[rows][1]))
            channels.append(_channel(logical, "FTIM", 1000 * duration, "ms", frame))
    mnemonics = {**names_of("pad_curves"), **_BEARINGS}
    for name, log in recording.logs.items():
        if name == "time" or (name in _FAST) is not fast:
            continue
        mnemonic, unit = mnemonics[name].split()[0].upper(), PAD_LOGS[name]
        scale = _INCH_M if unit == "m" else 1.0
        channels.append(_channel(logical, mnemonic, log[rows] / scale, "in" if unit == "m" else unit, frame))
    logical.add_frame(frame, channels=channels, index_type="BOREHOLE-DEPTH", description="Pad tool")


def _channel(logical: Any, name: str, values: Any, unit: str, frame: str) -> dliswriter.ChannelItem:
    data = np.ascontiguousarray(np.where(np.isfinite(values), values, values.dtype.type(_NULL)))
    units = {"units": unit} if unit else {}
    return logical.add_channel(name, data=data, dataset_name=f"{frame}/{name}", **units)
