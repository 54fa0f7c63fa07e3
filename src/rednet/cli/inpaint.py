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
    mask: Annotated[Path, typer.Option(help="A picture of the same size, white where pixels are missing.")],
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit."""

    def work(restorer: Restorer, image: Picture, options: dict[str, Any]) -> Picture:
        from rednet.images import read_picture

        lost = read_picture(mask).pixels.mean(axis=2) >= 0.5
        return restorer.restore_picture(image, {}, lost, **options)

    return work
