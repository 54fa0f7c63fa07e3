"""Shapes of missing pixels, drawn at random: single pixels, written text, scratches.

Every function gives an (H, W) boolean mask, True where a pixel is missing. Text and scratches need Pillow.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError

__all__ = ["SHAPES", "MaskShape", "pillow", "random_pixels", "scratches", "written_text"]

Mask = NDArray[np.bool_]
MaskShape = Literal["random", "text", "scratches"]

MAX_STROKES = 1000  # a share of nearly 1 may never be reached by thin strokes


def random_pixels(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Loses each pixel with the chance `share`, independently."""
    return rng.random((height, width)) < share


def written_text(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Writes random words of 9 to 28 px at random places until `share` of the picture is covered."""
    picture, pen = canvas(height, width)
    letters = list(string.ascii_letters + string.digits)
    for _ in range(MAX_STROKES):
        size = int(rng.integers(9, 29))
        word = "".join(rng.choice(letters, int(rng.integers(2, 12))))
        place = (int(rng.integers(-2 * size, width)), int(rng.integers(-size // 2, height)))
        pen.text(place, word, font=font(size), fill=1, stroke_width=int(rng.integers(0, 2)))
        if np.asarray(picture).mean() >= share:
            break
    return np.array(picture)


def pillow(module: str) -> Any:
    """Imports a module of Pillow, or says how to get it."""
    try:
        return import_module(f"PIL.{module}")
    except ImportError as error:
        raise OptionError("JPEG, text and scratches need Pillow: pip install 'rednet[demo]'") from error


def canvas(height: int, width: int) -> tuple[Any, Any]:
    """Gives an empty black-and-white picture and a pen to draw on it."""
    picture = pillow("Image").new("1", (width, height))
    return picture, pillow("ImageDraw").Draw(picture)


@lru_cache(maxsize=32)
def font(size: int) -> Any:
    """Loads Pillow's own font in a size, px."""
    return pillow("ImageFont").load_default(size)


def scratches(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Draws curved lines, 1 to 6 px wide, until `share` of the picture is covered."""
    picture, pen = canvas(height, width)
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
