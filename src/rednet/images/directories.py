"""Directories of tags: how TIFF files, and the EXIF blocks in all other files, list what they tell.

Source: TIFF 6.0 (1992), section 2; the BigTIFF design (libtiff, 2007).
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

__all__ = ["LONG", "SHORT", "SIZES", "Directory", "Tag", "read_directory", "read_head", "turned"]

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
WORDS = {kind: min(size, 4) if kind in (5, 10) else size for kind, size in SIZES.items()}  # bytes that turn together
SHORT, LONG = 3, 4
MOST_TAGS = 512
MOST_BYTES = 16_000_000  # a tag; OME-XML of a large stack takes megabytes


class Tag(NamedTuple):
    """A tag's type, and its values in little-endian order."""

    kind: int
    values: bytes


Directory = dict[int, Tag]


def read_head(file: BinaryIO) -> tuple[str, bool, int]:
    """Read the head of a TIFF file or an EXIF block.

    Returns:
        The byte order as `struct` names it, whether it is a BigTIFF, and where the first directory lies.

    Raises:
        ValueError, struct.error: there is no such head.
    """
    file.seek(0)
    head = file.read(16)
    orders = {b"II": "<", b"MM": ">"}
    if head[:2] not in orders:
        raise ValueError("neither II nor MM")
    order = orders[head[:2]]
    (version,) = struct.unpack_from(order + "H", head, 2)
    big = version == 43
    (offset,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    return order, big, offset


def read_directory(file: BinaryIO, offset: int, order: str, big: bool) -> tuple[Directory, int]:
    """Read a directory, and where the next one lies (0 if there is none); raise struct.error if the file ends first."""
    entry_form, room, pointer_form = ("HHQ", 8, "Q") if big else ("HHI", 4, "I")
    file.seek(offset)
    count_form = order + ("Q" if big else "H")
    (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
    size = struct.calcsize("<" + entry_form) + room
    content = file.read(size * min(count, MOST_TAGS))
    pointer = file.read(room) if count <= MOST_TAGS else b""
    (following,) = struct.unpack(order + pointer_form, pointer) if len(pointer) == room else (0,)
    found: Directory = {}
    for start in range(0, len(content) - size + 1, size):
        tag, kind, number = struct.unpack_from(order + entry_form, content, start)
        length = number * SIZES.get(kind, 0)
        if kind not in SIZES or length > MOST_BYTES:
            continue
        values = content[start + size - room : start + size][:length]
        if length > room:
            (place,) = struct.unpack_from(order + pointer_form, content, start + size - room)
            file.seek(place)
            values = file.read(length)
        if len(values) == length:
            found[tag] = Tag(kind, turned(values, kind) if order == ">" else values)
    return found, following


def turned(values: bytes, kind: int) -> bytes:
    """Return values of a type in the other byte order."""
    size = WORDS.get(kind, 1)
    return b"".join(values[i : i + size][::-1] for i in range(0, len(values), size))
