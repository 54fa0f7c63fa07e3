"""Raises an error in a forked process that would otherwise hang.

A fork copies a library's memory but not its threads. ncnn, torch and ONNX Runtime hang in a process that was forked
after they had been used, in most cases even if the network is loaded again; libvips hangs with some pictures. The
threads cannot be restored, so we raise an error at once.
"""

from __future__ import annotations

import os

from rednet.errors import RednetError

__all__ = ["check_threads", "mark_threads"]

_used: set[str] = set()
_lost: set[str] = set()


def mark_threads(library: str) -> None:
    """Record that this process uses a library with its own threads."""
    _used.add(library)


def check_threads(library: str, error: type[RednetError]) -> None:
    """Raise an error if this process was forked from a process that had used the library."""
    if library in _lost:
        raise error(
            f"{library} cannot work in this process: it was forked from a process that had used {library}, and threads "
            "do not survive a fork; start processes with multiprocessing.get_context('spawn') or 'forkserver'"
        )


def _lose_threads() -> None:
    """Record, in a forked process, that the libraries in use have lost their threads."""
    _lost.update(_used)


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_lose_threads)
