"""White noise, the standard model of the field."""

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
        clip: round to 8 bits within [0, 1], as a saved file does; the published protocols do not (False).
    """

    sigma: Level
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma = draw(self.sigma, rng)
        y = x + np.float32(sigma / 255) * rng.standard_normal(x.shape, np.float32)
        return Degraded(to_8_bits(y) if self.clip else y, {"sigma": sigma})
