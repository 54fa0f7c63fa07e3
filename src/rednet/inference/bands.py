"""Bands of rows: a picture that is led through a function from top to bottom, and nothing is computed twice.

What one band leaves for the next is the function's business. A very wide picture is cut into strips, each with a state
of its own and a halo at its sides: so what is worked on has a bound, and only what is kept grows with the width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rednet.inference.tiling import spans

__all__ = ["Feed", "band_shape", "banded_rows"]

Piece = NDArray[Any]
EVEN = 12  # samples: a multiple of the 4x4 and 6x6 px that fast convolutions (Winograd's) compute at once


class Feed(Protocol):
    """One picture on its way from top to bottom."""

    def __call__(self, rows: Piece, last: bool) -> Piece:
        """Takes the next rows, and gives those of the result that are ready; `last` if no more come."""


def band_shape(side: int, width: int, halo: int, stride: int) -> tuple[int, int]:
    """Gives the rows of a band and the width of a strip, px.

    A band has no fewer rows than can stay behind (the halo), since at the end those come at once.

    Args:
        side: of a square that has as many pixels as a band of a strip, with the strip's halo.
        width: of the picture, px.
        halo: of a strip, px.
        stride: of the function's sampling grid.
    """
    grid = EVEN * stride
    least = -(-(halo + 2 * stride) // grid) * grid
    strip = wide = width
    if width * least > side * side:
        widest = max((side * side // least - 2 * halo) // stride, 1) * stride
        strip = -(-width // (-(-width // widest) * stride)) * stride  # as `spans` will cut it
        wide = strip + 2 * halo
    return max(side * side // (wide * grid) * grid, least), strip


def banded_rows(
    begin: Callable[[int], Feed],
    read: Callable[[slice], Piece],
    height: int,
    width: int,
    *,
    rows: int,
    strip: int,
    halo: int,
    stride: int = 1,
    progress: Callable[[float], None] = lambda share: None,
) -> Iterator[tuple[slice, Piece]]:
    """Leads a picture through a function in bands, and gives the result from top to bottom.

    Args:
        begin: begins a picture of some width, px.
        read: gives some rows, (h, width, P); each time it is asked for those below.
        height, width: of the picture.
        rows: of a band; a multiple of the stride.
        strip: largest width that goes in at once, px; a multiple of the stride if it is less than the width.
        halo: context at a strip's sides, px; a multiple of the stride.
        stride: of the function's sampling grid.
        progress: called after each piece with the share that is done, 0 to 1.

    Yields:
        Some rows, and their result, (h, width, C).
    """
    strips = [(written, seen, begin(seen.stop - seen.start)) for written, seen in spans(width, strip, halo, stride)]
    # The last band gives all that stayed behind, so it is as low as continuing it by reflection allows.
    end = max(height // stride - 1, 0) * stride
    starts = [*range(0, end, rows), end]
    done = 0
    for start, stop in zip(starts, [*starts[1:], height], strict=True):
        band, parts = read(slice(start, stop)), []
        for written, seen, feed in strips:
            part = feed(band[:, seen], stop == height)
            parts.append(part[:, written.start - seen.start : written.stop - seen.start])
            progress((start * width + (stop - start) * written.stop) / (height * width))
        result = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        if len(result):
            yield slice(done, done + len(result)), result
            done += len(result)
