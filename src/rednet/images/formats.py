"""The formats of picture files: one table, a row a format.

Reading, writing, folders, the service, the page, and the texts that name formats look here. A new format is a new row,
and a special case in `reading.py` or `encoding.py` only where libvips' loader or saver needs one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = [
    "FORMATS",
    "MAX_MEGAPIXELS",
    "Format",
    "format_of",
    "format_of_loader",
    "in_words",
    "kernel_files",
    "kernel_formats",
    "loaders",
    "names",
    "output_ending",
    "read_endings",
    "written_endings",
    "written_formats",
]

MAX_MEGAPIXELS = 500.0  # larger pictures are refused before they are decoded, unless the caller raises the limit


@dataclass(frozen=True)
class Format:
    """A format, and what its files can hold.

    Args:
        name: as people call it.
        endings: of file names, lower case, with the dot; the usual one first.
        loader: the libvips operation that reads it, without what stands behind the underscore.
        saver: the libvips operation that writes it; None for a format that is only read.
        media: its MIME type.
        more_endings: of files that are read; a result gets the usual ending instead.
        depths: of the whole numbers and floats that it holds, ascending.
        float_depth: the depth of a result where floats are not held.
        gray: whether it has gray pictures; else they are written as RGB.
        alpha: whether it has transparency.
        pages: whether a file can hold several pages.
        animated: whether its pages are the frames of an animation.
        data: whether a file can hold bands that are neither colours nor transparency.
        metadata: what its files can tell besides EXIF, XMP and a profile, which all can.
        longest_side: px; None if no picture is too large.
        lossy: whether it is written with a quality, 1 to 100.
        saving: libvips' options for writing it.
        browsers: whether browsers show it.
        first_bytes: with one of which a file begins, of formats that a kernel can be drawn in.
    """

    name: str
    endings: tuple[str, ...]
    loader: str
    saver: str | None
    media: str
    more_endings: tuple[str, ...] = ()
    depths: tuple[str, ...] = ("uint8",)
    float_depth: str = "uint8"
    gray: bool = True
    alpha: bool = True
    pages: bool = False
    animated: bool = False
    data: bool = False
    metadata: tuple[str, ...] = ()
    longest_side: int | None = None
    lossy: bool = False
    saving: Mapping[str, Any] = field(default_factory=dict)
    browsers: bool = True
    first_bytes: tuple[bytes, ...] = ()

    def written_depth(self, depth: str) -> str:
        """Return the depth at which a picture of the given depth is written."""
        if depth in self.depths:
            return depth
        return self.float_depth if depth.startswith("float") else self.depths[-1]

    def lack(
        self, *, width: int, height: int, alpha: bool, pages: int = 1, animated: bool = False, data: bool = False
    ) -> str:
        """Return in words why a file cannot hold such a picture; nothing if it can."""
        if alpha and not self.alpha:
            return f"{self.name} has no transparency"
        if data and not self.data:
            return f"{self.name} has no bands besides gray or RGB and transparency"
        if pages > 1 and not self.pages:
            if animated:
                return f"the picture is an animation of {pages} frames, and {self.name} holds none"
            return f"{self.name} holds one page and there are {pages}"
        if self.longest_side is not None and max(width, height) > self.longest_side:
            return f"{self.name} holds {self.longest_side} px a side, not {width}x{height}"
        return ""


ALL_DEPTHS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")
FULL_COLOUR = {"subsample_mode": "off"}  # 4:4:4

FORMATS: tuple[Format, ...] = (
    Format(
        "JPEG", (".jpg", ".jpeg"), "jpegload", "jpegsave", "image/jpeg", more_endings=(".jpe", ".jfif"),
        alpha=False, metadata=("IPTC", "segments"), longest_side=65500, lossy=True,
        saving=FULL_COLOUR,  # better coding would need the whole picture in memory
    ),
    Format(
        "PNG", (".png",), "pngload", "pngsave", "image/png", depths=("uint8", "uint16"), float_depth="uint16",
        metadata=("chunks",), first_bytes=(b"\x89PNG",),
    ),
    Format(
        "TIFF", (".tif", ".tiff"), "tiffload", "tiffsave", "image/tiff", depths=ALL_DEPTHS, float_depth="float32",
        pages=True, data=True, metadata=("IPTC", "tags"), saving={"compression": "deflate"}, browsers=False,
        first_bytes=(b"II", b"MM"),
    ),
    Format(
        "WebP", (".webp",), "webpload", "webpsave", "image/webp", gray=False, pages=True, animated=True,
        metadata=("timing",), longest_side=16383, lossy=True, saving={"exact": True},
    ),
    Format(
        "AVIF", (".avif",), "heifload", "heifsave", "image/avif", depths=("uint8", "uint16"), gray=False,
        longest_side=16384, lossy=True, saving={**FULL_COLOUR, "compression": "av1"},
    ),
    Format("GIF", (".gif",), "gifload", None, "image/gif", pages=True, animated=True),
)  # fmt: skip
INSTEAD = ".png"  # the ending of a result whose own format we do not write


def format_of(ending: str) -> Format | None:
    """Return the format of files with an ending, in any case; None if we know none."""
    ending = ending.lower()
    return next((row for row in FORMATS if ending in row.endings + row.more_endings), None)


def format_of_loader(loader: str) -> Format | None:
    """Return the format that a libvips operation reads, whether from a file, a source or memory; None if none of ours.

    Example:
        >>> format_of_loader("heifload_source").name
        'AVIF'
    """
    return next((row for row in FORMATS if row.loader == loader.partition("_")[0]), None)


def loaders() -> tuple[str, ...]:
    """Return the libvips operations that may read files."""
    return tuple(row.loader for row in FORMATS)


def written_formats() -> tuple[Format, ...]:
    """Return the formats that we write."""
    return tuple(row for row in FORMATS if row.saver is not None)


def written_endings() -> tuple[str, ...]:
    """Return the endings of files that we write: `.jpg`, `.jpeg`, `.png`, ..."""
    return tuple(ending for row in written_formats() for ending in row.endings)


def read_endings() -> tuple[str, ...]:
    """Return the endings of files that are taken for pictures in a folder; elsewhere the content decides."""
    return tuple(ending for row in FORMATS for ending in row.endings + row.more_endings)


def kernel_formats() -> tuple[Format, ...]:
    """Return the formats that a kernel can be drawn in."""
    return tuple(row for row in FORMATS if row.first_bytes)


def kernel_files() -> str:
    """Return in words how the names of files end that hold a kernel: `.png, .tif or .npy`."""
    return in_words([*(row.endings[0] for row in kernel_formats()), ".npy"])


def output_ending(ending: str) -> str:
    """Return the ending of the result of a file with an ending: the same, if we write such files.

    Example:
        >>> output_ending(".TIF"), output_ending(".jfif"), output_ending(".gif"), output_ending(".dat")
        ('.TIF', '.jpg', '.png', '.png')
    """
    if ending.lower() in written_endings():
        return ending
    row = format_of(ending)
    return INSTEAD if row is None or row.saver is None else row.endings[0]


def names(rows: Iterable[Format] | None = None) -> tuple[str, ...]:
    """Return the names of formats; of all, if none are given."""
    return tuple(row.name for row in (FORMATS if rows is None else rows))


def in_words(parts: Iterable[str], joint: str = "or") -> str:
    """Join words with commas, the last two with another word.

    Example:
        >>> in_words(["JPEG", "WebP", "AVIF"])
        'JPEG, WebP or AVIF'
    """
    *first, last = parts
    return f"{', '.join(first)} {joint} {last}" if first else last
