"""`rednet inpaint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb

__all__ = ["inpaint"]


@restoring_verb
def inpaint(
    picture: Path,
    mask: Annotated[Path, typer.Option(help="A picture of the same size, white where pixels are missing.")],
) -> Work:
    """Fill missing pixels; all others stay as they are, bit for bit."""

    def work(restorer, image, options):  # type: ignore[no-untyped-def]
        from rednet.images import read_picture

        lost = read_picture(mask).pixels.mean(axis=2) >= 0.5
        return restorer.restore_picture(image, {}, lost, **options)

    return work
