"""Tell by four signs whether the kernel of a deblurred picture was wrong.

- The answer, blurred again, differs from the picture that was given by more than the noise.
- The gradients of the answer are spread more evenly than those of the picture. A sharp picture has few strong edges,
  and ringing is everywhere.
- The answer overshoots the darkest and the brightest value of the picture, both of them.
- The inverse of the kernel turned by 180 degrees has gradients that are spread less evenly.

How well each of them separates right kernels from wrong ones: docs/decisions/0011-kernels-that-do-not-fit.md.

Source: Krishnan, Tay and Fergus, "Blind deconvolution using a normalized sparsity measure", CVPR 2011 (the ratio of
two norms of the gradients).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.deconvolution import Deconvolution
from rednet.classical.kernels import Kernel
from rednet.classical.luma import to_gray

__all__ = ["Doubt", "misfit"]

Image = NDArray[np.float32]

# From the first value on the kernel may not fit, from the second on it does not: docs/decisions/0011.
UNEXPLAINED = 1.03, 1.1  # of the noise
OVERSHOOT = 0.02, 0.05  # of the picture's standard deviation
SPREAD = 1.0, 1.04  # of the picture's own
ASYMMETRIC = 0.05  # of a kernel's light that must move when it is turned, or the two inverses are too alike to compare
MANY_CLIPPED = 0.02  # of the pixels
SAMPLE = 384  # px a side: the middle of a large picture tells enough of a turned kernel


class Doubt(NamedTuple):
    """A reason to think that a kernel is wrong, as a clause for a sentence, and whether it is certain."""

    reason: str
    certain: bool


def misfit(problem: Deconvolution, x_hat: Image, sigma: float) -> Doubt | None:
    """Tell by a deblurred picture whether its kernel was wrong.

    Args:
        problem: the blurred picture, the kernel to be judged, and their inverse.
        x_hat: (H, W, C), the deblurred picture.
        sigma: of the noise, 0-255 scale.

    Returns:
        None if no sign shows that the kernel is wrong. Where many pixels are clipped, no doubt is certain.
    """
    y = problem.y
    own = _spread(y.clip(0, 1))
    if own == 0:
        return None
    left = min(problem.unexplained(x) for x in (problem.smooth(), x_hat)) * 255 / sigma
    spread = _spread(x_hat.clip(0, 1)) / own
    overshoots = _overshoot(y, x_hat), _overshoot(y, x_hat[problem.measured])
    turned = _turned_fits_better(y, problem.kernel, sigma)
    clear = float(problem.clipped.mean()) <= MANY_CLIPPED
    signs = [
        ("blurred by it again, the result is not the picture that was given", (left, left), UNEXPLAINED),
        ("the result rings", (spread, spread), SPREAD),
        ("the result rings", overshoots, OVERSHOOT),
        ("turned by 180 degrees it fits better", (turned, turned), (False, False)),
    ]
    for level, certain in ((1, True), (0, False)):
        for reason, values, limits in signs:
            if values[level] > limits[level] and (clear or not certain):
                return Doubt(reason, certain)
    return None


def _turned_fits_better(y: Image, kernel: Kernel, sigma: float) -> bool:
    """Tell whether the inverse of the kernel turned by 180 degrees has sparser gradients than that of the kernel."""
    turned = kernel[::-1, ::-1]
    if np.abs(kernel - turned).sum() < 2 * ASYMMETRIC * kernel.sum():
        return False
    rows, columns = (
        slice((side - SAMPLE) // 2, (side + SAMPLE) // 2) if side > SAMPLE else slice(None) for side in y.shape[:2]
    )
    gray = (to_gray(y) if y.shape[2] == 3 else y)[rows, columns]
    told, other = (_spread(Deconvolution(gray, each, sigma).smooth()) for each in (kernel, turned))
    return told > other


def _overshoot(y: Image, x_hat: Image) -> float:
    """Return how far an answer passes the darkest and the brightest value of a picture, relative to its contrast."""
    below, above = (_rms(np.maximum(beyond, 0)) for beyond in (y.min() - x_hat, x_hat - y.max()))
    return float(np.sqrt(below * above) / y.std())


def _spread(x: Image) -> float:
    """Return the mean of the absolute gradients over their root mean square: 0 for one edge, 0.8 for Gaussian noise."""
    steps = np.abs(np.concatenate([np.diff(x, axis=axis).ravel() for axis in (0, 1)]))
    size = _rms(steps)
    return float(steps.mean()) / size if size > 0 else 0.0


def _rms(x: Image) -> float:
    """Return the root mean square, in float64."""
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0
