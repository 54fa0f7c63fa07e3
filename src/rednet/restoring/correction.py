"""A correction, once computed, and what is done with it: applied at any strength and detail, or shown.

Computing it takes the network's time, applying it none: so strength and detail can be tried out without waiting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from reprlib import repr as brief
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import fill_missing
from rednet.classical.resize import imresize
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.restoring.detail import fine_structure
from rednet.tiling.fringes import fill_hidden
from rednet.values import check_flag, check_keywords, check_number, check_whole

__all__ = [
    "Options",
    "apply_correction",
    "check_filling",
    "check_options",
    "enlarge",
    "hidden_pixels",
    "put_in",
    "removed_picture",
]

Pixels = NDArray[np.float32]

MAX_STRENGTH = 2.0
NO_DETAIL = "detail comes from what was removed; where pixels were missing, nothing was: leave it out"
NO_STRENGTH = (
    "strength weighs a correction, and what is filled in is none: leave it out, or restore the known pixels, too"
)
MID_GRAY = 0.5  # stands for nothing in a picture of what was removed


class Options(TypedDict, total=False):
    """What all verbs take.

    Args:
        strength: 1 (if left out) takes the network's whole correction, 0 none; to 2.
        detail: 0 (if left out) to 1, how much of the fine structure among what was removed comes back.
        self_ensemble: mean over 8 orientations: slower by 8, better by 0.05 to 0.2 dB.
        progress: called with the share that is done, 0 to 1.
    """

    strength: float
    detail: float
    self_ensemble: bool
    progress: Callable[[float], None]


def hidden_pixels(picture: Picture) -> NDArray[np.bool_] | None:
    """Marks the fully transparent pixels; None if the picture has no transparency."""
    return None if picture.alpha is None else picture.alpha[:, :, 0] <= 0


def check_options(options: Options) -> None:
    """Raises OptionError for an option outside its range, TypeError for an unknown one; before any work is done."""
    check_keywords(options, Options.__annotations__)
    check_number("strength", options.get("strength", 1.0), 0, MAX_STRENGTH)
    check_number("detail", options.get("detail", 0.0), 0, 1)
    check_flag("self_ensemble", options.get("self_ensemble", False))
    if not callable(options.get("progress", len)):
        raise OptionError(f"progress is {brief(options['progress'])}; it must be a function of the share that is done")


def check_filling(options: Options, *, restore_known: bool) -> None:
    """Raises OptionError unless the options suit pixels that are missing; before any work is done."""
    check_options(options)
    check_flag("restore_known", restore_known)
    if options.get("detail"):
        raise OptionError(NO_DETAIL)
    if options.get("strength", 1.0) != 1 and not restore_known:
        raise OptionError(NO_STRENGTH)


def apply_correction(picture: Picture, correction: Pixels, **options: Unpack[Options]) -> Picture:
    """Adds a correction to a picture, as strong and as careful of detail as the options say.

    Args:
        picture: to restore.
        correction: (H, W, C), of `Restorer.correct` or its like; not changed.
        options: see `Options`.

    Raises:
        OptionError: strength or detail is out of range.
    """
    check_options(options)
    if detail := options.get("detail", 0.0):
        correction = correction + np.float32(detail) * fine_structure(-correction)
    hidden = hidden_pixels(picture)
    if hidden is not None:
        correction = np.where(hidden[:, :, None], np.float32(0), correction)
    return replace(picture, pixels=picture.pixels + np.float32(options.get("strength", 1.0)) * correction)


def enlarge(picture: Picture, scale: int) -> Picture:
    """Enlarges a picture, with its transparency, by bicubic interpolation.

    Raises:
        OptionError: scale is not 2, 3 or 4.
    """
    scale = check_whole("scale", scale, 2, 4)
    y, native, hidden = picture.pixels, picture.native, hidden_pixels(picture)
    if hidden is not None:
        y = fill_hidden(y, hidden)
        native = None if native is None else fill_hidden(native, hidden)
    alpha = None if picture.alpha is None else imresize(picture.alpha, scale).clip(0, 1)
    larger = replace(picture, pixels=imresize(y, scale), alpha=alpha)
    if native is not None and picture.colours is not None:
        native = imresize(native, scale)
        larger = replace(larger, native=native, pixels=picture.colours.to_pixels(native))
    return larger


def put_in(picture: Picture, x_hat: Pixels, lost: NDArray[np.bool_]) -> Picture:
    """Puts what was filled in where pixels are missing; hidden ones stay as they are.

    The file's own values there may be anything, and `to_array` reckons from them: they become a guess from the known
    ones.
    """
    hidden = hidden_pixels(picture)
    native, seen = picture.native, lost if hidden is None else lost & ~hidden
    if native is not None:
        guess = fill_missing(native, lost if hidden is None else lost | hidden)
        native = np.where(seen[:, :, None], guess, native)
    return replace(picture, pixels=np.where(seen[:, :, None], x_hat, picture.pixels), native=native)


def removed_picture(before: Picture, after: Picture) -> Picture:
    """Shows what restoring took away: mid-gray where nothing, brighter where it darkened the picture.

    Raises:
        OptionError: the sizes differ, as after enlarging.
    """
    if before.pixels.shape != after.pixels.shape:
        raise OptionError("what was removed can only be shown if the size stays", option="show_removed")
    return Picture(before.pixels - after.pixels + np.float32(MID_GRAY), None, before.depth)
