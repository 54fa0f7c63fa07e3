"""Scratches: rednet writes a mask of them beside the picture, and fills them only if the user agrees."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import typer

from rednet.classical.masks import Mask, from_picture
from rednet.cli.hints import shown
from rednet.errors import ImageError, OptionError, RednetError
from rednet.files.file import FileTask
from rednet.files.listing import output_name
from rednet.images import from_array, read_picture, write_picture
from rednet.restoring.missing import mask_of_scratches

__all__ = ["place_of_scratches", "propose_scratches"]


def place_of_scratches(picture: Path) -> Path:
    """Return the path of the mask of a picture's scratches, beside the picture."""
    return picture.with_name(output_name(picture, suffix="-scratches", format="png"))


def propose_scratches(task: FileTask, *, fill: bool) -> None:
    """Write the mask of what looks like scratches, say how much that is, and ask whether to fill it.

    An existing mask stays if it marks the same pixels.

    Args:
        task: of the picture, loaded.
        fill: fill without asking.

    Raises:
        OptionError: nothing looks like a scratch, or the user does not agree. ImageError: another mask exists already.
    """

    picture, place, overwrite = task.source, place_of_scratches(task.source), task.handling.saving.overwrite
    if len(task.pictures) != 1:
        raise OptionError(f"{picture} has {len(task.pictures)} pages; --find-scratches takes files of one page")
    lost = mask_of_scratches(task.pictures[0])
    if not lost.any():
        raise OptionError(f"nothing in {picture} looks like a scratch; paint a mask yourself, and give it with --mask")
    if overwrite or not os.path.lexists(place):
        write_picture(place, from_array(lost.astype("uint8") * 255), overwrite=overwrite)
    elif not _marks(place, lost):
        raise ImageError(
            f"{place} exists already, and marks something else than what is found now; fill that with --mask {place}, "
            "or replace it with --overwrite"
        )
    words = f"{place}: marks {lost.mean():.1%} of the picture as scratched; look whether that is right"
    print(shown(words), file=sys.stderr)
    if fill or (sys.stdin.isatty() and typer.confirm("Fill what is marked?", err=True)):
        return
    raise OptionError(
        f"nothing was filled; correct {place} in a drawing program and give it with --mask {place}, or say --yes"
    )


def _marks(place: Path, lost: Mask) -> bool:
    """Return whether the picture at `place` marks exactly the pixels that were found."""
    try:
        drawn = read_picture(place, max_megapixels=max(1.0, lost.size / 1e6))
    except RednetError:
        return False
    return np.array_equal(from_picture(drawn.pixels, drawn.alpha), lost)
