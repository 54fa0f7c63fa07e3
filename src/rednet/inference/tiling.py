"""Exact tiling: a large picture restored piece by piece, equal to the whole at once.

A tile is the square that is written; around it a halo is read and dropped. With a halo as wide as the network's
reach, and tile borders on multiples of its stride, every written pixel sees exactly what it would have seen in the
whole picture: there is no seam to blend away. Knows nothing of the network but these two numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError

__all__ = ["apply_tiled", "spans"]

Array = NDArray[np.float32]


def spans(size: int, tile: int, halo: int, stride: int) -> Iterator[tuple[slice, slice]]:
    """Cuts one axis into even tiles of at most `tile` px.

    Yields:
        (written, read): the pixels of the tile, and those that it reads, halo included.
    """
    count = -(-size // tile)
    step = -(-size // (count * stride)) * stride
    for start in range(0, size, step):
        stop = min(start + step, size)
        yield slice(start, stop), slice(max(0, start - halo), min(size, stop + halo))


def apply_tiled(
    function: Callable[[Array], Array],
    planes: Array,
    *,
    tile: int,
    halo: int,
    stride: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Array:
    """Applies a function to a picture, tile by tile.

    Args:
        function: (h, w, P) to (h, w, C), for any h and w.
        planes: (H, W, P).
        tile: largest side of the written squares, px; a multiple of the stride.
        halo: context a side, px; a multiple of the stride.
        stride: of the function's sampling grid.
        progress: called after each tile with the share that is done, 0 to 1.

    Returns:
        (H, W, C).

    Raises:
        OptionError: tile or halo is no multiple of the stride, or tile is below it.
    """
    if tile < stride or tile % stride or halo < 0 or halo % stride:
        raise OptionError(f"tile is {tile} and halo {halo}; both must be multiples of the network's stride {stride}")
    height, width, _ = planes.shape
    if height <= tile and width <= tile:
        result = function(planes)
        progress(1.0)
        return result
    result = np.empty(0, np.float32)
    for rows, read_rows in spans(height, tile, halo, stride):
        for columns, read_columns in spans(width, tile, halo, stride):
            piece = function(planes[read_rows, read_columns])
            if not result.size:
                result = np.empty((height, width, piece.shape[2]), piece.dtype)
            top, left = rows.start - read_rows.start, columns.start - read_columns.start
            result[rows, columns] = piece[
                top : top + rows.stop - rows.start, left : left + columns.stop - columns.start
            ]
            progress((rows.start * width + (rows.stop - rows.start) * columns.stop) / (height * width))
    return result
