"""`rednet inpaint`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rednet.cli.picture import Work, restoring_verb

if TYPE_CHECKING:
    from rednet.images import Picture
    from rednet.masks import Mask

__all__ = ["inpaint"]


@restoring_verb
def inpaint(
    picture: Path,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="Of the same size, white where pixels are missing. A folder holds one at the place of each picture, "
            "named as it is, or .png.",
            readable=False,
        ),
    ] = None,
    mask_color: Annotated[str | None, typer.Option(help="What is painted in it is missing: '#ff0000'.")] = None,
    tolerance: Annotated[float, typer.Option(min=0, max=255, help="How far the colour may be off, 0-255.")] = 0.0,
    mask_alpha: Annotated[bool, typer.Option("--mask-alpha", help="What is transparent is missing.")] = False,
    find_scratches: Annotated[
        Path | None, typer.Option(help="Look for scratches, and write the mask here, to look at and to edit.")
    ] = None,
    restore_known: Annotated[bool, typer.Option("--restore-known", help="Restore the other pixels, too.")] = False,
    *,
    overwrite: bool = False,
    inputs: Path = Path(),
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit in a lossless format."""
    from rednet.images.reading import is_folder
    from rednet.inference.plans import filling, mask_of, mask_of_alpha, mask_of_colour

    sources = [mask is not None, mask_color is not None, mask_alpha, find_scratches is not None]
    if sum(sources) != 1:
        raise typer.BadParameter("say what is missing: one of --mask, --mask-color, --mask-alpha, --find-scratches")
    if mask is not None:
        missing = mask_of(place_of_mask(picture, inputs, mask) if is_folder(mask) else mask)
    elif mask_color is not None:
        missing = mask_of_colour(mask_color, tolerance)
    elif find_scratches is not None:
        missing = scratches_written_to(find_scratches, overwrite=overwrite)
    else:
        missing = mask_of_alpha
    return filling(missing, restore_known).work()


def place_of_mask(picture: Path, inputs: Path, masks: Path) -> Path:
    """Finds the mask of a picture in a folder of masks, which mirrors that of the pictures.

    Args:
        picture: a file.
        inputs: what the command was given: the folder that it was found in or below, or a file.
        masks: the folder.
    """
    from rednet.images.reading import is_folder

    place = masks / (picture.relative_to(inputs) if is_folder(inputs) else picture.name)
    png = place.parent / f"{place.stem}.png"
    return png if os.path.lexists(png) and not os.path.lexists(place) else place


def scratches_written_to(path: Path, *, overwrite: bool) -> Callable[[Picture], Mask]:
    """Gives a function that looks for scratches, and writes the mask before it is used."""
    from rednet.errors import OptionError
    from rednet.images import from_array, write_picture
    from rednet.images.writing import check_place
    from rednet.inference.plans import mask_of_scratches

    check_place(path, overwrite=overwrite)
    written = False

    def find(picture: Picture) -> Mask:
        nonlocal written
        if written:
            raise OptionError("--find-scratches takes files of one page")
        lost = mask_of_scratches(picture)
        write_picture(path, from_array(lost.astype("uint8") * 255), overwrite=overwrite)
        written = True
        print(f"{path}: {lost.mean():.1%} of the picture taken for scratches", file=sys.stderr)
        return lost

    return find
