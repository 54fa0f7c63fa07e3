"""Combinations of degradations: one after another (Chain), or one of several for each picture (Mixture)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from rednet.degradations.degraded import Degradation, Degraded, Image, Mask, check_level, to_gray
from rednet.errors import OptionError

__all__ = ["Chain", "Mixture", "Share"]

NOISE_FACTS = ("sigma", "deconvolved")  # facts whose level is a sigma of noise


@dataclass(frozen=True)
class Chain:
    """Applies degradations one after another.

    The facts of all steps are kept. The variances of noise are added, where noise of unknown level does not count; of
    any other kind of damage, the last level is kept.
    """

    steps: tuple[Degradation, ...]

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        facts: dict[str, float | None] = {}
        mask: Mask | None = None
        white = 1.0
        for step in self.steps:
            x, new, lost, _, darker = step(x, rng)
            facts = {name: darkened(name, level, darker) for name, level in facts.items()}
            facts |= {name: joined(name, facts.get(name), level) for name, level in new.items()}
            mask = lost if mask is None else mask if lost is None else mask | lost
            white *= darker
        return Degraded(x, facts, mask, white=white)


def joined(name: str, before: float | None, level: float | None) -> float | None:
    """Return the level of a kind of damage after a second step of the same kind."""
    if name != "sigma" or before is None:
        return level
    return before if level is None else math.hypot(before, level)


def darkened(name: str, level: float | None, white: float) -> float | None:
    """Return the level of earlier damage after the picture has become darker: noise becomes weaker with it."""
    return level * white if name in NOISE_FACTS and level is not None else level


@dataclass(frozen=True)
class Share:
    """One entry of a mixture.

    Args:
        name: name of the task; training balances the loss between tasks.
        degradation: the damage.
        weight: how often it is drawn, relative to the weights of the other entries.
        gray: probability that the picture is first converted to gray.
    """

    name: str
    degradation: Degradation
    weight: float = 1.0
    gray: float = 0.0

    def __post_init__(self) -> None:
        check_level("gray", self.gray, 0, 1)


@dataclass(frozen=True)
class Mixture:
    """Draws one degradation for each picture, with probabilities in proportion to the weights.

    Args:
        shares: the entries.
        told: probability that the hints contain kind and level.
        task_told: probability that the hints contain the kind only; otherwise there are no hints.
    """

    shares: tuple[Share, ...]
    told: float = 0.4
    task_told: float = 0.4
    weights: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        total = sum(share.weight for share in self.shares)
        if not total > 0 or any(share.weight < 0 for share in self.shares):
            raise OptionError("a mixture needs shares with weights >= 0 that do not sum to 0")
        if self.told < 0 or self.task_told < 0 or self.told + self.task_told > 1:
            raise OptionError(f"told is {self.told} and task_told {self.task_told}; they must be >= 0, together <= 1")
        object.__setattr__(self, "weights", tuple(share.weight / total for share in self.shares))

    def __call__(self, x: Image, rng: np.random.Generator) -> tuple[int, Image, Degraded]:
        """Degrade a picture.

        Returns:
            The number of the drawn entry; the clean picture, made gray or dark where the degraded picture is; and the
            degraded picture with only those facts that the network gets as hints.
        """
        index = int(rng.choice(len(self.shares), p=self.weights))
        share = self.shares[index]
        if x.shape[2] == 3 and rng.random() < share.gray:
            x = to_gray(x)
        y, facts, mask, _, white = share.degradation(x, rng)
        tell = rng.random()
        if tell >= self.told:
            facts = dict.fromkeys(facts) if tell < self.told + self.task_told else {}
        return index, x if white == 1 else x * np.float32(white), Degraded(y, facts, mask, white=white)
