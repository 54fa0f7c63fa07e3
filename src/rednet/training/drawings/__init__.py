"""Drawings, pictures drawn by code: text, screens, figures and patterns, which a network cannot learn from photographs.

Drawing number n depends on the seed and n, on the installed fonts, and on Pillow's version.

    python -m rednet.training.drawings OUT.png
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rednet.errors import TrainingError
from rednet.training.drawings import figures, pages, patterns, screens
from rednet.training.drawings.sheet import Picture

__all__ = ["KINDS", "Drawings", "Kind"]

CACHED = 64  # drawings; 30 MB


class Kind(NamedTuple):
    """One kind of drawing.

    Args:
        draw: function (height, width, rng, installed) -> picture; with `installed` it may use the machine's fonts.
        weight: how often it is drawn, relative to the weights of the other kinds.
    """

    draw: Callable[[int, int, np.random.Generator, bool], Picture]
    weight: float


KINDS: Mapping[str, Kind] = {
    "prose": Kind(pages.prose, 3),
    "table": Kind(pages.table, 1),
    "form": Kind(pages.form, 1),
    "listing": Kind(pages.listing, 1),
    "poster": Kind(pages.poster, 1),
    "glyphs": Kind(pages.glyphs, 1),
    "desktop": Kind(screens.desktop, 1.5),
    "application": Kind(screens.application, 1),
    "pixel game": Kind(screens.pixel_game, 0.5),
    "chart": Kind(figures.chart, 1),
    "street map": Kind(figures.street_map, 1),
    "contours": Kind(figures.contours, 0.5),
    "line art": Kind(figures.line_art, 1),
    "flat shapes": Kind(figures.flat_shapes, 1.5),
    "plan": Kind(figures.plan, 1),
    "halftone": Kind(patterns.halftone, 1),
    "dither": Kind(patterns.dither, 0.5),
    "gradient": Kind(patterns.gradient, 1),
    "stars": Kind(patterns.stars, 0.5),
    "test pattern": Kind(patterns.trial_pattern, 0.5),
}


@dataclass(frozen=True)
class Drawings:
    """An endless, random-access sequence of drawings.

    Args:
        seed: seed of all random numbers.
        height, width: size of a drawing, px.
        installed: use the machine's fonts; if False, the same version of Pillow draws the same on all machines.
    """

    seed: int = 0
    height: int = 384
    width: int = 384
    installed: bool = True

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 1:
            raise TrainingError(f"a drawing is {self.height} x {self.width} px; it must have at least 1 px a side")

    def __getitem__(self, number: int) -> Picture:
        """Return drawing number n, (height, width, 3), read-only; recent drawings are cached."""
        return drawn(self, number)

    def kind(self, number: int) -> str:
        """Return the kind of drawing number n."""
        weights = np.array([kind.weight for kind in KINDS.values()])
        rng = np.random.default_rng((self.seed, number))
        return list(KINDS)[rng.choice(len(KINDS), p=weights / weights.sum())]


@lru_cache(maxsize=CACHED)
def drawn(drawings: Drawings, number: int) -> Picture:
    """Draw one drawing."""
    rng = np.random.default_rng((drawings.seed, number, 1))
    kind = KINDS[drawings.kind(number)]
    picture = kind.draw(drawings.height, drawings.width, rng, drawings.installed)
    picture.flags.writeable = False
    return picture
