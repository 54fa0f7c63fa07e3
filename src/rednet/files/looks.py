"""What can be seen of a restoration: any part of the picture at any size, before, after, or what was removed.

Strength and detail are free: what is seen is mixed of layers on the disk, for the pixels that are shown only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.files.pyramid import Pyramid, blocks
from rednet.images import Picture, PictureFile, to_array
from rednet.images.picture import libvips
from rednet.restoring.options import Options

__all__ = ["Layers", "Look", "Region", "file_rows", "look_at", "picture_rows"]

Array = NDArray[Any]
Shown = NDArray[np.uint8]

WHITE, MID_GRAY = 255.0, 127.5
REMOVED_GAIN = 4.0  # what was removed is weak: shown four times as strong


class Look(StrEnum):
    """What can be looked at."""

    BEFORE = "before"
    AFTER = "after"
    REMOVED = "removed"
    MASK = "mask"


class Region(NamedTuple):
    """A part of a picture, px."""

    left: int
    top: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Its rows and its columns."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)


@dataclass(frozen=True)
class Layers:
    """What looks are mixed of; `after` is `base + strength * (correction + detail * structure)`.

    Args:
        before: (h, w, 1 to 4), the picture in sRGB or gray, 8 bits, with its transparency.
        base: the same of the picture that the correction is added to; `before` itself, unless pixels were filled in or
            the picture was enlarged.
        correction: (h, w, c) float32 in [-1, 1]; None if the picture is left as it is.
        structure: (h, w, 1 or c), see `rednet.restoring.detail`; called when detail is asked for.
        mask: (h, w, 1), 255 where pixels were missing; None if none were.
    """

    before: Pyramid
    base: Pyramid
    correction: Pyramid | None
    structure: Callable[[], Pyramid]
    mask: Pyramid | None = None

    def size(self, look: Look) -> tuple[int, int]:
        """Return the width and height of a look, px."""
        height, width, _ = (self.base if look is Look.AFTER else self.before).shape
        return width, height

    def part(self, look: Look, place: Place, options: Options) -> Shown:
        """Return a part of a look at a level of the pyramids, (h, w, 1 to 4)."""
        if look is Look.MASK and self.mask is not None:
            return place.of(self.mask)
        before = place.of(self.before if look is Look.BEFORE else self.base)
        if look is Look.BEFORE:
            return before
        colours = 1 if before.shape[2] < 3 else 3
        change = np.broadcast_to(self.change(place, options, colours), (*before.shape[:2], colours))
        if before.shape[2] > colours:  # the colours of hidden pixels stay
            change = np.where(before[:, :, colours:] > 0, change, np.float32(0))
        if look is Look.AFTER:
            return np.concatenate([rounded(before[:, :, :colours] + change), before[:, :, colours:]], axis=2)
        if self.base is not self.before:
            change = change + before[:, :, :colours] - place.of(self.before)[:, :, :colours]
        return rounded(np.float32(MID_GRAY) - np.float32(REMOVED_GAIN) * change)

    def change(self, place: Place, options: Options, colours: int) -> NDArray[np.float32]:
        """Return what restoring changes in a part, 0-255 scale."""
        if self.correction is None:
            return np.zeros((1, 1, colours), np.float32)
        change = place.of(self.correction)[:, :, :colours]
        if options.detail:
            change = change + np.float32(options.detail) * place.of(self.structure())[:, :, :colours]
        scaled: NDArray[np.float32] = change * np.float32(WHITE * options.strength)
        return scaled


class Place(NamedTuple):
    """A part of all pyramids, at a level."""

    level: int
    rows: slice
    columns: slice

    def of(self, pyramid: Pyramid) -> Array:
        """Return the part of a pyramid."""
        return pyramid.read(self.rows, self.columns, self.level)


def look_at(layers: Layers, look: Look, region: Region, size: tuple[int, int], options: Options) -> Shown:
    """Return a part of a look in a size.

    Args:
        layers: of the restoration.
        look: what to look at.
        region: in px of the look at full size.
        size: width and height of the result, px; not larger than the region.
        options: strength and detail.

    Returns:
        (height, width, bands): gray or RGB, with transparency if the picture has it.
    """
    scale = min(region.width / size[0], region.height / size[1])
    levels = (layers.base if look is Look.AFTER else layers.before).levels
    level = min(int(math.log2(max(scale, 1))), levels - 1)
    rows, columns = (slice(part.start >> level, -(-part.stop // (1 << level))) for part in region.slices)
    shown = layers.part(look, Place(level, rows, columns), options)
    return shown if shown.shape[1::-1] == size else resized(shown, size)


def resized(shown: Shown, size: tuple[int, int]) -> Shown:
    """Return a picture in another size, a little smaller."""
    image = libvips().Image.new_from_array(shown)
    image = image.copy(interpretation="b-w" if image.bands < 3 else "srgb")
    small = image.thumbnail_image(size[0], height=size[1], size="force").numpy()
    return np.asarray(small).reshape(size[1], size[0], shown.shape[2])


def rounded(values: NDArray[np.float32]) -> Shown:
    """Return values of the 0-255 scale as levels of 8 bits."""
    return np.rint(np.clip(values, 0, WHITE)).astype(np.uint8)


def file_rows(file: PictureFile, region: Region | None = None) -> Iterator[Shown]:
    """Yield the first page of a file, or a part of it, from top to bottom, as it is shown."""
    rows, plain = file.rows(), file.depth == "uint8" and file.colours is None and file.layout.plain
    wanted, columns = region.slices if region else (slice(0, file.height), slice(None))
    for block in blocks(wanted.stop - wanted.start):
        levels = rows.read(slice(wanted.start + block.start, wanted.start + block.stop))[:, columns]
        yield levels if plain else to_show(file.picture(np.ascontiguousarray(levels)))


def picture_rows(picture: Picture) -> Iterator[Shown]:
    """Yield a picture in memory in the same way."""
    for block in blocks(picture.pixels.shape[0]):
        alpha = None if picture.alpha is None else picture.alpha[block]
        yield to_show(replace(picture, pixels=picture.pixels[block], alpha=alpha, native=None, colours=None))


def to_show(picture: Picture) -> Shown:
    """Return a picture in 8 bits, (h, w, 1 to 4); of many bands, the colours or the first one."""
    first = picture.parts[0]
    shown: Shown = to_array(Picture(first.pixels, first.alpha, "uint8"))
    return shown
