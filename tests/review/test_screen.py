"""The screen, in a real browser: what mouse and keyboard do, read from the log on disk and from the pixels shown."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from geobfdt.io.images.netcdf import read
from geobfdt.io.write.netcdf import write_netcdf
from geobfdt.io.write.raster import write_png
from geobfdt.runtime.findings import Finding, Severity, findings_to_json
from geobfdt.wells.breakouts import new_breakouts, write_breakouts
from geobfdt.wells.layers import LayerLog
from geobfdt.wells.vugs import new_vugs, write_vugs

from .conftest import CLASSES, TRACES, Served, drawn_well

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
]

TOKEN = "a-token-of-the-test"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Browser."""
    with sync_api.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def until(page: Any, what: str, seconds: float = 60) -> None:
    """Wait for it; asked from outside, since the page's policy lets nobody inside evaluate anything."""
    for _ in range(round(20 * seconds)):
        try:
            if page.evaluate(what):
                return
        except sync_api.Error:  # the page is on its way
            pass
        time.sleep(0.05)
    raise TimeoutError(what)


class Screen:
    """A person before the screen."""

    def __init__(self, browser: Any, server: Served, person: str, well: str = "A-1", layer: str | None = None) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 720}, color_scheme="light")
        self.context.add_init_script(f"localStorage.setItem('geobfdt-name', '{person}')")
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.address = f"{server.address}/#well={well}&layer={layer or person}"
        self.page.goto(self.address)
        self.until("window.geobfdt?.store.loaded")

    def until(self, what: str, seconds: float = 60) -> None:
        """Until."""
        until(self.page, what, seconds)

    def evaluate(self, what: str) -> Any:
        """Ask."""
        return self.page.evaluate(f"(() => {{ const {{ view, store, options }} = window.geobfdt; return {what}; }})()")

    def saved(self) -> None:
        """Saved."""
        self.until("window.geobfdt.store.outbox.empty")

    def begin(self) -> None:
        """Begin."""
        self.page.get_by_role("button", name="Begin with the picks of the field").click()
        self.until("window.geobfdt.store.planes.length === 5")

    def at(self, depth: float, angle: float) -> tuple[float, float]:
        """Place of a point of the hole on the page, once the picture is there."""
        x, y = self.evaluate(f"[view.xs(view.tracks()[0], {angle})[0], view.y({depth})]")
        box = self.page.locator("#image-view").bounding_box()
        return box["x"] + x, box["y"] + y

    def on(self, trace: np.ndarray, angle: float) -> tuple[float, float]:
        """On."""
        return self.at(trace[0] + trace[1] * np.cos(np.radians(angle)) + trace[2] * np.sin(np.radians(angle)), angle)

    def click(self, place: tuple[float, float]) -> None:
        """Click."""
        self.page.mouse.click(*place)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag."""
        self.page.mouse.move(*start)
        self.page.mouse.down()
        for share in (0.2, 0.6, 1.0):
            self.page.mouse.move(*(a + share * (b - a) for a, b in zip(start, end, strict=True)))
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        """Press."""
        for key in keys:
            self.page.keyboard.press(key)

    def go(self, depth: float) -> None:
        """Go."""
        self.evaluate(f"view.go({depth})")
        self.wait_for_frame()

    def wait_for_frame(self) -> None:
        """Wait until the tiles on screen are there and painted."""
        self.until("[...window.geobfdt.view.tiles.cache.values()].every((t) => t.bytes)")
        self.page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    def pixel(self, place: tuple[float, float]) -> list[int]:
        """Pixel."""
        box = self.page.locator("#image-view").bounding_box()
        x, y = round(place[0] - box["x"]), round(place[1] - box["y"])
        return self.evaluate(f"[...view.canvas.getContext('2d').getImageData({x}, {y}, 1, 1).data].slice(0, 3)")


@pytest.fixture
def sit(browser: Any, serve: Callable[..., Served]) -> Iterator[Callable[..., Screen]]:
    """Sit down before the screen; one server for all who do."""
    screens: list[Screen] = []
    server: list[Served] = []

    def take(person: str = "anna", well: str = "A-1", layer: str | None = None) -> Screen:
        if not server:
            server.append(serve())
        screens.append(Screen(browser, server[0], person, well, layer))
        screens[-1].server = server[0]
        return screens[-1]

    yield take
    errors = [error for screen in screens for error in screen.errors]
    for screen in screens:
        screen.context.close()
    assert not errors


def picks(field: Path, well: str = "A-1", layer: str = "anna") -> list[dict[str, Any]]:
    """What is on the disk, read by another process than the server's: picks by depth."""
    items = LayerLog(field).layer(well, layer).items
    return sorted((f for i, f in items.items() if i[0] == "p"), key=lambda f: f["depth_m"])


def intervals(field: Path, layer: str = "anna") -> list[tuple]:
    """Intervals."""
    items = LayerLog(field).layer("A-1", layer).items
    return sorted((f["kind"], f["class"], f["top_m"], f["base_m"]) for i, f in items.items() if i[0] == "i")


def test_select_accept_reject_undo_redo(sit: Callable[..., Screen], field: Path) -> None:
    """Select accept reject undo redo."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.click(screen.on(TRACES[0], 150))
    screen.press("a")
    screen.click(screen.on(TRACES[1], 60))
    screen.press("r")
    screen.saved()
    assert [p["status"] for p in picks(field)] == ["accepted", "rejected", "proposed", "proposed", "proposed"]
    screen.press("Control+z")
    screen.saved()
    assert [p["status"] for p in picks(field)][:2] == ["accepted", "proposed"]
    screen.press("Control+z", "Control+y", "Control+Shift+Z")
    screen.saved()
    assert [p["status"] for p in picks(field)][:2] == ["accepted", "rejected"]
    # By the buttons, too.
    screen.click(screen.on(TRACES[1], 60))
    screen.page.get_by_role("button", name="Accept", exact=True).click()
    screen.page.get_by_role("button", name="Undo").click()
    screen.saved()
    assert [p["status"] for p in picks(field)][:2] == ["accepted", "rejected"]


def test_drag_depth_and_the_deepest_point(sit: Callable[..., Screen], field: Path) -> None:
    """Drag depth and the deepest point."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    start = screen.on(TRACES[0], 150)
    scale = screen.evaluate("view.scale")
    screen.drag(start, (start[0], start[1] + 40))
    screen.saved()
    assert picks(field)[0]["depth_m"] == pytest.approx(101 + 40 * scale, abs=0.6 * scale)
    assert picks(field)[0]["amplitude_m"] == 0.08
    moved = TRACES[0] + [40 * scale, 0, 0]
    end = screen.at(moved[0] + 0.14, 50)
    screen.drag(screen.on(moved, 0), end)  # its deepest point lies at 0 degrees
    screen.saved()
    pick = picks(field)[0]
    assert pick["amplitude_m"] == pytest.approx(0.14, abs=3 * scale)
    assert pick["azimuth_app_deg"] == pytest.approx(50, abs=1.5)
    assert (pick["status"], pick["source"]) == ("edited", "anna")


def test_keys_nudge_and_name(sit: Callable[..., Screen], field: Path) -> None:
    """Keys nudge and name."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.click(screen.on(TRACES[1], 60))
    screen.press("Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowRight", "]", "]", "[", "b")
    screen.page.locator("#card textarea").fill("looks like a bed")
    screen.press("Tab")
    screen.saved()
    pick = picks(field)[1]
    assert pick["depth_m"] == pytest.approx(102.004)
    assert pick["azimuth_app_deg"] == pytest.approx(92)
    assert pick["amplitude_m"] == pytest.approx(0.152)
    assert (pick["class"], pick["note"]) == ("bedding", "looks like a bed")
    for _ in range(9):
        screen.page.locator("#undo").click()
    screen.saved()
    assert picks(field) == []  # back to before the layer began


def test_a_note_being_written_outlives_what_happens_to_its_pick(sit: Callable[..., Screen], field: Path) -> None:
    """A note being written outlives what happens to its pick."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.click(screen.on(TRACES[1], 60))
    note = screen.page.locator("#card textarea")
    note.fill("vuggy")
    screen.evaluate("store.edit('nudge', { [store.one()]: { depth_m: 102.1 } })")
    screen.saved()
    screen.until("document.querySelector('#card table').textContent.includes('102.100')")
    screen.page.keyboard.type(" here")
    screen.press("Tab")
    screen.saved()
    assert picks(field)[1]["note"] == "vuggy here"
    screen.evaluate("store.select([store.planes[0].id])")
    screen.until("document.querySelector('#card textarea').value === ''")


def test_add_by_one_click_and_by_three_snap_and_delete(sit: Callable[..., Screen], field: Path) -> None:
    """Add by one click and by three snap and delete."""
    screen = sit(well="B_2")
    screen.go(101.5)
    screen.page.get_by_role("button", name="Add 1").click()
    screen.click(screen.on(TRACES[1], 200))
    screen.until("window.geobfdt.tools.ghost")
    screen.press("Enter")
    screen.until("window.geobfdt.store.planes.length === 1")
    screen.saved()
    (one,) = picks(field, "B_2")
    assert one["depth_m"] == pytest.approx(102, abs=0.01)
    assert (one["amplitude_m"], one["azimuth_app_deg"]) == (pytest.approx(0.15, abs=0.01), pytest.approx(90, abs=4))
    assert one["sigma_depth_m"] < 0.02  # it lies where pixels put it
    screen.press("Escape", "t")
    for angle in (30, 180, 300):
        screen.click(screen.on(TRACES[0] + [0.02, 0, 0], angle))
    screen.until("window.geobfdt.store.planes.length === 2")
    screen.saved()
    first = picks(field, "B_2")[0]
    assert first["depth_m"] == pytest.approx(101.02, abs=0.003)
    assert first.get("sigma_depth_m") is None  # by hand
    screen.press("Escape")
    screen.evaluate("store.select([store.planes[0].id])")
    screen.press("s")
    screen.until("window.geobfdt.tools.ghost")  # snapping takes as long as it takes
    screen.press("Enter")
    screen.until("window.geobfdt.store.planes[0].z < 101.015")
    screen.saved()
    assert picks(field, "B_2")[0]["depth_m"] == pytest.approx(101, abs=0.01)
    screen.press("Delete")
    screen.saved()
    assert len(picks(field, "B_2")) == 1


def test_what_the_image_answers_is_a_ghost(sit: Callable[..., Screen], field: Path) -> None:
    """It says how far it is from the click; Esc drops it; kept, a poor one stays proposed, a good one is ours."""
    screen = sit(well="B_2")
    screen.go(101.5)
    screen.page.get_by_role("button", name="Add 1").click()
    place = screen.on(TRACES[1], 200)
    screen.click((place[0], place[1] + 6))
    screen.until("window.geobfdt.tools.ghost")
    ghost = screen.evaluate("window.geobfdt.tools.ghost")
    assert ghost["distance"] == pytest.approx(6 * screen.evaluate("view.scale"), abs=0.006)
    assert not ghost["poor"]
    screen.press("Escape")
    assert screen.evaluate("[options.overlay, window.geobfdt.tools.ghost, window.geobfdt.tools.tool]") == [
        None,
        None,
        "one",
    ]
    assert picks(field, "B_2") == []
    screen.click(place)
    screen.until("window.geobfdt.tools.ghost")
    screen.press("b", "Enter")  # a bed, says the person
    screen.go(104.3)
    screen.click(screen.at(104.3, 10))  # nothing is drawn here
    screen.until("window.geobfdt.tools.ghost?.poor")
    screen.press("Enter")
    screen.saved()
    assert picks(field, "B_2")[0]["class"] == "bedding"
    assert [p["status"] for p in picks(field, "B_2")] == ["edited", "proposed"]
    assert screen.page.locator("#toast").is_visible()


def test_a_late_answer_touches_nothing_that_was_decided_since(sit: Callable[..., Screen], field: Path) -> None:
    """Decided by oneself while the image was being asked, by another while the ghost was shown; a layer left."""
    screen, ben = sit(), sit("ben", layer="anna")
    screen.begin()
    ben.until("window.geobfdt.store.planes.length === 5")
    before = picks(field)
    routes: list[Any] = []
    screen.page.route("**/snap", lambda route: routes.append(route))
    first, second = screen.evaluate("[store.planes[0].id, store.planes[1].id]")

    def wait_for_request(number: int) -> None:
        for _ in range(600):
            if len(routes) > number:
                return
            screen.page.wait_for_timeout(50)
        raise TimeoutError(number)

    def answered(number: int) -> None:
        with screen.page.expect_response("**/snap"):
            routes[number].continue_()
        screen.page.wait_for_timeout(200)

    screen.evaluate(f"store.select(['{first}'])")
    screen.press("s")
    wait_for_request(0)
    assert screen.page.locator("#stage.snapping").count() == 1
    screen.press("r")
    screen.saved()
    answered(0)
    assert screen.page.locator("#stage.snapping").count() == 0
    assert screen.evaluate("window.geobfdt.tools.ghost") is None
    screen.evaluate(f"store.select(['{second}'])")
    screen.press("s")
    wait_for_request(1)
    answered(1)
    screen.until("window.geobfdt.tools.ghost")
    ben.evaluate(f"store.edit('accept', {{ '{second}': {{ status: 'accepted' }} }})")
    ben.saved()
    screen.until("!window.geobfdt.tools.ghost")
    screen.press("Enter", "c")
    screen.go(103)
    screen.click(screen.at(103, 90))
    wait_for_request(2)
    screen.page.locator("#well").select_option("B_2")
    screen.until("window.geobfdt.store.well === 'B_2' && window.geobfdt.store.loaded")
    answered(2)
    screen.press("Enter")
    screen.saved()
    states = ["rejected", "accepted", "proposed", "proposed", "proposed"]
    assert picks(field) == [p | {"status": state} for p, state in zip(before, states, strict=True)]
    assert picks(field, "B_2") == []


def test_undo_leaves_what_somebody_else_decided(sit: Callable[..., Screen], field: Path) -> None:
    """Anna adds, Ben accepts, Anna undoes: she is told, and the layer is whole."""
    anna, ben = sit("anna", well="B_2"), sit("ben", well="B_2", layer="anna")
    assert anna.page.locator("#undo").is_disabled()
    assert anna.page.locator("#redo").is_disabled()
    anna.page.locator("#empty").get_by_role("button", name="Pick by hand").click()
    assert not anna.page.locator("#empty").is_visible()
    anna.press("t")
    anna.go(101.5)
    for angle in (30, 180, 300):
        anna.click(anna.on(TRACES[0], angle))
    anna.until("window.geobfdt.store.planes.length === 1")
    anna.saved()
    anna.until("!document.getElementById('undo').disabled")
    ben.until("window.geobfdt.store.planes.length === 1")
    ben.evaluate("store.edit('accept', { [store.planes[0].id]: { status: 'accepted' } })")
    ben.saved()
    anna.press("Escape", "Control+z")
    anna.until("document.getElementById('toast').textContent.includes('ben')")
    (pick,) = picks(field, "B_2")
    assert (pick["status"], pick["class"]) == ("accepted", pick["class"])
    assert pick["depth_m"] == pytest.approx(101, abs=0.003)
    ben.press("Control+z")
    ben.saved()
    ben.until("!document.getElementById('redo').disabled")


def test_every_state_has_a_face(sit: Callable[..., Screen], field: Path) -> None:
    """Loading, findings, a depth that is none, dark and light; and all of it fits."""
    rows = [Finding(Severity.MAJOR, "rows-repeated", "105.50-106.25 m", "rows are the same", "look"),
            Finding(Severity.INFO, "assumed", "a.dlis", "no null", "none assumed")]  # fmt: skip
    (field / "A-1.findings.json").write_text(findings_to_json(rows))
    screen = sit()
    page = screen.page
    screen.begin()
    page.locator("#findings-open").click()
    assert page.locator(".finding").count() == 2
    page.locator("button.finding").click()
    screen.until("window.geobfdt.view.top < 105.5 && window.geobfdt.view.base > 105.6")
    page.locator("#findings-close").click()
    for text, good in (("abc", False), ("12abc", False), ("", False), ("250", False), ("1e9", False), ("103,5", True)):
        page.locator("#depth").fill(text or " ")
        screen.press("Enter")
        assert (page.locator("#depth").get_attribute("aria-invalid") == "true") != good, text
    assert screen.evaluate("view.depth(view.height / 2)") == pytest.approx(103.5, abs=0.06)
    screen.press("n")
    page.wait_for_timeout(200)
    screen.evaluate("document.getElementById('sign-out').hidden = false")  # as with a token
    wide = "['bar', 'side'].map((id) => document.getElementById(id)).concat(document.documentElement)"
    assert screen.evaluate(f"{wide}.every((e) => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight)")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = screen.evaluate(ground)
    page.locator("#theme").click()
    assert screen.evaluate(ground) != light
    page.reload()
    screen.until("window.geobfdt?.store.loaded")
    assert screen.evaluate(ground) != light
    page.locator("#theme").click()
    assert screen.evaluate(ground) == light
    routes: list[Any] = []
    page.route("**/api/wells/B_2", lambda route: routes.append(route))
    page.locator("#well").select_option("B_2")
    page.wait_for_selector("#loading:not([hidden])")
    while not routes:
        page.wait_for_timeout(50)
    routes[0].continue_()
    page.wait_for_selector("#loading", state="hidden")


def test_a_session_that_has_ended_loses_nothing(browser: Any, serve: Callable[..., Served], field: Path) -> None:
    """What was done is kept, and sent when somebody has signed in; then he signs out."""
    server = serve("--token", TOKEN)
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script("localStorage.setItem('geobfdt-name', 'anna')")
    page = context.new_page()
    page.goto(server.address)
    page.fill("#token", "not-the-token-of-it")
    page.get_by_role("button", name="Sign in").click()
    until(page, "document.getElementById('error').textContent")
    page.fill("#token", TOKEN)
    page.get_by_role("button", name="Sign in").click()
    until(page, "window.geobfdt?.store.loaded")
    page.get_by_role("button", name="Begin with the picks of the field").click()
    until(page, "window.geobfdt.store.planes.length === 5")
    context.clear_cookies()
    page.keyboard.press("n")
    page.keyboard.press("a")
    page.wait_for_selector("#sign-in[open]")
    assert all(p["status"] == "proposed" for p in picks(field))
    page.fill("#token", TOKEN)
    page.locator("#sign-in").get_by_role("button", name="Sign in").click()
    until(page, "window.geobfdt.store.outbox.empty")
    assert sorted(p["status"] for p in picks(field)) == ["accepted"] + 4 * ["proposed"]
    page.locator("#sign-out").click()
    page.wait_for_selector(".login")
    context.close()


class Prefix(BaseHTTPRequestHandler):
    """A proxy that serves what is behind it under /geo/, and nothing else."""

    protocol_version = "HTTP/1.1"
    behind = ""
    outside: ClassVar[list[str]] = []

    def forward(self) -> None:
        """Pass a request on without its prefix."""
        if not self.path.startswith("/geo/"):
            self.outside.append(self.path)
            self.send_error(404)
            return
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        connection = HTTPConnection("127.0.0.1", int(self.behind.rsplit(":", 1)[1]), timeout=120)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "accept-encoding")}
        connection.request(self.command, self.path.removeprefix("/geo"), body or None, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_under_a_prefix_behind_a_proxy(browser: Any, serve: Callable[..., Served], field: Path) -> None:
    """The page, its pictures, edits, the picker's job and a report, all under /geo/; the cookie too."""
    Prefix.behind = serve("--token", TOKEN, "--forwarded-allow-ips", "127.0.0.1").address
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Prefix)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    context.add_init_script("localStorage.setItem('geobfdt-name', 'anna')")
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{proxy.server_port}/geo/?token={TOKEN}")
    until(page, "window.geobfdt?.store.loaded")
    page.get_by_role("button", name="Begin with the picks of the field").click()
    until(page, "window.geobfdt.store.planes.length === 5")
    page.keyboard.press("n")
    page.keyboard.press("a")
    until(
        page, "window.geobfdt.store.outbox.empty && [...window.geobfdt.view.tiles.cache.values()].every((t) => t.bytes)"
    )
    assert sorted(p["status"] for p in picks(field)) == ["accepted"] + 4 * ["proposed"]
    with page.expect_download(timeout=120_000) as saving:
        page.get_by_role("button", name="Report").click()
    assert saving.value.suggested_filename == "A-1.report.html"
    (cookie,) = context.cookies()
    assert cookie["path"] == "/geo"
    assert Prefix.outside in ([], ["/favicon.ico"])
    context.close()
    proxy.shutdown()


def test_complete_and_ignored_stretches(sit: Callable[..., Screen], field: Path) -> None:
    """Complete and ignored stretches."""
    screen = sit()
    screen.begin()
    before = intervals(field)
    screen.go(102)
    screen.press("i")
    screen.drag(screen.at(101.2, 40), screen.at(101.7, 40))
    screen.page.get_by_role("button", name="Breakout").click()
    screen.until("window.geobfdt.tools.tool === 'select' && window.geobfdt.store.intervals().length === 3")
    screen.saved()
    screen.press("o")
    screen.drag(screen.at(102.4, 40), screen.at(101.3, 200))
    assert "2 proposals" not in screen.page.locator("#choose-text").inner_text()
    assert "1 proposals" in screen.page.locator("#choose-text").inner_text()
    screen.page.get_by_role("button", name="Fractures").click()
    screen.until("window.geobfdt.store.intervals().length === 4")
    screen.saved()
    kinds = [i for i in intervals(field) if i not in before]
    assert [k[:2] for k in kinds] == [("ignored", "breakout"), ("interpreted", "fracture")]
    assert kinds[0][2:] == pytest.approx((101.2, 101.7), abs=0.01)
    assert kinds[1][2:] == pytest.approx((101.3, 102.4), abs=0.01)
    _, y = screen.at(101.5, 0)
    left_edge = screen.page.locator("#image-view").bounding_box()["x"]
    screen.click((left_edge + 4, y))  # its bar at the left edge
    screen.press("Delete")
    screen.saved()
    assert ("ignored", "breakout") not in [i[:2] for i in intervals(field)]


def test_what_is_shown(sit: Callable[..., Screen]) -> None:
    """Pixels: the gap, the drawn lines, the traces in their colours; and what each switch changes."""
    screen = sit()
    screen.go(101.5)
    gap, rock, line = (screen.at(101.6, 126), screen.at(101.6, 20), screen.on(TRACES[1], 200))
    assert screen.pixel(gap) == [0xCC, 0xD1, 0xD8]
    assert sum(screen.pixel(line)) < 120 < sum(screen.pixel(rock))
    screen.begin()
    screen.go(101.5)
    assert screen.pixel(screen.on(TRACES[1], 200)) == pytest.approx([0, 0x72, 0xB2], abs=40)
    screen.press("h")
    screen.wait_for_frame()
    assert sum(screen.pixel(line)) < 120
    screen.page.locator("#ramp").select_option("grey")
    screen.wait_for_frame()
    red, green, blue = screen.pixel(rock)
    assert red == green == blue
    screen.page.locator("#low").fill("90")
    screen.wait_for_frame()
    assert sum(screen.pixel(rock)) < sum((red, green, blue))
    screen.page.locator("#north").select_option("180")
    screen.wait_for_frame()
    assert screen.pixel(screen.at(101.6, 126)) == [0xCC, 0xD1, 0xD8]
    assert screen.evaluate("view.xs(view.tracks()[0], 180)[0] - view.tracks()[0].x") == 0
    screen.page.locator("#turns").select_option("1.5")
    assert screen.evaluate("view.xs(view.tracks()[0], 200).length") == 2
    screen.page.locator("#image").select_option("both")
    assert screen.evaluate("view.tracks().map((t) => t.name).join()") == "static,dynamic"


def test_moving_about(sit: Callable[..., Screen]) -> None:
    """Moving about."""
    screen = sit()
    screen.page.locator("#depth").fill("105.5")
    screen.press("Enter")
    assert screen.evaluate("view.depth(view.height / 2)") == pytest.approx(105.5, abs=0.06)
    screen.press("PageUp")
    above = screen.evaluate("view.top")
    screen.page.mouse.move(*screen.at(screen.evaluate("view.depth(300)"), 90))
    screen.page.mouse.wheel(0, 200)
    screen.until(f"window.geobfdt.view.top > {above} + 0.1")
    depth, scale = screen.evaluate("[view.depth(view.height / 2), view.scale]")
    screen.press("+")
    assert screen.evaluate("view.scale") == pytest.approx(0.8 * scale)
    assert screen.evaluate("view.depth(view.height / 2)") == pytest.approx(depth, abs=0.001)
    box = screen.page.locator("#overview").bounding_box()
    screen.click((box["x"] + 20, box["y"] + 0.8 * box["height"]))
    assert screen.evaluate("view.depth(view.height / 2)") == pytest.approx(108, abs=0.1)
    screen.press("Home")
    assert screen.evaluate("view.top") < 100
    screen.press("m")
    screen.page.mouse.move(*screen.at(100.3, 90))
    screen.page.mouse.down()
    screen.page.mouse.move(*screen.at(100.5, 180))
    text = screen.evaluate("options.overlay.ruler.text")
    # 20 cm down, a quarter of a turn round a hole of 20 cm: 15.7 cm, so 25.4 cm along the wall.
    assert text == "20.0 cm, 90°, 25.4 cm along the wall"
    screen.page.mouse.up()


def test_linked_plots_and_the_straightened_band(sit: Callable[..., Screen]) -> None:
    """Linked plots and the straightened band."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.page.locator("#scope").select_option("all")
    screen.click(screen.on(TRACES[1], 60))
    screen.page.wait_for_timeout(300)
    band = screen.page.evaluate(
        "(() => { const c = document.getElementById('band'), out = [];"
        " const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;"
        " for (let y = 0; y < c.height; y++) { let s = 0;"
        " for (let x = 100; x < c.width; x++) s += d[4 * (y * c.width + x)]; out.push(s / (c.width - 100)); }"
        " return out; })()"
    )
    # The drawn line is dark and straight, so the darkest rows are those in the middle (a dotted line lies on it).
    rows = np.array(band)
    middle = rows[len(rows) // 2 - 6 : len(rows) // 2 + 6].min()
    assert middle < 0.6 * np.median(rows)
    # The pole of the third plane: a click on it takes its pick, and the log goes there.
    poles = screen.page.evaluate("window.geobfdt.poles()")
    third = screen.evaluate("store.planes[3].id")
    place = next(p for p in poles if p["id"] == third)
    box = screen.page.locator("#net").bounding_box()
    screen.click((box["x"] + place["x"], box["y"] + place["y"]))
    assert screen.evaluate("store.one()") == third
    assert screen.evaluate("view.top") < 105 < screen.evaluate("view.base")
    screen.page.locator("#scope").select_option("selected")
    until(screen.page, f"window.geobfdt.poles().map((p) => p.id).join() === '{third}'")
    screen.page.locator("#scope").select_option("visible")
    until(screen.page, "window.geobfdt.poles().length < 5")
    tadpole = screen.evaluate(
        "(() => { const p = store.planes[3]; return [view.tadpoleX(p.pick.dip_true_deg), view.y(p.z)]; })()"
    )
    screen.press("Escape")
    box = screen.page.locator("#image-view").bounding_box()
    screen.click((box["x"] + tadpole[0], box["y"] + tadpole[1]))
    assert screen.evaluate("store.one()") == third


def test_the_queue(sit: Callable[..., Screen], field: Path) -> None:
    """Confidences are 0.95, 0.55, 0.9, 0.3, 0.99."""
    screen = sit()
    screen.begin()
    order = []
    for _ in range(2):
        screen.press("n")
        order.append(screen.evaluate("store.items.get(store.one()).confidence"))
        screen.press("a")
        screen.saved()
    assert order == [0.55, 0.3]
    screen.page.locator("#sure").fill("92")
    button = screen.page.locator("#bulk")
    screen.until("document.getElementById('bulk').textContent === 'Accept 2 (~0.1 wrong)'")  # 0.05 + 0.01
    button.click()
    screen.saved()
    assert [p["status"] for p in picks(field)] == ["accepted", "accepted", "proposed", "accepted", "accepted"]
    screen.page.locator("#order").select_option("depth")
    screen.press("n")
    assert screen.evaluate("store.items.get(store.one()).depth_m") == 103.5
    screen.press("a")
    screen.saved()
    screen.press("n")
    assert "reviewed" in screen.page.locator("#toast").inner_text()


def test_two_browsers_on_one_layer(sit: Callable[..., Screen], field: Path) -> None:
    """Two browsers on one layer."""
    anna, ben = sit("anna"), sit("ben", layer="anna")
    anna.begin()
    ben.until("window.geobfdt.store.planes.length === 5")
    one = anna.evaluate("store.planes[0].id")
    anna.evaluate(f"store.edit('accept', {{ '{one}': {{ status: 'accepted' }} }})")
    ben.until(f"window.geobfdt.store.items.get('{one}').status === 'accepted'")
    # Ben does not hear of Anna's next edit before he makes his own of the same pick: his is refused, and he is told.
    ben.page.route("**/layers/anna?after=*", lambda route: route.abort())
    anna.evaluate(f"store.edit('move', {{ '{one}': {{ depth_m: 101.2 }} }})")
    anna.saved()
    other = ben.evaluate("store.planes[1].id")
    ben.evaluate(f"store.edit('move', {{ '{one}': {{ depth_m: 101.4 }} }})")
    ben.until("document.getElementById('toast').textContent.includes('anna')")
    ben.page.unroute("**/layers/anna?after=*")
    ben.until(f"window.geobfdt.store.items.get('{one}')?.depth_m === 101.2")
    ben.evaluate(f"store.edit('reject', {{ '{other}': {{ status: 'rejected' }} }})")
    anna.until(f"window.geobfdt.store.items.get('{other}').status === 'rejected'")
    assert picks(field)[0]["depth_m"] == 101.2
    people = [(e.person, e.kind) for e in LayerLog(field).edits("A-1", "anna")]
    assert people == [("anna", "join"), ("anna", "accept"), ("anna", "move"), ("ben", "reject")]


def test_kill_in_the_middle_and_reload(sit: Callable[..., Screen], field: Path) -> None:
    """Kill in the middle and reload."""
    screen = sit()
    screen.begin()
    screen.press("n", "a")
    screen.saved()
    screen.server.kill()
    screen.press("n", "r")  # nobody is there to hear this
    screen.until("document.getElementById('state').dataset.state === 'gone'")
    assert screen.page.locator("#banner").is_visible()
    assert sorted(p["status"] for p in picks(field)) == ["accepted"] + 4 * ["proposed"]
    screen.server.start()
    screen.saved()
    screen.until("document.getElementById('state').dataset.state === 'saved'")
    assert not screen.page.locator("#banner").is_visible()
    assert sorted(p["status"] for p in picks(field)) == ["accepted"] + 3 * ["proposed"] + ["rejected"]
    screen.page.reload()
    screen.until("window.geobfdt?.store.planes.length === 5")
    statuses = screen.evaluate("store.planes.map((p) => p.pick.status)")
    assert statuses == [p["status"] for p in picks(field)]


def test_run_the_picker_compare_and_agree(sit: Callable[..., Screen], field: Path) -> None:
    """Run the picker compare and agree."""
    screen = sit("anna")
    screen.begin()
    accept_all = "store.edit('bulk', Object.fromEntries(store.planes.map((p) => [p.id, { status: 'accepted' }])))"
    screen.evaluate(accept_all)
    screen.saved()
    ben = sit("ben")
    ben.page.locator("#empty").get_by_role("button", name="Run the picker").click()
    ben.until("window.geobfdt.store.planes.length > 2", 120)
    depths = np.array([p["depth_m"] for p in picks(field, layer="ben")])
    assert sum(np.abs(depths - z).min() < 0.01 for z in TRACES[:, 0]) >= 4
    ben.evaluate(accept_all)
    ben.saved()
    ben.page.locator("#beside").select_option("anna")
    ben.page.get_by_role("button", name="Make consensus").click()
    ben.until("window.geobfdt.store.layer === 'consensus' && window.geobfdt.store.loaded")
    accepted = [p for p in picks(field, layer="consensus") if p["status"] == "accepted"]
    assert len(accepted) >= 3
    assert all(np.abs(TRACES[:, 0] - p["depth_m"]).min() < 0.01 for p in accepted)
    assert {p["class"] for p in accepted} <= set(CLASSES)


def test_bring_a_well_in(sit: Callable[..., Screen], field: Path, tmp_path: Path) -> None:
    """A file from this machine becomes a well, and is opened; one that is no log is told in a line, nothing is left."""
    screen = sit()
    write_netcdf(drawn_well("N-9"), tmp_path / "new.nc")
    screen.page.set_input_files("#file", tmp_path / "new.nc")
    screen.until("window.geobfdt.view.well?.name === 'N-9' && window.geobfdt.store.loaded", 60)
    assert (field / "N-9.nc").exists()
    (tmp_path / "bad.dlis").write_bytes(b"rubbish" * 1000)
    screen.page.set_input_files("#file", tmp_path / "bad.dlis")
    screen.until("document.getElementById('toast').textContent.includes('bad.dlis')", 60)
    assert sorted(file.name for file in field.glob("*.nc")) == ["A-1.nc", "B_2.nc", "N-9.nc"]


def test_bring_a_picture_in_and_cancel(
    browser: Any, serve: Callable[..., Served], field: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a picture does not say is asked for; the server was started with a relative path; a job can be stopped."""
    monkeypatch.chdir(field.parent)
    write_png(drawn_well("C"), field.parent / "wall.png")
    for beside in field.parent.glob("wall.y*ml"):
        beside.unlink()
    screen = Screen(browser, serve(folder=Path("field")), "anna")
    page = screen.page
    page.set_input_files("#file", field.parent / "wall.png")
    page.wait_for_selector("#reading[open]")
    for name, text in (("top", "200"), ("bottom", "210,0"), ("diameter", "0.2")):
        page.fill(f"#reading [name={name}]", text)
    page.locator("#reading [name=azimuth_reference]").select_option("north")
    page.get_by_role("button", name="Read it").click()
    screen.until("window.geobfdt.view.well?.name === 'wall' && window.geobfdt.store.loaded")
    with read(field / "wall.nc") as well:
        assert float(well["depth"][0]) == pytest.approx(200, abs=0.01)
        assert well.attrs["reference"] == "north"
    page.locator("#empty").get_by_role("button", name="Run the picker").click()
    page.wait_for_selector("#job-row:not([hidden])")
    page.locator("#cancel").click()
    screen.until("document.getElementById('toast').textContent.includes('Cancelled')")
    assert picks(field, "wall") == []
    assert not screen.errors
    screen.context.close()


def test_a_well_that_is_there_gives_way_only_when_asked(
    sit: Callable[..., Screen], field: Path, tmp_path: Path
) -> None:
    """The person is asked; cancelled, it stays, and told to, it is replaced."""
    screen = sit()
    write_netcdf(drawn_well("B 2").assign_attrs(tool="another"), tmp_path / "again.nc")
    for answer, message in (("Cancel", "is in the field already"), ("Replace the image", "is replaced")):
        before = (field / "B_2.nc").stat().st_mtime_ns
        screen.page.set_input_files("#file", tmp_path / "again.nc")
        screen.until("document.getElementById('choose').open")
        assert "is in the field already" in screen.page.locator("#choose-text").inner_text()
        screen.page.locator("#choose").get_by_role("button", name=answer).click()
        screen.until(f"document.getElementById('toast').textContent.includes('{message}')")
        assert ((field / "B_2.nc").stat().st_mtime_ns == before) == (answer == "Cancel")
    with read(field / "B_2.nc") as well:
        assert well.attrs["tool"] == "another"


def test_a_report_of_the_layer_is_saved(sit: Callable[..., Screen]) -> None:
    """As a file; the page stays where it was."""
    screen = sit()
    screen.begin()
    with screen.page.expect_download(timeout=60_000) as saving:
        screen.page.get_by_role("button", name="Report").click()
    assert saving.value.suggested_filename == "A-1.report.html"
    assert "A-1" in Path(saving.value.path()).read_text()
    assert screen.evaluate("store.planes.length") == 5


def test_a_field_without_wells_and_a_well_nobody_picked(
    browser: Any, serve: Callable[..., Served], field: Path
) -> None:
    """A field without wells and a well nobody picked."""
    server = serve()
    screen = Screen(browser, server, "anna", "B_2")
    assert "Nothing is in this layer yet" in screen.page.locator("#empty").inner_text()
    for file in field.glob("*.nc"):
        file.unlink()
    assert not screen.errors
    screen.page.goto("about:blank")
    screen.page.goto(server.address)
    screen.page.wait_for_selector("#empty:not([hidden])")
    assert "holds no well" in screen.page.locator("#empty").inner_text()
    screen.context.close()


def test_the_name_is_asked_for_once(browser: Any, serve: Callable[..., Served]) -> None:
    """The name is asked for once."""
    server = serve("--token", "a-token-of-the-test")
    context = browser.new_context()
    page = context.new_page()
    assert page.goto(server.address).status == 401
    page.goto(server.address + "/?token=a-token-of-the-test")
    assert "token" not in page.url
    page.fill("#name", " anna/b\u00fcro ")
    page.get_by_role("button", name="Begin", exact=True).click()
    until(page, "window.geobfdt?.store.loaded")
    assert page.evaluate("window.geobfdt.store.layer") == "anna-b\u00fcro"
    page.reload()
    until(page, "window.geobfdt?.store.loaded")
    assert not page.locator("#ask").is_visible()
    context.close()


def test_scale_box_and_true_proportions(sit: Callable[..., Screen]) -> None:
    """At 1:20 a metre is 96 / 0.0254 / 20 pixels high; at 1:1 the round of the hole is as wide as it is long."""
    screen = sit()
    screen.begin()
    box = screen.page.get_by_label("scale")
    box.fill("1:20")
    box.press("Enter")
    assert screen.evaluate("view.y(102) - view.y(101)") == pytest.approx(96 / 0.0254 / 20, rel=1e-6)
    for refused in ("nothing", "0", "-5", "100000"):
        box.fill(refused)
        box.press("Enter")
        assert box.get_attribute("aria-invalid") == "true"
        assert screen.evaluate("view.y(102) - view.y(101)") == pytest.approx(96 / 0.0254 / 20, rel=1e-6)
    screen.page.get_by_role("button", name="1:1").click()
    bar = "document.getElementById('bar')"
    assert screen.page.evaluate(f"{bar}.scrollWidth - {bar}.clientWidth") == 0
    wide = screen.evaluate("view.xs(view.tracks()[0], 180)[0] - view.xs(view.tracks()[0], 0)[0]")
    assert wide / screen.evaluate("view.y(102) - view.y(101)") == pytest.approx(np.pi * 0.2 / 2, rel=1e-3)


def test_the_cursor_tells_depth_and_angle(sit: Callable[..., Screen]) -> None:
    """Over the log it shows both; outside it shows nothing."""
    screen = sit()
    screen.begin()
    screen.go(103)
    screen.page.mouse.move(*screen.at(103.02, 120))
    depth, angle = screen.page.locator("#cursor").inner_text().split(", ")
    assert float(depth.split()[0]) == pytest.approx(103.02, abs=screen.evaluate("view.scale"))
    assert float(angle.split("°")[0]) == pytest.approx(120, abs=1)
    screen.page.mouse.move(600, 10)
    assert screen.page.locator("#cursor").is_hidden()


def test_colours_of_an_optical_log(browser: Any, serve: Callable[..., Served], field: Path) -> None:
    """A red and a blue half are shown in red and blue; a well without colours does not offer them."""
    image = drawn_well("C-1")
    colour = np.zeros((*image["image"].shape, 3), np.uint8)
    colour[:, :45], colour[:, 45:] = (200, 10, 10), (10, 10, 200)
    write_netcdf(image.assign(colour=(("depth", "azimuth", "channel"), colour)), field / "C-1.nc")
    screen = Screen(browser, serve(), "anna", well="C-1")
    screen.until("window.geobfdt.lobes.loaded")  # A well that is still opening empties the tiles.
    screen.page.get_by_label("image").select_option("colour")
    screen.evaluate("options.hidden = true")
    screen.go(104.2)
    assert [screen.pixel(screen.at(104.2, angle)) for angle in (60, 270)] == [[200, 10, 10], [10, 10, 200]]
    assert screen.pixel(screen.at(104.2, 127)) == [0xCC, 0xD1, 0xD8]
    screen.page.locator("#well").select_option("A-1")
    screen.until("window.geobfdt.store.well === 'A-1'")
    assert screen.evaluate("options.image") == "dynamic"
    assert screen.page.locator("#image option[value=colour]").is_disabled()
    screen.context.close()
    assert not screen.errors


def breakouts(field: Path) -> list[dict[str, Any]]:
    """Rows of the breakout table on the disk, as pandas reads them without the project, by azimuth."""
    return pd.read_csv(field / "A-1.breakouts.csv").sort_values("azimuth_app_deg").to_dict("records")


def test_breakouts_are_dragged_accepted_and_deleted(sit: Callable[..., Screen], field: Path) -> None:
    """Edges, sides and middle of a box by the mouse; each is in the table of the field, and is undone in order."""
    rows = {
        "top_m": [101.2, 101.2, 101.3], "base_m": [101.8, 101.8, 101.7], "azimuth_app_deg": [60.0, 240.0, 300.0],
        "class_": ["breakout", "breakout", "induced"], "width_deg": [40.0, 40.0, np.nan], "status": "proposed",
        "source": "program 1", "reference": "north", "well": "A-1",
    }  # fmt: skip
    write_breakouts(new_breakouts(**rows), field / "A-1.breakouts.csv")
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.until("window.geobfdt.lobes.loaded && window.geobfdt.lobes.items.size === 3")
    scale, degree = screen.evaluate("view.scale"), screen.evaluate("view.turn(view.tracks()[0])") / 360
    # The left side of the box at 60 degrees.
    side = screen.at(101.4, 40)
    near = [screen.pixel((side[0] + step, side[1])) for step in (-1, 0, 1)]
    assert pytest.approx([0xCC, 0x79, 0xA7], abs=40) in near
    screen.click(side)
    top = screen.at(101.2, 60)
    screen.drag(top, (top[0], top[1] + 20))
    screen.saved()
    assert breakouts(field)[0]["top_m"] == pytest.approx(101.2 + 20 * scale, abs=scale)
    base = screen.at(101.8, 60)
    screen.drag(base, (base[0], base[1] - 30))
    screen.saved()
    row = breakouts(field)[0]
    assert row["base_m"] == pytest.approx(101.8 - 30 * scale, abs=scale)
    middle = (row["top_m"] + row["base_m"]) / 2
    left_side = screen.at(middle, 40)
    screen.drag(left_side, (left_side[0] - 10 * degree, left_side[1]))
    screen.saved()
    row = breakouts(field)[0]
    # The right side, at 80 degrees, stays.
    assert row["width_deg"] == pytest.approx(50, abs=1.5 / degree)
    assert row["azimuth_app_deg"] + row["width_deg"] / 2 == pytest.approx(80, abs=1e-5)
    start = screen.at(middle, row["azimuth_app_deg"])
    screen.drag(start, (start[0] + 20 * degree, start[1]))
    screen.saved()
    row = breakouts(field)[0]
    assert row["azimuth_app_deg"] == pytest.approx(75, abs=2.5 / degree)
    assert (row["status"], row["who"], row["source"]) == ("edited", "anna", "anna")
    screen.click(screen.at(101.4, 240))
    screen.page.get_by_role("button", name="Accept", exact=True).click()
    screen.click(screen.at(101.5, 300))
    screen.press("Delete")
    screen.saved()
    assert [(r["status"], r["source"]) for r in breakouts(field)] == [("edited", "anna"), ("accepted", "program 1")]
    # A pick is decided last: it is undone first, then the breakout that was deleted.
    screen.click(screen.on(TRACES[0], 180))
    screen.press("a")
    screen.press("Control+z", "Control+z")
    screen.saved()
    assert {p["status"] for p in picks(field)} == {"proposed"}
    assert len(breakouts(field)) == 3


def is_pink(pixel: list[int]) -> bool:
    """Whether a pixel has the colour of breakouts."""
    return pixel == pytest.approx([0xCC, 0x79, 0xA7], abs=40)


def test_a_breakout_and_an_induced_fracture_are_drawn(sit: Callable[..., Screen], field: Path) -> None:
    """Two boxes by the mouse are rows of the field's table; both are undone, and done again."""
    screen = sit()
    screen.begin()
    screen.go(101.5)
    screen.until("window.geobfdt.lobes.loaded")
    degree = screen.evaluate("view.turn(view.tracks()[0])") / 360
    screen.press("d")
    screen.drag(screen.at(101.2, 40), screen.at(101.6, 80))
    screen.page.get_by_role("button", name="Breakout", exact=True).click()
    screen.saved()
    screen.page.get_by_role("button", name="Add box").click()
    screen.drag(screen.at(101.8, 298), screen.at(101.3, 302))
    screen.page.get_by_role("button", name="Induced fracture").click()
    screen.until("window.geobfdt.lobes.items.size === 2")
    screen.saved()
    lobe, line = breakouts(field)
    depth, angle = 2 * screen.evaluate("view.scale"), 2 / degree
    assert [lobe["top_m"], lobe["base_m"]] == pytest.approx([101.2, 101.6], abs=depth)
    assert [lobe["azimuth_app_deg"], lobe["width_deg"]] == pytest.approx([60, 40], abs=angle)
    assert [line["top_m"], line["base_m"], line["azimuth_app_deg"]] == pytest.approx([101.3, 101.8, 300], abs=angle)
    assert [(row["class"], row["status"], row["source"]) for row in (lobe, line)] == [
        ("breakout", "edited", "anna"), ("induced", "edited", "anna")
    ]  # fmt: skip
    assert np.isnan(line["width_deg"])
    # The hole leans by 20 degrees to the east, which shortens the eastern part of a direction on its wall.
    app = np.radians(lobe["azimuth_app_deg"])
    true = np.degrees(np.arctan2(np.sin(app) * np.cos(np.radians(20)), np.cos(app)))
    assert lobe["azimuth_true_deg"] == pytest.approx(true, abs=1e-4)
    near = [screen.pixel((screen.at(101.4, 40)[0] + step, screen.at(101.4, 40)[1])) for step in (-1, 0, 1)]
    assert pytest.approx([0xCC, 0x79, 0xA7], abs=40) in near
    # The line is dashed: rows with its colour, and rows without.
    x, y = screen.at(101.4, 300)
    drawn = [any(is_pink(screen.pixel((x + i, y + j))) for i in (-1, 0, 1)) for j in range(30)]
    assert 5 < sum(drawn) < 25
    screen.press("Control+z", "Control+z")
    screen.saved()
    assert not breakouts(field)
    screen.press("Control+y")
    screen.saved()
    assert [row["class"] for row in breakouts(field)] == ["breakout"]


def test_next_goes_through_breakouts_too(sit: Callable[..., Screen], field: Path) -> None:
    """By depth, proposed boxes come between the picks; one that is accepted is followed by the next one."""
    rows = {
        "top_m": [101.2, 103.0], "base_m": [101.8, 103.4], "azimuth_app_deg": [60.0, 240.0], "class_": "breakout",
        "width_deg": 40.0, "status": ["proposed", "accepted"], "source": "program 1", "reference": "north",
        "well": "A-1",
    }  # fmt: skip
    write_breakouts(new_breakouts(**rows), field / "A-1.breakouts.csv")
    screen = sit()
    screen.begin()
    screen.until("window.geobfdt.lobes.loaded && window.geobfdt.lobes.items.size === 2")
    screen.page.locator("#order").select_option("depth")
    depths: list[float] = []
    for _ in range(6):
        screen.press("n")
        depths.append(screen.evaluate(
            "(() => { const id = store.one() ?? window.geobfdt.lobes.one(), f = store.items.get(id) ?? "
            "window.geobfdt.lobes.items.get(id); return f.depth_m ?? (f.top_m + f.base_m) / 2; })()"
        ))  # fmt: skip
    assert depths == sorted(depths)
    assert depths == pytest.approx(sorted([*(trace[0] for trace in TRACES), 101.5]), abs=1e-3)
    screen.page.locator("#order").select_option("depth")
    while screen.evaluate("window.geobfdt.lobes.one()") is None:
        screen.press("n")
    screen.press("a")
    screen.saved()
    assert [row["status"] for row in breakouts(field)] == ["accepted", "accepted"]
    assert screen.evaluate("store.one()") is not None


def test_vugs_are_drawn_hidden_rejected_and_deleted(sit: Callable[..., Screen], field: Path) -> None:
    """Ellipses lie on the wall as the table says; each decision is in the file; V hides them; undo brings them back."""
    long, short, tilt = 60.0, 20.0, 30.0
    rows = {
        "depth_m": [101.5, 101.6], "azimuth_app_deg": [200.0, 300.0], "area_mm2": np.pi * long * short / 4,
        "aspect": long / short, "orientation_deg": tilt, "status": "proposed", "reference": "north", "well": "A-1",
        "source": "vugs, experimental",
    }  # fmt: skip
    write_vugs(new_vugs(**rows), field / "A-1.vugs.csv")
    screen = sit()
    screen.begin()
    screen.go(101.5)
    switch = screen.page.get_by_role("button", name="Vugs 2")
    switch.wait_for()
    degrees_per_m, half = 360 / (np.pi * 0.2), long / 2000
    right, down = half * np.sin(np.radians(tilt)), half * np.cos(np.radians(tilt))

    def has_outline(side: int) -> bool:
        """Whether an end of the long axis of the first vug has its colour; the deeper end lies clockwise."""
        x, y = screen.at(101.5 + side * down, 200 + side * right * degrees_per_m)
        near = [screen.pixel((x + i, y + j)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
        return pytest.approx([0x2E, 0xE6, 0xE6], abs=50) in near

    assert has_outline(1)
    assert has_outline(-1)
    screen.press("v")
    screen.wait_for_frame()
    assert not has_outline(1)
    assert switch.get_attribute("aria-pressed") == "false"
    screen.click(screen.at(101.5, 200))
    assert screen.evaluate("window.geobfdt.vugs.selected.size") == 0
    switch.click()
    screen.click(screen.at(101.5, 200))
    screen.page.locator("#card").get_by_text("Experimental").first.wait_for()
    screen.press("Delete")
    screen.saved()
    assert pd.read_csv(field / "A-1.vugs.csv")["azimuth_app_deg"].tolist() == [300.0]
    screen.click(screen.at(101.6, 300))
    screen.press("r")
    screen.saved()
    (row,) = pd.read_csv(field / "A-1.vugs.csv").to_dict("records")
    assert (row["status"], row["who"]) == ("rejected", "anna")
    assert screen.evaluate("window.geobfdt.view.visibleVugs().length") == 0
    screen.press("Control+z", "Control+z")
    screen.saved()
    table = pd.read_csv(field / "A-1.vugs.csv")
    assert (table["status"].tolist(), "who" in table) == (["proposed", "proposed"], False)
    screen.wait_for_frame()
    assert has_outline(1)
