"""Dark pictures, which use only a small part of the range of values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet.degradations.degraded import Degraded, Image, Level, check_level, draw

__all__ = ["Dark"]

LEAST_WHITE = 1e-4  # of the range: six of the 65535 levels
DEEPEST = np.float32(65535)


@dataclass(frozen=True)
class Dark:
    """Makes a picture dark and rounds it to 16 bits; the network should not brighten it.

    In a chain after noise, the noise becomes dark with the picture; in a chain before noise, the noise does not.

    Args:
        white: value of white in the dark picture, as a fraction of the range; 0.003 leaves about 200 of 65535 levels.
    """

    white: Level = (0.003, 0.05)

    def __post_init__(self) -> None:
        check_level("white", self.white, LEAST_WHITE, 1)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        white = draw(self.white, rng)
        y = np.rint(np.clip(x * np.float32(white), 0, 1) * DEEPEST) / DEEPEST
        return Degraded(y, white=white)
