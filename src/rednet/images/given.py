"""Arrays, PIL images and paths of files from Python programs to pictures, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError
from rednet.images.colour import PROFILE, Range, cmyk_to_srgb, settle_profile
from rednet.images.exif import Outcome, renew_exif
from rednet.images.picture import WHITE, Colours, Picture, from_array, libvips, to_array
from rednet.images.reading import read_picture

__all__ = ["from_any"]

Array = NDArray[Any]
Limits = tuple[float, float] | None

# The modes of PIL images that are taken as they are, and those that are converted first: they come back as the second.
MODES = ("L", "LA", "RGB", "RGBA", "I", "I;16", "I;16L", "I;16B", "I;16N", "F")
CONVERTED = {
    "1": "L",
    "P": "RGB",
    "PA": "RGBA",
    "La": "LA",
    "RGBa": "RGBA",
    "RGBX": "RGB",
    "YCbCr": "RGB",
    "HSV": "RGB",
}
CLEAR = {"L": "LA", "RGB": "RGBA"}  # what a mode becomes if one of its colours or palette entries is transparent
TRANSPARENCY, ICC, EXIF = "transparency", "icc_profile", "exif"  # among what PIL knows of an image
ORIENTATION = 274  # a tag of EXIF
TENSORS = ("tensorflow", "jax", "jaxlib", "cupy")  # those of torch are taken apart before they come here


def from_any(image: Any, value_range: Limits = None) -> tuple[Picture, Callable[[Picture], Any]]:
    """Take an array, a PIL image or the path of a file as a picture.

    Args:
        image: see above.
        value_range: the values that are black and white; None for those of the type.

    Returns:
        The picture, and a function that turns a picture into the same kind as `image`: an array of the same type and
        number of dimensions, a PIL image; for a path, an array in sRGB or, of (H, W), gray.

    Raises:
        ImageError: it is not a picture that we can restore.
    """
    if isinstance(image, str | Path):
        picture = read_picture(Path(image), value_range=value_range)
        return picture, lambda result: to_array(
            result, 2 if result.pixels.shape[2] == 1 and result.alpha is None else 3
        )
    if isinstance(getattr(image, "mode", None), str):
        return _from_pil(image, value_range)
    home, kind = type(image).__module__.partition(".")[0], type(image).__name__
    if home in TENSORS:
        raise ImageError(
            f"a {home} {kind} is no picture here; give an array of numpy, with channel_axis unless its channels are "
            "the last axis"
        )
    if isinstance(image, np.ma.MaskedArray) and np.ma.is_masked(image):
        raise ImageError("a masked array has missing pixels; give image.data, and image.mask to rednet.inpaint")
    array = _as_array(image)
    return from_array(array, _stated(array, value_range)), lambda result: to_array(result, array.ndim).astype(
        array.dtype,
        copy=False,  # of the same byte order, too
    )


def _as_array(image: Any) -> Array:
    """Return an image as an array; raise ImageError if it is none."""
    try:
        return np.asarray(image)
    except Exception as error:  # a file of Pillow's that breaks off, rows of different lengths
        raise ImageError(f"a {type(image).__name__} that cannot be taken as an array is no picture: {error}") from error


def _stated(array: Array, value_range: Limits) -> Colours | None:
    """Return a range as the meaning of an array's values."""
    return None if value_range is None else Range(*value_range, whole=array.dtype.kind in "iu")


def _from_pil(image: Any, value_range: Limits) -> tuple[Picture, Callable[[Picture], Any]]:
    """Take a PIL image as a picture without turning it, so that the orientation in EXIF holds for the result, too.

    The network sees sRGB by the image's profile, and the result is in the image's own colours. All that PIL knows of
    the image goes with the result; its EXIF loses the thumbnail, which shows the old picture.
    """
    info, profile = dict(image.info), image.info.get(ICC)
    try:
        exif = b"" if image.format == "TIFF" else image.getexif().tobytes()  # a TIFF's tell how it was stored
        if image.mode == "CMYK":
            levels = libvips().Image.new_from_array(np.asarray(image)).copy(interpretation="cmyk")
            array: Array = cmyk_to_srgb(_with_profile(levels, profile), "the picture").numpy()
            info.pop(ICC, None)
            profile = None
        else:
            array = np.asarray(_converted(image))
            info.pop(TRANSPARENCY, None)
    except ImageError:
        raise
    except Exception as error:  # a file that breaks off
        raise ImageError(f"a PIL image that cannot be decoded is no picture: {error}") from error
    if array.dtype.name == "int32" and value_range is None:
        raise ImageError(
            "a PIL image of mode I has no white of its own: say which range its values have, from black to white; "
            "0 and 65535 if it comes from a file of 16 bits",
            option="range",
        )
    colours = _stated(array, value_range)
    if colours is None and profile and array.dtype.name in WHITE:
        channels = 1 if array.ndim == 2 or array.shape[2] == 2 else 3
        colours = settle_profile(_with_profile(libvips().Image.black(1, 1), profile), channels, "the picture")[1]

    def back(picture: Picture) -> Any:
        from PIL import Image as pillow

        restored = pillow.fromarray(to_array(picture, array.ndim, own_colours=True))
        restored.info = dict(info)
        if exif:
            restored.info[EXIF] = _renewed(exif, restored, restored.width // image.width)
        return restored

    return from_array(array, colours), back


def _renewed(exif: bytes, image: Any, scale: int) -> bytes:
    """Return EXIF corrected for a restored image; its orientation stays, since PIL has not turned the image."""
    from PIL import Image as pillow

    old, new = pillow.Exif(), pillow.Exif()
    old.load(exif)
    new.load(renew_exif(exif, Outcome(image.width, image.height, scale)))
    if ORIENTATION in old:
        new[ORIENTATION] = old[ORIENTATION]
    content: bytes = new.tobytes()
    return content


def _converted(image: Any) -> Any:
    """Return a PIL image in a mode that can be restored; raise ImageError if there is none."""
    mode = CONVERTED.get(image.mode, image.mode)
    if mode not in MODES:
        raise ImageError(f"a PIL image of mode {image.mode} cannot be restored; use image.convert('RGB') first")
    if TRANSPARENCY in image.info:
        mode = CLEAR.get(mode, mode)
    return image if mode == image.mode else image.convert(mode)


def _with_profile(image: Any, profile: bytes | None) -> Any:
    """Return a libvips image that carries a profile, if there is one."""
    if not profile:
        return image
    image = image.copy()
    image.set_type(libvips().GValue.blob_type, PROFILE, profile)
    return image
