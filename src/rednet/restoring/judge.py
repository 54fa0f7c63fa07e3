"""Tiny networks of our own that judge a picture by its traits: what it shows, what is wrong, what restoring gains.

They were fitted to made pictures whose damage is known (`benchmarks/looks_fit.py`), and are run here in numpy.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.zoo.shipped import MODELS_FOLDER

__all__ = ["ACTIONS", "DAMAGE", "KINDS", "NOISES", "WEIGHTS", "Judgement", "judge"]

WEIGHTS = MODELS_FOLDER / "look" / "model.safetensors"
KINDS = ("photograph", "drawing", "page", "screen", "halftone", "1-bit", "pixel art", "palette")
DAMAGE = ("noise", "grain", "colour noise", "impulses", "bands", "JPEG", "blur")
NOISES = ("noise", "grain", "colour noise")  # easily taken for each other
ACTIONS = ((), ("sigma",), ("quality",), ("sigma", "quality"), ("sigma", "colours"))
"""What can be done: the network is told nothing, that there is noise, that there is JPEG, or both; or it is told
of noise, and only the colours are corrected."""

Vector = NDArray[np.float32]


class Judgement(NamedTuple):
    """What a picture is, as far as its traits say.

    Args:
        kinds: probability of each of KINDS; they sum to 1.
        damage: probability of each of DAMAGE; several may be there.
        noisy: probability that any of NOISES is there.
        sigma: standard deviation of the noise, if there is any, 0-255 scale.
        spread: how many times larger the largest sigma that a member estimates is than the smallest.
        gains: expected gain of each of ACTIONS, dB.
        least_gains: what the member that expects least of each expects.
    """

    kinds: Vector
    damage: Vector
    noisy: float
    sigma: float
    spread: float
    gains: Vector
    least_gains: Vector


class Weights(NamedTuple):
    """The layers of the judge: (members, out, in) and (members, out), and what its traits are on the average."""

    mean: Vector
    spread: Vector
    layers: tuple[tuple[NDArray[np.float32], Vector], ...]


@cache
def weights(path: Path = WEIGHTS) -> Weights:
    """Read the judge's weights."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    layers = tuple((tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]) for layer in (0, 2, 4))
    return Weights(tensors["mean"], tensors["spread"], layers)


def judge(found: NDArray[np.float32]) -> Judgement:
    """Judge a picture by the traits of some of its windows.

    The judge has several members, which were fitted to the same pictures from other beginnings. What each of them says
    of each window is averaged; how far they differ tells what they have not learned.

    Args:
        found: (windows, traits), see `rednet.restoring.traits.traits`.
    """
    told = weights()
    values = ((found - told.mean) / told.spread).clip(-4, 4)  # a trait that is far off says no more than that
    for number, (weight, bias) in enumerate(told.layers):
        values = values @ weight.swapaxes(1, 2) + bias[:, None]
        if number < len(told.layers) - 1:
            values = np.maximum(values, 0)
    kinds, damage, octaves, gains = np.split(values, np.cumsum([len(KINDS), len(DAMAGE) + 1, 1]), axis=2)
    likely = np.exp(kinds - kinds.max(axis=2, keepdims=True))
    likely /= likely.sum(axis=2, keepdims=True)
    *wrong, noisy = (1 / (1 + np.exp(-damage))).mean(axis=(0, 1))
    sigmas = 2 ** octaves.mean(axis=(1, 2))  # of each member
    expected = gains.mean(axis=1)  # (members, ACTIONS)
    return Judgement(
        likely.mean(axis=(0, 1)),
        np.array(wrong),
        float(noisy),
        float(2 ** octaves.mean()),
        float(sigmas.max() / sigmas.min()),
        expected.mean(axis=0),
        expected.min(axis=0),
    )
