"""Proposes where a picture is scratched: thin, long, and brighter or darker than both sides.

A proposal for a person to look at: branches, wires and whiskers are thin and long, too. On photographs with six drawn
scratches of 1 to 5 px it marks two thirds of their pixels, and 6 % of a picture that has none (docs/lab-log.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rednet.restoring.exposure import exposure
from rednet.stopping import check_stop

__all__ = ["find_scratches"]

T = TypeVar("T", bound=np.generic)
Mask = NDArray[np.bool_]

WIDEST = 7  # px: what is wider is no scratch
LENGTH = 31  # px: what is shorter is no scratch
DIRECTIONS = 16
CONTRAST = 0.12  # of white: what differs less from both sides is texture
UNBROKEN = 0.85  # of the length: texture is brighter than both sides here and there, a scratch is nearly everywhere
BLOCK = 1 << 18  # px that are worked on at once
MARGIN = 1  # px around each scratch: its blurred border


def find_scratches(pixels: NDArray[np.float32]) -> Mask:
    """Find scratches; a dark picture is scaled to its range before.

    Args:
        pixels: (H, W, C), white at 1.

    Returns:
        (H, W), True on scratches and one px around them.
    """
    gray = pixels.mean(axis=2) * np.float32(exposure(pixels))
    seen = np.pad(gray, WIDEST, mode="edge")
    found = np.zeros(gray.shape, bool)
    bright, dark = np.empty_like(found), np.empty_like(found)  # than both sides
    for direction in range(DIRECTIONS):
        angle = math.pi * direction / DIRECTIONS
        along, across = (math.sin(angle), math.cos(angle)), (math.cos(angle), -math.sin(angle))
        for rows in blocks(gray.shape):
            one, other = (moved(seen, WIDEST, rows, across, step) for step in (-WIDEST, WIDEST))
            bright[rows] = gray[rows] - np.maximum(one, other) > CONTRAST
            dark[rows] = np.minimum(one, other) - gray[rows] > CONTRAST
        for marked in (bright, dark):
            centres = joined(np.add, marked, along) >= math.ceil(UNBROKEN * LENGTH)
            found |= (joined(np.bitwise_or, centres, along) > 0) & marked
    return grown(found)


def joined(join: np.ufunc, mask: Mask, direction: tuple[float, float]) -> NDArray[np.uint8]:
    """Join the LENGTH values on a line through each pixel, its middle."""
    reach = LENGTH // 2
    padded = np.pad(mask.view(np.uint8), reach, mode="edge")
    result = np.zeros(mask.shape, np.uint8)
    for rows in blocks(mask.shape):
        for step in range(-reach, reach + 1):
            join(result[rows], moved(padded, reach, rows, direction, step), out=result[rows])
    return result


def blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Cut a picture into rows that a processor's cache holds; ask before each whether to go on."""
    height, width = shape
    step = max(1, BLOCK // width)
    for start in range(0, height, step):
        check_stop()
        yield slice(start, min(start + step, height))


def moved(padded: NDArray[T], margin: int, rows: slice, direction: tuple[float, float], step: int) -> NDArray[T]:
    """Look `step` px along a direction (rows, columns) from each pixel of some rows.

    Args:
        padded: the picture, continued by `margin` px on each side, by its border.
    """
    down, right = (margin + round(step * part) for part in direction)
    return padded[rows.start + down : rows.stop + down, right : right + padded.shape[1] - 2 * margin]


def grown(mask: Mask) -> Mask:
    """Add MARGIN px on all sides."""
    grown = mask.copy()
    for shift in range(1, MARGIN + 1):
        grown[shift:] |= mask[:-shift]
        grown[:-shift] |= mask[shift:]
    wide = grown.copy()
    for shift in range(1, MARGIN + 1):
        wide[:, shift:] |= grown[:, :-shift]
        wide[:, :-shift] |= grown[:, shift:]
    return wide
