"""Writes files whole or not at all: under a temporary name in the same folder, then renamed."""

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

__all__ = ["PART", "part_file", "sweep", "whole_file"]

NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # FAT and some network disks
PART = ".rednet-"  # prefix of temporary names


@contextmanager
def part_file(folder: Path, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a file with a temporary name; remove it at the end unless it was renamed.

    The file is locked while it is open, so that `sweep` can tell it from a file that a killed process left. If the file
    cannot be locked, its name gets the ending `.open`, and `sweep` never removes it: to another process or machine,
    which may support locks there, it would look like a file that was left.
    """
    while True:
        name = f"{PART}{uuid.uuid4().hex}"
        part = folder / f"{name}.part{suffix}"
        try:
            with part.open("x+b") as file:
                if HAS_LOCKS and not lock(file, wait=True):
                    part = part.rename(folder / f"{name}.open{suffix}")
                if part.exists():  # else another process removed it before it was locked
                    yield part, file
                    return
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def whole_file(
    path: Path, *, overwrite: bool = True, seal: Callable[[Path], None] = lambda part: None
) -> Iterator[BinaryIO]:
    """Open a file for writing; it gets its name at the end, when its whole content is on the disk.

    Args:
        path: final name of the file.
        overwrite: replace an existing file of that name.
        seal: called with the path of the finished temporary file just before it is renamed.

    Raises:
        FileExistsError: a file of that name exists, and `overwrite` is False.
    """
    with part_file(path.parent, path.suffix) as (part, file):
        yield file
        file.flush()
        os.fsync(file.fileno())
        if not HAS_LOCKS:  # Windows, which renames no open file
            file.close()
        seal(part)
        if overwrite:
            part.replace(path)
        else:
            _rename_to_new(part, path)


def _rename_to_new(source: Path, target: Path) -> None:
    """Rename a file; raise FileExistsError if the target exists, even if it was created just now."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        source.replace(target)


def sweep(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder.

    Temporary files of running processes are locked and stay. Where locks are not supported, as on Windows, all stay.
    """
    for part in folder.glob(f"{PART}*.part*"):
        try:
            with open_regular(part) as file:
                if lock(file):
                    part.unlink()
        except OSError:  # another process is writing it, or we may not remove it
            continue
