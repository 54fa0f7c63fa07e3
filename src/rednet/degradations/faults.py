"""Faults of a sensor or a channel: impulses, hot pixels, bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several
from rednet.errors import OptionError

__all__ = ["Banding", "Impulses"]

ImpulseValue = Literal["salt and pepper", "hot", "random"]
Pixels = NDArray[np.float32]  # (N, C), the pixels that impulses hit

LEAST_HEAT = 0.4  # a hot pixel rises by at least this fraction of its distance to white


def salt_and_pepper(hit: Pixels, rng: np.random.Generator) -> Pixels:
    """Return white or black for each pixel."""
    return np.broadcast_to(rng.integers(0, 2, (len(hit), 1)).astype(np.float32), hit.shape)


def hot(hit: Pixels, rng: np.random.Generator) -> Pixels:
    """Raise one channel of each pixel towards white."""
    heat = np.zeros(hit.shape, np.float32)
    heat[np.arange(len(hit)), rng.integers(0, hit.shape[1], len(hit))] = rng.uniform(LEAST_HEAT, 1, len(hit))
    return hit + heat * (1 - hit)


def random_values(hit: Pixels, rng: np.random.Generator) -> Pixels:
    """Return a random value for each channel of each pixel."""
    return rng.random(hit.shape, np.float32)


IMPULSES: Mapping[ImpulseValue, Callable[[Pixels, np.random.Generator], Pixels]] = {
    "salt and pepper": salt_and_pepper,
    "hot": hot,
    "random": random_values,
}


@dataclass(frozen=True)
class Impulses:
    """Replaces single pixels and keeps all others.

    The fact is noise of unknown level, since no single sigma describes impulses.

    Args:
        share: fraction of the pixels that are hit; each pixel is drawn independently.
        value: "salt and pepper", white or black; "hot", one channel raised towards white, as by leakage current in one
            pixel of a sensor; "random", any value in each channel; or several to choose from.

    Source: salt-and-pepper and random-valued impulses as in Chan, Ho and Nikolova, IEEE Trans. Image Processing 14,
    2005; hot pixels as in dark frames, where a few pixels are bright in one colour.
    """

    share: Level
    value: ImpulseValue | tuple[ImpulseValue, ...] = "hot"

    def __post_init__(self) -> None:
        check_level("share", self.share, 0, 1)
        unknown: set[Any] = set(several(self.value)) - set(IMPULSES)
        if unknown:
            raise OptionError(f"value is {self.value}; it must be of: {', '.join(IMPULSES)}")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        spoil = IMPULSES[choose(self.value, rng)]
        hit = rng.random(x.shape[:2], np.float32) < draw(self.share, rng)
        y = x.copy()
        y[hit] = spoil(x[hit], rng)
        return Degraded(y, {"sigma": None})


@dataclass(frozen=True)
class Banding:
    """Adds a random offset to each row or to each column, like the noise of an amplifier that reads a whole row.

    Args:
        sigma: standard deviation of the offsets, on the 0-255 scale.
        lines: "rows" or "columns", or both to choose from.
        colour: probability that each channel has its own offsets.

    Source: row noise as in Wei et al., "A physics-based noise formation model for extreme low-light raw denoising",
    CVPR 2020, section 3: one Gaussian offset a row.
    """

    sigma: Level
    lines: Literal["rows", "columns"] | tuple[Literal["rows", "columns"], ...] = ("rows", "columns")
    colour: float = 0.5

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("colour", self.colour, 0, 1)
        if not several(self.lines) or set(several(self.lines)) - {"rows", "columns"}:
            raise OptionError(f"lines is {self.lines}; it must be rows or columns, or both")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma, axis = draw(self.sigma, rng), ("rows", "columns").index(choose(self.lines, rng))
        planes = x.shape[2] if rng.random() < self.colour else 1
        offsets = np.float32(sigma / 255) * rng.standard_normal((x.shape[axis], planes), np.float32)
        return Degraded(x + np.expand_dims(offsets, 1 - axis), {"sigma": sigma})
