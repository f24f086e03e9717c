"""A field of two small wells whose planes are drawn by the test, and a server on it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from geobfdt.geometry import trace_depth
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.wells.image import well_image
from geobfdt.wells.picks import complete, new_picks, write_picks

TRACES = np.array([[101.0, 0.08, 0.0], [102.0, 0.0, 0.15], [103.5, -0.02, 0.0], [105.0, 0.1, -0.1], [107.0, 0.0, 0.0]])
CLASSES = ["fracture", "fracture", "bedding", "fracture", "bedding"]
CONFIDENCE = [0.95, 0.55, 0.9, 0.3, 0.99]


def drawn_well(name: str, **attributes: object):
    """Ten metres of noise with dark lines along ``TRACES``, in a hole of 20 cm that leans by 20 degrees to the east."""
    rng = np.random.default_rng(0)
    depth, angles = 100 + 0.005 * np.arange(2000), np.arange(2.0, 360, 4)
    values = rng.normal(size=(2000, 90)).astype(np.float32)
    for trace in TRACES:
        values -= 6 * np.exp(-(((depth[:, None] - trace_depth(trace, angles)) / 0.008) ** 2)).astype(np.float32)
    values[:, 30:34] = np.nan  # a gap between pads
    hole = {"diameter": 0.2, "deviation": 20.0, "hole_azimuth": 90.0, "reference": "north"}
    return well_image(values, depth, angles, well=name, **(hole | attributes))


@pytest.fixture
def field(drawn: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(drawn, tmp_path / "field")


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wells ``A-1`` (with proposals) and ``B_2`` (without any picks)."""
    folder = tmp_path_factory.mktemp("drawn") / "field"
    for name in ("A-1", "B 2"):
        image = drawn_well(name)
        write_netcdf(image, folder / f"{name.replace(' ', '_')}.nc")
        if name == "A-1":
            azimuth = np.degrees(np.arctan2(TRACES[:, 2], TRACES[:, 1])) % 360
            picks = new_picks(
                well=name, depth_m=TRACES[:, 0], class_=CLASSES, amplitude_m=np.hypot(TRACES[:, 1], TRACES[:, 2]),
                azimuth_app_deg=azimuth, confidence=CONFIDENCE, reference="north", source="drawn", status="proposed",
                sigma_depth_m=0.004,
            )  # fmt: skip
            write_picks(complete(picks, image)[0], folder / "A-1.picks.csv")
    return folder


class Served:
    """A server in a process of its own, that can be killed and started again."""

    def __init__(self, folder: Path, *more: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        program = "from geobfdt.cli import main; main()"
        self.command = [sys.executable, "-c", program, "serve", str(folder), "--port", str(self.port), *more]
        self.start()

    def start(self) -> None:
        """Start."""
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(900):
            try:
                urllib.request.urlopen(self.address + "/static/app.js", timeout=5).close()
                return
            except urllib.error.HTTPError:  # it answers: a token is wanted
                return
            except OSError:
                assert self.process.poll() is None, self.process.stdout and self.process.stdout.read()
                time.sleep(0.1)
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        """Kill."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def serve(field: Path) -> Iterator[Callable[..., Served]]:
    """Start servers; they end with the test."""
    started: list[Served] = []

    def start(*more: str, folder: Path = field) -> Served:
        started.append(Served(folder, *more))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.kill()
