"""The 8 flips and rotations of a picture."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ORIENTATIONS", "orient", "orient_back"]

ORIENTATIONS = 8

Value = TypeVar("Value", bound=np.generic)


def orient(x: NDArray[Value], orientation: int) -> NDArray[Value]:
    """Flip (orientations 4 to 7) and then rotate a picture."""
    return np.rot90(x[:, ::-1] if orientation >= 4 else x, orientation % 4)


def orient_back(x: NDArray[Value], orientation: int) -> NDArray[Value]:
    """Undo `orient`."""
    turned = np.rot90(x, -(orientation % 4))
    return turned[:, ::-1] if orientation >= 4 else turned
