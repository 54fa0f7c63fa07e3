"""Correct the tags of science: values of ImageJ, OME and GeoTIFF that are in pixels.

Source: ImageJ, `ij.io.TiffDecoder`; the OME-XML schema of 2016-06; OGC GeoTIFF 1.1 (2019), section 7; GDAL's driver
GTiff.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from fractions import Fraction

from rednet.images.density import RESOLUTION
from rednet.images.directories import Directory, Tag
from rednet.images.exif import Outcome
from rednet.images.tiff_tags import DESCRIPTION

__all__ = ["renew_tags", "science_in"]

IMAGEJ_COUNTS, IMAGEJ_BLOCKS = 50838, 50839
IMAGEJ_REGIONS = (b"roi ", b"over")
IMAGEJ_WORDS = {b"info": 2, b"labl": 2, b"prop": 2, b"rang": 8}  # bytes that turn together in the other byte order
PIXEL_SCALE, TIE_POINTS, TRANSFORM, GEO_KEYS = 33550, 33922, 34264, 34735
GEO = (PIXEL_SCALE, TIE_POINTS, TRANSFORM, GEO_KEYS, 34736, 34737, 50844)
RPC = 50844  # how a satellite saw the ground
RPC_PLACES, RPC_SIZES = (2, 3), (7, 8)  # its numbers in pixels: offsets and scales of line and sample
GDAL_METADATA = 42112
RASTER_TYPE, IS_POINT = 1025, 2  # a GeoTIFF's key: coordinates are of the centres of pixels, not of their corners
PIXELS = r"<(?:\w+:)?Pixels\b[^>]*>"  # the element of OME-XML that describes them
OME_TYPES = {"float32": "float", "float64": "double"}  # others have the same name as here


def science_in(directory: Directory) -> list[str]:
    """Name in words which scientific tags of a page no other format can hold."""
    description = _text_of(directory)
    found = {
        "ImageJ's sizes and labels": description.startswith("ImageJ="),
        "OME-XML": _is_ome(description),
        "the place on the ground (GeoTIFF)": any(tag in directory for tag in GEO),
    }
    return [words for words, there in found.items() if there]


def renew_tags(directory: Directory, outcome: Outcome, depth: str, *, big_endian: bool) -> tuple[Directory, list[str]]:
    """Correct the tags of a page for a restored picture.

    Args:
        directory: a page's tags.
        outcome: what the picture has become.
        depth: in which it is written.
        big_endian: the byte order of the file that they come from; they are written in the other one.

    Returns:
        The tags, and in words what had to be left out.
    """
    lost = []
    tags = dict(directory)
    description = _text_of(tags)
    scale = outcome.scale
    if _is_ome(description):
        description, more = _renew_ome(description, outcome, depth)
        tags[DESCRIPTION] = Tag(2, description.encode() + b"\0")
        lost += more
    if scale > 1 and (description.startswith("ImageJ=") or _is_ome(description)):
        for number in RESOLUTION[:2]:  # it means the size of pixels here, not that of a print
            if number in tags and len(tags[number].values) == 8:
                tags[number] = Tag(tags[number].kind, _larger(tags[number].values, scale))
    if IMAGEJ_BLOCKS in tags and IMAGEJ_COUNTS in tags:
        lost += _renew_imagej(tags, big_endian, without_regions=scale > 1 or outcome.turned)
    if outcome.turned and any(number in tags for number in GEO):
        tags = {number: tag for number, tag in tags.items() if number not in GEO}
        lost.append("the place on the ground (GeoTIFF), as the picture was turned")
    elif scale > 1:
        _renew_place(tags, scale)
    if GDAL_METADATA in tags:  # statistics of the old values
        words = re.sub(rb"<Item name=\"STATISTICS_[^>]*>[^<]*</Item>\s*", b"", tags[GDAL_METADATA].values)
        tags[GDAL_METADATA] = tags[GDAL_METADATA]._replace(values=words)
    return tags, lost


def _text_of(directory: Directory) -> str:
    """Return the description of a page."""
    tag = directory.get(DESCRIPTION)
    return tag.values.rstrip(b"\0").decode("utf-8", "replace") if tag else ""


def _is_ome(description: str) -> bool:
    """Tell whether a description is OME-XML."""
    return description.rstrip().endswith("OME>") and re.search(PIXELS, description) is not None


def _renew_ome(words: str, outcome: Outcome, depth: str) -> tuple[str, list[str]]:
    """Set sizes, type and byte order of the pixels in OME-XML; regions, which are in pixels, go if those change."""
    told = {"SizeX": outcome.width, "SizeY": outcome.height, "BigEndian": "false", "Type": OME_TYPES.get(depth, depth)}

    def renewed(found: re.Match[str]) -> str:
        start = found[0]
        for name, value in told.items():
            start = re.sub(rf"(\s{name}=[\"'])[^\"']*", rf"\g<1>{value}", start)
        return re.sub(
            r"(\sPhysicalSize[XY]=[\"'])([^\"']*)", lambda size: size[1] + _shrunk(size[2], outcome.scale), start
        )

    words = re.sub(PIXELS, renewed, words)
    if outcome.scale == 1 and not outcome.turned:
        return words, []
    without = re.sub(
        r"<((?:\w+:)?ROI)\b[^>]*(?:/>|(?<!/)>.*?</\1\s*>)|<(?:\w+:)?ROIRef\b[^>]*/>", "", words, flags=re.DOTALL
    )
    return without, ["OME's regions, which are in pixels"] if without != words else []


def _shrunk(number: str, scale: int) -> str:
    """Divide a number in a text; leave it as it is if it is none."""
    try:
        return number if scale == 1 else repr(float(number) / scale)
    except ValueError:
        return number


def _larger(rational: bytes, scale: int) -> bytes:
    """Multiply a fraction of two numbers of 32 bits."""
    above, below = struct.unpack("<II", rational)
    share = Fraction(above * scale, below or 1)
    if share.numerator >= 1 << 32:
        share = share.limit_denominator(max(1, share.denominator // scale))
    return struct.pack("<II", min(share.numerator, (1 << 32) - 1), share.denominator)


def _renew_imagej(tags: Directory, big_endian: bool, *, without_regions: bool) -> list[str]:
    """Turn ImageJ's own blocks into little-endian order; leave regions out that are in pixels of another size."""
    block = tags[IMAGEJ_BLOCKS].values
    sizes = [n for (n,) in struct.iter_unpack("<I", tags[IMAGEJ_COUNTS].values)]
    order = ">" if big_endian else "<"
    lost = []
    try:
        kinds = list(struct.iter_unpack(order + "II", block[4 : sizes[0]]))
        names = [name.to_bytes(4, "big") for name, count in kinds for _ in range(count)]
        place, kept = sizes[0], []
        for name, size in zip(names, sizes[1:], strict=True):
            content, place = block[place : place + size], place + size
            if name in IMAGEJ_REGIONS and without_regions:
                lost.append("ImageJ's regions, which are in pixels")
                continue
            word = IMAGEJ_WORDS.get(name, 1) if big_endian else 1
            kept.append((name, b"".join(content[i : i + word][::-1] for i in range(0, len(content), word))))
    except (struct.error, ValueError, IndexError):
        del tags[IMAGEJ_BLOCKS], tags[IMAGEJ_COUNTS]
        return ["ImageJ's labels and regions, which are broken"]
    order_of_names = list(dict.fromkeys(name for name, _ in kept))
    head = b"JIJI" + b"".join(
        struct.pack("<II", int.from_bytes(name, "big"), sum(other == name for other, _ in kept))
        for name in order_of_names
    )
    if not kept:
        del tags[IMAGEJ_BLOCKS], tags[IMAGEJ_COUNTS]
        return list(dict.fromkeys(lost))
    counts = [len(head), *(len(content) for _, content in kept)]
    tags[IMAGEJ_COUNTS] = Tag(4, struct.pack(f"<{len(counts)}I", *counts))
    tags[IMAGEJ_BLOCKS] = Tag(tags[IMAGEJ_BLOCKS].kind, head + b"".join(content for _, content in kept))
    return list(dict.fromkeys(lost))


def _renew_place(tags: Directory, scale: int) -> None:
    """Make a GeoTIFF's pixels smaller on the ground, as many more of them show the same ground."""
    keys = [n for (n,) in struct.iter_unpack("<H", tags[GEO_KEYS].values)] if GEO_KEYS in tags else []
    entries = [keys[i : i + 4] for i in range(4, len(keys) - 3, 4)]
    centre = 0.5 if [RASTER_TYPE, 0, 1, IS_POINT] in entries else 0.0

    def change(number: int, numbers: Callable[[list[float]], list[float]]) -> None:
        if number in tags and len(tags[number].values) % 8 == 0:
            old = [n for (n,) in struct.iter_unpack("<d", tags[number].values)]
            tags[number] = tags[number]._replace(values=struct.pack(f"<{len(old)}d", *numbers(old)))

    def moved(place: float) -> float:
        return (place + centre) * scale - centre

    def renewed_transform(rows: list[float]) -> list[float]:
        result = list(rows)
        for start in range(0, len(rows) - 3, 4):
            result[start : start + 2] = [part / scale for part in rows[start : start + 2]]
            result[start + 3] += sum(rows[start : start + 2]) * (centre / scale - centre)
        return result

    change(PIXEL_SCALE, lambda sizes: [size / scale for size in sizes[:2]] + sizes[2:])
    change(TIE_POINTS, lambda points: [moved(n) if i % 6 < 2 else n for i, n in enumerate(points)])
    change(TRANSFORM, lambda rows: renewed_transform(rows[:12]) + rows[12:])

    def renewed_view(terms: list[float]) -> list[float]:
        sizes = [n * scale if i in RPC_SIZES else n for i, n in enumerate(terms)]
        return [(n + 0.5) * scale - 0.5 if i in RPC_PLACES else n for i, n in enumerate(sizes)]

    change(RPC, renewed_view)
