"""What became of each request, told to whoever counts or writes it down."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Watched"]


class Watched:
    """
    ASGI middleware that looks at the clock and at the status of each answer.

    Parameters
    ----------
    app : ASGI application
        What answers.
    told : sequence of callable
        Each called in the end, with the request's scope, its status and the seconds that it took.
    """

    def __init__(self, app: ASGIApp, told: Sequence[Callable[[Scope, int, float], None]]) -> None:
        self.app, self.told = app, told

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and tell."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            for tell in self.told:
                tell(scope, status, time.perf_counter() - began)
