"""Non-blind deblurring: a regularised inverse, and the network, in one pass or in turns.

In one pass the network removes what the inverse leaves. In turns (half-quadratic splitting) it is used as a denoiser,
from strong to weak, and each of its answers is drawn back to the pictures that explain what was seen: slower, and
better where there is little noise (docs/decisions/0005-deblurring.md).

The inverse works on the whole picture: where a kernel wipes out a frequency, its inverse reaches across any overlap
that tiles could have. The network goes over the picture as always.

Source: Zhang, Zuo, Gu and Zhang, "Learning deep CNN denoiser prior for image restoration", 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.deconvolution import Deconvolution
from rednet.errors import OptionError
from rednet.hints import Facts
from rednet.kernels import Kernel

__all__ = ["MAX_STEPS", "deblur", "usual_steps"]

Pixels = NDArray[np.float32]

TURNS = 4  # if nobody says how many
ONE_PASS_FROM = 3.5  # sigma, 0-255 scale: in stronger noise, one pass is better (docs/decisions/0005-deblurring.md)
MAX_STEPS = 32
FIRST_DISTANCE = 25.0  # 0-255 scale: how far from the truth the picture is taken to be at the first turn
LAST_DISTANCE = 2.0  # times sigma: at the last
LEAST_DISTANCE = 5.0  # 0-255 scale


def usual_steps(sigma: float) -> int:
    """Gives the number of turns that suits the noise."""
    return TURNS if sigma < ONE_PASS_FROM else 0


def deblur(
    network: Callable[[Pixels, Facts], Pixels], y: Pixels, kernel: Kernel, sigma: float, *, steps: int
) -> Pixels:
    """Deblurs a picture.

    Args:
        network: (picture, facts) to the restored picture.
        y: (H, W, C), blurred by `kernel` and then noisy.
        kernel: see `rednet.kernels`.
        sigma: standard deviation of the noise, 0-255 scale.
        steps: turns of the network and the inverse; 0 for one pass.

    Raises:
        OptionError: see `Deconvolution`; steps is out of range.
    """
    if not 0 <= steps <= MAX_STEPS:
        raise OptionError(f"steps is {steps}; it must be from 0 to {MAX_STEPS}")
    problem = Deconvolution(y, kernel, sigma)
    x_hat = problem.smooth()
    if steps == 0:
        return network(x_hat, {"deconvolved": sigma})
    before, last = 0.0, max(LEAST_DISTANCE, LAST_DISTANCE * sigma)
    for turn, distance in enumerate(np.geomspace(max(FIRST_DISTANCE, last), last, steps).tolist()):
        if turn:
            x_hat = problem.near(x_hat, before)
        x_hat, before = network(x_hat, {"sigma": distance}), distance
    return x_hat
