"""Delays the answers to wrong tokens, the longer the more of them come; a right token never waits."""

from __future__ import annotations

import time
from asyncio import sleep
from collections import deque

__all__ = ["Guesses"]


class Guesses:
    """The wrong tokens of the last minute, from all clients.

    A right token is accepted at once at any time, so that guessing cannot lock its owner out.
    """

    FIRST_S = 0.1  # the wait after one wrong token; each further one doubles it
    MOST = 7  # doublings
    FORGOTTEN_S = 60.0

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=self.MOST)

    async def wrong(self) -> None:
        """Note a wrong token, and wait."""
        now = time.monotonic()
        recent = sum(now - then < self.FORGOTTEN_S for then in self.times)
        self.times.append(now)
        await sleep(self.FIRST_S * 2**recent)
