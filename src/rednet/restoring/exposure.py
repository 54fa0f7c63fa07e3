"""Scale dark pictures to the range of the pictures that the network has learned."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rednet.network.hints import HINTS, Facts
from rednet.restoring.sampling import sampled_rows

__all__ = ["brighter", "exposure"]

DARK = 0.1  # of white; the network takes a picture that stays below it for black (docs/lab-log.md)
ENOUGH = 250_000  # px that tell the gain of a larger picture
BRIGHTEST = 99.9  # percentile that counts as the brightest part, so that a few hot pixels do not count


def exposure(pixels: NDArray[np.float32]) -> float:
    """Return the gain that makes the brightest part of a dark picture white; 1 for all other pictures.

    Args:
        pixels: (H, W, C), white at 1; of a large picture, only some rows are looked at (`sampled_rows`).
    """
    if not pixels.size:
        return 1.0
    parts = [pixels[rows] for rows in sampled_rows(*pixels.shape[:2])]
    step = max(math.isqrt(sum(map(len, parts)) * pixels.shape[1] // ENOUGH), 1)
    bright = (1 - BRIGHTEST / 100) * sum(part[::step, ::step].size for part in parts)
    for thinned in (8 * step, step):  # a few of the pixels nearly always tell
        looked_at = np.concatenate([part[::thinned, ::thinned] for part in parts])
        if np.count_nonzero(looked_at > DARK) > bright:
            return 1.0
    brightest = float(np.percentile(looked_at, BRIGHTEST))
    return 1 / brightest if 0 < brightest < DARK else 1.0


def brighter(facts: Facts, gain: float) -> Facts:
    """Return the facts of a picture that was multiplied by a gain: its noise is multiplied, too."""
    sigma = facts.get("sigma")
    return facts if sigma is None else {**facts, "sigma": min(sigma * gain, HINTS["sigma"].highest)}
