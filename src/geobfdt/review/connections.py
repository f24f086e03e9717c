"""Connections: how many there may be, and how long one may take to say what it wants."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Collection

from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["bounded_protocol"]

_HEAD_S = 10.0  # Seconds in which the head of a request has to be here.
_IDLE_S = 60.0  # Seconds without a byte of a body that is being sent, or taken of an answer.
_ALL = 500  # Connections; each takes a file handle, of which a process often has 1,024.
_ONE_ADDRESS = 100  # Connections of one address; a browser opens six.


def bounded_protocol(proxies: Collection[str] = ()) -> type[H11Protocol]:
    """
    Make a protocol for uvicorn that bounds what connections take.

    Parameters
    ----------
    proxies : collection of str
        Addresses and networks of proxies: many people come from one of them.

    Returns
    -------
    type
        A protocol class, with counts of its own.

    Notes
    -----
    A connection that does not send the head of its request in time, pauses within a body, or does not take its answer
    is closed. One that is one too many takes the place of that which has been without a request for longest, of the
    same address if it is the address that has too many: so whoever asks for something is answered, however many
    connections others hold open. Only where all are at work is the new one closed.
    """
    addresses: Counter[str] = Counter()
    idle: OrderedDict[BoundedProtocol, None] = OrderedDict()  # without a request, the longest first
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]

    def is_proxy(address: str) -> bool:
        return bool(networks) and any(ipaddress.ip_address(address) in network for network in networks)

    def make_room(address: str) -> bool:
        crowded = addresses[address] >= _ONE_ADDRESS and not is_proxy(address)
        if not crowded and addresses.total() < _ALL:
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
            if not make_room(address):
                transport.abort()
                return
            self.address = address
            addresses[address] += 1
            idle[self] = None
            self._expect(_HEAD_S)

        def connection_lost(self, exc: Exception | None) -> None:
            self._release()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is None or self.cycle.response_complete:
                if self._deadline is None:  # A head has begun; its later bytes do not put the end off.
                    self._expect(_HEAD_S)
            else:
                idle.pop(self, None)
                self._expect(_IDLE_S if self.cycle.more_body else None)

        def on_response_complete(self) -> None:
            self._expect(_IDLE_S if self.flow.write_paused else None)
            if self.address is not None:
                idle[self] = None
            super().on_response_complete()

        def timeout_keep_alive_handler(self) -> None:
            super().timeout_keep_alive_handler()
            self._expect(_IDLE_S)  # Closing waits until the client has taken everything; it need not do so.

        def pause_writing(self) -> None:
            super().pause_writing()
            self._expect(_IDLE_S)

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
            if self.flow.read_paused:  # It is the server that is slow to take a body.
                self._expect(_IDLE_S)
            else:
                self.leave()

    return BoundedProtocol
