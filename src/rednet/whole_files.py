"""Files that are there whole or not at all: written under a temporary name beside their place, then renamed."""

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
PART = ".rednet-"  # what the name of a file that is being written begins with


@contextmanager
def part_file(folder: Path, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file of a temporary name, which is removed at the end unless it was published.

    As long as it is open it is locked, so that `sweep` can tell it from what a killed run left. Where it cannot be
    locked, it gets a name that is never swept: another process, or another machine, may well have locks there.
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
    """Open a file to be written, which gets its name at the end, when all of it is on the disk.

    Args:
        path: its name.
        overwrite: replace the file of that name, if there is one.
        seal: called with the whole file just before it gets its name.

    Raises:
        FileExistsError: there is a file of that name, and it must not be replaced.
    """
    with part_file(path.parent, path.suffix) as (part, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        seal(part)
        publish(part, path, overwrite=overwrite)


def publish(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give a part file its final name; raise FileExistsError rather than replace one that must not be."""
    if overwrite:
        part.replace(path)
    else:
        rename_to_new(part, path)


def rename_to_new(source: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError rather than replace one that has appeared meanwhile."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        source.replace(target)


def sweep(folder: Path) -> None:
    """Remove what a killed run left in a folder; files that a living process writes are locked, and stay.

    Where there are no locks, as on Windows, all stay.
    """
    for part in folder.glob(f"{PART}*.part*"):
        try:
            with open_regular(part) as file:
                if lock(file):
                    part.unlink()
        except OSError:  # being written, or not ours to remove
            continue
