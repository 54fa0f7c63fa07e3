"""What each task does to a picture, in the two halves of every verb: the network computes, then all is applied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.images import Picture, read_picture
from rednet.inference.correction import NO_DETAIL, Options, apply_correction, check_options, enlarge
from rednet.inference.inspect import Finding, inspect, jpeg_quality
from rednet.inference.restorer import Restorer
from rednet.inference.scratches import find_scratches
from rednet.inference.work import Local, Whole, Work
from rednet.kernels import Kernel
from rednet.masks import Mask, from_picture, of_colour

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


@dataclass(frozen=True)
class Plan:
    """What is to be done to a picture.

    Args:
        correct: (restorer, prepared picture, what was found, options) -> its correction; the network's half.
        find: decides what to tell the network, see `Local`; None if nothing is looked at.
        prepare: what comes before: enlarging, say.
        scale: how many times wider and higher the result is.
        detail: whether there is fine structure to give back; not where pixels were missing.
        local: it can be done piece by piece, see `Local`.
        opaque: the result has no transparency, which has told what was missing.
    """

    correct: Callable[[Restorer, Picture, Finding, Options], Pixels]
    find: Callable[..., Finding] = lambda sample, path: Finding({}, "")
    prepare: Callable[[Picture], Picture] = lambda picture: picture
    scale: int = 1
    detail: bool = True
    local: bool = False
    opaque: bool = False

    def apply(self, picture: Picture, correction: Pixels, **options: Unpack[Options]) -> Picture:
        """Applies a correction to a prepared picture."""
        picture = replace(picture, alpha=None) if self.opaque else picture
        return apply_correction(picture, correction, **(options if self.detail else {**options, "detail": 0.0}))

    def work(self) -> Work:
        """Gives both halves as one, for files."""
        if self.local:
            return Local(self.find)

        def run(restorer: Restorer, picture: Picture, options: Any) -> Picture:
            check_options(options)
            if options.get("detail") and not self.detail:
                raise OptionError(NO_DETAIL)
            prepared = self.prepare(picture)
            correction = self.correct(restorer, prepared, Finding({}, ""), options)
            return self.apply(prepared, correction, **options)

        return Whole(run, scale=self.scale, opaque=self.opaque)


def told(find: Callable[..., Finding]) -> Plan:
    """Makes a plan of what is found: the network is told it."""
    return Plan(
        lambda restorer, picture, found, options: restorer.correct(picture, found.facts, **options), find, local=True
    )


def automatic() -> Plan:
    """Looks at the picture and decides."""
    return told(lambda sample, path: inspect(sample(), path))


def denoising(sigma: float | None = None) -> Plan:
    """Removes noise; its `sigma` (0-255 scale) if it is known."""
    return told(lambda sample, path: Finding({"sigma": sigma}, ""))


def deblocking(quality: float | None = None) -> Plan:
    """Removes JPEG's blocks and rings; the file tells the `quality` if nobody does."""
    return told(
        lambda sample, path: Finding({"quality": quality or (None if path is None else jpeg_quality(path))}, "")
    )


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
        lambda restorer, picture, found, options: restorer.correct_blur(picture, kernel, sigma, steps, **options)
    )


def mask_of(path: Path) -> Callable[[Picture], Mask]:
    """Gives a function that reads a picture's mask from a file, white where pixels are missing.

    The file may have no more pixels than the picture, so that no mask fills the memory.
    """

    def read(picture: Picture) -> Mask:
        height, width, _ = picture.pixels.shape
        return from_picture(read_picture(path, max_megapixels=max(1.0, height * width / 1e6)).pixels)

    return read


def mask_of_colour(colour: str, tolerance: float = 0.0) -> Callable[[Picture], Mask]:
    """Gives a function that marks what is painted in a colour, see `rednet.masks.of_colour`."""
    return lambda picture: of_colour(picture.pixels, colour, tolerance)


def mask_of_alpha(picture: Picture) -> Mask:
    """Marks what is rather transparent than opaque.

    Raises:
        ImageError: the picture has no transparency.
    """
    if picture.alpha is None:
        raise ImageError("the picture has no transparency that could say what is missing; give a mask, or its colour")
    return np.asarray(picture.alpha[:, :, 0] < HALF)


def mask_of_scratches(picture: Picture) -> Mask:
    """Marks what is probably scratched."""
    return find_scratches(picture.pixels)


def filling(missing: Callable[[Picture], Mask], restore_known: bool = False) -> Plan:
    """Fills missing pixels.

    Args:
        missing: tells which they are, (H, W) True. After `mask_of_alpha`, the result is opaque.
        restore_known: restore the others, too.
    """
    opaque = missing is mask_of_alpha

    def correct(restorer: Restorer, picture: Picture, found: Finding, options: Options) -> Pixels:
        y = replace(picture, alpha=None) if opaque else picture
        return restorer.correct_missing(y, {}, missing(picture), restore_known, **options)

    return Plan(correct, detail=False, opaque=opaque)
