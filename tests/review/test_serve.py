"""``geobfdt serve``: what it refuses to start with, and what it says when it starts."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.command import run_command

from .conftest import Served


def refused(*words: str) -> str:
    """Line that the command leaves with, its status being 1."""
    run = run_command("serve", *words)
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    return run.stderr.strip()


def test_it_refuses_in_one_line(field: Path, tmp_path: Path) -> None:
    """A folder without wells, an address that others reach without a token, a port that is taken."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        for words, option in (
            ((str(tmp_path / "none"),), "no well here"),
            ((str(field), "--host", "0.0.0.0"), "--token"),
            ((str(field), "--port", port), "--port"),
        ):
            line = refused(*words)
            assert option in line
            assert len(line.splitlines()) == 1, line


@pytest.mark.process
@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_it_says_where_it_is_and_ends_well(serve: Callable[..., Served], signal: str) -> None:
    """The address, without a token that was given, for logs are kept; Ctrl+C and a kill end it without a traceback."""
    import signal as signals

    server = serve("--token", "an-abc-token-of-the-test")
    server.process.send_signal(getattr(signals, signal))
    output, _ = server.process.communicate(timeout=30)
    assert f"{server.address}/?token=..." in output
    assert "an-abc-token-of-the-test" not in output
    assert "Traceback" not in output
