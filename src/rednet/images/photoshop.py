"""Photoshop's resources: the blocks in which JPEG and TIFF files keep IPTC, and more.

JPEG holds all of them in one segment. TIFF holds them in a tag, and IPTC in a tag of its own besides. Inside rednet
they are as in JPEG.

Source: Adobe Photoshop File Formats Specification, "Image Resources"; IPTC-IIM 4.2.
"""

from __future__ import annotations

import struct

__all__ = ["SEGMENT_HEAD", "from_tiff", "iptc_of", "without_copies"]

SEGMENT_HEAD = b"Photoshop 3.0\0"
SIGNATURE = b"8BIM"
IPTC, IPTC_DIGEST = 0x0404, 0x0425
THUMBNAILS = (0x0409, 0x040C)
COPIES = (0x0422, 0x0423, 0x0424)  # EXIF and XMP once more
Resource = tuple[int, bytes, bytes]  # number, name with its length and padding, content


def from_tiff(resources: bytes, iptc: bytes) -> bytes:
    """Join two tags of a TIFF file into one segment as in JPEG; return nothing if both are empty."""
    kept = [r for r in _split(resources) if r[0] not in (IPTC, IPTC_DIGEST)] if iptc else _split(resources)
    kept += [(IPTC, b"\0\0", iptc.rstrip(b"\0"))] if iptc else []
    return _joined(kept)


def without_copies(segment: bytes) -> bytes:
    """Return a segment without thumbnails, which show the old picture, and without copies of EXIF and XMP."""
    found = _split(segment.removeprefix(SEGMENT_HEAD))
    return _joined([resource for resource in found if resource[0] not in (*THUMBNAILS, *COPIES)])


def iptc_of(segment: bytes) -> bytes:
    """Return the IPTC data alone; empty if there are none."""
    return next((content for number, _, content in _split(segment.removeprefix(SEGMENT_HEAD)) if number == IPTC), b"")


def _split(resources: bytes) -> list[Resource]:
    """Take resources apart; what follows a broken one is left out."""
    found, start = [], 0
    while resources[start : start + 4] == SIGNATURE and start + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, start + 4)
        name_length = resources[start + 6] + 1
        behind = start + 6 + name_length + name_length % 2
        if behind + 4 > len(resources):
            break
        (length,) = struct.unpack_from(">I", resources, behind)
        content = resources[behind + 4 : behind + 4 + length]
        if len(content) < length:
            break
        found.append((number, resources[start + 6 : behind], content))
        start = behind + 4 + length + length % 2
    return found


def _joined(resources: list[Resource]) -> bytes:
    """Join resources into a segment; empty if there are none."""
    parts = [
        SIGNATURE
        + struct.pack(">H", number)
        + name
        + struct.pack(">I", len(content))
        + content
        + bytes(len(content) % 2)
        for number, name, content in resources
    ]
    return SEGMENT_HEAD + b"".join(parts) if parts else b""
