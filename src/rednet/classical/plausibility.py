"""Tell by five signs whether the kernel of a deblurred picture was wrong.

- The answer, blurred again, differs from the picture that was given by more than the noise.
- The gradients of the answer are spread more evenly than those of the picture. A sharp picture has few strong edges,
  and ringing is everywhere.
- The answer overshoots the darkest and the brightest value of the picture without its noise, both of them. Noise
  widens the range of a picture, and hides rings in it.
- The inverse of the kernel turned by 180 degrees has gradients that are spread less evenly.
- A narrower kernel of the same shape makes the spectrum of the picture more likely.

How well each of them separates right kernels from wrong ones: docs/decisions/0011-kernels-that-do-not-fit.md.

Source: Krishnan, Tay and Fergus, "Blind deconvolution using a normalized sparsity measure", CVPR 2011 (the ratio of
two norms of the gradients). Whittle, "Estimation and information in stationary time series", 1953 (the likelihood of a
spectrum).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.deconvolution import Deconvolution
from rednet.classical.kernels import Kernel
from rednet.classical.luma import BT601, to_gray

__all__ = ["Doubt", "misfit"]

Image = NDArray[np.float32]

# From the first value on the kernel may not fit, from the second on it does not: docs/decisions/0011.
UNEXPLAINED = 1.03, 1.1  # of the noise
OVERSHOOT = 0.03, 0.06  # of the picture's standard deviation
NARROWER = 0.003, 0.05  # nats a frequency
NARROW = 0.5, 0.75  # of the kernel's width
CONTRASTS = np.geomspace(1e-8, 1e-2, 49)  # power of a sharp picture times its squared frequency, cycles a px
LOWEST = 0.02  # cycles a px: below, a window shows too little of a picture
SPREAD = 1.0, 1.1  # of the picture's own
ASYMMETRIC = 0.05  # of a kernel's light that must move when it is turned, or the two inverses are too alike to compare
MANY_CLIPPED = 0.02  # of the pixels
SAMPLE = 384  # px a side: the middle of a large picture tells enough of another kernel


class Doubt(NamedTuple):
    """A reason to think that a kernel is wrong, as a clause for a sentence, and whether it is certain."""

    reason: str
    certain: bool


def misfit(problem: Deconvolution, x_hat: Image, sigma: float, denoised: Image, *, sure: bool = True) -> Doubt | None:
    """Tell by a deblurred picture whether its kernel was wrong.

    Args:
        problem: the blurred picture, the kernel to be judged, and their inverse.
        x_hat: (H, W, C), the deblurred picture.
        sigma: of the noise, 0-255 scale.
        denoised: (H, W, C), the blurred picture without its noise.
        sure: whether sigma is; otherwise no doubt is certain, and rings count from the second limit on, since the
            noise that is left looks like them.

    Returns:
        None if no sign shows that the kernel is wrong. Where many pixels are clipped, no doubt is certain.
    """
    y = problem.y
    own = _spread(y.clip(0, 1))
    if own == 0:
        return None
    left = min(problem.unexplained(x) for x in (problem.smooth(), x_hat)) * 255 / sigma
    spread = _spread(x_hat.clip(0, 1)) / own
    overshoots = _overshoot(denoised, x_hat), _overshoot(denoised, x_hat[problem.measured])
    turned = _turned_fits_better(y, problem.kernel, sigma)
    narrower = _gain_of_narrower(y, problem.kernel, sigma)
    clear = sure and float(problem.clipped.mean()) <= MANY_CLIPPED
    signs = [
        ("blurred by it again, the result is not the picture that was given", (left, left), UNEXPLAINED),
        ("the result rings", (spread, spread), SPREAD if sure else SPREAD[1:] * 2),
        ("the result rings", overshoots, OVERSHOOT if sure else OVERSHOOT[1:] * 2),
        ("turned by 180 degrees it fits better", (turned, turned), (False, False)),
        ("a narrower one fits better", (narrower, narrower), NARROWER),
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
    gray = _middle(y)
    told, other = (_spread(Deconvolution(gray, each, sigma).smooth()) for each in (kernel, turned))
    return told > other


def _gain_of_narrower(y: Image, kernel: Kernel, sigma: float) -> float:
    """Return how much more likely narrower kernels make the spectrum of a picture than its kernel does.

    The power of a sharp picture is taken to fall with the square of the frequency; its contrast is fitted.

    Returns:
        Nats a frequency; above 0 if one of them is more likely.
    """
    gray = _middle(y)[:, :, 0].astype(np.float64)
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in gray.shape))
    seen = np.abs(np.fft.rfft2((gray - gray.mean()) * window)) ** 2 / np.sum(window**2)
    frequencies = np.fft.fftfreq(gray.shape[0]), np.fft.rfftfreq(gray.shape[1])
    squared = frequencies[0][:, None] ** 2 + frequencies[1] ** 2
    used = squared > LOWEST**2
    noise = (sigma / 255) ** 2 * (np.sum(BT601**2) if y.shape[2] == 3 else 1)

    def likelihood(width: float) -> float:
        down, across = (
            np.exp(-2j * np.pi * width * np.outer(f, np.arange(side)))
            for f, side in zip(frequencies, kernel.shape, strict=True)
        )
        shape = np.abs(down @ kernel @ across.T)[used] ** 2 / squared[used]
        powers = (contrast * shape + noise for contrast in CONTRASTS)
        return max(-float(np.mean(np.log(power) + seen[used] / power)) for power in powers)

    return max(map(likelihood, NARROW)) - likelihood(1.0)


def _middle(y: Image) -> Image:
    """Return the middle of a picture in gray, (h, w, 1), at most SAMPLE px a side."""
    rows, columns = (
        slice((side - SAMPLE) // 2, (side + SAMPLE) // 2) if side > SAMPLE else slice(None) for side in y.shape[:2]
    )
    return (to_gray(y) if y.shape[2] == 3 else y)[rows, columns]


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
