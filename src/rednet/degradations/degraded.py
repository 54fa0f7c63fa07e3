"""The types that all degradations use, and how they draw their levels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import Kernel
from rednet.classical.luma import to_gray
from rednet.classical.masks import Mask
from rednet.errors import OptionError
from rednet.network.hints import Facts

__all__ = [
    "UNTOUCHED",
    "Degradation",
    "Degraded",
    "Identity",
    "Image",
    "Level",
    "Mask",
    "check_level",
    "choose",
    "draw",
    "several",
    "to_8_bits",
    "to_gray",
]

Image = NDArray[np.float32]
Level = float | tuple[float, float]

NOTHING_KNOWN: Facts = MappingProxyType({})


class Degraded(NamedTuple):
    """A degraded picture, and the facts about the damage.

    Args:
        y: the degraded picture, (H, W, C).
        facts: the kinds of damage and their levels, see `rednet.network.hints`.
        mask: True where pixels are missing, (H, W); None if none are.
        kernel: the blur kernel, for deconvolution; None if there is no blur to deconvolve.
        white: value of white in a dark picture; the clean picture for y is then `x * white`.
    """

    y: Image
    facts: Facts = NOTHING_KNOWN
    mask: Mask | None = None
    kernel: Kernel | None = None
    white: float = 1.0

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what copies of it are made from, in other processes, too; Python cannot pickle a read-only mapping."""
        return type(self), (self.y, dict(self.facts), *self[2:])


Degradation = Callable[[Image, np.random.Generator], Degraded]
T = TypeVar("T")


def draw(level: Level, rng: np.random.Generator) -> float:
    """Draw a level from its range; return a fixed level as it is."""
    return float(rng.uniform(*level)) if isinstance(level, Sequence) else float(level)


def several(choice: T | tuple[T, ...]) -> tuple[T, ...]:
    """Return a choice, one value or a tuple of values, as a tuple."""
    return choice if isinstance(choice, tuple) else (choice,)


def choose(choice: T | tuple[T, ...], rng: np.random.Generator) -> T:
    """Draw one of several values; return a single value as it is."""
    values = several(choice)
    return values[rng.integers(len(values))] if len(values) > 1 else values[0]


def check_level(name: str, level: Level, lowest: float, highest: float) -> None:
    """Raise OptionError unless the level, or both ends of its range in ascending order, lie in [lowest, highest]."""
    ends = tuple(level) if isinstance(level, Sequence) else (level, level)
    if len(ends) != 2 or not lowest <= ends[0] <= ends[1] <= highest:
        raise OptionError(f"{name} is {level}; it must be a number or a range within {lowest:g} to {highest:g}")


@dataclass(frozen=True)
class Identity:
    """Changes nothing; with it, the network learns to keep clean pictures as they are."""

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        return Degraded(x)


UNTOUCHED = Identity()


def to_8_bits(x: Image) -> Image:
    """Clip to [0, 1] and round to the 256 levels of an 8-bit file."""
    levels: Image = np.rint(np.clip(x, 0, 1) * np.float32(255)) / np.float32(255)
    return levels
