"""Find stripes: whole rows or columns that are a little brighter or darker than those beside them.

An amplifier that reads a row of a sensor, or a scanner's element that reads a column, adds the same offset all along
it. A line of the picture is seldom as long as the picture is wide, or else stands out by far more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.restoring.exposure import exposure
from rednet.stopping import check_stop

__all__ = ["find_stripes"]

Pixels = NDArray[np.float32]

REACH = 6  # rows on either side with which a row is compared
PARTS = 8  # of a row, which must agree
MOST_COLUMNS = 512  # of a wider picture, only so many are compared
STRONGEST = 30 / 255  # a larger offset belongs to the picture
DOUBT = 0.8  # the median errs less than the variance of the parts says: a few parts that are far off do not move it


def find_stripes(pixels: Pixels) -> Pixels:
    """Find the offsets of rows and columns.

    Args:
        pixels: (H, W, C), white at 1.

    Returns:
        (H, W, C), what the stripes add to the picture.
    """
    strongest = STRONGEST / exposure(pixels)
    rows = _offsets(pixels, strongest)
    columns = _offsets((pixels - rows).swapaxes(0, 1), strongest).swapaxes(0, 1)
    stripes: Pixels = np.broadcast_to(rows + columns, pixels.shape)
    return stripes


def _offsets(pixels: Pixels, strongest: float) -> Pixels:
    """Return the offset of each row, (H, 1, C): the median of what it differs from the rows around it, weighed.

    The weight is the share of the offsets' variance that is more than their error; how far the parts of a row disagree
    tells that error.
    """
    height, width, channels = pixels.shape
    if min(height, width) < 2 * REACH + PARTS:
        return np.zeros((height, 1, channels), np.float32)
    chosen = pixels[:, :: -(-width // MOST_COLUMNS)]
    padded = np.pad(chosen, ((REACH, REACH), (0, 0), (0, 0)), mode="symmetric")
    differences = np.empty_like(chosen)
    for row in range(height):
        check_stop()
        differences[row] = chosen[row] - np.median(padded[row : row + 2 * REACH + 1], axis=0)
    parts = np.stack([np.median(part, axis=1) for part in np.array_split(differences, PARTS, axis=1)], axis=1)
    offsets = np.median(parts, axis=1)  # (H, C)
    spread = DOUBT * parts.var(axis=1, ddof=1) / PARTS
    belongs = np.abs(offsets) > strongest
    offsets[belongs] = 0
    total, wrong = (offsets**2).mean(axis=0), np.where(belongs, 0, spread).mean(axis=0)
    weight = np.maximum(1 - wrong / np.maximum(total, 1e-12), 0)
    found: Pixels = (weight * offsets)[:, None].astype(np.float32)
    return found
