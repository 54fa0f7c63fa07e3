"""Blur, and what is left of it after it was inverted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rednet.deconvolution import Deconvolution
from rednet.degradations.degraded import Degraded, Image, Level, check_level, draw
from rednet.degradations.noise import GaussianNoise
from rednet.kernels import MAX_KERNEL, Kernel, camera_shake, check_kernel, disk, gaussian, motion

__all__ = ["Blur", "Deconvolved", "random_kernel"]

KERNEL_ERROR = 0.1  # a kernel that was estimated or measured is never exact
SIGMA_GUESS = (0.7, 1.4)  # nor is the noise that is told to the inverse


@dataclass(frozen=True, eq=False)
class Blur:
    """Blurs by a kernel (a true convolution: the kernel is rotated) and adds Gaussian noise.

    Args:
        kernel: see `rednet.kernels`; it is scaled to sum 1.
        sigma: of the noise, 0-255 scale.
        boundary: what lies beyond the border, by numpy's names: "symmetric" repeats the border pixel when mirroring,
            "reflect" does not, "edge" continues it, "wrap" makes the picture a torus.
        clip: round to 8 bits within [0, 1], as a saved file does.
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
        y = full[2 * rows :, 2 * columns :].astype(np.float32)  # where the kernel lies inside the padded picture
        return GaussianNoise(self.sigma, self.clip)(y, rng)._replace(kernel=self.kernel)


@dataclass(frozen=True)
class Deconvolved:
    """Blurs by a random kernel, adds noise, and inverts the blur again: what the network has to repair after that.

    Half of the kernels are camera shake, the others disks, Gaussians and straight motion. The inverse gets a kernel
    that is a little wrong, and knows the noise only roughly, as in life. The picture is blurred as a torus, so that a
    small crop has no more border than the middle of a large picture.

    Args:
        sigma: of the noise after the blur, 0-255 scale.
        size: longest side of the blur, px.
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


def random_kernel(size: float, rng: np.random.Generator) -> Kernel:
    """Draws a kernel of about `size` px a side."""
    kind = rng.integers(6)
    if kind < 3:
        return camera_shake(max(2, round(size)), rng)
    if kind == 3:
        return disk(max(0.8, size / 2))
    if kind == 4:
        return gaussian(max(0.4, size / 8))
    return motion(max(1.5, size), rng.uniform(0, 180))
