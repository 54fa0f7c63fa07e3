"""`rednet inpaint`."""

from __future__ import annotations

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
        Path,
        typer.Option(
            help="Of the same size, white where pixels are missing; a folder has one per name.", readable=False
        ),
    ],
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit in a lossless format."""
    from rednet.inference.work import Whole

    def work(restorer: Restorer, image: Picture, options: dict[str, Any]) -> Picture:
        from rednet.images import read_picture

        pixels = image.pixels.shape[0] * image.pixels.shape[1]
        path = mask / picture.name if mask.is_dir() else mask
        lost = read_picture(path, max_megapixels=max(1.0, pixels / 1e6)).pixels.mean(axis=2) >= 0.5
        return restorer.restore_picture(image, {}, lost, **options)

    return Whole(work)
