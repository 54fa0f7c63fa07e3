"""Measure the 44 numbers by which a picture is judged.

Each is a share, a ratio or a percentile, so that it does not depend on the size of the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import BT601
from rednet.restoring.jpeg_traces import Blocks, grid_strengths

__all__ = ["NAMES", "traits"]

Pixels = NDArray[np.float32]
Plane = NDArray[np.float32]

BLOCK = 8  # coefficients a side of the blocks whose strength is compared
FLATTEST = (3, 10, 30, 60, 90)  # percentiles of the blocks' strengths
LOW_TENTH = 0.887  # 10th percentile of the standard deviation that 64 samples of unit noise show: 1 - 1.28 / sqrt(128)
CHROMA = np.array([[-0.168736, 0.5], [-0.331264, -0.418688], [0.5, -0.081312]], np.float32)  # Cb and Cr (BT.601)
OUTSTANDING = 30.0  # levels by which an impulse leaves its neighbours
COLOURS = (2, 16, 64, 256)  # how many of the commonest colours are counted
LEVEL = 0.75  # of 255: two values that are nearer are one
EDGE = 24.0  # levels: a step that noise seldom makes alone
LEAST = 0.25  # levels: what is weaker is nothing


def haar(plane: Plane) -> tuple[Plane, Plane, Plane, Plane]:
    """Return the means of 2x2 px, and the differences across, down and diagonally; white noise keeps its strength."""
    height, width = (side // 2 * 2 for side in plane.shape)
    a, b = plane[0:height:2, 0:width:2], plane[0:height:2, 1:width:2]
    c, d = plane[1:height:2, 0:width:2], plane[1:height:2, 1:width:2]
    half, quarter = np.float32(0.5), np.float32(0.25)
    return (a + b + c + d) * quarter, (a - b + c - d) * half, (a + b - c - d) * half, (a - b - c + d) * half


def strengths(detail: Plane) -> NDArray[np.float32]:
    """Return the root mean square of each block of coefficients, (n,)."""
    height, width = (side // BLOCK for side in detail.shape)
    grid = (detail[: height * BLOCK, : width * BLOCK] ** 2).reshape(height, BLOCK, width, BLOCK)
    mean: NDArray[np.float32] = np.sqrt(grid.mean(axis=(1, 3))).ravel()
    return mean


def flattest(detail: Plane) -> float:
    """Return the strength of the flattest tenth of the blocks, as the standard deviation of noise."""
    return float(np.percentile(strengths(detail), 10)) / LOW_TENTH


def octaves(value: float) -> float:
    """Return a positive number on a scale on which equal steps are equal ratios."""
    return math.log2(value + LEAST)


def measured(pixels: Pixels, blocks: Blocks, quality: int | None) -> Iterator[tuple[str, float]]:
    """Yield the traits, each with its name; see `traits`."""
    y = pixels * np.float32(255)
    colour = y.shape[2] == 3
    gray: Plane = (y @ BT601 if colour else y[:, :, 0]).astype(np.float32, copy=False)
    yield "colour", float(colour)

    mean = gray
    for scale in (1, 2, 4):
        mean, across, down, diagonal = haar(mean)
        yield f"diagonal {scale}", octaves(flattest(diagonal))
        yield f"across {scale}", octaves(flattest((across + down) / np.float32(2**0.5)))
        if scale == 1:
            values = np.percentile(strengths(diagonal), FLATTEST).tolist()
            for percent, value in zip(FLATTEST, values, strict=True):
                yield f"diagonal at {percent} %", octaves(value)
            yield "spikiness", octaves(float(np.mean(diagonal**4)) / (float(np.mean(diagonal**2)) ** 2 + 1e-3))
    chroma: Pixels = np.zeros((*gray.shape, 2), np.float32)
    if colour:
        chroma[:] = y @ CHROMA
    for number, name in enumerate(("Cb", "Cr")):
        mean = chroma[:, :, number]
        for scale in (1, 2, 4):
            mean, across, down, diagonal = haar(mean)
            yield f"{name} {scale}", octaves(flattest(diagonal))

    steps = (np.abs(np.diff(y, axis=1)).max(axis=2), np.abs(np.diff(y, axis=0)).max(axis=2))
    yield "equal beside", float((steps[0] < LEVEL).mean())
    yield "equal below", float((steps[1] < LEVEL).mean())
    yield "equal lines", float((steps[1] < LEVEL).all(axis=1).mean() + (steps[0] < LEVEL).all(axis=0).mean()) / 2
    yield "edges", float((steps[0] > EDGE).mean() + (steps[1] > EDGE).mean()) / 2
    yield "steep edges", float((steps[0] > 4 * EDGE).mean() + (steps[1] > 4 * EDGE).mean()) / 2
    counts = commonest(y)
    for count in COLOURS:
        yield f"commonest {count}", float(counts[:count].sum())
    yield "dark", float((gray < 8).mean())
    yield "light", float((gray > 247).mean())
    yield "middle", float(np.median(gray)) / 255
    extreme = np.minimum(gray - gray.min(), gray.max() - gray) < 0.04 * np.ptp(gray)
    yield "extreme", float(extreme.mean())
    for name, share in impulses(y):
        yield name, octaves(1000 * share)
    for name, step in zip(("rows", "columns"), (gray, gray.T), strict=True):
        yield name, banding(step)
    yield "soft", softness(gray)
    columns, rows = grid_strengths(gray / np.float32(255))
    yield "grid", octaves(float(columns[7] + rows[7]) / 2)
    yield "other grid", octaves(float(np.delete(columns, 7).max() + np.delete(rows, 7).max()) / 2)
    yield "comb", blocks.evidence
    yield "found quality", 0.0 if blocks.quality is None else blocks.quality / 100
    yield "file", float(quality is not None)
    yield "file quality", 0.0 if quality is None else quality / 100
    yield "file fine", 0.0 if quality is None else max(quality - 90, 0) / 10


def commonest(y: Pixels) -> NDArray[np.float64]:
    """Return the shares of the commonest colours of 8 bits, the largest first."""
    levels = np.rint(y.clip(0, 255)).astype(np.uint32)
    codes = levels[:, :, 0] if y.shape[2] == 1 else levels @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    counts = np.sort(np.unique(codes, return_counts=True)[1])[::-1]
    shares: NDArray[np.float64] = np.pad(counts, (0, max(0, COLOURS[-1] - len(counts)))) / codes.size
    return shares


def impulses(y: Pixels) -> Iterator[tuple[str, float]]:
    """Yield the shares of single pixels that stand out of all their neighbours, as bright and as dark ones."""
    inner = y[1:-1, 1:-1]
    sides = np.stack([y[1:-1, :-2], y[1:-1, 2:], y[:-2, 1:-1], y[2:, 1:-1]])
    high, low = sides.max(axis=0), sides.min(axis=0)
    least = np.maximum(np.float32(OUTSTANDING), high - low)
    yield "bright spots", float((inner - high > least).any(axis=2).mean())
    yield "dark spots", float((low - inner > least).any(axis=2).mean())


def banding(gray: Plane) -> float:
    """Return how much more whole rows differ from their neighbours than the noise in them can explain, in octaves."""
    second = gray[:-2] - 2 * gray[1:-1] + gray[2:]
    second = np.clip(second, -EDGE, EDGE)
    lines = float(np.mean(np.median(second, axis=1) ** 2))
    single = float(np.mean(second**2)) / gray.shape[1]
    return float(np.log2((lines + 0.02) / (single + 0.02)))


def softness(gray: Plane) -> float:
    """Return how much weaker the finest detail is than the next, where detail is strongest, in octaves."""
    mean, _, _, fine = haar(gray)
    coarse = haar(mean)[3]
    one, other = (float(np.percentile(strengths(part), 95)) for part in (fine, coarse))
    return octaves(other) - octaves(one)


def traits(pixels: Pixels, blocks: Blocks, quality: int | None) -> NDArray[np.float32]:
    """Measure a picture.

    Args:
        pixels: (H, W, C) in [0, 1], at least 64 px a side.
        blocks: what is known of its JPEG, see `rednet.restoring.jpeg_traces.find_blocks`.
        quality: of its file, if that is a JPEG.

    Returns:
        (len(NAMES),).
    """
    return np.array([value for _, value in measured(pixels, blocks, quality)], np.float32)


NAMES = tuple(name for name, _ in measured(np.zeros((64, 64, 1), np.float32), Blocks(), None))
