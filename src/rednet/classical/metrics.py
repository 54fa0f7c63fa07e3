"""How near two pictures are. Pure functions of numpy arrays.

Colour rules of the published protocols: noise on gray or on all of RGB; super-resolution and JPEG on the luma of
YCbCr as MATLAB's `rgb2ycbcr` computes it (`luma`), super-resolution with a border of `scale` px cut off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError

__all__ = ["crop", "luma", "psnr", "psnr_b", "ssim"]

Image = NDArray[np.float32] | NDArray[np.float64]

# Studio-range luma of ITU-R BT.601, for RGB in [0, 1]: black is 16/255, white 235/255.
LUMA = np.array([65.481, 128.553, 24.966]) / 255
LUMA_BLACK = 16 / 255

SSIM_WINDOW, SSIM_SIGMA, SSIM_K1, SSIM_K2 = 11, 1.5, 0.01, 0.03
SSIM_WEIGHTS = np.exp(-((np.arange(SSIM_WINDOW) - SSIM_WINDOW // 2) ** 2) / (2 * SSIM_SIGMA**2))
SSIM_WEIGHTS /= SSIM_WEIGHTS.sum()


def luma(x: Image) -> NDArray[np.float64]:
    """Compute the luma of a picture as MATLAB's `rgb2ycbcr` does.

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
    """Cut `border` px off each side of a picture, (H, W) or (H, W, C).

    Raises:
        OptionError: nothing would be left.
    """
    if border == 0:
        return x
    if border < 0 or 2 * border >= min(x.shape[:2]):
        raise OptionError(f"a border of {border} px leaves nothing of a picture of {x.shape[1]}x{x.shape[0]} px")
    return x[border : x.shape[0] - border, border : x.shape[1] - border]


def psnr(x: Image, x_hat: Image, *, data_range: float | None = None, crop_border: int = 0) -> float:
    """Measure the peak signal-to-noise ratio.

    Args:
        x: the truth, any shape.
        x_hat: the estimate, shaped like x; not clipped here.
        data_range: difference between white and black, above 0; None for 1.0, the range of floats. Whole numbers need
            it: 255 for 8 bits, say.
        crop_border: px of each side that do not count.

    Returns:
        dB; infinite if the two are equal.

    Raises:
        OptionError: the shapes differ, there are no pixels, or `data_range` is missing or not above 0.

    Example:
        >>> round(psnr(np.zeros((4, 4, 1)), np.full((4, 4, 1), 0.1)), 6)
        20.0
    """
    white = white_of(x, x_hat, data_range)
    a, b = pair(x, x_hat, crop_border)
    error = float(np.mean((a - b) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(white**2 / error))


def ssim(x: Image, x_hat: Image, *, data_range: float | None = None, crop_border: int = 0) -> float:
    """Measure the structural similarity.

    Args:
        x, x_hat: the truth and the estimate, (H, W) or (H, W, C).
        data_range, crop_border: as in `psnr`; what is left must be at least 11x11 px.

    Returns:
        1 for equal pictures, less for others; the mean over all windows that lie inside the picture, and over the
        channels.

    Raises:
        OptionError: as `psnr`, or the picture is too small.

    Source: Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", 2004 (11x11 Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03).
    """
    white = white_of(x, x_hat, data_range)
    a, b = pair(x, x_hat, crop_border)
    if min(a.shape[:2]) < SSIM_WINDOW:
        raise OptionError(f"ssim needs {SSIM_WINDOW}x{SSIM_WINDOW} px at least; got {a.shape[1]}x{a.shape[0]}")
    mean_a, mean_b = windowed(a), windowed(b)
    var_a, var_b = windowed(a * a) - mean_a**2, windowed(b * b) - mean_b**2
    covariance = windowed(a * b) - mean_a * mean_b
    c1, c2 = (SSIM_K1 * white) ** 2, (SSIM_K2 * white) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return float(np.mean(likeness / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


def psnr_b(x: Image, x_hat: Image, *, data_range: float | None = None, block: int = 8) -> float:
    """Measure PSNR with the blocking effect counted as error: for pictures that were saved as JPEG.

    Args:
        x, x_hat: the truth and the estimate, gray: (H, W) or (H, W, 1), at least two blocks a side.
        data_range: as in `psnr`.
        block: side of the blocks, which start in the top left corner, px.

    Returns:
        dB; never above `psnr`.

    Raises:
        OptionError: as `psnr`, or the pictures are not gray or too small.

    Source: Yim and Bovik, "Quality assessment of deblocked images", 2011, equations 7-13.
    """
    white = white_of(x, x_hat, data_range)
    a, b = pair(x, x_hat, 0)
    if a.shape[2:] not in ((), (1,)) or min(a.shape[:2]) < 2 * block:
        raise OptionError(f"psnr_b needs a gray picture of {2 * block}x{2 * block} px at least; got shape {x.shape}")
    at_borders, elsewhere = [], []
    for axis in (0, 1):
        steps = np.diff(b, axis=axis) ** 2
        border = np.arange(1, b.shape[axis]) % block == 0
        at_borders.append(steps.compress(border, axis).ravel())
        elsewhere.append(steps.compress(~border, axis).ravel())
    excess = np.concatenate(at_borders).mean() - np.concatenate(elsewhere).mean()
    blocking = max(0.0, float(excess)) * np.log2(block) / np.log2(min(b.shape[:2]))
    error = float(np.mean((a - b) ** 2)) + blocking
    return float("inf") if error == 0 else float(10 * np.log10(white**2 / error))


def white_of(x: Image, x_hat: Image, data_range: float | None) -> float:
    """Return the difference between white and black; raise OptionError if it is not above 0, or nobody has said it."""
    if data_range is None:
        for image in (x, x_hat):
            if image.dtype.kind in "iu":
                raise OptionError(f"a picture of {image.dtype} needs its data_range: 255 for 8 bits, 65535 for 16, say")
        return 1.0
    if not data_range > 0:
        raise OptionError(f"data_range is {data_range}; it must be above 0")
    return data_range


def pair(x: Image, x_hat: Image, border: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both pictures without their borders; raise OptionError if their shapes differ or they have no pixels."""
    if x.shape != x_hat.shape:
        raise OptionError(f"only pictures of one shape can be compared; got {x.shape} and {x_hat.shape}")
    if x.size == 0:
        raise OptionError(f"pictures of shape {x.shape} have no pixels to compare")
    return crop(x, border).astype(np.float64), crop(x_hat, border).astype(np.float64)


def windowed(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Gaussian-weighted mean of each window that lies inside the picture."""
    for axis in (0, 1):
        count = x.shape[axis] - SSIM_WINDOW + 1
        x = sum(weight * x.take(range(i, i + count), axis) for i, weight in enumerate(SSIM_WEIGHTS))
    return x
