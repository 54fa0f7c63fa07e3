"""JPEG compression, once or twice."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np

from rednet.classical.masks import pillow
from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several
from rednet.errors import OptionError

__all__ = ["JPEG", "JPEGTwice"]

BLOCK = 8  # px, side of a JPEG block
LARGEST = 4.0  # largest factor by which the picture is shrunk between the two files
SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")


@dataclass(frozen=True)
class JPEG:
    """Saves as JPEG and reads the file (libjpeg's tables, which MATLAB and Pillow use).

    Args:
        quality: 1 to 100.
        subsampling: chroma subsampling, or several to choose from; ignored for gray.
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
    """Saves as JPEG, crops, and saves as JPEG again; the two block grids do not match.

    The fact `quality` is that of the second file, since a reader finds its tables.

    Args:
        first: quality of the first file.
        second: quality of the second file.
        subsampling: chroma subsampling of both files, or several to choose from for each file.
        larger: size of the picture in the first file over its size in the second. Above 1 the picture is shrunk between
            the files (bicubic, in 8 bits, as most programs do), so the old blocks become smaller.

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
    """Convert a picture to a PIL image of 8 bits."""
    levels = np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
    return pillow("Image").fromarray(levels[:, :, 0] if x.shape[2] == 1 else levels)


def from_pillow(picture: Any, x: Image) -> Image:
    """Convert a PIL image to a picture with the shape of x."""
    return np.asarray(picture).reshape(x.shape).astype(np.float32) / np.float32(255)


def save(picture: Any, quality: int, subsampling: str) -> Any:
    """Save a PIL image as JPEG and read it back."""
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return pillow("Image").open(file)


def resized(picture: Any, size: tuple[int, ...]) -> Any:
    """Resize a PIL image, bicubic with antialiasing."""
    return picture if picture.size == size else picture.resize(size, pillow("Image").Resampling.BICUBIC)
