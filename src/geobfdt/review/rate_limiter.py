"""How much one address may ask for: so many requests a second, so many wrong tokens a minute."""

from __future__ import annotations

import ipaddress

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

__all__ = ["REQUESTS", "Pace", "client_of"]

REQUESTS = 200  # Requests a second from an address; a screen that is dragged along a well asks for a few tens.
_WRONG = 20  # Wrong tokens a minute from an address: a person mistypes, a program guesses.
_LINES = 60  # Refusals of an address that the audit log takes a minute, lest it become the way to fill the disk.
_ALL_LINES = 300  # Refusals of all addresses together that it takes a minute.


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
        self._lines, self._all_lines = RateLimitItemPerMinute(_LINES), RateLimitItemPerMinute(_ALL_LINES)

    def takes(self, client: str) -> bool:
        """Count a request, and return whether the address may make it."""
        return self._limiter.hit(self._requests, "all", _network(client))

    def may_guess(self, client: str) -> bool:
        """Return whether the address has shown few enough wrong tokens to be told that another one is wrong."""
        return self._limiter.test(self._wrong, "wrong", _network(client))

    def wrong(self, client: str) -> None:
        """Count a wrong token."""
        self._limiter.hit(self._wrong, "wrong", _network(client))

    def noted(self, client: str) -> bool:
        """Count a refusal, and return whether it still is to be written down."""
        return self._limiter.hit(self._lines, "lines", _network(client)) and self._limiter.hit(
            self._all_lines, "all lines"
        )


def client_of(scope: Scope) -> str:
    """
    Address that a request comes from; ``unknown`` if what a proxy forwards is none.

    Examples
    --------
    >>> client_of({"client": ("10.0.0.1", 80)}), client_of({"client": ("x" * 10000, 0)})
    ('10.0.0.1', 'unknown')
    """
    address = str((scope.get("client") or ("",))[0])
    try:
        return str(ipaddress.ip_address(address.split("%")[0]))
    except ValueError:
        return "unknown"


def _network(client: str) -> str:
    """What one subscriber has: an address, or with IPv6 a network of 64 bits."""
    if ":" in client:
        return str(ipaddress.ip_network(f"{client}/64", strict=False))
    return client
