"""Who asks too often, guesses, fills the disk or the queue is stopped, and what was asked for is written down."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from geobfdt.review.jobs import FullError, Jobs, Kind
from geobfdt.review.server import create_app
from geobfdt.review.work import QUEUE
from geobfdt.wells.lock import held
from geobfdt.wells.readers.netcdf import read
from geobfdt.wells.writers.netcdf import write_netcdf
from geobfdt.wells.writers.raster import write_png

from .conftest import drawn_well
from .test_server import wait

RIGHT = {"authorization": "Bearer right-token", "x-geobfdt": "1"}
WRONG = {"authorization": "Bearer wrong-token", "x-geobfdt": "1"}
EDITS = "/api/wells/A-1/layers/anna/edits"
LOOKED = {"kind": "interpreted", "class": "bedding", "top_m": 101, "base_m": 102}
ACCEPT = {"person": "Anna Ö.", "items": {"i1": LOOKED}}


def lines(field: Path) -> list[dict[str, Any]]:
    """What was written down."""
    files = sorted((field / QUEUE / "audit").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def from_address(app: Callable[..., Any], address: str) -> TestClient:
    """A client of an address of its own."""
    return TestClient(app, base_url="http://localhost", client=(address, 5000))


def test_guessing_a_token_ends_soon(field: Path) -> None:
    """After twenty wrong ones even the right one is refused, to that address alone, and health still answers."""
    app = create_app(field, token="right-token")
    with from_address(app, "10.0.0.1") as one, from_address(app, "10.0.0.2") as other:
        assert one.get("/api/wells", headers=RIGHT).status_code == 200
        answers = [one.get("/api/wells", headers=WRONG) for _ in range(30)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "content-security-policy" in answers[-1].headers
        assert one.get("/api/wells", headers=RIGHT).status_code == 429
        assert one.get("/health").status_code == 200
        assert other.get("/api/wells", headers=RIGHT).status_code == 200


def test_one_address_does_not_take_all(field: Path) -> None:
    """It is slowed down to what it may ask for, and goes on a second later; others do not notice."""
    app = create_app(field, requests=20)
    with from_address(app, "10.0.0.1") as one, from_address(app, "10.0.0.2") as other:
        began = time.monotonic()
        answers = [one.get("/api/jobs").status_code for _ in range(100)]
        seconds = time.monotonic() - began
        assert answers.count(200) <= 20 * (seconds + 2)
        assert answers.count(429) == 100 - answers.count(200) > 0
        assert other.get("/api/jobs").status_code == 200
        time.sleep(1.1)
        assert one.get("/api/jobs").status_code == 200


def test_every_change_is_written_down(field: Path) -> None:
    """With who, from where, what and how it ended; reading is not, but for tables and reports that leave."""
    with from_address(create_app(field, token="right-token"), "10.0.0.7") as client:
        for path in ("/api/wells", "/api/wells/A-1", "/api/wells/A-1/tiles/static/0/0"):
            assert client.get(path, headers=RIGHT).status_code == 200
        assert client.post(EDITS, json=ACCEPT, headers=RIGHT).status_code == 200
        assert client.post(EDITS, json={"person": "Anna Ö.", "items": {"p1": 3}}, headers=RIGHT).status_code == 422
        assert client.get("/api/wells/A-1/layers/anna/picks.csv", headers=RIGHT).status_code == 200
        assert client.get("/api/wells?token=secret", headers=WRONG).status_code == 401
        assert client.post(EDITS, json=ACCEPT, headers={"authorization": "Bearer right-token"}).status_code == 403
    told = lines(field)
    assert [(line["method"], line["path"].rsplit("/", 1)[-1], line["status"], line.get("person")) for line in told] == [
        ("POST", "edits", 200, "Anna Ö."),
        ("POST", "edits", 422, "Anna Ö."),
        ("GET", "picks.csv", 200, None),
        ("GET", "wells", 401, None),
        ("POST", "edits", 403, None),
    ]
    assert {line["client"] for line in told} == {"10.0.0.7"}
    assert "token" not in json.dumps(told)
    assert (next((field / QUEUE / "audit").iterdir()).stat().st_mode & 0o077) == 0


def test_refusals_do_not_fill_the_disk(field: Path) -> None:
    """A line a second is written of them, a change each time."""
    with from_address(create_app(field, requests=1000), "10.0.0.1") as client:
        for _ in range(200):
            assert client.post(EDITS, json=ACCEPT).status_code == 403
        for _ in range(3):
            assert client.post(EDITS, json=ACCEPT, headers=RIGHT).status_code == 200
    assert [line["status"] for line in lines(field)] in ([403] * n + [200] * 3 for n in (60, 120))


def test_a_line_that_is_made_to_look_like_two(field: Path) -> None:
    """Names and paths with line ends stay in their line."""
    with from_address(create_app(field), "10.0.0.1") as client:
        client.post('/api/wells/x%0a{"status":200}/undo', json={}, headers=RIGHT)
        client.put("/api/uploads/a%0d%0ab.exe", content=b"x", headers=RIGHT)
    assert [line["client"] for line in lines(field)] == ["10.0.0.1"] * 2


def test_health_tells_when_the_log_cannot_be_written(field: Path) -> None:
    """And tells again that all is well when it can."""
    (field / QUEUE).mkdir(exist_ok=True)
    (field / QUEUE / "audit").write_text("in the way")
    with from_address(create_app(field), "10.0.0.1") as client:
        assert client.post(EDITS, json=ACCEPT, headers=RIGHT).status_code == 200
        answer = client.get("/health")
        assert answer.status_code == 503
        assert "audit log" in answer.json()["state"]
        (field / QUEUE / "audit").unlink()
        client.post(EDITS, json=ACCEPT, headers=RIGHT)
        assert client.get("/health").status_code == 200


def test_a_file_does_not_replace_a_well_unasked(field: Path, tmp_path: Path) -> None:
    """Somebody's well of the same name stays as it is, until it is said that it shall not."""
    other = tmp_path / "other.nc"
    write_netcdf(drawn_well("A-1").assign_attrs(tool="another"), other)
    with from_address(create_app(field), "10.0.0.1") as client:

        def sent(query: str) -> dict[str, Any]:
            put = client.put(f"/api/uploads/other.nc{query}", content=other.read_bytes(), headers=RIGHT)
            return wait(client, put.json())

        refused = sent("")
        assert refused["state"] == "failed"
        assert "is in the field already" in refused["message"]
        assert read(field / "A-1.nc").attrs["tool"] != "another"
        assert sent("?replace=true")["message"] == ""
        assert read(field / "A-1.nc").attrs["tool"] == "another"


def test_what_a_file_is_refused_with_shows_nothing_of_the_server(
    field: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No folder, no letters that steer a terminal, and nothing of it in the server's log."""
    write_png(drawn_well("C").isel(depth=slice(0, 50)), tmp_path / "c.png")
    picture = (tmp_path / "c.png").read_bytes()
    with from_address(create_app(field), "10.0.0.1") as client:
        for name, content, told in (
            ("c.csv", picture[:8] + b"x" + picture[9:], "not a sound PNG"),
            ("d.csv", b"a\x1b[2J,b\x07,c\n1,2,3\n4,5,6\n", "d.csv: "),
            ("e.lis", b"\x00" * 2000, "e.lis: "),
            ("f.dlis", (b"\x00\x50\xff\x01" + bytes(76)) * 9, "f.dlis: "),
        ):
            job = wait(client, client.put(f"/api/uploads/{name}", content=content, headers=RIGHT).json())
            assert job["state"] == "failed"
            assert told in job["message"]
            assert job["message"].isprintable()
            assert "/" not in job["message"].replace("bytes/", "")
    assert capfd.readouterr().err == ""


def test_an_upload_leaves_the_disk_room(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would fill it is not taken, and leaves nothing behind."""
    with from_address(create_app(field), "10.0.0.1") as client:
        monkeypatch.setattr("geobfdt.review.server.LEAST", 1 << 62)
        answer = client.put("/api/uploads/a.las", content=b"x" * 1000, headers=RIGHT)
        assert answer.status_code == 507
        assert "no space left" in answer.json()["detail"]
        assert not list((field / QUEUE / "incoming").iterdir())
        monkeypatch.undo()
        monkeypatch.setattr("geobfdt.review.jobs.LEAST", 1 << 62)  # full when its turn comes
        job = wait(client, client.put("/api/uploads/a.las", content=b"x" * 1000, headers=RIGHT).json())
        assert (job["state"], job["message"]) == ("failed", "no space left on device")
        assert not list((field / QUEUE / "incoming").iterdir())


def test_what_was_being_sent_when_a_server_was_killed_goes(field: Path) -> None:
    """A day later; what somebody may still be sending, and what waits for its turn, stays."""
    incoming = field / QUEUE / "incoming"
    for name, age in (("old", 2), ("waits", 2), ("new", 0)):
        (incoming / name).mkdir(parents=True)
        then = time.time() - age * 86400
        os.utime(incoming / name, (then, then))
    jobs = Jobs(field / QUEUE, {})
    jobs.close()
    with closing(sqlite3.connect(jobs.file)) as db, db:
        db.execute(
            "INSERT INTO jobs (id, at, kind, what, parameters, state, tries, message) VALUES "
            "('x', 0, 'bring in', '', '{\"folder\": \"waits\", \"name\": \"a.las\"}', 'waiting', 0, '')"
        )
    with held(field / QUEUE, by="another server"):  # which works, so that ours does not
        app = create_app(field)
        assert sorted(folder.name for folder in incoming.iterdir()) == ["new", "waits"]
    with from_address(app, "10.0.0.1"):
        pass


def test_the_queue_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more jobs are taken than may wait."""
    monkeypatch.setattr("geobfdt.review.jobs._MOST", 3)
    monkeypatch.setattr(Jobs, "_work", lambda self: None)  # nobody works
    jobs = Jobs(tmp_path, {"none": Kind(print)})
    for _ in range(3):
        jobs.add("none", "nothing", {})
    with pytest.raises(FullError, match="3 jobs wait"):
        jobs.add("none", "nothing", {})
    jobs.close()
