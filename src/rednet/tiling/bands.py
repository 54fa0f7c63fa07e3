"""Bands: passes a picture through a function from top to bottom, a few rows at a time.

The function itself keeps what it needs from one band for the next, so nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from rednet.progress import Progress, silent

__all__ = ["Feed", "banded_rows"]

Piece = NDArray[Any]


class Feed(Protocol):
    """A function that processes one picture from top to bottom."""

    def __call__(self, rows: Piece, last: bool) -> Piece:
        """Process the next rows, (h, W, P), and return the finished rows of the result.

        Args:
            rows: the next rows of the picture.
            last: True if these are the last rows of the picture.
        """


def banded_rows(
    feed: Feed,
    read: Callable[[slice], Piece],
    height: int,
    *,
    rows: int,
    stride: int = 1,
    progress: Progress = silent,
) -> Iterator[tuple[slice, Piece]]:
    """Pass a picture through a function in bands, and yield the result from top to bottom.

    Args:
        feed: the function, which has not processed any row yet.
        read: returns the rows of a slice; each slice begins where the one before ended.
        height: height of the picture, px.
        rows: height of a band, px; a multiple of the stride.
        stride: least height of the last band, px, unless it is the only band; so reflection can pad it.
        progress: called after each band with the finished fraction, 0 to 1.

    Yields:
        A slice of rows, and their result.
    """
    # The result of the last band also has all rows that were not finished before, so we make this band low.
    end = max(height // stride - 1, 0) * stride
    starts = [*range(0, end, rows), end]
    done = 0
    for start, stop in zip(starts, [*starts[1:], height], strict=True):
        result = feed(read(slice(start, stop)), stop == height)
        progress(stop / height)
        if len(result):
            yield slice(done, done + len(result)), result
            done += len(result)
