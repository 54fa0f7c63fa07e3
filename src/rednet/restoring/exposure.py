"""Scale dark pictures to the range of the pictures that the network has learned."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rednet.network.hints import HINTS, Facts

__all__ = ["brighter", "exposure"]

DARK = 0.1  # of white: what stays below it all over is scaled; a network takes it for black else (docs/lab-log.md)
ENOUGH = 250_000  # px: of larger pictures, so many are looked at
BRIGHTEST = 99.9  # percentile that counts as a picture's brightest, so that a few hot pixels do not


def exposure(pixels: NDArray[np.float32]) -> float:
    """Return the gain that makes the brightest part of a dark picture white; 1 for all other pictures.

    Args:
        pixels: (H, W, C), white at 1; of a large picture, some of its rows.
    """
    step = max(math.isqrt(pixels.shape[0] * pixels.shape[1] // ENOUGH), 1)
    looked_at = pixels[::step, ::step]
    if not pixels.size or np.count_nonzero(looked_at > DARK) > (1 - BRIGHTEST / 100) * looked_at.size:
        return 1.0
    brightest = float(np.percentile(looked_at, BRIGHTEST))
    return 1 / brightest if 0 < brightest < DARK else 1.0


def brighter(facts: Facts, gain: float) -> Facts:
    """Return the facts of a picture after it is multiplied by a gain, which multiplies its noise, too."""
    sigma = facts.get("sigma")
    return facts if sigma is None else {**facts, "sigma": min(sigma * gain, HINTS["sigma"].highest)}
