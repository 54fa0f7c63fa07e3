"""TIFF files of floats of 64 bits, which libvips does not read.

It reads their bytes, though, if the file says that each band is two bands of 32 bits. So such a file is read through a
source that says it, and the halves are joined again.

Source: TIFF 6.0 (1992), sections 2, 14 (Predictor) and 19 (SampleFormat).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, NamedTuple

from rednet.errors import ImageError
from rednet.images.picture import libvips
from rednet.images.tiff_pages import SHORT, Page, read_pages
from rednet.opening import open_regular

__all__ = ["Doubles", "join_halves", "read_doubles"]

BITS, SAMPLES, PLANES, PREDICTOR, FORMAT = 258, 277, 284, 317, 339
DOUBLE, HALF = 64, 32  # bits
UNSIGNED, FLOAT = 1, 3  # values of SampleFormat


class Doubles(NamedTuple):
    """How a file of doubles is read.

    Args:
        patches: bytes to read in the place of those of the file, by where they begin.
        swapped: whether the halves of each double are read in the wrong order.
    """

    patches: dict[int, bytes]
    swapped: bool

    def source(self, path: Path) -> Any:
        """Return a source of libvips for the file."""
        file, source = open_regular(path), libvips().SourceCustom()

        def read(size: int) -> bytes:
            start = file.tell()
            content = bytearray(file.read(size))
            for place, patch in self.patches.items():
                for number, value in enumerate(patch, place - start):
                    if 0 <= number < len(content):
                        content[number] = value
            return bytes(content)

        source.on_read(read)
        source.on_seek(file.seek)
        return source

    def join(self, image: Any) -> Any:
        """Return a libvips image of such a source with the halves joined."""
        if self.swapped:
            first, *others = (image[number ^ 1] for number in range(image.bands))
            image = first.bandjoin(others).copy(interpretation=image.interpretation)
        return join_halves(image)


def join_halves(image: Any) -> Any:
    """Return a libvips image of floats of 64 bits, made of one with two bands of 32 bits for each."""
    return image.copy(bands=image.bands // 2, format="double")


def read_doubles(path: Path) -> Doubles | None:
    """Return how a file is read, if it is a TIFF of floats of 64 bits; None if it is anything else.

    Raises:
        ImageError: the doubles lie in planes or behind a predictor, so that their halves cannot be told apart.
    """
    pages = read_pages(path)
    if not any(page.first(BITS) == DOUBLE and page.first(FORMAT) == FLOAT for page in pages):
        return None
    patches = {}
    for page in pages:
        bands = page.first(SAMPLES, 1)
        plain = page.first(PREDICTOR, 1) == 1 and (bands == 1 or page.first(PLANES, 1) == 1)
        if not plain or not page.entries.keys() >= {BITS, SAMPLES, FORMAT}:
            raise ImageError(
                f"{path} holds floats of 64 bits in planes or behind a predictor, which we do not read; save it "
                "without, or with floats of 32 bits"
            )
        for tag, value in ((BITS, HALF), (SAMPLES, 2 * bands), (FORMAT, UNSIGNED)):
            patches[page.entries[tag]] = _entry(page, tag, value)
    return Doubles(patches, pages[0].order == ">")


def _entry(page: Page, tag: int, value: int) -> bytes:
    """Write an entry of a directory, with one value."""
    return struct.pack(
        page.order + ("HHQHHI" if page.big else "HHIHH"), tag, SHORT, 1, value, *[0] * (2 if page.big else 1)
    )
