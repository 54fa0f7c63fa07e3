"""Work beside the queue, a few pieces at a time: looks, results of finished jobs, inspections."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from rednet.stopping import stoppable
from rednet.web.jobs.queue import StoppedError, TooSlowError

__all__ = ["Bench"]

T = TypeVar("T")

QUICK, SLOW = 2, 1  # pieces at a time
PATIENCE_S = 1.0  # between two checks whether the client still waits


class Bench:
    """Runs work in threads, and stops it if its client leaves or it takes too long.

    Args:
        max_seconds: the longest time of a piece of work, from its start.
    """

    def __init__(self, max_seconds: float) -> None:
        self.max_seconds = max_seconds
        self.quick, self.slow = CapacityLimiter(QUICK), CapacityLimiter(SLOW)
        self.closed = threading.Event()

    async def run(self, request: Request, work: Callable[[], T], *, slow: bool = False) -> T:
        """Run a piece of work.

        Args:
            request: of the client that waits for it.
            work: the work, which calls `rednet.stopping.check_stop`.
            slow: whether it takes seconds, so that quick work must not wait for it.

        Raises:
            StoppedError, TooSlowError: the client has left, or it takes too long.
        """
        left = threading.Event()

        def watched() -> T:
            began = time.monotonic()

            def ask() -> None:
                if left.is_set() or self.closed.is_set():
                    raise StoppedError("nobody waits for this any longer")
                if time.monotonic() - began > self.max_seconds:
                    raise TooSlowError(f"this was stopped after {self.max_seconds:g} s; raise the server's max_seconds")

            ask()
            with stoppable(ask):
                return work()

        limiter = self.slow if slow else self.quick
        task = asyncio.ensure_future(to_thread.run_sync(watched, limiter=limiter))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio logs a traceback
        try:
            while not task.done():
                await asyncio.wait([task], timeout=PATIENCE_S)
                if not task.done() and await request.is_disconnected():
                    left.set()
        finally:
            left.set()  # an answer that is streamed is cancelled if its client leaves
        return task.result()

    def close(self) -> None:
        """Stop all work, as the server ends."""
        self.closed.set()
