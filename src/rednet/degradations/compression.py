"""What saving as JPEG does to a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several
from rednet.errors import OptionError
from rednet.masks import pillow

__all__ = ["JPEG"]

SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")


@dataclass(frozen=True)
class JPEG:
    """Saves as JPEG and reads back (libjpeg's tables, as MATLAB and Pillow use them).

    Args:
        quality: 1 to 100.
        subsampling: of the chroma, or several to choose from; no matter for gray.
    """

    quality: Level
    subsampling: str | tuple[str, ...] = "4:2:0"

    def __post_init__(self) -> None:
        check_level("quality", self.quality, 1, 100)
        unknown = set(several(self.subsampling)) - set(SUBSAMPLINGS)
        if unknown:
            raise OptionError(f"subsampling is {self.subsampling}; it must be of: {', '.join(SUBSAMPLINGS)}")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        quality = round(draw(self.quality, rng))
        subsampling = choose(self.subsampling, rng)
        levels = np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
        file = io.BytesIO()
        picture = pillow("Image").fromarray(levels[:, :, 0] if x.shape[2] == 1 else levels)
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
        decoded = np.asarray(pillow("Image").open(file)).reshape(x.shape)
        return Degraded(decoded.astype(np.float32) / np.float32(255), {"quality": float(quality)})
