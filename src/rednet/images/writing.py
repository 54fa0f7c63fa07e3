"""Bytes to files: whole or not at all, and over an existing file only if that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.images.encoding import check_format, encode, losses, written_format
from rednet.images.picture import Picture, libvips, to_array
from rednet.images.saving import Saving
from rednet.warning import warn
from rednet.whole_files import part_file, whole_file

__all__ = [
    "IN_THE_WAY",
    "check_apart",
    "check_output",
    "check_place",
    "make_folder",
    "real_place",
    "save_image",
    "save_levels",
    "write_picture",
    "writing",
    "written_levels",
]

Array = NDArray[Any]

IN_THE_WAY = "choose another name, or ask for it to be overwritten"


def check_output(path: Path, picture: Picture, *, overwrite: bool) -> None:
    """Make sure, before any work is done, that a picture can be written.

    Raises:
        ImageError: the file exists and `overwrite` is False, its folder is missing, its format is unknown or cannot
            hold the picture.
    """
    height, width = picture.pixels.shape[:2]
    check_format(path, width=width, height=height, alpha=picture.alpha is not None, data=not picture.bands.plain)
    check_place(path, overwrite=overwrite)


def check_place(path: Path, *, overwrite: bool) -> None:
    """Raise ImageError unless the folder can be written to, which is tried, and no file is in the way."""
    try:
        there, folder = path.parent.is_dir(), path.is_dir()
    except OSError as error:
        raise ImageError(f"cannot write {path}: {error.strerror}") from error
    if not there:
        raise ImageError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if folder:
        raise ImageError(f"cannot write {path}: it is a folder")
    if os.path.lexists(path) and not overwrite:
        raise ImageError(f"{path} exists already; {IN_THE_WAY}", option="overwrite")
    with writing(path), part_file(path.parent, path.suffix):
        pass


def check_apart(*paths: Path | None) -> None:
    """Raise OptionError if two outputs, some of which may be None, have the same name."""
    given = [path for path in paths if path is not None]
    if len({real_place(path) for path in given}) < len(given):
        raise OptionError(f"two outputs have one name ({', '.join(map(str, given))}); give each its own")


def real_place(path: Path) -> Path:
    """Return the place of a file with the links of its folder followed; the file itself may be a link, and is not."""
    return Path(os.path.realpath(path.parent), path.name)


def make_folder(path: Path) -> None:
    """Make a folder and those above it if they do not exist; raise ImageError if this fails."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(f"cannot make the folder {path}: {error.strerror}") from error


def write_picture(path: str | Path, picture: Picture, *, quality: int = 95, overwrite: bool = False) -> None:
    """Write a picture with its depth, alpha, colours and metadata, whole or not at all.

    Args:
        path: its suffix chooses the format. JPEG and WebP hold 8 bits; JPEG has no alpha.
        picture: the picture to write.
        quality: quality of lossy formats, 1 to 100; JPEG keeps its colours at full resolution (4:4:4).
        overwrite: replace an existing file.

    Raises:
        ImageError: see `check_output`; or the disk is full, or writing is not permitted.
        OptionError: quality is out of range.
    """
    path, saving = Path(path), Saving(quality=quality, overwrite=overwrite)
    check_output(path, picture, overwrite=overwrite)
    scale = 1 if picture.header is None else max(1, round(picture.pixels.shape[1] / picture.header.width))
    lost = losses(picture.header, written_format(path.suffix), scale=scale, strip=False)
    if lost:
        warn(f"{path}: cannot be kept: {'; '.join(lost)}")
    save_levels(path, [written_levels(picture, path.suffix)], picture.header, saving)


def written_levels(picture: Picture, suffix: str) -> Array:
    """Return a picture as the levels that a format will hold.

    Where the format cannot hold the values of a range, black to white of the range becomes that of the format.
    """
    row = written_format(suffix)
    depth = row.written_depth(picture.depth)
    own_colours = picture.pixels.shape[2] >= 3 or row.gray
    if (
        picture.colours is not None
        and picture.colours.own_units
        and depth.startswith("uint")
        and depth != picture.depth
    ):
        picture = replace(picture, native=None, colours=None)
    return to_array(replace(picture, depth=depth), own_colours=own_colours)


def save_levels(
    path: Path, pages: Sequence[Array], header: Any, saving: Saving, seal: Callable[[Path], None] = lambda part: None
) -> None:
    """Encode pages of levels, all of one shape, into a file of its final name.

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
    """Encode a libvips image, its pages one below the other; see `save_levels`."""
    with writing(path), whole_file(path, overwrite=saving.overwrite, seal=seal) as file:
        encode(image, header, file, written_format(path.suffix, path), saving, pages=pages)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn errors in writing a file into an ImageError of one line."""
    try:
        yield
    except FileExistsError:
        raise ImageError(f"{path} exists already; {IN_THE_WAY}", option="overwrite") from None
    except (libvips().Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(f"cannot write {path}: {reason.strip().splitlines()[-1]}") from error
