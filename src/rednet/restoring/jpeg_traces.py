"""Find traces of JPEG: the tables of a file, the borders of blocks, the steps of coefficients."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import BT601
from rednet.network.hints import Facts
from rednet.opening import open_regular
from rednet.restoring.sampling import SAMPLE_ROWS

__all__ = [
    "GRID",
    "Blocks",
    "find_blocks",
    "grid_strengths",
    "jpeg_facts",
    "jpeg_quality",
    "quality_of",
    "rounding_error",
]

Pixels = NDArray[np.float32]

GRID = 8  # px a side of the blocks of a JPEG
LARGEST_STEP = 20 / 255  # steps at a block border are small; larger ones belong to the picture
MARKER, START, TABLES, SCAN = 0xFF, 0xD8, 0xDB, 0xDA
STANDALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length

# The luminance table of quality 50, in the zigzag order of the file (ITU-T T.81, table K.1).
LUMINANCE = np.array(
    [16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
     60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
     121, 112, 100, 120, 92, 101, 103, 99]
)  # fmt: skip
ZIGZAG = np.array(sorted(range(64), key=lambda k: (k // 8 + k % 8, k // 8 if (k // 8 + k % 8) % 2 else k % 8)))
"""Place in a block, row by row, of each coefficient of a table."""

QUALITIES = np.arange(5, 96)
LOW = 15  # coefficients of a block that are looked at, the lowest: the others are mostly 0
MOST_BLOCKS, LEAST_BLOCKS = 400, 64
FIRST_BLOCKS, PROMISING = 80, 12  # so many blocks tell which qualities are then compared on all blocks
ROUNDING = 0.6  # standard deviation of a coefficient after the picture was rounded to 8 bits and its colours mixed
LEAST_TOLD = 20  # coefficients besides the means of blocks that are not 0
OUTLIER = 0.02  # density of a coefficient that fits no step: clipped, or changed since
LEAST_EVIDENCE = 0.15  # nats a coefficient; pictures that never were a JPEG reach 0.08 (benchmarks/looks.py)


def _tables(qualities: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the luminance tables of qualities on the IJG scale, (n, 64), in zigzag order."""
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    steps: NDArray[np.int64] = np.clip((LUMINANCE * scales[:, None] + 50) // 100, 1, 255)
    return steps


def jpeg_quality(path: Path) -> int | None:
    """Read from a JPEG file's luminance table at what quality it was saved (the IJG scale, 1-100).

    Returns:
        The nearest quality; None if the file is not a JPEG or has no table before its first scan.

    Source: ITU-T T.81, annex B (segments).
    """
    with open_regular(path) as file:
        content = file.read(1 << 20)  # the tables stand before the pixels
    if content[:2] != bytes([MARKER, START]):
        return None
    position = 2
    while position + 4 <= len(content) and content[position] == MARKER:
        kind = content[position + 1]
        if kind in STANDALONE or kind == MARKER:
            position += 1 if kind == MARKER else 2
            continue
        end = position + 2 + int.from_bytes(content[position + 2 : position + 4], "big")
        if kind == SCAN or end > len(content):
            return None
        if kind == TABLES:
            rest = content[position + 4 : end]
            while rest:
                precision, number = divmod(rest[0], 16)
                size = 128 if precision else 64
                table = np.frombuffer(rest[1 : 1 + size], ">u2" if len(rest) > size and precision else "u1")
                if number == 0 and len(table) == 64:
                    return quality_of(table)
                rest = rest[1 + size :]
        position = end
    return None


def jpeg_facts(quality: float | None, path: Path | None) -> Facts:
    """Return the hint about JPEG for a noisy picture: the given quality, or that of the file."""
    if quality is None and path is not None:
        quality = jpeg_quality(path)
    return {} if quality is None else {"quality": quality}


def quality_of(table: NDArray[np.generic]) -> int:
    """Find the IJG quality whose luminance table is nearest to the given one."""
    distance = np.abs(_tables(np.arange(1, 101)) - table.astype(np.int64)).sum(axis=1)
    return int(distance.argmin()) + 1


def rounding_error(quality: int) -> float:
    """Return the root mean square error, 0-255 scale, of a picture none of whose coefficients is rounded to 0.

    Where all are, as in flat places, the error is smaller.
    """
    return math.sqrt(float(np.mean(_tables(np.array([quality])) ** 2)) / 12)


def grid_strengths(gray: Pixels) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measure how strong small steps are at each of the 8 places that the borders of blocks may have.

    Args:
        gray: (H, W) in [0, 1], at least 16 px a side. Every SAMPLE_ROWS rows, another part of a large picture may begin
            (see `rednet.restoring.sampling.sampled_rows`), and the steps that lie across do not count.

    Returns:
        For borders between columns, and for those between rows: (8,), relative to the median of the 8; place 7 is that
        of a picture that has not been cropped.
    """
    found = []
    for view, part in ((gray, gray.shape[1]), (gray.T, SAMPLE_ROWS)):
        difference = np.diff(view, axis=1)
        step = np.minimum(np.abs(difference[:, 1:-1] - (difference[:, :-2] + difference[:, 2:]) / 2), LARGEST_STEP)
        places = np.arange(1, step.shape[1] + 1)  # the border lies behind this pixel
        within = (places + 2) % part > 2
        means, places = step.mean(axis=0, dtype=np.float64)[within], places[within] % GRID
        strength = np.bincount(places, means, GRID) / np.bincount(places, minlength=GRID)
        usual = float(np.median(strength))
        found.append(strength / usual if usual > 0 else np.ones(GRID))
    return found[0], found[1]


class Blocks(NamedTuple):
    """What is known of the JPEG that a picture once was.

    Args:
        quality: on the IJG scale; None if the coefficients do not tell.
        evidence: how well the coefficients fit that quality, nats each.
    """

    quality: int | None = None
    evidence: float = 0.0


def find_blocks(pixels: Pixels) -> Blocks:
    """Look for the blocks of a JPEG, and for the steps to which its coefficients were rounded.

    Args:
        pixels: (H, W, C) in [0, 1]; see `grid_strengths`.

    Source: the steps are seen as the teeth of a comb, as in Fan and de Queiroz, "Identification of bitmap compression
    history: JPEG detection and quantizer estimation", IEEE Trans. Image Processing 12, 2003. Deviation: one quality
    for all coefficients instead of a step for each, so that few blocks suffice.
    """
    gray = pixels @ BT601 if pixels.shape[2] == 3 else pixels[:, :, 0]
    if min(gray.shape) < 3 * GRID:
        return Blocks()
    clipped = np.zeros(gray.shape, bool)
    for channel in range(pixels.shape[2]):  # a minimum over the channels takes ten times as long
        clipped |= np.abs(pixels[:, :, channel] - np.float32(0.5)) >= np.float32(0.5)
    left, top = ((int(strength.argmax()) + 1) % GRID for strength in grid_strengths(gray))
    best = _comb(gray, clipped)
    if (left, top) == (0, 0):
        return best
    other = _comb(gray[top:, left:], clipped[top:, left:])
    better = other.evidence > max(best.evidence, LEAST_EVIDENCE) or (best.quality is None and other.quality is not None)
    return other if better else best


def _comb(gray: Pixels, clipped: NDArray[np.bool_]) -> Blocks:
    """Find the quality whose steps fit the coefficients best, and the evidence for it."""
    values = _coefficients(gray, clipped)  # (blocks, LOW)
    steps = _tables(QUALITIES)[:, :LOW].astype(np.float32)
    first = _fit_of_steps(values[:: max(len(values) // FIRST_BLOCKS, 1)], steps)
    promising = np.sort(np.argsort(first)[-PROMISING:])
    evidence = _fit_of_steps(values, steps[promising])
    best = int(promising[evidence.argmax()])
    told = np.abs(values) > steps[best] / 2
    if np.count_nonzero(told[:, 1:]) < LEAST_TOLD:  # flat blocks say nothing: any step fits their few levels
        return Blocks()
    count = max(int(np.count_nonzero(told)), len(values))
    found = float(evidence.max()) / count
    return Blocks(int(QUALITIES[best]) if found > LEAST_EVIDENCE else None, found)


def _fit_of_steps(values: NDArray[np.float32], steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how well coefficients fit the steps of each quality, (n,), in nats.

    Args:
        values: (blocks, LOW).
        steps: (n, LOW).
    """
    step = steps[:, None]
    rounded = np.rint(values / step)
    off = (values - rounded * step) * np.float32(1 / ROUNDING)
    density = (
        step * np.float32((1 - OUTLIER) / (ROUNDING * math.sqrt(2 * math.pi))) * np.exp(off * off * np.float32(-0.5))
    )
    gain = np.log(density + np.float32(OUTLIER))
    found: NDArray[np.float32] = gain.sum(axis=(1, 2), where=rounded != 0)
    return found


def _coefficients(gray: Pixels, clipped: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the lowest coefficients of some of a picture's blocks, (blocks, LOW), in levels of 8 bits.

    Blocks with black or white are left to the last: what was clipped there has moved the coefficients off their steps.
    """
    spoilt = blocks_of(clipped).mean(axis=(1, 2))
    whole = np.flatnonzero(spoilt == 0)
    if len(whole) < LEAST_BLOCKS:
        whole = np.argsort(spoilt, kind="stable")[:LEAST_BLOCKS]
    blocks = blocks_of(gray)[whole[:: -(-len(whole) // MOST_BLOCKS)]].reshape(-1, GRID * GRID)
    found: Pixels = np.matmul(blocks * np.float32(255) - np.float32(128), TRANSFORM[:, ZIGZAG[:LOW]], dtype=np.float32)
    return found


def blocks_of(plane: NDArray[Any]) -> NDArray[Any]:
    """Cut a plane into blocks, (n, GRID, GRID)."""
    height, width = (side // GRID for side in plane.shape)
    grid = plane[: height * GRID, : width * GRID].reshape(height, GRID, width, GRID).swapaxes(1, 2)
    blocks: NDArray[Any] = grid.reshape(-1, GRID, GRID)
    return blocks


def _transform() -> NDArray[np.float32]:
    """Return the orthonormal cosine transform of a block's pixels into its coefficients, (64, 64), row by row."""
    k, n = np.mgrid[:GRID, :GRID]
    waves = np.cos(np.pi * (2 * n + 1) * k / (2 * GRID)) * np.sqrt(2 / GRID)
    waves[0] /= np.sqrt(2)
    transform: NDArray[np.float32] = np.kron(waves, waves).T.astype(np.float32)
    return transform


TRANSFORM = _transform()
