"""Invert a known blur in closed form, by FFT.

Of all pictures x, find the one that minimises |k * x - y|^2 plus a price: the squared gradients of x (`smooth`), or its
squared distance from a guess (`near`), times a weight that grows with the noise. What that leaves is the network's
task: ringing, coloured noise, and what the blur has wiped out.

The FFT takes a picture for a torus. So the picture is continued beyond each border by its mirror image, blended into
that of the opposite border: no jump is left that would ring. The pixels beyond the borders, and those that are clipped
at white, are unknown data: they are estimated together with the picture, step by step. What that is worth:
docs/decisions/0005-deblurring.md. Within reach of clipped pixels no result is darker than what was seen in reach, or a
light that was too bright to be measured would get a black ring. Float32 is enough: on 1.5 megapixels its rounding stays
below a hundredth of the least noise.

Source: Krishnan and Fergus, "Fast image deconvolution using hyper-Laplacian priors", 2009, section 2 (the x step, here
with the prior's exponent 2). Unknown pixels: in the manner of Reeves, "Fast image restoration without boundary
artifacts", 2005.
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

__all__ = ["LEAST_SIGMA", "Deconvolution"]

Image = NDArray[np.float32]
Plane = NDArray[np.float32]
Spectrum = NDArray[np.complexfloating[Any, Any]]

GRADIENT_POWER = 0.015  # mean of |dx x|^2 + |dy x|^2 in photographs
LEAST_SIGMA = 0.3  # 0-255 scale: 8 bits round with a standard deviation of 0.29
FREQUENCIES = (np.fft.fftfreq, np.fft.rfftfreq)  # of rows, of columns
REACH = 1.0  # of the continuation, in kernel sides
BORDER_STEPS = 32  # for the unknown pixels, at most; with strong noise about six are enough
SETTLED = 0.002  # of the squared gradient at the start; the rest is worth 0.1 dB, and 0.7 with noise below 1
NEAR_WHITE = 3.0  # standard deviations of the noise: nearer to white, a pixel may have been clipped
HALF_LEVEL = 0.5 / 255  # of white
BEYOND_WHITE = 1.001  # a picture with values above is not clipped


class Deconvolution:
    """One blurred picture, ready to be inverted.

    Args:
        y: (H, W, C), blurred by `kernel` (a true convolution) and then noisy.
        kernel: (h, w), see `rednet.classical.kernels`; not larger than the picture.
        sigma: standard deviation of the noise, 0-255 scale.
        repeats: the picture was blurred as a torus: it is a texture that tiles, or made by some published protocols.

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
        self.kernel, self.sigma = kernel, sigma
        self.blur: Spectrum = np.fft.rfft2(_centred(kernel, size))
        self.power = np.abs(self.blur) ** 2
        rows, columns = (4 * np.sin(np.pi * f(side)) ** 2 for f, side in zip(FREQUENCIES, size, strict=True))
        self.gradients = (self.noise / GRADIENT_POWER * (rows[:, None] + columns)).astype(np.float32)  # |dx|^2 + |dy|^2
        self.clipped = self._near_white()
        self.measured = self._measured() if self.clipped.any() else np.ones(y.shape, bool)
        self.floor = _lowest(y, self._reach()) if self.clipped.any() else None
        self.planes = [self._completed(plane, self.clipped[:, :, c]) for c, plane in enumerate(planes)]

    def smooth(self) -> Image:
        """Return the picture of least squared gradients that explains what was seen: (H, W, C), not clipped."""
        return self._without_rings(self._picture([self._inverted(plane) for plane in self.planes]))

    def near(self, guess: Image, sigma: float) -> Image:
        """Return the picture nearest to a guess that explains what was seen.

        Args:
            guess: (H, W, C), for instance the picture denoised.
            sigma: of the error of the guess: standard deviation, 0-255 scale, above 0.

        Returns:
            (H, W, C), not clipped.
        """
        weight = np.float32(self.noise / (sigma / 255) ** 2)
        guesses = np.moveaxis(continued(guess.astype(np.float32), self.extra), 2, 0)
        inverse = 1 / (self.power + weight)
        planes = [
            _back((np.fft.rfft2(plane) * self.blur.conj() + weight * np.fft.rfft2(z)) * inverse, plane)
            for plane, z in zip(self.planes, guesses, strict=True)
        ]
        return self._without_rings(self._picture(planes))

    def wiped_out(self, sigma: float) -> float:
        """Return the share of the picture nearest to a guess that the guess decides, and not what was seen: 0 to 1.

        Args:
            sigma: as in `near`.
        """
        weight = self.noise / (sigma / 255) ** 2
        return float((weight / (self.power + weight)).mean())

    def unexplained(self, x: Image) -> float:
        """Return how far a picture, blurred again, is from what was seen: root mean square, of white.

        Args:
            x: (H, W, C).
        """
        height, width, _ = self.shape
        rows, columns = (min(reach, side // 4) for reach, side in zip(self._reach(), self.shape, strict=False))
        inside = slice(rows, height - rows), slice(columns, width - columns)  # beyond, the blur reaches unseen pixels
        blur = np.fft.rfft2(_centred(self.kernel, (height, width)))
        again = [_back(np.fft.rfft2(x[:, :, channel]) * blur, x[:, :, channel]) for channel in range(x.shape[2])]
        errors = (np.stack(again, axis=2) - self.y)[inside][self.measured[inside]]
        return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64)))) if errors.size else 0.0

    def _inverted(self, plane: Plane) -> Plane:
        """Invert the blur of a whole plane, with the squared gradients as price."""
        return _back(np.fft.rfft2(plane) * self.blur.conj() / (self.power + self.gradients), plane)

    def _near_white(self) -> NDArray[np.bool_]:
        """Mark the pixels that have been clipped, (H, W, C): those near white, if some are white and none beyond."""
        if not 1 - HALF_LEVEL <= self.y.max(initial=0) <= BEYOND_WHITE:
            return np.zeros(self.y.shape, bool)
        return np.asarray(self.y >= 1 - max(HALF_LEVEL, NEAR_WHITE * np.sqrt(self.noise)))

    def _reach(self) -> tuple[int, int]:
        """Return how far the kernel spreads light, px up and down, and left and right."""
        rows, columns = self.kernel.shape
        return rows // 2, columns // 2

    def _measured(self) -> NDArray[np.bool_]:
        """Mark the pixels out of reach of clipped ones, (H, W, C): no light in them was too bright to be measured."""
        rows, columns = self._reach()
        return np.asarray(_lowest(~self.clipped, (2 * rows, 2 * columns)))

    def _left(self) -> Plane:
        """Return the share of each frequency that the smooth picture leaves unexplained."""
        left: Plane = (self.gradients / (self.power + self.gradients)).astype(np.float32)
        return left

    def _completed(self, plane: Plane, clipped: NDArray[np.bool_]) -> Plane:
        """Estimate the unknown pixels: what the restored picture, blurred again, shows there.

        Conjugate gradients minimise over those pixels what the best picture leaves unexplained, its price included. A
        clipped pixel was no darker than it is seen.
        """
        if not any(self.extra) and not clipped.any():
            return plane
        height, width, _ = self.shape
        left = self._left()
        free = np.ones(plane.shape, np.float32)
        free[:height, :width] = clipped

        def gradient(plane: Plane) -> Plane:
            return free * _back(np.fft.rfft2(plane) * left, plane)

        best = descend(gradient, plane, steps=BORDER_STEPS, settled=SETTLED)
        inside = slice(height), slice(width)
        best[inside][clipped] = np.maximum(best[inside], plane[inside])[clipped]
        return best

    def _picture(self, planes: list[Plane]) -> Image:
        """Cut the picture out of its planes."""
        height, width, _ = self.shape
        return np.stack([plane[:height, :width] for plane in planes], axis=2)

    def _without_rings(self, x: Image) -> Image:
        """Keep a result from being darker, within reach of clipped pixels, than what was seen in reach."""
        return x if self.floor is None else np.where(self.measured, x, np.maximum(x, self.floor))


def _back(spectrum: Spectrum, plane: Plane) -> Plane:
    """Transform a spectrum back into a plane of the size of `plane`, unless the work is to stop."""
    check_stop()
    return np.fft.irfft2(spectrum, plane.shape).astype(np.float32, copy=False)


def _lowest(x: NDArray[Any], reach: tuple[int, int]) -> NDArray[Any]:
    """Return the lowest value within `reach` px of each pixel, up and down, left and right."""
    for axis, steps in enumerate(reach):
        x = np.moveaxis(x, axis, 0)
        x = np.pad(x, ((steps, steps), (0, 0), (0, 0)), mode="edge")
        length, wanted = 1, 2 * steps + 1  # of the windows whose lowest value is known
        while length < wanted:
            more = min(length, wanted - length)
            x, length = np.minimum(x[:-more], x[more:]), length + more
        x = np.moveaxis(x, 0, axis)
    return x


def _centred(kernel: Kernel, size: tuple[int, ...]) -> Plane:
    """Put a kernel on a torus with its middle at the corner, so that it shifts nothing."""
    plane = np.zeros(size, np.float32)
    plane[: kernel.shape[0], : kernel.shape[1]] = kernel
    return np.roll(plane, (-(kernel.shape[0] // 2), -(kernel.shape[1] // 2)), axis=(0, 1))


def continued(x: Image, extra: tuple[int, ...]) -> Image:
    """Continue a picture by `extra` px at its bottom and right, smoothly into its own top and left."""
    for axis, count in enumerate(extra):
        size = x.shape[axis]
        after, before = (_mirrored(steps, size) for steps in (np.arange(count), np.arange(count)[::-1]))
        share = (0.5 - 0.5 * np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[:, None]
        beyond = x.take(size - 1 - after, axis) * (1 - share) + x.take(before, axis) * share
        x = np.concatenate([x, beyond], axis=axis)
    return x


def _mirrored(steps: NDArray[np.intp], size: int) -> NDArray[np.intp]:
    """Return the pixels that a walk of `steps` px from one border of `size` px reaches, turning at each border."""
    phase = steps % (2 * size)
    return np.minimum(phase, 2 * size - 1 - phase)


def quick_length(least: int) -> int:
    """Return the smallest length from `least` on whose only prime factors are 2, 3 and 5: its FFT is quick."""
    while True:
        rest = least
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return least
        least += 1
