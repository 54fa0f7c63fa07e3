"""Looks at a picture before it is restored: how noisy is it, how hard was it compressed?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.hints import Facts

__all__ = ["describe", "estimate_sigma", "find_facts", "jpeg_quality"]

MAD_TO_STD = 0.6745  # median |v| of a unit normal variable
NOISY_SIGMA = 4.0  # texture alone reads as up to about 3 in a clean photograph
FINE_QUALITY = 92  # above it, JPEG leaves nothing that is worth a repair
MARKER, START, TABLES, SCAN = 0xFF, 0xD8, 0xDB, 0xDA
STANDALONE = {0x01, *range(0xD0, 0xD9)}  # JPEG markers without a length

# The luminance table of quality 50, in the zigzag order of the file (ITU-T T.81, table K.1).
LUMINANCE = np.array(
    [16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61,
     60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113,
     121, 112, 100, 120, 92, 101, 103, 99]
)  # fmt: skip


def estimate_sigma(pixels: NDArray[np.float32]) -> float:
    """Estimates the standard deviation of white noise, on the 0-255 scale.

    It is the median of the finest diagonal Haar coefficients, which a picture's own edges hardly touch; fine texture
    reads as a little noise, and noise that is not white (after JPEG or scaling) reads as too little.

    Args:
        pixels: (H, W, C) in [0, 1], at least 2x2.

    Returns:
        The mean over the channels; 0 for a picture below 2x2.

    Source: Donoho and Johnstone, "Ideal spatial adaptation by wavelet shrinkage", 1994.
    """
    height, width = (side // 2 * 2 for side in pixels.shape[:2])
    if not height or not width:
        return 0.0
    a, b = pixels[0:height:2, 0:width:2], pixels[0:height:2, 1:width:2]
    c, d = pixels[1:height:2, 0:width:2], pixels[1:height:2, 1:width:2]
    medians = np.median(np.abs(a - b - c + d), axis=(0, 1)) / 2
    return float(np.mean(medians)) / MAD_TO_STD * 255


def jpeg_quality(path: Path) -> int | None:
    """Reads from a JPEG file's luminance table at what quality it was saved (the IJG scale, 1-100).

    Returns:
        The nearest quality; None if the file is not a JPEG or has no table before its first scan.

    Source: ITU-T T.81, annex B (segments).
    """
    with path.open("rb") as file:
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
            precision, number = divmod(content[position + 4], 16)
            table = np.frombuffer(content[position + 5 : end], ">u2" if precision else "u1", count=-1)[:64]
            if number == 0 and len(table) == 64:
                return quality_of(table)
        position = end
    return None


def quality_of(table: NDArray[np.generic]) -> int:
    """Finds the IJG quality whose luminance table is nearest to the given one."""
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((LUMINANCE * scales[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables - table.astype(np.int64)).sum(axis=1).argmin()])


def find_facts(pixels: NDArray[np.float32], path: Path | None = None) -> Facts:
    """Decides what to tell the network about a picture of unknown damage.

    Args:
        pixels: (H, W, C) in [0, 1].
        path: the file it came from, if any, for the tables of a JPEG.

    Returns:
        Facts for `rednet.hints`: a coarse JPEG's quality, or else the noise if there is any; empty if neither.
    """
    quality = jpeg_quality(path) if path is not None else None
    if quality is not None and quality <= FINE_QUALITY:
        return {"quality": float(quality)}
    sigma = estimate_sigma(pixels)
    return {"sigma": sigma} if sigma >= NOISY_SIGMA else {}


def describe(facts: Facts) -> str:
    """Says in plain words what `find_facts` found."""
    if "quality" in facts:
        return f"saved as JPEG of quality {facts['quality']:.0f}: repairing compression"
    if "sigma" in facts:
        return f"noise of about sigma {facts['sigma']:.0f}: denoising"
    return "no noise and no coarse compression found: restoring blindly"
