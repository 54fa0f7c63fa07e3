"""The regularised inverse of a known blur: closed form, by FFT.

It finds the picture x that minimises |k * x - y|^2 + weight (|dx x|^2 + |dy x|^2): as near as noise allows to what,
blurred by k, gives y, but without steep gradients that nothing calls for. What that leaves - ringing, coloured noise,
what the blur has wiped out - is the network's task.

The FFT believes that the picture repeats itself at its borders. So the picture is continued beyond each border by its
mirror image and blended there into its other side (`continue_smoothly`): no jump is left that would ring. Then what
lies outside is estimated together with the picture, step by step (`invert`). What that is worth:
docs/decisions/0005-deblurring.md.

Source: Krishnan and Fergus, "Fast image deconvolution using hyper-Laplacian priors", 2009, section 2 (the x step, here
with the prior's exponent 2).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.kernels import Kernel, check_kernel

__all__ = ["deconvolve", "gradient_weight"]

Image = NDArray[np.float32]
Plane = NDArray[np.float64]
Spectrum = NDArray[np.complex128]

GRADIENT_POWER = 0.015  # mean of |dx x|^2 + |dy x|^2 in photographs
LEAST_SIGMA = 0.3  # 0-255 scale: 8 bits round with a standard deviation of 0.29
REACH = 1.0  # the continuation, in kernel sides
BORDER_STEPS = 12  # of improving the continuation


def gradient_weight(sigma: float) -> float:
    """Gives the weight of the gradients that suits noise of `sigma`, 0-255 scale: the ratio of the two powers."""
    return (max(sigma, LEAST_SIGMA) / 255) ** 2 / GRADIENT_POWER


def deconvolve(y: Image, kernel: Kernel, sigma: float, *, repeats: bool = False) -> Image:
    """Inverts a blur.

    Args:
        y: (H, W, C), blurred by `kernel` (a true convolution) and then noisy.
        kernel: (h, w), see `rednet.kernels`; smaller than the picture.
        sigma: standard deviation of the noise, 0-255 scale.
        repeats: the picture was blurred as a torus, as some published protocols do.

    Returns:
        (H, W, C), neither clipped nor free of ringing.

    Raises:
        OptionError: the kernel is no kernel, or larger than the picture; sigma is negative.
    """
    kernel = check_kernel(kernel)
    height, width, _ = y.shape
    if kernel.shape[0] > height or kernel.shape[1] > width:
        raise OptionError(
            f"the kernel is {kernel.shape[1]}x{kernel.shape[0]} px and the picture {width}x{height}; "
            "the kernel must be the smaller"
        )
    if not 0 <= sigma <= 255:
        raise OptionError(f"sigma is {sigma:g}; it must be from 0 to 255")
    height, width, _ = y.shape
    plane = (y if repeats else continue_smoothly(y, kernel.shape)).astype(np.float64)
    size = plane.shape[:2]
    blur = np.fft.rfft2(centred(kernel, size))
    rows, columns = np.fft.fftfreq(size[0])[:, None], np.fft.rfftfreq(size[1])
    gradients = 4 * np.sin(np.pi * rows) ** 2 + 4 * np.sin(np.pi * columns) ** 2  # |dx|^2 + |dy|^2
    inverse = blur.conj() / (np.abs(blur) ** 2 + gradient_weight(sigma) * gradients)
    x_hat = [
        invert(plane[:, :, c], blur, inverse, y.shape[:2], 0 if repeats else BORDER_STEPS) for c in range(y.shape[2])
    ]
    return np.stack(x_hat, axis=2).astype(np.float32)


def invert(plane: Plane, blur: Spectrum, inverse: Spectrum, known: tuple[int, int], steps: int) -> Plane:
    """Inverts the blur of one plane, of which `known` (H, W) px are measured and the rest is guessed.

    Each step blurs the result again and takes what that gives as the better guess, with Nesterov's momentum.
    """
    height, width = known
    measured = plane[:height, :width]
    before, pace = plane, 1.0
    for _ in range(steps):
        blurred = np.fft.irfft2(np.fft.rfft2(plane) * inverse * blur, plane.shape)
        pace, slower = (1 + (1 + 4 * pace**2) ** 0.5) / 2, pace
        plane = blurred + (slower - 1) / pace * (blurred - before)
        plane[:height, :width] = measured
        before = blurred
    return np.fft.irfft2(np.fft.rfft2(plane) * inverse, plane.shape)[:height, :width]


def centred(kernel: Kernel, size: tuple[int, ...]) -> NDArray[np.float64]:
    """Puts a kernel on a torus with its middle at the corner, so that it shifts nothing."""
    plane = np.zeros(size)
    plane[: kernel.shape[0], : kernel.shape[1]] = kernel
    return np.roll(plane, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), axis=(0, 1))


def continue_smoothly(y: Image, kernel: tuple[int, ...]) -> Image:
    """Continues a picture at its right and bottom so that it runs smoothly into its own left and top."""
    for axis in (0, 1):
        size = y.shape[axis]
        extra = quick_length(size + int(REACH * kernel[axis])) - size
        after = np.minimum(np.arange(1, extra + 1), size)  # the mirror image beyond the end
        before = np.minimum(np.arange(extra, 0, -1), size)  # and beyond the start
        ending, beginning = y.take(size - after, axis), y.take(before - 1, axis)
        share = (0.5 - 0.5 * np.cos(np.pi * (np.arange(extra) + 0.5) / extra)).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[:, None]
        y = np.concatenate([y, ending * (1 - share) + beginning * share], axis=axis)
    return y


def quick_length(least: int) -> int:
    """Finds the smallest length from `least` on whose only prime factors are 2, 3 and 5: its FFT is quick."""
    length = least
    while True:
        rest = length
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return length
        length += 1
