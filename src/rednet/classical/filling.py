"""First guesses at pixels that are not known, from the known ones around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.conjugate import descend
from rednet.stopping import check_stop

__all__ = ["Guess", "fill_missing", "nearest_means"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

NOTHING_KNOWN = 0.5  # stands in a picture that is missing altogether
ENOUGH_KNOWN = 3  # pixels, before a mean over them is taken for a guess
AT_ONCE = 1 << 18  # pixels whose neighbours are summed at once
STEPS = 12  # of conjugate gradients; with 8 random pixels are done, with 32 scratches gain 0.04 dB (docs/lab-log.md)
DONE = float(np.finfo(np.float32).eps) ** 2  # of the squared rest at the start: what is less is lost in rounding


class Guess(NamedTuple):
    """The means for some pixels: their rows and columns, (N,), and the means, (N, C)."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    means: NDArray[np.float64]


def nearest_means(known: NDArray[Any], unknown: Mask, enough: int, reach: int) -> Iterator[Guess]:
    """Finds for each unknown pixel the mean of the known ones in the smallest square that holds enough of them.

    Args:
        known: (H, W, C + 1): values, 0 where unknown, and behind them 1 where known and 0 where not. Sums of whole
            numbers are exact, those of floats nearly.
        unknown: (H, W).
        enough: known pixels that a square must hold, at least 1.
        reach: half the side of the largest square, px; what has too few even there is left out.

    Yields:
        What the squares of 3, 5, 9, 17, ... px give.
    """
    sums = np.pad(known.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0), (0, 0)))
    height, width = unknown.shape
    rows, columns = unknown.nonzero()
    radius = 1
    while radius <= reach and len(rows):
        ready = np.empty(len(rows), bool)
        for start in range(0, len(rows), AT_ONCE):
            check_stop()
            part = slice(start, start + AT_ONCE)
            r, c = rows[part], columns[part]
            top, bottom = np.maximum(r - radius, 0), np.minimum(r + radius + 1, height)
            left, right = np.maximum(c - radius, 0), np.minimum(c + radius + 1, width)
            window = sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]
            count = np.rint(window[:, -1:])
            full = ready[part] = count[:, 0] >= enough
            yield Guess(r[full], c[full], window[full, :-1] / count[full])
        rows, columns = rows[~ready], columns[~ready]
        radius *= 2


def fill_missing(x: Image, mask: Mask) -> Image:
    """Guesses missing pixels from their neighbours, for the network to improve on.

    Each starts as the mean of the known pixels in the smallest square around it, of 3, 5, 9, 17, ... px, that holds at
    least three of them; then all are bent as little as possible.

    Args:
        x: (H, W, C); what stands in missing pixels does not matter.
        mask: (H, W).

    Returns:
        (H, W, C), known pixels unchanged.
    """
    filled = np.where(mask[:, :, None], np.float32(NOTHING_KNOWN), x)
    if not mask.any() or mask.all():
        return filled
    known = np.concatenate([np.where(mask[:, :, None], 0, x), ~mask[:, :, None]], axis=2).astype(np.float64)
    enough = min(ENOUGH_KNOWN, int((~mask).sum()))
    for guess in nearest_means(known, mask, enough, 2 * max(mask.shape)):
        filled[guess.rows, guess.columns] = guess.means
    del known
    above, left, below, right = (f(i) for f in (np.min, np.max) for i in mask.nonzero())
    rows, columns = slice(max(0, above - 2), below + 3), slice(max(0, left - 2), right + 3)  # a bend reaches 2 px
    for channel in range(filled.shape[2]):
        filled[rows, columns, channel] = bent_least(filled[rows, columns, channel], mask[rows, columns])
    return filled


def bent_least(u: NDArray[np.float32], mask: Mask) -> NDArray[np.float32]:
    """Takes some steps towards the values of missing pixels that make the sum of squared Laplacians least.

    Args:
        u: (H, W), a guess where the mask is True.
        mask: (H, W).

    Source: Damelin and Hoang, "On surface completion and image inpainting by biharmonic functions", 2018, who solve the
    same exactly.
    """
    free = mask.astype(np.float32)
    return descend(lambda plane: free * laplacian(laplacian(plane)), u, steps=STEPS, settled=DONE)


def laplacian(u: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums the differences to the up to four neighbours of each pixel, (H, W)."""
    result = np.zeros_like(u)
    down, right = np.diff(u, axis=0), np.diff(u, axis=1)
    result[:-1] += down
    result[1:] -= down
    result[:, :-1] += right
    result[:, 1:] -= right
    return result
