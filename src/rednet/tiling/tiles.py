"""Exact tiling: a large picture restored piece by piece, equal to the whole at once.

A tile is the square that is written; around it a halo is read and dropped. With a halo as wide as the network's
reach, and tile borders on multiples of its stride, every written pixel sees exactly what it would have seen in the
whole picture: there is no seam to blend away. Knows nothing of the network but these two numbers.
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
    """Cuts one axis into even tiles of at most `tile` px.

    Args:
        size: of the axis, px.
        tile, halo, stride: see `tiled_rows`.
        both_ends: end what is read on the sampling grid as it is counted from the far end, for functions that turn the
            tile round.

    Yields:
        (written, read): the pixels of the tile, and those that it reads, halo included.
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
    """Applies a function to a picture, tile by tile, and gives the result in bands of rows from top to bottom.

    Args:
        function: (h, w, P) to (h, w, C), for any h and w.
        read: gives some rows, (h, width, P); each time it is asked for rows that begin and end further down.
        height, width: of the picture.
        tile: largest side of the written squares, px; a multiple of the stride.
        halo: context a side, px; a multiple of the stride.
        stride: of the function's sampling grid.
        both_ends: the function turns the tile round, so that its grid must fit from either end.
        progress: called after each tile with the share that is done, 0 to 1.

    Yields:
        The rows of a band, and its result, (h, width, C).

    Raises:
        OptionError: tile or halo is no multiple of the stride, or tile is below it.
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
