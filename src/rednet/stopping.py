"""Stops long work: the caller provides a function that raises an error, and long steps call this function often.

Work that reports progress can be stopped by its progress function. Steps deep inside, which report no progress, call
`check_stop` instead, so that no function has to be passed through every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["asker", "check_stop", "stoppable"]


def _go_on() -> None:
    """Do nothing, so that the work goes on."""


_ask: ContextVar[Callable[[], None]] = ContextVar("ask", default=_go_on)


@contextmanager
def stoppable(ask: Callable[[], None]) -> Iterator[None]:
    """Make the work in this context stoppable, in this thread.

    Args:
        ask: called often by the work; it raises an error to stop the work.
    """
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def check_stop() -> None:
    """Call the function that was passed to `stoppable`; it raises an error to stop the work."""
    _ask.get()()


def asker() -> Callable[[], None]:
    """Return the function that `check_stop` calls in this thread, for callbacks that run in other threads."""
    return _ask.get()
