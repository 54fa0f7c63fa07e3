"""A place for EXIF in WebP and AVIF files: libvips reserves it, and our block is written into it.

libvips adds a resolution and other values to each EXIF block that it writes, gives an animation the height of all
frames together, and drops tags that are in no standard. So it gets a block that holds a long description alone, and
ours replaces it in the file.

Source: Exif 2.32 (CIPA DC-008, 2019), section 4.5.
"""

from __future__ import annotations

import mmap
import struct
from typing import BinaryIO

from rednet.images.exif import HEAD

__all__ = ["fill_reserved", "reserved_block"]

MARK = b"This place is reserved for EXIF, and nothing else. "
DESCRIPTION, ASCII = 270, 2
NEAR = 4096  # bytes before the description among which the block begins


def reserved_block(length: int) -> bytes:
    """Return an EXIF block that takes no less room in a file than one of `length` bytes."""
    words = MARK * (length // len(MARK) + 1) + b"\0"
    row = struct.pack("<HHII", DESCRIPTION, ASCII, len(words), 8 + 2 + 12 + 4)
    return HEAD + b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + row + bytes(4) + words


def fill_reserved(file: BinaryIO, block: bytes) -> None:
    """Write a block over the one that `reserved_block` made for it, in a file that is open to read and write."""
    file.flush()
    with mmap.mmap(file.fileno(), 0) as content:
        first = content.find(MARK)
        start = content.rfind(HEAD, max(first - NEAR, 0), first)
        end = first + len(reserved_block(len(block))) - len(reserved_block(0)) + len(MARK)
        content[start:end] = block.ljust(end - start, b"\0")
