"""The luma of a picture: its gray values, weighed by ITU-R BT.601. (MATLAB's, of another range, is in metrics.py.)"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BT601", "to_gray"]

Image = NDArray[np.float32]

BT601 = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue


def to_gray(x: Image) -> Image:
    """Return the luma of an RGB picture: (H, W, 3) to (H, W, 1)."""
    return (x @ BT601)[:, :, None]
