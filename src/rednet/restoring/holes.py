"""Fill missing pixels: thin damage in one pass, wide holes from coarse to fine.

The network starts from a guess, and far from the known pixels their mean is a poor guess. So a wide hole is first
filled in a picture of half the size, where it is half as wide, and so on. Each level gives the next one its guess, and
the network adds what the smaller picture cannot hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import fill_missing
from rednet.classical.resize import imresize
from rednet.classical.torus import wrapped
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.images.picture import join_parts
from rednet.network.hints import Facts
from rednet.progress import Progress, portion
from rednet.restoring.correction import hidden_pixels, put_in
from rednet.restoring.exposure import exposure
from rednet.restoring.network import Network
from rednet.restoring.options import Options
from rednet.stopping import check_stop
from rednet.tiling.fringes import fill_hidden
from rednet.warning import warn

__all__ = ["WIDE", "fill_holes", "fill_picture", "reach_inside"]

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

THIN = 2  # px from the nearest known pixel; beyond, the picture of half the size has the better guess (measured)
WIDE = 48  # px; beyond, pixels are made up rather than restored
MOST_MISSING, BROAD = 0.5, 8  # of a picture, and px from the nearest known pixel: such a mask may be inverted
SMALLEST = 16  # px; a picture of this side is not halved again


def fill_picture(
    network: Network, picture: Picture, facts: Facts, mask: NDArray[Any], options: Options, progress: Progress
) -> Picture:
    """Fill the missing pixels of a picture; known and fully transparent ones stay as they are.

    The values of missing and of fully transparent pixels have no influence. The network sees a dark picture scaled to
    its range.

    Args:
        network: improves the guesses.
        picture: the picture, of any bands.
        facts: hints for the network, see `rednet.network.hints`.
        mask: (H, W), True where a pixel is missing.
        options: the options, of which `self_ensemble` and `tileable` matter here.
        progress: called with the finished fraction, 0 to 1.

    Raises:
        OptionError: the mask does not fit, or covers all.
    """
    lost = network.check_mask(mask, picture.pixels)
    if not lost.any():
        return picture
    if lost.all():
        raise OptionError("the mask covers the whole picture: nothing is known from which it could be restored")
    if lost.mean() > MOST_MISSING and reach_inside(lost, BROAD, repeats=options.tileable) == BROAD:
        warn(
            f"{lost.mean():.0%} of the picture is marked as missing, in broad patches; if that is what is known, "
            "invert the mask"
        )
    parts = picture.parts
    return join_parts(
        picture,
        [
            _fill_part(network, part, facts, lost, options, portion(progress, number, len(parts)))
            for number, part in enumerate(parts)
        ],
    )


def _fill_part(
    network: Network, picture: Picture, facts: Facts, lost: Mask, options: Options, progress: Progress
) -> Picture:
    """Fill the missing pixels of one or three channels."""
    y, hidden, repeats = picture.pixels, hidden_pixels(picture), options.tileable
    done = 0.0  # the fraction of the pixels through which the network has gone

    def restore(guess: Pixels, holes: Mask) -> Pixels:
        nonlocal done
        start, done = done, holes.size / lost.size
        share = done - start

        def report(fraction: float) -> None:
            progress(start + share * fraction)

        return guess + network.residual(guess, facts, holes, options.self_ensemble, report, gain=gain, tileable=repeats)

    seen = y if hidden is None else fill_hidden(y, hidden | lost, repeats=repeats)
    gain = exposure(seen[~lost][:, None])
    return put_in(picture, fill_holes(restore, seen, lost, repeats=repeats), lost, repeats=repeats)


def fill_holes(network: Callable[[Pixels, Mask], Pixels], y: Pixels, mask: Mask, *, repeats: bool = False) -> Pixels:
    """Fill missing pixels.

    Args:
        network: (picture whose missing pixels hold a guess, mask) to the restored picture.
        y: (H, W, C); the values of missing pixels do not matter.
        mask: (H, W), True where a pixel is missing.
        repeats: the picture continues at the opposite border, as a texture that tiles.

    Returns:
        (H, W, C); known pixels as they were.
    """
    far = reach_inside(mask, WIDE + 1, repeats=repeats)
    if far > WIDE:
        warn(f"some missing pixels are more than {WIDE} px from all that is known: what is filled in there is made up")
    return _coarse_to_fine(network, y, mask, repeats)


def _coarse_to_fine(network: Callable[[Pixels, Mask], Pixels], y: Pixels, mask: Mask, repeats: bool) -> Pixels:
    """Fill missing pixels; where they are far from known ones, the guess comes from the picture of half the size."""
    guess = fill_missing(y, mask, repeats=repeats)
    deep = eroded(mask, THIN, repeats)
    if deep.any() and min(mask.shape) > SMALLEST and not mask.all():
        small, small_mask = halved(y, mask)
        coarse = _coarse_to_fine(network, small, small_mask, repeats)
        enlarged = imresize(coarse, 2, repeats=repeats)[: mask.shape[0], : mask.shape[1]]
        guess = np.where(deep[:, :, None], enlarged, guess)
    return np.where(mask[:, :, None], network(guess, mask), y)


def halved(y: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Halve picture and mask: each pixel is the mean of the known ones among its four, missing if all four are."""
    height, width = (side + side % 2 for side in mask.shape)
    pad = (0, height - mask.shape[0]), (0, width - mask.shape[1])
    known: Pixels = np.float32(1) - np.pad(mask, pad, mode="edge").astype(np.float32)[:, :, None]
    values = np.where(known > 0, np.pad(y, (*pad, (0, 0)), mode="edge"), np.float32(0))

    def quarter(x: Pixels) -> Pixels:  # sums over 2x2 px
        total: Pixels = x[0::2, 0::2] + x[1::2, 0::2] + x[0::2, 1::2] + x[1::2, 1::2]
        return total

    count = quarter(known)
    means = (quarter(values) / np.maximum(count, 1)).astype(np.float32)
    return means, np.asarray(count[:, :, 0] == 0)


def eroded(mask: Mask, steps: int, repeats: bool = False) -> Mask:
    """Take `steps` px off every side of a mask; pixels beyond the picture count as missing, unless it repeats."""
    for _ in (0, 1):  # along the columns, then the rows
        all_of = wrapped(mask, steps, 0) if repeats else np.pad(mask, ((steps, steps), (0, 0)), constant_values=True)
        length = 1  # of the windows whose pixels are known to be all missing
        while length < 2 * steps + 1:
            check_stop()
            more = min(length, 2 * steps + 1 - length)
            all_of = all_of[:-more] & all_of[more:]
            length += more
        mask = np.ascontiguousarray(all_of.T)
    return mask


def reach_inside(mask: Mask, limit: int, *, repeats: bool = False) -> int:
    """Return how far the missing pixel that lies deepest is from the nearest known one, px (0 to `limit`).

    The distance is the larger one of those in rows and in columns.
    """
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if eroded(mask, middle - 1, repeats).any() else (low, middle - 1)
    return low
