"""What can be seen of a restoration: any part of the picture at any size, before, after, or what was removed.

Strength and detail are free: what is seen is mixed of layers on the disk, for the pixels that are shown only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.files.pyramid import Pyramid, blocks
from rednet.images import Picture, PictureFile, to_array
from rednet.images.picture import libvips
from rednet.restoring.options import Options

__all__ = ["Layers", "Look", "Region", "file_rows", "look_at"]

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
        correction: (h, w, c) float32, white at 1; None if the picture is left as it is.
        structure: returns (h, w, 1 or c), see `rednet.restoring.detail`; called when detail is asked for.
        base: (h, w, c) float32, what the correction is added to; None if that is `before`.
        alpha: (h, w, 1) float32, the transparency of `base`, if it has any.
        mask: (h, w, 1), 255 where pixels were missing; None if none were.
    """

    before: Pyramid
    correction: Pyramid | None
    structure: Callable[[], Pyramid]
    base: Pyramid | None = None
    alpha: Pyramid | None = None
    mask: Pyramid | None = None

    def levels(self, look: Look) -> int:
        """Return the number of sizes of a look."""
        return (self.base or self.before).levels if look is Look.AFTER else self.before.levels

    def part(self, look: Look, place: Place, options: Options) -> Shown:
        """Return a part of a look at a level of the pyramids, (h, w, 1 to 4)."""
        if look is Look.MASK and self.mask is not None:
            return place.of(self.mask)
        if look is Look.BEFORE:
            return place.of(self.before)
        colours = 1 if self.before.shape[2] < 3 else 3
        if self.base is None:
            layer = place.of(self.before)
            base, alpha = layer[:, :, :colours].astype(np.float32), layer[:, :, colours:]
        else:
            base = np.float32(WHITE) * place.of(self.base)[:, :, :colours]
            alpha = base[:, :, :0] if self.alpha is None else np.float32(WHITE) * place.of(self.alpha)
        change = self.change(place, options, colours)
        if alpha.shape[2]:  # the colours of hidden pixels stay
            change = np.where(alpha > 0, change, np.float32(0))
        after = np.clip(base + change, 0, WHITE)
        if look is Look.AFTER:
            return rounded(np.concatenate([after, alpha], axis=2))
        removed = place.of(self.before)[:, :, :colours] - after
        return rounded(np.float32(MID_GRAY) + np.float32(REMOVED_GAIN) * removed)

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
    level = min(int(math.log2(max(scale, 1))), layers.levels(look) - 1)
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


def to_show(picture: Picture) -> Shown:
    """Return a picture in 8 bits, (h, w, 1 to 4); of many bands, the colours or the first one."""
    first = picture.parts[0]
    shown: Shown = to_array(Picture(first.pixels, first.alpha, "uint8"))
    return shown
