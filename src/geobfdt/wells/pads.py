"""What the buttons of a pad tool and its inclinometer recorded, before it is an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from geobfdt.runtime.findings import Finding

__all__ = ["PAD_LOGS", "PadRecording"]

Array = npt.NDArray[np.float64]

#: Logs of a recording: unit by name.
PAD_LOGS = {
    "time": "s",  # since the first row
    "emex": "V",  # voltage that drives the currents of the buttons
    "gain": "",  # of the electronics, which the currents are multiplied by
    "pad1_azimuth": "deg",  # azimuth of pad 1 in the horizontal plane
    "pad1_azimuth_normal": "deg",  # angle of pad 1 from north in the plane across the tool
    "relative_bearing": "deg",  # angle of pad 1 from the high side, clockwise looking down-hole
    "deviation": "deg",
    "hole_azimuth": "deg",
    "acceleration_x": "m/s2",  # x points to pad 1, z down-hole, y is 90 deg clockwise of x looking down-hole
    "acceleration_y": "m/s2",
    "acceleration_z": "m/s2",
    "magnetic_x": "",
    "magnetic_y": "",
    "magnetic_z": "",
    "caliper_1": "m",
    "caliper_2": "m",
    "diameter": "m",
}


@dataclass(frozen=True)
class PadRecording:
    """
    A recording of a pad tool.

    Parameters
    ----------
    place : str
        Name of the file, for findings.
    depth : array (rows,)
        Depth of the cable (m, MD), increasing.
    arrays : dict of str to array (rows, buttons)
        Button currents by the name of their channel, float32; NaN where nothing was measured.
    logs : dict of str to array (rows,)
        Those of :data:`PAD_LOGS` that the file has, in their units; NaN where nothing was measured.
    attributes : dict
        Attributes of a WellImage that the file states: well, run, tool, declination.
    constants : dict of str to float
        Constants of the earth in the file: ``field_dip`` (deg), ``field_strength`` and ``gravity`` (m/s2).
    findings : list of Finding
        Repairs, assumptions and uncertain values so far.

    Examples
    --------
    >>> PadRecording("a.dlis", np.array([1.0, 2.0]), {"FCA1": np.ones((2, 12), np.float32)}).rows
    2
    """

    place: str
    depth: Array
    arrays: dict[str, npt.NDArray[np.float32]]
    logs: dict[str, Array] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.depth.size)
