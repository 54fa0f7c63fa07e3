"""`rednet inpaint`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rednet.cli.picture import Work, restoring_verb

if TYPE_CHECKING:
    from rednet.images import Picture
    from rednet.inference.restorer import Restorer

__all__ = ["inpaint"]


@restoring_verb
def inpaint(
    picture: Path,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="Of the same size, white where pixels are missing; a folder has one per name.", readable=False
        ),
    ] = None,
    mask_color: Annotated[str | None, typer.Option(help="What is painted in it is missing: '#ff0000'.")] = None,
    tolerance: Annotated[float, typer.Option(min=0, max=255, help="How far the colour may be off, 0-255.")] = 0.0,
    mask_alpha: Annotated[bool, typer.Option("--mask-alpha", help="What is transparent is missing.")] = False,
    find_scratches: Annotated[
        Path | None, typer.Option(help="Look for scratches, and write the mask here, to look at and to edit.")
    ] = None,
    restore_known: Annotated[bool, typer.Option("--restore-known", help="Restore the other pixels, too.")] = False,
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit in a lossless format."""
    sources = [mask is not None, mask_color is not None, mask_alpha, find_scratches is not None]
    if sum(sources) != 1:
        raise typer.BadParameter("say what is missing: one of --mask, --mask-color, --mask-alpha, --find-scratches")

    def work(restorer: Restorer, image: Picture, options: dict[str, Any]) -> Picture:
        from rednet.errors import ImageError
        from rednet.images import from_array, write_picture
        from rednet.inference.plans import mask_of
        from rednet.inference.scratches import find_scratches as search
        from rednet.masks import of_colour

        if mask is not None:
            lost = mask_of(mask / picture.name if mask.is_dir() else mask)(image)
        elif mask_color is not None:
            lost = of_colour(image.pixels, mask_color, tolerance)
        elif find_scratches is not None:
            lost = search(image.pixels)
            write_picture(find_scratches, from_array(lost.astype("uint8") * 255))
            print(f"{find_scratches}: {lost.mean():.1%} of {picture.name} taken for scratches", file=sys.stderr)
        else:
            if image.alpha is None:
                raise ImageError(f"{picture} has no transparency; give --mask or --mask-color")
            lost = image.alpha[:, :, 0] < 0.5
            image = replace(image, alpha=None)
        return restorer.restore_picture(image, {}, lost, restore_known=restore_known, **options)

    return work
