"""Measure the noise of a picture by frequency, where the picture itself is flattest.

Even a busy picture has blocks that hold little but noise. How strong their low and high frequencies are tells white
noise from film grain and from what JPEG has left; the same in the chroma, and at half the size, shows blotches.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rednet.restoring.jpeg_traces import GRID, TRANSFORM, blocks_of

__all__ = ["halved", "octaves", "spectrum"]

Plane = NDArray[np.float32]
Values = NDArray[np.float32]

DISTANCE = np.add.outer(np.arange(GRID), np.arange(GRID)).ravel()  # of a coefficient from the mean of its block
FREQUENCIES = ((1, 1), (2, 3), (4, 6), (7, 9), (10, 14))  # distances: bands from coarse to fine
BANDS = np.stack([(low <= DISTANCE) & (high >= DISTANCE) for low, high in FREQUENCIES], axis=1)
MEANS = (BANDS / BANDS.sum(axis=0)).astype(np.float32)  # (64, bands): powers of coefficients -> mean power of each band
PARTS = (("flattest", 0.0, 0.1), ("flat", 0.1, 0.3), ("middle", 0.3, 0.7))  # of the blocks, in the order of their power
TENTH, FEWEST = 10, 4  # the flattest tenth of the blocks, but not fewer than these
DARKEST, LIGHTEST = 16, 239  # levels: beyond, noise is clipped away
LEAST = 0.25  # levels; noise that is weaker counts as none


def octaves(value: float) -> float:
    """Return a positive number on a scale on which equal steps are equal ratios."""
    return math.log2(value + LEAST)


def halved(plane: Plane) -> Plane:
    """Return the means of 2x2 px."""
    height, width = (side // 2 * 2 for side in plane.shape)
    rows = plane[0:height:2, :width] + plane[1:height:2, :width]
    return (rows[:, 0::2] + rows[:, 1::2]) * np.float32(0.25)


def spectrum(gray: Plane, chroma: list[Plane]) -> Iterator[tuple[str, float]]:
    """Yield strengths of noise by frequency, in octaves, each with its name.

    Args:
        gray: (H, W), the luma in levels of 8 bits.
        chroma: Cb and Cr, or nothing.
    """
    power, levels = _power(gray)
    order = np.argsort(_fine(power))
    for name, start, end in PARTS:
        part = order[int(start * len(order)) : max(int(end * len(order)), 1)]
        yield from _named(f"{name} {{}}", power[part].mean(axis=0))
    usable = (levels > DARKEST) & (levels < LIGHTEST)
    yield "usable", float(usable.mean())
    inner = power[usable] if usable.sum() >= 2 * FEWEST else power
    yield from _named("inner {}", _flattest(inner)[1:])
    median = np.median(levels)
    for name, chosen in (("dark half", levels <= median), ("light half", levels > median)):
        half = power[chosen] if chosen.any() else power
        yield name, octaves(math.sqrt(float(_flattest(half)[2:].mean())))
    yield from _named("halved {}", _flattest(_power(halved(gray))[0])[1:])
    for name, plane in zip(("Cb", "Cr"), chroma or (None, None), strict=True):
        for size in ("", " halved"):
            power = np.zeros((1, len(FREQUENCIES)), np.float32)
            if plane is not None:
                power = _power(halved(plane) if size else plane)[0]
            yield from _named(f"{name}{size} {{}}", _flattest(power)[1:])
            middle = power[np.argsort(_fine(power))[len(power) // 3 : max(2 * len(power) // 3, 1)], 1:]
            yield f"{name}{size} middle", octaves(math.sqrt(float(middle.mean())))


def _power(plane: Plane) -> tuple[Values, Values]:
    """Return the mean power of each band of frequencies of each block, (n, bands), and the blocks' means, (n,)."""
    coefficients: Values = blocks_of(plane).reshape(-1, GRID * GRID) @ TRANSFORM
    return np.square(coefficients) @ MEANS, coefficients[:, 0] * np.float32(1 / GRID)


def _fine(power: Values) -> Values:
    """Return the power of each block but for its coarsest band, (n,)."""
    total: Values = power[:, 1:].sum(axis=1)
    return total


def _flattest(power: Values) -> Values:
    """Return the mean power of each band in the flattest blocks, (bands,)."""
    count = max(len(power) // TENTH, min(FEWEST, len(power)))
    chosen = np.argpartition(_fine(power), count - 1)[:count]
    mean: Values = power[chosen].mean(axis=0)
    return mean


def _named(name: str, powers: Values) -> Iterator[tuple[str, float]]:
    """Yield the strength of each band with its name."""
    for number, power in enumerate(powers.tolist()):
        yield name.format(number), octaves(math.sqrt(power))
