"""Writes files completely or not at all: under a temporary name in the same folder, and then renames them."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rednet.locking import HAS_LOCKS, lock
from rednet.opening import open_regular

__all__ = ["part_file", "sweep", "whole_file"]

NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # FAT and some network disks
PART = ".rednet-"  # the beginning of a temporary name


@contextmanager
def part_file(folder: Path, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file with a temporary name, which is removed at the end unless it was published.

    The file is locked while it is open, so that `sweep` can tell it from one that a killed run left. A file that cannot
    be locked gets a name that `sweep` skips, since another process, or another machine, may have locks there.
    """
    while True:
        name = f"{PART}{uuid.uuid4().hex}"
        part = folder / f"{name}.part{suffix}"
        try:
            with part.open("x+b") as file:
                if HAS_LOCKS and not lock(file, wait=True):
                    part = part.rename(folder / f"{name}.open{suffix}")
                if part.exists():  # else another process has swept it away before it was locked
                    yield part, file
                    return
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def whole_file(
    path: Path, *, overwrite: bool = True, seal: Callable[[Path], None] = lambda part: None
) -> Iterator[BinaryIO]:
    """Open a file for writing; it gets its name at the end, when all of it is on the disk.

    Args:
        path: its final name.
        overwrite: replace an existing file.
        seal: called with the complete file just before it gets its name.

    Raises:
        FileExistsError: a file of that name exists, and `overwrite` is False.
    """
    with part_file(path.parent, path.suffix) as (part, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        seal(part)
        publish(part, path, overwrite=overwrite)


def publish(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give a part file its final name; raise FileExistsError if a file exists and `overwrite` is False."""
    if overwrite:
        part.replace(path)
    else:
        rename_to_new(part, path)


def rename_to_new(source: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError if the target exists."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        source.replace(target)


def sweep(folder: Path) -> None:
    """Remove temporary files of killed runs from a folder; files that a process still writes are locked, and stay.

    Where there are no locks, as on Windows, all files stay.
    """
    for part in folder.glob(f"{PART}*.part*"):
        try:
            with open_regular(part) as file:
                if lock(file):
                    part.unlink()
        except OSError:  # it is being written, or may not be removed
            continue
