"""`rednet dejpeg`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb

__all__ = ["dejpeg"]


@restoring_verb
def dejpeg(
    picture: Path,
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="At which it was compressed; if left out, a JPEG file tells.")
    ] = None,
    sigma: Annotated[
        float | None, typer.Option(min=0, max=255, help="Standard deviation of noise under it, 0-255 scale, if any.")
    ] = None,
) -> Work:
    """Remove JPEG blocks and rings from a picture, or from those of a folder."""
    from rednet.restoring.tasks import deblocking

    return deblocking(quality, sigma).work()
