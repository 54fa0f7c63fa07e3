"""Pictures to bytes: what each format can hold, how it is compressed, and which metadata go with it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, BinaryIO

from rednet.errors import ImageError
from rednet.forking import check_threads
from rednet.images.colour import PROFILE
from rednet.images.formats import Format, format_of, in_words, written_endings, written_formats
from rednet.images.layout import ALPHA
from rednet.images.picture import libvips
from rednet.images.saving import Saving
from rednet.images.tiff_pages import EXTRA_SAMPLES, write_extra_samples
from rednet.images.tiff_tags import append_tags
from rednet.stopping import asker

__all__ = ["check_format", "encode", "written_format"]

KEPT_METADATA = ("exif-", PROFILE, "xmp-data", "iptc-data", "png-comment-", "image-description", "resolution-unit",
                 "delay", "loop")  # fmt: skip
CLASSIC_TIFF = 3_900_000_000  # bytes of pixels; more may not fit the 32-bit offsets of a classic TIFF
GRAY = ("b-w", "grey16", "multiband")
SIZES = {"char": 1, "uchar": 1, "short": 2, "ushort": 2, "double": 8}  # bytes; 4 of the others
DEEP_AVIF = 12  # bits
TURNED = re.compile(rb"""(tiff:Orientation(?:\s*=\s*["']|>)\s*)[2-8]""")  # XMP's own orientation, in its two notations


def written_format(ending: str, path: Path | None = None) -> Format:
    """Return the format that the ending of an output's name asks for; raise ImageError if we write none such."""
    known = written_endings()
    row = format_of(ending)
    if row is None or ending.lower() not in known:
        raise ImageError(f"cannot write {path or 'the picture'}: the name must end in one of {', '.join(known)}")
    return row


def check_format(path: Path, *, width: int, height: int, alpha: bool, pages: int = 1, data: bool = False) -> None:
    """Make sure that the format of a name can hold a picture.

    Raises:
        ImageError: it is unknown, or has no transparency, no pages, no bands of data, or no room.
    """

    def lack(row: Format) -> str:
        return row.lack(width=width, height=height, alpha=alpha, pages=pages, data=data)

    missing = lack(written_format(path.suffix, path))
    if missing:
        able = [row.endings[0] for row in written_formats() if not lack(row)]
        raise ImageError(f"cannot write {path}: {missing}; use {in_words(able)}")


def encode(image: Any, header: Any, file: BinaryIO, row: Format, saving: Saving, *, pages: int = 1) -> None:
    """Encodes a picture into an open file.

    Args:
        image: of libvips, gray or RGB; the pages one below the other.
        header: a libvips image whose metadata are kept, or None.
        file: opened to read and write, empty.
        row: the format, one that is written.
        saving: how.
        pages: how many pages the picture has.

    Raises:
        pyvips.Error: libvips cannot.
        ImageError: the process was forked from one that had used libvips.
    """
    vips = libvips()
    check_threads("libvips", ImageError)
    image = image.copy(interpretation=interpretation(image, header))
    if header is not None:
        image = copy_metadata(header, image)
        if image.bands < 3 and not row.gray and image.get_typeof(PROFILE):
            image.remove(PROFILE)
    if saving.software and not saving.strip_metadata:
        text = f"{saving.software} (text, ASCII, {len(saving.software)} components)"  # libvips cuts at the last " ("
        image.set_type(vips.GValue.gstr_type, "exif-ifd0-Software", text)
    if pages > 1:
        image.set_type(vips.GValue.gint_type, "page-height", image.height // pages)
    options: dict[str, Any] = {"keep": "icc" if saving.strip_metadata else "all", **row.saving}
    if row.lossy:
        options["Q"] = saving.quality
    if row.name == "AVIF" and image.format == "ushort":
        options["bitdepth"] = DEEP_AVIF
    if row.name == "TIFF":
        size = image.width * image.height * image.bands * SIZES.get(image.format, 4)
        whole = image.format not in ("float", "double")  # few readers know the predictor of floats
        options |= {"predictor": "horizontal" if whole else "none", "bigtiff": size > CLASSIC_TIFF}
    target = vips.Target.new_to_descriptor(file.fileno())
    stopped = heed_stop(image)
    try:
        getattr(image, f"{row.saver}_target")(target, **options)
    except vips.Error:
        if stopped:
            raise stopped[0] from None
        raise
    if row.name == "TIFF" and header is not None and header.get_typeof(EXTRA_SAMPLES):
        extra = [int(value) for value in header.get(EXTRA_SAMPLES).split(",")]
        if image.bands < header.bands:  # the transparency has been used up
            extra = [value for value in extra if value not in ALPHA]
        write_extra_samples(file, extra)
    if row.name == "TIFF" and not saving.strip_metadata:
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


def interpretation(image: Any, header: Any) -> str:
    """Name a libvips image's colours by its bands and depth; bands of data by those of the file that they come from."""
    if image.bands < 3 or (header is not None and header.get_typeof(EXTRA_SAMPLES) and header.interpretation in GRAY):
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
