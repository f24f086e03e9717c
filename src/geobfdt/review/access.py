"""Who may ask the server for anything, and what a browser may do with its answers."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Mapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, unquote

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from geobfdt.review.rate_limiter import Pace, client_of
from geobfdt.review.sessions import SECONDS, Sessions

__all__ = ["COOKIE", "HEADER", "HEALTH", "PERSON", "SESSION", "STATIC", "Access", "Login", "is_loopback"]

COOKIE = "geobfdt-session"
HEADER = "x-geobfdt"  # The page sends it with every change: another site's page cannot, without being asked first.
PERSON = "x-geobfdt-person"  # Who asks, as the page knows it, percent-encoded; for the access log.

HEALTH = "/health"  # Says ok or not, to whoever restarts the server; needs no token.
SESSION = "/session"  # Where a token is exchanged for a session, beside the page, whose path the cookie then has.
STATIC = Path(__file__).parent / "static"

# What the page that asks for the token is made of; it holds nothing that is not in the package.
_OPEN = ("/static/login.js", "/static/api.js", "/static/style.css", "/static/icon.svg")

_LARGEST_LOGIN = 4096  # Bytes of a request for a session.
_LOGIN_NEEDED = "a token is needed: open the address that geobfdt serve printed"
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


class Login:
    """
    The token of a server, and the sessions that it was exchanged for.

    Parameters
    ----------
    token : str
        The token.
    sessions : Sessions
        Sessions signed with it.
    pace : Pace
        Counts wrong tokens.
    """

    def __init__(self, token: str, sessions: Sessions, pace: Pace) -> None:
        self._token, self._sessions, self._pace = token, sessions, pace

    def is_token(self, text: str) -> bool:
        """Return whether a text is the token; comparing takes as long for every text."""
        return bool(text) and hmac.compare_digest(text.encode(errors="replace"), self._token.encode())

    def is_known(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request shows the token or a session."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return self.is_token(bearer) or self._sessions.holds(_session_of(headers.get("cookie", "")))

    def refuse(self, client: str) -> Response:
        """Count a wrong token, and say that it is wrong, or that there were too many."""
        if not self._pace.may_guess(client):
            return _error(429, "too many wrong tokens; wait a minute", {"retry-after": "60"})
        self._pace.wrong(client)
        return _error(401, _LOGIN_NEEDED)

    def begin(self, answer: Response, scheme: str) -> None:
        """Give a browser a session; the cookie has the page's own path, a prefix of a proxy included."""
        answer.set_cookie(
            COOKIE, self._sessions.new(), max_age=SECONDS, path=None, httponly=True, samesite="strict",
            secure=scheme == "https",
        )  # fmt: skip

    def end(self, headers: Mapping[str, str], answer: Response) -> None:
        """End the session of a browser."""
        self._sessions.end(_session_of(headers.get("cookie", "")))
        answer.set_cookie(COOKIE, "", max_age=0, path=None, httponly=True, samesite="strict")


class Access:
    """
    ASGI middleware: token, host, headers, size, pace.

    Parameters
    ----------
    app : ASGI application
        What answers if all is well.
    pace : Pace
        How much one address may ask for.
    login : Login, optional
        Every request but the one about health needs its token: as ``Authorization: Bearer``, or once, as
        ``/?token=...`` or at :data:`SESSION`, for a session. Without it, only requests that name this machine itself
        as the host are answered, so that no other site's name can be pointed at it.
    largest : int
        Bytes of the body of a request that is no upload.
    largest_upload : int
        Bytes of an upload.
    """

    def __init__(
        self, app: ASGIApp, pace: Pace, login: Login | None = None, largest: int = 32 << 20,
        largest_upload: int = 4 << 30,
    ) -> None:  # fmt: skip
        self.app, self.pace, self.login = app, pace, login
        self.largest, self.largest_upload = largest, largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":  # start and end of the server
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if PERSON in headers:
            scope.setdefault("state", {})["person"] = unquote(headers[PERSON][:400])[:60]

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                more = dict(_HEADERS)
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    # Else a browser may go on with the scripts of an older version.
                    more["cache-control"] = "private, no-cache"
                message = {**message, "headers": [*message["headers"], *_encoded(more.items())]}
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, signed)
            return
        limit = self.largest
        if scope["path"] == SESSION:  # Whoever asks for a session has shown nothing yet.
            limit = _LARGEST_LOGIN
        elif scope["path"].startswith("/api/uploads/"):
            limit = self.largest_upload
        length, received = headers.get("content-length", ""), 0
        if length.isdecimal() and int(length[:30]) > limit:
            await _error(413, _too_large(limit))(scope, receive, signed)
            return

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:  # of a body that did not say how long it is
                raise HTTPException(413, _too_large(limit))
            return message

        await self.app(scope, counted, signed)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        if scope["path"] != HEALTH and not self.pace.takes(client_of(scope)):
            return _error(429, "too many requests; wait a second", {"retry-after": "1"})
        if self.login is None:
            host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
            if not is_loopback(host):
                return _error(403, "start geobfdt serve with --token to be reached by another name")
        elif scope["path"] != HEALTH and scope["path"] not in _OPEN:
            if scope["path"] == "/" and self.login.is_token(_query_token(scope)):
                answer = RedirectResponse("./", status_code=303)  # Relative: a proxy may have put a prefix before it.
                self.login.begin(answer, scope["scheme"])
                return answer
            if not self.login.is_known(headers) and (scope["path"], scope["method"]) != (SESSION, "POST"):
                # Only a wrong token is a guess: a browser whose session has ended shows an old one, or none.
                if "authorization" in headers or _query_token(scope):
                    return self.login.refuse(client_of(scope))
                if scope["path"] == "/" and "text/html" in headers.get("accept", ""):
                    return FileResponse(STATIC / "login.html", 401)
                return _error(401, _LOGIN_NEEDED)
        if scope["method"] not in ("GET", "HEAD") and HEADER not in headers:
            return _error(403, f"a change needs the header {HEADER}")
        return None


def _session_of(cookies: str) -> str:
    try:
        cookie = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        return ""
    return "" if cookie is None else str(cookie.value)


def _query_token(scope: Scope) -> str:
    return str(parse_qs(scope["query_string"][:4000].decode("latin-1")).get("token", [""])[0])


def _too_large(limit: int) -> str:
    return f"more than {limit >> 20} MiB" if limit >= 1 << 20 else f"more than {limit} bytes"


def _error(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


def _encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]
