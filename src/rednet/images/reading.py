"""Files to pictures: upright, in gray or RGB, page by page and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError
from rednet.forking import check_threads
from rednet.images.chunks import png_frames
from rednet.images.colour import Range, cmyk_to_srgb, settle_profile
from rednet.images.doubles import read_doubles
from rednet.images.exif import JPEG_START
from rednet.images.foreign import broken_kind, check_tiff, foreign_kind, is_film
from rednet.images.formats import MAX_MEGAPIXELS, Format, format_of_loader, in_words, names
from rednet.images.layout import ALPHA, Layout, tiff_layout, usual_layout
from rednet.images.metadata import DEPTHS, attach_metadata, mark_cmyk, mark_turned
from rednet.images.picture import WHITE, Colours, Picture, from_array, libvips
from rednet.images.segments import END, lacks_end
from rednet.images.tiff_pages import EXTRA_SAMPLES, Page, read_pages
from rednet.opening import open_regular
from rednet.stopping import check_stop
from rednet.warning import warn

__all__ = ["MAX_MEGAPIXELS", "PictureFile", "Rows", "is_folder", "read_picture"]

Array = NDArray[Any]

IN_MEMORY_MEGAPIXELS = 100.0  # the same for a picture that is read as a whole
MAX_PAGES = 10_000
UNKNOWN_KIND, SYSTEM_ERROR = "not in a known format", "system error"  # libvips' words
PLAIN_WORDS = {  # for libvips' words
    "samples out of range": "its values have more than 32 bits and are no floats of 64; save them with 8 to 32 bits",
    "not a whole number of bytes": "a value or a pixel of it does not fill whole bytes; save it with 8 or 16 bits",
    "bad labq format": "its colours are Lab; convert it to RGB first",
}
COLOURS = ("b-w", "grey16", "srgb", "rgb", "rgb16", "scrgb", "multiband", "cmyk")
PREMULTIPLIED, STRAIGHT = ALPHA  # libvips divides colours by the first kind, which becomes the second one
GRAY = ("b-w", "grey16", "multiband")
STRIP = 128  # rows that are fetched at once: libvips copies them twice


class PictureFile:
    """A picture file that is open: what it is, and its pages.

    Its colours are handled by these rules. Gray stays gray and RGB stays RGB, whatever the profile. A palette becomes
    the RGB that it shows. CMYK becomes sRGB, by the profile in the file, or else by libvips' own for CMYK. A profile
    that is broken is left out, with a warning in the log. Other colours (Lab) are refused. Bands of a TIFF beyond the
    colours are data, unless the file calls one of them transparency. Pages of a TIFF that are smaller copies or masks
    of others are left out, with a warning in the log.

    Args:
        path: of a file in a format of `rednet.images.formats`; its content decides, not its name.
        max_megapixels: larger files, all pages together, are refused before they are decoded.
        value_range: the values that are black and white; None for those of the type.

    Raises:
        ImageError: the file is missing, unreadable, not a picture, broken, too large, an animated PNG, or its type
            needs a range.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_megapixels: float = MAX_MEGAPIXELS,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        path = Path(path)
        check_readable(path)
        self.path, self.doubles = path, read_doubles(path)
        with one_line(path):
            self.mended = mended_jpeg(path)
            first = self.open(None)
            self.format = self.known_format(first)
            self.kind = self.format.name
            if (self.kind == "PNG" and png_frames(path) > 1) or (self.kind == "AVIF" and is_film(path)):
                raise ImageError(
                    f"{path} is animated, and of {self.kind} only the first frame can be read; save the frames as "
                    "files of their own"
                )
            if self.kind == "TIFF":
                check_tiff(path, first.get_n_pages())
            self.numbers, directory = self.settle_pages(first.get_n_pages())
            self.pages = len(self.numbers)
            if self.numbers[0]:
                first = self.open(self.numbers[0])
            self.check_size(first, 1, max_megapixels)
            if self.pages > MAX_PAGES:
                raise ImageError(f"{path} has {self.pages} pages; at most {MAX_PAGES} can be restored")
            self.header = self.page_image(0)
            self.header = attach_metadata(self.header, path, self.kind, self.numbers)
            self.height: int = self.header.height
            self.width: int = self.header.width
            self.bands: int = self.header.bands
            if self.header.format not in DEPTHS:
                raise ImageError(
                    f"{path} holds values of the type {self.header.format}; convert it to whole numbers or floats of 8 "
                    "to 32 bits"
                )
            self.depth = DEPTHS[self.header.format]
            self.layout = self.settle_layout(directory)
            self.check_size(self.header, len(self.layout.groups), max_megapixels)
            self.channels = self.layout.channels
            self.colours = self.settle_colours(value_range)

    @property
    def ending(self) -> str:
        """The usual end of the name of a file of this kind."""
        return self.format.endings[0]

    @property
    def animated(self) -> bool:
        """Whether its pages are the frames of an animation."""
        return self.format.animated and self.pages > 1

    @property
    def megapixels(self) -> float:
        """Of all pages together."""
        return self.width * self.height * self.pages / 1e6

    def open(self, page: int | None, access: str = "sequential") -> Any:
        """Open a page; nothing is decoded yet. Each page has a file descriptor of its own."""
        vips = libvips()
        check_threads("libvips", ImageError)
        options: dict[str, Any] = {"access": access, "fail_on": "error"}
        if page is not None:
            options["page"] = page
        if self.mended:
            source = vips.Source.new_from_memory(self.mended)
            options["fail_on"] = "warning"  # else an end that comes too early would leave the rest gray
        elif self.doubles is not None:
            source = self.doubles.source(self.path)
        else:
            with open_regular(self.path) as file:
                source = vips.Source.new_from_descriptor(file.fileno())
        image = vips.Image.new_from_source(source, "", **options)
        self.known_format(image)
        return image if self.doubles is None else self.doubles.join(image)

    def known_format(self, image: Any) -> Format:
        """Return the format that an image was read from; raise ImageError if it is none of ours."""
        loader = str(image.get("vips-loader")) if image.get_typeof("vips-loader") else ""
        found = format_of_loader(loader)
        if found is None:
            raise ImageError(f"{self.path} is of a kind that we do not read; use {in_words(names())}")
        return found

    def page_image(self, page: int) -> Any:
        """Open a page, turned upright and in gray or RGB; not decoded yet."""
        number = self.numbers[page] if self.numbers != range(1) else None
        image = self.open(number)
        if image.interpretation not in COLOURS:
            raise ImageError(f"{self.path} is in the colours {image.interpretation}; convert it to RGB first")
        if image.get_typeof("orientation") and image.get("orientation") not in (0, 1):
            image = self.open(number, access="random").autorot()  # needs the whole, so libvips may use a temporary file
            image = mark_turned(image)
        if image.interpretation == "cmyk":
            image = mark_cmyk(cmyk_to_srgb(image, str(self.path)))
        return image

    def check_size(self, image: Any, groups: int, max_megapixels: float) -> None:
        """Raise ImageError if all pages together are too large; bands that are restored one by one count each."""
        megapixels = image.width * image.height * self.pages * groups / 1e6
        if megapixels > max_megapixels:
            bands = f" in {self.bands} bands" if groups > 1 else ""
            raise ImageError(
                f"{self.path} has {megapixels:.0f} megapixels{bands}; the limit is {max_megapixels:g}; "
                "raise max_megapixels if the file is trusted",
                option="max_megapixels",
            )

    def settle_pages(self, count: int) -> tuple[Sequence[int], Page | None]:
        """Return the numbers of the pages that are pictures of their own, and what a TIFF says of the first of them."""
        pages = read_pages(self.path)[:count] if self.kind == "TIFF" else []
        beside = {number for number, page in enumerate(pages) if page.beside}
        own: Sequence[int] = range(count)
        if 0 < len(beside) < count:
            own = [number for number in range(count) if number not in beside]
        if len(own) < count:
            warn(
                f"{count - len(own)} of the {count} pages of {self.path} are smaller copies or masks of others, and "
                "are left out; make them again if you need them"
            )
        return own, pages[own[0]] if own[0] < len(pages) else None

    def settle_layout(self, page: Page | None) -> Layout:
        """Decide what the bands are, and keep in the header what a TIFF says of those beyond the colours."""
        if page is None:
            return usual_layout(self.bands)
        layout = tiff_layout(self.bands, page.extra, rgb=self.header.interpretation not in GRAY)
        if page.extra is not None:
            extra = [
                STRAIGHT if number == 0 and value == PREMULTIPLIED else value for number, value in enumerate(page.extra)
            ]
            self.header = self.header.copy()
            self.header.set_type(libvips().GValue.gstr_type, EXTRA_SAMPLES, ",".join(map(str, extra)))
        return layout

    def settle_colours(self, value_range: tuple[float, float] | None) -> Colours | None:
        """Decide what the values mean."""
        if value_range is not None:
            return Range(*value_range, whole=not self.depth.startswith("float"))
        if self.depth not in WHITE:
            raise ImageError(
                f"{self.path} is of {self.depth}, which has no white of its own: say which range its values have, from "
                "black to white",
                option="range",
            )
        if not self.layout.plain:
            return None
        self.header, profile = settle_profile(self.header, self.channels, str(self.path))
        return profile

    def rows(self, page: int = 0) -> Rows:
        """Open a page for reading from top to bottom.

        Raises:
            ImageError: its size or type is not that of the first page.
        """
        with one_line(self.path):
            image = self.page_image(page)
        if (image.height, image.width, image.bands, image.format) != (
            self.height, self.width, self.bands, self.header.format,
        ):  # fmt: skip
            raise ImageError(
                f"{self.path}: page {page + 1} is {image.width}x{image.height} px, {image.bands} bands of "
                f"{image.format}, unlike page 1; save the pages as files of their own"
            )
        return Rows(self.path, image, self.depth)

    def picture(self, levels: Array) -> Picture:
        """Take levels as they stand in the file, (h, w, bands), as a picture.

        Raises:
            ImageError: they are not finite, or floats far above white.
        """
        try:
            return replace(from_array(levels, self.colours, self.layout), header=self.header)
        except ImageError as error:
            raise ImageError(f"{self.path}: {error}", option=error.option) from None

    def read(self, page: int = 0) -> Picture:
        """Read a whole page."""
        return self.picture(self.rows(page).read(slice(0, self.height)))


class Rows:
    """The rows of a page, read once from top to bottom; the last ones are remembered, for halos.

    Args:
        path: for messages.
        image: of libvips, opened for sequential reading.
        depth: of the levels to give.
    """

    def __init__(self, path: Path, image: Any, depth: str) -> None:
        self.path, self.image, self.depth = path, image, depth
        self.region = libvips().Region.new(image)
        self.start = self.stop = 0
        self.kept: Array = np.empty((0, image.width, image.bands), depth)

    def read(self, rows: slice) -> Array:
        """Return rows that begin no higher than the last ones did: (h, W, bands) of the file's depth."""
        kept = self.kept[rows.start - self.start :] if rows.start < self.stop else self.kept[:0]
        top = max(self.stop, rows.start)
        parts = [kept]
        with one_line(self.path):
            parts += [self.fetch(slice(t, min(t + STRIP, rows.stop))) for t in range(top, rows.stop, STRIP)]
        self.kept = np.concatenate(parts) if len(parts) > 1 else kept
        self.start, self.stop = rows.start, rows.stop
        return self.kept

    def fetch(self, rows: slice) -> Array:
        """Decode some rows; ask before whether to go on."""
        check_stop()
        height, width, bands = rows.stop - rows.start, self.image.width, self.image.bands
        content = self.region.fetch(0, rows.start, width, height)
        return np.frombuffer(content, self.depth).reshape(height, width, bands)


def mended_jpeg(path: Path) -> bytes:
    """Return the bytes of a JPEG file with the marker at its end that it lacks; empty for any other file."""
    with open_regular(path) as file:
        if file.read(len(JPEG_START)) != JPEG_START or not lacks_end(path):
            return b""
        file.seek(0)
        return file.read().removesuffix(END[:1]) + END


def is_folder(path: Path) -> bool:
    """Return whether a path leads to a folder; raise ImageError if we may not know."""
    try:
        return path.is_dir()
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def check_readable(path: Path) -> None:
    """Make sure that a file exists and is not empty.

    Raises:
        ImageError: there is not.
    """
    if is_folder(path):
        raise ImageError(f"{path} is a folder; give a picture file")
    try:
        with open_regular(path) as file:
            empty = not file.read(1)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ImageError(f"cannot read {str(path)!r}: {error}") from error
    if empty:
        raise ImageError(f"{path} is empty (0 bytes)")


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Turn libvips' error about a file into one line."""
    try:
        yield
    except libvips().Error as error:
        reasons = str(error.detail or error.message).strip().splitlines() or ["unknown reason"]
        reason = reasons[-1]
        if UNKNOWN_KIND in reason:
            reason = broken_kind(path, "") or f"it is none of {', '.join(names())}"
        elif SYSTEM_ERROR in reason:
            temporary = "; set TMPDIR to another folder for temporary files" if "write" in str(error.detail) else ""
            raise ImageError(f"cannot read {path}: {'; '.join(reasons)}{temporary}") from None
        else:
            plain = (words for known, words in PLAIN_WORDS.items() if known in reason)
            reason = next(plain, "") or broken_kind(path, reason) or reason
        reason = foreign_kind(path) or reason
        raise ImageError(f"{path} is not a picture that can be read: {reason}") from None
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror}") from error


def read_picture(
    path: str | Path, *, max_megapixels: float = IN_MEMORY_MEGAPIXELS, value_range: tuple[float, float] | None = None
) -> Picture:
    """Read a picture file of one page, turned upright.

    Args:
        path, max_megapixels, value_range: see `PictureFile`.

    Raises:
        ImageError: the file is missing, unreadable, not a picture, broken, truncated, too large, or has pages.
    """
    file = PictureFile(path, max_megapixels=max_megapixels, value_range=value_range)
    if file.pages > 1:
        pages = "frames" if file.animated else "pages"
        raise ImageError(f"{path} has {file.pages} {pages}; read them one by one with rednet.images.PictureFile")
    return file.read()
