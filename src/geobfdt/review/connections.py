"""Connections: how many the server holds, and how long each may be idle."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Collection
from typing import ClassVar

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


class _Connections:
    """
    The open connections of a server.

    Parameters
    ----------
    proxies : collection of str
        Addresses and networks of proxies, which are not limited because many people share them.
    """

    def __init__(self, proxies: Collection[str]) -> None:
        self.count_by_address: Counter[str] = Counter()
        # Connections without a request; the one that has been idle for longest comes first.
        self.idle: OrderedDict[BoundedProtocol, None] = OrderedDict()
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def free_slot(self, address: str) -> bool:
        """Return whether there is a slot for a new connection; close an idle one if that frees a slot."""
        crowded = self.count_by_address[address] >= _MAX_CONNECTIONS_PER_ADDRESS and not self._is_proxy(address)
        if not crowded and self.count_by_address.total() < _MAX_CONNECTIONS:
            return True
        for other in self.idle:
            if not crowded or other.address == address:
                other.leave()
                return True
        return False

    def add(self, connection: BoundedProtocol, address: str) -> None:
        """Count a new connection, which is idle."""
        self.count_by_address[address] += 1
        self.idle[connection] = None

    def remove(self, connection: BoundedProtocol) -> None:
        """Forget a connection, and its address if it was the last one from there."""
        self.idle.pop(connection, None)
        if (address := connection.address) is not None:
            self.count_by_address[address] -= 1
            if not self.count_by_address[address]:
                del self.count_by_address[address]
            connection.address = None

    def _is_proxy(self, address: str) -> bool:
        return bool(self._proxies) and any(ipaddress.ip_address(address) in network for network in self._proxies)


class BoundedProtocol(H11Protocol):
    """A connection with limits; :func:`bounded_protocol` makes the class for one server."""

    slots: ClassVar[_Connections]
    address: str | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, or close it if there is no slot."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self.slots.free_slot(address):
            transport.abort()
            return
        self.address = address
        self.slots.add(self, address)
        self._expect(_MAX_HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the slot."""
        self._release()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Set the deadline of what has to follow the data."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            # The deadline of a head that has begun is not put off by its later bytes.
            if self._deadline is None:
                self._expect(_MAX_HEAD_S)
        else:
            self.slots.idle.pop(self, None)
            self._expect(_MAX_IDLE_S if self.cycle.more_body else None)

    def on_response_complete(self) -> None:
        """Make the connection idle."""
        self._expect(_MAX_IDLE_S if self.flow.write_paused else None)
        if self.address is not None:
            self.slots.idle[self] = None
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection after a deadline."""
        super().timeout_keep_alive_handler()
        # Closing waits until the client has taken everything, which it may never do.
        self._expect(_MAX_IDLE_S)

    def pause_writing(self) -> None:
        """Set the deadline for a client that does not take its answer."""
        super().pause_writing()
        self._expect(_MAX_IDLE_S)

    def resume_writing(self) -> None:
        """Clear the deadline."""
        super().resume_writing()
        self._expect(None)

    def leave(self) -> None:
        """Close this connection at once."""
        self._release()
        self.transport.abort()

    def _release(self) -> None:
        self._expect(None)
        self.slots.remove(self)

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
    return type("ServerProtocol", (BoundedProtocol,), {"slots": _Connections(proxies)})
