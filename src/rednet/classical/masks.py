"""Masks of missing pixels: drawn at random, or read from pictures and colours.

A mask is (H, W) boolean, True where a pixel is missing. Text and scratches need Pillow.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.packages import need

__all__ = [
    "MASK_SHAPES",
    "Mask",
    "MaskShape",
    "from_picture",
    "of_colour",
    "pillow",
    "random_pixels",
    "scratches",
    "written_text",
]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
MaskShape = Literal["random", "text", "scratches"]

HALF = 0.5  # of white
GRAY = 0.1  # of white: channels that are no farther apart make no colour
HALF_LEVEL = 0.5  # of 255: a deeper picture's colour counts as the nearest of 8 bits
MAX_STROKES = 1000  # a share of nearly 1 may never be reached by thin strokes


def random_pixels(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Mark each pixel with the probability `share`, independently."""
    return rng.random((height, width)) < share


def written_text(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Write random words of 9 to 28 px at random places until `share` of the picture is covered."""
    picture, pen = canvas(height, width)
    letters = list(string.ascii_letters + string.digits)
    for _ in range(MAX_STROKES):
        size = int(rng.integers(9, 29))
        word = "".join(rng.choice(letters, int(rng.integers(2, 12))))
        place = (int(rng.integers(-2 * size, width)), int(rng.integers(-size // 2, height)))
        pen.text(place, word, font=font(size), fill=1, stroke_width=int(rng.integers(0, 2)))
        if np.asarray(picture).mean() >= share:
            break
    return to_mask(picture)


def pillow(module: str) -> Any:
    """Import a module of Pillow; raise OptionError with the install command if it is missing."""
    return need(f"PIL.{module}", "demo", "drawing JPEG, text or scratches", OptionError)


def canvas(height: int, width: int) -> tuple[Any, Any]:
    """Return an empty black-and-white picture and a pen to draw on it."""
    picture = pillow("Image").new("1", (width, height))
    return picture, pillow("ImageDraw").Draw(picture)


def to_mask(picture: Any) -> Mask:
    """Return a drawing as a mask; Pillow's own booleans are bytes of 255, which compiled code may misread."""
    return np.array(picture, np.uint8) > 0


@lru_cache(maxsize=32)
def font(size: int) -> Any:
    """Load Pillow's own font in a size, px."""
    return pillow("ImageFont").load_default(size)


def scratches(height: int, width: int, share: float, rng: np.random.Generator) -> Mask:
    """Draw curved lines, 1 to 12 px wide, until `share` of the picture is covered."""
    picture, pen = canvas(height, width)
    t = np.linspace(0, 1, 17)[:, None]
    for _ in range(MAX_STROKES):
        start, bend, end = rng.uniform(-0.2, 1.2, (3, 2)) * (width, height)
        curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end  # quadratic Bezier
        pen.line([(float(x), float(y)) for x, y in curve], fill=1, width=int(rng.integers(1, 13)), joint="curve")
        if np.asarray(picture).mean() >= share:
            break
    return to_mask(picture)


MASK_SHAPES: Mapping[MaskShape, Callable[[int, int, float, np.random.Generator], Mask]] = {
    "random": random_pixels,
    "text": written_text,
    "scratches": scratches,
}


def of_colour(pixels: Image, colour: str, tolerance: float = 0.0) -> Mask:
    """Mark the pixels that were painted over in one colour.

    Args:
        pixels: (H, W, C) in [0, 1]; gray counts as equal red, green and blue.
        colour: "#rrggbb", as in HTML.
        tolerance: how far each of red, green and blue may be off, 0-255 scale.

    Raises:
        OptionError: the colour is none, or tolerance is out of range.

    Example:
        >>> of_colour(np.zeros((1, 2, 3), np.float32), "#000000").tolist()
        [[True, True]]
    """
    if not re.fullmatch("#?[0-9a-fA-F]{6}", colour):
        raise OptionError(f"the mask's colour is {colour!r}; give it as '#rrggbb', for instance '#ff0000' for red")
    if not 0 <= tolerance <= 255:
        raise OptionError(f"tolerance is {tolerance:g}; it must be from 0 to 255")
    wanted = np.frombuffer(bytes.fromhex(colour.removeprefix("#")), np.uint8)
    off = np.abs(pixels * np.float32(255) - wanted)
    return np.asarray((off <= tolerance + HALF_LEVEL).all(axis=2))


def from_picture(pixels: Image, alpha: Image | None = None) -> Mask:
    """Take a picture as a mask: pixels that are nearer to white than to black are missing.

    If parts are transparent, all painted pixels are missing, whatever their colour. But if the mask is painted in both
    black and white and in no other colour, only its white pixels are missing.

    Args:
        pixels: (H, W, C) in [0, 1].
        alpha: (H, W, 1) in [0, 1], or None.
    """
    white = np.asarray(pixels.mean(axis=2) >= HALF)
    if alpha is None:
        return white
    painted = np.asarray(alpha[:, :, 0] >= HALF)
    if painted.all():
        return white
    gray = np.ptp(pixels, axis=2) <= GRAY
    drawn_white = painted & white
    black_and_white = gray[painted].all() and drawn_white.any() and (painted & ~white).any()
    return drawn_white if black_and_white else painted
