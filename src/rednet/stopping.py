"""Stops long work: the caller gives a function that raises an error to stop, and long steps call it now and then.

The network's steps report their progress, which can stop them, too. Steps that report none, deep inside, call
`check_stop`, so that no function has to be passed through every call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["asker", "check_stop", "stoppable"]


def go_on() -> None:
    """Do not stop."""


_ask: ContextVar[Callable[[], None]] = ContextVar("ask", default=go_on)


@contextmanager
def stoppable(ask: Callable[[], None]) -> Iterator[None]:
    """Make the work inside, in this thread, call a function often.

    Args:
        ask: raises an error to stop the work.
    """
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)


def check_stop() -> None:
    """Call the function that may stop the work by raising an error."""
    _ask.get()()


def asker() -> Callable[[], None]:
    """Return what `check_stop` calls in this thread, for callbacks from other threads."""
    return _ask.get()
