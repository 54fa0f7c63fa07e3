"""What a picture is, in memory, and the arrays that it comes from and goes to.

Inside rednet a picture's pixels are float32 (H, W, C) in [0, 1], C = 1 (gray) or 3 (RGB), beside an optional alpha
channel. What came in as 8 bits, 16 bits or float goes out as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError
from rednet.forking import mark_threads
from rednet.images.formats import loaders

__all__ = ["Colours", "Picture", "from_array", "libvips", "to_array"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]

WHITE = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}
SOURCES = ("", "_source", "_buffer")  # what a loader of libvips reads from ends its name: a file, a descriptor, memory
BRIGHTEST = 16.0  # a float array beyond this is surely not in [0, 1], and is refused rather than guessed at


class Colours(Protocol):
    """How a file's own values become what the network sees, and how a correction goes back to them."""

    def to_pixels(self, native: Pixels) -> Pixels:
        """Gives what the network sees: sRGB (or gray) in about [0, 1]."""

    def carry_back(self, native: Pixels, pixels: Pixels) -> Pixels:
        """Gives `native` with the correction that leads from `to_pixels(native)` to `pixels`."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and what must survive its restoration.

    Args:
        pixels: (H, W, C) float32, C = 1 or 3; [0, 1].
        alpha: (H, W, 1) float32 in [0, 1], or None.
        depth: "uint8", "uint16", "float32" or "float64": how it came in.
        header: the file's metadata as libvips keeps it, or None for arrays.
        native: (H, W, C) float32, the file's own values where they are not sRGB with white at 1; else None.
        colours: what `native` means; None if that is None.
    """

    pixels: Pixels
    alpha: Pixels | None
    depth: str
    header: Any = None
    native: Pixels | None = None
    colours: Colours | None = None

    @property
    def size(self) -> str:
        """Width x height in px."""
        return f"{self.pixels.shape[1]}x{self.pixels.shape[0]}"


def from_array(array: Array, colours: Colours | None = None) -> Picture:
    """Takes an array as a picture.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3), or with alpha (H, W, 2), (H, W, 4); uint8 (white 255), uint16 (white
            65535), float32 or float64 (white 1.0).
        colours: what its values mean; None for sRGB or gray with white as above.

    Raises:
        ImageError: another shape or type, no pixels, or values that are not finite.
    """
    depth = array.dtype.name
    if depth not in WHITE:
        raise ImageError(f"an array of {depth} is no picture; use uint8, uint16, or float32 with white at 1.0")
    levels = array[:, :, None] if array.ndim == 2 else array
    if levels.ndim != 3 or levels.shape[2] not in (1, 2, 3, 4) or 0 in levels.shape:
        raise ImageError(f"an array of shape {array.shape} is no picture; use (H, W), (H, W, 3) or (H, W, 4)")
    values = levels.astype(np.float32) / np.float32(WHITE[depth])
    if not np.isfinite(values).all():
        raise ImageError(
            "the picture has NaN or infinite values; replace them first, or give array and mask to rednet.inpaint"
        )
    channels = 1 if values.shape[2] < 3 else 3
    alpha = values[:, :, channels:] if values.shape[2] > channels else None
    native = values[:, :, :channels]
    pixels = native if colours is None else colours.to_pixels(native)
    if colours is None and np.abs(values).max() > BRIGHTEST:
        raise ImageError(
            f"a float picture has white at 1.0; this one has values to {np.abs(values).max():g}: divide first, or say "
            "which range they have, from black to white",
            option="range",
        )
    return Picture(pixels, alpha, depth) if colours is None else Picture(pixels, alpha, depth, None, native, colours)


def to_array(picture: Picture, ndim: int = 3, *, own_colours: bool = False) -> Array:
    """Gives a picture as an array of its own depth, rounded and clipped.

    Args:
        picture: to give.
        ndim: 2 gives gray as (H, W).
        own_colours: in the file's own colours and range; else in sRGB (or gray) with white at 1.

    Raises:
        ImageError: it has values that are not finite, which no file and no other program could do anything with.
    """
    pixels = picture.pixels
    if own_colours and picture.colours is not None and picture.native is not None:
        pixels = picture.colours.carry_back(picture.native, pixels)
    levels = pixels if picture.alpha is None else np.concatenate([pixels, picture.alpha], axis=2)
    if not np.isfinite(levels).all():
        raise ImageError("the result has NaN or infinite values, so it is not given; use another model or engine")
    if picture.depth.startswith("uint"):
        levels = np.rint(np.clip(levels, 0, 1) * WHITE[picture.depth])
    array = levels.astype(picture.depth)
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
