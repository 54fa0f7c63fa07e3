"""Which parts of a picture are looked at: bands of rows spread over it, and windows in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rednet.images import PictureFile

__all__ = ["SAMPLE_ROWS", "sample_file", "sampled", "sampled_rows", "windows"]

Pixels = NDArray[np.float32]

SAMPLE_PIXELS = 2_000_000  # of a larger picture, only so many are looked at
SAMPLE_ROWS = 192  # at a time; a multiple of the side of JPEG's blocks, and the side of a window
MOST_WINDOWS = 4
LEAST_SIDE = 64  # px; a smaller picture is continued as in a mirror


def sampled(pixels: Pixels) -> Pixels:
    """Return the rows of a picture that are looked at: all, or some of a large one."""
    return np.concatenate([pixels[rows] for rows in sampled_rows(pixels.shape[0], pixels.shape[1])])


def sampled_rows(height: int, width: int) -> Iterator[slice]:
    """Choose the rows of a picture that are looked at: all, or bands spread evenly over a large one."""
    bands = height // SAMPLE_ROWS
    wanted = max(SAMPLE_PIXELS // (SAMPLE_ROWS * width), 1)
    if bands <= wanted:
        yield slice(0, height)
        return
    for band in np.linspace(0, bands - 1, wanted).astype(int).tolist():
        yield slice(band * SAMPLE_ROWS, (band + 1) * SAMPLE_ROWS)


def sample_file(file: PictureFile, page: int = 0) -> Pixels:
    """Read the rows of a page of a file that are looked at."""
    rows = file.rows(page)
    return np.concatenate([file.picture(rows.read(part)).pixels for part in sampled_rows(file.height, file.width)])


def windows(pixels: Pixels) -> list[Pixels]:
    """Cut windows out of the rows that are looked at, spread evenly, each aligned with the blocks of a JPEG.

    Args:
        pixels: (H, W, C), a picture, or the rows of one that are looked at.

    Returns:
        At most MOST_WINDOWS, of SAMPLE_ROWS px a side, or as low or narrow as the picture, but LEAST_SIDE px or more;
        a picture with room for one of them only is one window, as a whole.
    """
    short = [max(LEAST_SIDE - side, 0) for side in pixels.shape[:2]]
    if any(short):
        pixels = np.pad(pixels, ((0, short[0]), (0, short[1]), (0, 0)), mode="symmetric")
    tops = [
        top
        for rows in sampled_rows(*pixels.shape[:2])
        for top in range(rows.start, rows.stop - SAMPLE_ROWS + 1, SAMPLE_ROWS)
    ] or [0]
    across = max(pixels.shape[1] // SAMPLE_ROWS, 1)
    if len(tops) * across == 1:
        return [pixels]
    chosen = np.unique(np.linspace(0, len(tops) * across - 1, MOST_WINDOWS).astype(int)).tolist()
    return [
        pixels[tops[down] :, right * SAMPLE_ROWS :][:SAMPLE_ROWS, :SAMPLE_ROWS]
        for down, right in (divmod(number, across) for number in chosen)
    ]
