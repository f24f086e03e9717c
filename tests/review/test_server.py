"""The server: what it answers, who may ask; bad requests get one line and change nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from fastapi.testclient import TestClient

from geobfdt.io.images.netcdf import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.review import breakout_layer
from geobfdt.review import service as service_module
from geobfdt.review.items import merge_picks, pick_items
from geobfdt.review.job_queue import BusyError
from geobfdt.review.job_tasks import QUEUE_FOLDER
from geobfdt.review.serve_options import ServeOptions
from geobfdt.review.server import create_app
from geobfdt.review.service import ReviewService
from geobfdt.review.tiles import TILE_ROWS
from geobfdt.runtime.findings import Finding, InputError, Severity, findings_to_json
from geobfdt.wells.breakouts import new_breakouts, read_breakouts, write_breakouts
from geobfdt.wells.image import well_image
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.picks import new_picks, read_picks
from geobfdt.wells.table_contract import TableContract

from .conftest import CONFIDENCE, TRACES, drawn_well

TOKEN = "a-right-token-of-the-test"
LAYER = "/api/wells/A-1/layers/anna"
CHANGE = {"x-geobfdt": "1"}


@pytest.fixture
def client(field: Path) -> Iterator[TestClient]:
    """Client."""
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        yield client


def picks_after_begin(client: TestClient) -> dict[str, dict]:
    """Begin with the picks of the field, and return them."""
    answer = client.post(LAYER + "/begin", json={"person": "anna"})
    assert answer.status_code == 200
    return {item: fields for item, fields in answer.json()["items"].items() if item[0] == "p"}


def by_depth(items: dict[str, dict]) -> list[str]:
    """By depth."""
    return sorted(items, key=lambda item: items[item]["depth_m"])


def edit(client: TestClient, items: dict, kind: str = "edit", layer: str = LAYER, **more):
    """Edit."""
    return client.post(layer + "/edits", json={"person": "anna", "kind": kind, "items": items, **more})


def test_wells_and_what_is_needed_to_draw_one(client: TestClient) -> None:
    """Wells and what is needed to draw one."""
    wells = client.get("/api/wells").json()
    assert [(w["well"], w["name"], w["interpreted"]) for w in wells] == [("A-1", "A-1", True), ("B_2", "B 2", False)]
    well = client.get("/api/wells/A-1").json()
    assert (well["columns"], well["row"], well["reference"]) == (90, pytest.approx(0.005), "north")
    assert well["top"] == pytest.approx(100 - 0.0025)
    assert set(well["hole"]["deviation"]) == {20.0}


def test_tiles_are_the_pixels(client: TestClient) -> None:
    """Truth from the well itself: order of tones, gaps, means of rows."""
    image = drawn_well("A-1")["image"].values
    got = np.frombuffer(client.get("/api/wells/A-1/tiles/static/0/1").content, np.uint8).reshape(TILE_ROWS, 90)
    rows = image[TILE_ROWS : 2 * TILE_ROWS]
    assert ((got == 0) == np.isnan(rows)).all()
    inside = (got > 1) & (got < 255)
    line = np.polyfit(rows[inside], got[inside], 1)
    assert np.abs(np.polyval(line, rows[inside]) - got[inside]).max() < 1
    assert line[0] > 0
    coarse = np.frombuffer(client.get("/api/wells/A-1/tiles/static/2/0").content, np.uint8).reshape(TILE_ROWS, 90)
    mean = image[: 4 * TILE_ROWS].reshape(TILE_ROWS, 4, 90).mean(axis=1)
    inside = (coarse > 1) & (coarse < 255)
    assert np.abs(np.polyval(line, mean[inside]) - coarse[inside]).max() < 1.01
    last = np.frombuffer(client.get("/api/wells/A-1/tiles/static/0/15").content, np.uint8).reshape(TILE_ROWS, 90)
    assert last[2000 - 15 * TILE_ROWS :].max() == 0  # below the well


def test_a_layer_begins_with_the_picks_of_the_field(client: TestClient) -> None:
    """A layer begins with the picks of the field."""
    items = picks_after_begin(client)
    assert [items[i]["depth_m"] for i in by_depth(items)] == TRACES[:, 0].tolist()
    assert client.get(LAYER).json()["items"].keys() >= items.keys()


def test_accepting_keeps_what_was_measured_and_moving_does_not(client: TestClient) -> None:
    """Accepting keeps what was measured and moving does not."""
    items = picks_after_begin(client)
    first, second, *_ = by_depth(items)
    edit(client, {first: {"status": "accepted"}}, "accept")
    moved = edit(client, {second: {"depth_m": 102.1, "amplitude_m": 0.1, "azimuth_app_deg": 0.0}}, "move").json()
    now = client.get(LAYER).json()["items"]
    assert now[first] == items[first] | {"status": "accepted"}
    pick = now[second]
    assert moved["items"][second] == pick
    assert (pick["status"], pick["source"], pick["sigma_depth_m"], pick["confidence"]) == ("edited", "anna", None, None)
    # In a hole of 20 cm that leans by 20 degrees to the east, a trace 10 cm deep to the north: by hand, from normals.
    lean = np.radians(20)
    axis, north = np.array([np.sin(lean), 0, -np.cos(lean)]), np.array([0, 1.0, 0])
    normal = axis - north
    normal *= np.sign(normal[2]) / np.linalg.norm(normal)
    assert pick["dip_true_deg"] == pytest.approx(np.degrees(np.arccos(normal[2])), abs=1e-4)
    assert pick["azimuth_true_deg"] == pytest.approx(np.degrees(np.arctan2(normal[0], normal[1])) % 360, abs=1e-4)
    assert pick["dip_app_deg"] == pytest.approx(45, abs=1e-4)


def test_undo_and_redo_over_http(client: TestClient) -> None:
    """Undo and redo over http."""
    items = picks_after_begin(client)
    one = by_depth(items)[0]
    for depth in (101.5, 102.5):
        edit(client, {one: {"depth_m": depth}})
    for verb, expected in [("undo", 101.5), ("undo", 101.0), ("redo", 101.5), ("redo", 102.5)]:
        answer = client.post(f"{LAYER}/{verb}", json={"person": "anna"}).json()
        assert answer["items"][one]["depth_m"] == expected == client.get(LAYER).json()["items"][one]["depth_m"]
    assert client.post(LAYER + "/redo", json={"person": "anna"}).json()["kind"] == ""


def test_an_answer_tells_of_everything_since_one_looked(client: TestClient) -> None:
    """An answer tells of everything since one looked."""
    items = picks_after_begin(client)
    one, two, *_ = by_depth(items)
    version = client.get(LAYER).json()["version"]
    body = {"person": "ben", "kind": "move", "items": {one: {"depth_m": 101.3}}, "seen": version}
    assert client.post(LAYER + "/edits", json=body).status_code == 200
    late = edit(client, {one: {"depth_m": 101.4}}, seen=version)
    assert late.status_code == 409
    assert "ben" in late.json()["detail"]
    other = edit(client, {two: {"status": "accepted"}}, seen=version).json()
    assert other["items"][one]["depth_m"] == 101.3
    assert client.get(f"{LAYER}?after={version}").json()["people"] == ["anna", "ben"]


def test_snapping_finds_the_drawn_plane(client: TestClient) -> None:
    """By one click, a few millimetres beside the line; by three, exactly through them."""
    for trace in TRACES[:4]:
        for angle in (10.0, 200.0):
            depth = trace[0] + trace[1] * np.cos(np.radians(angle)) + trace[2] * np.sin(np.radians(angle)) + 0.004
            got = client.post("/api/wells/A-1/snap", json={"depth": [depth], "angle": [angle]}).json()
            t = np.radians(got["azimuth_app_deg"])
            snapped = np.array([got["depth_m"], got["amplitude_m"] * np.cos(t), got["amplitude_m"] * np.sin(t)])
            assert np.abs(snapped - trace).max() < 0.01
    # What is picked already is not meant; what was rejected may be.
    cross = TRACES[3]
    picks_after_begin(client)
    other = client.get(LAYER).json()["items"]
    target = next(i for i, f in other.items() if i[0] == "p" and abs(f["depth_m"] - cross[0]) < 0.01)
    edit(client, {target: {"status": "rejected"}})
    depth = cross[0] + cross[1] + 0.004
    body = {"depth": [depth], "angle": [0.0], "layer": "anna"}
    assert client.post("/api/wells/A-1/snap", json=body).json()["depth_m"] == pytest.approx(105, abs=0.01)
    edit(client, {target: {"status": "accepted"}})
    assert abs(client.post("/api/wells/A-1/snap", json=body).json()["depth_m"] - 105) > 0.01
    points = {"depth": [101.1, 101.0, 100.9], "angle": [90.0, 0.0, 270.0]}
    got = client.post("/api/wells/A-1/snap", json=points).json()
    assert (got["depth_m"], got["amplitude_m"], got["azimuth_app_deg"]) == pytest.approx((101, 0.1, 90))


def wait(client: TestClient, job: dict) -> dict:
    """Wait."""
    for _ in range(600):
        job = client.get(f"/api/jobs/{job['id']}").json()
        if job["state"] in ("done", "failed"):
            return job
        time.sleep(0.1)
    raise TimeoutError(job)


def test_new_picks_join_without_touching_reviewed_ones(client: TestClient) -> None:
    """New picks join without touching reviewed ones."""
    items = picks_after_begin(client)
    accepted, rejected, *rest = by_depth(items)
    edit(client, {accepted: {"status": "accepted"}, rejected: {"status": "rejected"}})
    before = client.get(LAYER).json()["items"]
    job = client.post("/api/wells/A-1/pick", json={"person": "anna", "layer": "anna", "method": "hough"}).json()
    assert wait(client, job)["state"] == "done"
    now = client.get(LAYER).json()["items"]
    assert now[accepted] == before[accepted]
    assert now[rejected] == before[rejected]
    assert not set(rest) & set(now)  # proposals nobody looked at made room
    new = [f for i, f in now.items() if i[0] == "p" and i not in before]
    # All the drawn planes that were not decided come back, and those that were do not come twice.
    for trace, decided in zip(TRACES, (True, True, False, False, False), strict=True):
        near = [
            f
            for f in new
            if abs(f["depth_m"] - trace[0]) < 0.01 and abs(f["amplitude_m"] - np.hypot(*trace[1:])) < 0.02
        ]
        assert len(near) == (0 if decided else 1)
    client.post(LAYER + "/undo", json={"person": "anna"})
    assert client.get(LAYER).json()["items"] == before


def test_where_the_model_is_not_at_home_is_shown(client: TestClient, field: Path) -> None:
    """The zones that the picker left beside the well, but for those that are ok; the picker leaves them."""
    file = field / "A-1.drift.csv"
    job = client.post("/api/wells/A-1/pick", json={"person": "anna", "layer": "anna", "method": "network"}).json()
    assert wait(client, job)["state"] == "done"
    assert {row["state"] for row in csv.DictReader(file.open())} <= {"ok", "watch", "abstain"}
    rows = ["100.0,102.0,ok,0.5,", "102.0,104.0,abstain,7.1,less of the wall is measured"]
    file.write_text("\n".join(["top_m,base_m,state,distance,reason", *rows, ""]))
    (zone,) = client.get("/api/wells/A-1").json()["drift"]
    assert (zone["top_m"], zone["base_m"], zone["state"]) == (102, 104, "abstain")
    assert zone["reason"] == "less of the wall is measured"
    job = client.post("/api/wells/A-1/pick", json={"person": "anna", "layer": "anna", "method": "hough"}).json()
    assert wait(client, job)["state"] == "done"
    assert client.get("/api/wells/A-1").json()["drift"] == []


def test_breakouts_of_the_field_are_shown(client: TestClient, field: Path) -> None:
    """Those that lie on the image, but for rejected ones; none without a table."""
    assert client.get("/api/wells/A-1").json()["breakouts"] == []
    reference = client.get("/api/wells/A-1").json()["reference"]
    file = field / "A-1.breakouts.csv"
    common = {"top_m": 101.0, "base_m": 102.0, "azimuth_app_deg": [10.0, 190.0, 90.0, 50.0]}
    words = {
        "class_": ["breakout", "breakout", "induced", "breakout"],
        "status": ["proposed", "accepted", "", "rejected"],
    }
    write_breakouts(new_breakouts(**common, **words, width_deg=[30.0, 30.0, np.nan, 30.0], reference=reference), file)
    shown = client.get("/api/wells/A-1").json()["breakouts"]
    assert [(one["class"], one["azimuth_app_deg"], one["width_deg"]) for one in shown] == [
        ("breakout", 10, 30), ("induced", 90, None), ("breakout", 190, 30),
    ]  # fmt: skip
    file.unlink()


TABLE = "/api/wells/A-1/layers/breakouts"


@pytest.fixture
def lobes(client: TestClient, field: Path) -> dict[str, str]:
    """Items of two lobes and an induced fracture in the table of the field, by class and azimuth."""
    reference = client.get("/api/wells/A-1").json()["reference"]
    rows = {
        "top_m": [101.0, 101.0, 103.0], "base_m": [102.0, 102.0, 104.0], "azimuth_app_deg": [10.0, 190.0, 90.0],
        "class_": ["breakout", "breakout", "induced"], "width_deg": [30.0, 40.0, np.nan], "confidence": 0.8,
        "status": "proposed", "source": "program 1", "remark": ["=a", "", "b"], "reference": reference, "well": "A-1",
    }  # fmt: skip
    write_breakouts(new_breakouts(**rows), field / "A-1.breakouts.csv")
    items = client.get(TABLE).json()["items"]
    return {f"{fields['class']} {fields['azimuth_app_deg']:.0f}": item for item, fields in items.items()}


def breakouts_on_disk(field: Path) -> dict[float, dict]:
    """Rows of the file by azimuth, as pandas reads them without the project."""
    table = pd.read_csv(field / "A-1.breakouts.csv")
    return {row["azimuth_app_deg"]: row for row in table.to_dict("records")}


def test_a_person_moves_accepts_and_deletes_breakouts(client: TestClient, field: Path, lobes: dict[str, str]) -> None:
    """The file has each change at once, with who made it; all else in it stays; undo gives the first table back."""
    first = (field / "A-1.breakouts.csv").read_bytes()
    moved = edit(client, {lobes["breakout 10"]: {"top_m": 100.9, "azimuth_app_deg": 15.0}}, "move", TABLE)
    assert moved.status_code == 200
    row = breakouts_on_disk(field)[15.0]
    assert (row["top_m"], row["base_m"], row["width_deg"]) == (100.9, 102.0, 30.0)
    assert (row["status"], row["who"], row["source"]) == ("edited", "anna", "anna")
    assert np.isnan(row["confidence"])
    # The hole leans by 20 degrees to the east, which shortens the eastern part of a direction on its wall.
    east, north = np.sin(np.radians(15)) * np.cos(np.radians(20)), np.cos(np.radians(15))
    assert row["azimuth_true_deg"] == pytest.approx(np.degrees(np.arctan2(east, north)), abs=1e-5)
    assert row["remark"] == "'=a"
    edit(client, {lobes["breakout 190"]: {"status": "accepted"}}, "accept", TABLE)
    row = breakouts_on_disk(field)[190.0]
    assert (row["status"], row["who"], row["source"], row["confidence"]) == ("accepted", "anna", "program 1", 0.8)
    edit(client, {lobes["induced 90"]: None}, "delete", TABLE)
    assert sorted(breakouts_on_disk(field)) == [15.0, 190.0]
    log = client.get(TABLE + "/log").json()
    assert [(entry["kind"], entry["person"]) for entry in log][1:] == [
        ("move", "anna"), ("accept", "anna"), ("delete", "anna"),
    ]  # fmt: skip
    for _ in range(3):
        assert client.post(TABLE + "/undo", json={"person": "anna"}).status_code == 200
    assert (field / "A-1.breakouts.csv").read_bytes() == first
    client.post(TABLE + "/redo", json={"person": "anna"})
    assert 15.0 in breakouts_on_disk(field)
    # The table of the field is no layer of a person.
    assert "breakouts" not in client.get("/api/wells").json()[0]["layers"]


def test_a_person_draws_a_breakout(client: TestClient, field: Path) -> None:
    """The first box of a well makes its table; undo empties it, and a box without class or depth is refused."""
    box = {"top_m": 101.0, "base_m": 101.5, "azimuth_app_deg": 15.0, "width_deg": 30.0, "class": "breakout"}
    for missing in ("top_m", "base_m", "class"):
        part = {name: value for name, value in box.items() if name != missing}
        assert edit(client, {"b1": part}, "add", TABLE).status_code == 422
    assert not (field / "A-1.breakouts.csv").exists()
    assert edit(client, {"b1": {**box, "status": "edited"}}, "add", TABLE).status_code == 200
    row = breakouts_on_disk(field)[15.0]
    assert (row["well"], row["status"], row["who"], row["source"]) == ("A-1", "edited", "anna", "anna")
    east, north = np.sin(np.radians(15)) * np.cos(np.radians(20)), np.cos(np.radians(15))
    assert row["azimuth_true_deg"] == pytest.approx(np.degrees(np.arctan2(east, north)), abs=1e-5)
    assert client.post(TABLE + "/undo", json={"person": "anna"}).status_code == 200
    assert not breakouts_on_disk(field)


def test_two_people_and_a_program_change_the_same_breakout(
    client: TestClient, field: Path, lobes: dict[str, str]
) -> None:
    """Nobody overwrites what somebody else changed since; a key makes its edit once."""
    version_of_anna = client.get(TABLE).json()["version"]
    mine = {"items": {lobes["breakout 10"]: {"base_m": 102.5}}, "seen": version_of_anna, "key": "key-of-the-test"}
    assert client.post(TABLE + "/edits", json={"person": "ben", **mine}).status_code == 200
    version = client.get(TABLE).json()["version"]
    assert client.post(TABLE + "/edits", json={"person": "ben", **mine}).json()["version"] == version
    stale = {"person": "anna", "items": {lobes["breakout 10"]: {"status": "rejected"}}, "seen": version_of_anna}
    assert client.post(TABLE + "/edits", json=stale).status_code == 409
    # A program writes the file anew: the layer shows its rows, and its row is not overwritten, nor undone.
    table = read_breakouts(field / "A-1.breakouts.csv")
    table.loc[table["azimuth_app_deg"] == 10, "top_m"] = 100.5
    write_breakouts(table, field / "A-1.breakouts.csv")
    stale = {"person": "ben", "items": {lobes["breakout 10"]: {"top_m": 99.0}}, "seen": version}
    assert client.post(TABLE + "/edits", json=stale).status_code == 409
    assert client.post(TABLE + "/undo", json={"person": "ben"}).status_code == 409
    assert breakouts_on_disk(field)[10.0]["top_m"] == 100.5
    items = client.get(TABLE).json()["items"]
    assert [f["top_m"] for f in items.values() if f["azimuth_app_deg"] == 10] == [100.5]
    assert lobes["breakout 190"] in items


def test_a_file_that_changes_within_an_edit_is_not_overwritten(
    client: TestClient, field: Path, lobes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that writes between the look at the file and the edit keeps its rows, and the edit is made on them."""
    file, original = field / "A-1.breakouts.csv", breakout_layer.changed_breakout

    def interrupted(*arguments):
        monkeypatch.undo()
        table = read_breakouts(file)
        table.loc[table["class"] == "induced", "base_m"] = 105.0
        write_breakouts(table, file)
        return original(*arguments)

    monkeypatch.setattr(service_module, "changed_breakout", interrupted)
    assert edit(client, {lobes["breakout 10"]: {"width_deg": 20.0}}, "move", TABLE).status_code == 200
    rows = breakouts_on_disk(field)
    assert (rows[10.0]["width_deg"], rows[90.0]["base_m"]) == (20.0, 105.0)


def test_an_edit_that_cannot_be_written_to_the_table_is_no_edit(
    client: TestClient, field: Path, lobes: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log and file have an edit both, or neither."""

    def full(_contract, _table, path):
        raise InputError(path, "no space left", "make room")

    before = client.get(TABLE).json()
    monkeypatch.setattr(TableContract, "write", full)
    assert edit(client, {lobes["breakout 10"]: {"width_deg": 20.0}}, "move", TABLE).status_code == 422
    assert client.get(TABLE).json() == before


@pytest.mark.parametrize(
    "fields",
    [{"base_m": 100.0}, {"width_deg": 0}, {"width_deg": 361}, {"azimuth_app_deg": -1}, {"class": "vug"}, {"who": "x"}],
)
def test_a_bad_edit_of_a_breakout_changes_nothing(
    client: TestClient, field: Path, lobes: dict[str, str], fields: dict
) -> None:
    """A bad edit of a breakout changes nothing."""
    before = (field / "A-1.breakouts.csv").read_bytes()
    assert edit(client, {lobes["breakout 10"]: fields}, "move", TABLE).status_code == 422
    assert (field / "A-1.breakouts.csv").read_bytes() == before


def test_breakouts_and_picks_keep_to_their_layers(client: TestClient, lobes: dict[str, str]) -> None:
    """No pick in the breakout table, no breakout in the layer of a person."""
    assert edit(client, {lobes["breakout 10"]: {"status": "accepted"}}).status_code == 422
    assert edit(client, {"p1": {"depth_m": 101.0, "class": "bedding"}}, layer=TABLE).status_code == 422
    assert client.post(TABLE + "/begin", json={"person": "anna"}).status_code == 422
    assert client.post(LAYER + "/begin", json={"person": "anna", "source": "breakouts"}).status_code == 404
    assert client.post("/api/wells/A-1/pick", json={"person": "anna", "layer": "breakouts"}).status_code == 422


def test_two_interpreters_and_their_consensus(client: TestClient) -> None:
    """Accepted is what both decided, with all that the two agree on; the rest is left to settle."""
    mine = picks_after_begin(client)
    other = "/api/wells/A-1/layers/ben"
    client.post(other + "/begin", json={"person": "ben"})
    theirs = client.get(other).json()["items"]
    theirs = {i: f for i, f in theirs.items() if i[0] == "p"}
    first, second, third, fourth, fifth = by_depth(theirs)
    edit(client, {first: {"depth_m": 101.01}, second: {"depth_m": 102.2}, third: {"class": "fracture"}}, layer=other)
    edit(client, {fourth: {"status": "accepted", "note": "open"}, fifth: {"status": "accepted"}}, layer=other)
    own = by_depth(mine)
    edit(client, {own[0]: {"status": "accepted"}, own[3]: {"status": "accepted", "note": "vuggy"}})
    comparison = client.get("/api/wells/A-1/compare?a=anna&b=ben").json()
    assert (len(comparison["both"]), len(comparison["only_a"]), len(comparison["only_b"])) == (3, 2, 2)
    assert [s["class"] for s in comparison["scores"]] == ["bedding", "fracture", "all"]
    body = {"person": "cleo", "a": "anna", "b": "ben"}
    items = client.post("/api/wells/A-1/consensus", json=body).json()["items"]
    picks = sorted((f for i, f in items.items() if i[0] == "p"), key=lambda f: (f["depth_m"], f["source"]))
    states = [(round(f["depth_m"], 3), f["status"], f["source"]) for f in picks]
    assert states == [
        (101.005, "accepted", "anna and ben"),
        (102.0, "proposed", "anna"),
        (102.2, "proposed", "ben"),
        (103.5, "proposed", "anna"),
        (103.5, "proposed", "ben"),
        (105.0, "accepted", "drawn"),
        (107.0, "proposed", "drawn"),  # one of them has not looked at it
    ]
    moved, same = picks[0], picks[5]
    # The same trace keeps what was known of it; of one that lies between two, the image is asked anew.
    assert {**same, "note": "", "status": ""} == {**mine[own[3]], "note": "", "status": ""}
    assert same["note"] == "anna: vuggy; ben: open"
    assert moved["polarity"] == "conductive"
    assert moved["continuity"] > 0.5
    assert moved.get("sigma_depth_m") is None  # Ben drew it by hand
    assert moved.get("confidence") is None
    spans = sorted((f["kind"], f["class"], f["top_m"], f["base_m"]) for i, f in items.items() if i[0] == "i")
    whole = (pytest.approx(100 - 0.0025), pytest.approx(110 - 0.0025))
    assert spans == [("interpreted", "bedding", *whole), ("interpreted", "fracture", *whole)]
    # Made again, it follows the two; what somebody decided on in it stays.
    settled = next(i for i, f in items.items() if i[0] == "p" and (f["depth_m"], f["source"]) == (102.0, "anna"))
    edit(client, {settled: {"status": "accepted"}}, layer="/api/wells/A-1/layers/consensus")
    edit(client, {own[0]: {"status": "rejected"}, own[4]: {"status": "accepted"}})
    client.post("/api/wells/A-1/consensus", json=body)
    now = client.get("/api/wells/A-1/layers/consensus").json()["items"]
    picks = sorted((f["depth_m"], f["status"]) for i, f in now.items() if i[0] == "p")
    assert picks == [(101.01, "proposed"), (102.0, "accepted"), (102.2, "proposed"), (103.5, "proposed"),
                     (103.5, "proposed"), (105.0, "accepted"), (107.0, "accepted")]  # fmt: skip
    assert sum(i[0] == "i" for i in now) == 2


def test_sigmas_of_two_snapped_traces_know_how_far_apart_they_are(client: TestClient) -> None:
    """The fit of the trace between them, widened by half of their difference."""
    for name, depth in (("anna", 101.0), ("ben", 101.02)):
        place = {"depth_m": depth, "amplitude_m": 0.08, "azimuth_app_deg": 0.0, "class": "fracture", "snapped": True}
        edit(client, {"p1": place}, layer=f"/api/wells/A-1/layers/{name}")
    items = client.post("/api/wells/A-1/consensus", json={"person": "c", "a": "anna", "b": "ben"}).json()["items"]
    (pick,) = items.values()
    assert pick["depth_m"] == pytest.approx(101.01)
    assert 0.01 < pick["sigma_depth_m"] < 0.03
    assert pick["quality"]


def test_an_edit_key_of_another_layer_is_refused(client: TestClient) -> None:
    """It would be acknowledged, and lost; sent again where it belongs, it is the same edit."""
    place, key = {"depth_m": 101.0, "class": "bedding"}, "a-key-of-the-test"
    first = edit(client, {"p1": place}, key=key).json()
    for layer in ("/api/wells/A-1/layers/ben", "/api/wells/B_2/layers/anna"):
        for verb, body in (("edits", {"items": {"p1": place}, "kind": "edit"}), ("begin", {})):
            assert client.post(f"{layer}/{verb}", json={"person": "anna", "key": key, **body}).status_code == 409
        assert client.get(layer).json()["items"] == {}
    assert edit(client, {"p1": place}, key=key).json()["version"] == first["version"]
    again = {"person": "anna", "key": "a-key-of-beginning"}
    versions = [client.post(LAYER + "/begin", json=again).json()["version"] for _ in range(2)]
    assert versions[0] == versions[1]


def test_picks_that_arrive_late_touch_nothing_that_was_decided_since(field: Path) -> None:
    """Somebody accepts a proposal while the picker's answer is being joined: it stays."""
    room = ReviewService(field)
    items = room.begin("A-1", "anna", "anna", "field")["items"]
    one = by_depth({i: f for i, f in items.items() if i[0] == "p"})[0]
    decide = iter([True])

    def slowly(layer, picks, replaced=()):
        changes = merge_picks(layer, picks, replaced)
        if next(decide, False):
            LayerLog(field).add("A-1", "anna", "ben", "accept", {one: {"status": "accepted"}})
        return changes

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geobfdt.review.service.merge_picks", slowly)
        room.join("A-1", "anna", "anna", new_picks(depth_m=[108.0], class_="bedding"))
    layer = room.log.layer("A-1", "anna")
    assert layer.items[one]["status"] == "accepted"
    assert sorted(f["depth_m"] for i, f in layer.items.items() if i[0] == "p") == [101.0, 108.0]


def test_undo_is_offered_where_there_is_something_to_undo(client: TestClient) -> None:
    """And is refused where somebody else has changed it since."""
    state = LAYER + "?person=anna"
    assert {k: client.get(state).json()[k] for k in ("can_undo", "can_redo")} == {"can_undo": False, "can_redo": False}
    answer = edit(client, {"p1": {"depth_m": 101.0, "class": "bedding"}}).json()
    assert (answer["can_undo"], answer["can_redo"]) == (True, False)
    body = {"person": "ben", "kind": "accept", "items": {"p1": {"status": "accepted"}}}
    assert client.post(LAYER + "/edits", json=body).status_code == 200
    assert client.post(LAYER + "/undo", json={"person": "anna"}).status_code == 409
    assert client.get(LAYER + "/picks.csv").status_code == 200
    client.post(LAYER + "/undo", json={"person": "ben"})
    undone = client.post(LAYER + "/undo", json={"person": "anna"}).json()
    assert (undone["can_undo"], undone["can_redo"], undone["items"]) == (False, True, {"p1": None})


def test_the_table_of_a_layer_is_one_that_geobfdt_reads(client: TestClient, tmp_path: Path) -> None:
    """The table of a layer is one that geobfdt reads."""
    items = picks_after_begin(client)
    edit(client, {by_depth(items)[0]: {"status": "accepted", "note": 'clear; from "wall" to wall'}})
    file = tmp_path / "layer.csv"
    file.write_bytes(client.get(LAYER + "/picks.csv").content)
    table = read_picks(file)
    assert table["depth_m"].tolist() == TRACES[:, 0].tolist()
    assert table["well"].unique().tolist() == ["A-1"]
    assert table["confidence"].tolist() == CONFIDENCE
    assert table["note"].iloc[0] == 'clear; from "wall" to wall'


def test_pace_and_log(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pace and log."""
    clock = iter([0.0, 10.0, 20.0, 400.0, 410.0, -3200.0])
    monkeypatch.setattr("geobfdt.wells.layers.time", SimpleNamespace(time=lambda: next(clock)))
    items = picks_after_begin(client)
    for item in by_depth(items)[:4]:
        edit(client, {item: {"status": "accepted"}}, "accept")
    edit(client, {item: {"status": "rejected"}}, "accept")
    pace = client.get(LAYER + "/pace?person=anna").json()
    # Ten seconds three times; the break of 380 s does not count, nor does a clock that is put back by an hour.
    assert pace == {"minutes": pytest.approx(0.5), "metres": pytest.approx(4.0), "picks": 4}
    log = client.get(LAYER + "/log").json()
    assert [(e["person"], e["kind"]) for e in log] == [("anna", "join")] + [("anna", "accept")] * 5


@pytest.mark.parametrize(
    ("items", "status"),
    [
        ({"p1": {"depth_m": "deep"}}, 422),
        ({"p1": {"depth_m": 5.0}}, 422),  # a new pick without a class
        ({"p1": {"depth_m": 5.0, "class": "crack"}}, 422),
        ({"p1": {"depth_m": 10**400, "class": "bedding"}}, 422),
        ({f"p{n}": {"depth_m": 105.0, "class": "bedding"} for n in range(101)}, 422),  # more than an edit may draw
        ({"p1": {"confidence": 1.0}}, 422),  # not for a person to say
        ({"q1": {"depth_m": 5.0}}, 422),
        ({"p/../1": {"status": "accepted"}}, 422),
        ({"i1": {"kind": "interpreted", "class": "bedding", "top_m": 2.0, "base_m": 1.0}}, 422),
        ({"i1": {"kind": "interpreted", "class": "breakout", "top_m": 1.0, "base_m": 2.0}}, 422),
        ({"p1": {"note": "x" * 3000, "depth_m": 5.0, "class": "bedding"}}, 422),
    ],
)
def test_a_bad_edit_changes_nothing(client: TestClient, items: dict, status: int) -> None:
    """A bad edit changes nothing."""
    answer = edit(client, items)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
    assert "\n" not in answer.json()["detail"]
    assert client.get(LAYER).json() == {"version": 0, "items": {}}


def test_malformed_requests_get_an_answer(client: TestClient) -> None:
    """Malformed requests get an answer."""
    for body in (
        b"{",
        b"[]",
        b'{"person": "anna"}',
        b'{"person": "anna", "items": {"p1": {"depth_m": NaN}}}',
        b"\xff\xfe",
    ):
        answer = client.post(LAYER + "/edits", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422

    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (1 << 20)

    answer = client.post(LAYER + "/edits", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert edit(client, {"p1": {"status": "accepted"}}, layer="/api/wells/A-1/layers/" + "x" * 80).status_code == 422
    assert client.get(LAYER).json()["version"] == 0


@pytest.mark.parametrize("number", [2**63, 2**64, 10**30, 10**400, -1])
def test_integers_beyond_what_the_database_holds(client: TestClient, number: int) -> None:
    """Refused, not a fault."""
    for path in (f"{LAYER}?after={number}", f"{LAYER}/log?after={number}"):
        assert client.get(path).status_code == 422
    for verb, body in (("edits", {"items": {}}), ("undo", {}), ("begin", {})):
        text = json.dumps({"person": "anna", "seen": 0, **body}).replace('"seen": 0', f'"seen": {number}')
        assert client.post(f"{LAYER}/{verb}", content=text).status_code == 422
    assert client.get(f"/api/wells/A-1/tiles/static/0/{number}").status_code in (404, 422)


def test_a_strange_file_in_the_field_hides_no_other(field: Path) -> None:
    """A name with a blank, a link to nothing, a pipe, a folder, a leftover, an image that is far too wide."""
    shutil.copy(field / "A-1.nc", field / "A 2.nc")
    (field / "dangling.nc").symlink_to(field / "nothing")
    os.mkfifo(field / "pipe.nc")
    os.mkfifo(field / "B_2.picks.csv")
    os.mkfifo(field / "B_2.findings.json")
    (field / "folder.nc").mkdir()
    (field / ".A-1.nc.part").write_bytes(b"half")
    (field / ".hidden.nc").write_bytes(b"half")
    wide = np.zeros((4, 100_000), np.float32)
    wide[::2] = 1
    write_netcdf(well_image(wide, 100 + 0.1 * np.arange(4), well="wide"), field / "wide.nc")
    thin = np.random.default_rng(0).normal(size=(50, 8))
    write_netcdf(well_image(thin, 100 + 1e-7 * np.arange(50), well="thin"), field / "thin.nc")
    strange = ["A 2", "dangling", "folder", "pipe", "thin", "wide"]
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        wells = client.get("/api/wells").json()
        assert {w["well"] for w in wells} == {"A-1", "B_2", *strange}
        assert [w["well"] for w in wells if "damage" in w] == strange
        for well in strange:
            for path in ("", "/tiles/static/0/0", "/layers/anna", "/tiles/dynamic/0/0"):
                assert client.get(f"/api/wells/{well}{path}").status_code in (404, 422)
        assert client.get("/api/wells/A-1").status_code == 200
        assert client.get("/api/wells/B_2").status_code == 422  # its list of findings is a pipe
        begin = client.post("/api/wells/B_2/layers/anna/begin", json={"person": "anna"})
        assert begin.status_code == 422
        assert str(field) not in begin.text


def test_findings_say_where_they_are(field: Path) -> None:
    """Depths of those that speak of a stretch; none of those that speak of a file."""
    rows = [Finding(Severity.MAJOR, "rows-repeated", "101.50-102.25 m", "rows are the same", "look"),
            Finding(Severity.MINOR, "depth-flipped", "a.dlis", "depths decrease", "reversed")]  # fmt: skip
    (field / "A-1.findings.json").write_text(findings_to_json(rows))
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        findings = client.get("/api/wells/A-1").json()["findings"]
    assert [(f["kind"], f["top_m"], f["base_m"]) for f in findings] == [
        ("rows-repeated", 101.5, 102.25),
        ("depth-flipped", None, None),
    ]


def test_health_answers_while_all_threads_work(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More slow requests than the server has threads."""
    let_go = threading.Event()
    monkeypatch.setattr(ReviewService, "overview", lambda self: [{}][: not let_go.wait(30)])
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        people = [threading.Thread(target=client.get, args=("/api/wells",)) for _ in range(60)]
        for person in people:
            person.start()
        time.sleep(1)
        answers: list[int] = []
        doctor = threading.Thread(target=lambda: answers.append(client.get("/health").status_code))
        doctor.start()
        doctor.join(20)
        before = list(answers)  # The others have no answer yet.
        let_go.set()
        for person in (*people, doctor):
            person.join()
    assert before == [200]


def test_questions_that_take_long_do_not_take_all_threads(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a dozen that ask the image at once, some are told to ask again."""
    monkeypatch.setattr("geobfdt.review.service._PATIENCE_S", 0.2)
    room = ReviewService(field)
    results: list[str] = []

    def snap_once() -> None:
        try:
            room.snap("A-1", [101.0], [0.0])
            results.append("answered")
        except BusyError:
            results.append("full")

    people = [threading.Thread(target=snap_once) for _ in range(12)]
    with room._detecting:
        for person in people:
            person.start()
        for _ in range(300):
            if len(results) == 4:
                break
            time.sleep(0.1)
    for person in people:
        person.join()
    assert sorted(results) == ["answered"] * 8 + ["full"] * 4


def test_layers_that_are_too_long_to_score_are_compared_without(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists are there, the scores are not, and it is said why."""
    picks_after_begin(client)
    client.post("/api/wells/A-1/layers/ben/begin", json={"person": "ben"})
    monkeypatch.setattr("geobfdt.review.service._MAX_SCORED_PICKS", 9)
    comparison = client.get("/api/wells/A-1/compare?a=anna&b=ben").json()
    assert len(comparison["both"]) == 5
    assert comparison["note"]
    assert "scores" not in comparison


def test_a_field_named_by_a_relative_path_takes_files(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture, with what it does not say of itself; without that, what is missing is named."""
    monkeypatch.chdir(field.parent)
    write_png(drawn_well("C"), field.parent / "c.png")
    for beside in field.parent.glob("c.y*ml"):
        beside.unlink()
    with TestClient(create_app(Path("field")), base_url="http://localhost", headers=CHANGE) as client:
        picture = (field.parent / "c.png").read_bytes()
        bare = wait(client, client.put("/api/uploads/c.png", content=picture).json())
        assert bare["state"] == "failed"
        assert "top" in bare["message"]
        query = "well=C-7&top=100&bottom=110&diameter=0.2&azimuth_reference=north&deviation=0"
        job = wait(client, client.put(f"/api/uploads/c.png?{query}", content=picture).json())
        assert job["message"] == ""
        well = client.get("/api/wells/C-7").json()
        assert (well["name"], well["reference"], well["hole"]["diameter"][0]) == ("C-7", "north", 0.2)
        assert (well["top"], well["base"]) == (pytest.approx(100, abs=0.01), pytest.approx(110, abs=0.01))
        for bad in ("survey=/etc/passwd", "diameter=ten", "diameter=inf", "azimuth_reference=up"):
            assert client.put(f"/api/uploads/c.png?{bad}", content=picture).status_code == 422


@pytest.mark.parametrize("name", ["C-3", "..", "%2e%2e", "..%2ffield%2fA-1", "A-1.nc", "%00", "review"])
def test_no_path_leaves_the_field(client: TestClient, name: str) -> None:
    """No path leaves the field."""
    for path in (f"/api/wells/{name}", f"/api/wells/{name}/tiles/static/0/0", f"/api/wells/{name}/layers/anna"):
        assert client.get(path).status_code in (404, 307)
    for path in ("/static/../server.py", "/static/%2e%2e/server.py", "/static/..%2fserver.py"):
        assert client.get(path).status_code == 404


def test_a_change_needs_the_header_and_a_host_that_is_this_machine(field: Path) -> None:
    """Another site's page can neither change anything nor read it by a name of its own."""
    with TestClient(create_app(field), base_url="http://localhost") as client:
        assert edit(client, {}).status_code == 403
        assert client.get("/api/wells", headers={"host": "evil.example"}).status_code == 403
        page = client.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


def test_a_token_is_needed_where_there_is_one(field: Path) -> None:
    """A token is needed where there is one."""
    with TestClient(
        create_app(field, ServeOptions(token=TOKEN)), base_url="http://example.org", headers=CHANGE
    ) as client:
        for headers in (
            {},
            {"authorization": "Bearer wrong"},
            {"authorization": "Bearer "},
            {"cookie": "geobfdt-session=1.2.3"},
        ):
            for path in ("/", "/api/wells", "/static/app.js", "/api/docs.json"):
                answer = client.get(path, headers=headers)
                assert answer.status_code == 401
                assert TOKEN not in answer.text
        assert client.get("/api/wells", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
        assert client.get("/?token=wrong").status_code == 401
        first = client.get(f"/?token={TOKEN}", follow_redirects=False)
        assert first.status_code == 303
        assert "httponly" in first.headers["set-cookie"].lower()
        assert client.get("/api/wells").status_code == 200  # by the cookie


def test_uploads(field: Path, tmp_path: Path) -> None:
    """Uploads."""
    with TestClient(
        create_app(field, ServeOptions(max_upload_bytes=4 << 20, max_job_s=60)),
        base_url="http://localhost",
        headers=CHANGE,
    ) as client:
        good = tmp_path / "C.nc"
        write_netcdf(drawn_well("C-3"), good)
        job = client.put("/api/uploads/C.nc", content=good.read_bytes()).json()
        assert wait(client, job)["message"] == ""
        assert "C-3" in [w["well"] for w in client.get("/api/wells").json()]
        failed = wait(client, client.put("/api/uploads/bad.dlis", content=b"rubbish" * 100).json())
        assert failed["state"] == "failed"
        assert "bad.dlis" in failed["message"]
        assert str(field) not in failed["message"]
        for name in ("x.exe", ".nc", "..%2fx.nc", "%2e%2e"):
            assert client.put(f"/api/uploads/{name}", content=b"x").status_code in (404, 405, 422)
        # Ten gigabytes, said so; and 64 MiB, not said so: more tell no more, and the test's client holds them twice.
        assert (
            client.put("/api/uploads/big.las", content=b"x", headers={"content-length": str(10 << 30)}).status_code
            == 413
        )

        def endless() -> Iterator[bytes]:
            for _ in range(64):
                yield b"x" * (1 << 20)

        assert client.put("/api/uploads/big.las", content=endless()).status_code == 413
        assert sorted(f.name for f in field.glob("*.nc")) == ["A-1.nc", "B_2.nc", "C-3.nc"]
        assert not list((field / QUEUE_FOLDER / "incoming").iterdir())  # nothing that was sent stays behind


def test_a_report_is_made_and_fetched(client: TestClient) -> None:
    """By a job; before it is done, of another job, and of a layer that is not there, there is none."""
    picks_after_begin(client)
    job = client.post("/api/wells/A-1/report", json={"layer": "anna"}).json()
    ended = wait(client, job)
    assert (ended["state"], ended["message"]) == ("done", "")
    answer = client.get(f"/api/jobs/{job['id']}/report")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert "A-1" in answer.text
    assert client.get("/api/jobs/nothing/report").status_code == 404
    failed = wait(client, client.post("/api/wells/A-1/report", json={"layer": "nobody"}).json())
    assert failed["state"] == "failed"
    assert "no layer 'nobody'" in failed["message"]
    assert client.get(f"/api/jobs/{failed['id']}/report").status_code == 404
    assert client.post("/api/wells/Z-9/report", json={"layer": "anna"}).status_code == 404


def test_health_and_numbers(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health needs no token and says only ok or not; numbers need one, and count patterns, not names."""
    app = create_app(field, ServeOptions(token=TOKEN))
    bearer = {"authorization": f"Bearer {TOKEN}"}
    with TestClient(app, base_url="http://elsewhere.example") as client:
        answer = client.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"state": "ok"})
        assert client.get("/metrics").status_code == 401
        for name in ("A-1", "nowhere-1", "nowhere-2"):
            client.get(f"/api/wells/{name}", headers=bearer)
        text = client.get("/metrics", headers=bearer).text
        assert 'geobfdt_requests_total{method="GET",path="/api/wells/{well}",status="404"} 2.0' in text
        assert 'geobfdt_requests_total{method="GET",path="/api/wells/{well}",status="200"} 1.0' in text
        assert 'status="401"} 1.0' in text
        assert 'geobfdt_jobs{state="waiting"} 0.0' in text
        assert "nowhere" not in text
        assert "process_resident_memory_bytes" in text
        monkeypatch.setattr("geobfdt.review.health.MIN_FREE_BYTES", 1 << 62)
        assert client.get("/health").status_code == 503


def test_fifty_thousand_picks(field: Path) -> None:
    """Fifty thousand picks."""
    rng = np.random.default_rng(0)
    picks = new_picks(
        depth_m=rng.uniform(100, 110, 50_000).round(4), class_="bedding", amplitude_m=0.01, azimuth_app_deg=10.0,
        status="proposed", confidence=0.7,
    )  # fmt: skip
    app = create_app(field)
    with TestClient(app, base_url="http://localhost", headers=CHANGE) as client:
        LayerLog(field).add("A-1", "anna", "anna", "join", pick_items(picks))
        items = client.get(LAYER).json()["items"]
        assert len(items) == 50_000
        answer = edit(client, {item: {"status": "accepted"} for item in items}, "bulk")
        assert answer.status_code == 200
        assert client.post(LAYER + "/undo", json={"person": "anna"}).status_code == 200
        table = pd.read_csv(io.BytesIO(client.get(LAYER + "/picks.csv").content))
        assert (table["status"] == "proposed").all()


def test_a_well_without_deviation_and_one_without_rows_to_see(field: Path) -> None:
    """A well without deviation and one without rows to see."""
    write_netcdf(drawn_well("D", deviation=np.nan, diameter=np.nan, reference="unknown"), field / "D.nc")
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        layer = "/api/wells/D/layers/anna"
        answer = edit(client, {"p1": {"depth_m": 101.0, "class": "fracture", "amplitude_m": 0.08}}, layer=layer).json()
        assert answer["items"]["p1"]["amplitude_m"] == 0.08
        assert answer["items"]["p1"].get("dip_true_deg") is None
        assert client.get("/api/wells/D").json()["hole"]["diameter"][0] is None


def test_a_damaged_well_is_told_in_one_line_and_the_others_stay(field: Path) -> None:
    """A damaged well is told in one line and the others stay."""
    (field / "E.nc").write_bytes(b"no netCDF")
    with TestClient(create_app(field), base_url="http://localhost", headers=CHANGE) as client:
        answer = client.get("/api/wells/E")
        assert answer.status_code == 422
        assert str(field) not in answer.text
        assert [w["well"] for w in client.get("/api/wells").json()] == ["A-1", "B_2", "E"]
        assert client.get("/api/wells/A-1").status_code == 200
    assert read(field / "A-1.nc").attrs["well"] == "A-1"
