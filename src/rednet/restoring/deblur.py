"""Non-blind deblurring: a regularised inverse, and the network, in turns.

First the network removes what the inverse leaves. Each turn after that draws its answer back to the pictures that
explain what was seen, which brings noise back in, and the network removes it again, in the manner of half-quadratic
splitting. Two turns are worth 1.5 dB in camera shake (docs/decisions/0005-deblurring.md). What comes back where a blur
has wiped out much of the picture, as a Gaussian does, is noise of one fineness, which the network takes for texture;
there the turns stay close. In colour it does so later, since such noise differs from channel to channel.

The inverse works on the whole picture: where a kernel wipes out a frequency, its inverse reaches across any overlap
that tiles could have. The network goes over the picture as always.

Source: Zhang, Zuo, Gu and Zhang, "Learning deep CNN denoiser prior for image restoration", 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.classical.deconvolution import Deconvolution
from rednet.classical.kernels import Kernel
from rednet.images import Picture
from rednet.network.hints import HINTS, Facts
from rednet.progress import Progress
from rednet.restoring.correction import hidden_pixels
from rednet.restoring.network import Network
from rednet.restoring.noise import estimate_sigma
from rednet.restoring.options import Options
from rednet.tiling.fringes import fill_hidden

__all__ = ["correct_blur", "deblur"]

Pixels = NDArray[np.float32]

FAR = 240.0, 4.5  # 0-255 scale: how far from the truth an answer is taken to be, before and at last
CLOSE = 6.0, 4.0  # the same where much is wiped out
MUCH, MUCH_OF_GRAY = 0.6, 0.4  # of the picture, in the first turn of `FAR`
NOISE_LEFT = 0.5  # of the distance: the noise that the network is told of


def correct_blur(
    network: Network,
    picture: Picture,
    kernel: Kernel,
    sigma: float | None,
    steps: int,
    options: Options,
    progress: Progress,
) -> Pixels:
    """Compute what is to be added to a blurred picture, (H, W, C).

    Args:
        network: restores what the inverse leaves.
        picture: to restore.
        kernel: of the blur, see `rednet.classical.kernels`.
        sigma: of the noise, 0-255 scale; None estimates it.
        steps: turns after the first answer, see `deblur`.
        options: whether to join 8 orientations.
        progress: called with the finished fraction, 0 to 1.
    """
    hidden = hidden_pixels(picture)
    y = picture.pixels if hidden is None else fill_hidden(picture.pixels, hidden, repeats=options.tileable)
    level = min(estimate_sigma(y), HINTS["deconvolved"].highest) if sigma is None else sigma
    done, passes = 0, 1 + steps

    def restore(x: Pixels, facts: Facts) -> Pixels:
        nonlocal done
        before = done / passes
        done += 1
        return x + network.residual(
            x,
            facts,
            None,
            options.self_ensemble,
            lambda part: progress(before + part / passes),
            hidden,
            tileable=options.tileable,
        )

    return deblur(restore, y, kernel, level, steps=steps, repeats=options.tileable) - picture.pixels


def deblur(
    network: Callable[[Pixels, Facts], Pixels],
    y: Pixels,
    kernel: Kernel,
    sigma: float,
    *,
    steps: int,
    repeats: bool = False,
) -> Pixels:
    """Deblurs a picture.

    Args:
        network: (picture, facts) to the restored picture; it is called once more than there are steps.
        y: (H, W, C), blurred by `kernel` and then noisy.
        kernel: see `rednet.classical.kernels`.
        sigma: standard deviation of the noise, 0-255 scale.
        steps: turns of inverse and network after the first answer.
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Raises:
        OptionError: see `Deconvolution`.
    """
    problem = Deconvolution(y, kernel, sigma, repeats=repeats)
    x_hat = network(problem.smooth(), {"deconvolved": sigma})
    turns = distances(steps, *FAR)
    if turns and problem.wiped_out(turns[0]) > (MUCH_OF_GRAY if is_gray(y) else MUCH):
        turns = distances(steps, *CLOSE)
    for distance in turns:
        x_hat = network(problem.near(x_hat, distance), {"sigma": NOISE_LEFT * distance})
    return x_hat


def is_gray(y: Pixels) -> bool:
    """Tells whether all channels are the same."""
    return bool((y == y[:, :, :1]).all())


def distances(steps: int, farthest: float, nearest: float) -> list[float]:
    """Goes from far to near in equal ratios, half of one from either end: 89 and 12 in two steps from `FAR`."""
    return [float(d) for d in np.geomspace(farthest, nearest, 2 * steps + 1)[1::2]]
