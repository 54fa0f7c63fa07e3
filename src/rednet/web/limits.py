"""What the server takes on, and how it refuses the rest."""

from __future__ import annotations

from dataclasses import dataclass

from rednet.errors import OptionError

__all__ = ["LOGIN", "UPLOAD", "Limits"]

LOGIN, RESTORE, UPLOAD = "/login", "/v1/restore", "/gradio_api/upload"
LONGEST_LOGIN, LONGEST_OTHER = 4 << 10, 1 << 20  # bytes


@dataclass(frozen=True)
class Limits:
    """Bounds of a server.

    Args:
        max_bytes: of a request that brings a picture; others are kept much shorter, see `longest`.
        max_megapixels: of a picture, before and after; larger ones are refused before they are decoded.
        max_seconds: that a job may run; it is stopped between two bands.
        waiting: jobs that may wait in the queue; a further one is refused.
        answer_megapixels: a picture up to this size is the answer to its request; a larger one becomes a job.
        keep_seconds: how long the picture of a finished job waits to be fetched.
        kept: pictures of finished jobs that wait at the same time; the oldest makes room.
        sessions: people on the page whose pictures are kept at the same time; the one who was idle longest makes room.
        all_bytes: of all requests that are being received or answered, together.

    Raises:
        OptionError: one of them is not above 0.
    """

    max_bytes: int = 100 << 20
    max_megapixels: float = 50.0
    max_seconds: float = 600.0
    waiting: int = 16
    answer_megapixels: float = 2.0
    keep_seconds: float = 600.0
    kept: int = 32
    sessions: int = 8
    all_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise OptionError(f"{name.replace('_', '-')} is {value}; it must be above 0")

    def longest(self, path: str) -> int:
        """Return how many bytes a request to a route may have."""
        own = {LOGIN: LONGEST_LOGIN, RESTORE: self.max_bytes, UPLOAD: self.max_bytes}
        return min(own.get(path, LONGEST_OTHER), self.max_bytes)
