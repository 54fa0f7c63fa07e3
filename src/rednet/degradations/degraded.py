"""What every degradation takes and gives, and how its levels are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, TypeVar

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
    """A damaged picture, and what is known of the damage.

    Args:
        y: the damaged picture, (H, W, C).
        facts: the kinds of damage and their levels, see `rednet.network.hints`.
        mask: where pixels are missing, (H, W).
        kernel: what the picture was blurred by, where the blur is to be inverted.
        white: what white has become in a dark picture; what y should be is x times this.
    """

    y: Image
    facts: Facts = NOTHING_KNOWN
    mask: Mask | None = None
    kernel: Kernel | None = None
    white: float = 1.0


Degradation = Callable[[Image, np.random.Generator], Degraded]
T = TypeVar("T")


def draw(level: Level, rng: np.random.Generator) -> float:
    """Draws a level from its range, or gives the fixed one."""
    return float(rng.uniform(*level)) if isinstance(level, Sequence) else float(level)


def several(choice: T | tuple[T, ...]) -> tuple[T, ...]:
    """Gives a choice as a tuple, one value or many."""
    return choice if isinstance(choice, tuple) else (choice,)


def choose(choice: T | tuple[T, ...], rng: np.random.Generator) -> T:
    """Draws one of several values, or gives the only one."""
    values = several(choice)
    return values[rng.integers(len(values))] if len(values) > 1 else values[0]


def check_level(name: str, level: Level, lowest: float, highest: float) -> None:
    """Raises OptionError unless the level, or both ends of its range, lie in [lowest, highest], in order."""
    ends = tuple(level) if isinstance(level, Sequence) else (level, level)
    if len(ends) != 2 or not lowest <= ends[0] <= ends[1] <= highest:
        raise OptionError(f"{name} is {level}; it must be a number or a range within {lowest:g} to {highest:g}")


@dataclass(frozen=True)
class Identity:
    """Nothing wrong: teaches the network to leave clean pictures alone."""

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        return Degraded(x)


UNTOUCHED = Identity()


def to_8_bits(x: Image) -> Image:
    """Clips to [0, 1] and rounds to the 256 levels that a file can hold."""
    levels: Image = np.rint(np.clip(x, 0, 1) * np.float32(255)) / np.float32(255)
    return levels
