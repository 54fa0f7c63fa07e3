"""Colours that are not plain sRGB: ICC profiles, and values with a range of their own.

The network sees sRGB. What goes back is not its picture but its *correction*: the file's own values plus the
difference that restoring made, so that colours outside sRGB and values outside the range are kept, and a correction
of nothing changes nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.images.picture import libvips
from rednet.warning import warn

__all__ = ["Profile", "Range", "cmyk_to_srgb", "settle_profile"]

Pixels = NDArray[np.float32]
Native = NDArray[np.floating[Any]]

PROFILE = "icc-profile-data"
MAPPING = {"intent": "relative", "black_point_compensation": True}  # colours that both spaces have stay what they are
WHITE = np.float32(65535)
SAME = 1.0 / 255  # a profile that moves no colour by more is sRGB, by whatever name
FAR = 1e6  # times the range; float32 holds the square of it, and sums of it over a picture
PROBE_LEVELS = 9  # a side of the cube of colours that is looked at


class Profile:
    """An ICC profile of a gray or RGB picture.

    Args:
        data: the profile as it stands in the file.

    Raises:
        pyvips.Error: from both methods, if the profile is broken or not of that number of channels.
    """

    own_units = False

    def __init__(self, data: bytes) -> None:
        self.data = data

    def to_pixels(self, native: Pixels) -> Pixels:
        """Return sRGB for what the profile encodes; gray stays gray."""
        image = self.attach(deep_image(native))
        srgb = image.icc_transform("srgb", embedded=True, depth=16, **MAPPING)
        return as_channels(srgb, native.shape[2])

    def from_pixels(self, pixels: Pixels) -> Pixels:
        """Encode sRGB as the profile does; what it cannot hold is clipped."""
        rgb = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        image = deep_image(rgb).icc_import(input_profile="srgb", **MAPPING)
        return as_channels(self.attach(image).icc_export(depth=16, **MAPPING), pixels.shape[2])

    def carry_back(self, native: Pixels, pixels: Pixels) -> Pixels:
        """Add the correction that leads from `to_pixels(native)` to `pixels`, in the profile's own colours."""
        result: Pixels = native + (self.from_pixels(pixels) - self.from_pixels(self.to_pixels(native)))
        return result

    def attach(self, image: Any) -> Any:
        """Return a copy of a libvips image that carries this profile."""
        image = image.copy()
        image.set_type(libvips().GValue.blob_type, PROFILE, self.data)
        return image


class Range:
    """Values whose black and white are stated, of any type.

    The mapping is linear, and values outside are kept. What the network sees is clipped, at one range below black and
    one above white.

    Args:
        low: the value that is black.
        high: the value that is white.
        whole: the values are whole numbers: what lies in the range stays in it, so that 12 bits stay 12 bits. Floats
            may pass it a little, as noise does.
    """

    own_units = True

    def __init__(self, low: float, high: float, *, whole: bool = False) -> None:
        self.low, self.high, self.whole = low, high, whole

    def to_pixels(self, native: Native) -> Pixels:
        """Map low..high to 0..1; what lies very far outside, as marks of missing values do, to FAR."""
        with np.errstate(over="ignore"):
            pixels = (native - native.dtype.type(self.low)) / native.dtype.type(self.high - self.low)
        return np.clip(pixels, -FAR, FAR, out=pixels).astype(np.float32, copy=False)

    def carry_back(self, native: Native, pixels: Pixels) -> Native:
        """Add the correction, in the file's units."""
        result = native + (pixels - self.to_pixels(native)) * native.dtype.type(self.high - self.low)
        if self.whole:
            inside = (native >= self.low) & (native <= self.high)
            result = np.where(inside, np.clip(result, self.low, self.high), result)
        return result


def settle_profile(image: Any, channels: int, name: str) -> tuple[Any, Profile | None]:
    """Find a picture's colour profile, unless the picture is sRGB.

    Args:
        image: a libvips image, as it stands in the file.
        channels: 1 or 3.
        name: of the file, for the warning.

    Returns:
        The image, without its profile if that is broken (a warning says so); and the profile, or None if
        there is none or it is sRGB.
    """
    if not image.get_typeof(PROFILE):
        return image, None
    steps = np.linspace(0, 1, PROBE_LEVELS, dtype=np.float32)
    probe = np.stack(np.meshgrid(*[steps] * channels), axis=-1).reshape(1, -1, channels)
    profile = Profile(bytes(image.get(PROFILE)))
    try:
        moved = np.abs(profile.to_pixels(probe) - probe).max()
        profile.from_pixels(probe)
    except libvips().Error as error:
        reason = str(error.detail or error.message).strip().splitlines()
        warn(f"{name}: its colour profile is broken and is left out ({reason[-1] if reason else '?'})")
        return without_profile(image), None
    return image, profile if moved > SAME else None


def without_profile(image: Any) -> Any:
    """Return a copy of a libvips image without its profile."""
    image = image.copy()
    image.remove(PROFILE)
    return image


def cmyk_to_srgb(image: Any, name: str) -> Any:
    """Convert a libvips image from CMYK to sRGB by its own profile, or else by the common one that libvips brings."""
    options = {"input_profile": "cmyk", "depth": 16 if image.format == "ushort" else 8, **MAPPING}
    try:
        srgb = image.icc_transform("srgb", embedded=True, **options)
    except libvips().Error:
        warn(f"{name}: its colour profile is broken; taken for common CMYK")
        srgb = image.icc_transform("srgb", embedded=False, **options)
    return without_profile(srgb)


def deep_image(pixels: Pixels) -> Any:
    """Make a libvips image of 16 bits."""
    levels = np.rint(np.clip(pixels, 0, 1) * WHITE).astype(np.uint16)
    image = libvips().Image.new_from_array(levels)
    return image.copy(interpretation="grey16" if pixels.shape[2] == 1 else "rgb16")


def as_channels(image: Any, channels: int) -> Pixels:
    """Return a libvips image of 16 bits as pixels; gray as the mean of its channels."""
    levels: Pixels = image.numpy().reshape(image.height, image.width, -1).astype(np.float32) / WHITE
    return levels if levels.shape[2] == channels else levels.mean(axis=2, keepdims=True)
