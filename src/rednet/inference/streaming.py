"""A picture of any size in bounded memory: read in bands of rows, restored tile by tile, spooled, then encoded.

The tiles are those of `Restorer.restore_picture`, and each is restored by it, so the result is the same to the bit.
What is restored goes into a temporary raw file beside the output, since no encoder can be fed row by row from outside.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.hints import Facts
from rednet.images import PictureFile
from rednet.images.picture import libvips
from rednet.images.writing import part_file, writing, written_levels
from rednet.inference.restorer import Restorer
from rednet.inference.tiling import tiled_rows

__all__ = ["Spool", "open_spool", "restore_rows"]

Array = NDArray[Any]
VIPS_FORMAT = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}


class Spool:
    """Restored rows in a raw file.

    Args:
        part: the file's path.
        file: the same, open.
    """

    def __init__(self, part: Path, file: BinaryIO) -> None:
        self.part, self.file = part, file
        self.height = self.width = self.bands = 0
        self.depth = ""

    def write(self, levels: Array) -> None:
        """Adds rows, (h, w, bands)."""
        height, self.width, self.bands = levels.shape
        self.height, self.depth = self.height + height, levels.dtype.name
        self.file.write(levels.data if levels.flags.c_contiguous else levels.tobytes())

    def image(self) -> Any:
        """Gives all rows as a libvips image, which reads them as it needs them."""
        self.file.flush()
        return libvips().Image.rawload(
            os.fsencode(self.part), self.width, self.height, self.bands,
            format=VIPS_FORMAT[self.depth], interpretation="srgb" if self.bands > 2 else "b-w", access="sequential",
        )  # fmt: skip


@contextmanager
def open_spool(target: Path) -> Iterator[Spool]:
    """Opens a spool beside the file that will be written; it is removed at the end, whatever happens."""
    with writing(target), part_file(target.parent, ".raw") as (part, file):
        yield Spool(part, file)


def restore_rows(
    restorer: Restorer,
    file: PictureFile,
    page: int,
    facts: Facts,
    suffix: str,
    *,
    strength: float = 1.0,
    self_ensemble: bool = False,
    detail: float = 0.0,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[Array]:
    """Restores a page of a file and gives it from top to bottom, in levels as the format of `suffix` holds them.

    Raises:
        ImageError: the file breaks off. OptionError: an option is out of range, or needs the whole picture.
    """
    if detail:
        raise OptionError("detail is judged by the whole picture")
    stride = restorer.engine.config.stride
    halo = restorer.reach(self_ensemble=self_ensemble, transparency=file.bands in (2, 4))
    # A tile with its halo must not be cut again.
    once = Restorer(restorer.engine, tile=restorer.tile + 2 * (halo + stride))
    options: dict[str, Any] = {"strength": strength, "self_ensemble": self_ensemble}

    def restore_tile(levels: Array) -> Array:
        return written_levels(once.restore_picture(file.picture(levels), facts, **options), suffix)

    bands = tiled_rows(
        restore_tile,
        file.rows(page).read,
        file.height,
        file.width,
        tile=restorer.tile,
        halo=halo,
        stride=stride,
        both_ends=self_ensemble,
        progress=progress,
    )
    yield from (levels for _, levels in bands)
