"""`rednet inpaint`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb
from rednet.cli.scratches import place_of_scratches

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
        bool,
        typer.Option(
            "--find-scratches",
            help="Look for scratches, mark them in NAME-scratches.png beside the picture, and ask before filling them.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Fill what --find-scratches marks without asking.")] = False,
    restore_known: Annotated[bool, typer.Option("--restore-known", help="Restore the other pixels, too.")] = False,
    *,
    inputs: tuple[Path, ...] = (),
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit in a lossless format."""
    from rednet.images.reading import is_folder
    from rednet.restoring.tasks import filling, mask_of, mask_of_alpha, mask_of_colour

    sources = [mask is not None, mask_color is not None, mask_alpha, find_scratches]
    if sum(sources) != 1:
        raise typer.BadParameter("say what is missing: one of --mask, --mask-color, --mask-alpha, --find-scratches")
    if yes and not find_scratches:
        raise typer.BadParameter("--yes belongs to --find-scratches")
    if mask is not None:
        missing = mask_of(place_of_mask(picture, inputs, mask) if is_folder(mask) else mask)
    elif mask_color is not None:
        missing = mask_of_colour(mask_color, tolerance)
    elif find_scratches:
        missing = mask_of(place_of_scratches(picture))  # where it lies once it has been found, see `propose_scratches`
    else:
        missing = mask_of_alpha
    return filling(missing, restore_known).work()


def place_of_mask(picture: Path, inputs: tuple[Path, ...], masks: Path) -> Path:
    """Finds the mask of a picture in a folder of masks.

    Args:
        picture: a file.
        inputs: what the command was given; the folder that the picture was found in or below is mirrored by that of
            the masks.
        masks: the folder.
    """
    from rednet.images.reading import is_folder

    folder = next((path for path in inputs if is_folder(path) and picture.is_relative_to(path)), picture.parent)
    place = masks / picture.relative_to(folder)
    png = place.parent / f"{place.stem}.png"
    return png if os.path.lexists(png) and not os.path.lexists(place) else place
