"""Who may ask the server for anything, and what a browser may do with its answers."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geobfdt.review.pace import Pace, client_of

__all__ = ["COOKIE", "HEADER", "HEALTH", "Access", "is_loopback"]

COOKIE = "geobfdt"
HEADER = "x-geobfdt"  # sent by the page with every change: another site's page cannot, without being asked first

HEALTH = "/health"  # says ok or not, to whoever restarts the server; needs no token

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """
    Tell whether an address is this machine's own.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Access:
    """
    ASGI middleware: token, host, headers, size, pace.

    Parameters
    ----------
    app : ASGI application
        What is asked if all is well.
    token : str, optional
        Needed by every request but the one about health: as ``Authorization: Bearer``, as a cookie, or once as
        ``/?token=...``, which sets the cookie. Without one, only requests that name this machine itself as the host
        are answered, so that no other site's name can be pointed at it.
    largest : int
        Bytes of the body of a request that is no upload.
    largest_upload : int
        Bytes of an upload.
    pace : Pace
        How much one address may ask for.
    """

    def __init__(
        self, app: ASGIApp, pace: Pace, token: str | None = None, largest: int = 32 << 20, largest_upload: int = 4 << 30
    ) -> None:
        self.app, self.pace, self.token, self.largest, self.largest_upload = app, pace, token, largest, largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":  # start and end of the server
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = dict(_HEADERS)
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    more["cache-control"] = "no-cache"  # else a browser may go on with the scripts of an older version
                message = {**message, "headers": [*message["headers"], *_encoded(more.items())]}
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, signed)
            return
        limit = self.largest_upload if scope["path"].startswith("/api/uploads/") else self.largest
        said, had = headers.get("content-length", ""), 0
        if said.isdecimal() and int(said) > limit:
            await _error(413, _too_large(limit))(scope, receive, signed)
            return

        async def counted() -> Message:
            nonlocal had
            message = await receive()
            had += len(message.get("body", b""))
            if had > limit:  # of a body that did not say how long it is
                raise HTTPException(413, _too_large(limit))
            return message

        await self.app(scope, counted, signed)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        if scope["path"] != HEALTH and not self.pace.takes(client_of(scope)):
            return JSONResponse({"detail": "too many requests, or wrong tokens; wait"}, 429, {"retry-after": "60"})
        if self.token is None:
            host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
            if not is_loopback(host):
                return _error(403, "start geobfdt serve with --token to be reached by another name")
        elif scope["path"] != HEALTH:
            asked = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
            if scope["path"] == "/" and self._right(asked):
                answer = RedirectResponse("/", status_code=303)
                answer.set_cookie(COOKIE, asked, httponly=True, samesite="strict", secure=scope["scheme"] == "https")
                return answer
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
            bearer = headers.get("authorization", "").removeprefix("Bearer ")
            if not (self._right(bearer) or (cookie is not None and self._right(cookie.value))):
                self.pace.wrong(client_of(scope))
                return _error(401, "a token is needed: open the address that geobfdt serve printed")
        if scope["method"] not in ("GET", "HEAD") and HEADER not in headers:
            return _error(403, f"a change needs the header {HEADER}")
        return None

    def _right(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), (self.token or "").encode()) and bool(given)


def _too_large(limit: int) -> str:
    return f"more than {limit >> 20} MiB"


def _error(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]
