"""Who asks too often, guesses, fills the disk or the queue is stopped, and what was asked for is written down."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from geobfdt.io.images.netcdf import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.review.access import COOKIE_NAME
from geobfdt.review.job_queue import BusyError, JobKind, JobQueue, QueueLimits
from geobfdt.review.job_tasks import QUEUE_FOLDER
from geobfdt.review.rate_limiter import RateLimiter
from geobfdt.review.serve_options import ServeOptions
from geobfdt.review.server import create_app
from geobfdt.review.sessions import SESSION_S, Sessions
from geobfdt.runtime.findings import InputError
from geobfdt.runtime.locks import folder_lock

from .conftest import Served, drawn_well
from .test_server import wait

TOKEN = "a-right-token-of-the-test"
RIGHT = {"authorization": f"Bearer {TOKEN}", "x-geobfdt": "1"}
WRONG = {"authorization": "Bearer a-wrong-token-of-the-test", "x-geobfdt": "1"}
EDITS = "/api/wells/A-1/layers/anna/edits"
LOOKED = {"kind": "interpreted", "class": "bedding", "top_m": 101, "base_m": 102}
ACCEPT = {"person": "Anna Ö.", "items": {"i1": LOOKED}}


def lines(field: Path) -> list[dict[str, Any]]:
    """What was written down."""
    files = sorted((field / QUEUE_FOLDER / "audit").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def from_address(app: Callable[..., Any], address: str) -> TestClient:
    """A client of an address of its own."""
    return TestClient(app, base_url="http://localhost", client=(address, 5000))


def test_guessing_a_token_ends_soon(field: Path) -> None:
    """After twenty wrong ones the next are not even compared in words; the right one is let in all the same."""
    app = create_app(field, ServeOptions(token=TOKEN))
    with from_address(app, "10.0.0.1") as one, from_address(app, "10.0.0.2") as other:
        assert one.get("/api/wells", headers=RIGHT).status_code == 200
        answers = [one.get("/api/wells", headers=WRONG) for _ in range(30)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429] * 10
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "content-security-policy" in answers[-1].headers
        assert one.get("/api/wells", headers=RIGHT).status_code == 200
        assert one.get("/health").status_code == 200
        assert other.get("/api/wells", headers=RIGHT).status_code == 200


def test_one_address_does_not_take_all(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is slowed down to what it may ask for, and goes on a second later; others do not notice."""
    app = create_app(field, ServeOptions(requests=20))
    with from_address(app, "10.0.0.1") as one, from_address(app, "10.0.0.2") as other:
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now)
        answers = [one.get("/api/jobs").status_code for _ in range(50)]
        assert answers == [200] * 20 + [429] * 30
        assert other.get("/api/jobs").status_code == 200
        monkeypatch.setattr(time, "time", lambda: now + 1.1)
        assert one.get("/api/jobs").status_code == 200


def test_every_change_and_every_read_is_written_down(field: Path) -> None:
    """With who, from where, what and how it ended; a poll that brings nothing is not, and of tiles the first."""
    reader = RIGHT | {"x-geobfdt-person": "Ben%20%C3%9F"}
    layer = EDITS.removesuffix("/edits")
    with from_address(create_app(field, ServeOptions(token=TOKEN)), "10.0.0.7") as client:
        for path in ("/api/wells", "/api/wells/A-1", *(f"/api/wells/A-1/tiles/static/0/{n}" for n in range(5))):
            assert client.get(path, headers=reader).status_code == 200
        version = client.post(EDITS, json=ACCEPT, headers=RIGHT).json()["version"]
        assert client.post(EDITS, json={"person": "Anna Ö.", "items": {"p1": 3}}, headers=RIGHT).status_code == 422
        for path in (f"{layer}/picks.csv", layer, f"{layer}?after={version}", f"{layer}/log"):
            assert client.get(path, headers=reader).status_code == 200
        assert client.get("/api/wells?token=secret", headers=WRONG).status_code == 401
        assert client.post(EDITS, json=ACCEPT, headers={"authorization": RIGHT["authorization"]}).status_code == 403
    entries = lines(field)
    requests = [
        (line["method"], line["path"].rsplit("/", 1)[-1], line["status"], line.get("person")) for line in entries
    ]
    assert requests == [
        ("GET", "wells", 200, "Ben ß"),
        ("GET", "A-1", 200, "Ben ß"),
        ("GET", "0", 200, "Ben ß"),
        ("POST", "edits", 200, "Anna Ö."),
        ("POST", "edits", 422, "Anna Ö."),
        ("GET", "picks.csv", 200, "Ben ß"),
        ("GET", "anna", 200, "Ben ß"),
        ("GET", "log", 200, "Ben ß"),
        ("GET", "wells", 401, None),
        ("POST", "edits", 403, None),
    ]
    assert {line["client"] for line in entries} == {"10.0.0.7"}
    assert TOKEN not in json.dumps(entries)
    assert (next((field / QUEUE_FOLDER / "audit").iterdir()).stat().st_mode & 0o077) == 0


def test_invented_methods_and_long_names_grow_nothing(field: Path) -> None:
    """Without a token and with one: the numbers keep their size, and the log its lines."""
    app = create_app(field, ServeOptions(token=TOKEN, requests=10_000))
    with from_address(app, "10.0.0.1") as client:

        def size() -> int:
            return len(client.get("/metrics", headers=RIGHT).text.splitlines())

        size()  # whatever appears once
        for headers in ({}, RIGHT | {"x-geobfdt-person": "x" * 5000}):
            for path in ("/api/wells", "/api/wells/1"):
                client.request("INVENTED", path, headers=headers)
            before, entries = size(), len(lines(field))
            for n in range(150):
                client.request(f"M{n}" + "X" * 300, f"/api/wells/{n}" + "y" * 2000, headers=headers)
            assert size() <= before
            assert len(lines(field)) <= entries + 120  # 60 a minute, and the minute may end in between
        assert max(len(json.dumps(line)) for line in lines(field)) < 700
        assert {line["method"] for line in lines(field)} <= {"GET", "other"}
        assert sum(line.get("left_out", 0) for line in lines(field)) >= 0


def test_addresses_of_one_subscriber_count_as_one() -> None:
    """Whoever has a network of IPv6 has 2 ** 64 addresses; another network has its own."""
    limiter = RateLimiter(requests=20)
    assert sum(limiter.allow_request(f"2001:db8::{n:x}") for n in range(100)) <= 40  # a second may end in between
    assert limiter.allow_request("2001:db8:0:1::1")


def test_sessions_end(tmp_path: Path) -> None:
    """By time, by signing out, in all servers of the field; not by a restart, and never without the token."""
    now = [1e9]
    file = tmp_path / "sessions.sqlite"
    sessions = Sessions(TOKEN, file, clock=lambda: now[0])
    first, second = sessions.new(), sessions.new()
    again, stranger = (Sessions(token, file, clock=lambda: now[0]) for token in (TOKEN, TOKEN + "x"))
    assert TOKEN not in first
    assert again.holds(first)
    assert not stranger.holds(first)
    until, number, signature = first.split(".")
    for forged in ("", "..", first[:-1], f"{int(until) + 1}.{number}.{signature}", f"{until}.{number}.", "\u00e9.1.2"):
        assert not sessions.holds(forged)
    sessions.end(first)
    assert not sessions.holds(first)
    assert not Sessions(TOKEN, file, clock=lambda: now[0]).holds(first)
    assert sessions.holds(second)
    now[0] += SESSION_S + 1
    assert not sessions.holds(second)


def test_a_browser_signs_in_and_out(field: Path) -> None:
    """The cookie is no token, has an end and the page's own path; after signing out it is worth nothing."""
    app = create_app(field, ServeOptions(token=TOKEN))
    with from_address(app, "10.0.0.1") as client:
        page = client.get("/", headers={"accept": "text/html"})
        assert page.status_code == 401
        assert "<form" in page.text
        for name in ("login.js", "api.js", "style.css"):
            assert client.get(f"/static/{name}").status_code == 200
        assert client.get("/static/app.js").status_code == 401
        assert client.post("/session", json={"token": "x" * 20}, headers={"x-geobfdt": "1"}).status_code == 401
        assert client.post("/session", json={"token": TOKEN}).status_code == 403  # another site's page
        answer = client.post("/session", json={"token": TOKEN}, headers={"x-geobfdt": "1"})
        cookie = answer.headers["set-cookie"].lower()
        assert answer.status_code == 200
        assert TOKEN not in cookie
        assert {"httponly", f"max-age={SESSION_S}", "samesite=strict"} <= set(cookie.split("; "))
        assert "path=" not in cookie
        session = client.cookies.get(COOKIE_NAME)
        assert client.get("/").status_code == 200
        assert client.delete("/session", headers={"x-geobfdt": "1"}).status_code == 200
        client.cookies.clear()
        assert client.get("/api/wells", headers={"cookie": f"{COOKIE_NAME}={session}"}).status_code == 401


@pytest.mark.parametrize("token", ["", "geologist", "a" * 40, "a token with blanks in it", "tok\u00e9n-of-the-field-x"])
def test_a_token_that_can_be_guessed_is_refused(field: Path, token: str) -> None:
    """Before anything is served."""
    with pytest.raises(InputError) as error:
        create_app(field, ServeOptions(token=token))
    assert error.value.file == "--token"


@pytest.mark.process
def test_forwarded_addresses_are_believed_only_when_asked_for(serve: Callable[..., Served], field: Path) -> None:
    """Otherwise whoever reaches the server directly writes somebody else's address into the log."""
    for more, address in (((), "127.0.0.1"), (("--forwarded-allow-ips", "127.0.0.0/8"), "203.0.113.9")):
        server = serve(*more)
        request = urllib.request.Request(
            server.address + "/api/wells", headers={"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
        )
        before = len(lines(field))
        urllib.request.urlopen(request, timeout=60).close()
        # The line is written when the answer is out.
        for _ in range(200):
            if [line["client"] for line in lines(field)[before:]][-1:] == [address]:
                break
            time.sleep(0.05)
        assert lines(field)[-1]["client"] == address
        server.kill()


def test_refusals_do_not_fill_the_disk(field: Path) -> None:
    """A line a second is written of them, a change each time."""
    with from_address(create_app(field, ServeOptions(requests=1000)), "10.0.0.1") as client:
        for _ in range(200):
            assert client.post(EDITS, json=ACCEPT).status_code == 403
        for _ in range(3):
            assert client.post(EDITS, json=ACCEPT, headers=RIGHT).status_code == 200
    assert [line["status"] for line in lines(field)] in ([403] * n + [200] * 3 for n in (60, 120))
    assert sum(line.get("left_out", 0) for line in lines(field)) in (80, 140)


def test_a_line_that_is_made_to_look_like_two(field: Path) -> None:
    """Names and paths with line ends stay in their line."""
    with from_address(create_app(field), "10.0.0.1") as client:
        client.post('/api/wells/x%0a{"status":200}/undo', json={}, headers=RIGHT)
        client.put("/api/uploads/a%0d%0ab.exe", content=b"x", headers=RIGHT)
    assert [line["client"] for line in lines(field)] == ["10.0.0.1"] * 2


def test_health_tells_when_the_log_cannot_be_written(field: Path) -> None:
    """And tells again that all is well when it can."""
    (field / QUEUE_FOLDER).mkdir(exist_ok=True)
    (field / QUEUE_FOLDER / "audit").write_text("in the way")
    with from_address(create_app(field), "10.0.0.1") as client:
        assert client.post(EDITS, json=ACCEPT, headers=RIGHT).status_code == 200
        answer = client.get("/health")
        assert answer.status_code == 503
        assert "access log" in answer.json()["state"]
        (field / QUEUE_FOLDER / "audit").unlink()
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
    *_, request, brought = lines(field)
    assert (request["method"], request["replace"]) == ("PUT", True)
    assert (brought["wells"], brought["replaced"], brought["client"]) == (["A-1"], ["A-1"], "10.0.0.1")


def test_what_a_file_is_refused_with_shows_nothing_of_the_server(
    field: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """No folder, no letters that steer a terminal, and nothing of it in the server's log."""
    write_png(drawn_well("C").isel(depth=slice(0, 50)), tmp_path / "c.png")
    picture = (tmp_path / "c.png").read_bytes()
    with from_address(create_app(field), "10.0.0.1") as client:
        for name, content, reason in (
            ("c.csv", picture[:8] + b"x" + picture[9:], "not a sound PNG"),
            ("d.csv", b"a\x1b[2J,b\x07,c\n1,2,3\n4,5,6\n", "d.csv: "),
            ("e.lis", b"\x00" * 2000, "e.lis: "),
            ("f.dlis", (b"\x00\x50\xff\x01" + bytes(76)) * 9, "f.dlis: "),
        ):
            job = wait(client, client.put(f"/api/uploads/{name}", content=content, headers=RIGHT).json())
            assert job["state"] == "failed"
            assert reason in job["message"]
            assert job["message"].isprintable()
            assert "/" not in job["message"].replace("bytes/", "")
    assert capfd.readouterr().err == ""


def test_an_upload_leaves_the_disk_room(field: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would fill it is not taken, and leaves nothing behind."""
    with from_address(create_app(field), "10.0.0.1") as client:
        monkeypatch.setattr("geobfdt.review.routers.jobs.MIN_FREE_BYTES", 1 << 62)
        answer = client.put("/api/uploads/a.las", content=b"x" * 1000, headers=RIGHT)
        assert answer.status_code == 507
        assert "no space left" in answer.json()["detail"]
        assert not list((field / QUEUE_FOLDER / "incoming").iterdir())
        monkeypatch.undo()
        monkeypatch.setattr("geobfdt.review.job_queue.MIN_FREE_BYTES", 1 << 62)  # full when its turn comes
        job = wait(client, client.put("/api/uploads/a.las", content=b"x" * 1000, headers=RIGHT).json())
        assert (job["state"], job["message"]) == ("failed", "no space left on device")
        assert not list((field / QUEUE_FOLDER / "incoming").iterdir())


def test_what_was_being_sent_when_a_server_was_killed_goes(field: Path) -> None:
    """A day later; what somebody may still be sending, and what waits for its turn, stays."""
    incoming = field / QUEUE_FOLDER / "incoming"
    for name, age in (("old", 2), ("waits", 2), ("new", 0)):
        (incoming / name).mkdir(parents=True)
        then = time.time() - age * 86400
        os.utime(incoming / name, (then, then))
    jobs = JobQueue(field / QUEUE_FOLDER, {})
    jobs.close()
    with closing(sqlite3.connect(jobs.file)) as db, db:
        db.execute(
            "INSERT INTO jobs (id, at, kind, what, parameters, state, tries, message) VALUES "
            "('x', 0, 'bring in', '', '{\"folder\": \"waits\", \"name\": \"a.las\"}', 'waiting', 0, '')"
        )
    with folder_lock(field / QUEUE_FOLDER, by="another server"):  # which works, so that ours does not
        app = create_app(field)
        assert sorted(folder.name for folder in incoming.iterdir()) == ["new", "waits"]
    with from_address(app, "10.0.0.1"):
        pass


def test_the_queue_has_an_end(tmp_path: Path) -> None:
    """No more jobs are taken than may wait."""
    jobs = JobQueue(tmp_path, {"none": JobKind(print)}, limits=QueueLimits(waiting_jobs=3), runs_jobs=False)
    for _ in range(3):
        jobs.add("none", "nothing", {})
    with pytest.raises(BusyError, match="3 jobs wait"):
        jobs.add("none", "nothing", {})
    jobs.close()
