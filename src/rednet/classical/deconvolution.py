"""Undoes a known blur as far as arithmetic can: closed forms, by FFT.

Of all pictures x it finds the one that minimises |k * x - y|^2 and, times a weight that grows with the noise, either
the squared gradients of x (`smooth`), or its squared distance from a guess (`near`). What that leaves - ringing,
coloured noise, what the blur has wiped out - is the network's task.

The FFT believes that a picture repeats itself at its borders. So it is continued beyond each border by its mirror
image, blended into that of the opposite border: no jump is left that would ring. Then what lies outside is estimated
together with the picture, step by step. What that is worth: docs/decisions/0005-deblurring.md. Float32 is
enough: on 1.5 megapixels its rounding stays below a hundredth of the least noise.

Source: Krishnan and Fergus, "Fast image deconvolution using hyper-Laplacian priors", 2009, section 2 (the x step, here
with the prior's exponent 2). The border: in the manner of Reeves, "Fast image restoration without boundary artifacts",
2005 (unknown borders as missing data).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.classical.conjugate import descend
from rednet.classical.kernels import Kernel, check_kernel
from rednet.errors import OptionError
from rednet.stopping import check_stop
from rednet.values import check_number

__all__ = ["Deconvolution"]

Image = NDArray[np.float32]
Plane = NDArray[np.float32]
Spectrum = NDArray[np.complexfloating[Any, Any]]

GRADIENT_POWER = 0.015  # mean of |dx x|^2 + |dy x|^2 in photographs
LEAST_SIGMA = 0.3  # 0-255 scale: 8 bits round with a standard deviation of 0.29
FREQUENCIES = (np.fft.fftfreq, np.fft.rfftfreq)  # of rows, of columns
REACH = 1.0  # the continuation, in kernel sides
BORDER_STEPS = 32  # of improving the continuation, at most; with strong noise some six are enough
SETTLED = 0.002  # of the squared slope at the beginning: what is left of it is worth 0.1 dB; 0.7 with noise below 1


class Deconvolution:
    """One blurred picture, ready to be inverted.

    Args:
        y: (H, W, C), blurred by `kernel` (a true convolution) and then noisy.
        kernel: (h, w), see `rednet.classical.kernels`; not larger than the picture.
        sigma: standard deviation of the noise, 0-255 scale.
        repeats: the picture was blurred as a torus, as some published protocols do.

    Raises:
        OptionError: the kernel is no kernel, or larger than the picture; sigma is out of range.
    """

    def __init__(self, y: Image, kernel: Kernel, sigma: float, *, repeats: bool = False) -> None:
        kernel = check_kernel(kernel)
        height, width, _ = self.shape = y.shape
        if kernel.shape[0] > height or kernel.shape[1] > width:
            raise OptionError(
                f"the kernel is {kernel.shape[1]}x{kernel.shape[0]} px and the picture {width}x{height}; "
                "the kernel must not be larger"
            )
        check_number("sigma", sigma, 0, 255)
        self.noise = (max(sigma, LEAST_SIGMA) / 255) ** 2
        self.extra = (
            (0, 0)
            if repeats
            else tuple(
                quick_length(side + int(REACH * reach)) - side
                for side, reach in zip(y.shape, kernel.shape, strict=False)
            )
        )
        self.y = y
        planes = np.moveaxis(continued(y.astype(np.float32), self.extra), 2, 0)  # (C, H padded, W padded)
        size = planes.shape[1:]
        self.blur: Spectrum = np.fft.rfft2(centred(kernel, size))
        self.power = np.abs(self.blur) ** 2
        rows, columns = (4 * np.sin(np.pi * f(side)) ** 2 for f, side in zip(FREQUENCIES, size, strict=True))
        self.gradients = (self.noise / GRADIENT_POWER * (rows[:, None] + columns)).astype(np.float32)  # |dx|^2 + |dy|^2
        self.planes = [self.complete(plane) if any(self.extra) else plane for plane in planes]

    def smooth(self) -> Image:
        """Gives the picture without gradients that nothing calls for: (H, W, C), not clipped."""
        return self.picture([self.inverted(plane) for plane in self.planes])

    def near(self, guess: Image, sigma: float) -> Image:
        """Gives the picture nearest to a guess.

        Args:
            guess: (H, W, C), for instance the picture denoised.
            sigma: how far it may be from the truth: standard deviation, 0-255 scale, above 0.

        Returns:
            (H, W, C), not clipped.
        """
        weight = np.float32(self.noise / (sigma / 255) ** 2)
        guesses = np.moveaxis(continued(guess.astype(np.float32), self.extra), 2, 0)
        inverse = 1 / (self.power + weight)
        return self.picture(
            [
                back((np.fft.rfft2(plane) * self.blur.conj() + weight * np.fft.rfft2(z)) * inverse, plane)
                for plane, z in zip(self.planes, guesses, strict=True)
            ]
        )

    def wiped_out(self, sigma: float) -> float:
        """Tells how much of the picture nearest to a guess the guess decides, and not what was seen: 0 to 1.

        Args:
            sigma: as in `near`.
        """
        weight = self.noise / (sigma / 255) ** 2
        return float((weight / (self.power + weight)).mean())

    def inverted(self, plane: Plane) -> Plane:
        """Inverts the blur of a whole plane, with the squared gradients as price."""
        return back(np.fft.rfft2(plane) * self.blur.conj() / (self.power + self.gradients), plane)

    def complete(self, plane: Plane) -> Plane:
        """Improves what is guessed beyond the borders: what the restored picture, blurred again, shows there.

        Conjugate gradients minimise over those pixels what the best picture leaves unexplained, its price included.
        """
        height, width, _ = self.shape
        left = (self.gradients / (self.power + self.gradients)).astype(np.float32)

        def slope(plane: Plane) -> Plane:
            result = back(np.fft.rfft2(plane) * left, plane)
            result[:height, :width] = 0  # what is known does not move
            return result

        return descend(slope, plane, steps=BORDER_STEPS, settled=SETTLED)

    def picture(self, planes: list[Plane]) -> Image:
        """Cuts the picture out of its planes."""
        height, width, _ = self.shape
        return np.stack([plane[:height, :width] for plane in planes], axis=2)


def back(spectrum: Spectrum, plane: Plane) -> Plane:
    """Transforms a spectrum back into a plane of the size of `plane`; asks before whether to go on."""
    check_stop()
    return np.fft.irfft2(spectrum, plane.shape).astype(np.float32, copy=False)


def centred(kernel: Kernel, size: tuple[int, ...]) -> Plane:
    """Puts a kernel on a torus with its middle at the corner, so that it shifts nothing."""
    plane = np.zeros(size, np.float32)
    plane[: kernel.shape[0], : kernel.shape[1]] = kernel
    return np.roll(plane, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), axis=(0, 1))


def continued(x: Image, extra: tuple[int, ...]) -> Image:
    """Continues a picture by `extra` px at its bottom and right, smoothly into its own top and left."""
    for axis, count in enumerate(extra):
        size = x.shape[axis]
        after, before = (mirrored(steps, size) for steps in (np.arange(count), np.arange(count)[::-1]))
        share = (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[:, None]
        beyond = x.take(size - 1 - after, axis) * (1 - share) + x.take(before, axis) * share
        x = np.concatenate([x, beyond], axis=axis)
    return x


def mirrored(steps: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Walks `steps` px from one border of `size` px, and back from the other, and so on."""
    phase = steps % (2 * size)
    return np.minimum(phase, 2 * size - 1 - phase)


def quick_length(least: int) -> int:
    """Finds the smallest length from `least` on whose only prime factors are 2, 3 and 5: its FFT is quick."""
    while True:
        rest = least
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return least
        least += 1
