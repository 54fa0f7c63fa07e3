"""Opens the files that users name. Only regular files: reading a pipe or a device may block or never end."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

__all__ = ["open_regular"]

# Without O_NONBLOCK, opening a pipe waits for a writer. Windows has neither flag, and needs O_BINARY.
FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: the path is missing or not readable, or it is a folder, a pipe, a socket or a device.
    """
    _check_regular(os.stat(path), path)  # noqa: PTH116  # the path may also be a str
    descriptor = os.open(path, FLAGS)
    try:
        _check_regular(os.fstat(descriptor), path)  # the path may name another file by now
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _check_regular(status: os.stat_result, path: Path) -> None:
    """Raise OSError unless the status describes a regular file."""
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device; give a regular file", str(path))
