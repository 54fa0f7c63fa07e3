"""Inspect a picture before it is restored: what it shows, what is wrong with it, and whether restoring would help."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import to_gray
from rednet.images import MAX_MEGAPIXELS, PictureFile
from rednet.network.hints import Facts
from rednet.restoring.exposure import exposure
from rednet.restoring.jpeg_traces import Blocks, find_blocks, jpeg_quality
from rednet.restoring.judge import ACTIONS, DAMAGE, KINDS, NOISES, Judgement, judge
from rednet.restoring.ranges import range_hint
from rednet.restoring.sampling import SAMPLE_ROWS, sample_file, sampled, windows
from rednet.restoring.traits import codes, traits

__all__ = ["FileInspection", "Finding", "inspect", "inspect_file"]

FINE_QUALITY = 92  # above it, JPEG leaves nothing that is worth a repair
LEAST_GAIN = 0.3  # dB; a picture that is not expected to gain so much is left alone
LIKELY = 0.9  # probability from which damage is reported; a picture without any is left alone
KEPT = ("halftone", "1-bit", "pixel art", "palette")  # the network smooths the dots and steps that these are made of
FEW_COLOURS = 32  # a picture with no more is one of few colours, whatever it shows
SMALLEST = 24  # px a side; of a smaller picture there is too little to judge
SURE = 0.99  # a judge of made pictures is never surer of others

SHOWN = {
    "photograph": "a photograph",
    "drawing": "a drawing",
    "page": "a page of text",
    "screen": "a screenshot",
    "halftone": "a halftone print",
    "1-bit": "a picture of two tones",
    "pixel art": "pixel art",
    "palette": "a picture of few colours",
}
REPAIRED = {"JPEG": "compression", "blur": "blur", "impulses": "wrong pixels"}  # all others are noise
FOUND = {
    "noise": "noise of about sigma {sigma}",
    "grain": "film grain of about sigma {sigma}",
    "colour noise": "colour noise",
    "impulses": "single wrong pixels",
    "bands": "stripes",
    "blur": "slight blur",
}


class Finding(NamedTuple):
    """What a picture is and what is wrong with it: as facts for the network, and in words for a person.

    Args:
        facts: hints for the network.
        words: one sentence.
        sigma: standard deviation of the noise, 0-255 scale; 0 if there is none.
        quality: of the JPEG file; else that of the JPEG from which the pixels come, if it can be found; else None.
        traces: whether the pixels show JPEG compression that is worth a repair.
        clean: whether nothing is wrong with it.
        kind: what it shows, one of `rednet.restoring.judge.KINDS`; "" if that is unsure.
        damage: what is wrong, of `rednet.restoring.judge.DAMAGE`.
        confidence: probability that kind and damage are right, 0 to 1.
        gain: what restoring gains at least in 7 of 10 pictures like this one, dB.
        left: whether the picture is better left as it is.
        colours_only: whether the brightness stays as it is.
    """

    facts: Facts
    words: str
    sigma: float = 0.0
    quality: int | None = None
    traces: bool = False
    clean: bool = False
    kind: str = ""
    damage: tuple[str, ...] = ()
    confidence: float = 0.0
    gain: float = 0.0
    left: bool = False
    colours_only: bool = False

    def kept(self, correction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of a correction, (H, W, 1 or 3), that is applied."""
        if not self.colours_only:
            return correction
        return correction - (to_gray(correction) if correction.shape[2] == 3 else correction)


def inspect(pixels: NDArray[np.float32], path: Path | None = None, *, always: bool = False) -> Finding:
    """Find out what is wrong with a picture, and which hints the network should get.

    The hints have the level of noise only for film grain: of other noise the network makes a better estimate itself.

    Args:
        pixels: (H, W, C) in [0, 1]; of a large picture, some of its rows are enough (`sampled_rows`).
        path: the file it came from, if any, for the tables of a JPEG.
        always: restore even a picture that is better left as it is.
    """
    quality = jpeg_quality(path) if path is not None else None
    rows = sampled(pixels)
    if min(rows.shape[:2]) < SMALLEST:
        return unjudged("a picture that is too small to be judged", quality, clean=False, always=always)
    if (rows[0] == rows[0, 0]).all() and (rows == rows[0, 0]).all():
        return unjudged("a picture of one colour", quality, clean=True, always=always)
    gain = np.float32(exposure(rows))
    rows = rows[:, :, : 3 if rows.shape[2] >= 3 else 1]  # of bands that are no colours, the first
    chosen = [window * gain for window in windows(rows)]
    blocks = find_blocks(np.concatenate(chosen) if chosen[0].shape[0] == SAMPLE_ROWS else rows * gain)
    judgement = judge(np.stack([traits(window, blocks, quality) for window in chosen]))
    if counted := few_colours(chosen):
        judgement = judgement._replace(
            kinds=np.array([kind == counted for kind in KINDS], np.float32),
            damage=np.zeros(len(DAMAGE), np.float32),
            noisy=0.0,
        )
    found = decide(judgement, blocks, quality, float(gain), always=always)
    return found._replace(colours_only=found.colours_only and rows.shape[2] == 3)


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


def unjudged(what: str, quality: int | None, *, clean: bool, always: bool) -> Finding:
    """Return the finding about a picture that shows too little to be judged; it is left as it is."""
    facts: Facts = {} if quality is None or quality > FINE_QUALITY else {"quality": float(quality)}
    action = "restoring blindly" if always else "left as it is"
    return Finding(
        facts, f"{what}: {action}", quality=quality, clean=clean, confidence=SURE if clean else 0.0, left=not always
    )


def decide(judgement: Judgement, blocks: Blocks, quality: int | None, gain: float, *, always: bool) -> Finding:
    """Choose the hints from which restoring gains most.

    Args:
        judgement: of the picture.
        blocks: of the JPEG that its pixels show.
        quality: of its file, if that is a JPEG.
        gain: by which a dark picture was multiplied before it was looked at.
        always: see `inspect`.
    """
    likely = dict(zip(DAMAGE, judgement.damage.tolist(), strict=True))
    if quality is not None:
        likely["impulses"] = 0.0  # a JPEG smears single pixels, so that they cannot be told from sharp texture
    damage = named(likely, judgement.noisy)
    kind = KINDS[int(judgement.kinds.argmax())] if judgement.kinds.max() > 0.5 else ""
    seen = blocks.quality if "JPEG" in damage else None
    told = quality if quality is not None and quality <= FINE_QUALITY else seen
    best = int(judgement.gains.argmax())
    left = bool(not damage or kind in KEPT or judgement.gains[best] < LEAST_GAIN)
    level = None if told is None else float(told)
    sigma = judgement.sigma / gain
    facts = hints(ACTIONS[best], level, sigma if "grain" in damage else None)
    noisy = bool(set(NOISES) & set(damage))
    certain = [p if name in damage else 1 - p for name, p in likely.items() if name not in NOISES]
    certain.append(judgement.noisy if noisy else 1 - judgement.noisy)
    found = Finding(
        facts,
        "",
        sigma if {"noise", "grain"} & set(damage) else 0.0,
        quality if quality is not None else seen,
        "JPEG" in damage,
        not damage,
        kind,
        damage,
        min(float(judgement.kinds.max()) * min(certain), SURE),
        float(judgement.gains[best]),
        left and not always,
        "colours" in ACTIONS[best],
    )
    return found._replace(words=in_words(found, told))


def named(likely: dict[str, float], noisy: float) -> tuple[str, ...]:
    """Return the damage that is likely; if noise is, but not which, the likeliest kind of noise.

    Args:
        likely: probability of each of DAMAGE.
        noisy: probability of any noise.
    """
    found = {name for name, probability in likely.items() if probability > LIKELY}
    if noisy > LIKELY and not found & set(NOISES):
        found.add(max(NOISES, key=likely.__getitem__))
    return tuple(name for name in DAMAGE if name in found)


def hints(action: tuple[str, ...], quality: float | None, sigma: float | None = None) -> Facts:
    """Return what the network is told for one of ACTIONS; None stands for a level that is not known."""
    known = {"sigma": sigma, "quality": quality}
    return {name: known[name] for name in action if name in known}


def in_words(found: Finding, quality: int | None) -> str:
    """Say in a sentence what was found and what follows from it.

    Args:
        found: the finding, without its words.
        quality: of the JPEG that left traces, or whose file it is; None if it is not known.
    """
    shown = SHOWN[found.kind] if found.kind else "a picture"
    if quality is not None:
        shown += f", saved as JPEG of quality {quality},"
    elif "JPEG" in found.damage:
        shown += ", once a JPEG,"
    sigma = f"{found.sigma:.0f}" if found.sigma >= 1 else f"{found.sigma:.1g}"  # of a dark picture, it may be small
    parts = [FOUND[name].format(sigma=sigma) for name in found.damage if name != "JPEG"]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
    if found.left:
        action = "left as it is" if found.clean else "restoring would hardly improve it, left as it is"
    else:
        repaired = dict.fromkeys(REPAIRED.get(name, "noise") for name in found.damage)
        action = f"repairing {' and '.join(repaired)}" if repaired else "restoring blindly"
    state = f" with {listed}" if parts else ", clean" if found.clean and quality is None else ""
    return f"{shown}{state} ({found.confidence:.0%} sure): {action}".replace(", (", " (")


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
    confidence: float
    gain: float
    left: bool

    def __str__(self) -> str:
        known = {1: "gray", 3: "RGB"}.get(self.channels, f"{self.channels} bands")
        colours = known + (" with transparency" if self.transparency else "")
        pages = f", {self.pages} pages" if self.pages > 1 else ""
        jpeg = f", JPEG quality {self.quality}" if self.kind == "JPEG" and self.quality else ""
        return f"{self.kind}, {self.width}x{self.height} px{pages}, {colours}, {self.depth}{jpeg}; {self.words}"


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
        f"{found.words}; {hint}" if hint else found.words, found.kind, found.damage,
        round(found.confidence, 2), round(found.gain, 2), found.left,
    )  # fmt: skip
