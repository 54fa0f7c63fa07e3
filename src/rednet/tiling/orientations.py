"""Self-ensemble: the mean over the 8 flips and rotations of the picture, as in the paper's test; and the deviation.

Source: arXiv:1606.08921, section 4.1 (testing on multiple orientations).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rednet.classical.orientations import ORIENTATIONS, orient, orient_back

__all__ = ["apply_self_ensemble", "spread_of_orientations"]

Array = NDArray[np.float32]


def apply_self_ensemble(function: Callable[[Array], Array], planes: Array) -> Array:
    """Apply a function to the 8 orientations of a picture and return the mean of the results.

    Args:
        function: (h, w, P) -> (h, w, C), for any h and w.
        planes: (H, W, P).

    Returns:
        (H, W, C).
    """
    total = orient_back(function(orient(planes, 0)), 0)
    for orientation in range(1, ORIENTATIONS):
        total = total + orient_back(function(orient(planes, orientation)), orientation)
    return total / np.float32(ORIENTATIONS)


def spread_of_orientations(function: Callable[[Array], Array], planes: Array) -> Array:
    """Apply a function to the 8 orientations of a picture and return the standard deviation of the results.

    Args:
        function: (h, w, P) -> (h, w, C), for any h and w.
        planes: (H, W, P).

    Returns:
        (H, W, C).
    """
    views = [orient_back(function(orient(planes, orientation)), orientation) for orientation in range(ORIENTATIONS)]
    result: Array = np.std(views, axis=0)
    return result
