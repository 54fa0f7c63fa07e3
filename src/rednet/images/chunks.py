"""The chunks of PNG files, which libvips changes or leaves out: text, colours, and others.

Source: PNG, third edition (W3C, 2025), sections 5.3, 11.3 and 14.2.
"""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rednet.images.exif import JPEG_START, Outcome
from rednet.images.front import replace_front
from rednet.opening import open_regular

__all__ = ["COLOURS", "PHYSICAL", "Chunk", "add_chunks", "chunks_in", "join_chunks", "kept_chunks", "png_frames"]

HEAD_BYTES = 13  # of IHDR
SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Written anew by libvips or by us, or about the old file's own arrangement.
STRUCTURE = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"sBIT", b"hIST", b"sPLT", b"iCCP", b"eXIf", b"acTL")
COLOURS = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"mDCv", b"cLLI", b"cLLi")  # what pixel values mean
OTHER = (b"pHYs", b"bKGD", b"sTER", b"pCAL", b"sCAL", b"oFFs", b"tIME", b"tEXt", b"zTXt", b"iTXt")
XMP = b"XML:com.adobe.xmp\0"  # the text chunk that holds XMP, which libvips reads and writes
COPY = b"Raw profile type "  # text chunks in which older programs keep EXIF, XMP and IPTC, in hexadecimal
SCALED = b"sCAL"  # the size of a pixel in metres or radians
BACKGROUND_BYTES = {1: 2, 2: 2, 3: 6, 4: 6}  # of a colour, by the bands of a picture
LOST = {b"caBX": "content credentials, which hold for the old bytes only"}
PHYSICAL = b"pHYs"  # the chunk that tells the resolution
MOST_BYTES = 16_000_000  # of chunks that are kept
TOO_LONG = "text and other chunks of more than 16 MB"


class Chunk(NamedTuple):
    """A chunk's type, and what it holds."""

    kind: bytes
    content: bytes


def png_frames(path: Path) -> int:
    """Count the frames of a PNG file, which libvips does not; look only at what stands before the first one."""
    with open_regular(path) as file:
        for chunk in _read_chunks(file, stop=b"IDAT", most=MOST_BYTES):
            if chunk.kind == b"acTL":
                return int.from_bytes(chunk.content[:4], "big")
    return 1


def _read_chunks(file: BinaryIO, stop: bytes = b"IEND", most: int = sys.maxsize) -> Iterator[Chunk]:
    """Yield the chunks before one of type `stop`, without the pixels; of a chunk of more bytes the first `most` + 1."""
    place = len(SIGNATURE)
    file.seek(place)
    while len(head := file.read(8)) == 8 and head[4:] != stop:
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind != b"IDAT":
            yield Chunk(kind, file.read(min(length, most + 1)))
        place += 8 + length + len(b"CRC4")
        file.seek(place)


def kept_chunks(path: Path) -> tuple[bytes, list[str]]:
    """Read the chunks that are to be copied, joined, and name what cannot be kept."""
    kept, lost, bits = list[Chunk](), [], 8
    with open_regular(path) as file:
        for chunk in _read_chunks(file, most=MOST_BYTES):
            if chunk.kind == b"IHDR" and len(chunk.content) == HEAD_BYTES:
                bits = chunk.content[8]
            if chunk.kind in STRUCTURE or (chunk.kind == b"iTXt" and chunk.content.startswith(XMP)):
                continue
            text = chunk.kind in (b"tEXt", b"zTXt", b"iTXt")
            if text and chunk.content.startswith(COPY):
                lost.append("EXIF or IPTC that an older program has put into a text chunk")
            elif JPEG_START in chunk.content:
                lost.append("a preview, which shows the old picture")
            elif len(chunk.content) > MOST_BYTES:
                lost.append(TOO_LONG)
            elif chunk.kind in COLOURS + OTHER or _safe_to_copy(chunk.kind):
                kept.append(_in_8_bits(chunk, bits))
            else:
                lost.append(
                    LOST.get(chunk.kind, f"the PNG chunk {chunk.kind.decode('latin-1')!r}, which may not be copied")
                )
    if sum(len(chunk.content) for chunk in kept) > MOST_BYTES:
        kept = [chunk for chunk in kept if chunk.kind in (*COLOURS, PHYSICAL)]
        lost.append(TOO_LONG)
    return join_chunks(kept), list(dict.fromkeys(lost))


def _in_8_bits(chunk: Chunk, bits: int) -> Chunk:
    """Return a chunk as it is right for 8 bits, as which libvips reads fewer: a gray background is another number."""
    if chunk.kind != b"bKGD" or bits >= 8 or len(chunk.content) != BACKGROUND_BYTES[1]:
        return chunk
    return Chunk(chunk.kind, struct.pack(">H", min(int.from_bytes(chunk.content, "big") * 255 // (2**bits - 1), 255)))


def _safe_to_copy(kind: bytes) -> bool:
    """Tell whether a chunk may be copied by programs that do not know it: the last letter of its type is small."""
    return kind.isalpha() and kind[3:].islower()


def join_chunks(chunks: list[Chunk]) -> bytes:
    """Join chunks as they stand in a file."""
    return b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def chunks_in(content: bytes) -> list[Chunk]:
    """Take joined chunks apart."""
    found, place = [], 0
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        found.append(Chunk(content[place + 4 : place + 8], content[place + 8 : place + 8 + length]))
        place += 12 + length
    return found


def add_chunks(file: BinaryIO, kept: bytes, exif: bytes, bands: int, outcome: Outcome, *, known_dpi: bool) -> None:
    """Put EXIF and the chunks of the old file into a PNG file that libvips has written.

    Args:
        file: open to read and write.
        kept: chunks of the old file, joined.
        exif: a block without `Exif` before it; empty for none.
        bands: of the new picture.
        outcome: what the picture has become.
        known_dpi: keep the resolution that libvips has written, if the old file's chunks tell none.
    """
    old = [_renewed(chunk, outcome) for chunk in chunks_in(kept) if _fits(chunk, bands)]
    kinds = {chunk.kind for chunk in old}
    file.seek(0)
    written = list(_read_chunks(file, stop=b"IDAT"))
    end = len(SIGNATURE) + sum(12 + len(chunk.content) for chunk in written)
    stay = [c for c in written if c.kind not in kinds or c.kind in (b"iTXt",)]
    stay = [c for c in stay if c.kind != b"pHYs" or known_dpi]
    head, *others = stay
    camera = [Chunk(b"eXIf", exif)] if exif else []
    # Colours stand before a palette and the pixels; a reader that knows several trusts the first: cICP, then iCCP.
    colours = sorted((c for c in old if c.kind in COLOURS), key=lambda c: c.kind != b"cICP")
    rest = [c for c in old if c.kind not in COLOURS]
    replace_front(file, end, SIGNATURE + join_chunks([head, *colours, *others, *camera, *rest]))


def _fits(chunk: Chunk, bands: int) -> bool:
    """Tell whether a chunk suits a picture of so many bands: a background has as many values as a colour."""
    return chunk.kind != b"bKGD" or len(chunk.content) == BACKGROUND_BYTES.get(bands)


def _renewed(chunk: Chunk, outcome: Outcome) -> Chunk:
    """Correct a chunk: pixels of an enlarged picture are smaller."""
    if chunk.kind != SCALED or outcome.scale == 1:
        return chunk
    try:
        width, height = (float(part) / outcome.scale for part in chunk.content[1:].split(b"\0")[:2])
    except ValueError:
        return chunk
    return Chunk(SCALED, chunk.content[:1] + f"{width:.9g}\0{height:.9g}".encode())
