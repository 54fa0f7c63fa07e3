"""Inspect a picture before it is restored: what it shows, what is wrong with it, and whether restoring would help."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.images import MAX_MEGAPIXELS, PictureFile
from rednet.restoring.decision import EVEN, decide, unjudged
from rednet.restoring.exposure import exposure
from rednet.restoring.finding import Finding
from rednet.restoring.impulses import find_impulses
from rednet.restoring.jpeg_traces import find_blocks, jpeg_quality
from rednet.restoring.judge import DAMAGE, KINDS, judge
from rednet.restoring.ranges import range_hint
from rednet.restoring.sampling import SAMPLE_ROWS, sample_file, sampled_rows, windows
from rednet.restoring.traits import codes, traits

__all__ = ["FileInspection", "inspect", "inspect_file"]

FEW_COLOURS = 32  # a picture with no more is one of few colours, whatever it shows
SMALLEST = 24  # px a side; of a smaller picture there is too little to judge
IMPULSES = DAMAGE.index("impulses")
LEAST_IMPULSES = 0.003  # share of the pixels; with fewer, the judge has taken sharp texture for impulses
SMOOTH = 2.5 / 255  # steps of a gradient; of a picture without larger ones, blur cannot be told


def inspect(pixels: NDArray[np.float32], path: Path | None = None, *, always: bool = False) -> Finding:
    """Find out what is wrong with a picture, and which hints the network should get.

    The hints have the level of noise only for film grain: of other noise the network makes a better estimate itself.

    Args:
        pixels: (H, W, C) in [0, 1]; of a large picture, the rows of `sampled_rows` are enough.
        path: the file it came from, if any, for the tables of a JPEG.
        always: restore even a picture that is better left as it is.
    """
    quality = jpeg_quality(path) if path is not None else None
    if min(pixels.shape[:2]) < SMALLEST:
        return unjudged("a picture that is too small to be judged", quality, clean=False, always=always)
    first = slice(0, 1)  # nearly always tells
    if all((pixels[rows] == pixels[0, 0]).all() for rows in (first, *sampled_rows(*pixels.shape[:2]))):
        return unjudged("a picture of one colour", quality, clean=True, always=always)
    gain = np.float32(exposure(pixels))
    colours = pixels[:, :, : 3 if pixels.shape[2] >= 3 else 1]  # of bands that are no colours, the first
    chosen = [window * gain for window in windows(colours)]
    if not any(has_steps(window) for window in chosen):
        return unjudged("a picture without edges or texture", quality, clean=True, always=always)
    blocks = find_blocks(np.concatenate(chosen) if len(chosen[0]) == SAMPLE_ROWS else colours * gain)
    judgement = judge(np.stack([traits(window, blocks, quality) for window in chosen]))
    if counted := few_colours(chosen):
        judgement = judgement._replace(
            kinds=np.array([kind == counted for kind in KINDS], np.float32),
            damage=np.zeros(len(DAMAGE), np.float32),
            noisy=0.0,
        )
    if judgement.damage[IMPULSES] > EVEN and (quality is not None or not show_impulses(chosen)):
        judgement.damage[IMPULSES] = 0.0
    found = decide(judgement, blocks, quality, float(gain), always=always)
    return found._replace(colours_only=found.colours_only and colours.shape[2] == 3)


def has_steps(window: NDArray[np.float32]) -> bool:
    """Return whether any two neighbours of a window, (H, W, C), differ by more than a smooth gradient does."""
    return any(float(np.abs(np.diff(window, axis=axis)).max()) > SMOOTH for axis in (0, 1))


def show_impulses(chosen: list[NDArray[np.float32]]) -> bool:
    """Return whether single wrong pixels can be found in windows, (H, W, 1 or 3), so that they can be filled.

    A JPEG smears them, and sharp texture has a few.
    """
    marked = [find_impulses(window).mean() for window in chosen]
    return float(np.mean(marked)) > LEAST_IMPULSES


def few_colours(chosen: list[NDArray[np.float32]]) -> str:
    """Count the colours of windows, (H, W, 1 or 3); return "1-bit" for two, "palette" for a few, and "" for more.

    Neighbouring grays do not count as few colours: a smooth or a noisy picture of little contrast has those.
    """
    for step in (8, 1):  # a few of the pixels nearly always tell
        parts = [window[::step, ::step].transpose(2, 0, 1) * np.float32(255) for window in chosen]
        found = np.unique(np.concatenate([codes(part).ravel() for part in parts]))
        if len(found) > FEW_COLOURS:
            return ""
    grays = found & 255
    gray = chosen[0].shape[2] == 1 or (found == grays * 0x010101).all()
    if gray and int(grays.max()) - int(grays.min()) < len(found):
        return ""
    return "1-bit" if len(found) == 2 else "palette"


@dataclass(frozen=True)
class FileInspection:
    """The report of an inspection of a file."""

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
    shows: str
    damage: tuple[str, ...]
    perhaps: tuple[str, ...]
    confidence: float
    gain: float
    left: bool

    def __str__(self) -> str:
        known = {1: "gray", 3: "RGB"}.get(self.channels, f"{self.channels} bands")
        colours = known + (" with transparency" if self.transparency else "")
        pages = f", {self.pages} pages" if self.pages > 1 else ""
        return f"{self.kind}, {self.width}x{self.height} px{pages}, {colours}, {self.depth}; {self.words}"


def inspect_file(
    path: Path, *, max_megapixels: float = MAX_MEGAPIXELS, value_range: tuple[float, float] | None = None
) -> FileInspection:
    """Inspect a file; of several pages, the first one.

    Args:
        path, max_megapixels, value_range: see `PictureFile`.

    Raises:
        ImageError: it cannot be read.
    """
    file = PictureFile(path, max_megapixels=max_megapixels, value_range=value_range)
    sample = sample_file(file)
    found = inspect(sample, path)
    hint = range_hint(lambda: sample, file.depth, file.colours)
    transparency = file.layout.alpha is not None
    return FileInspection(
        str(path), file.kind, file.width, file.height, file.pages, file.channels, transparency, file.depth,
        round(found.sigma, 2), found.quality, found.traces, found.clean,
        f"{found.words}; {hint}" if hint else found.words, found.kind, found.damage, found.perhaps,
        round(found.confidence, 2), round(found.gain, 2), found.left,
    )  # fmt: skip
