"""Colours under fully transparent pixels: nobody sees them, and they must not bleed into what is seen.

Editors leave any colours there, often black. The network would take their border for an edge of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import nearest_means
from rednet.classical.torus import unwrapped, wrapped

__all__ = ["FRINGE_REACH", "fill_hidden"]

Pixels = NDArray[np.float32]

FRINGE_REACH = 64  # px: hidden pixels that are farther from a visible one become plain gray
PLAIN = 0.5
STEPS = 65535  # values become whole numbers, whose sums are exact: a piece gives the same as the whole picture


def fill_hidden(pixels: Pixels, hidden: NDArray[np.bool_], *, repeats: bool = False) -> Pixels:
    """Replace hidden pixels by the mean of visible neighbours.

    Each becomes the mean of the visible pixels in the smallest square around it, of 3, 5, 9, ... 129 px, that holds
    any.

    Args:
        pixels: (H, W, C).
        hidden: (H, W).
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Returns:
        (H, W, C), visible pixels unchanged.
    """
    if not hidden.any():
        return pixels
    if repeats:
        margins = FRINGE_REACH, FRINGE_REACH
        return unwrapped(fill_hidden(wrapped(pixels, *margins), wrapped(hidden, *margins)), *margins)
    filled = np.where(hidden[:, :, None], np.float32(PLAIN), pixels)
    if hidden.all():
        return filled
    seen = ~hidden[:, :, None]
    known = np.concatenate([np.rint(np.where(seen, pixels, 0) * STEPS), seen], axis=2).astype(np.int64)
    for rows, columns, means in nearest_means(known, hidden, 1, FRINGE_REACH):
        filled[rows, columns] = means / STEPS
    return filled
