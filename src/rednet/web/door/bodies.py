"""Counts and times the bodies of requests while they come in, each one and all together, before they are parsed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response

from rednet.web.api.problems import problem

__all__ = ["Body", "RefusedError", "Room"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MOST_AT_ONCE = 32  # bodies that are received; each may take some MB of memory until its files are on the disk
SLOT_S = 10.0  # the longest time that a further body waits for its turn
PAUSE_S = 20.0  # the longest pause within a body
GRACE_S = 20.0  # the time that any body may take; after it, the mean rate counts
LEAST_RATE = 16 << 10  # bytes/s


class RefusedError(Exception):
    """Reading of a body stops; the body's `refusal` tells the client why."""


class Room:
    """The limit of all bodies together.

    Args:
        most_bytes: of all requests that are being received or answered.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self.slots = asyncio.Semaphore(MOST_AT_ONCE)


class Body:
    """The body of a request, and its answer: once the body is refused, the refusal is the answer.

    Args:
        headers: of the request.
        most_bytes: the most bytes that the body may have.
        room: for all bodies.
        receive, send: of the request.
    """

    def __init__(self, headers: Headers, most_bytes: int, room: Room, receive: Receive, send: Send) -> None:
        self.most_bytes, self.room, self.raw_receive, self.raw_send = most_bytes, room, receive, send
        self.seen, self.waited, self.has_slot = 0, 0.0, False
        self.refusal: Response | None = None
        self.started = False  # the answer
        self.whole = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers

    def too_long(self) -> Response:
        """Return the answer to a body that has too many bytes."""
        return problem(
            413, f"the request has more than {self.most_bytes} bytes; send less, or raise the server's max_bytes"
        )

    async def receive(self) -> Message:
        """Return the next piece of the body.

        Raises:
            RefusedError: there is too much of it, or it comes too slowly.
        """
        if self.whole:
            return await self.raw_receive()
        if not self.has_slot:
            await self.take_slot()
        began = time.monotonic()
        patience = min(PAUSE_S, GRACE_S + self.seen / LEAST_RATE - self.waited)
        try:
            message = await asyncio.wait_for(self.raw_receive(), max(patience, 0))
        except TimeoutError:
            sentence = f"the request came too slowly ({self.seen} bytes so far); send at least {LEAST_RATE} bytes/s"
            raise self.refuse(problem(408, sentence, {"Connection": "close"})) from None
        self.waited += time.monotonic() - began
        self.count(message)
        return message

    def count(self, message: Message) -> None:
        """Count a piece; raise RefusedError if it is too much."""
        size = len(message.get("body", b""))
        self.seen += size
        self.room.bytes += size
        if self.seen > self.most_bytes:
            raise self.refuse(self.too_long())
        if self.room.bytes > self.room.most_bytes:
            raise self.refuse(busy())
        if not message.get("more_body", False):
            self.whole = True
            self.free_slot()

    async def take_slot(self) -> None:
        """Wait for the body's turn; raise RefusedError if it does not come."""
        try:
            await asyncio.wait_for(self.room.slots.acquire(), SLOT_S)
        except TimeoutError:
            raise self.refuse(busy()) from None
        self.has_slot = True

    def free_slot(self) -> None:
        """Give the turn to the next body."""
        if self.has_slot:
            self.room.slots.release()
            self.has_slot = False

    def refuse(self, answer: Response) -> RefusedError:
        """Note the answer to a body that is refused; return the error that stops the reading."""
        self.refusal = answer
        self.whole = True
        self.free_slot()
        return RefusedError(answer.status_code)

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, unless the answer is a refusal."""
        if self.refusal is not None and not self.started:
            return
        self.started = True
        await self.raw_send(message)

    def end(self) -> None:
        """Free the body's bytes and its turn."""
        self.room.bytes -= self.seen
        self.free_slot()


def busy() -> Response:
    """Return the answer where there is no room for a further body."""
    return problem(503, "the server is receiving as much as it can; try again in a moment", {"Retry-After": "5"})
