"""Looks at a picture before it is restored: how noisy is it, how hard was it compressed?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import BT601
from rednet.images import MAX_MEGAPIXELS, PictureFile
from rednet.network.hints import Facts
from rednet.opening import open_regular
from rednet.restoring.exposure import exposure

__all__ = [
    "FileInspection",
    "Finding",
    "compression",
    "estimate_sigma",
    "grid_strength",
    "inspect",
    "inspect_file",
    "jpeg_quality",
    "sample_file",
    "sampled",
    "sampled_rows",
]

BLOCK = 8  # coefficients a side of the blocks whose strength is compared
FLAT_SHARE = 10  # percent: even a busy picture has that many blocks which hold little but noise
LOW_TENTH = 0.887  # 10th percentile of the standard deviation that 64 samples of unit noise show: 1 - 1.28 / sqrt(128)
DARK, BRIGHT = 0.03, 0.97  # outside, noise has been clipped away
NOISY_SIGMA = 8.0  # below it, fine texture and noise look alike, and the network decides
FINE_QUALITY = 92  # above it, JPEG leaves nothing that is worth a repair
CLEAN_SIGMA = 1.5  # below it, there is no noise to see
GRID = 8  # px between the block borders of a JPEG
GRID_TRACES = 1.05  # 20 clean pictures reach 1.026; all 20, saved at quality 75 or below, pass (benchmarks/README.md)
LARGEST_STEP = 20 / 255  # steps at a block border are small; larger ones belong to the picture
SAMPLE_PIXELS = 4_000_000  # of a larger picture, only so many are looked at
SAMPLE_ROWS = 64  # at a time; a multiple of both block sizes
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

    It is the strength of the finest diagonal Haar coefficients in the flattest tenth of the picture's 16x16 px blocks.
    Noise that is not white (after JPEG or scaling) reads as too little, an all-over fine texture as a little noise.

    Args:
        pixels: (H, W, C) in [0, 1].

    Returns:
        The mean over the channels; 0 for a picture below 16x16, or one that is all black or white.

    Source: in the manner of Pyatykh, Hesser and Zheng, "Image noise level estimation by principal component analysis",
    2013, section II (noise is seen best in the weakest blocks).
    """
    height, width = (side // (2 * BLOCK) * (2 * BLOCK) for side in pixels.shape[:2])
    if not height or not width:
        return 0.0
    x = pixels[:height, :width]
    a, b, c, d = x[0::2, 0::2], x[0::2, 1::2], x[1::2, 0::2], x[1::2, 1::2]

    def blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:  # (blocks, BLOCK * BLOCK, C)
        grid = values.reshape(height // (2 * BLOCK), BLOCK, width // (2 * BLOCK), BLOCK, -1).swapaxes(1, 2)
        return grid.reshape(-1, BLOCK * BLOCK, values.shape[2])

    strength = np.sqrt(np.mean(blocks((a - b - c + d) / np.float32(2)) ** 2, axis=1))
    level = blocks((a + b + c + d) / np.float32(4)).mean(axis=(1, 2))
    usable = strength[(level > DARK) & (level < BRIGHT)]
    return float(np.percentile(usable, FLAT_SHARE, axis=0).mean()) / LOW_TENTH * 255 if len(usable) else 0.0


def jpeg_quality(path: Path) -> int | None:
    """Reads from a JPEG file's luminance table at what quality it was saved (the IJG scale, 1-100).

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


def compression(quality: float | None, path: Path | None) -> Facts:
    """Return what to tell of the JPEG that a noisy picture was saved as: the given quality, or that of the file."""
    if quality is None and path is not None:
        quality = jpeg_quality(path)
    return {} if quality is None else {"quality": quality}


def quality_of(table: NDArray[np.generic]) -> int:
    """Finds the IJG quality whose luminance table is nearest to the given one."""
    qualities = np.arange(1, 101)
    scales = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((LUMINANCE * scales[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables - table.astype(np.int64)).sum(axis=1).argmin()])


def grid_strength(pixels: NDArray[np.float32]) -> float:
    """Measures how much stronger small steps are on the borders of 8x8 px blocks than inside them.

    Args:
        pixels: (H, W, C) in [0, 1]. Every SAMPLE_ROWS rows, another part of a large picture may begin (`sampled_rows`),
            and what lies across is not looked at.

    Returns:
        About 1 without blocks; more where a JPEG was decoded into these pixels, and the grid was not cropped or scaled
        away. It says little about the quality: at 50, pictures range from 1.2 to 2.3.
    """
    gray = pixels @ BT601 if pixels.shape[2] == 3 else pixels[:, :, 0]
    if min(gray.shape) < 2 * GRID:
        return 1.0
    phases = []
    for view, part in ((gray, gray.shape[1]), (gray.T, SAMPLE_ROWS)):
        difference = np.diff(view, axis=1)
        step = np.abs(difference[:, 1:-1] - (difference[:, :-2] + difference[:, 2:]) / 2)
        blocks = np.arange(step.shape[1] // GRID)  # each with the border that it ends with
        within = blocks[(blocks + 1) * GRID % part != 0]
        steps = np.minimum(step, LARGEST_STEP)[:, : len(blocks) * GRID].reshape(-1, len(blocks), GRID)
        phases.append(steps[:, within].mean(axis=(0, 1)))
    border, inside = GRID - 2, [phase for phase in range(GRID) if phase != GRID - 2]
    strength = (phases[0] + phases[1]) / 2
    usual = float(np.median(strength[inside]))
    return float(strength[border]) / usual if usual > 0 else 1.0


class Finding(NamedTuple):
    """What is wrong with a picture: as facts for the network, and in words for a person."""

    facts: Facts
    words: str
    sigma: float = 0.0
    quality: int | None = None
    traces: bool = False
    clean: bool = False


def inspect(pixels: NDArray[np.float32], path: Path | None = None) -> Finding:
    """Decides what to tell the network about a picture of unknown damage.

    The level of noise is never told: an estimate that is wrong does more harm than one that the network makes itself.

    Args:
        pixels: (H, W, C) in [0, 1]; of a large picture, some of its rows are enough (`sampled_rows`).
        path: the file it came from, if any, for the tables of a JPEG.

    Returns:
        Noise; a JPEG's quality, or that it has once been a JPEG; both; or nothing. Compression hides noise, so a JPEG
        is taken to have noise under it unless it shows none at all: telling both costs 0.1 to 0.3 dB where there is no
        noise, and gains up to 2 dB where there is (docs/lab-log.md, 2026-11-27).
    """
    quality = jpeg_quality(path) if path is not None else None
    rows = sampled(pixels)
    gain = exposure(rows)
    sigma, traces = estimate_sigma(rows * np.float32(gain)), grid_strength(rows) > GRID_TRACES
    found = Finding({}, "", sigma / gain, quality, traces)
    noise = f"noise of about sigma {found.sigma:.0f}" if sigma >= NOISY_SIGMA else "maybe noise"
    fine = quality is not None and quality > FINE_QUALITY
    level = (
        None if quality is None or (fine and traces) else float(quality)
    )  # a fine file may hold an older, coarser one
    saved = "traces of JPEG compression" if level is None else f"saved as JPEG of quality {quality}"
    compressed: Facts = {"quality": level}
    coarse = traces or (quality is not None and not fine)
    if (coarse and sigma >= CLEAN_SIGMA) or (quality is not None and sigma >= NOISY_SIGMA):
        words = f"{saved}, {noise} under it: repairing compression and noise"
        return found._replace(facts={**compressed, "sigma": None}, words=words)
    if coarse:
        return found._replace(facts=compressed, words=f"{saved}: repairing compression")
    if sigma >= NOISY_SIGMA:
        return found._replace(facts={"sigma": None}, words=f"{noise}: denoising")
    if sigma < CLEAN_SIGMA:
        return found._replace(words="clean: neither noise nor coarse compression found: restoring blindly", clean=True)
    return found._replace(words="neither strong noise nor coarse compression found: restoring blindly")


def sampled(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rows of a picture that are looked at: all, or some of a large one."""
    return np.concatenate([pixels[rows] for rows in sampled_rows(pixels.shape[0], pixels.shape[1])])


def sampled_rows(height: int, width: int) -> Iterator[slice]:
    """Chooses the rows of a picture that are looked at: all, or bands spread evenly over a large one."""
    bands = height // SAMPLE_ROWS
    wanted = max(SAMPLE_PIXELS // (SAMPLE_ROWS * width), 1)
    if bands <= wanted:
        yield slice(0, height)
        return
    for band in np.linspace(0, bands - 1, wanted).astype(int).tolist():
        yield slice(band * SAMPLE_ROWS, (band + 1) * SAMPLE_ROWS)


def sample_file(file: PictureFile, page: int = 0) -> NDArray[np.float32]:
    """Reads the rows of a page of a file that are looked at."""
    rows = file.rows(page)
    return np.concatenate([file.picture(rows.read(part)).pixels for part in sampled_rows(file.height, file.width)])


@dataclass(frozen=True)
class FileInspection:
    """What an inspection tells about a file."""

    input: str
    kind: str
    width: int
    height: int
    pages: int
    channels: int
    transparency: bool
    depth: str
    sigma: float
    quality: int | None
    traces: bool
    clean: bool
    words: str

    def __str__(self) -> str:
        colours = ("gray" if self.channels == 1 else "RGB") + (" with transparency" if self.transparency else "")
        pages = f", {self.pages} pages" if self.pages > 1 else ""
        jpeg = f"JPEG quality {self.quality}" if self.quality else "traces of JPEG" if self.traces else "no JPEG traces"
        return (
            f"{self.kind}, {self.width}x{self.height} px{pages}, {colours}, {self.depth}; noise of about sigma "
            f"{self.sigma:.1f}, {jpeg}; {self.words}"
        )


def inspect_file(
    path: Path, *, max_megapixels: float = MAX_MEGAPIXELS, value_range: tuple[float, float] | None = None
) -> FileInspection:
    """Looks at a file; of several pages, at the first.

    Args:
        path, max_megapixels, value_range: see `PictureFile`.

    Raises:
        ImageError: it cannot be read. OptionError: a range is given and the file is not of floats.
    """
    file = PictureFile(path, max_megapixels=max_megapixels, value_range=value_range)
    found = inspect(sample_file(file), path)
    return FileInspection(
        str(path), file.kind, file.width, file.height, file.pages, file.channels, file.bands in (2, 4), file.depth,
        round(found.sigma, 2), found.quality, found.traces, found.clean, found.words,
    )  # fmt: skip
