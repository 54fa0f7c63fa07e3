"""Progress of long work: the work calls a function with the finished fraction, 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[float], None]


def silent(fraction: float) -> None:
    """Ignore the progress; the default of all `progress` arguments."""
