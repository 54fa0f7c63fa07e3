"""Files and arrays <-> pictures: the only place that knows bit depths, alpha, orientation and metadata.

Inside rednet a picture's pixels are float32 (H, W, C) in [0, 1], C = 1 (gray) or 3 (RGB), beside an optional alpha
channel. What came in as 8 bits, 16 bits or float goes out as such.
"""

from __future__ import annotations

import errno
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError

__all__ = [
    "FORMATS",
    "MAX_MEGAPIXELS",
    "Picture",
    "check_output",
    "from_any",
    "from_array",
    "read_picture",
    "to_array",
    "write_picture",
]

Array = NDArray[Any]

MAX_MEGAPIXELS = 100.0  # more is refused before decoding, unless the caller raises the limit
FORMATS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif")
KEPT_METADATA = ("exif-", "icc-profile-data", "xmp-data", "iptc-data")
NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # FAT and some network disks
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}
BRIGHTEST = 16.0  # a float array beyond this is surely not in [0, 1], and is refused rather than guessed at
PIL_MODES = ("L", "LA", "RGB", "RGBA", "I;16", "F")
COLOURS = ("b-w", "grey16", "srgb", "rgb", "rgb16", "scrgb", "multiband")
VIPS_DEPTH = {"uchar": "uint8", "ushort": "uint16", "float": "float32", "double": "float32"}


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture and what must survive its restoration.

    Args:
        pixels: (H, W, C) float32, C = 1 or 3; [0, 1].
        alpha: (H, W, 1) float32 in [0, 1], or None.
        depth: "uint8", "uint16", "float32" or "float64": how it came in.
        header: the file's metadata as libvips keeps it, or None for arrays.
    """

    pixels: NDArray[np.float32]
    alpha: NDArray[np.float32] | None
    depth: str
    header: Any = None

    @property
    def size(self) -> str:
        """Width x height in px."""
        return f"{self.pixels.shape[1]}x{self.pixels.shape[0]}"


def from_array(array: Array) -> Picture:
    """Takes an array as a picture.

    Args:
        array: (H, W), (H, W, 1), (H, W, 3), or with alpha (H, W, 2), (H, W, 4); uint8 (white 255), uint16 (white
            65535), float32 or float64 (white 1.0).

    Raises:
        ImageError: another shape or type, no pixels, or values that are not finite.
    """
    depth = array.dtype.name
    if depth not in WHITE:
        raise ImageError(f"an array of {depth} is no picture; use uint8, uint16, or float32 with white at 1.0")
    levels = array[:, :, None] if array.ndim == 2 else array
    if levels.ndim != 3 or levels.shape[2] not in (1, 2, 3, 4) or 0 in levels.shape:
        raise ImageError(f"an array of shape {array.shape} is no picture; use (H, W), (H, W, 3) or (H, W, 4)")
    pixels = levels.astype(np.float32) / np.float32(WHITE[depth])
    if not np.isfinite(pixels).all():
        raise ImageError("the picture has NaN or infinite values; replace them first, or give them as a mask")
    if np.abs(pixels).max() > BRIGHTEST:
        raise ImageError(
            f"a float picture has white at 1.0; this one has values to {np.abs(pixels).max():g}: divide first"
        )
    channels = 1 if pixels.shape[2] < 3 else 3
    alpha = pixels[:, :, channels:] if pixels.shape[2] > channels else None
    return Picture(pixels[:, :, :channels], alpha, depth)


def from_any(image: Any) -> tuple[Picture, Callable[[Picture], Any]]:
    """Takes an array, a PIL image or the path of a file as a picture.

    Returns:
        The picture, and a function that turns a picture back into what was given: an array of the same type and
        number of dimensions, a PIL image of the same mode; for a path, an array.

    Raises:
        ImageError: it is not a picture that we can restore.
    """
    if isinstance(image, str | Path):
        return read_picture(Path(image)), to_array
    mode = None if isinstance(image, np.ndarray) else getattr(image, "mode", None)
    if mode is not None and mode not in PIL_MODES:
        raise ImageError(f"a PIL image of mode {mode} cannot be restored as it is; use image.convert('RGB') first")
    array = np.asarray(image)

    def back(picture: Picture) -> Any:
        result = to_array(picture, array.ndim)
        if mode is None:
            return result
        from PIL import Image as pillow

        return pillow.fromarray(result)

    return from_array(array), back


def to_array(picture: Picture, ndim: int = 3) -> Array:
    """Gives the picture as an array of its own depth, rounded and clipped; `ndim` 2 gives gray as (H, W)."""
    parts = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
    levels = np.concatenate(parts, axis=2) if len(parts) > 1 else picture.pixels
    if picture.depth.startswith("uint"):
        levels = np.rint(np.clip(levels, 0, 1) * WHITE[picture.depth])
    array = levels.astype(picture.depth)
    return array[:, :, 0] if ndim == 2 else array


def read_picture(path: Path, *, max_megapixels: float = MAX_MEGAPIXELS) -> Picture:
    """Reads a picture file, turned upright.

    Args:
        path: of any format that libvips reads.
        max_megapixels: larger pictures are refused before they are decoded.

    Raises:
        ImageError: the file is missing, unreadable, not a picture, broken, truncated or too large.
    """
    vips = libvips()
    if path.is_dir():
        raise ImageError(f"{path} is a folder; give a picture file")
    try:
        size = path.stat().st_size
        with path.open("rb"):
            pass
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    if size == 0:
        raise ImageError(f"{path} is empty (0 bytes)")
    try:
        header = vips.Image.new_from_file(os.fspath(path), access="sequential", fail_on="truncated")
        megapixels = header.width * header.height / 1e6
        if megapixels > max_megapixels:
            raise ImageError(
                f"{path} has {megapixels:.0f} megapixels; the limit is {max_megapixels:g} "
                "(raise it with --max-megapixels if the file is trusted and memory suffices)"
            )
        if header.get_n_pages() > 1:
            raise ImageError(f"{path} has {header.get_n_pages()} pages; give each as a file of its own")
        if header.interpretation not in COLOURS:
            raise ImageError(f"{path} is in the colours {header.interpretation}; convert it to RGB first")
        image = header.autorot()
        if image.format not in VIPS_DEPTH or image.bands not in (1, 2, 3, 4):
            raise ImageError(
                f"{path} has {image.bands} bands of {image.format}; need gray or RGB of 8 or 16 bits or float"
            )
        depth = VIPS_DEPTH[image.format]
        levels = image.numpy().reshape(image.height, image.width, image.bands)
    except vips.Error as error:
        reason = str(error.detail or error.message).strip().splitlines()
        raise ImageError(
            f"{path} is not a picture that can be read: {reason[-1] if reason else 'unknown reason'}"
        ) from None
    try:
        return replace(from_array(levels.astype(depth)), header=image)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def check_output(path: Path, picture: Picture, *, overwrite: bool) -> None:
    """Makes sure, before any work is done, that a picture can be written.

    Raises:
        ImageError: the file exists and `overwrite` is False, its folder is missing, its format is unknown or cannot
            hold the picture's transparency.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ImageError(f"cannot write {path}: the name must end in one of {', '.join(FORMATS)}")
    if suffix in (".jpg", ".jpeg") and picture.alpha is not None:
        raise ImageError(f"cannot write {path}: JPEG has no transparency; use .png, .tif, .webp or .avif")
    if not path.parent.is_dir():
        raise ImageError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise ImageError(f"cannot write {path}: it is a folder")
    if path.exists() and not overwrite:
        raise ImageError(f"{path} exists already; choose another name or use --overwrite")


def write_picture(path: Path, picture: Picture, *, quality: int = 95, overwrite: bool = False) -> None:
    """Writes a picture with its depth, alpha and metadata, whole or not at all.

    Args:
        path: its suffix chooses the format. JPEG, WebP and AVIF hold 8 bits; JPEG has no alpha.
        picture: to write.
        quality: of lossy formats, 1 to 100; JPEG keeps its colours at full resolution (4:4:4).
        overwrite: replace an existing file.

    Raises:
        ImageError: see `check_output`; or the disk is full, or writing is not permitted.
        OptionError: quality is out of range.
    """
    if not 1 <= quality <= 100:
        raise OptionError(f"quality is {quality}; it must be 1 to 100")
    check_output(path, picture, overwrite=overwrite)
    vips = libvips()
    suffix = path.suffix.lower()
    if suffix not in (".png", ".tif", ".tiff") or (suffix == ".png" and picture.depth.startswith("float")):
        picture = replace(picture, depth="uint16" if suffix == ".png" else "uint8")
    image = vips.Image.new_from_array(to_array(picture))
    gray, deep = picture.pixels.shape[2] == 1, picture.depth == "uint16"
    image = image.copy(interpretation=("grey16" if deep else "b-w") if gray else ("rgb16" if deep else "srgb"))
    if picture.header is not None:
        image = copy_metadata(picture.header, image)
    options: dict[str, Any] = {}
    if suffix in (".jpg", ".jpeg"):
        options = {"Q": quality, "subsample_mode": "off", "optimize_coding": True}
    elif suffix in (".webp", ".avif"):
        options = {"Q": quality}
    elif suffix in (".tif", ".tiff"):
        options = {
            "compression": "deflate",
            "predictor": "float" if picture.depth.startswith("float") else "horizontal",
        }
    temporary = path.with_name(f".rednet-{uuid.uuid4().hex}.part{suffix}")
    try:
        image.write_to_file(os.fspath(temporary), **options)
        if overwrite:
            temporary.replace(path)
        else:
            rename_to_new(temporary, path)
    except FileExistsError:
        raise ImageError(f"{path} exists already; choose another name or use --overwrite") from None
    except (vips.Error, OSError) as error:
        raise ImageError(f"cannot write {path}: {str(error).strip().splitlines()[-1]}") from error
    finally:
        temporary.unlink(missing_ok=True)


def rename_to_new(source: Path, target: Path) -> None:
    """Renames a file, and raises FileExistsError rather than replace one that has appeared meanwhile."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in NO_HARD_LINKS:
            raise
        if target.exists():
            raise FileExistsError from error
        source.replace(target)


def copy_metadata(source: Any, target: Any) -> Any:
    """Copies EXIF, XMP, IPTC, colour profile and resolution from one libvips image to another."""
    target = target.copy(xres=source.xres, yres=source.yres)
    for field in source.get_fields():
        if field.startswith(KEPT_METADATA):
            target.set_type(source.get_typeof(field), field, source.get(field))
    target.set_type(libvips().GValue.gint_type, "orientation", 1)  # the pixels are upright already
    return target


def libvips() -> Any:
    """Imports pyvips when the first picture is read, and keeps it from logging."""
    import logging

    import pyvips

    logging.getLogger("pyvips").setLevel(logging.CRITICAL)
    return pyvips
