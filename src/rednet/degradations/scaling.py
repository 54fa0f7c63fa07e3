"""Low resolution: pictures that are reduced and enlarged again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet.classical.resize import imresize
from rednet.degradations.degraded import UNTOUCHED, Degradation, Degraded, Image, choose, several
from rednet.errors import OptionError

__all__ = ["Scaling"]


@dataclass(frozen=True)
class Scaling:
    """Reduces by a whole factor and enlarges to the old size, both with MATLAB's bicubic.

    Args:
        scale: 2, 3, 4, ...; or several to choose from.
        small: degradation of the small picture, before it is enlarged.
    """

    scale: int | tuple[int, ...]
    small: Degradation = UNTOUCHED

    def __post_init__(self) -> None:
        scales = several(self.scale)
        if not scales or any(scale < 2 or int(scale) != scale for scale in scales):
            raise OptionError(f"scale is {self.scale}; it must be a whole number of at least 2, or several")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        scale = int(choose(self.scale, rng))
        height, width, _ = x.shape
        small = self.small(imresize(x, 1 / scale), rng)
        y = imresize(small.y, scale)[:height, :width]
        return Degraded(y, {**small.facts, "scale": float(scale)}, white=small.white)
