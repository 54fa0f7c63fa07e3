"""Colours under fully transparent pixels: nobody sees them, and they must not bleed into what is seen.

Editors leave anything there, often black. The network would take the edge to it for an edge of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import nearest_means

__all__ = ["FRINGE_REACH", "fill_hidden"]

Pixels = NDArray[np.float32]

FRINGE_REACH = 64  # px: hidden pixels further from a visible one than that are plain gray
PLAIN = 0.5
STEPS = 65535  # sums of whole numbers are exact, so that a piece gives the same as the whole picture


def fill_hidden(pixels: Pixels, hidden: NDArray[np.bool_]) -> Pixels:
    """Replaces hidden pixels from visible neighbours.

    Each becomes the mean of the visible pixels in the smallest square around it, of 3, 5, 9, ... 129 px, that holds
    any.

    Args:
        pixels: (H, W, C).
        hidden: (H, W).

    Returns:
        (H, W, C), visible pixels unchanged.
    """
    if not hidden.any():
        return pixels
    filled = np.where(hidden[:, :, None], np.float32(PLAIN), pixels)
    if hidden.all():
        return filled
    seen = ~hidden[:, :, None]
    known = np.concatenate([np.rint(np.where(seen, pixels, 0) * STEPS), seen], axis=2).astype(np.int64)
    for rows, columns, means in nearest_means(known, hidden, 1, FRINGE_REACH):
        filled[rows, columns] = means / STEPS
    return filled
