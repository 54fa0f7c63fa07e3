"""Missing pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet.classical.filling import fill_missing
from rednet.classical.masks import MASK_SHAPES, MaskShape
from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw
from rednet.errors import OptionError

__all__ = ["MissingPixels"]


@dataclass(frozen=True)
class MissingPixels:
    """Removes pixels and fills them from known pixels near them (`fill_missing`); the mask marks the missing pixels.

    Args:
        shape: "random" single pixels, "text" over the picture, or "scratches"; or several to choose from.
        share: fraction of the pixels that are missing; text and scratches stop at the first stroke that reaches it.
    """

    shape: MaskShape | tuple[MaskShape, ...] = ("random", "text", "scratches")
    share: Level = (0.1, 0.9)

    def __post_init__(self) -> None:
        check_level("share", self.share, 0, 1)
        unknown = {self.shape} if isinstance(self.shape, str) else set(self.shape)
        if unknown - set(MASK_SHAPES):
            raise OptionError(f"shape is {self.shape}; it must be of: {', '.join(MASK_SHAPES)}")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        shape: MaskShape = choose(self.shape, rng)
        mask = MASK_SHAPES[shape](x.shape[0], x.shape[1], draw(self.share, rng), rng)
        return Degraded(fill_missing(x, mask), mask=mask)
