"""What libvips does not read of the pages of a TIFF file: which are copies, and what the bands beyond the colours are.

Source: TIFF 6.0 (1992), sections 2, 7 (NewSubfileType) and 18 (ExtraSamples); the BigTIFF design (libtiff, 2007).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rednet.opening import open_regular

__all__ = ["EXTRA_SAMPLES", "SHORT", "Page", "read_pages", "write_extra_samples"]

EXTRA_SAMPLES = "rednet-extra-samples"  # our name, among the metadata of a libvips image, for the tag's values
NEW_SUBFILE, OLD_SUBFILE, EXTRA = 254, 255, 338
BESIDE = 1 | 4  # NewSubfileType: a copy of lower resolution, a mask of transparency
OLD_REDUCED = 2  # the same in SubfileType
SHORT, FORMS = 3, {3: "H", 4: "I"}  # types of the values that are read here
MOST_PAGES = 20_000
MOST_TAGS = 1024
MOST_VALUES = 1024


class Page(NamedTuple):
    """A directory of a TIFF file.

    Args:
        order: "<" or ">", of all its numbers.
        big: whether the file is a BigTIFF.
        entries: where the entry of each tag lies in the file.
        values: of each tag of whole numbers.
        places: where these values lie.
    """

    order: str
    big: bool
    entries: dict[int, int]
    values: dict[int, tuple[int, ...]]
    places: dict[int, int]

    def first(self, tag: int, usual: int = 0) -> int:
        """Return the first value of a tag; the usual one without the tag."""
        return (self.values.get(tag) or (usual,))[0]

    @property
    def beside(self) -> bool:
        """Whether it is a thumbnail, a smaller copy or a mask of another page."""
        return bool(self.first(NEW_SUBFILE) & BESIDE) or self.first(OLD_SUBFILE) == OLD_REDUCED

    @property
    def extra(self) -> tuple[int, ...] | None:
        """What the bands beyond the colours are; None if the file does not say it."""
        return self.values.get(EXTRA)


def read_pages(path: Path) -> list[Page]:
    """Read the directories of a file, in their order; none if it is no TIFF.

    They end where the file is broken, of which libvips tells.
    """
    with open_regular(path) as file:
        return list(_pages(file))


def write_extra_samples(file: BinaryIO, extra: Sequence[int]) -> None:
    """Say in a TIFF file that libvips has written what its bands beyond the colours are.

    Args:
        file: opened to read and write. libvips has called all these bands transparency.
        extra: a value for each of them.
    """
    for page in list(_pages(file)):
        if page.extra is not None and len(page.extra) == len(extra):
            file.seek(page.places[EXTRA])
            file.write(struct.pack(f"{page.order}{len(extra)}H", *extra))


def _pages(file: BinaryIO) -> Iterator[Page]:
    """Read one directory after the other."""
    file.seek(0)
    head = file.read(16)
    if head[:2] not in (b"II", b"MM"):
        return
    order = "<" if head[:2] == b"II" else ">"
    seen: set[int] = set()
    try:
        big = struct.unpack_from(f"{order}H", head, 2) == (43,)
        (offset,) = struct.unpack_from(f"{order}Q" if big else f"{order}I", head, 8 if big else 4)
        while offset and offset not in seen and len(seen) < MOST_PAGES:
            seen.add(offset)
            page, offset = _page(file, offset, order, big)
            yield page
    except (struct.error, OSError, OverflowError, ValueError):
        return


def _page(file: BinaryIO, offset: int, order: str, big: bool) -> tuple[Page, int]:
    """Read a directory; return it, and where the next one lies."""
    pointer, counter, entry = ("Q", "Q", "HHQ8s") if big else ("I", "H", "HHI4s")
    size, room = struct.calcsize(f"{order}{entry}"), struct.calcsize(pointer)
    file.seek(offset)
    (count,) = _unpack(file, order + counter)
    start = file.tell()
    rows = [_unpack(file, order + entry) for _ in range(min(count, MOST_TAGS))]
    file.seek(start + count * size)
    (following,) = _unpack(file, order + pointer)
    page = Page(order, big, {row[0]: start + number * size for number, row in enumerate(rows)}, {}, {})
    for tag, kind, number, inside in rows:
        if kind not in FORMS or number > MOST_VALUES:
            continue
        form, place = f"{order}{number}{FORMS[kind]}", page.entries[tag] + size - room
        if struct.calcsize(form) > room:
            (place,) = struct.unpack(order + pointer, inside)
        file.seek(place)
        page.values[tag], page.places[tag] = _unpack(file, form), place
    return page, following


def _unpack(file: BinaryIO, form: str) -> tuple[Any, ...]:
    """Read values of a form of `struct`."""
    return struct.unpack(form, file.read(struct.calcsize(form)))
