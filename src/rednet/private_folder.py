"""The private folder of a process: it holds all its temporary files, and is deleted after the end of the process.

All processes of a user have their folders below one parent. Beside each folder is a file that its process keeps locked.
A folder without a locked file belonged to a process that was killed; the next process deletes it.
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

LOCK = ".lock"  # the ending of a lock file
OWNER_ONLY = 0o700


def parent_folder() -> Path:
    """Return the parent of this user's private folders; make it if it does not exist.

    Raises:
        OptionError: it is no folder, or others have access to it.
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
    """Delete the folders of dead processes; return their number."""
    sweep(parent)  # the locks of the dead
    removed = 0
    for folder in parent.iterdir():
        if folder.is_dir() and not folder.is_symlink() and not (parent / f"{folder.name}{LOCK}").exists():
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder for this process, with mode 0700; all temporary files go there until the context ends.

    TMPDIR tells other packages and libvips.
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
