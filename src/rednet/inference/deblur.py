"""Non-blind deblurring: a regularised inverse, the network, and, if wanted, some rounds of both.

The inverse works on the whole picture: where a kernel wipes out a frequency, its inverse reaches across any overlap
that tiles could have (measured: docs/decisions/0005-deblurring.md). The network stays exactly tiled.

Source of the rounds: half-quadratic splitting with a denoiser as prior; Zhang, Zuo, Gu and Zhang, "Learning deep CNN
denoiser prior for image restoration", 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.deconvolution import Deconvolution
from rednet.errors import OptionError
from rednet.hints import Facts
from rednet.kernels import Kernel

__all__ = ["MAX_STEPS", "deblur"]

Pixels = NDArray[np.float32]

MAX_STEPS = 32
FIRST_DISTANCE = 20.0  # 0-255 scale: how far the network's first answer is taken to be from the truth
LAST_DISTANCE = 1.5  # times sigma: where the rounds end
LEAST_DISTANCE = 3.0  # 0-255 scale


def deblur(
    network: Callable[[Pixels, Facts], Pixels], y: Pixels, kernel: Kernel, sigma: float, *, steps: int = 0
) -> Pixels:
    """Deblurs a picture.

    Args:
        network: (picture, facts) to the restored picture.
        y: (H, W, C), blurred by `kernel` and then noisy.
        kernel: see `rednet.kernels`.
        sigma: standard deviation of the noise, 0-255 scale.
        steps: rounds of "nearest to the network's picture among those that explain y" and the network again.

    Raises:
        OptionError: see `Deconvolution`; steps is out of range.
    """
    if not 0 <= steps <= MAX_STEPS:
        raise OptionError(f"steps is {steps}; it must be from 0 to {MAX_STEPS}")
    problem = Deconvolution(y, kernel, sigma)
    x_hat = network(problem.smooth(), {"deconvolved": sigma})
    last = max(LEAST_DISTANCE, LAST_DISTANCE * sigma)
    for distance in np.geomspace(max(FIRST_DISTANCE, last), last, steps).tolist():
        x_hat = network(problem.near(x_hat, distance), {"sigma": distance})
    return x_hat
