"""Shapes of missing pixels, drawn at random: single pixels, written text, scratches.

Every function gives an (H, W) boolean mask, True where a pixel is missing. Text and scratches need Pillow.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SHAPES", "MaskShape", "random_pixels", "scratches", "written_text"]

Mask = NDArray[np.bool_]
MaskShape = Literal["random", "text", "scratches"]

MAX_STROKES = 1000  # a share of nearly 1 may never be reached by thin strokes


def random_pixels(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Loses each pixel with the chance `share`, independently."""
    return rng.random((height, width)) < share


def written_text(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Writes random words of 9 to 28 px at random places until `share` of the picture is covered."""
    from PIL import Image, ImageDraw

    picture = Image.new("1", (width, height))
    pen = ImageDraw.Draw(picture)
    letters = list(string.ascii_letters + string.digits)
    for _ in range(MAX_STROKES):
        size = int(rng.integers(9, 29))
        word = "".join(rng.choice(letters, int(rng.integers(2, 12))))
        place = (int(rng.integers(-2 * size, width)), int(rng.integers(-size // 2, height)))
        pen.text(place, word, font=font(size), fill=1, stroke_width=int(rng.integers(0, 2)))
        if np.asarray(picture).mean() >= share:
            break
    return np.array(picture)


@lru_cache(maxsize=32)
def font(size: int) -> Any:
    """Loads Pillow's own font in a size, px."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def scratches(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Draws curved lines, 1 to 6 px wide, until `share` of the picture is covered."""
    from PIL import Image, ImageDraw

    picture = Image.new("1", (width, height))
    pen = ImageDraw.Draw(picture)
    t = np.linspace(0, 1, 17)[:, None]
    for _ in range(MAX_STROKES):
        start, bend, end = rng.uniform(-0.2, 1.2, (3, 2)) * (width, height)
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end  # quadratic Bezier
        pen.line([(float(x), float(y)) for x, y in curve], fill=1, width=int(rng.integers(1, 7)), joint="curve")
        if np.asarray(picture).mean() >= share:
            break
    return np.array(picture)


SHAPES: Mapping[MaskShape, Callable[[int, int, float, np.random.Generator], Mask]] = {
    "random": random_pixels,
    "text": written_text,
    "scratches": scratches,
}
