"""Progress of long work: it calls a function with the finished fraction, 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[float], None]


def silent(done: float) -> None:
    """Ignore the progress."""
