"""``geobfdt serve``: the review screen."""

from __future__ import annotations

import ipaddress
import os
import secrets
import socket
import threading
from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import console

# With this word in place of a token, the server makes a new one.
_GENERATE = "new"
# Answers in progress get this long when the server stops.
_STOP_S = 10


def serve(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="A field, as made by geobfdt ingest.")],
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen at; any but this machine's own needs a token.")] = (
        "127.0.0.1"
    ),
    token: Annotated[
        str | None,
        typer.Option(envvar="GEOBFDT_TOKEN", help="Password of the field, 16 characters or more; 'new' makes one."),
    ] = None,
    forwarded_allow_ips: Annotated[
        str | None,
        typer.Option(
            envvar="FORWARDED_ALLOW_IPS",
            metavar="ADDRESSES",
            help="Trusted proxies, with commas between, whose X-Forwarded-For and -Proto are used. [default: none]",
        ),
    ] = None,
    requests: Annotated[int, typer.Option(min=1, help="Requests a second that one address may send.")] = 200,
    model: Annotated[str, typer.Option(help="Model that picks and snaps: a folder, or the shipped 'default'.")] = (
        "default"
    ),
) -> None:
    """
    Review picks on the image, in a browser.

    Every decision is on the disk before the server acknowledges it. Stop with Ctrl+C, or kill it: nothing is lost.
    """
    from geobfdt.runtime.extras import needed
    from geobfdt.runtime.findings import InputError

    # Only the user of the server may read its files.
    os.umask(0o077)
    uvicorn = needed("uvicorn", "review")
    needed("fastapi", "review")
    from geobfdt.review.access import is_loopback
    from geobfdt.review.connections import bounded_protocol
    from geobfdt.review.server import create_app
    from geobfdt.wells.field import Field

    if not is_loopback(host) and not token:
        raise InputError("--host", f"{host} can be reached from other machines", "add --token new, or your own token")
    fresh = token == _GENERATE
    if fresh:
        token = secrets.token_urlsafe(24)
    proxies = _proxies(forwarded_allow_ips)
    Field(directory).wells()
    failed = threading.Event()

    def stop() -> None:
        failed.set()
        server.should_exit = True

    app = create_app(directory, token=token, model=model, requests=requests, on_fatal=stop)
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, http=bounded_protocol(proxies), ws="none",
        proxy_headers=bool(proxies), forwarded_allow_ips=proxies, timeout_graceful_shutdown=_STOP_S,
        server_header=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.create_server((host, port), family=family)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError("--port", f"nothing can listen at {host}, {port}: {why}", "give another --port") from error
    url_host = f"[{host}]" if ":" in host else host
    address = f"http://{url_host}:{sock.getsockname()[1]}/" + (
        f"?token={token}" if fresh else "?token=..." if token else ""
    )
    if token and not fresh:
        console().print("Put your token where the dots are; it is not printed, because logs are stored.", markup=False)
    if not is_loopback(host):
        console().print(f"Anybody who can reach {host} and knows the token can edit this field.", markup=False)
    console().print(f"Reviewing {directory} at {address}", markup=False)
    server.run(sockets=[sock])
    # The exit status tells a supervisor to restart the server.
    if failed.is_set():
        raise InputError(directory, "jobs could not be processed any more", "see the lines above")


def _proxies(addresses: str | None) -> list[str]:
    """
    Split a list of addresses and networks at its commas.

    Examples
    --------
    >>> " and ".join(_proxies("127.0.0.1, 10.0.0.0/8"))
    '127.0.0.1 and 10.0.0.0/8'
    """
    from geobfdt.runtime.findings import InputError

    proxies = [address.strip() for address in (addresses or "").split(",") if address.strip()]
    for proxy in proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError as error:
            cure = "give addresses or networks, as 127.0.0.1,10.0.0.0/8"
            raise InputError("--forwarded-allow-ips", f"{proxy!r} is no address", cure) from error
    return proxies


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(serve)
