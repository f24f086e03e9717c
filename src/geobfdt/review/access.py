"""Access control: token or session, host, headers, size and rate of requests."""

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

from geobfdt.review.rate_limiter import RateLimiter, client_address
from geobfdt.review.sessions import SESSION_S, Sessions

__all__ = [
    "CHANGE_HEADER",
    "COOKIE_NAME",
    "HEALTH_PATH",
    "PERSON_HEADER",
    "SESSION_PATH",
    "STATIC_FOLDER",
    "Access",
    "Login",
    "is_loopback",
]

# Name of the cookie that carries a session.
COOKIE_NAME = "geobfdt-session"
# The page sends this header with every change, which a page of another site cannot do without permission (CORS).
CHANGE_HEADER = "x-geobfdt"
# This header carries the name of the person, percent-encoded, for the access log.
PERSON_HEADER = "x-geobfdt-person"

# A supervisor reads the state of the server here; the path needs no token.
HEALTH_PATH = "/health"
# A token is exchanged for a session here, beside the page, so that the cookie gets the path of the page.
SESSION_PATH = "/session"
# Folder of the page and its scripts.
STATIC_FOLDER = Path(__file__).parent / "static"

# The login page consists of these files; they hold nothing that is not in the public package.
_PUBLIC_PATHS = ("/static/login.js", "/static/api.js", "/static/style.css", "/static/icon.svg")

# A request for a session has at most this many bytes.
_MAX_LOGIN_BYTES = 4096
_LOGIN_NEEDED = "a token is needed: open the address that geobfdt serve printed"
# Only scripts, styles and connections of this server are allowed on the page.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Every answer carries these headers.
_SECURITY_HEADERS = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
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
    The token of a server, and the sessions that browsers get for it.

    Parameters
    ----------
    token : str
        The token.
    sessions : Sessions
        Sessions signed with it.
    rate_limiter : RateLimiter
        Counts wrong tokens.
    """

    def __init__(self, token: str, sessions: Sessions, rate_limiter: RateLimiter) -> None:
        self._token, self._sessions, self._rate_limiter = token, sessions, rate_limiter

    def is_token(self, text: str) -> bool:
        """Return whether a text is the token; the comparison takes the same time for every text."""
        return bool(text) and hmac.compare_digest(text.encode(errors="replace"), self._token.encode())

    def is_known(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request carries the token or a session."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        session = _session_from_cookies(headers.get("cookie", ""))
        return self.is_token(bearer) or (session is not None and self._sessions.holds(session))

    def refuse(self, client: str) -> Response:
        """Count a wrong token, and answer that it is wrong or that there were too many."""
        if not self._rate_limiter.may_send_token(client):
            return _error_response(429, "too many wrong tokens; wait a minute", {"retry-after": "60"})
        self._rate_limiter.count_wrong_token(client)
        return _error_response(401, _LOGIN_NEEDED)

    def begin(self, answer: Response, scheme: str) -> None:
        """Give a browser a session; the path of the cookie is that of the page, with the prefix of a proxy."""
        answer.set_cookie(
            COOKIE_NAME, self._sessions.new(), max_age=SESSION_S, path=None, httponly=True, samesite="strict",
            secure=scheme == "https",
        )  # fmt: skip

    def end(self, headers: Mapping[str, str], answer: Response) -> None:
        """End the session of a browser."""
        session = _session_from_cookies(headers.get("cookie", ""))
        if session is not None:
            self._sessions.end(session)
        answer.set_cookie(COOKIE_NAME, "", max_age=0, path=None, httponly=True, samesite="strict")


class Access:
    """
    ASGI middleware that checks token, host, headers, size and rate of each request.

    Parameters
    ----------
    app : ASGI application
        Answers the requests that are allowed.
    rate_limiter : RateLimiter
        Limits the requests of each address.
    login : Login, optional
        Every request but the one about health needs its token: as ``Authorization: Bearer``, or once, as
        ``/?token=...`` or at :data:`SESSION_PATH`, for a session. Without a login, only requests that name this machine
        as the host are answered, so that the name of another site cannot be pointed at it (DNS rebinding).
    largest_upload : int
        Bytes of an upload, at most.
    largest : int
        Bytes of a body, at most, unless it is an upload.
    """

    def __init__(
        self, app: ASGIApp, rate_limiter: RateLimiter, login: Login | None, largest_upload: int,
        largest: int = 32 << 20,
    ) -> None:  # fmt: skip
        self.app, self.rate_limiter, self.login = app, rate_limiter, login
        self.largest, self.largest_upload = largest, largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        # The other type, "lifespan", is the start and end of the server.
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if PERSON_HEADER in headers:
            scope.setdefault("state", {})["person"] = unquote(headers[PERSON_HEADER][:400])[:60]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers_to_add = dict(_SECURITY_HEADERS)
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    # Without this header a browser may use the scripts of an older version.
                    headers_to_add["cache-control"] = "private, no-cache"
                message = {**message, "headers": [*message["headers"], *_encode_headers(headers_to_add.items())]}
            await send(message)

        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send_with_headers)
            return
        limit = self.largest
        # Whoever asks for a session has not proved anything yet.
        if scope["path"] == SESSION_PATH:
            limit = _MAX_LOGIN_BYTES
        elif scope["path"].startswith("/api/uploads/"):
            limit = self.largest_upload
        length, received = headers.get("content-length", ""), 0
        if length.isdecimal() and int(length[:30]) > limit:
            await _error_response(413, _size_message(limit))(scope, receive, send_with_headers)
            return

        async def receive_up_to_limit() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            # The body has no declared length, or is longer than that.
            if received > limit:
                raise HTTPException(413, _size_message(limit))
            return message

        await self.app(scope, receive_up_to_limit, send_with_headers)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> ASGIApp | None:
        if scope["path"] != HEALTH_PATH and not self.rate_limiter.allow_request(client_address(scope)):
            return _error_response(429, "too many requests; wait a second", {"retry-after": "1"})
        if self.login is None:
            host = headers.get("host", "").rsplit(":", 1)[0].strip("[]")
            if not is_loopback(host):
                return _error_response(403, "start geobfdt serve with --token to be reached by another name")
        elif scope["path"] != HEALTH_PATH and scope["path"] not in _PUBLIC_PATHS:
            token = _query_token(scope)
            if scope["path"] == "/" and token is not None and self.login.is_token(token):
                # The address is relative, because a proxy may add a prefix.
                answer = RedirectResponse("./", status_code=303)
                self.login.begin(answer, scope["scheme"])
                return answer
            if not self.login.is_known(headers) and (scope["path"], scope["method"]) != (SESSION_PATH, "POST"):
                # Only a wrong token is a guess: a browser whose session has ended sends an old session, or none.
                if "authorization" in headers or token is not None:
                    return self.login.refuse(client_address(scope))
                if scope["path"] == "/" and "text/html" in headers.get("accept", ""):
                    return FileResponse(STATIC_FOLDER / "login.html", 401)
                return _error_response(401, _LOGIN_NEEDED)
        if scope["method"] not in ("GET", "HEAD") and CHANGE_HEADER not in headers:
            return _error_response(403, f"a change needs the header {CHANGE_HEADER}")
        return None


def _session_from_cookies(cookies: str) -> str | None:
    try:
        cookie = SimpleCookie(cookies).get(COOKIE_NAME)
    except CookieError:
        return None
    return None if cookie is None else str(cookie.value)


def _query_token(scope: Scope) -> str | None:
    tokens = parse_qs(scope["query_string"][:4000].decode("latin-1")).get("token")
    return str(tokens[0]) if tokens else None


def _size_message(limit: int) -> str:
    return f"more than {limit >> 20} MiB" if limit >= 1 << 20 else f"more than {limit} bytes"


def _error_response(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)


def _encode_headers(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers]
