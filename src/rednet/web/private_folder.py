"""The private folder of a server: all its files lie here, and it goes when the server goes, even if that was killed.

All servers of a user have their folders below one parent. Beside each lies a file that its server keeps locked as long
as it lives; a folder whose lock is gone belongs to a dead server, and the next one removes it.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rednet.errors import OptionError
from rednet.whole_files import part_file, sweep

__all__ = ["parent_folder", "private_folder", "remove_leftovers"]

LOCK = ".server"  # ends the name of a lock
OWNER_ONLY = 0o700


def parent_folder() -> Path:
    """Gives the folder that holds those of all servers of this user; made if need be.

    Raises:
        OptionError: something else is there, or it is not ours alone.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    parent = Path(tempfile.gettempdir()) / f"rednet-{user}"
    parent.mkdir(mode=OWNER_ONLY, exist_ok=True)
    status = parent.lstat()
    ours = stat.S_ISDIR(status.st_mode) and (not hasattr(os, "getuid") or status.st_uid == user)
    if not ours or (os.name == "posix" and status.st_mode & 0o077):
        raise OptionError(f"{parent} is not a folder of ours alone; remove it, or set TMPDIR to another place")
    return parent


def remove_leftovers(parent: Path) -> int:
    """Removes the folders of dead servers; gives their number."""
    sweep(parent)  # the locks of the dead
    removed = 0
    for folder in parent.iterdir():
        if folder.is_dir() and not folder.is_symlink() and not (parent / f"{folder.name}{LOCK}").exists():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def private_folder() -> Iterator[Path]:
    """Makes a folder for this process, 0700, in which all temporary files go until the end.

    Other packages, and libvips, are told by TMPDIR.
    """
    parent = parent_folder()
    remove_leftovers(parent)
    with part_file(parent, LOCK) as (lock, _):
        folder = parent / lock.name.removesuffix(LOCK)
        folder.mkdir(mode=OWNER_ONLY)
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        told = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before
            if told is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = told
            shutil.rmtree(folder, ignore_errors=True)
