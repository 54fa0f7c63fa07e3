"""The tags of TIFF files, most of which libvips neither reads nor writes.

The tags are read page by page, kept beside the picture, and appended to the file that libvips has
written. Tags about how pixels are laid out are left to libvips. EXIF, which in all other formats is a block of its own
with the same kind of directories, moves between the two.

Source: TIFF 6.0 (1992), section 2; Exif 2.32, section 4.6.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rednet.images.density import RESOLUTION
from rednet.images.directories import LONG, SIZES, Directory, Tag, read_directory, read_head
from rednet.images.exif import JPEG_START
from rednet.opening import open_regular

__all__ = [
    "DESCRIPTION", "IPTC_DATA", "PHOTOSHOP", "SOFTWARE", "FileTags", "append_tags", "as_exif",
    "from_exif", "in_exif", "main_tags", "pack_pages", "read_tags", "unpack_pages", "without_long",
]  # fmt: skip

EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965  # directories below
DESCRIPTION, SOFTWARE, XMP, IPTC_DATA, PHOTOSHOP, PROFILE = 270, 305, 700, 33723, 34377, 34675
PLAIN_TAGS = 32768  # tags from here on are those of programs and fields of work
BESIDE_PLAIN = (33432, *range(40091, 40096))  # copyright; title, comment, author, keywords and subject of Windows
CURVES = 301  # of TIFF alone: a value for each level
# How the pixels of the old file lie, and what libvips reads and writes.
LAYOUT = {
    *range(254, 267), 273, 274, *range(277, 282), 284, *range(288, 294), 297, 317, *range(320, 329), *range(332, 348),
    *range(512, 533), EXIF, GPS, INTEROPERABILITY, XMP, IPTC_DATA, PHOTOSHOP, PROFILE,
}  # fmt: skip
LOST = {
    330: "further pictures below the page (smaller copies, say)",
    37724: "the layers of Photoshop, which show the old picture",
}
POINTERS = (13, 18)  # types of tags that say where a directory lies
BYTES = (1, 7)  # types in which programs keep what they like
MOST_DESCRIPTION = 60_000  # bytes that an EXIF block may take of one; the block ends at 64 KiB in a JPEG
LONG_TAG = 4096  # bytes
MOST_KEPT = 64_000_000  # bytes of tags, all pages together
LAST_OFFSET = 1 << 32


class FileTags(NamedTuple):
    """The tags of a file.

    Args:
        pages: each page's tags that are copied.
        exif: what EXIF has a place for, of the first page: its directory, the camera's, the place's.
        photoshop: resources of the first page, as they stand in their tag.
        iptc: IPTC data of the first page.
        big_endian: the file's byte order, in which programs may have written what is in their tags.
        lost: in words, what cannot be kept.
    """

    pages: list[Directory]
    exif: tuple[Directory, Directory, Directory]
    photoshop: bytes
    iptc: bytes
    big_endian: bool
    lost: list[str]


def read_tags(path: Path, pages: Sequence[int]) -> FileTags | None:
    """Read the tags of a TIFF file; return None if it is broken.

    Args:
        path: of the file.
        pages: the numbers of the pages whose tags are read, from 0 on, in the order of the result's pages.
    """
    found = dict.fromkeys(pages, Directory())
    lost: list[str] = []
    with open_regular(path) as file:
        try:
            order, big, offset = read_head(file)
            first: Directory = {}
            size = 0
            for number in range(max(pages) + 1):
                directory, offset = read_directory(file, offset, order, big)
                if number == pages[0]:
                    first = directory
                if number in found:
                    found[number] = _copied(directory, lost)
                    size += sum(len(tag.values) for tag in found[number].values())
                if size > MOST_KEPT:
                    return FileTags([], ({}, {}, {}), b"", b"", False, [*lost, "its tags, of more than 64 MB"])
                if not offset:
                    break
            camera, place = (_read_below(file, first, number, order, big) for number in (EXIF, GPS))
        except (struct.error, OSError, OverflowError, ValueError):
            return None
    common = {number: tag for number, tag in _copied(first, []).items() if in_exif(number)}
    photoshop, iptc = (first[tag].values if tag in first else b"" for tag in (PHOTOSHOP, IPTC_DATA))
    return FileTags(
        list(found.values()), (common, camera, place), photoshop, iptc, order == ">", list(dict.fromkeys(lost))
    )


def in_exif(number: int) -> bool:
    """Tell whether a tag of a TIFF file goes into EXIF, too."""
    return number in BESIDE_PLAIN or (number < PLAIN_TAGS and number not in (*RESOLUTION, CURVES))


def _read_below(file: BinaryIO, directory: Directory, number: int, order: str, big: bool) -> Directory:
    """Read the directory that a tag of another one leads to; empty if there is none, or if it is broken."""
    pointer = directory.get(number)
    start = int.from_bytes(pointer.values[:8], "little") if pointer else 0
    try:
        below = read_directory(file, start, order, big)[0] if start else {}
    except (struct.error, OverflowError, ValueError):
        return {}
    return {tag: value for tag, value in below.items() if tag != INTEROPERABILITY}


def _copied(directory: Directory, lost: list[str]) -> Directory:
    """Return the tags that are copied, and add to `lost` what cannot be."""
    kept = {}
    for number, tag in directory.items():
        if number in LOST:
            lost.append(LOST[number])
        elif tag.kind in BYTES and JPEG_START in tag.values and number not in LAYOUT:
            lost.append("a preview, which shows the old picture")
        elif number not in LAYOUT and tag.kind not in POINTERS:
            kept[number] = tag
    return kept


def pack_pages(pages: Sequence[Directory]) -> bytes:
    """Write the tags of pages as one piece of bytes."""
    blocks = [_write_block((page, {}, {})) for page in pages]
    return b"".join(struct.pack("<I", len(block)) + block for block in blocks)


def unpack_pages(content: bytes) -> Iterator[Directory]:
    """Yield what was packed by `pack_pages`."""
    place = 0
    while place < len(content):
        (length,) = struct.unpack_from("<I", content, place)
        yield _parse_block(content[place + 4 : place + 4 + length])[0]
        place += 4 + length


def as_exif(exif: tuple[Directory, Directory, Directory]) -> bytes:
    """Write what EXIF has a place for as its block, without a description that is very long; empty for nothing."""
    main, camera, place = exif
    if DESCRIPTION in main and len(main[DESCRIPTION].values) > MOST_DESCRIPTION:
        main = {number: tag for number, tag in main.items() if number != DESCRIPTION}
    return _write_block((main, camera, place)) if main or camera or place else b""


def from_exif(block: bytes) -> tuple[Directory, Directory, Directory]:
    """Read from an EXIF block what TIFF has a place for; nothing if it is broken."""
    try:
        main, camera, place = _parse_block(block.removeprefix(b"Exif\0\0"))
    except (struct.error, ValueError):
        return {}, {}, {}
    return {number: tag for number, tag in _copied(main, []).items() if number not in RESOLUTION}, camera, place


def without_long(exif: tuple[Directory, Directory, Directory]) -> tuple[Directory, Directory, Directory]:
    """Return directories without their long tags, as a maker's notes are."""
    main, camera, place = ({n: tag for n, tag in tags.items() if len(tag.values) <= LONG_TAG} for tags in exif)
    return main, camera, place


def main_tags(block: bytes) -> Directory:
    """Read the first directory of an EXIF block; nothing if it is broken."""
    try:
        return _parse_block(block.removeprefix(b"Exif\0\0"))[0]
    except (struct.error, ValueError):
        return {}


def _parse_block(block: bytes) -> tuple[Directory, Directory, Directory]:
    """Read a block of directories; raise struct.error or ValueError if it is broken."""
    file = io.BytesIO(block)
    order, big, offset = read_head(file)
    main, _ = read_directory(file, offset, order, big)
    return main, _read_below(file, main, EXIF, order, big), _read_below(file, main, GPS, order, big)


def _write_block(exif: tuple[Directory, Directory, Directory]) -> bytes:
    """Write directories as a little-endian TIFF without a picture: the content of an EXIF block."""
    file = io.BytesIO()
    entries, end = _append_values(file, file.write(b"II*\0" + bytes(4)), exif, False)
    file.write(_directory_bytes(entries, False))
    file.seek(4)
    file.write(struct.pack("<I", end))
    return file.getvalue()


def append_tags(
    file: BinaryIO, pages: Sequence[Directory], camera: Directory, place: Directory, drop: Sequence[int] = ()
) -> bool:
    """Add tags to a little-endian TIFF file that is already written.

    Args:
        file: open to read and write.
        pages: tags for each page, which replace the page's own; pages beyond get none.
        camera, place: EXIF's directories for the first page.
        drop: tags that pages which get some lose.

    Returns:
        Whether there was room for all: a file with offsets of 32 bits ends at 4 GB.
    """
    file.seek(0)
    head = file.read(16)
    big = head[2:4] == b"\x2b\x00"
    at, form, pointer_form, size = (8, "<Q", "<Q", 20) if big else (4, "<H", "<I", 12)
    (offset,) = struct.unpack_from(pointer_form, head, at)
    for number, tags in enumerate(pages):
        file.seek(offset)
        (count,) = struct.unpack(form, file.read(struct.calcsize(form)))
        rows = [file.read(size) for _ in range(count)]
        entries = {int.from_bytes(row[:2], "little"): row for row in rows}
        entries = {tag: row for tag, row in entries.items() if tag not in drop}
        following = file.read(struct.calcsize(pointer_form))
        end = file.seek(0, io.SEEK_END)
        end += file.write(b"\0" * (end % 2))
        below = (camera, place) if number == 0 else ({}, {})
        added, end = _append_values(file, end, (tags, *below), big)
        content = _directory_bytes({**entries, **added}, big, following)
        if not big and end + len(content) >= LAST_OFFSET:
            return False
        file.write(content)
        file.seek(at)
        file.write(struct.pack(pointer_form, end))
        at = end + len(content) - len(following)
        (offset,) = struct.unpack(pointer_form, following)
        if not offset:
            break
    return True


def _append_values(
    file: BinaryIO, end: int, exif: tuple[Directory, Directory, Directory], big: bool
) -> tuple[dict[int, bytes], int]:
    """Write all that does not fit into the first directory; return that one's entries, and the new end."""
    entries: dict[int, bytes] = {}
    for tag, value in exif[0].items():
        entries[tag], end = _append_entry(file, end, tag, value, big)
    for number, below in ((EXIF, exif[1]), (GPS, exif[2])):
        if below and end < LAST_OFFSET:  # readers expect a pointer of 32 bits
            rows = {}
            for tag, value in below.items():
                rows[tag], end = _append_entry(file, end, tag, value, big)
            pointer = Tag(LONG, struct.pack("<I", end))
            end += file.write(_directory_bytes(rows, big))
            entries[number], end = _append_entry(file, end, number, pointer, big)
    return entries, end


def _append_entry(file: BinaryIO, end: int, tag: int, value: Tag, big: bool) -> tuple[bytes, int]:
    """Write a tag's values at the end of the file if they are long; return its directory entry and the new end."""
    count = len(value.values) // SIZES[value.kind]
    room, form = (8, "<HHQ") if big else (4, "<HHI")
    if len(value.values) <= room:
        return struct.pack(form, tag, value.kind, count) + value.values.ljust(room, b"\0"), end
    entry = struct.pack(form, tag, value.kind, count) + struct.pack(
        "<Q" if big else "<I", end % (1 << (64 if big else 32))
    )
    return entry, end + file.write(value.values + b"\0" * (len(value.values) % 2))


def _directory_bytes(entries: Mapping[int, bytes], big: bool, following: bytes = b"") -> bytes:
    """Join entries into a directory, and the place of the one that follows, if any."""
    rows = b"".join(entries[tag] for tag in sorted(entries))
    return struct.pack("<Q" if big else "<H", len(entries)) + rows + (following or bytes(8 if big else 4))
