"""HTTP connections: time limits for slow clients, small answers sent at once, and a call before the server stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Server", "Wire"]

MOST_CONNECTIONS = 256
LINGER_S = 5.0  # for the last bytes of an answer while a connection closes


class Wire(H11Protocol):
    """A connection that is closed if its client is too slow.

    The time that a request's body takes is limited in `rednet.web.door.bodies`, where it can be answered.
    """

    HEADER_S = 10.0  # from a connection, or from a request's first byte, to the end of the request's header
    DRAIN_S = 10.0  # for the rest of a body that nobody reads, since its request has been answered
    WRITE_S = 60.0  # until a client takes more of an answer

    deadline: asyncio.TimerHandle | None = None
    stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Set up a new connection; close it if there are too many."""
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family in (socket.AF_INET, socket.AF_INET6):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio does not, on uvicorn's sockets
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
        else:
            self.arm(self.HEADER_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all timers."""
        self.disarm()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take data of a client; the header of a request must be complete in time."""
        before = self.cycle
        if self.deadline is None and (before is None or before.response_complete):
            self.arm(self.HEADER_S)
        super().data_received(data)
        if self.cycle is not before and not self.cycle.response_complete:
            self.disarm()

    def on_response_complete(self) -> None:
        """Limit the time for the rest of a body that was answered early."""
        before = self.cycle
        super().on_response_complete()
        if self.cycle is before and self.conn.their_state is h11.SEND_BODY:
            self.arm(self.DRAIN_S)

    def pause_writing(self) -> None:
        """Limit the time that a client takes nothing."""
        super().pause_writing()
        self.stuck = self.stuck or self.loop.call_later(self.WRITE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop that timer: the client takes data again."""
        super().resume_writing()
        if self.stuck is not None:
            self.stuck.cancel()
            self.stuck = None

    def arm(self, seconds: float) -> None:
        """Start the timer that closes the connection."""
        self.disarm()
        self.deadline = self.loop.call_later(seconds, self.cut)

    def disarm(self) -> None:
        """Stop that timer."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def cut(self) -> None:
        """Close the connection; what is being sent gets `LINGER_S`."""
        self.transport.close()
        self.deadline = self.loop.call_later(LINGER_S, self.transport.abort)


class Server(uvicorn.Server):
    """uvicorn's server, which calls a function before it waits for open requests.

    Args:
        config: see uvicorn.
        stopping: called when the server begins to stop.
    """

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self.stopping = stopping

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> Any:
        """Stop."""
        self.stopping()
        await super().shutdown(sockets)
