"""Proposes where a picture is scratched: thin, long, and brighter or darker than both sides.

A proposal for a person to look at: branches, wires and whiskers are thin and long, too. On photographs with six drawn
scratches of 1 to 5 px it marks two thirds of their pixels, and 6 % of a picture that has none (docs/lab-log.md).
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["find_scratches"]

T = TypeVar("T", bound=np.generic)
Mask = NDArray[np.bool_]

WIDEST = 7  # px: what is wider is no scratch
LENGTH = 31  # px: what is shorter is no scratch
DIRECTIONS = 16
CONTRAST = 0.12  # of white: what differs less from both sides is texture
UNBROKEN = 0.85  # of the length: texture is brighter than both sides here and there, a scratch is nearly everywhere
MARGIN = 1  # px around each scratch: its blurred border


def find_scratches(pixels: NDArray[np.float32]) -> Mask:
    """Finds scratches.

    Args:
        pixels: (H, W, C) in [0, 1].

    Returns:
        (H, W), True on scratches and one px around them.
    """
    gray = pixels.mean(axis=2)
    found = np.zeros(gray.shape, bool)
    for direction in range(DIRECTIONS):
        angle = math.pi * direction / DIRECTIONS
        along, across = (math.sin(angle), math.cos(angle)), (math.cos(angle), -math.sin(angle))
        sides = [moved(gray, across, step) for step in (-WIDEST, WIDEST)]
        for ridge in (gray - np.maximum(*sides), np.minimum(*sides) - gray):  # brighter, darker than both sides
            marked = ridge > CONTRAST
            steps = range(-(LENGTH // 2), LENGTH // 2 + 1)
            share = sum(moved(marked, along, step).astype(np.float32) for step in steps) / LENGTH
            centres = share >= UNBROKEN
            line = np.any([moved(np.asarray(centres), along, step) for step in steps], axis=0)
            found |= np.asarray(line) & marked
    return grown(found)


def moved(x: NDArray[T], direction: tuple[float, float], step: int) -> NDArray[T]:
    """Looks `step` px along a direction (rows, columns) from each pixel; beyond the border the border goes on."""
    rows, columns = (
        np.clip(np.arange(size) + round(step * part), 0, size - 1)
        for size, part in zip(x.shape, direction, strict=True)
    )
    return np.asarray(x[rows[:, None], columns], x.dtype)


def grown(mask: Mask) -> Mask:
    """Adds MARGIN px on all sides."""
    for direction in ((1.0, 0.0), (0.0, 1.0)):
        mask = np.any([moved(mask, direction, step) for step in range(-MARGIN, MARGIN + 1)], axis=0)
    return mask
