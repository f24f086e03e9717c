"""``geobfdt open``: files become wells with proposed picks, once."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from geobfdt.geometry import trace_rms
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.review.opening import OpenOptions, open_wells
from geobfdt.review.schemas import EditBody
from geobfdt.review.service import ReviewService
from geobfdt.runtime.findings import InputError
from geobfdt.wells.breakouts import read_breakouts
from geobfdt.wells.image import well_image
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.options import ReadingOptions
from geobfdt.wells.picks import traces

from .conftest import TRACES, drawn_well

ANNA = OpenOptions(name="anna", method="hough")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image file of one well."""
    path = tmp_path_factory.mktemp("files") / "a1.nc"
    write_netcdf(drawn_well("A-1"), path)
    return path


def test_a_file_becomes_a_well_with_proposals(file: Path, tmp_path: Path) -> None:
    """The layer of the person holds the planes that the image shows, as proposals."""
    (opened,) = open_wells([file], tmp_path / "field", ANNA)
    picks = LayerLog(tmp_path / "field").layer("A-1", "anna").picks("A-1")
    assert opened.well == "A-1"
    assert opened.proposals == len(picks) > 0
    assert set(picks["status"]) == {"proposed"}
    assert np.sum(trace_rms(traces(picks)[:, None], TRACES).min(axis=0) < 0.02) >= 4


def test_a_second_call_changes_nothing(file: Path, tmp_path: Path) -> None:
    """Picks and decisions of an earlier call stay, and another person gets a layer of their own."""
    field = tmp_path / "field"
    open_wells([file], field, ANNA)
    log = LayerLog(field)
    first = next(iter(log.layer("A-1", "anna").items))
    log.add("A-1", "anna", "anna", "accept", {first: {"status": "accepted"}})
    before = [path.read_bytes() for path in sorted(field.glob("*.nc"))]
    (again,) = open_wells([file], field, ANNA)
    assert again.proposals is None
    assert [path.read_bytes() for path in sorted(field.glob("*.nc"))] == before
    assert LayerLog(field).layer("A-1", "anna").items[first]["status"] == "accepted"
    (other,) = open_wells([file], field, OpenOptions(name="ben", method="hough"))
    assert other.proposals


@pytest.fixture(scope="module")
def breakout_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image file of a wall with two dark lobes on opposite sides, and nothing else."""
    depth, angles = 100 + 0.005 * np.arange(800), (np.arange(144) + 0.5) * 2.5
    pixels = np.random.default_rng(0).normal(100, 8, (depth.size, angles.size))
    pixels[200:400, np.abs((angles + 30) % 180 - 90) < 15] -= 60
    path = tmp_path_factory.mktemp("files") / "b.nc"
    hole = {"diameter": 0.2, "deviation": 0.0, "hole_azimuth": 0.0}
    write_netcdf(well_image(pixels, depth, angles, well="B", reference="north", **hole), path)
    return path


def test_breakouts_are_proposed_once(breakout_file: Path, tmp_path: Path) -> None:
    """The field has the lobes that the wall shows; a table that people have edited stays, even an empty one."""
    field = tmp_path / "field"
    open_wells([breakout_file], field, ANNA)
    table = read_breakouts(field / "B.breakouts.csv")
    assert sorted(table["azimuth_true_deg"]) == pytest.approx([60, 240], abs=4)
    assert set(table["status"]) == {"proposed"}
    with closing(ReviewService(field)) as service:
        items = service.state("B", "breakouts")["items"]
        service.edit("B", "breakouts", EditBody(person="anna", kind="delete", items=dict.fromkeys(items)))
    open_wells([breakout_file], field, OpenOptions(name="ben", method="hough"))
    assert read_breakouts(field / "B.breakouts.csv").empty
    (field / "B.breakouts.csv").unlink()
    open_wells([breakout_file], field, OpenOptions(name="cleo", method="hough"))
    assert not (field / "B.breakouts.csv").exists()


@pytest.mark.parametrize("change", ["options", "another file of the well"])
def test_another_image_of_the_well_is_refused(file: Path, tmp_path: Path, change: str) -> None:
    """What the field holds is not replaced, and not shown as if it were the new image."""
    field = tmp_path / "field"
    open_wells([file], field, ANNA)
    before = (field / "A-1.nc").read_bytes()
    options, image = ANNA, file
    if change == "options":
        options = ANNA.model_copy(update={"reading": ReadingOptions(diameter=0.3)})
    else:
        image = tmp_path / "other.nc"
        write_netcdf(drawn_well("A-1", diameter=0.21), image)
    with pytest.raises(InputError):
        open_wells([image], field, options)
    assert (field / "A-1.nc").read_bytes() == before


@pytest.mark.parametrize("name", ["../a", "a\\b", " "])
def test_a_name_that_is_no_layer_is_refused(file: Path, tmp_path: Path, name: str) -> None:
    """Nothing is written."""
    with pytest.raises(InputError):
        open_wells([file], tmp_path / "field", OpenOptions(name=name))
    assert not (tmp_path / "field").exists()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """`serve` is for folders."""
    with pytest.raises(InputError):
        open_wells([tmp_path], tmp_path / "field", ANNA)


@pytest.mark.process
def test_the_command_serves_what_it_has_picked(file: Path, tmp_path: Path) -> None:
    """It prints the address of the well and the layer, answers there, and ends with Ctrl+C."""
    words = ["open", str(file), "--field", str(tmp_path / "field"), "--name", "Anna B", "--method", "hough"]
    command = [sys.executable, "-c", "from geobfdt.cli import main; main()", *words, "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "http://" in line:
                break
        address = re.search(r"http://\S+", "".join(lines)).group()  # type: ignore[union-attr]
        assert parse_qs(urlsplit(address).fragment) == {"well": ["A-1"], "layer": ["Anna B"], "person": ["Anna B"]}
        server = address.partition("#")[0]
        with urllib.request.urlopen(f"{server}api/wells/A-1/layers/Anna%20B", timeout=60) as response:
            assert json.load(response)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
