"""Correct XMP packets after a restoration, and remove properties of parts of a file that are not kept.

A packet is RDF in XML. It is edited as text, property by property, so that all else in it stays as it is to the byte.

Source: XMP specification, part 1 (ISO 16684-1); the Ultra HDR and Motion Photo formats (Android).
"""

from __future__ import annotations

import re

from rednet.images.exif import Outcome

__all__ = ["FILM", "REGIONS", "parts_told", "renew_xmp"]

# Properties that describe what lies behind or beside the picture: gain map, film, extension, small copies.
GAIN_MAP = (rb"hdrgm:\w+", rb"HDRGainMap:\w+", rb"apdi:\w+")
BESIDE = (
    *GAIN_MAP, rb"Container:\w+", rb"GContainer:\w+", rb"GCamera:MotionPhoto\w*", rb"GCamera:MicroVideo\w*",
    rb"Camera:MotionPhoto\w*", rb"Camera:MicroVideo\w*", rb"xmpNote:HasExtendedXMP", rb"GDepth:\w+", rb"GImage:\w+",
    rb"xmp:Thumbnails", rb"xap:Thumbnails",
)  # fmt: skip
FILM = "the film behind the picture"
REGIONS = rb"mwg-rs:Regions"  # of faces, in shares of the sides: right until the picture is turned
SIDES = (
    (rb"(?:tiff:ImageWidth|exif:PixelXDimension)", "width"),
    (rb"(?:tiff:ImageLength|exif:PixelYDimension)", "height"),
)


def renew_xmp(packet: bytes, outcome: Outcome) -> bytes:
    """Correct an XMP packet for a restored picture.

    Args:
        packet: as it stands in a file.
        outcome: what the picture has become.

    Returns:
        The packet with the new size and no orientation, without what describes a gain map, a film behind the picture,
        depth, or a small copy of the old picture.
    """
    packet = _with_value(packet, rb"tiff:Orientation", b"1")
    for name, side in SIDES:
        packet = _with_value(packet, name, str(getattr(outcome, side)).encode())
    for name in (*BESIDE, *([REGIONS] if outcome.turned else [])):
        packet = _without(packet, name)
    return packet


def parts_told(packet: bytes) -> list[str]:
    """Name in words the parts of a file beside the picture that its XMP packet describes."""
    film = re.search(rb"Camera:(MotionPhoto|MicroVideo)\s*(=\s*[\"']|>)\s*1", packet)
    depth = re.search(rb"GDepth:\w|Item:Semantic\s*=\s*[\"']Depth", packet)
    return [words for words, found in ((FILM, film), ("the depth map", depth)) if found]


def _with_value(packet: bytes, name: bytes, value: bytes) -> bytes:
    """Set a property that is there, in either notation of RDF."""
    notations = (rb"(\s" + name + rb"\s*=\s*[\"'])[^\"'<]*", rb"(<" + name + rb"\s*>)[^<]*")
    for notation in notations:
        packet = re.sub(notation, lambda found: found[1] + value, packet)
    return packet


def _without(packet: bytes, name: bytes) -> bytes:
    """Remove a property, in either notation of RDF."""
    packet = re.sub(rb"<(" + name + rb")\b[^>]*(?:/>|(?<!/)>.*?</\1\s*>)", b"", packet, flags=re.DOTALL)
    return re.sub(rb"\s(?:" + name + rb")\s*=\s*(?:\"[^\"]*\"|'[^']*')", b"", packet)
