"""Exact tiling: the result of all tiles together equals the result of the whole picture.

A tile is the square that is written; the function also reads a halo around it, and its result there is dropped. If the
halo is at least the network's reach, and tiles begin and end on multiples of its stride, each written pixel depends on
the same input as in the whole picture. So there are no seams. This file needs only these two numbers of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.progress import Progress, silent

__all__ = ["spans", "tiled_rows"]

Piece = NDArray[Any]


def spans(size: int, tile: int, halo: int, stride: int, *, both_ends: bool = False) -> Iterator[tuple[slice, slice]]:
    """Cut one axis into tiles of equal size, at most `tile` px.

    Args:
        size: length of the axis, px.
        tile, halo, stride: see `tiled_rows`.
        both_ends: let each read range end on the sampling grid counted from the far end, for functions that flip or
            rotate the tile.

    Yields:
        (written, read): the pixels of the tile, and the pixels that the function reads, halo included.
    """
    count = -(-size // tile)
    step = -(-size // (count * stride)) * stride
    for start in range(0, size, step):
        stop = min(start + step, size)
        end = stop + halo
        if both_ends:
            end += (size - end) % stride
        yield slice(start, stop), slice(max(0, start - halo), min(size, end))


def tiled_rows(
    function: Callable[[Piece], Piece],
    read: Callable[[slice], Piece],
    height: int,
    width: int,
    *,
    tile: int,
    halo: int,
    stride: int = 1,
    both_ends: bool = False,
    progress: Progress = silent,
) -> Iterator[tuple[slice, Piece]]:
    """Apply a function to a picture tile by tile, and yield the result row of tiles by row of tiles, from the top.

    Args:
        function: (h, w, P) -> (h, w, C), for any h and w.
        read: returns the rows of a slice, (h, width, P); each slice begins and ends further down than the one before.
        height, width: of the picture, px.
        tile: largest side of a tile, px; a multiple of the stride.
        halo: context a side, px; a multiple of the stride.
        stride: sampling grid of the function, px.
        both_ends: the function flips or rotates the tile, so its sampling grid must fit from both ends.
        progress: called after each tile with the finished fraction, 0 to 1.

    Yields:
        A slice of rows, and their result, (h, width, C).

    Raises:
        OptionError: tile or halo is not a multiple of the stride, or tile is smaller than the stride.
    """
    if tile < stride or tile % stride or halo < 0 or halo % stride:
        raise OptionError(f"tile is {tile} and halo {halo}; both must be multiples of the network's stride {stride}")
    for rows, read_rows in spans(height, tile, halo, stride, both_ends=both_ends):
        band = read(read_rows)
        result: Piece | None = None
        high, top = rows.stop - rows.start, rows.start - read_rows.start
        for columns, read_columns in spans(width, tile, halo, stride, both_ends=both_ends):
            piece = function(band[:, read_columns])
            if result is None:
                result = np.empty((high, width, piece.shape[2]), piece.dtype)
            wide, left = columns.stop - columns.start, columns.start - read_columns.start
            result[:, columns] = piece[top : top + high, left : left + wide]
            progress((rows.start * width + high * columns.stop) / (height * width))
        assert result is not None
        yield rows, result
