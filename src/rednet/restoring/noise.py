"""How strong the white noise of a picture is, estimated from its flattest places."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["estimate_sigma"]

BLOCK = 8  # coefficients a side of the blocks whose strength is compared
FLAT_SHARE = 10  # percent: even a busy picture has that many blocks which hold little but noise
LOW_TENTH = 0.887  # 10th percentile of the standard deviation that 64 samples of unit noise show: 1 - 1.28 / sqrt(128)
DARK, BRIGHT = 0.03, 0.97  # outside, noise has been clipped away


def estimate_sigma(pixels: NDArray[np.float32]) -> float:
    """Estimate the standard deviation of white noise, on the 0-255 scale.

    It is the strength of the finest diagonal Haar coefficients in the flattest tenth of the picture's 16x16 px blocks.
    Noise that is not white (after JPEG or scaling) reads as too little, an all-over fine texture as a little noise.

    Args:
        pixels: (H, W, C) in [0, 1].

    Returns:
        The mean over the channels; 0 for a picture below 16x16, or one that is all black or white.

    Source: in the manner of Pyatykh, Hesser and Zheng, "Image noise level estimation by principal component analysis",
    2013, section II (noise is seen best in the weakest blocks).
    """
    height, width = (side // (2 * BLOCK) * (2 * BLOCK) for side in pixels.shape[:2])
    if not height or not width:
        return 0.0
    x = pixels[:height, :width]
    a, b, c, d = x[0::2, 0::2], x[0::2, 1::2], x[1::2, 0::2], x[1::2, 1::2]

    def blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:  # (blocks, BLOCK * BLOCK, C)
        grid = values.reshape(height // (2 * BLOCK), BLOCK, width // (2 * BLOCK), BLOCK, -1).swapaxes(1, 2)
        return grid.reshape(-1, BLOCK * BLOCK, values.shape[2])

    strength = np.sqrt(np.mean(blocks((a - b - c + d) / np.float32(2)) ** 2, axis=1))
    level = blocks((a + b + c + d) / np.float32(4)).mean(axis=(1, 2))
    usable = strength[(level > DARK) & (level < BRIGHT)]
    return float(np.percentile(usable, FLAT_SHARE, axis=0).mean()) / LOW_TENTH * 255 if len(usable) else 0.0
