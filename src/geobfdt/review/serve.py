"""The running server of the review screen: what ``geobfdt serve`` does."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from geobfdt.review.serve_options import ServeOptions
from geobfdt.runtime.extras import import_extra
from geobfdt.runtime.findings import InputError
from geobfdt.wells.field import Field

__all__ = ["serve"]

DEFAULTS = ServeOptions()
# With this word in place of a token, the server makes a new one.
_GENERATE = "new"
# Answers in progress get this long when the server stops.
_STOP_S = 10


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def serve(
    field: str | Path,
    options: ServeOptions = DEFAULTS,
    *,
    announce: Callable[[str], None] = _print_line,
    on_ready: Callable[[str], None] = lambda _address: None,
) -> None:
    """
    Serve the review screen of a field until it is stopped, with Ctrl+C or a signal.

    Every decision is on the disk before the server acknowledges it, so that nothing is lost when it is killed.

    Parameters
    ----------
    field : str or Path
        Folder of wells.
    options : ServeOptions
        Address, token, limits and model.
    announce : callable
        Called with each line for the person who starts it: the address to open, and what to know of the token. Default:
        print it.
    on_ready : callable
        Called once with the address to open, before the first request is served.

    Raises
    ------
    InputError
        If the extra ``review`` is missing, the folder has no well, an address that others reach has no token, the token
        can be guessed, nothing can listen at the address, or jobs could not be processed any more.

    Examples
    --------
    >>> import geobfdt
    >>> geobfdt.serve("field", geobfdt.ServeOptions(port=0))  # doctest: +SKIP
    Reviewing field at http://127.0.0.1:43117/
    """
    uvicorn = import_extra("uvicorn", "review")
    import_extra("fastapi", "review")
    from geobfdt.review.access import is_loopback
    from geobfdt.review.connections import bounded_protocol
    from geobfdt.review.server import create_app

    field, host = Path(field), options.host
    if not is_loopback(host) and not options.token:
        raise InputError("--host", f"{host} can be reached from other machines", "add --token new, or your own token")
    fresh = options.token == _GENERATE
    if fresh:
        options = options.model_copy(update={"token": secrets.token_urlsafe(24)})
    Field(field).wells()
    failed = threading.Event()

    def stop() -> None:
        failed.set()
        server.should_exit = True

    # Only the user of the server may read its files.
    mask = os.umask(0o077)
    try:
        proxies = list(options.proxies)
        config = uvicorn.Config(
            create_app(field, options, on_fatal=stop), host=host, port=options.port, log_level="warning",
            access_log=False, http=bounded_protocol(proxies), ws="none", proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies, timeout_graceful_shutdown=_STOP_S, server_header=False,
        )  # fmt: skip
        server = uvicorn.Server(config)
        listener = _open_listener(host, options.port)
        if options.token and not fresh:
            announce("Put your token where the dots are; it is not printed, because logs are stored.")
        if not is_loopback(host):
            announce(f"Anybody who can reach {host} and knows the token can edit this field.")
        announce(f"Reviewing {field} at {_address(listener, options, fresh)}")
        on_ready(_address(listener, options, fresh))
        server.run(sockets=[listener])
    finally:
        os.umask(mask)
    # The exit status tells a supervisor to restart the server.
    if failed.is_set():
        raise InputError(field, "jobs could not be processed any more", "see the lines above")


def _open_listener(host: str, port: int) -> socket.socket:
    """Open the socket of the server."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InputError("--port", f"nothing can listen at {host}, {port}: {why}", "give another --port") from error


def _address(listener: socket.socket, options: ServeOptions, fresh: bool) -> str:
    """Return the address to open; a token that somebody chose is not in it, because logs are stored."""
    host = f"[{options.host}]" if ":" in options.host else options.host
    query = f"?token={options.token}" if fresh else "?token=..." if options.token else ""
    return f"http://{host}:{listener.getsockname()[1]}/{query}"
