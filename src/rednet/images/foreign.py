"""Recognise picture files that we cannot read, by their format or as broken, and say what to do.

Source: the magic numbers of the formats' own specifications.
"""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import NamedTuple

from rednet.errors import ImageError
from rednet.images.directories import Directory, read_directory, read_head
from rednet.images.formats import names
from rednet.opening import open_regular

__all__ = ["broken_kind", "check_tiff", "foreign_kind", "is_film"]

DEVELOP = "develop it first (with darktable, RawTherapee or the camera's own program), and restore the TIFF"
AS_PNG = "save it as PNG first"
AS_TIFF = "save it as TIFF first"


class _Kind(NamedTuple):
    """A format that we do not read: its name, how to convert it, and the bytes at a place by which we recognise it."""

    name: str
    way_out: str
    place: int
    marks: tuple[bytes, ...]


HEIC = _Kind(
    "a HEIC photograph",
    "save it as JPEG or PNG first, or let the phone take JPEGs (its setting is called 'most compatible')",
    4,
    (b"ftypheic", b"ftypheix", b"ftypheim", b"ftypheis", b"ftyphevc", b"ftyphevx"),
)
RAW = "a camera's raw file"
KINDS = (
    HEIC,
    _Kind(RAW, DEVELOP, 4, (b"ftypcrx ",)),
    _Kind(RAW, DEVELOP, 0, (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb", b"\0MRM")),
    _Kind(RAW, DEVELOP, 6, (b"HEAPCCDR",)),
    _Kind("a JPEG XL picture", AS_PNG, 0, (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")),
    _Kind("a BMP picture", AS_PNG, 0, (b"BM",)),
    _Kind("a PNM picture (PBM, PGM, PPM, PAM or PFM)", AS_PNG, 0, tuple(b"P%c" % c for c in b"1234567Ff")),
    _Kind("a JPEG 2000 picture", AS_PNG, 0, (b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51")),
    _Kind("a Photoshop document", AS_TIFF, 0, (b"8BPS",)),
    _Kind("a GIMP document", AS_PNG, 0, (b"gimp xcf",)),
    _Kind("an OpenEXR picture", "save it as TIFF of floats first", 0, (b"v/1\x01",)),
    _Kind("a Radiance HDR picture", "save it as TIFF of floats first", 0, (b"#?RADIANCE", b"#?RGBE")),
    _Kind("a FITS file", "save it as TIFF of floats first", 0, (b"SIMPLE  =",)),
    _Kind("a DICOM file", AS_TIFF, 128, (b"DICM",)),
    _Kind("an icon", AS_PNG, 0, (b"\0\0\1\0", b"\0\0\2\0")),
    _Kind("a PDF document", "save its pages as PNG first", 0, (b"%PDF",)),
    _Kind("a drawing of lines (SVG)", "save it as PNG, as large as it is needed", 0, (b"<svg", b"<?xml")),
    _Kind("an animated AVIF picture", "save its frames as files of their own", 4, (b"ftypavis",)),
    _Kind("a film", "save its frames as files of their own", 4, (b"ftypisom", b"ftypmp4", b"ftypqt", b"ftypMSNV")),
    _Kind("a film", "save its frames as files of their own", 0, (b"\x1aE\xdf\xa3",)),
)  # fmt: skip

OWN = {
    "JPEG": re.compile(rb"\xff\xd8\xff"),
    "PNG": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "TIFF": re.compile(rb"II[*+]\0|MM\0[*+]"),
    "WebP": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "AVIF": re.compile(rb".{4}ftyp(avif|avis|mif1|miaf)", re.DOTALL),
    "GIF": re.compile(rb"GIF8"),
}
# Words of libvips about files that are whole.
WHOLE = re.compile(
    r"support|not (configured|implemented|enabled|built)|unknown|limit|exceed|too |memory"
    r"|system error|whole number|not (at least|one of|photometric|\d+ (bits|bands))|bad \w+ format",
    re.IGNORECASE,
)

FIRST_BYTES = 160
MOST_BRANDS = 4096  # bytes
DNG_VERSION, SUB_PICTURES, SUB_KIND, PHOTOMETRIC, MAKER = 50706, 330, 254, 262, 271
MOSAIC = (32803, 34892)  # values of PHOTOMETRIC: a sensor's mosaic, and what was made of it
RAW_MAKERS = (
    b"NIKON",
    b"SONY",
    b"PENTAX",
    b"SAMSUNG",
    b"Hasselblad",
    b"EASTMAN KODAK",
    b"Phase One",
    b"Leaf",
    b"Canon",
)
SMALL = 1  # the lowest bit of SUB_KIND: the page is a small copy of another one
WIDTH, HEIGHT, BITS, COMPRESSION, DESCRIPTION, STRIPS, SAMPLES = 256, 257, 258, 259, 270, 273, 277
METAMORPH = 33629  # has 8 bytes for each picture of a stack
STACKS = re.compile(rb'\A(?:ImageJ=.*^images=|{"shape": \[)(\d+)', re.DOTALL | re.MULTILINE)


def foreign_kind(path: Path) -> str:
    """Return a sentence that names a file's format and how to convert it; empty if the format is unknown."""
    try:
        with open_regular(path) as file:
            first = file.read(FIRST_BYTES)
    except OSError:
        return ""
    for name, way_out, place, marks in KINDS:
        if any(first.startswith(mark, place) for mark in marks):
            return f"it is {name}, which we do not read; {way_out}"
    return ""


def broken_kind(path: Path, reason: str) -> str:
    """Return a sentence that says that a file of our formats is broken, and what to do.

    Args:
        path: of the file.
        reason: libvips' words. If they blame something else, the sentence is empty.
    """
    with open_regular(path) as file:
        first = file.read(FIRST_BYTES)
    name = next((name for name in names() if name in OWN and OWN[name].match(first)), "")
    if not name or WHOLE.search(reason):
        return ""
    return (
        f"its format is {name}, but it breaks off or is damaged; copy it once more from where it is whole, or save "
        "what another program shows of it as a new file"
    )


def is_film(path: Path) -> bool:
    """Tell whether an AVIF file holds a sequence, of which libvips would only read the first frame."""
    with open_regular(path) as file:
        length = int.from_bytes(file.read(4), "big")
        brands = file.read(min(length, MOST_BRANDS) - 4)
    return b"avis" in brands


def check_tiff(path: Path, pages: int) -> None:
    """Raise ImageError if libvips would read a part of a TIFF file alone.

    Such files are a camera's raw file, of which it reads the preview, and a stack of which only the first picture has a
    directory, as ImageJ writes those of more than 4 GB.

    Args:
        path: of the file.
        pages: how many directories it has.
    """
    try:
        with open_regular(path) as file:
            order, big, offset = read_head(file)
            tags, _ = read_directory(file, offset, order, big)
            file.seek(8)
            canon = file.read(2) == b"CR"
            size = file.seek(0, io.SEEK_END)
    except (OSError, ValueError, OverflowError, struct.error):
        return

    def number(tag: int) -> int:
        return int.from_bytes(tags[tag].values[:4], "little") if tag in tags else 0

    maker = tags[MAKER].values if MAKER in tags else b""
    preview = SUB_PICTURES in tags and number(SUB_KIND) & SMALL and maker.startswith(RAW_MAKERS)
    if canon or preview or DNG_VERSION in tags or number(PHOTOMETRIC) in MOSAIC:
        raise ImageError(f"{path} is {RAW}, of which we could read the preview alone; {DEVELOP}")
    pixels = number(WIDTH) * number(HEIGHT) * max(number(SAMPLES), 1) * number(BITS) // 8
    told = _pictures_told(tags)
    if pages == 1 < told and number(COMPRESSION) == 1 and number(STRIPS) + told * pixels <= size:
        raise ImageError(
            f"{path} is a stack of {told} pictures of which only the first has a directory, so we could read that "
            "alone; save it as OME-TIFF, or its pictures as files of their own"
        )


def _pictures_told(tags: Directory) -> int:
    """Return how many pictures a TIFF file holds, as ImageJ, tifffile or MetaMorph tell it; 1 if none of them does."""
    if METAMORPH in tags:
        return len(tags[METAMORPH].values) // 8
    found = STACKS.match(tags[DESCRIPTION].values) if DESCRIPTION in tags else None
    return int(found[1]) if found else 1
