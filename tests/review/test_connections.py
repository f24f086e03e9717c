"""Idle and slow clients: they are bounded, and keep nobody from an answer."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import uvicorn

from geobfdt.review import connections


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer every request, however long its body is; /large with 64 MiB."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = b"x" * (64 << 20 if scope["path"] == "/large" else 2)
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Start a server with these limits; the port."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(*, proxies: tuple[str, ...] = (), **limits: float) -> int:
        for name, value in limits.items():
            monkeypatch.setattr(connections, name, value)
        config = uvicorn.Config(
            application, port=0, log_level="error", http=connections.bounded_protocol(proxies), lifespan="off",
            timeout_keep_alive=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return server.servers[0].sockets[0].getsockname()[1]

    yield start
    for server, thread in servers:
        server.should_exit = server.force_exit = True
        thread.join()


def answers(port: int) -> bool:
    """Whether a new client is answered."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
        return answer.read() == b"xx"


def ended(client: socket.socket, seconds: float = 5) -> bool:
    """Whether the server closed a connection."""
    client.settimeout(seconds)
    with suppress(TimeoutError):
        try:
            while client.recv(1 << 16):
                pass
            return True
        except ConnectionError:
            return True
    return False


def test_idle_connections_give_way(listen: Callable[..., int]) -> None:
    """More than a process has handles for, held open by one address: everybody else is answered at once."""
    port = listen(_MAX_CONNECTIONS_PER_ADDRESS=50, _MAX_HEAD_S=60)
    idle = []
    for _ in range(1100):
        idle.append(socket.create_connection(("127.0.0.1", port)))
        if len(idle) > 200:
            idle.pop(0).close()
    assert answers(port)
    open_ = sum(not ended(client, 0.01) for client in idle)
    assert open_ <= 50
    for client in idle:
        client.close()


def test_all_connections_together_are_bounded_and_a_proxy_is_not_one_address(listen: Callable[..., int]) -> None:
    """The limit of an address does not hold for a proxy; that of all does."""
    port = listen(_MAX_CONNECTIONS_PER_ADDRESS=5, _MAX_CONNECTIONS=20, _MAX_HEAD_S=60, proxies=("127.0.0.0/8",))
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    time.sleep(0.3)
    open_ = sum(not ended(client, 0.01) for client in idle)
    assert 5 < open_ <= 20
    assert answers(port)
    for client in idle:
        client.close()


def test_connections_at_work_are_not_closed_for_new_ones(listen: Callable[..., int]) -> None:
    """Where all are at work, the new one is refused."""
    port = listen(_MAX_CONNECTIONS_PER_ADDRESS=3)
    busy = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for client in busy:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nab")
    time.sleep(0.3)
    with pytest.raises(OSError):  # noqa: PT011
        answers(port)
    for client in busy:
        client.sendall(b"cd")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        client.close()


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"GET / HTTP/1.1\r\nhost:",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\na",
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\nGET / HT",
        b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=["silent", "half a head", "half a body", "half a second head", "an answer that is not taken"],
)
def test_who_is_slow_is_left(listen: Callable[..., int], first: bytes) -> None:
    """A byte now and then does not put the end off; an answer that nobody takes does not stay in memory."""
    port = listen(_MAX_HEAD_S=0.5, _MAX_IDLE_S=0.5)
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(first)
    time.sleep(2.5)
    client.settimeout(5)
    received = 0
    with suppress(ConnectionError):
        while part := client.recv(1 << 16):
            received += len(part)
    assert received < 64 << 20
    assert answers(port)
    client.close()


def test_a_trickled_head_ends(listen: Callable[..., int]) -> None:
    """A byte every tenth of a second, for ever."""
    port = listen(_MAX_HEAD_S=0.6)
    client = socket.create_connection(("127.0.0.1", port))
    with pytest.raises(OSError):  # noqa: PT011
        for _ in range(80):
            client.sendall(b"G")
            time.sleep(0.1)
    client.close()


def test_a_long_upload_is_not_cut_off(listen: Callable[..., int]) -> None:
    """It takes longer than a head may, but never pauses for long."""
    port = listen(_MAX_HEAD_S=0.5, _MAX_IDLE_S=1.0)
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(b"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n")
    for _ in range(20):
        time.sleep(0.1)
        client.sendall(b"x")
    assert client.recv(100).startswith(b"HTTP/1.1 200")
    client.close()
