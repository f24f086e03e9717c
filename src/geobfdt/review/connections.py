"""Connections: how many the server holds, and how long each may be idle."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Collection

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["bounded_protocol"]

# The head of a request has to arrive within this time.
_MAX_HEAD_S = 10.0
# A body or an answer may stop for at most this long.
_MAX_IDLE_S = 60.0
# The server holds at most this many connections; a process often has 1,024 file handles.
_MAX_CONNECTIONS = 500
# One address holds at most this many connections; a browser opens six.
_MAX_CONNECTIONS_PER_ADDRESS = 100


def bounded_protocol(proxies: Collection[str] = ()) -> type[H11Protocol]:
    """
    Make a protocol for uvicorn that limits number and idle time of connections.

    Parameters
    ----------
    proxies : collection of str
        Addresses and networks of proxies, which are not limited because many people share them.

    Returns
    -------
    type
        A protocol class with counters of its own.

    Notes
    -----
    A connection is closed when it does not send the head of its request in time, pauses within a body, or does not
    take its answer. A new connection above the limit replaces the one that has been idle for longest; if the limit
    of an address is reached, one of the same address. So a client with a request is answered, however many idle
    connections others hold. The new connection is closed only if all others have requests in progress.
    """
    addresses: Counter[str] = Counter()
    # Without a request, the longest first.
    idle: OrderedDict[BoundedProtocol, None] = OrderedDict()
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def is_proxy(address: str) -> bool:
        return bool(networks) and any(ipaddress.ip_address(address) in network for network in networks)

    def free_slot(address: str) -> bool:
        crowded = addresses[address] >= _MAX_CONNECTIONS_PER_ADDRESS and not is_proxy(address)
        if not crowded and addresses.total() < _MAX_CONNECTIONS:
            return True
        for other in idle:
            if not crowded or other.address == address:
                other.leave()
                return True
        return False

    class BoundedProtocol(H11Protocol):
        address: str | None = None
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            if not free_slot(address):
                transport.abort()
                return
            self.address = address
            addresses[address] += 1
            idle[self] = None
            self._expect(_MAX_HEAD_S)

        def connection_lost(self, exc: Exception | None) -> None:
            self._release()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                # The deadline of a head that has begun is not put off by its later bytes.
                if self._deadline is None:
                    self._expect(_MAX_HEAD_S)
            else:
                idle.pop(self, None)
                self._expect(_MAX_IDLE_S if self.cycle.more_body else None)

        def on_response_complete(self) -> None:
            self._expect(_MAX_IDLE_S if self.flow.write_paused else None)
            if self.address is not None:
                idle[self] = None
            super().on_response_complete()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            # Closing waits until the client has taken everything, which it may never do.
            self._expect(_MAX_IDLE_S)

        def pause_writing(self) -> None:
            super().pause_writing()
            self._expect(_MAX_IDLE_S)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._expect(None)

        def leave(self) -> None:
            """Close this connection at once."""
            self._release()
            self.transport.abort()

        def _release(self) -> None:
            self._expect(None)
            idle.pop(self, None)
            if self.address is not None:
                addresses[self.address] -= 1
                if not addresses[self.address]:
                    del addresses[self.address]
                self.address = None

        def _expect(self, seconds: float | None) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = None if seconds is None else self.loop.call_later(seconds, self._too_slow)

        def _too_slow(self) -> None:
            # The server itself is slow to take a body.
            if self.flow.read_paused:
                self._expect(_MAX_IDLE_S)
            else:
                self.leave()

    return BoundedProtocol
