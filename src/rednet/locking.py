"""Locks on open files, where the system and the disk have them; they end with the file, or with its process."""

from __future__ import annotations

import errno
from typing import IO, Any

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["HAS_LOCKS", "lock"]

HAS_LOCKS = fcntl is not None
TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)


def lock(file: IO[Any], *, wait: bool = False) -> bool:
    """Locks an open file.

    Args:
        file: to lock until it is closed.
        wait: for whoever has locked it.

    Returns:
        Whether it is locked; False where there are no locks, as on some network disks.

    Raises:
        BlockingIOError: another process has locked it.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in TAKEN:
            raise BlockingIOError(error.errno, error.strerror) from error
        return False
    return True
