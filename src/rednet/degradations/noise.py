"""White Gaussian noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet.degradations.degraded import Degraded, Image, Level, check_level, draw, to_8_bits

__all__ = ["GaussianNoise"]


@dataclass(frozen=True)
class GaussianNoise:
    """Adds white Gaussian noise.

    Args:
        sigma: standard deviation on the 0-255 scale.
        clip: clip to [0, 1] and round to 8 bits, like a saved file. Published protocols do not clip.
    """

    sigma: Level
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma = draw(self.sigma, rng)
        y = x + np.float32(sigma / 255) * rng.standard_normal(x.shape, np.float32)
        return Degraded(to_8_bits(y) if self.clip else y, {"sigma": sigma})
