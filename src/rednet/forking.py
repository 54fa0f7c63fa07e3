"""Raises an error in forked processes that would hang: a fork copies a library's records of threads, not the threads.

ncnn, torch and ONNX Runtime hang in a process that was forked after they had been used, mostly even if the network is
loaded again; so does libvips, with some pictures. Nothing can bring the threads back, so the error comes at once.
"""

from __future__ import annotations

import os

from rednet.errors import RednetError

__all__ = ["check_threads", "mark_threads"]

_used: set[str] = set()
_lost: set[str] = set()


def mark_threads(library: str) -> None:
    """Note that this process uses a library with threads of its own."""
    _used.add(library)


def check_threads(library: str, error: type[RednetError]) -> None:
    """Raise an error if this process was forked from one that had used the library."""
    if library in _lost:
        raise error(
            f"{library} cannot work in this process: it was forked from one that had used {library}, and threads do "
            "not survive that; start processes with multiprocessing.get_context('spawn') or 'forkserver'"
        )


def lose_threads() -> None:
    """Note, in a forked process, which libraries have lost their threads."""
    _lost.update(_used)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=lose_threads)
