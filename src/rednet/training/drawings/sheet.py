"""The sheet on which drawings are made: shapes and text in px, smooth or hard edges, and matching colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rednet.classical.masks import pillow
from rednet.training.drawings.writing import Typeface

__all__ = ["Colour", "Colours", "Picture", "Point", "Sheet", "as_picture", "choose_colours", "mixed"]

Picture = NDArray[np.uint8]  # (H, W, 3)
Colour = tuple[int, int, int]
Point = tuple[float, float]  # px from the left, px from the top
Edges = Literal["hard", "smooth", "subpixel"]

FINE: dict[Edges, int] = {"hard": 1, "smooth": 2, "subpixel": 3}  # scale of the drawing before it is averaged


class Sheet:
    """A picture that is being drawn.

    Args:
        height, width: of the picture, px.
        ground: background colour.
        edges: "hard" (Pillow's own: lines without gray levels), "smooth" (averaged over 2x2), or "subpixel" (channels
            shifted by a third of a pixel, like text on many screens).
    """

    def __init__(self, height: int, width: int, ground: Colour, edges: Edges = "smooth") -> None:
        self.height, self.width, self.ground, self.edges = height, width, ground, edges
        self.fine = FINE[edges]
        self.image = pillow("Image").new("RGB", (width * self.fine, height * self.fine), ground)
        self.pen = pillow("ImageDraw").Draw(self.image)

    def box(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Colour | None = None,
        line: Colour | None = None,
        *,
        width: float = 1,
        radius: float = 0,
    ) -> None:
        """Draw a rectangle; the right column and the bottom row are excluded."""
        corners = [self.at(left), self.at(top), self.at(right) - 1, self.at(bottom) - 1]
        if corners[2] >= corners[0] and corners[3] >= corners[1]:
            self.pen.rounded_rectangle(corners, self.at(radius), fill, line, self.thick(width))

    def disk(
        self,
        x: float,
        y: float,
        radius: float,
        fill: Colour | None = None,
        line: Colour | None = None,
        width: float = 1,
    ) -> None:
        """Draw a circle."""
        corners = [self.at(x - radius), self.at(y - radius), self.at(x + radius), self.at(y + radius)]
        self.pen.ellipse(corners, fill, line, self.thick(width))

    def slice(self, x: float, y: float, radius: float, start: float, end: float, fill: Colour) -> None:
        """Draw a slice of a pie between two angles, degrees."""
        corners = [self.at(x - radius), self.at(y - radius), self.at(x + radius), self.at(y + radius)]
        self.pen.pieslice(corners, start, end, fill)

    def line(self, points: Sequence[Point], colour: Colour, width: float = 1) -> None:
        """Draw a line through points."""
        places = [(self.at(x), self.at(y)) for x, y in points]
        self.pen.line(places, colour, self.thick(width), "curve" if width > 2 else None)

    def shape(self, points: Sequence[Point], fill: Colour, line: Colour | None = None, width: float = 1) -> None:
        """Draw a filled polygon with its outline."""
        self.pen.polygon([(self.at(x), self.at(y)) for x, y in points], fill)
        if line is not None:
            self.line([*points, points[0], points[1]], line, width)

    def text(self, x: float, y: float, words: str, face: Typeface, size: float, colour: Colour) -> float:
        """Write one line of text, (x, y) its top left corner, and return its width in px."""
        return face.write(self.pen, self.at(x), self.at(y), words, round(size * self.fine), colour) / self.fine

    def measure(self, words: str, face: Typeface, size: float) -> float:
        """Return the width of one line of text, px."""
        return face.measure(words, round(size * self.fine)) / self.fine

    def paste(self, picture: Picture, left: int, top: int) -> None:
        """Paste a picture onto the sheet."""
        image = pillow("Image").fromarray(picture)
        size = (image.width * self.fine, image.height * self.fine)
        self.image.paste(image.resize(size, pillow("Image").Resampling.NEAREST), (self.at(left), self.at(top)))

    def finished(self) -> Picture:
        """Return the finished picture, reduced to its size."""
        drawn = np.asarray(self.image)
        if self.fine == 1:
            return drawn.copy()
        rows = drawn.reshape(self.height, self.fine, self.width * self.fine, 3).mean(axis=1)
        if self.edges == "subpixel":
            rows = np.stack([np.roll(rows[:, :, channel], 1 - channel, axis=1) for channel in range(3)], axis=2)
        return as_picture(rows.reshape(self.height, self.width, self.fine, 3).mean(axis=2))

    def at(self, px: float) -> int:
        """Convert a coordinate or a length to px of the enlarged drawing."""
        return round(px * self.fine)

    def thick(self, px: float) -> int:
        """Convert the width of a line to px of the enlarged drawing, at least 1."""
        return max(1, self.at(px))


@dataclass(frozen=True)
class Colours:
    """Matching colours: the background, the ink for text, a fainter ink, and some bright colours."""

    ground: Colour
    ink: Colour
    faint: Colour
    bright: tuple[Colour, ...]


GROUNDS: tuple[tuple[Colour, Colour], ...] = (
    ((255, 255, 255), (0, 0, 0)),
    ((255, 255, 255), (34, 34, 40)),
    ((250, 246, 235), (45, 35, 25)),
    ((244, 244, 246), (30, 30, 60)),
    ((30, 30, 32), (220, 220, 220)),
    ((0, 0, 0), (255, 255, 255)),
    ((13, 27, 62), (215, 230, 255)),
    ((192, 192, 192), (0, 0, 0)),
    ((0, 43, 54), (147, 161, 161)),
)


def choose_colours(rng: np.random.Generator, *, light: bool = False) -> Colours:
    """Draw matching colours; with `light`, the background is light."""
    grounds = [pair for pair in GROUNDS if not light or sum(pair[0]) > 600]
    ground, ink = grounds[rng.integers(len(grounds))]
    hue, count = rng.uniform(), int(rng.integers(3, 7))
    bright = tuple(
        hue_to_rgb(hue + number / count, rng.uniform(0.3, 1), rng.uniform(0.45, 0.95)) for number in range(count)
    )
    return Colours(ground, ink, mixed(ground, ink, rng.uniform(0.12, 0.3)), bright)


def hue_to_rgb(hue: float, saturation: float, value: float) -> Colour:
    """Convert hue (0 to 1, cyclic), saturation and value to RGB."""
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    red, green, blue = np.rint(255 * value * (1 - saturation + saturation * wheel)).astype(int).tolist()
    return red, green, blue


def mixed(one: Colour, other: Colour, amount: float) -> Colour:
    """Return the mixture of two colours, with an `amount` from 0 to 1 of the second."""
    red, green, blue = (round(a + (b - a) * amount) for a, b in zip(one, other, strict=True))
    return red, green, blue


def as_picture(values: NDArray[Any]) -> Picture:
    """Clip values to 0-255 and round them to a picture of 8 bits."""
    picture: Picture = np.rint(np.clip(values, 0, 255)).astype(np.uint8)
    return picture
