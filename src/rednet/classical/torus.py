"""A picture as a torus: beyond each border it continues at the opposite one, as a texture that tiles."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["unwrapped", "wrapped"]

Value = TypeVar("Value", bound=np.generic)


def wrapped(x: NDArray[Value], rows: int, columns: int) -> NDArray[Value]:
    """Continue a picture on all sides by what lies at the opposite ones.

    Args:
        x: (H, W) or (H, W, C).
        rows, columns: to add on each side, px; more than the picture has repeat it several times.
    """
    return np.pad(x, [(rows, rows), (columns, columns), (0, 0)][: x.ndim], mode="wrap")


def unwrapped(x: NDArray[Value], rows: int, columns: int) -> NDArray[Value]:
    """Cut off what `wrapped` has added."""
    return x[rows : x.shape[0] - rows, columns : x.shape[1] - columns]
