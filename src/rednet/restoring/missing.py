"""Mark missing pixels: by an array, a picture, a colour or transparency, or as scratches that are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.classical.masks import Mask, from_picture, of_colour
from rednet.errors import ImageError, OptionError
from rednet.images import Picture, from_any, read_picture
from rednet.images.layout import usual_layout
from rednet.restoring.scratches import find_scratches
from rednet.restoring.stacks import as_array

__all__ = ["mask_of", "mask_of_alpha", "mask_of_colour", "mask_of_scratches", "without_junk"]

Array = NDArray[Any]

HALF = 0.5  # of opaque, or of missing


def mask_of(mask: Any, shape: tuple[int, ...]) -> Mask:
    """Take a mask: an array, or a picture (a path or a PIL image), see `rednet.classical.masks.from_picture`.

    An array of whole numbers is not 0 where pixels are missing, one of floats is 0.5 or more there.

    Args:
        mask: to take.
        shape: (H, W, ...) of the picture; a file may have no more pixels, so that no mask fills the memory.

    Raises:
        OptionError: it is none, or a picture that marks nothing. ImageError: the picture cannot be read.
    """
    if isinstance(mask, str | Path):
        drawn, called = read_picture(Path(mask), max_megapixels=max(1.0, shape[0] * shape[1] / 1e6)), str(mask)
    elif isinstance(mode := getattr(mask, "mode", None), str) and mode != "1":
        (drawn, _), called = from_any(mask), "the picture of the mask"
    else:
        return _of_values(mask)
    marked = from_picture(drawn.pixels, drawn.alpha)
    if not marked.any():
        brightest = drawn.pixels.mean(axis=2).max()
        raise OptionError(
            f"{called} marks nothing as missing: its brightest pixel has {brightest:.1%} of white; it must be white "
            "(255 of 8 bits), or painted on transparency, where pixels are missing"
        )
    return marked


def _of_values(mask: Any) -> Mask:
    """Take a mask from an array, or from what becomes one; floats are cut at half, as the levels of a picture are."""
    try:
        values = np.asarray(as_array(mask))
    except ValueError:
        raise OptionError("the mask has rows of different lengths; it must be (H, W)") from None
    if values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise OptionError(f"the mask is an array of {values.dtype}; it must be of booleans, or of finite numbers")
    return np.asarray(values >= HALF) if values.dtype.kind == "f" else values.astype(bool)


def mask_of_colour(picture: Picture, colour: str, tolerance: float = 0.0) -> Mask:
    """Mark the pixels of a colour, see `rednet.classical.masks.of_colour`; raise OptionError if there are none."""
    mask = of_colour(picture.parts[0].pixels, colour, tolerance)
    if not mask.any():
        raise OptionError(f"no pixel is within {tolerance:g} of {colour}: raise the tolerance, or correct the colour")
    return mask


def mask_of_alpha(picture: Picture) -> Mask:
    """Mark the pixels that are more transparent than opaque.

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
    """Mark the pixels that are probably scratched; none in a clean picture."""
    return find_scratches(picture.parts[0].pixels)


def without_junk(image: Any, mask: Any) -> Any:
    """Put 0 where an array of floats has missing pixels, which may hold NaN; return any other image as it is."""
    if not isinstance(image, np.ndarray) or image.dtype.kind != "f" or image.ndim not in (2, 3):
        return image
    if mask is None or callable(mask):
        return image
    lost = mask_of(mask, image.shape)
    if lost.shape != image.shape[:2]:
        return image
    clean = image.copy()
    colours = clean if image.ndim == 2 else clean[:, :, : usual_layout(image.shape[2]).channels]
    colours[lost] = 0
    return clean
