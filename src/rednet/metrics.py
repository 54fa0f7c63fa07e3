"""How near two pictures are. Pure functions of numpy arrays, each with an explicit `data_range`.

Colour rules of the published protocols: noise on gray or on all of RGB; super-resolution and JPEG on the luma of
YCbCr as MATLAB's `rgb2ycbcr` computes it (`luma`), super-resolution with a border of `scale` px cut off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError

__all__ = ["crop", "luma", "psnr"]

Image = NDArray[np.float32] | NDArray[np.float64]

# Studio-range luma of ITU-R BT.601, for RGB in [0, 1]: black is 16/255, white 235/255.
LUMA = np.array([65.481, 128.553, 24.966]) / 255
LUMA_BLACK = 16 / 255


def luma(x: Image) -> NDArray[np.float64]:
    """Gives the luma of a picture as MATLAB's `rgb2ycbcr` does.

    Args:
        x: (H, W, 3) in [0, 1].

    Returns:
        (H, W, 1), from 16/255 (black) to 235/255 (white).

    Raises:
        OptionError: x is not RGB.

    Example:
        >>> (luma(np.ones((1, 1, 3))) * 255).item()
        235.0
    """
    if x.ndim != 3 or x.shape[2] != 3:
        raise OptionError(f"luma needs an RGB picture (H, W, 3); got shape {x.shape}")
    return (x.astype(np.float64) @ LUMA + LUMA_BLACK)[:, :, None]


def crop(x: Image, border: int) -> Image:
    """Cuts `border` px off each side.

    Raises:
        OptionError: nothing would be left.
    """
    if border < 0 or 2 * border >= min(x.shape[:2]):
        raise OptionError(f"a border of {border} px leaves nothing of a picture of {x.shape[1]}x{x.shape[0]} px")
    return x[border : x.shape[0] - border, border : x.shape[1] - border]


def psnr(x: Image, x_hat: Image, *, data_range: float = 1.0, crop_border: int = 0) -> float:
    """Measures the peak signal-to-noise ratio.

    Args:
        x: the truth, any shape.
        x_hat: the estimate, shaped like x; not clipped here.
        data_range: difference between white and black: 1.0, 255, ...
        crop_border: px of each side that do not count.

    Returns:
        dB; infinite if the two are equal.

    Raises:
        OptionError: the shapes differ.

    Example:
        >>> round(psnr(np.zeros((4, 4, 1)), np.full((4, 4, 1), 0.1)), 6)
        20.0
    """
    if x.shape != x_hat.shape:
        raise OptionError(f"psnr compares pictures of one shape; got {x.shape} and {x_hat.shape}")
    difference = crop(x, crop_border).astype(np.float64) - crop(x_hat, crop_border)
    error = float(np.mean(difference**2))
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))
