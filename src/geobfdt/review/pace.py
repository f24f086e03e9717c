"""How much one address may ask for: so many requests a second, so many wrong tokens a minute."""

from __future__ import annotations

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

__all__ = ["REQUESTS", "Pace", "client_of"]

REQUESTS = 200  # a second; a screen that is dragged along a well asks for a few tens
_WRONG = 20  # a minute: a person mistypes, a program guesses
_LINES = 60  # a minute, of refusals in the audit log: it must not become the way to fill the disk


class Pace:
    """
    Counts what each address asks for.

    Parameters
    ----------
    requests : int
        A second.
    """

    def __init__(self, requests: int = REQUESTS) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests, self._wrong = RateLimitItemPerSecond(requests), RateLimitItemPerMinute(_WRONG)
        self._lines = RateLimitItemPerMinute(_LINES)

    def takes(self, client: str) -> bool:
        """Count a request, and tell whether it is one too many, or comes after too many wrong tokens."""
        return self._limiter.test(self._wrong, "wrong", client) and self._limiter.hit(self._requests, "all", client)

    def wrong(self, client: str) -> None:
        """Count a wrong token."""
        self._limiter.hit(self._wrong, "wrong", client)

    def noted(self, client: str) -> bool:
        """Count a refusal, and tell whether it still is to be written down."""
        return self._limiter.hit(self._lines, "lines", client)


def client_of(scope: Scope) -> str:
    """Address that a request comes from."""
    return str((scope.get("client") or ("",))[0])
