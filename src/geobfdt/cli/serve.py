"""``geobfdt serve``: the review screen."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import console

_NEW = "new"
_AT_ONCE = 500  # connections, lest one that holds many open take all memory


def serve(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A field, as made by geobfdt ingest.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen at; another than this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    token: Annotated[
        str | None, typer.Option(envvar="GEOBFDT_TOKEN", help="What everybody has to show; 'new' makes one.")
    ] = None,
    requests: Annotated[int, typer.Option(min=1, help="A second, that one address may make.")] = 200,
    model: Annotated[str, typer.Option(help="Model that picks and snaps: a folder, or the shipped 'default'.")] = (
        "default"
    ),
) -> None:
    """
    Review picks on the image, in a browser.

    Every decision is on the disk before the server acknowledges it. Stop with Ctrl+C, or kill it: nothing is lost.
    """
    from geobfdt.wells.extras import needed
    from geobfdt.wells.findings import InputError

    uvicorn = needed("uvicorn", "review")
    needed("fastapi", "review")
    from geobfdt.review.access import is_loopback
    from geobfdt.review.server import create_app
    from geobfdt.wells.field import Field

    if not is_loopback(host) and not token:
        raise InputError("--host", f"{host} can be reached from other machines", "add --token new, or your own token")
    fresh = token == _NEW
    if fresh:
        token = secrets.token_urlsafe(24)
    Field(directory).wells()
    app = create_app(directory, token=token, model=model, requests=requests)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, limit_concurrency=_AT_ONCE
    )
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError("--port", f"nothing can listen at {host}, {port}: {why}", "give another --port") from error
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{sock.getsockname()[1]}/" + (
        f"?token={token}" if fresh else "?token=..." if token else ""
    )
    if token and not fresh:
        console().print("Put your token where the dots are; it is not printed, for logs are kept.", markup=False)
    if not is_loopback(host):
        console().print(f"Anybody who can reach {host} and knows the token can edit this field.", markup=False)
    console().print(f"Reviewing {directory} at {address}", markup=False)
    uvicorn.Server(config).run(sockets=[sock])


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(serve)
