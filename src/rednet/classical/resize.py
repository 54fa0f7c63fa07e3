"""Bicubic resizing with antialiasing, as the published super-resolution protocols do it.

MATLAB's `imresize(x, scale)` is the field's standard: cubic kernel with a = -0.5, stretched by 1/scale when
shrinking, symmetric borders, output of ceil(scale * size) px. Pillow and OpenCV differ from it (other borders, no
antialiasing), by enough to change published figures.

Source: Keys 1981 (the kernel); MATLAB documentation of `imresize` (the rest).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.stopping import check_stop

__all__ = ["imresize"]

Image = NDArray[np.float32]
CUBIC_SUPPORT = 4  # px that the cubic kernel spans at scale 1


def cubic(t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Evaluate Keys' cubic kernel with a = -0.5."""
    t = np.abs(t)
    near = (1.5 * t - 2.5) * t**2 + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t <= 1, near, np.where(t <= 2, far, 0.0))


@lru_cache(maxsize=64)
def taps(size: int, scale: float | Fraction, repeats: bool = False) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """List, for each output pixel along one axis, the input pixels that it reads and their weights.

    Args:
        size: input px along the axis.
        scale: output px per input px.
        repeats: see `imresize`.

    Returns:
        indices, weights: both (ceil(scale * size), taps); each row of weights sums to 1.
    """
    ratio = Fraction(scale).limit_denominator(1 << 16)
    scale = float(ratio)
    stretch = min(scale, 1.0)  # antialiasing: the kernel widens when the picture shrinks
    support = CUBIC_SUPPORT / stretch
    centre = (np.arange(math.ceil(ratio * size)) + 0.5) / scale - 0.5
    first = np.floor(centre - support / 2).astype(np.intp) + 1
    indices = first[:, None] + np.arange(math.ceil(support))
    weights = cubic(stretch * (centre[:, None] - indices))
    weights /= weights.sum(axis=1, keepdims=True)
    if repeats:
        return indices % size, weights
    indices = indices % (2 * size)  # symmetric borders: ... 1 0 | 0 1 2 ...
    return np.minimum(indices, 2 * size - 1 - indices), weights


def imresize(x: Image, scale: float | Fraction, *, repeats: bool = False) -> Image:
    """Resize a picture.

    Args:
        x: (H, W, C) float32.
        scale: output px per input px, above 0.
        repeats: continue the borders by the opposite ones instead of mirroring them, as in a texture that tiles.

    Returns:
        (ceil(scale * H), ceil(scale * W), C) float32; may pass [0, 1] a little at edges.

    Raises:
        OptionError: scale is not above 0.

    Example:
        >>> imresize(np.ones((5, 7, 1), np.float32), 0.5).shape
        (3, 4, 1)
    """
    if not scale > 0:
        raise OptionError(f"scale is {scale}; it must be above 0")
    for axis in (0, 1):
        indices, weights = taps(x.shape[axis], scale, repeats)
        columns = weights.astype(np.float32).T.reshape((weights.shape[1], -1) + (1,) * (2 - axis))
        total = np.zeros((), np.float32)
        for index, weight in zip(indices.T, columns, strict=True):
            check_stop()
            total = total + weight * np.take(x, index, axis=axis)
        x = total
    return x
