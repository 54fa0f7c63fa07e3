"""Bytes to files: whole or not at all, and never over a file that nobody gave up."""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.images.colour import Range
from rednet.images.encoding import Saving, check_format, encode, written_format
from rednet.images.locking import HAS_LOCKS, lock
from rednet.images.picture import Picture, libvips, to_array
from rednet.opening import open_regular

__all__ = [
    "check_apart",
    "check_output",
    "check_place",
    "make_folder",
    "part_file",
    "real_place",
    "save_image",
    "save_levels",
    "sweep",
    "write_picture",
    "writing",
    "written_levels",
]

Array = NDArray[Any]

NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # FAT and some network disks
PART = ".rednet-"  # what the name of a file that is being written begins with


def check_output(path: Path, picture: Picture, *, overwrite: bool) -> None:
    """Makes sure, before any work is done, that a picture can be written.

    Raises:
        ImageError: the file exists and `overwrite` is False, its folder is missing, its format is unknown or cannot
            hold the picture.
    """
    height, width = picture.pixels.shape[:2]
    check_format(path, width=width, height=height, alpha=picture.alpha is not None)
    check_place(path, overwrite=overwrite)


def check_place(path: Path, *, overwrite: bool) -> None:
    """Makes sure, by trying, that there is a folder to write into, and no file in the way; raises ImageError."""
    try:
        there, folder = path.parent.is_dir(), path.is_dir()
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror}") from error
    if not there:
        raise ImageError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if folder:
        raise ImageError(f"cannot write {path}: it is a folder")
    if os.path.lexists(path) and not overwrite:
        raise ImageError(f"{path} exists already; choose another name or use --overwrite")
    with writing(path), part_file(path.parent, path.suffix):
        pass


def check_apart(*paths: Path | None) -> None:
    """Makes sure that outputs, of which some may be None, have names of their own; raises OptionError."""
    given = [path for path in paths if path is not None]
    if len({real_place(path) for path in given}) < len(given):
        raise OptionError(f"two outputs have one name ({', '.join(map(str, given))}); give each its own")


def real_place(path: Path) -> Path:
    """Gives where a file lies, by whatever links its folder is reached; a link in its place lies there, too."""
    return Path(os.path.realpath(path.parent), path.name)


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, if they are not there yet; raises ImageError if it cannot."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make the folder {path}: {error.strerror}") from error


def write_picture(path: Path, picture: Picture, *, quality: int = 95, overwrite: bool = False) -> None:
    """Writes a picture with its depth, alpha, colours and metadata, whole or not at all.

    Args:
        path: its suffix chooses the format. JPEG and WebP hold 8 bits; JPEG has no alpha.
        picture: to write.
        quality: of lossy formats, 1 to 100; JPEG keeps its colours at full resolution (4:4:4).
        overwrite: replace an existing file.

    Raises:
        ImageError: see `check_output`; or the disk is full, or writing is not permitted.
        OptionError: quality is out of range.
    """
    saving = Saving(quality=quality, overwrite=overwrite)
    check_output(path, picture, overwrite=overwrite)
    save_levels(path, [written_levels(picture, path.suffix)], picture.header, saving)


def written_levels(picture: Picture, suffix: str) -> Array:
    """Gives a picture as the levels that a format will hold; a range becomes black to white where it has no floats."""
    row = written_format(suffix)
    depth = row.written_depth(picture.depth)
    own_colours = picture.pixels.shape[2] == 3 or row.gray
    if isinstance(picture.colours, Range) and depth.startswith("uint"):
        own_colours = False
    return to_array(replace(picture, depth=depth), own_colours=own_colours)


def save_levels(
    path: Path, pages: Sequence[Array], header: Any, saving: Saving, seal: Callable[[Path], None] = lambda part: None
) -> None:
    """Encodes pages of levels, all of one shape, into a file of its final name.

    Args:
        path: its suffix chooses the format.
        pages: (h, w, bands) each.
        header: a libvips image whose metadata are kept, or None.
        saving: how.
        seal: called with the whole file just before it gets its name.

    Raises:
        ImageError: the file exists and must not be replaced, the disk is full, or writing is not permitted.
    """
    levels = pages[0] if len(pages) == 1 else np.concatenate(pages)
    save_image(path, libvips().Image.new_from_array(levels), header, saving, len(pages), seal)


def save_image(
    path: Path,
    image: Any,
    header: Any,
    saving: Saving,
    pages: int = 1,
    seal: Callable[[Path], None] = lambda part: None,
) -> None:
    """Encodes a libvips image, its pages one below the other; see `save_levels`."""
    with writing(path), part_file(path.parent, path.suffix) as (part, file):
        encode(image, header, file, written_format(path.suffix, path), saving, pages=pages)
        file.flush()
        os.fsync(file.fileno())
        seal(part)
        publish(part, path, overwrite=saving.overwrite)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what may go wrong while a file is written into one line of ours."""
    try:
        yield
    except FileExistsError:
        raise ImageError(f"{path} exists already; choose another name or use --overwrite") from None
    except (libvips().Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"cannot write {path}: {reason.strip().splitlines()[-1]}") from error


@contextmanager
def part_file(folder: Path, suffix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Opens a file of a temporary name, which is removed at the end unless it was published.

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


def publish(part: Path, path: Path, *, overwrite: bool) -> None:
    """Gives a part file its final name; raises FileExistsError rather than replace one that must not be."""
    if overwrite:
        part.replace(path)
    else:
        rename_to_new(part, path)


def rename_to_new(source: Path, target: Path) -> None:
    """Renames a file, and raises FileExistsError rather than replace one that has appeared meanwhile."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        source.replace(target)


def sweep(folder: Path) -> None:
    """Removes what a killed run left in a folder; files that a living process writes are locked, and stay.

    Where there are no locks, as on Windows, all stay.
    """
    for part in folder.glob(f"{PART}*.part*"):
        try:
            with open_regular(part) as file:
                if lock(file):
                    part.unlink()
        except OSError:  # being written, or not ours to remove
            continue
