"""What a person has painted over a picture: PNG files as large as the picture is shown, and nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.classical.masks import to_layer
from rednet.errors import OptionError
from rednet.images import read_picture
from rednet.web.incoming import own_file

__all__ = ["read_strokes"]

HEAD = struct.Struct(">8sI4sII")  # of a PNG: its first bytes, then length, name, width and height of its first part
SIGNATURE, FIRST, FIRST_BYTES = b"\x89PNG\r\n\x1a\n", b"IHDR", 13
MOST_BYTES = 8 << 20
MOST_LAYERS = 4


def read_strokes(
    paths: Iterable[Path], folder: Path, size: tuple[int, int], colour: tuple[int, int, int]
) -> list[NDArray[np.uint8]]:
    """Read what was painted.

    Args:
        paths: of the layers.
        folder: where they must lie.
        size: width and height of the picture as it is shown, px; those of every layer.
        colour: that they get.

    Returns:
        (height, width, 4) each, transparent where nothing was painted.

    Raises:
        OptionError: there are too many, or one is no such PNG.
    """
    layers = []
    for number, path in enumerate(paths):
        file = own_file(str(path), folder)
        check_head(file, size)
        if number == MOST_LAYERS or file.stat().st_size > MOST_BYTES:
            raise OptionError(
                f"what was painted is too much; the page takes {MOST_LAYERS} layers of {MOST_BYTES} bytes"
            )
        alpha = read_picture(file, max_megapixels=size[0] * size[1] / 1e6 + 1e-9).alpha
        if alpha is None:
            raise OptionError("what was painted has no transparency, so it covers the whole picture; paint again")
        layers.append(to_layer(alpha[:, :, 0] > 0, colour))
    return layers


def check_head(path: Path, size: tuple[int, int]) -> None:
    """Make sure by its first bytes, before any of it is decoded, that a file is a PNG of a size; raises OptionError."""
    with path.open("rb") as file:
        head = file.read(HEAD.size)
    if len(head) == HEAD.size:
        signature, length, name, *found = HEAD.unpack(head)
        if (signature, length, name, tuple(found)) == (SIGNATURE, FIRST_BYTES, FIRST, size):
            return
    raise OptionError(f"what was painted is not a PNG of {size[0]}x{size[1]} px, as the page sends it; paint again")
