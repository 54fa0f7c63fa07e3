"""Missing pixels of any width: thin damage in one pass, wide holes from coarse to fine.

The network starts from a guess, and far from all that is known the mean of the neighbours is a poor one. So a wider
hole is first filled in a picture of half the size, where it is half as wide, and so on; each level gives the next one
its guess, and the network adds what the smaller picture cannot hold.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import fill_missing
from rednet.classical.resize import imresize
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.images.picture import join_parts
from rednet.network.hints import Facts
from rednet.progress import Progress, portion
from rednet.restoring.correction import hidden_pixels, put_in
from rednet.restoring.network import Network
from rednet.restoring.options import Options
from rednet.stopping import check_stop
from rednet.tiling.fringes import fill_hidden

__all__ = ["WIDE", "fill_holes", "fill_picture", "reach_inside"]

Pixels = NDArray[np.float32]
Mask = NDArray[np.bool_]

THIN = 2  # px from the nearest known pixel; farther, the picture of half the size has the better guess (measured)
WIDE = 48  # px: what is farther from all that is known is made up rather than restored
SMALLEST = 16  # px: a picture of this side is not halved again


def fill_picture(
    network: Network, picture: Picture, facts: Facts, mask: NDArray[Any], options: Options, progress: Progress
) -> Picture:
    """Fill the pixels of a picture that are missing where the mask is True; the known ones stay as they are.

    What stands in missing or fully transparent pixels has no influence, and the transparent ones stay as they are.

    Raises:
        OptionError: the mask does not fit, or covers all.
    """
    lost = network.check_mask(mask, picture.pixels)
    if not lost.any():
        return picture
    if lost.all():
        raise OptionError("the mask covers the whole picture: nothing is known from which it could be restored")
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
    y, hidden = picture.pixels, hidden_pixels(picture)
    x_hat = fill_holes(
        lambda guess, holes: guess + network.residual(guess, facts, holes, options.self_ensemble, progress),
        y if hidden is None else fill_hidden(y, hidden | lost),
        lost,
    )
    return put_in(picture, x_hat, lost)


def fill_holes(network: Callable[[Pixels, Mask], Pixels], y: Pixels, mask: Mask) -> Pixels:
    """Fills missing pixels.

    Args:
        network: (picture whose missing pixels hold a guess, mask) to the restored picture.
        y: (H, W, C); what stands in missing pixels does not matter.
        mask: (H, W), True where a pixel is missing.

    Returns:
        (H, W, C); known pixels as they were.
    """
    far = reach_inside(mask, WIDE + 1)
    if far > WIDE:
        logging.getLogger(__name__).warning(
            "some missing pixels are more than %d px from all that is known: what is filled in there is made up", WIDE
        )
    return coarse_to_fine(network, y, mask)


def coarse_to_fine(network: Callable[[Pixels, Mask], Pixels], y: Pixels, mask: Mask) -> Pixels:
    """Fills what the network can reach, with a guess from the picture of half the size where it cannot."""
    guess = fill_missing(y, mask)
    deep = eroded(mask, THIN)
    if deep.any() and min(mask.shape) > SMALLEST and not mask.all():
        small, small_mask = halved(y, mask)
        coarse = coarse_to_fine(network, small, small_mask)
        enlarged = imresize(coarse, 2)[: mask.shape[0], : mask.shape[1]]
        guess = np.where(deep[:, :, None], enlarged, guess)
    return np.where(mask[:, :, None], network(guess, mask), y)


def halved(y: Pixels, mask: Mask) -> tuple[Pixels, Mask]:
    """Halves picture and mask: each pixel is the mean of the known ones among its four, missing if all four are."""
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


def eroded(mask: Mask, steps: int) -> Mask:
    """Takes `steps` px off every side of a mask; beyond the picture counts as missing."""
    for _ in (0, 1):  # along the columns, then the rows
        all_of = np.pad(mask, ((steps, steps), (0, 0)), constant_values=True)
        length = 1  # of the windows whose pixels are known to be all missing
        while length < 2 * steps + 1:
            check_stop()
            more = min(length, 2 * steps + 1 - length)
            all_of = all_of[:-more] & all_of[more:]
            length += more
        mask = np.ascontiguousarray(all_of.T)
    return mask


def reach_inside(mask: Mask, limit: int) -> int:
    """Tells how far the missing pixel that lies deepest is from the nearest known one, px (0 to `limit`).

    Distances are those of a king on a chessboard.
    """
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if eroded(mask, middle - 1).any() else (low, middle - 1)
    return low
