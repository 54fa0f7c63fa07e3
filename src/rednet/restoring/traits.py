"""Measure the numbers by which a picture is judged.

Each is a share, a ratio or a percentile, so that it does not depend on the size of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import BT601
from rednet.restoring.jpeg_traces import Blocks, grid_strengths
from rednet.restoring.spectrum import halved, octaves, spectrum

__all__ = ["NAMES", "traits"]

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


def haar(plane: Plane) -> tuple[Plane, Plane, Plane]:
    """Return the differences of 2x2 px across, down and diagonally; white noise keeps its strength."""
    height, width = (side // 2 * 2 for side in plane.shape)
    a, b = plane[0:height:2, 0:width:2], plane[0:height:2, 1:width:2]
    c, d = plane[1:height:2, 0:width:2], plane[1:height:2, 1:width:2]
    half = np.float32(0.5)
    return (a - b + c - d) * half, (a + b - c - d) * half, (a - b - c + d) * half


def strengths(detail: Plane) -> NDArray[np.float32]:
    """Return the root mean square of each block of coefficients, (n,)."""
    height, width = (side // BLOCK for side in detail.shape)
    grid = (detail[: height * BLOCK, : width * BLOCK] ** 2).reshape(height, BLOCK, width, BLOCK)
    mean: NDArray[np.float32] = np.sqrt(grid.mean(axis=(1, 3))).ravel()
    return mean


def measured(pixels: Pixels, blocks: Blocks, quality: int | None) -> Iterator[tuple[str, float]]:
    """Yield the traits, each with its name; see `traits`."""
    y: Planes = np.ascontiguousarray(pixels.transpose(2, 0, 1)) * np.float32(255)
    colour = len(y) == 3
    gray: Plane = np.tensordot(BT601, y, 1) if colour else y[0]
    yield "colour", float(colour)
    yield from spectrum(gray, list(np.tensordot(CHROMA, y, 1)) if colour else [])
    yield from noise(gray)
    yield from shapes(y, gray)
    yield from tones(y, gray)
    for name, share in impulses(y):
        yield name, octaves(1000 * share)
    for name, plane in zip(("rows", "columns"), (gray, gray.T), strict=True):
        yield name, banding(plane)
    yield "soft", softness(gray)
    columns, rows = grid_strengths(gray / np.float32(255))
    yield "grid", octaves(float(columns[7] + rows[7]) / 2)
    yield "other grid", octaves(float(np.delete(columns, 7).max() + np.delete(rows, 7).max()) / 2)
    yield "comb", blocks.evidence
    yield "found quality", 0.0 if blocks.quality is None else blocks.quality / 100
    yield "file", float(quality is not None)
    yield "file quality", 0.0 if quality is None else quality / 100
    yield "file fine", 0.0 if quality is None else max(quality - 90, 0) / 10


def noise(gray: Plane) -> Iterator[tuple[str, float]]:
    """Yield how strong the finest details are, and how that is spread over the picture."""
    mean = gray
    for scale in (1, 2, 4):
        across, down, diagonal = haar(mean)
        values = np.percentile(strengths(diagonal), FLATTEST).tolist()
        yield f"diagonal {scale}", octaves(values[1])
        yield f"across {scale}", octaves(float(np.percentile(strengths((across + down) / np.float32(2**0.5)), 10)))
        if scale == 1:
            for percent, value in zip(FLATTEST, values, strict=True):
                yield f"diagonal at {percent} %", octaves(value)
            yield "spikiness", octaves(float(np.mean(diagonal**4)) / (float(np.mean(diagonal**2)) ** 2 + 1e-3))
        mean = halved(mean)


def shapes(y: Planes, gray: Plane) -> Iterator[tuple[str, float]]:
    """Yield what the steps between neighbouring pixels tell of edges, lines and squares."""
    beside, below = np.abs(np.diff(y, axis=2)).max(axis=0), np.abs(np.diff(y, axis=1)).max(axis=0)
    same_beside, same_below = beside < LEVEL, below < LEVEL
    yield "equal beside", float(same_beside.mean())
    yield "equal below", float(same_below.mean())
    yield "equal lines", float(same_below.all(axis=1).mean() + same_beside.all(axis=0).mean()) / 2
    yield "edges", float((beside > EDGE).mean() + (below > EDGE).mean()) / 2
    yield "steep edges", float((beside > STEEP).mean() + (below > STEEP).mean()) / 2
    seen_beside, seen_below = beside > SMALL, below > SMALL
    yield "steps beside", octaves(float(seen_beside.mean()))
    yield "steps below", octaves(float(seen_below.mean()))
    yield "flat squares", float((~(seen_beside[1:] | seen_beside[:-1] | seen_below[:, 1:] | seen_below[:, :-1])).mean())
    lines = seen_beside.mean(axis=0), seen_below.mean(axis=1)
    for period in PERIODS:
        yield f"squares of {period}", float(np.mean([periodic(line, period) for line in lines]))
    left, middle, right = gray[:, :-2], gray[:, 1:-1], gray[:, 2:]
    bend = np.abs(2 * middle - left - right)
    yield "thin lines", float((bend > 64).mean())
    yield "faint lines", float((bend > 20).mean())
    lower, upper = np.minimum(left, right), np.maximum(left, right)
    between = (middle - lower > 8) & (upper - middle > 8)
    yield "smooth edges", float(between.sum()) / (1 + float((upper - lower > 40).sum()))


def periodic(steps: NDArray[np.float64], period: int) -> float:
    """Return the share of steps that lie at the commonest of the places that repeat after so many px."""
    places = np.arange(1, len(steps) + 1) % period
    means = np.array([steps[places == place].mean() for place in range(period)])
    return float(means.max() / (means.sum() + 1e-3))


def tones(y: Planes, gray: Plane) -> Iterator[tuple[str, float]]:
    """Yield what the levels and colours tell, wherever they are."""
    counts = np.sort(np.unique(codes(y), return_counts=True)[1])[::-1] / gray.size
    yield "distinct colours", float(np.log2(len(counts))) / 16
    for count in COLOURS:
        yield f"commonest {count}", float(counts[:count].sum())
    yield "dark", float((gray < 8).mean())
    yield "light", float((gray > 247).mean())
    yield "middle", float(np.median(gray)) / 255
    extreme = np.minimum(gray - gray.min(), gray.max() - gray) < 0.04 * np.ptp(gray)
    yield "extreme", float(extreme.mean())
    saturation = y.max(axis=0) - y.min(axis=0)
    yield "saturation", float(saturation.mean()) / 255
    yield "strongest saturation", float(np.percentile(saturation, 90)) / 255
    shares = np.bincount(np.rint(gray.clip(0, 255)).astype(np.uint8).ravel(), minlength=256) / gray.size
    yield "entropy", float(-(shares * np.log2(shares + 1e-12)).sum()) / 8
    yield "commonest level", float(shares.max())
    busy = strengths(haar(gray)[0])
    yield "busy blocks", float((busy > BUSY).mean())
    yield "empty blocks", float((busy < 0.1).mean())


def codes(y: Planes) -> NDArray[np.uint32]:
    """Return a number for each colour of 8 bits, (H, W)."""
    code = np.zeros(y.shape[1:], np.uint32)
    for plane in np.rint(y.clip(0, 255)).astype(np.uint32):
        code = (code << 8) | plane
    return code


def impulses(y: Planes) -> Iterator[tuple[str, float]]:
    """Yield the shares of single pixels that stand out of all their neighbours, as bright and as dark ones."""
    inner = y[:, 1:-1, 1:-1]
    sides = np.stack([y[:, 1:-1, :-2], y[:, 1:-1, 2:], y[:, :-2, 1:-1], y[:, 2:, 1:-1]])
    high, low = sides.max(axis=0), sides.min(axis=0)
    least = np.maximum(np.float32(OUTSTANDING), high - low)
    yield "bright spots", float((inner - high > least).any(axis=0).mean())
    yield "dark spots", float((low - inner > least).any(axis=0).mean())


def banding(gray: Plane) -> float:
    """Return how much more whole rows differ from their neighbours than the noise in them can explain, in octaves."""
    second = gray[:-2] - 2 * gray[1:-1] + gray[2:]
    second = np.clip(second, -EDGE, EDGE)
    lines = float(np.mean(np.median(second, axis=1) ** 2))
    single = float(np.mean(second**2)) / gray.shape[1]
    return float(np.log2((lines + 0.02) / (single + 0.02)))


def softness(gray: Plane) -> float:
    """Return how much weaker the finest detail is than the next, where detail is strongest, in octaves."""
    fine, coarse = haar(gray)[2], haar(halved(gray))[2]
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
