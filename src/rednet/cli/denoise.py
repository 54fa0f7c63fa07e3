"""`rednet denoise`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb

__all__ = ["denoise"]


@restoring_verb
def denoise(
    picture: Path,
    sigma: Annotated[
        float | None, typer.Option(min=0, max=255, help="Standard deviation of the noise, 0-255 scale, if known.")
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Of the JPEG that it was saved as; if left out, a JPEG file tells."),
    ] = None,
) -> Work:
    """Remove noise from a picture, or from those of a folder."""
    from rednet.restoring.tasks import denoising

    return denoising(sigma, quality).work()
