"""What users should know of a result that is not an error: sentences, from wherever they arise to whoever shows them.

Code that works on a picture calls `warn`. Whoever shows the result (a report of a file, an answer of the service)
collects the sentences by `heard`. Where nobody does, as in a Python program, they are logged.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["heard", "warn"]

_list: ContextVar[list[str] | None] = ContextVar("list", default=None)


def warn(sentence: str) -> None:
    """Tell the user something about the result; the same sentence is told once."""
    collected = _list.get()
    if collected is None:
        logging.getLogger("rednet").warning("%s", sentence)
    elif sentence not in collected:
        collected.append(sentence)


@contextmanager
def heard(sentences: list[str]) -> Iterator[list[str]]:
    """Collect in a list what the work inside, in this thread, has to tell, instead of logging it.

    Args:
        sentences: takes them.
    """
    token = _list.set(sentences)
    try:
        yield sentences
    finally:
        _list.reset(token)
