"""Blur, and blur followed by deconvolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rednet.classical.deconvolution import Deconvolution
from rednet.classical.kernels import MAX_KERNEL, Kernel, camera_shake, check_kernel, disk, gaussian, motion
from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several
from rednet.degradations.noise import GaussianNoise
from rednet.errors import OptionError

__all__ = ["Blur", "Deconvolved", "SlightBlur", "random_kernel"]

MAX_SPREAD = 3.0  # px; for a wider blur, deconvolution is better
LEAST_SPREAD = 0.1  # px; a narrower blur changes no 8-bit level
REACH = 4.0  # standard deviations at which a Gaussian is cut off

KERNEL_ERROR = 0.1  # an estimated or measured kernel is never exact
SIGMA_GUESS = (0.7, 1.4)  # range of estimated over true sigma: an estimate of the noise is never exact


@dataclass(frozen=True, eq=False)
class Blur:
    """Convolves with a blur kernel (a true convolution: the kernel is rotated) and adds Gaussian noise.

    Args:
        kernel: see `rednet.classical.kernels`; it is scaled to sum 1.
        sigma: standard deviation of the noise, 0-255 scale.
        boundary: padding mode of numpy: "symmetric" mirrors the picture and repeats the border pixel, "reflect" mirrors
            without repeating it, "edge" repeats the border pixel only, "wrap" makes the picture a torus.
        clip: clip to [0, 1] and round to 8 bits, like a saved file.
    """

    kernel: Kernel
    sigma: Level = 0.0
    boundary: Literal["symmetric", "reflect", "edge", "wrap"] = "symmetric"
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        object.__setattr__(self, "kernel", check_kernel(self.kernel))

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        rows, columns = (side // 2 for side in self.kernel.shape)
        padded = np.pad(x, ((rows, rows), (columns, columns), (0, 0)), mode=self.boundary)
        size = padded.shape[:2]
        spectrum = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(self.kernel, size)[:, :, None]
        full = np.fft.irfft2(spectrum, size, axes=(0, 1))
        y = full[2 * rows :, 2 * columns :].astype(np.float32)  # pixels whose kernel lies inside the padded picture
        return GaussianNoise(self.sigma, self.clip)(y, rng)._replace(kernel=self.kernel)


@dataclass(frozen=True)
class Deconvolved:
    """Blurs with a random kernel, adds noise, and deconvolves; what is left is the damage that the network sees.

    Half of the kernels are camera shake; the others are disks, Gaussians and straight motion. As in practice, the
    deconvolution gets a kernel with errors and a rough estimate of the noise. The picture is blurred as a torus, so
    that a small crop has no border effects, like the middle of a large picture.

    Args:
        sigma: standard deviation of the noise after the blur, 0-255 scale.
        size: longest side of the kernel, px.
    """

    sigma: Level = (0.0, 10.0)
    size: Level = (3.0, 27.0)

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("size", self.size, 3, MAX_KERNEL - 4)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        size, sigma = draw(self.size, rng), draw(self.sigma, rng)
        kernel = random_kernel(min(size, min(x.shape[:2]) / 2), rng)
        y = Blur(kernel, sigma, "wrap")(x, rng).y
        wrong = kernel * (1 + KERNEL_ERROR * rng.uniform() * rng.standard_normal(kernel.shape)).clip(0)
        guess = sigma * rng.uniform(*SIGMA_GUESS)
        return Degraded(Deconvolution(y, wrong, guess, repeats=True).smooth(), {"deconvolved": sigma})


@dataclass(frozen=True)
class SlightBlur:
    """Blurs a little and adds Gaussian noise; the network itself deblurs, without deconvolution.

    The spread is the fact `blur`. With this hint, the blur is known; without it, it is an unmeasured blur of a lens or
    of resampling.

    Args:
        spread: standard deviation of the blur along one axis, px; 0 for no blur.
        sigma: standard deviation of the noise, 0-255 scale.
        shape: "gaussian", or "disk" (a lens out of focus; its radius is twice the spread); or both to choose from.
        clip: clip to [0, 1] and round to 8 bits, like a saved file.

    Source: isotropic Gaussian blur before noise as in Zhang, Zuo and Zhang, "Learning a single convolutional
    super-resolution network for multiple degradations" (SRMD), CVPR 2018, section 3.1.
    """

    spread: Level
    sigma: Level = 0.0
    shape: Literal["gaussian", "disk"] | tuple[Literal["gaussian", "disk"], ...] = ("gaussian", "disk")
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("spread", self.spread, 0, MAX_SPREAD)
        check_level("sigma", self.sigma, 0, 255)
        if not several(self.shape) or set(several(self.shape)) - {"gaussian", "disk"}:
            raise OptionError(f"shape is {self.shape}; it must be gaussian or disk, or both")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        spread, shape = draw(self.spread, rng), choose(self.shape, rng)
        if spread >= LEAST_SPREAD and shape == "disk":
            y = weighted(x, disk(2 * spread))
        elif spread >= LEAST_SPREAD:
            line = gaussian_line(spread)
            y = weighted(weighted(x, line[None]), line[:, None])
        else:
            y = x
        noisy = GaussianNoise(self.sigma, self.clip)(y, rng)
        return noisy._replace(facts={"blur": spread, **noisy.facts})


def gaussian_line(spread: float) -> Kernel:
    """Return a one-dimensional Gaussian of a standard deviation, px, with sum 1."""
    half = math.ceil(REACH * spread)
    line: Kernel = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * spread**2))
    return line / float(line.sum())


def weighted(x: Image, kernel: Kernel) -> Image:
    """Return the sum of each pixel's neighbours, weighted by a small symmetric kernel; borders are mirrored."""
    rows, columns = (side // 2 for side in kernel.shape)
    padded = np.pad(x, ((rows, rows), (columns, columns), (0, 0)), mode="symmetric")
    total = np.zeros_like(x)
    for row, column in np.argwhere(kernel > 0):
        total += np.float32(kernel[row, column]) * padded[row : row + x.shape[0], column : column + x.shape[1]]
    return total


def random_kernel(size: float, rng: np.random.Generator) -> Kernel:
    """Draw a kernel of about `size` px a side."""
    kind = rng.integers(6)
    if kind < 3:
        return camera_shake(max(2, round(size)), rng)
    if kind == 3:
        return disk(max(0.8, size / 2))
    if kind == 4:
        return gaussian(max(0.4, size / 8))
    return motion(max(1.5, size), rng.uniform(0, 180))
