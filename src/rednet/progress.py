"""Progress of long work: the work calls a function with the finished fraction, 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "portion", "silent"]

Progress = Callable[[float], None]


def silent(fraction: float) -> None:
    """Ignore the progress; the default of all `progress` arguments."""


def portion(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of one piece of work, of `count` that are equally long and follow each other."""
    return lambda fraction: progress((number + fraction) / count)
