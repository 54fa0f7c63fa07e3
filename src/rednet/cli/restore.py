"""`rednet restore`: look at the picture, say what is wrong, repair it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rednet.cli.picture import Work, restoring_verb

if TYPE_CHECKING:
    from rednet.images import Picture
    from rednet.inference.restorer import Restorer

__all__ = ["restore"]


@restoring_verb
def restore(picture: Path) -> Work:
    """Look at a picture, say what is wrong with it, and restore it."""

    def work(restorer: Restorer, image: Picture, options: dict[str, Any]) -> Picture:
        from rednet.inference.inspect import inspect

        finding = inspect(image.pixels, picture)
        print(f"{picture}: {finding.words}", file=sys.stderr)
        return restorer.restore_picture(image, finding.facts, **options)

    return work
