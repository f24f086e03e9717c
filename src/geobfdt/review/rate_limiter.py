"""Rate limits: requests a second, wrong tokens a minute and lines of the access log for each address."""

from __future__ import annotations

import ipaddress

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

__all__ = ["RateLimiter", "client_address"]

# An address may send this many wrong tokens a minute: a person mistypes, a program guesses.
_MAX_WRONG_TOKENS_PER_MIN = 20
# The access log takes this many refusals a minute from one address, so that refusals do not fill the disk.
_MAX_LINES_PER_MIN = 60
# The access log takes this many refusals a minute from all addresses together.
_MAX_LINES_OF_ALL_PER_MIN = 300


class RateLimiter:
    """
    Limits the requests of each address.

    Parameters
    ----------
    requests : int
        Requests that an address may send in a second.
    """

    def __init__(self, requests: int) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._requests, self._wrong = (
            RateLimitItemPerSecond(requests),
            RateLimitItemPerMinute(_MAX_WRONG_TOKENS_PER_MIN),
        )
        self._lines, self._all_lines = (
            RateLimitItemPerMinute(_MAX_LINES_PER_MIN),
            RateLimitItemPerMinute(_MAX_LINES_OF_ALL_PER_MIN),
        )

    def allow_request(self, client: str) -> bool:
        """Count a request, and return whether it is within the limit."""
        return self._limiter.hit(self._requests, "all", _network(client))

    def may_send_token(self, client: str) -> bool:
        """Return whether the address has sent few enough wrong tokens to try another one."""
        return self._limiter.test(self._wrong, "wrong", _network(client))

    def count_wrong_token(self, client: str) -> None:
        """Count a wrong token."""
        self._limiter.hit(self._wrong, "wrong", _network(client))

    def allow_log_line(self, client: str) -> bool:
        """Count a refusal, and return whether the access log takes it."""
        return self._limiter.hit(self._lines, "lines", _network(client)) and self._limiter.hit(
            self._all_lines, "all lines"
        )


def client_address(scope: Scope) -> str:
    """
    Return the address that a request comes from; ``unknown`` if a proxy forwards something else.

    Examples
    --------
    >>> client_address({"client": ("10.0.0.1", 80)}), client_address({"client": ("x" * 10000, 0)})
    ('10.0.0.1', 'unknown')
    """
    address = str((scope.get("client") or ("",))[0])
    try:
        return str(ipaddress.ip_address(address.split("%")[0]))
    except ValueError:
        return "unknown"


def _network(client: str) -> str:
    """Return the network of one subscriber: an address, or with IPv6 a network of 64 bits."""
    if ":" in client:
        return str(ipaddress.ip_network(f"{client}/64", strict=False))
    return client
