"""Dark pictures: brought to the range that the network knows before it sees them, and back after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.network.hints import HINTS, Facts

__all__ = ["brighter", "exposure"]

DARK = 0.1  # of white: what stays below it all over is scaled; a network takes it for black else (docs/lab-log.md)
BRIGHTEST = 99.9  # percentile that counts as a picture's brightest, so that a few hot pixels do not


def exposure(pixels: NDArray[np.float32]) -> float:
    """Return by what a picture is multiplied so that its brightest part is white; 1 for a picture that is not dark.

    Args:
        pixels: (H, W, C), white at 1; of a large picture, some of its rows.
    """
    brightest = float(np.percentile(pixels, BRIGHTEST)) if pixels.size else 0.0
    return 1 / brightest if 0 < brightest < DARK else 1.0


def brighter(facts: Facts, gain: float) -> Facts:
    """Return what is told of a picture, for the same picture multiplied by a gain: its noise is multiplied, too."""
    sigma = facts.get("sigma")
    return facts if sigma is None else {**facts, "sigma": min(sigma * gain, HINTS["sigma"].highest)}
