"""What a verb does to a picture: the plan that files, folders and the command line share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.images import Picture
from rednet.restoring.inspection import Finding
from rednet.restoring.restorer import Restorer

__all__ = ["USUAL_FLOATS", "Local", "Whole", "Work"]

Pixels = NDArray[np.float32]

USUAL_FLOATS = 0, 10


@dataclass(frozen=True)
class Local:
    """Work that looks no further around a pixel than the network does, so that it can be done piece by piece.

    Args:
        find: decides what to tell the network, from (some of the picture's rows, the file it came from); the first is a
            function, since most work does not look.
    """

    find: Callable[[Callable[[], Pixels], Path | None], Finding]


@dataclass(frozen=True)
class Whole:
    """Work that needs the whole picture at once.

    Args:
        run: (restorer, picture, options of `Restorer.restore_picture`) -> picture.
        words: what it does, for a person.
        scale: how many times wider and higher the result is.
        opaque: the result has no transparency, whatever the picture has.
        floats: that a pixel takes at the worst time, besides and for each channel.
    """

    run: Callable[[Restorer, Picture, dict[str, Any]], Picture]
    words: str = ""
    scale: int = 1
    opaque: bool = False
    floats: tuple[int, int] = USUAL_FLOATS


Work = Local | Whole
