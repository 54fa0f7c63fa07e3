"""`rednet deblur`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb
from rednet.images.formats import kernel_files

__all__ = ["deblur"]


@restoring_verb
def deblur(
    picture: Path,
    kernel: Annotated[
        str, typer.Option(help=f"disk:RADIUS, gaussian:SIGMA, motion:LENGTH,ANGLE, or a {kernel_files()} file.")
    ],
    noise_sigma: Annotated[
        float | None, typer.Option(min=0, max=255, help="Of the noise, 0-255 scale; if left out, it is estimated.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=0, max=32, help="Turns of inverse and network after the first answer; else 2.")
    ] = None,
) -> Work:
    """Undo a blur whose kernel is known."""
    from rednet.classical.kernels import load_kernel
    from rednet.restoring.tasks import deblurring

    return deblurring(load_kernel(kernel), noise_sigma, steps).work()
