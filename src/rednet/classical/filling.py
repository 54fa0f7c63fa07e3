"""First guesses at pixels that are not known, from the known ones around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.conjugate import descend
from rednet.classical.torus import wrapped
from rednet.stopping import check_stop

__all__ = ["Guess", "fill_missing", "nearest_means"]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

NOTHING_KNOWN = 0.5  # the guess where the whole picture is missing
ENOUGH_KNOWN = 3  # known pixels that a mean needs to be a guess
AT_ONCE = 1 << 18  # pixels whose neighbours are summed at once
STEPS = 12  # of conjugate gradients; 8 are enough for random pixels, 32 gain 0.04 dB in scratches (docs/lab-log.md)
DONE = float(np.finfo(np.float32).eps) ** 2  # of the squared residual at the start; less is lost in rounding


class Guess(NamedTuple):
    """The means for N pixels: their rows and columns, (N,), and the means, (N, C)."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    means: NDArray[np.float64]


def nearest_means(known: NDArray[Any], unknown: Mask, enough: int, reach: int) -> Iterator[Guess]:
    """Find for each unknown pixel the mean of the known ones in the smallest square that holds enough of them.

    Args:
        known: (H, W, C + 1): the values, 0 where unknown; the last channel is 1 where known and 0 where not. Sums of
            whole numbers are exact, those of floats nearly.
        unknown: (H, W).
        enough: known pixels that a square must hold, at least 1.
        reach: half the side of the largest square, px; pixels that have too few even there are left out.

    Yields:
        The pixels whose smallest such square has 3, then 5, 9, 17, ... px a side.
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


def fill_missing(x: Image, mask: Mask, *, repeats: bool = False) -> Image:
    """Guess missing pixels from their neighbours, for the network to improve on.

    Each starts as the mean of the known pixels in the smallest square around it, of 3, 5, 9, 17, ... px, that holds at
    least three of them. Then all are changed together so that the picture bends as little as possible.

    Args:
        x: (H, W, C); the values of missing pixels do not matter.
        mask: (H, W).
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Returns:
        (H, W, C), known pixels unchanged.
    """
    filled = np.where(mask[:, :, None], np.float32(NOTHING_KNOWN), x)
    if not mask.any() or mask.all():
        return filled
    known = np.concatenate([np.where(mask[:, :, None], 0, x), ~mask[:, :, None]], axis=2).astype(np.float64)
    unknown, above, beside = mask, 0, 0
    if repeats:  # half a picture on each side: the nearest known pixel of a torus is no farther
        above, beside = (side // 2 for side in mask.shape)
        known, unknown = wrapped(known, above, beside), np.pad(mask, ((above, above), (beside, beside)))
    enough = min(ENOUGH_KNOWN, int((~mask).sum()))
    for guess in nearest_means(known, unknown, enough, 2 * max(mask.shape)):
        filled[guess.rows - above, guess.columns - beside] = guess.means
    del known
    rows, columns = (slice(0, side) for side in mask.shape) if repeats else _around(mask)
    for channel in range(filled.shape[2]):
        filled[rows, columns, channel] = _bent_least(filled[rows, columns, channel], mask[rows, columns], repeats)
    return filled


def _around(mask: Mask) -> tuple[slice, slice]:
    """Return the rows and the columns that hold all missing pixels and the neighbours on which their bends depend."""
    above, left, below, right = (int(f(i)) for f in (np.min, np.max) for i in mask.nonzero())
    return slice(max(0, above - 2), below + 3), slice(max(0, left - 2), right + 3)


def _bent_least(u: NDArray[np.float32], mask: Mask, repeats: bool) -> NDArray[np.float32]:
    """Take a few steps towards the values of missing pixels that make the sum of squared Laplacians least.

    Args:
        u: (H, W), a guess where the mask is True.
        mask: (H, W).
        repeats: see `fill_missing`.

    Source: Damelin and Hoang, "On surface completion and image inpainting by biharmonic functions", 2018, who solve the
    same exactly.
    """
    free = mask.astype(np.float32)

    def gradient(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return free * _laplacian(_laplacian(plane, repeats), repeats)

    return descend(gradient, u, steps=STEPS, settled=DONE)


def _laplacian(u: NDArray[np.float32], repeats: bool) -> NDArray[np.float32]:
    """Sum the differences to the neighbours of each pixel, four on a torus and at most four elsewhere, (H, W)."""
    if repeats:
        around = [np.roll(u, step, axis) for axis in (0, 1) for step in (-1, 1)]
        return np.asarray(sum(around) - np.float32(4) * u)
    result = np.zeros_like(u)
    down, right = np.diff(u, axis=0), np.diff(u, axis=1)
    result[:-1] += down
    result[1:] -= down
    result[:, :-1] += right
    result[:, 1:] -= right
    return result
