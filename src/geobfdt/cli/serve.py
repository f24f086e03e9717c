"""``geobfdt serve``: the review screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from geobfdt.cli.console import console


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
    from geobfdt.review.serve import serve as run_server
    from geobfdt.review.serve_options import ServeOptions

    proxies = tuple(address.strip() for address in (forwarded_allow_ips or "").split(",") if address.strip())
    options = ServeOptions(host=host, port=port, token=token, proxies=proxies, requests=requests, model=model)
    run_server(directory, options, announce=lambda line: console().print(line, markup=False))


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command()(serve)
