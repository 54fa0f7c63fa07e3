"""Draws sheets like those of the demo, of damage that is too strong for the shipped network.

python examples/failures.py docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from demo import Case, Levels, show, to_levels
from numpy.typing import NDArray

import rednet
from rednet.degradations import JPEG, GaussianNoise


def failure_noise(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Add noise of sigma 120, 1.6 times the strongest of training: fur becomes blotches."""
    y = GaussianNoise(120, clip=True)(x, np.random.default_rng(0)).y
    return y, rednet.denoise(to_levels(y))


def failure_jpeg(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Compress at quality 3: too little is left of the colours to restore them."""
    y = JPEG(3)(x, np.random.default_rng(0)).y
    return y, rednet.dejpeg(to_levels(y))


def failure_hole(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Remove a square of 60 px: the network fills it smoothly, and does not invent the lost detail."""
    mask = np.zeros(x.shape[:2], bool)
    mask[90:150, 190:250] = True
    y = np.where(mask[:, :, None], np.float32(0), x)
    return y, rednet.inpaint(to_levels(y), mask)


CASES = (
    Case("noise, sigma 120 (trained up to 75)", "chelsea.png", (75, 120), failure_noise),
    Case("JPEG, quality 3 (trained from 5)", "coffee.png", (120, 330), failure_jpeg),
    Case("a hole of 60 px", "astronaut.png", (75, 150), failure_hole),
)

if __name__ == "__main__":
    show(CASES, Path(sys.argv[1] if len(sys.argv) > 1 else "failures"))
