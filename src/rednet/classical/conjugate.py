"""Conjugate gradients, for what is not known of a picture: some steps towards the least of a quadratic price."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.stopping import check_stop

__all__ = ["descend"]

Plane = NDArray[np.float32]


def descend(slope: Callable[[Plane], Plane], u: Plane, *, steps: int, settled: float) -> Plane:
    """Takes some steps towards the plane of least price.

    Args:
        slope: of the price u'Au / 2, that is Au, with 0 where u must not move; A is symmetric and never negative.
        u: (H, W), what to begin with.
        steps: at most.
        settled: share of the squared slope at the beginning at which no more steps are taken.

    Source: Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
    """
    rest = -slope(u)
    direction, before = rest, dot(rest, rest)
    enough = settled * before
    for _ in range(steps):
        if before <= enough:
            break
        check_stop()
        bend = slope(direction)
        steepness = dot(direction, bend)
        if steepness <= 0:
            break
        step = np.float32(before / steepness)
        u, rest = u + step * direction, rest - step * bend
        now = dot(rest, rest)
        direction, before = rest + np.float32(now / before) * direction, now
    return u


def dot(a: Plane, b: Plane) -> float:
    """Sums the products of two planes, in float64: the squares of small numbers are no float32."""
    return float(np.einsum("ij,ij->", a, b, dtype=np.float64))
