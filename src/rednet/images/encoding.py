"""Pictures to bytes: what each format can hold, how it is compressed, and which metadata go with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rednet.errors import ImageError, OptionError
from rednet.forking import check_threads
from rednet.images.colour import PROFILE
from rednet.images.picture import libvips
from rednet.images.tiff_tags import append_tags
from rednet.stopping import asker
from rednet.values import setting

__all__ = ["FORMATS", "Saving", "encode", "written_depth"]

FORMATS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".avif")
SAVERS = {".jpg": "jpegsave", ".jpeg": "jpegsave", ".png": "pngsave", ".tif": "tiffsave", ".tiff": "tiffsave",
          ".webp": "webpsave", ".avif": "heifsave"}  # fmt: skip
WITH_PAGES = (".tif", ".tiff", ".webp")
KEPT_METADATA = ("exif-", PROFILE, "xmp-data", "iptc-data", "png-comment-", "image-description", "resolution-unit",
                 "delay", "loop")  # fmt: skip
LARGEST_SIDE = {".jpg": 65535, ".jpeg": 65535, ".webp": 16383, ".avif": 16384}
CLASSIC_TIFF = 3_900_000_000  # bytes of pixels; more may not fit the 32-bit offsets of a classic TIFF
DEEP_AVIF = 12  # bits
TURNED = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)[2-8]""")  # XMP's own orientation, in its two notations


@dataclass(frozen=True)
class Saving:
    """How a picture is saved.

    Args:
        quality: of lossy formats, 1 to 100. Their colours are at full resolution (4:4:4), but for WebP, which cannot.
        overwrite: replace an existing file.
        strip_metadata: drop EXIF, XMP, IPTC and text; the profile and the resolution stay.
        software: what the software tag says, or None to leave it as it is.
    """

    quality: int = 95
    overwrite: bool = setting(bool, False, "Replace an existing file.", shapes=False)
    strip_metadata: bool = False
    software: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise OptionError(f"quality is {self.quality}; it must be 1 to 100")


def written_depth(suffix: str, depth: str) -> str:
    """Gives the depth at which a format holds a picture: TIFF all, PNG and AVIF to 16 bits, the others 8 bits."""
    if suffix in (".tif", ".tiff"):
        return depth
    if suffix == ".png":
        return "uint16" if depth.startswith("float") else depth
    return "uint16" if suffix == ".avif" and depth == "uint16" else "uint8"


def holds_gray(suffix: str) -> bool:
    """Tells whether a format has gray pictures; WebP and AVIF write them as RGB."""
    return suffix not in (".webp", ".avif")


def check_format(path: Path, *, width: int, height: int, alpha: bool, pages: int = 1) -> None:
    """Makes sure that the format of a name can hold a picture.

    Raises:
        ImageError: it is unknown, or has no transparency, no pages, or no room.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ImageError(f"cannot write {path}: the name must end in one of {', '.join(FORMATS)}")
    if suffix in (".jpg", ".jpeg") and alpha:
        raise ImageError(f"cannot write {path}: JPEG has no transparency; use .png, .tif, .webp or .avif")
    if pages > 1 and suffix not in WITH_PAGES:
        raise ImageError(f"cannot write {path}: {suffix} holds one page and there are {pages}; use .tif")
    limit = LARGEST_SIDE.get(suffix)
    if limit is not None and max(width, height) > limit:
        raise ImageError(f"cannot write {path}: {suffix} holds {limit} px a side, not {width}x{height}; use .tif")


def encode(image: Any, header: Any, file: BinaryIO, suffix: str, saving: Saving, *, pages: int = 1) -> None:
    """Encodes a picture into an open file.

    Args:
        image: of libvips, gray or RGB; the pages one below the other.
        header: a libvips image whose metadata are kept, or None.
        file: opened to read and write, empty.
        suffix: of `FORMATS`.
        saving: how.
        pages: how many pages the picture has.

    Raises:
        pyvips.Error: libvips cannot.
        ImageError: the process was forked from one that had used libvips.
    """
    vips = libvips()
    check_threads("libvips", ImageError)
    image = image.copy(interpretation=interpretation(image))
    if header is not None:
        image = copy_metadata(header, image)
        if image.bands < 3 and not holds_gray(suffix) and image.get_typeof(PROFILE):
            image.remove(PROFILE)
    if saving.software and not saving.strip_metadata:
        text = f"{saving.software} (text, ASCII, {len(saving.software)} components)"  # libvips cuts at the last " ("
        image.set_type(vips.GValue.gstr_type, "exif-ifd0-Software", text)
    if pages > 1:
        image.set_type(vips.GValue.gint_type, "page-height", image.height // pages)
    options: dict[str, Any] = {"keep": "icc" if saving.strip_metadata else "all"}
    if suffix in (".jpg", ".jpeg"):
        options |= {"Q": saving.quality, "subsample_mode": "off"}  # better coding would need all of it in memory
    elif suffix == ".webp":
        options |= {"Q": saving.quality, "exact": True}
    elif suffix == ".avif":
        options |= {"Q": saving.quality, "subsample_mode": "off", "compression": "av1"}
        if image.format == "ushort":
            options["bitdepth"] = DEEP_AVIF
    elif suffix in (".tif", ".tiff"):
        size = image.width * image.height * image.bands * {"uchar": 1, "ushort": 2}.get(image.format, 4)
        whole = image.format in ("uchar", "ushort")  # few readers know the predictor of floats
        options |= {
            "compression": "deflate",
            "predictor": "horizontal" if whole else "none",
            "bigtiff": size > CLASSIC_TIFF,
        }
    target = vips.Target.new_to_descriptor(file.fileno())
    stopped = heed_stop(image)
    try:
        getattr(image, f"{SAVERS[suffix]}_target")(target, **options)
    except vips.Error:
        if stopped:
            raise stopped[0] from None
        raise
    if suffix in (".tif", ".tiff") and not saving.strip_metadata:
        append_tags(image, file)


def heed_stop(image: Any) -> list[BaseException]:
    """Make a libvips image ask, while it is computed, whether to go on; the list gets the error that has stopped it."""
    ask, stopped = asker(), list[BaseException]()

    def on_progress(image: Any, progress: Any) -> None:
        try:
            ask()
        except BaseException as error:  # libvips must not see it
            stopped.append(error)
            image.set_kill(True)

    image.set_progress(True)
    image.signal_connect("eval", on_progress)
    return stopped


def interpretation(image: Any) -> str:
    """Names a libvips image's colours by its bands and depth."""
    if image.bands < 3:
        return "grey16" if image.format == "ushort" else "b-w"
    return "rgb16" if image.format == "ushort" else "srgb"


def copy_metadata(source: Any, target: Any) -> Any:
    """Copies EXIF, XMP, IPTC, text, colour profile and resolution from one libvips image to another."""
    target = target.copy(xres=source.xres, yres=source.yres)
    for field in source.get_fields():
        if field.startswith(KEPT_METADATA):
            value = source.get(field)
            if field == "xmp-data":
                value = TURNED.sub(rb"\g<1>1", value)
            target.set_type(source.get_typeof(field), field, value)
    target.set_type(libvips().GValue.gint_type, "orientation", 1)  # the pixels are upright already
    return target
