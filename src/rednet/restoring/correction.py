"""Apply a computed correction at any strength and detail, or show it as a picture.

Only computing it needs the network, so strength and detail can be tried out without waiting.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import fill_missing
from rednet.classical.resize import imresize
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.images.layout import Layout
from rednet.images.picture import WHITE
from rednet.restoring.detail import fine_structure
from rednet.restoring.options import Options
from rednet.tiling.fringes import fill_hidden

__all__ = ["apply_correction", "enlarge", "hidden_pixels", "put_in", "removed_picture", "shown_depth"]

Pixels = NDArray[np.float32]

MID_GRAY = 0.5  # stands for nothing in a picture of what was removed


def hidden_pixels(picture: Picture) -> NDArray[np.bool_] | None:
    """Mark the fully transparent pixels; return None if the picture has no transparency."""
    return None if picture.alpha is None else picture.alpha[:, :, 0] <= 0


def apply_correction(picture: Picture, correction: Pixels, options: Options) -> Picture:
    """Add a correction to a picture, with the strength and detail of the options.

    Args:
        picture: the picture to restore.
        correction: (H, W, C), the result of `Task.correct`; not changed.
        options: the options, of which strength, detail and `tileable` matter here.
    """
    if options.detail:
        structure = fine_structure(-correction, repeats=options.tileable)
        correction = correction + np.float32(options.detail) * structure
    hidden = hidden_pixels(picture)
    if hidden is not None:
        correction = np.where(hidden[:, :, None], np.float32(0), correction)
    return replace(picture, pixels=picture.pixels + np.float32(options.strength) * correction)


def enlarge(picture: Picture, scale: int, *, repeats: bool = False) -> Picture:
    """Enlarge a picture, with its transparency, a whole number of times, by bicubic interpolation.

    Hidden colours do not bleed into those that are seen, and are enlarged as they are: they may be data.

    Args:
        picture: the picture to enlarge.
        scale: how many times wider and higher.
        repeats: the picture continues at the opposite border.
    """
    alpha = None if picture.alpha is None else _enlarge_alpha(picture.alpha, scale, repeats=repeats)
    hidden = hidden_pixels(picture)

    def larger(values: Pixels) -> Pixels:
        whole = imresize(values, scale, repeats=repeats)
        if hidden is None or alpha is None or not hidden.any():
            return whole
        return np.where(
            alpha > 0, imresize(fill_hidden(values, hidden, repeats=repeats), scale, repeats=repeats), whole
        )

    if picture.native is None or picture.colours is None:
        return replace(picture, pixels=larger(picture.pixels), alpha=alpha)
    native = larger(picture.native)
    return replace(picture, pixels=picture.colours.to_pixels(native), native=native, alpha=alpha)


def _enlarge_alpha(alpha: Pixels, scale: int, *, repeats: bool) -> Pixels:
    """Enlarge transparency without overshooting: no value passes those of the 3x3 px around it."""
    padded = np.pad(alpha, ((1, 1), (1, 1), (0, 0)), mode="wrap" if repeats else "edge")
    around = [padded[i : i + alpha.shape[0], j : j + alpha.shape[1]] for i in range(3) for j in range(3)]
    lowest, highest = (
        limit(around).repeat(scale, axis=0).repeat(scale, axis=1) for limit in (np.minimum.reduce, np.maximum.reduce)
    )
    result: Pixels = imresize(alpha, scale, repeats=repeats).clip(lowest, highest)
    return result


def put_in(picture: Picture, x_hat: Pixels, lost: NDArray[np.bool_], *, repeats: bool = False) -> Picture:
    """Replace the missing pixels by restored ones; fully transparent pixels stay as they are.

    The file's own values there may be anything, and `to_array` computes from them; so they become a guess from the
    known ones.
    """
    hidden = hidden_pixels(picture)
    native, seen = picture.native, lost if hidden is None else lost & ~hidden
    if native is not None:
        guess = fill_missing(native, lost if hidden is None else lost | hidden, repeats=repeats)
        native = np.where(seen[:, :, None], guess, native)
    return replace(picture, pixels=np.where(seen[:, :, None], x_hat, picture.pixels), native=native)


def removed_picture(before: Picture, after: Picture) -> Picture:
    """Show what was removed as a picture: mid-gray for nothing, brighter where restoring darkened the picture.

    Raises:
        OptionError: the sizes differ, as after enlarging.
    """
    if before.pixels.shape != after.pixels.shape:
        raise OptionError("what was removed can only be shown if the size stays", option="show_removed")
    removed = before.pixels - after.pixels + np.float32(MID_GRAY)
    return Picture(removed, None, shown_depth(before), layout=Layout(before.bands.groups))


def shown_depth(picture: Picture) -> str:
    """Return the depth of a picture that shows something of another one: the same, or 16 bits if that has no white."""
    return picture.depth if picture.depth in WHITE else "uint16"
