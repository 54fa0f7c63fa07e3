"""`rednet restore`: look at the picture, say what is wrong, repair it."""

from __future__ import annotations

from pathlib import Path

from rednet.cli.picture import Work, restoring_verb

__all__ = ["restore"]


@restoring_verb
def restore(picture: Path) -> Work:
    """Look at a picture, or at those of a folder, say what is wrong, and restore them."""
    from rednet.restoring.tasks import automatic

    return automatic().work()
