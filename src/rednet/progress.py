"""How long work says how far it is: it calls a function with the share that is done, 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "portion", "silent"]

Progress = Callable[[float], None]


def silent(share: float) -> None:
    """Take note of the progress of work whose progress nobody wants to know."""


def portion(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of one piece of work, of `count` that are equally long and follow each other."""
    return lambda share: progress((number + share) / count)
