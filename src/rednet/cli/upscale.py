"""`rednet upscale`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rednet.cli.picture import Work, restoring_verb

__all__ = ["upscale"]


@restoring_verb
def upscale(
    picture: Path, scale: Annotated[int, typer.Option(min=2, max=4, help="How many times wider and higher.")] = 2
) -> Work:
    """Enlarge a picture, or those of a folder, 2, 3 or 4 times."""
    from rednet.restoring.tasks import enlarging

    return enlarging(scale).work()
