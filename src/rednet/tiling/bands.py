"""Bands of rows: a picture that is led through a function from top to bottom, and nothing is computed twice.

What one band leaves for the next is the function's business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from rednet.progress import Progress, silent

__all__ = ["Feed", "banded_rows"]

Piece = NDArray[Any]


class Feed(Protocol):
    """One picture on its way from top to bottom."""

    def __call__(self, rows: Piece, last: bool) -> Piece:
        """Takes the next rows, (h, W, P), and gives those of the result that are ready; `last` if no more come."""


def banded_rows(
    feed: Feed,
    read: Callable[[slice], Piece],
    height: int,
    *,
    rows: int,
    stride: int = 1,
    progress: Progress = silent,
) -> Iterator[tuple[slice, Piece]]:
    """Leads a picture through a function in bands, and gives the result from top to bottom.

    Args:
        feed: the function, of which this picture has not seen anything.
        read: gives some rows; each time it is asked for those below.
        height: of the picture.
        rows: of a band; a multiple of the stride.
        stride: the last band has as many rows, at least, unless it is the only one; so it can be continued by
            reflection.
        progress: called after each band with the share that is done, 0 to 1.

    Yields:
        Some rows, and their result.
    """
    # The last band gives all that stayed behind, so it is as low as it may be.
    end = max(height // stride - 1, 0) * stride
    starts = [*range(0, end, rows), end]
    done = 0
    for start, stop in zip(starts, [*starts[1:], height], strict=True):
        result = feed(read(slice(start, stop)), stop == height)
        progress(stop / height)
        if len(result):
            yield slice(done, done + len(result)), result
            done += len(result)
