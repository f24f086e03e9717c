"""Middleware that reports the status and duration of each request to observers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["RequestObserver"]


class RequestObserver:
    """
    ASGI middleware that measures each request.

    Parameters
    ----------
    app : ASGI application
        Answers the requests.
    observers : sequence of callable
        Each is called after a request, with its scope, its status and the seconds that it took.
    """

    def __init__(self, app: ASGIApp, observers: Sequence[Callable[[Scope, int, float], None]]) -> None:
        self.app, self.observers = app, observers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and call the observers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, start = 500, time.perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        finally:
            for observer in self.observers:
                observer(scope, status, time.perf_counter() - start)
