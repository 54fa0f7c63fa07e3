"""What each task does to a picture, in the two halves of every verb: the network computes, then all is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import Kernel
from rednet.classical.masks import Mask, from_picture, of_colour
from rednet.errors import ImageError, OptionError
from rednet.images import Picture, read_picture
from rednet.restoring.correction import Options, apply_correction, check_filling, check_options, enlarge
from rednet.restoring.inspection import Finding, compression, inspect, jpeg_quality
from rednet.restoring.restorer import Restorer
from rednet.restoring.scratches import find_scratches
from rednet.restoring.work import USUAL_FLOATS, Local, Whole, Work

__all__ = [
    "Plan",
    "automatic",
    "deblocking",
    "deblurring",
    "denoising",
    "enlarging",
    "filling",
    "mask_of",
    "mask_of_alpha",
    "mask_of_colour",
    "mask_of_scratches",
]

Pixels = NDArray[np.float32]

HALF = 0.5  # of opaque
DEBLURRING_FLOATS = 12, 5  # 14 were measured for gray and 21 for RGB with a kernel of 11 px
FILLING_FLOATS = 24, 11  # 32 and 53, with 90 % of the pixels missing


@dataclass(frozen=True)
class Plan:
    """What is to be done to a picture.

    Args:
        correct: (restorer, picture, what was found, options) -> its correction; the network's half.
        find: decides what to tell the network, see `Local`; None if nothing is looked at.
        prepare: what comes before: enlarging, say.
        fill: (restorer, prepared picture, options) -> the picture to correct, without missing pixels.
        check: raises OptionError unless the options suit the task.
        scale: how many times wider and higher the result is.
        detail: whether there is fine structure to give back; not where pixels were missing.
        local: it can be done piece by piece, see `Local`.
        opaque: the result has no transparency, which has told what was missing.
        floats: see `Whole`.
    """

    correct: Callable[[Restorer, Picture, Finding, Options], Pixels]
    find: Callable[..., Finding] = lambda sample, path: Finding({}, "")
    prepare: Callable[[Picture], Picture] = lambda picture: picture
    fill: Callable[[Restorer, Picture, Options], Picture] = lambda restorer, picture, options: picture
    check: Callable[[Options], None] = check_options
    scale: int = 1
    detail: bool = True
    local: bool = False
    opaque: bool = False
    floats: tuple[int, int] = USUAL_FLOATS

    def apply(self, picture: Picture, correction: Pixels, **options: Unpack[Options]) -> Picture:
        """Applies a correction to the picture that it is for."""
        picture = replace(picture, alpha=None) if self.opaque else picture
        return apply_correction(picture, correction, **(options if self.detail else {**options, "detail": 0.0}))

    def work(self) -> Work:
        """Gives both halves as one, for files."""
        if self.local:
            return Local(self.find)

        def run(restorer: Restorer, picture: Picture, options: Any) -> Picture:
            self.check(options)
            filled = self.fill(restorer, self.prepare(picture), options)
            return self.apply(filled, self.correct(restorer, filled, Finding({}, ""), options), **options)

        return Whole(run, scale=self.scale, opaque=self.opaque, floats=self.floats)


def told(find: Callable[..., Finding]) -> Plan:
    """Makes a plan of what is found: the network is told it."""
    return Plan(
        lambda restorer, picture, found, options: restorer.correct(picture, found.facts, **options), find, local=True
    )


def automatic() -> Plan:
    """Looks at the picture and decides."""
    return told(lambda sample, path: inspect(sample(), path))


def denoising(sigma: float | None = None, quality: float | None = None) -> Plan:
    """Removes noise; its `sigma` (0-255 scale) if it is known, and the `quality` of the JPEG that it was saved as.

    A JPEG file tells its quality itself.
    """
    return told(lambda sample, path: Finding({"sigma": sigma, **compression(quality, path)}, ""))


def deblocking(quality: float | None = None, sigma: float | None = None) -> Plan:
    """Removes JPEG's blocks and rings; a JPEG file tells the `quality` if it is left out. `sigma` of noise under it."""

    def find(sample: Callable[[], Pixels], path: Path | None) -> Finding:
        known = quality if quality is not None or path is None else jpeg_quality(path)
        return Finding({"quality": known} if sigma is None else {"quality": known, "sigma": sigma}, "")

    return told(find)


def enlarging(scale: int = 2) -> Plan:
    """Enlarges 2, 3 or 4 times."""
    return Plan(
        lambda restorer, picture, found, options: restorer.correct(picture, {"scale": float(scale)}, **options),
        prepare=lambda picture: enlarge(picture, scale),
        scale=scale,
    )


def deblurring(kernel: Kernel, sigma: float | None = None, steps: int | None = None) -> Plan:
    """Undoes a known blur; see `Restorer.correct_blur`."""
    return Plan(
        lambda restorer, picture, found, options: restorer.correct_blur(picture, kernel, sigma, steps, **options),
        floats=DEBLURRING_FLOATS,
    )


def mask_of(path: Path) -> Callable[[Picture], Mask]:
    """Gives a function that reads a picture's mask from a file, white where pixels are missing.

    The file may have no more pixels than the picture, so that no mask fills the memory. The function raises ImageError
    if it cannot be read, and OptionError if it marks nothing.
    """

    def read(picture: Picture) -> Mask:
        height, width, _ = picture.pixels.shape
        drawn = read_picture(path, max_megapixels=max(1.0, height * width / 1e6))
        mask = from_picture(drawn.pixels, drawn.alpha)
        if not mask.any():
            brightest = drawn.pixels.mean(axis=2).max()
            raise OptionError(
                f"{path} marks nothing as missing: its brightest pixel has {brightest:.1%} of white; it must be white "
                "(255 of 8 bits) and opaque where pixels are missing"
            )
        return mask

    return read


def mask_of_colour(colour: str, tolerance: float = 0.0) -> Callable[[Picture], Mask]:
    """Gives a function that marks what is painted in a colour, see `rednet.classical.masks.of_colour`.

    It raises OptionError if nothing is.
    """

    def mark(picture: Picture) -> Mask:
        mask = of_colour(picture.pixels, colour, tolerance)
        if not mask.any():
            raise OptionError(
                f"no pixel is within {tolerance:g} of {colour}: raise the tolerance, or correct the colour"
            )
        return mask

    return mark


def mask_of_alpha(picture: Picture) -> Mask:
    """Marks what is rather transparent than opaque.

    Raises:
        ImageError: the picture has no transparency. OptionError: it is opaque everywhere.
    """
    if picture.alpha is None:
        raise ImageError("the picture has no transparency that could say what is missing; give a mask, or its colour")
    mask = np.asarray(picture.alpha[:, :, 0] < HALF)
    if not mask.any():
        raise OptionError("no pixel is transparent, so none is missing: make transparent what is, or give a mask")
    return mask


def mask_of_scratches(picture: Picture) -> Mask:
    """Marks what is probably scratched; in a clean picture, nothing."""
    return find_scratches(picture.pixels)


def filling(missing: Callable[[Picture], Mask], restore_known: bool = False) -> Plan:
    """Fills missing pixels.

    Args:
        missing: tells which they are, (H, W) True. After `mask_of_alpha`, the result is opaque.
        restore_known: then restore the whole picture.
    """
    opaque = missing is mask_of_alpha

    def fill(restorer: Restorer, picture: Picture, options: Options) -> Picture:
        y = replace(picture, alpha=None) if opaque else picture
        return restorer.fill_picture(y, {}, missing(picture), **options)

    def correct(restorer: Restorer, picture: Picture, found: Finding, options: Options) -> Pixels:
        return restorer.correct(picture, {}, **options) if restore_known else np.zeros_like(picture.pixels)

    return Plan(
        correct,
        fill=fill,
        check=partial(check_filling, restore_known=restore_known),
        detail=False,
        opaque=opaque,
        floats=FILLING_FLOATS,
    )
