"""The limits of a server: what it accepts."""

from __future__ import annotations

from dataclasses import dataclass

from rednet.errors import OptionError

__all__ = ["LOGIN", "Limits"]

LOGIN, RESTORE = "/login", "/v1/restore"
LONGEST_LOGIN, LONGEST_OTHER = 4 << 10, 1 << 20  # bytes


@dataclass(frozen=True)
class Limits:
    """Bounds of a server.

    Args:
        max_bytes: of a request with a picture; other requests must be much shorter, see `longest`.
        max_megapixels: of a picture and its result; larger ones are refused before they are decoded.
        max_seconds: the longest time of a job; it is stopped between two bands.
        waiting: jobs that may wait in the queue; a further one is refused.
        answer_megapixels: the result of a picture up to this size is the answer; a larger picture becomes a job.
        keep_seconds: how long a job that has ended is kept after its last use.
        kept: the most jobs that are kept after they have ended; the one that ended first is deleted first.
        kept_bytes: the most bytes on the disk that these take; the same.
        all_bytes: of all requests together that are being received or answered.

    Raises:
        OptionError: one of them is not above 0.
    """

    max_bytes: int = 100 << 20
    max_megapixels: float = 50.0
    max_seconds: float = 600.0
    waiting: int = 16
    answer_megapixels: float = 2.0
    keep_seconds: float = 1800.0
    kept: int = 200
    kept_bytes: int = 8 << 30
    all_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise OptionError(f"{name.replace('_', '-')} is {value}; it must be above 0")

    def longest(self, path: str) -> int:
        """Return how many bytes a request to a route may have."""
        own = {LOGIN: LONGEST_LOGIN, RESTORE: self.max_bytes}
        return min(own.get(path, LONGEST_OTHER), self.max_bytes)
