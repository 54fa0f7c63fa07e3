"""Replaces the colours of fully transparent pixels, so that they do not change visible pixels near them.

Editors leave arbitrary colours there, often black. The network would take the border between visible and hidden pixels
for an edge in the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import nearest_means
from rednet.classical.torus import unwrapped, wrapped

__all__ = ["FRINGE_REACH", "fill_hidden"]

Pixels = NDArray[np.float32]

FRINGE_REACH = 64  # px: hidden pixels further than this from every visible pixel become gray
GRAY = 0.5
STEPS = 65535  # values become whole numbers, whose sums are exact, so pieces and whole picture agree to the bit


def fill_hidden(pixels: Pixels, hidden: NDArray[np.bool_], *, repeats: bool = False) -> Pixels:
    """Replace hidden pixels by means of visible pixels near them.

    We look at squares of 3, 5, 9, ... 129 px around each hidden pixel and take the mean of the visible pixels in the
    first square that has any.

    Args:
        pixels: (H, W, C), range [0, 1].
        hidden: (H, W), True where a pixel is fully transparent.
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Returns:
        (H, W, C); visible pixels are unchanged.
    """
    if not hidden.any():
        return pixels
    if repeats:
        margins = FRINGE_REACH, FRINGE_REACH
        return unwrapped(fill_hidden(wrapped(pixels, *margins), wrapped(hidden, *margins)), *margins)
    filled = np.where(hidden[:, :, None], np.float32(GRAY), pixels)
    if hidden.all():
        return filled
    seen = ~hidden[:, :, None]
    known = np.concatenate([np.rint(np.where(seen, pixels, 0) * STEPS), seen], axis=2).astype(np.int64)
    for rows, columns, means in nearest_means(known, hidden, 1, FRINGE_REACH):
        filled[rows, columns] = means / STEPS
    return filled
