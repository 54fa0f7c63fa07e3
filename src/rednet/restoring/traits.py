"""Measure the numbers by which a picture is judged.

Each is a share, a ratio or a percentile, so that it does not depend on the size of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import BT601
from rednet.restoring.jpeg_traces import Blocks, grid_strengths
from rednet.restoring.spectrum import halved, octaves, spectrum

__all__ = ["codes", "traits"]

Pixels = NDArray[np.float32]
Planes = NDArray[np.float32]  # (C, H, W)
Plane = NDArray[np.float32]

BLOCK = 8  # coefficients a side of the blocks whose strength is compared
FLATTEST = (3, 10, 30, 60, 90)  # percentiles of the blocks' strengths
CHROMA = np.array([[-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)  # Cb and Cr (BT.601)
OUTSTANDING = 30.0  # levels by which an impulse leaves its neighbours
COLOURS = (2, 16, 64, 256)  # how many of the commonest colours are counted
LEVEL = 0.75  # of 255: two values that are nearer are one
SMALL, EDGE, STEEP = 2.0, 24.0, 96.0  # levels: steps that are seen; that noise seldom makes alone; of ink on paper
PERIODS = (2, 3, 4, 5, 6)  # px a side of the squares that pixel art is made of
BUSY = 40.0  # strength of a block that holds an edge, levels


def _haar(plane: Plane) -> tuple[Plane, Plane, Plane]:
    """Return the differences of 2x2 px across, down and diagonally; white noise keeps its strength."""
    height, width = (side // 2 * 2 for side in plane.shape)
    a, b = plane[0:height:2, 0:width:2], plane[0:height:2, 1:width:2]
    c, d = plane[1:height:2, 0:width:2], plane[1:height:2, 1:width:2]
    half = np.float32(0.5)
    return (a - b + c - d) * half, (a + b - c - d) * half, (a - b - c + d) * half


def _strengths(detail: Plane) -> NDArray[np.float32]:
    """Return the root mean square of each block of coefficients, (n,)."""
    height, width = (side // BLOCK for side in detail.shape)
    grid = (detail[: height * BLOCK, : width * BLOCK] ** 2).reshape(height, BLOCK, width, BLOCK)
    mean: NDArray[np.float32] = np.sqrt(grid.mean(axis=(1, 3))).ravel()
    return mean


def _measured(pixels: Pixels, blocks: Blocks, quality: int | None) -> Iterator[tuple[str, float]]:
    """Yield the traits, each with its name; see `traits`."""
    y: Planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)) * np.float32(255)
    colour = len(y) == 3
    gray: Plane = np.tensordot(BT601, y, 1) if colour else y[0]
    yield "colour", float(colour)
    yield from spectrum(gray, list(np.tensordot(CHROMA, y, 1)) if colour else [])
    means = [gray, halved(gray)]
    details = [_haar(plane) for plane in (*means, halved(means[1]))]
    yield from _noise(details)
    yield from _shapes(y, gray)
    yield from _tones(y, gray)
    busy = _strengths(details[0][0])
    yield "busy blocks", _share(busy > BUSY)
    yield "empty blocks", _share(busy < 0.1)
    for name, share in _impulses(y):
        yield name, octaves(1000 * share)
    for name, plane in zip(("rows", "columns"), (gray, np.ascontiguousarray(gray.T)), strict=True):
        strength, agreement = _banding(plane)
        yield name, strength
        yield f"{name} agree", agreement
    yield "soft", _softness(details)
    columns, rows = grid_strengths(gray / np.float32(255))
    yield "grid", octaves(float(columns[7] + rows[7]) / 2)
    yield "other grid", octaves(float(np.delete(columns, 7).max() + np.delete(rows, 7).max()) / 2)
    yield "comb", blocks.evidence
    yield "found quality", 0.0 if blocks.quality is None else blocks.quality / 100
    yield "file", float(quality is not None)
    yield "file quality", 0.0 if quality is None else quality / 100
    yield "file fine", 0.0 if quality is None else max(quality - 90, 0) / 10


def _noise(details: list[tuple[Plane, Plane, Plane]]) -> Iterator[tuple[str, float]]:
    """Yield how strong the finest details are, and how that is spread over the picture.

    Args:
        details: of the picture, and at a half and a quarter of its size, see `_haar`.
    """
    for scale, (across, down, diagonal) in zip((1, 2, 4), details, strict=True):
        values = _percentiles(_strengths(diagonal), FLATTEST)
        yield f"diagonal {scale}", octaves(values[1])
        oblique = _strengths((across + down) * np.float32(0.5**0.5))
        yield f"across {scale}", octaves(_percentiles(oblique, FLATTEST[1:2])[0])
        if scale == 1:
            for percent, value in zip(FLATTEST, values, strict=True):
                yield f"diagonal at {percent} %", octaves(value)
            squares = diagonal * diagonal
            yield "spikiness", octaves(float(np.mean(squares * squares)) / (float(np.mean(squares)) ** 2 + 1e-3))


def _share(mask: NDArray[np.bool_]) -> float:
    """Return the share that is True; a mean takes several times as long."""
    return np.count_nonzero(mask) / mask.size


def _percentiles(values: NDArray[np.float32], percents: Sequence[float]) -> list[float]:
    """Return percentiles of a few values, (n,), as `np.percentile` does, which takes longer for so few."""
    places = np.array(percents) / 100 * (len(values) - 1)
    found: list[float] = np.interp(places, np.arange(len(values)), np.sort(values)).tolist()
    return found


def _shapes(y: Planes, gray: Plane) -> Iterator[tuple[str, float]]:
    """Yield what the steps between neighbouring pixels tell of edges, lines and squares."""
    beside, below = _steps(y[:, :, 1:], y[:, :, :-1]), _steps(y[:, 1:], y[:, :-1])
    same_beside, same_below = beside < LEVEL, below < LEVEL
    yield "equal beside", _share(same_beside)
    yield "equal below", _share(same_below)
    yield "equal lines", float(same_below.all(axis=1).mean() + same_beside.all(axis=0).mean()) / 2
    yield "edges", (_share(beside > EDGE) + _share(below > EDGE)) / 2
    yield "steep edges", (_share(beside > STEEP) + _share(below > STEEP)) / 2
    seen_beside, seen_below = beside > SMALL, below > SMALL
    yield "steps beside", octaves(_share(seen_beside))
    yield "steps below", octaves(_share(seen_below))
    like_side, like_above = same_beside[1:-1, 1:] | same_beside[1:-1, :-1], same_below[1:, 1:-1] | same_below[:-1, 1:-1]
    yield "lonely", 1 - _share(like_side | like_above)
    yield "flat squares", 1 - _share(seen_beside[1:] | seen_beside[:-1] | seen_below[:, 1:] | seen_below[:, :-1])
    lines = seen_beside.mean(axis=0), seen_below.mean(axis=1)
    for period in PERIODS:
        yield f"squares of {period}", float(np.mean([_periodic(line, period) for line in lines]))
    left, middle, right = gray[:, :-2], gray[:, 1:-1], gray[:, 2:]
    bend = np.abs(middle + middle - left - right)
    yield "thin lines", _share(bend > 64)
    yield "faint lines", _share(bend > 20)
    lower, upper = np.minimum(left, right), np.maximum(left, right)
    between = (middle - lower > 8) & (upper - middle > 8)
    yield "smooth edges", np.count_nonzero(between) / (1 + np.count_nonzero(upper - lower > 40))


def _steps(one: Planes, other: Planes) -> Plane:
    """Return by how much two pictures differ, in the channel in which they differ most, (H, W)."""
    found: Plane = np.abs(one[0] - other[0])
    for a, b in zip(one[1:], other[1:], strict=True):
        np.maximum(found, np.abs(a - b), out=found)
    return found


def _periodic(steps: NDArray[np.float64], period: int) -> float:
    """Return the share of steps that lie at the commonest of the places that repeat after so many px."""
    places = np.arange(1, len(steps) + 1) % period
    means = np.bincount(places, steps, period) / np.bincount(places, minlength=period)
    return float(means.max() / (means.sum() + 1e-3))


def _tones(y: Planes, gray: Plane) -> Iterator[tuple[str, float]]:
    """Yield what the levels and colours tell, wherever they are."""
    ordered = np.sort(codes(y), axis=None)
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, len(ordered))
    counts = np.sort(np.diff(ends, prepend=0))[::-1] / gray.size
    yield "distinct colours", float(np.log2(len(counts))) / 16
    for count in COLOURS:
        yield f"commonest {count}", float(counts[:count].sum())
    low, high = gray.min(), gray.max()
    shares = np.bincount(np.rint(gray.clip(0, 255)).astype(np.uint8).ravel(), minlength=256) / gray.size
    yield "dark", float(shares[:8].sum())
    yield "light", float(shares[248:].sum())
    yield "middle", float(np.searchsorted(shares.cumsum(), 0.5)) / 255
    near = np.float32(0.04) * (high - low)
    yield "extreme", _share((gray < low + near) | (gray > high - near))
    highest, lowest = y[0], y[0]
    for plane in y[1:]:
        highest, lowest = np.maximum(highest, plane), np.minimum(lowest, plane)
    saturation = (highest - lowest).ravel()
    yield "saturation", float(saturation.mean()) / 255
    place = len(saturation) * 9 // 10
    yield "strongest saturation", float(np.partition(saturation, place)[place]) / 255
    yield "entropy", float(-(shares * np.log2(shares + 1e-12)).sum()) / 8
    yield "commonest level", float(shares.max())
    used = np.flatnonzero(shares)
    yield "unused levels", 1 - len(used) / (used[-1] - used[0] + 1)


def codes(y: Planes) -> NDArray[np.uint32]:
    """Return a number for each colour of 8 bits, (H, W)."""
    code = np.zeros(y.shape[1:], np.uint32)
    for plane in np.rint(y.clip(0, 255)).astype(np.uint32):
        code = (code << 8) | plane
    return code


def _impulses(y: Planes) -> Iterator[tuple[str, float]]:
    """Yield the shares of single pixels that stand out of all their neighbours, as bright and as dark ones."""
    bright, dark = (np.zeros((y.shape[1] - 2, y.shape[2] - 2), bool) for _ in range(2))
    for plane in y:
        inner = plane[1:-1, 1:-1]
        left, right, above, below = plane[1:-1, :-2], plane[1:-1, 2:], plane[:-2, 1:-1], plane[2:, 1:-1]
        high = np.maximum(np.maximum(left, right), np.maximum(above, below))
        low = np.minimum(np.minimum(left, right), np.minimum(above, below))
        least = np.maximum(np.float32(OUTSTANDING), high - low)
        bright |= inner - high > least
        dark |= low - inner > least
    yield "bright spots", _share(bright)
    yield "dark spots", _share(dark)


def _banding(gray: Plane) -> tuple[float, float]:
    """Measure whether whole rows differ from their neighbours.

    Returns:
        How much more they differ than the noise in them can explain, in octaves; and how well their left halves agree
        with their right halves, -1 to 1.
    """
    second = np.clip(gray[:-2] - 2 * gray[1:-1] + gray[2:], -EDGE, EDGE)
    half = gray.shape[1] // 2
    left, right = (np.partition(part, half // 2, axis=1)[:, half // 2] for part in (second[:, :half], second[:, half:]))
    lines = float(np.mean((left + right) ** 2)) / 4
    single = float(np.mean(second**2)) / gray.shape[1]
    agreement = float(np.mean(left * right)) / math.sqrt(float(np.mean(left**2)) * float(np.mean(right**2)) + 1e-4)
    return float(np.log2((lines + 0.02) / (single + 0.02))), agreement


def _softness(details: list[tuple[Plane, Plane, Plane]]) -> float:
    """Return how much weaker the finest detail is than the next, where detail is strongest, in octaves."""
    one, other = (_percentiles(_strengths(diagonal), (95,))[0] for _, _, diagonal in details[:2])
    return octaves(other) - octaves(one)


def traits(pixels: Pixels, blocks: Blocks, quality: int | None) -> NDArray[np.float32]:
    """Measure a picture.

    Args:
        pixels: (H, W, C) in [0, 1], at least 64 px a side.
        blocks: what is known of its JPEG, see `rednet.restoring.jpeg_traces.find_blocks`.
        quality: of its file, if that is a JPEG.

    Returns:
        One value for each name of `_measured`, (traits,).
    """
    return np.array([value for _, value in _measured(pixels, blocks, quality)], np.float32)
