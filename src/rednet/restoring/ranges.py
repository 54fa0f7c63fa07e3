"""Warn about values that do not suit their range: black and white are never guessed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.images.picture import WHITE, Colours
from rednet.tiling.residual import BRIGHTEST

__all__ = ["range_hint"]

Pixels = NDArray[np.float32]

SMALL = 0.26  # of the range, 14 bits in 16: a photograph that fills less of its depth is rare
EDGES = (0.1, 99.9)  # percentiles that count as the darkest and the brightest, so that a few broken pixels do not
BLOCK = 16  # px a side: the mean of a block holds a sixteenth of the noise
BELOW = -0.06  # of white: up to sigma 50 of 255, the mean of a block of noise around black does not lie so low
PLAIN_DEPTH = "uint8"  # its values need no range: a dark or foggy photograph of 8 bits is what it seems


def range_hint(sample: Callable[[], Pixels], depth: str, colours: Colours | None) -> str:
    """Return a sentence if black and white of a picture look wrong; nothing if they seem right.

    Args:
        sample: returns the pixels, (H, W, C), black at 0 and white at 1; of a large picture, some of its rows.
        depth, colours: see `rednet.images.Picture`.
    """
    black, white = (getattr(colours, end, value) for end, value in (("low", 0), ("high", WHITE.get(depth, 1))))
    stated = colours is not None and colours.own_units
    if depth == PLAIN_DEPTH and not stated:
        return ""

    def own(value: Any) -> str:
        return f"{black + float(value) * (white - black):.5g}"

    said = f"black is {black:g} and white {white:g}"
    pixels = sample()
    means = _block_means(pixels)
    if means.min() < BELOW or means.max() > BRIGHTEST:
        what = "below black are raised" if means.min() < BELOW else "far above white stay as they are"
        return (
            f"values reach from {own(means.min())} to {own(means.max())} and {said}: those that lie {what}; say which "
            "range they have"
        )
    low, high = np.percentile(pixels, EDGES)
    if 0 < high - low < SMALL:
        return (
            f"nearly all values lie from {own(low)} to {own(high)}, and {said}: if that is not so, say which range "
            "they have"
        )
    return ""


def _block_means(pixels: Pixels) -> Pixels:
    """Return the means of blocks of a picture, or of a small one as a whole, in each channel."""
    height, width = (side // BLOCK * BLOCK for side in pixels.shape[:2])
    if not height or not width:
        return np.asarray(pixels.mean(axis=(0, 1)))
    grid = pixels[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, -1)
    means: Pixels = grid.mean(axis=(1, 3))
    return means
