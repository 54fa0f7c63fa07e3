"""Conjugate gradients: a few steps towards the minimum of a quadratic cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.stopping import check_stop

__all__ = ["descend"]

Plane = NDArray[np.float32]


def descend(gradient: Callable[[Plane], Plane], u: Plane, *, steps: int, settled: float) -> Plane:
    """Take a few steps from a plane towards the one of least cost.

    Args:
        gradient: of the cost u'Au / 2, that is Au, and 0 where u must not move. A is symmetric and never negative.
        u: (H, W), where to start.
        steps: largest number of steps.
        settled: stop once the squared residual is at most this share of that at the start.

    Source: Hestenes and Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
    """
    residual = -gradient(u)
    direction, error = residual, _dot(residual, residual)
    enough = settled * error
    for _ in range(steps):
        if error <= enough:
            break
        check_stop()
        change = gradient(direction)
        curvature = _dot(direction, change)
        if curvature <= 0:
            break
        step = np.float32(error / curvature)
        u, residual = u + step * direction, residual - step * change
        before, error = error, _dot(residual, residual)
        direction = residual + np.float32(error / before) * direction
    return u


def _dot(a: Plane, b: Plane) -> float:
    """Sum the products of two planes in float64, since the squares of small numbers underflow in float32."""
    return float(np.einsum("ij,ij->", a, b, dtype=np.float64))
