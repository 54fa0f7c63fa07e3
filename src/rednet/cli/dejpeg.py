"""`rednet dejpeg`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rednet.cli.picture import Work, restoring_verb

if TYPE_CHECKING:
    from rednet.images import Picture
    from rednet.inference.restorer import Restorer

__all__ = ["dejpeg"]


@restoring_verb
def dejpeg(
    picture: Path,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="At which it was compressed; if left out, a JPEG file tells.")
    ] = None,
) -> Work:
    """Remove JPEG blocks and rings from a picture."""

    def work(restorer: Restorer, image: Picture, options: dict[str, Any]) -> Picture:
        from rednet.inference.inspect import jpeg_quality

        return restorer.restore_picture(image, {"quality": quality or jpeg_quality(picture)}, **options)

    return work
