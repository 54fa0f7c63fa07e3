"""Wrong tokens are answered slowly, and more slowly the more of them come; a right one never waits."""

from __future__ import annotations

import time
from asyncio import sleep
from collections import deque

__all__ = ["Guesses"]


class Guesses:
    """The wrong tokens of the last minute, whoever sent them.

    A right token is let in at once at any time, so that nobody can lock its owner out; a guesser learns nothing
    before the wait is over.
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
