"""``geobfdt open``: image files in, a review screen with proposed picks out."""

from __future__ import annotations

import getpass
import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer

from geobfdt.cli.console import console, print_findings, progress
from geobfdt.cli.reading import with_reading_options
from geobfdt.wells.options import ReadingOptions


def open_(
    files: Annotated[list[Path], typer.Argument(help="Image files, one a well.", metavar="FILE...")],
    reading: ReadingOptions,
    field: Annotated[
        Path | None,
        typer.Option("--field", help="Folder that holds the wells; made if missing. [default: the first file's name]"),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Your name, and that of your layer of picks. [default: your login]")
    ] = None,
    model: Annotated[str, typer.Option(help="Folder of a model bundle; default: the shipped one.")] = "default",
    method: Annotated[
        Literal["network", "hough"], typer.Option(help="The picker: a network, or the classical one.")
    ] = "network",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes any free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the screen in your browser.")] = True,
) -> None:
    """
    Show image files on the review screen, with proposed picks.

    Reads the files into a field, picks them and starts the screen on this machine. What an earlier call has read or
    picked stays as it is, and so do your decisions. Stop with Ctrl+C.
    """
    from geobfdt.review.opening import OpenOptions, open_wells, screen_address
    from geobfdt.review.serve import serve
    from geobfdt.review.serve_options import ServeOptions

    folder = field or Path(f"{files[0].stem}-field")
    person = name or getpass.getuser()
    with progress(f"opening {files[0].name}" if len(files) == 1 else f"opening {len(files)} files") as advance:
        options = OpenOptions(name=person, reading=reading, model=model, method=method)
        wells = open_wells(files, folder, options, progress=advance)
    for well in wells:
        print_findings(finding for finding in well.findings if finding.severity != "info")
        text = "picked before" if well.proposals is None else f"{well.proposals} picks proposed"
        console().print(f"{well.well}: {text}, in the layer of {person}", markup=False)

    def show(address: str) -> None:
        address = screen_address(address, wells[0].well, person)
        console().print(f"Reviewing {folder} at {address}", markup=False)
        if browser and not _show_in_browser(address):
            console().print("No browser could be started; open the address yourself.", markup=False)

    serve(folder, ServeOptions(port=port, model=model), announce=lambda _line: None, on_ready=show)


def _show_in_browser(address: str) -> bool:
    """Open an address in a browser with windows; a text browser would take the terminal from the server."""
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    return webbrowser.open(address)


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("open")(with_reading_options(open_))
