"""What saving as JPEG does to a picture."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from rednet.classical.masks import pillow
from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several
from rednet.errors import OptionError

__all__ = ["JPEG", "JPEGTwice"]

BLOCK = 8  # px, side of a block of JPEG
LARGEST = 4.0  # times, that a picture is shrunk between two savings
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
        saved = save(to_pillow(x), quality, choose(self.subsampling, rng))
        return Degraded(from_pillow(saved, x), {"quality": float(quality)})


@dataclass(frozen=True)
class JPEGTwice:
    """Saves as JPEG, cuts the picture, and saves it as JPEG again: its old blocks lie across the new ones.

    Told is the quality of the second file, since that is what its tables say.

    Args:
        first: quality of the first file.
        second: quality of the second.
        subsampling: of the chroma in both, or several to choose from for each.
        larger: how many times as large the picture was in its first file; above 1 it is shrunk in between (bicubic,
            in 8 bits, as programs do), so that the old blocks are smaller.

    Source: the damage that Jiang, Zhang and Timofte, "Towards flexible blind JPEG artifacts removal", ICCV 2021,
    section 3.4, name non-aligned double JPEG.
    """

    first: Level
    second: Level
    subsampling: str | tuple[str, ...] = "4:2:0"
    larger: Level = 1.0

    def __post_init__(self) -> None:
        for quality in (self.first, self.second):
            JPEG(quality, self.subsampling)
        check_level("larger", self.larger, 1, LARGEST)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        height, width, _ = x.shape
        top, left = (int(offset) for offset in rng.integers(0, BLOCK, 2))
        larger, first, second = draw(self.larger, rng), round(draw(self.first, rng)), round(draw(self.second, rng))
        picture = to_pillow(np.pad(x, ((top, 0), (left, 0), (0, 0)), mode="symmetric"))
        size = picture.size
        picture = resized(picture, tuple(round(side * larger) for side in size))
        picture = save(picture, first, choose(self.subsampling, rng))
        picture = resized(picture, size).crop((left, top, left + width, top + height))
        picture = save(picture, second, choose(self.subsampling, rng))
        return Degraded(from_pillow(picture, x), {"quality": float(second)})


def to_pillow(x: Image) -> Any:
    """Gives a picture, rounded to 8 bits, as Pillow's."""
    levels = np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
    return pillow("Image").fromarray(levels[:, :, 0] if x.shape[2] == 1 else levels)


def from_pillow(picture: Any, x: Image) -> Image:
    """Gives a picture of Pillow's in the shape of x."""
    return np.asarray(picture).reshape(x.shape).astype(np.float32) / np.float32(255)


def save(picture: Any, quality: int, subsampling: str) -> Any:
    """Saves a picture of Pillow's as JPEG and reads it back."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return pillow("Image").open(file)


def resized(picture: Any, size: tuple[int, ...]) -> Any:
    """Scales a picture of Pillow's, bicubic, with antialiasing."""
    return picture if picture.size == size else picture.resize(size, pillow("Image").Resampling.BICUBIC)
