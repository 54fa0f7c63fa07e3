"""Find impulses: single pixels that have nothing to do with those around them (hot pixels, salt and pepper).

An impulse stands out of all its neighbours at once. A line goes on in a neighbour, and a lens spreads a star over
several pixels; neither is marked. A dot of one pixel cannot be told from an impulse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.restoring.exposure import exposure
from rednet.stopping import check_stop

__all__ = ["find_impulses"]

Plane = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST = 30 / 255  # what stands out less is hardly seen, and is left to the network (measured: docs/lab-log.md)
NOISE = 3.0  # times the strength of noise and fine texture: what stands out less may be either
SHOULDERS = 2.0  # times what the neighbours differ from the picture around them: what stands out less belongs to it
CALM = 5  # of the 8 neighbours, in the order of that difference: two may be impulses, too
MAD = 1.4826  # standard deviation of normal noise, of which half is weaker than 1
REACH = 2  # px around an impulse that are looked at
AROUND = [(i, j) for i in range(-REACH, REACH + 1) for j in range(-REACH, REACH + 1) if (i, j) != (0, 0)]
NEIGHBOURS = [step for step in AROUND if max(map(abs, step)) == 1]


def find_impulses(pixels: NDArray[np.float32], *, repeats: bool = False) -> Mask:
    """Find single pixels, and pairs of them, that are far brighter or darker in a channel than all around them.

    Args:
        pixels: (H, W, C), white at 1.
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Returns:
        (H, W), True on impulses.
    """
    found = np.zeros(pixels.shape[:2], bool)
    if min(found.shape) <= REACH:
        return found
    gain = np.float32(exposure(pixels))
    for channel in range(pixels.shape[2]):
        plane = np.pad(pixels[:, :, channel] * gain, REACH, mode="wrap" if repeats else "reflect")
        least = max(LEAST, NOISE * _noise(plane))
        for sign in (1, -1):
            check_stop()
            _mark_bright(found, np.float32(sign) * plane, least)
    return found


def _noise(plane: Plane) -> float:
    """Return the standard deviation of noise and fine texture; impulses hardly change it."""
    height, width = (side // 2 * 2 for side in plane.shape)
    a, b = plane[0:height:2, 0:width:2], plane[0:height:2, 1:width:2]
    c, d = plane[1:height:2, 0:width:2], plane[1:height:2, 1:width:2]
    return MAD * float(np.median(np.abs(a - b - c + d))) / 2


def _mark_bright(found: Mask, plane: Plane, least: float) -> None:
    """Mark bright impulses.

    Args:
        found: (H, W), where they are marked.
        plane: (H + 2 * REACH, W + 2 * REACH), one channel with its margin.
        least: by which an impulse is brighter than all its neighbours but one.
    """
    height, width = found.shape

    def moved(down: int, right: int) -> Plane:
        top, left = REACH + down, REACH + right
        return plane[top : top + height, left : left + width]

    first = second = np.full(found.shape, -np.inf, np.float32)  # brightest of the neighbours
    for step in NEIGHBOURS:
        second = np.maximum(second, np.minimum(first, moved(*step)))
        first = np.maximum(first, moved(*step))
    stands_out = np.zeros(plane.shape, bool)
    inner = slice(REACH, REACH + height), slice(REACH, REACH + width)
    stands_out[inner] = moved(0, 0) - second > least

    rows, columns = stands_out.nonzero()
    near = [(rows + down, columns + right) for down, right in NEIGHBOURS]
    neighbours = np.stack([plane[place] for place in near])
    alike = neighbours > plane[rows, columns] - np.float32(least)
    alone = ~(alike & ~np.stack([stands_out[place] for place in near])).any(axis=0)  # but for another impulse

    level = np.median(np.stack([plane[rows + down, columns + right] for down, right in AROUND]), axis=0)
    shoulders = np.sort(np.abs(neighbours - level), axis=0)[CALM]
    clear = plane[rows, columns] - np.sort(neighbours, axis=0)[-2] > SHOULDERS * shoulders
    marked = alone & clear
    found[rows[marked] - REACH, columns[marked] - REACH] = True
