"""The segments of JPEG files that libvips does not copy, and the parts behind the picture.

Source: ITU-T T.81 (1992), annex B; the Multi-Picture Format (CIPA DC-007, 2009); ISO 21496-1 (gain maps).
"""

from __future__ import annotations

import io
import mmap
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from rednet.images.exif import JPEG_START
from rednet.images.front import replace_front
from rednet.images.photoshop import SEGMENT_HEAD
from rednet.images.xmp import FILM
from rednet.opening import open_regular

__all__ = [
    "APP1",
    "END",
    "MOST_SEGMENT",
    "add_segments",
    "join_resources",
    "join_segment",
    "kept_segments",
    "lacks_end",
]

START, END = b"\xff\xd8", b"\xff\xd9"
APP0, APP1, APP2, APP11, APP13, APP14, APP15, COMMENT, SCAN = 0xE0, 0xE1, 0xE2, 0xEB, 0xED, 0xEE, 0xEF, 0xFE, 0xDA
JFIF = b"JFIF\0"
MOST_SEGMENT = 65533  # that a segment holds
EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
# How segments begin that are written anew, or belong to parts of the file that are not kept.
HANDLED = {
    APP1: (b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0", EXTENSION),
    APP2: (b"ICC_PROFILE\0", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"),
    APP11: (b"JP",), APP13: (SEGMENT_HEAD,), APP14: (b"Adobe",),
}  # fmt: skip
CREDENTIALS = b"JP"  # JUMBF, in which C2PA signs the bytes of a picture
GAIN_MAP = (b"urn:iso:std:iso:ts:21496:-1\0", b"http://ns.adobe.com/hdr-gain-map/", b"http://ns.apple.com/HDRGainMap/")
NUMBER_OF_PICTURES, ENTRIES = 0xB001, 0xB002  # tags of the Multi-Picture Format
PREVIEWS = (0x010001, 0x010002)
FILM_MARK = b"ftyp"  # near the beginning of a film
MOST_REST = 1 << 20  # bytes behind the picture that are looked at
NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # neither a stuffed byte, nor a restart, nor a filling


class _Segment(NamedTuple):
    """A segment's marker, and what it holds."""

    marker: int
    content: bytes


def _read_segments(file: BinaryIO) -> Iterator[_Segment]:
    """Yield the segments before the pixels; afterwards, the file stands behind the header of the first scan."""
    file.seek(len(START))
    while byte := file.read(1):
        if byte != b"\xff":
            continue  # stray bytes between segments are passed over, as decoders do
        while (byte := file.read(1)) == b"\xff":
            pass
        if not byte or byte in b"\x00\xd8\xd9":
            continue
        length = int.from_bytes(file.read(2), "big")
        content = file.read(max(length - 2, 0))
        yield _Segment(byte[0], content)
        if byte[0] == SCAN:
            return


def kept_segments(path: Path) -> tuple[bytes, bytes, bytes, list[str]]:
    """Read the segments of a file.

    Returns:
        What JFIF says; Photoshop's resources, joined into one segment even if they take several in the file; the other
        segments that are to be copied; and in words the parts of the file that cannot be kept.
    """
    jfif, resources, kept, lost = b"", b"", b"", []
    with open_regular(path) as file:
        for marker, content in _read_segments(file):
            if marker == APP0 and content.startswith(JFIF):
                jfif = content
            if marker == APP13 and content.startswith(SEGMENT_HEAD):
                resources += content if not resources else content.removeprefix(SEGMENT_HEAD)
            if marker == APP1 and content.startswith(EXTENSION):
                lost.append("the second part of its XMP")
            if marker == APP11 and content.startswith(CREDENTIALS):
                lost.append("content credentials, which hold for the old bytes only")
            if marker == COMMENT or (APP1 <= marker <= APP15 and not content.startswith(HANDLED.get(marker, ()))):
                if JPEG_START in content:
                    lost.append("a preview, which shows the old picture")
                else:
                    kept += join_segment(marker, content)
        file.seek(0)
        lost += _parts_behind(file)
    return jfif, resources, kept, list(dict.fromkeys(lost))


def _parts_behind(file: BinaryIO) -> list[str]:
    """Name in words what lies behind the first picture of a file."""
    gain_map, kinds = False, []
    for marker, content in _read_segments(file):
        gain_map |= marker in (APP1, APP2) and any(words in content for words in GAIN_MAP)
        if marker == APP2 and content.startswith(b"MPF\0"):
            kinds = _kinds_of_pictures(content[4:])[1:]
    if not (gain_map or kinds):
        return _untold_behind(file)
    others = sum(kind not in PREVIEWS for kind in kinds) - gain_map
    lost = ["the gain map, which brightens it on HDR screens"] if gain_map else []
    if others > 0:
        lost.append("the second picture of the file" if others == 1 else f"{others} more pictures of the file")
    return lost


def _untold_behind(file: BinaryIO) -> list[str]:
    """Name in words what lies behind the picture though no index tells of it; nothing for a filling of equal bytes."""
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        end = _find_end(file, content)
        rest = b"" if end is None else content[end : end + MOST_REST]
    if rest == rest[:1] * len(rest):
        return []
    return [FILM if FILM_MARK in rest else "what another program has put behind the picture"]


def _kinds_of_pictures(index: bytes) -> list[int]:
    """Read the kinds of the pictures from an index of the Multi-Picture Format; none if it is broken."""
    try:
        order = {b"II": "<", b"MM": ">"}[index[:2]]
        (place,) = struct.unpack_from(order + "I", index, 4)
        (count,) = struct.unpack_from(order + "H", index, place)
        for start in range(place + 2, place + 2 + 12 * count, 12):
            tag, _, length, values = struct.unpack_from(order + "HHII", index, start)
            if tag == ENTRIES:
                return [n & 0xFFFFFF for (n,) in struct.iter_unpack(order + "I12x", index[values : values + length])]
    except (KeyError, struct.error):
        pass
    return []


def lacks_end(path: Path) -> bool:
    """Tell whether a JPEG file lacks the marker that ends a picture."""
    with open_regular(path) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(size - len(END), 0))
        if size < len(START) or file.read() == END:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _find_end(file, content) is None


def _find_end(file: BinaryIO, content: mmap.mmap) -> int | None:
    """Return where the first picture of a JPEG file ends, behind its last marker; None if it lacks that."""
    for _ in _read_segments(file):
        pass
    place = file.tell()
    while found := NEXT_MARKER.search(content, place):
        place = found.end()
        if found[0] == END:
            return place
        if len(length := content[place : place + 2]) == 2:
            place += int.from_bytes(length, "big")
    return None


def join_segment(marker: int, content: bytes) -> bytes:
    """Make a segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def join_resources(resources: bytes) -> bytes:
    """Make the segments of Photoshop's resources, which begin with their head; as many as they need."""
    content, room = resources.removeprefix(SEGMENT_HEAD), MOST_SEGMENT - len(SEGMENT_HEAD)
    pieces = (content[start : start + room] for start in range(0, len(content), room))
    return b"".join(join_segment(APP13, SEGMENT_HEAD + piece) for piece in pieces)


def add_segments(file: BinaryIO, density: bytes, first: bytes, last: bytes) -> None:
    """Insert segments into a JPEG file that libvips has written.

    Args:
        file: open to read and write.
        density: the fields of the segment JFIF about the resolution, see `Density.jfif`.
        first: further segments to stand before the others, as EXIF has to.
        last: segments to stand behind the others.
    """
    others = b""
    behind = len(START)
    for marker, content in _read_segments(file):
        if not APP0 <= marker <= APP15:
            break
        behind += 4 + len(content)
        others += join_segment(marker, content) if marker != APP0 else b""
    replace_front(file, behind, START + join_segment(APP0, JFIF + b"\1\1" + density + bytes(2)) + first + others + last)
