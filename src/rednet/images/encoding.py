"""Pictures to bytes: what each format can hold, how it is compressed, and which metadata go with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from rednet.errors import ImageError
from rednet.forking import check_threads
from rednet.images.exif import Outcome
from rednet.images.formats import Format, format_of, in_words, written_endings, written_formats
from rednet.images.layout import ALPHA
from rednet.images.metadata import EXIF, Metadata, was_turned
from rednet.images.picture import libvips
from rednet.images.saving import Saving
from rednet.images.tiff_pages import EXTRA_SAMPLES, write_extra_samples
from rednet.stopping import asker

__all__ = ["check_format", "encode", "losses", "written_format"]

CLASSIC_TIFF = 3_900_000_000  # bytes of pixels; more may not fit the 32-bit offsets of a classic TIFF
GRAY = ("b-w", "grey16", "multiband")
SIZES = {"char": 1, "uchar": 1, "short": 2, "ushort": 2, "double": 8}  # bytes; 4 of the others
DEEP_AVIF = 12  # bits


def written_format(ending: str, path: Path | None = None) -> Format:
    """Return the format that the ending of an output's name asks for; raise ImageError if we write none such."""
    known = written_endings()
    row = format_of(ending)
    if row is None or ending.lower() not in known:
        raise ImageError(f"cannot write {path or 'the picture'}: the name must end in one of {', '.join(known)}")
    return row


def check_format(
    path: Path, *, width: int, height: int, alpha: bool, pages: int = 1, animated: bool = False, data: bool = False
) -> None:
    """Make sure that the format of a name can hold a picture.

    Args:
        path: the name.
        width, height: px.
        alpha: it has transparency.
        pages: how many it has.
        animated: they are the frames of an animation.

    Raises:
        ImageError: it is unknown, or has no transparency, no pages, no bands of data, or no room.
    """

    def lack(row: Format) -> str:
        return row.lack(width=width, height=height, alpha=alpha, pages=pages, animated=animated, data=data)

    missing = lack(written_format(path.suffix, path))
    if missing:
        able = [row.endings[0] for row in written_formats() if not lack(row) and row.animated >= animated]
        raise ImageError(f"cannot write {path}: {missing}; use {in_words(able)}")


def encode(image: Any, header: Any, file: BinaryIO, row: Format, saving: Saving, *, pages: int = 1) -> None:
    """Encode a picture into an open file.

    Args:
        image: a libvips image, gray or RGB; the pages one below the other.
        header: the libvips image that holds the metadata to be kept, or None.
        file: open to read and write, empty.
        row: the format, one that is written.
        saving: how it is saved.
        pages: how many pages the picture has.

    Raises:
        pyvips.Error: libvips cannot encode it.
        ImageError: the process was forked from one that had used libvips.
    """
    vips = libvips()
    check_threads("libvips", ImageError)
    page = image.height // pages
    outcome = outcome_of(header, image.width, page, None if saving.strip_metadata else saving.software)
    metadata = Metadata(header, row, outcome, strip=saving.strip_metadata)
    image = metadata.put_on(image.copy(interpretation=interpretation(image, header)))
    if pages > 1:
        image.set_type(vips.GValue.gint_type, "page-height", page)
    options: dict[str, Any] = {"keep": kept_by_libvips(image, saving), **row.saving}
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
    metadata.finish(file, image)


def outcome_of(header: Any, width: int, height: int, software: str | None = None) -> Outcome:
    """Return how a page was changed: its new size, its scale, and whether it was turned."""
    scale = 1 if header is None else max(1, round(width / header.width))
    return Outcome(width, height, scale, was_turned(header), software)


def losses(header: Any, row: Format, *, scale: int, strip: bool) -> list[str]:
    """Name in words which metadata of a picture's file the result cannot have.

    Args:
        header: the libvips image that holds its metadata, or None.
        row: the format of the result.
        scale: how many times as large the result is.
        strip: metadata are to be dropped.
    """
    if header is None:
        return []
    outcome = outcome_of(header, header.width * scale, header.get_page_height() * scale)
    return Metadata(header, row, outcome, strip=strip).lost()


def kept_by_libvips(image: Any, saving: Saving) -> str:
    """Return the kinds of metadata that libvips writes by itself, as its option `keep`."""
    if saving.strip_metadata:
        return "icc"
    return "all" if image.get_typeof(EXIF) else "xmp|iptc|icc|other"


def heed_stop(image: Any) -> list[BaseException]:
    """Make the computation of a libvips image stop on request; the returned list gets the error that has stopped it."""
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
    """Return libvips' name for the colours of an image, from its bands and depth; for data, that of the file."""
    if image.bands < 3 or (header is not None and header.get_typeof(EXTRA_SAMPLES) and header.interpretation in GRAY):
        return "grey16" if image.format == "ushort" else "b-w"
    return "rgb16" if image.format == "ushort" else "srgb"
