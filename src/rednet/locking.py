"""Locks open files where the system and the disk support it; a lock ends with the open file or its process."""

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
    """Lock an open file until it is closed.

    Args:
        file: the file.
        wait: wait until no other process holds the lock.

    Returns:
        Whether the file is locked; False where locks are not supported, as on some network disks.

    Raises:
        BlockingIOError: another process holds the lock, and `wait` is False.
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
