"""Deblur with a known kernel: a regularised inverse, and the network, in turns.

First the network removes what the inverse leaves. Each turn after that draws the answer back to the pictures that
explain what was seen. That brings noise back in, and the network removes it again, in the manner of half-quadratic
splitting. Two turns are worth 1.5 dB in camera shake (docs/decisions/0005-deblurring.md). Where a blur has wiped out
much of the picture, as a Gaussian does, the noise that comes back is of one fineness, which the network takes for
texture; there the turns stay close. In colour that happens later, since such noise differs from channel to channel.

The inverse works on the whole picture: where a kernel wipes out a frequency, its inverse reaches across any overlap
that tiles could have. The network goes over the picture as always.

A kernel that does not fit makes a picture worse than it was. So the answer is judged. If it shows that the kernel is
wrong, the picture is left as it is, with a warning; if that is not certain, there is only the warning.

JPEG rounds fine detail away. The estimate of white noise does not see this error, and an inverse that trusts it makes
the blocks stronger. So the error of a JPEG is taken to be five times what the network removes from it, and no doubt
about its kernel is certain.

Source: Zhang, Zuo, Gu and Zhang, "Learning deep CNN denoiser prior for image restoration", 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.classical.deconvolution import LEAST_SIGMA, Deconvolution
from rednet.classical.kernels import Kernel
from rednet.classical.plausibility import misfit
from rednet.images import Picture
from rednet.network.hints import HINTS, Facts
from rednet.progress import Progress
from rednet.restoring.correction import hidden_pixels
from rednet.restoring.exposure import exposure
from rednet.restoring.network import Network
from rednet.restoring.noise import estimate_sigma
from rednet.restoring.options import Options
from rednet.tiling.fringes import fill_hidden
from rednet.warning import warn

__all__ = ["correct_blur", "deblur"]

Pixels = NDArray[np.float32]

FAR = 240.0, 4.5  # 0-255 scale: the error that an answer is taken to have, before the first turn and after the last
CLOSE = 6.0, 4.0  # the same where much is wiped out
MUCH, MUCH_OF_GRAY = 0.6, 0.4  # of the picture, in the first turn of `FAR`
NOISE_LEFT = 0.5  # of that error: the noise that the network gets as a hint
ERROR_OF_JPEG = 5.0  # of what the network removes from it
CONTRADICTED = 2.0  # times the noise that a picture shows, and as many levels more, or less


def correct_blur(
    network: Network,
    picture: Picture,
    kernel: Kernel,
    sigma: float | None,
    steps: int,
    trust_kernel: bool,
    options: Options,
    progress: Progress,
    *,
    quality: float | None = None,
) -> Pixels:
    """Compute what is to be added to a blurred picture, (H, W, C): nothing if the kernel does not fit.

    Args:
        network: removes what the inverse leaves.
        picture: the blurred picture.
        kernel: the blur, see `rednet.classical.kernels`.
        sigma: standard deviation of the noise, 0-255 scale; None estimates it.
        steps: number of turns after the first answer, see `deblur`.
        trust_kernel: keep the answer without judging it.
        options: the options, of which `self_ensemble` and `tileable` matter here.
        progress: called with the finished fraction, 0 to 1.
        quality: quality of the JPEG file that the picture was saved as, 1 to 100; None if it was not saved as one.
    """
    hidden = hidden_pixels(picture)
    y = picture.pixels if hidden is None else fill_hidden(picture.pixels, hidden, repeats=options.tileable)
    gain = exposure(y)  # noise is judged by levels of white, which a dark picture does not reach
    y = y if gain == 1 else y * np.float32(gain)
    needed = not trust_kernel or quality is not None  # the picture without its noise, by which the answer is judged
    done, passes = 0, 1 + steps + needed

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

    denoised = restore(y, {"sigma": None} if quality is None else {"quality": quality}) if needed else y
    seen = estimate_sigma(y)
    if quality is not None:
        removed = float(np.sqrt(np.mean(np.square(y - denoised, dtype=np.float64))))
        seen = max(seen, ERROR_OF_JPEG * 255 * removed)
    seen = min(seen, HINTS["deconvolved"].highest)
    level = seen if sigma is None else min(gain * sigma, HINTS["sigma"].highest)
    if quality is None and abs(level - seen) > CONTRADICTED + (CONTRADICTED - 1) * min(level, seen):
        warn(
            f"the sigma of the noise is given as {sigma:g}, but the picture shows noise of about {seen / gain:.3g}: "
            "correct it, or leave it out"
        )
    problem = Deconvolution(y, kernel, level, repeats=options.tileable)
    x_hat = deblur(restore, problem, steps=steps)
    noise, sure = max(level, seen, LEAST_SIGMA), quality is None
    doubt = None if trust_kernel else misfit(problem, x_hat, noise, denoised, sure=sure)
    if doubt is not None and doubt.certain:
        warn(f"the kernel does not fit: {doubt.reason}. The picture is left as it is; correct the kernel, or trust it")
        return np.zeros_like(y)
    if doubt is not None:
        warn(f"the kernel may not fit: {doubt.reason}. Compare the result with the picture, and correct the kernel")
    x_hat /= np.float32(gain)
    return x_hat - picture.pixels


def deblur(network: Callable[[Pixels, Facts], Pixels], problem: Deconvolution, *, steps: int) -> Pixels:
    """Deblur a picture by its inverse and the network, in turns.

    Args:
        network: (picture, facts) to the restored picture; it is called once more than there are steps.
        problem: the picture, its kernel and its noise.
        steps: number of turns after the first answer.

    Returns:
        (H, W, C), not clipped.
    """
    x_hat = network(problem.smooth(), {"deconvolved": problem.sigma})
    turns = distances(steps, *FAR)
    if turns and problem.wiped_out(turns[0]) > (MUCH_OF_GRAY if is_gray(problem.y) else MUCH):
        turns = distances(steps, *CLOSE)
    for distance in turns:
        x_hat = network(problem.near(x_hat, distance), {"sigma": NOISE_LEFT * distance})
    return x_hat


def is_gray(y: Pixels) -> bool:
    """Return whether all channels are the same."""
    return bool((y == y[:, :, :1]).all())


def distances(steps: int, farthest: float, nearest: float) -> list[float]:
    """Return the distances of all steps, in equal ratios, half a ratio from either end.

    Example:
        >>> [round(distance) for distance in distances(2, 240.0, 4.5)]
        [89, 12]
    """
    return [float(d) for d in np.geomspace(farthest, nearest, 2 * steps + 1)[1::2]]
