"""A picture in memory, and its conversion from and to arrays.

Inside rednet a picture's pixels are float32 (H, W, C) in [0, 1], C = 1 (gray) or 3 (RGB), beside an optional alpha
channel; a picture of other bands has a channel for each. A result has the depth of the input: 8 bits, 16 bits or float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError
from rednet.forking import mark_threads
from rednet.images.formats import loaders
from rednet.images.layout import Layout, usual_layout

__all__ = ["Colours", "Picture", "from_array", "join_parts", "libvips", "to_array"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]
Native = NDArray[np.floating[Any]]

MOST_COLOURS = 4  # RGB with transparency
WHITE = {"uint8": 255, "uint16": 65535, "float16": 1, "float32": 1, "float64": 1}
RANGED = ("int8", "int16", "int32", "uint32")  # have no white of their own: somebody must say it
EXACT = ("int32", "uint32", "float64")  # float32 cannot hold all their values
SOURCES = ("", "_source", "_buffer")  # what a loader of libvips reads from ends its name: a file, a descriptor, memory
BRIGHTEST = 16.0  # a float array beyond this is surely not in [0, 1], and is refused rather than guessed at


class Colours(Protocol):
    """How a file's own values are converted to the network's, and how a correction is converted back."""

    @property
    def own_units(self) -> bool:
        """Whether `native` holds values as they stand in the file; else white is 1."""

    def to_pixels(self, native: Native) -> Pixels:
        """Return what the network sees: sRGB (or gray) in about [0, 1]."""

    def carry_back(self, native: Native, pixels: Pixels) -> Native:
        """Return `native` with the correction that leads from `to_pixels(native)` to `pixels`."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and what must survive its restoration.

    Args:
        pixels: (H, W, C) float32 in [0, 1]; C is 1 for gray, 3 for RGB, any number for other bands.
        alpha: (H, W, 1) in [0, 1], float32, or float64 for types that need it; or None.
        depth: how it came in: "uint8", "int16", "float32", ...
        header: the file's metadata as libvips keeps it, or None for arrays.
        native: (H, W, C), the file's own values where they are not sRGB with white at 1; else None. They are float32,
            or float64 for types that need it.
        colours: what `native` means; None if that is None.
        layout: what its bands are; None for the usual.
    """

    pixels: Pixels
    alpha: Pixels | None
    depth: str
    header: Any = None
    native: Native | None = None
    colours: Colours | None = None
    layout: Layout | None = None

    @property
    def size(self) -> str:
        """Width x height in px."""
        return f"{self.pixels.shape[1]}x{self.pixels.shape[0]}"

    @property
    def bands(self) -> Layout:
        """What its bands are."""
        count = self.pixels.shape[2] + (self.alpha is not None)
        return usual_layout(count) if self.layout is None else self.layout

    @property
    def parts(self) -> list[Picture]:
        """The picture in parts of one or three channels, each with the transparency: what is restored at once."""
        if self.bands.plain:
            return [self]
        return [
            replace(
                self,
                pixels=self.pixels[:, :, part],
                native=None if self.native is None else self.native[:, :, part],
                layout=None,
            )
            for part in self.bands.slices
        ]


def join_parts(whole: Picture, parts: Sequence[Picture]) -> Picture:
    """Put the parts of a picture together again."""
    if len(parts) == 1:
        return parts[0]
    natives = [part.native for part in parts if part.native is not None]
    return replace(
        whole,
        pixels=np.concatenate([part.pixels for part in parts], axis=2),
        native=np.concatenate(natives, axis=2) if natives else None,
    )


def from_array(array: Array, colours: Colours | None = None, layout: Layout | None = None) -> Picture:
    """Take an array as a picture.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3), or with alpha (H, W, 2), (H, W, 4); more bands are restored one by one.
            uint8 (white 255), uint16 (white 65535), float16, float32 or float64 (white 1.0); with a range also int8,
            int16, int32 and uint32.
        colours: what its values mean; None for sRGB or gray with white as above.
        layout: what its bands are; None for the usual.

    Raises:
        ImageError: another shape or type, no pixels, or values that are not finite.
    """
    depth, own_units = array.dtype.name, colours is not None and colours.own_units
    if depth not in WHITE and depth not in RANGED:
        raise ImageError(
            f"an array of {depth} is no picture; use uint8, uint16, or float32 with white at 1.0, or with a range "
            f"{', '.join(RANGED)}"
        )
    if depth in RANGED and not own_units:
        raise ImageError(
            f"the picture is of {depth}, which has no white of its own: say which range its values have, from black to "
            "white",
            option="range",
        )
    levels = array[:, :, None] if array.ndim == 2 else array
    if levels.ndim != 3 or 0 in levels.shape:
        raise ImageError(f"an array of shape {array.shape} is no picture; use (H, W), (H, W, 3) or (H, W, 4)")
    if layout is None and levels.shape[2] > MOST_COLOURS and levels.shape[0] <= MOST_COLOURS:
        raise ImageError(
            f"an array of shape {array.shape} has its channels first; give array.transpose(1, 2, 0), of (H, W, C)"
        )
    if not np.isfinite(levels).all():
        raise ImageError(
            "the picture has NaN or infinite values; replace them first, or give array and mask to rednet.inpaint"
        )
    layout = layout or usual_layout(levels.shape[2])
    given, alpha = layout.split(levels)
    native: Native = given.astype(np.float64 if own_units and depth in EXACT else np.float32)
    if not own_units:
        native /= np.float32(WHITE[depth])
    if alpha is not None:
        alpha = (alpha / np.float32(opaque_level(depth))).astype(np.float64 if depth in EXACT else np.float32)
    if colours is not None:
        return Picture(colours.to_pixels(native), alpha, depth, None, native, colours, layout)
    farthest = np.abs(native).max()
    if farthest > BRIGHTEST:
        raise ImageError(
            f"a float picture has white at 1.0; this one has values to {farthest:g}: divide first, or say "
            "which range they have, from black to white",
            option="range",
        )
    return Picture(native, alpha, depth, layout=layout)


def opaque_level(depth: str) -> int:
    """Return the level at which a band of transparency is opaque."""
    return WHITE.get(depth) or int(np.iinfo(depth).max)


def to_array(picture: Picture, ndim: int = 3, *, own_colours: bool = False) -> Array:
    """Return a picture as an array of its own depth, rounded and clipped.

    Args:
        picture: to return.
        ndim: 2 makes gray (H, W).
        own_colours: in the file's own colours; else in sRGB (or gray) with white at 1. A range is always its own.

    Raises:
        ImageError: it has values that are not finite, which no file and no other program could do anything with.
    """
    values, native, colours = picture.pixels, picture.native, picture.colours
    unit: Any = np.float32(WHITE.get(picture.depth, 1))
    if native is not None and colours is not None and (own_colours or colours.own_units):
        values = colours.carry_back(native, picture.pixels)
        unit = 1 if colours.own_units else unit
    levels, alpha = values * unit, picture.alpha
    if alpha is not None:
        alpha = alpha * np.float32(opaque_level(picture.depth))
    levels = picture.bands.join(levels, alpha)
    if not np.isfinite(levels).all():
        raise ImageError("the result has NaN or infinite values, so it is not given; use another model or engine")
    if not picture.depth.startswith("float"):
        limits = np.iinfo(picture.depth)
        levels = np.rint(np.clip(levels, limits.min, limits.max))
    array: Array = levels.astype(picture.depth)
    return array[:, :, 0] if ndim == 2 else array


@cache
def libvips() -> Any:
    """Import pyvips when the first picture is read.

    It is kept from logging, and from caching finished operations: they would hold the pixels that they were made of.
    And it is kept, in the whole process, from reading any kind of file but ours: its other loaders are many, and some
    of them (SVG, say) take seconds for a file of 2 kB before we could refuse it.
    """
    import logging

    import pyvips

    logging.getLogger("pyvips").setLevel(logging.CRITICAL)
    mark_threads("libvips")
    pyvips.cache_set_max(0)
    pyvips.block_untrusted_set(True)
    pyvips.operation_block_set("VipsForeignLoad", True)
    for loader in loaders():
        for source in SOURCES:
            found = pyvips.type_find("VipsForeignLoad", loader + source)
            if found:  # else this libvips was built without it
                pyvips.operation_block_set(pyvips.type_name(found), False)
    return pyvips
