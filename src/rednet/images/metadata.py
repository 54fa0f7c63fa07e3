"""Metadata of a picture's file, for the file of the result.

The rule: we correct what we understand, copy what we do not understand, and name what cannot be kept. Metadata that
libvips does not read are read from the file, and stored in fields of the libvips image that is a picture's header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from rednet.images.chunks import COLOURS, PHYSICAL, Chunk, add_chunks, chunks_in, join_chunks, kept_chunks
from rednet.images.colour import PROFILE, without_profile
from rednet.images.density import RESOLUTION, Density, from_jfif, from_phys, from_tags
from rednet.images.directories import Directory, Tag
from rednet.images.exif import Outcome, is_whole, notes_with_preview, renew_exif
from rednet.images.formats import Format
from rednet.images.made_profile import hdr, profile_of
from rednet.images.photoshop import SEGMENT_HEAD, from_tiff, iptc_of, without_copies
from rednet.images.picture import libvips
from rednet.images.reserved import fill_reserved, reserved_block
from rednet.images.segments import APP1, MOST_SEGMENT, add_segments, join_resources, join_segment, kept_segments
from rednet.images.tiff_tags import (
    IPTC_DATA,
    PHOTOSHOP,
    SOFTWARE,
    append_tags,
    as_exif,
    from_exif,
    in_exif,
    main_tags,
    pack_pages,
    read_tags,
    unpack_pages,
    without_long,
)  # fmt: skip
from rednet.images.tiff_truth import renew_tags, science_in
from rednet.images.xmp import REGIONS, parts_told, renew_xmp
from rednet.opening import open_regular

__all__ = ["DEPTHS", "EXIF", "Metadata", "attach_metadata", "mark_cmyk", "mark_turned", "was_turned"]

EXIF, XMP, IPTC = "exif-data", "xmp-data", "iptc-data"
EXIF_RESERVED = ("WebP", "AVIF")  # elsewhere, EXIF is added to a file that libvips has written
TIMING = ("delay", "loop")
# Our own fields: what a file holds beside that; joined segments or chunks, packed tags, and words.
JFIF, SEGMENTS, CHUNKS, TAGS, LOST = "rednet-jfif", "rednet-segments", "rednet-chunks", "rednet-tags", "rednet-lost"
TURNED, CMYK, BIG_ENDIAN, MADE_PROFILE = "rednet-turned", "rednet-cmyk", "rednet-big-endian", "rednet-made-profile"
JFIF_DENSITY = slice(7, 12)  # where a segment JFIF tells it
# libvips' types of values, by the names of numpy.
DEPTHS = {"char": "int8", "uchar": "uint8", "short": "int16", "ushort": "uint16", "int": "int32", "uint": "uint32",
          "float": "float32", "double": "float64"}  # fmt: skip
NCLX = b"colrnclx"
MOST_HEAD = 65536  # bytes of an AVIF file among which its properties lie
EXIF_ROOM = {"JPEG": MOST_SEGMENT, "WebP": 65_400, "AVIF": 65_400}  # bytes; libexif, which reserves it, ends there
MOST_WORDS = 200  # characters about one thing that is lost
TEXTS = (b"tEXt", b"zTXt", b"iTXt")


def attach_metadata(image: Any, path: Path, kind: str, pages: Sequence[int]) -> Any:
    """Return a copy of a libvips image with those metadata of its file that libvips does not read.

    Args:
        image: the first page, upright.
        path: of the file.
        kind: the name of its format.
        pages: the numbers of the pages that are read, from 0 on.
    """
    image = image.copy()
    lost = parts_told(_field(image, XMP)) if _field(image, XMP) else []
    if kind == "JPEG":
        jfif, resources, kept, more = kept_segments(path)
        _set_bytes(image, JFIF, jfif)
        _set_bytes(image, IPTC, resources)
        _set_bytes(image, SEGMENTS, kept)
        lost += more
    elif kind in ("PNG", "AVIF"):
        kept, more = kept_chunks(path) if kind == "PNG" else (join_chunks(_coded_colours(path)), [])
        _set_bytes(image, CHUNKS, kept)
        lost += more
        found = dict(chunks_in(kept))
        profile = b"" if image.get_typeof(PROFILE) else profile_of(found, 1 if image.bands < 3 else 3)
        if profile:
            _set_bytes(image, PROFILE, profile)
            _set_bytes(image, MADE_PROFILE, profile)
    elif kind == "TIFF":
        tags = read_tags(path, pages)
        if tags is not None:
            _set_bytes(image, TAGS, pack_pages(tags.pages))
            _set_bytes(image, EXIF, as_exif(tags.exif))
            _set_bytes(image, IPTC, from_tiff(tags.photoshop, tags.iptc))
            _set_bytes(image, BIG_ENDIAN, b"1" if tags.big_endian else b"")
            lost += tags.lost
    if (exif := _field(image, EXIF)) and not is_whole(exif):
        _set_bytes(image, EXIF, as_exif(from_exif(exif)))
        lost.append("the parts of its EXIF that are broken")
    _set_bytes(image, LOST, "\n".join(lost).encode())
    return image


def _coded_colours(path: Path) -> list[Chunk]:
    """Read the code points of an AVIF file's colours, as PNG's chunk cICP.

    Source: ISO 14496-12 (2022), section 12.1.5, the box colr of type nclx.
    """
    with open_regular(path) as file:
        head = file.read(MOST_HEAD)
    place = head.find(NCLX) + len(NCLX)
    primaries, transfer = (int.from_bytes(head[place + n : place + n + 2], "big") for n in (0, 2))
    if place < len(NCLX) or max(primaries, transfer) > 255 or 2 in (primaries, transfer):  # 2 means unspecified
        return []
    return [Chunk(b"cICP", bytes([primaries, transfer, 0, 1]))]


def mark_turned(image: Any) -> Any:
    """Return a copy of a libvips image that remembers that it was turned upright."""
    return _marked(image, TURNED)


def mark_cmyk(image: Any) -> Any:
    """Return a copy of a libvips image that remembers that it was in CMYK."""
    return _marked(image, CMYK)


def _marked(image: Any, name: str) -> Any:
    """Return a copy of a libvips image with a field of our own."""
    image = image.copy()
    _set_bytes(image, name, b"1")
    return image


def was_turned(header: Any) -> bool:
    """Tell whether a picture was turned upright when it was read."""
    return bool(_field(header, TURNED))


def _in_bits(depth: str) -> str:
    """Return the name of a depth in words.

    Example:
        >>> _in_bits("uint16"), _in_bits("float32")
        ('16 bits', 'floats of 32 bits')
    """
    return f"{'floats of ' if depth.startswith('float') else ''}{8 * np.dtype(depth).itemsize} bits"


def _printable(words: str) -> str:
    """Return words from a file in printable ASCII, since they may go into a header of HTTP."""
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in words[:MOST_WORDS])


def _field(image: Any, name: str) -> bytes:
    """Return the bytes of a field of a libvips image; empty if it has none."""
    return bytes(image.get(name)) if image is not None and image.get_typeof(name) else b""


def _set_bytes(image: Any, name: str, content: bytes) -> None:
    """Set a field of a libvips image of our own, or remove it if it is to be empty."""
    if content:
        image.set_type(libvips().GValue.blob_type, name, content)
    elif image.get_typeof(name):
        image.remove(name)


@dataclass(frozen=True)
class Metadata:
    """The metadata of a picture's file, corrected for a new file.

    Args:
        header: the libvips image that holds it, or None if there was no file.
        row: the format of the new file.
        outcome: what the picture has become.
        strip: keep what gives pixels their meaning (profile, resolution) alone.
    """

    header: Any
    row: Format
    outcome: Outcome
    strip: bool = False

    @property
    def exif(self) -> bytes:
        """The corrected EXIF block; empty if there is none."""
        if self.strip:
            return b""
        alone = self.row.name in EXIF_RESERVED  # nothing else tells the resolution there
        outcome = replace(self.outcome, density=self.density) if alone else self.outcome
        old = _field(self.header, EXIF)
        block = renew_exif(old, outcome)
        room = EXIF_ROOM.get(self.row.name, len(block))
        if len(block) > room:
            block = renew_exif(as_exif(without_long(from_exif(old))), outcome)
        return block if len(block) <= room else b""

    @property
    def xmp(self) -> bytes:
        """The corrected XMP packet."""
        packet = b"" if self.strip else _field(self.header, XMP)
        room = MOST_SEGMENT - 29 if self.row.name == "JPEG" else len(packet)  # 29 bytes name it in its segment
        return renew_xmp(packet, self.outcome) if len(packet) <= room else b""

    def put_on(self, image: Any) -> Any:
        """Return a copy of a libvips image with all metadata that libvips itself writes into the new file."""
        if self.header is None:
            return image.copy()
        image = image.copy(xres=self.density.across, yres=self.density.down)
        vips = libvips()
        if self.row.name in EXIF_RESERVED and self.exif:
            _set_bytes(image, EXIF, reserved_block(len(self.exif)))
        for name in ("resolution-unit", *(TIMING if "timing" in self.row.metadata else ())):
            if self.header.get_typeof(name):
                image.set_type(self.header.get_typeof(name), name, self.header.get(name))
        image.set_type(vips.GValue.gint_type, "orientation", 1)  # the pixels are upright already
        _set_bytes(image, PROFILE, _field(self.header, PROFILE))
        told_by_chunks = self.row.name == "PNG" and _field(self.header, MADE_PROFILE)
        if told_by_chunks or (image.bands < 3 and not self.row.gray and image.get_typeof(PROFILE)):
            image = without_profile(image)
        _set_bytes(image, XMP, self.xmp)
        return image

    @property
    def density(self) -> Density:
        """The resolution that the old file tells; where it tells none, libvips' image has an invented one."""
        if packed := _field(self.header, TAGS):
            return from_tags(next(unpack_pages(packed)))
        if physical := dict(chunks_in(_field(self.header, CHUNKS))).get(PHYSICAL):
            return from_phys(physical)
        by_camera = from_tags(main_tags(_field(self.header, EXIF)))
        return by_camera if by_camera.unit else from_jfif(_field(self.header, JFIF))

    def finish(self, file: BinaryIO, image: Any) -> None:
        """Add those metadata to a file that libvips has written which libvips does not write.

        Args:
            file: open to read and write.
            image: the libvips image that it was written from.
        """
        exif = self.exif
        if self.row.name == "JPEG":
            resources = without_copies(_field(self.header, IPTC))
            kept = b"" if self.strip else join_resources(resources) + _field(self.header, SEGMENTS)
            first = join_segment(APP1, exif) if exif else b""
            density = _field(self.header, JFIF)[JFIF_DENSITY] or self.density.jfif
            add_segments(file, density, first, kept)
        elif self.row.name == "PNG":
            kept = _field(self.header, CHUNKS)
            if self.strip:
                kept = join_chunks([c for c in chunks_in(kept) if c.kind in (*COLOURS, PHYSICAL)])
            block = exif.removeprefix(b"Exif\0\0")
            if not self.density.unit and self.density.shape != (1, 1) and PHYSICAL not in dict(chunks_in(kept)):
                kept += join_chunks([Chunk(PHYSICAL, struct.pack(">IIB", *self.density.shape, 0))])
            add_chunks(file, kept, block, image.bands, self.outcome, known_dpi=self.density.unit)
        elif self.row.name == "TIFF":
            self.finish_tiff(file, DEPTHS[image.format], image.height // self.outcome.height)
        elif self.row.name in EXIF_RESERVED and exif:
            fill_reserved(file, exif)

    def finish_tiff(self, file: BinaryIO, depth: str, count: int) -> None:
        """Append tags to a TIFF file of `count` pages."""
        main, camera, place = from_exif(self.exif)
        pages = [tags for tags, _ in self.renewed_pages(depth)]
        came_from_tiff = bool(pages)
        if self.strip:
            pages = [{n: tags[n] for n in RESOLUTION if n in tags} for tags in pages]
        elif not (came_from_tiff or self.density.unit):  # libvips has written one that nobody has told
            pages = [self.density.tags] * count
        first = dict(pages[0]) if pages else {}
        if came_from_tiff:  # its own tags say all; EXIF adds the software
            main = {n: tag for n, tag in main.items() if n not in first or n == SOFTWARE}
        resources = b"" if self.strip else without_copies(_field(self.header, IPTC))
        if resources:
            first[PHOTOSHOP] = Tag(1, resources.removeprefix(SEGMENT_HEAD))
            if iptc_of(resources):
                first[IPTC_DATA] = Tag(7, iptc_of(resources))
        pages = [{**first, **main}, *pages[1:]]
        if any(pages) or camera or place:
            append_tags(file, pages, camera, place, RESOLUTION if came_from_tiff else ())

    def renewed_pages(self, depth: str) -> Iterator[tuple[Directory, list[str]]]:
        """Yield the corrected tags of each page of a TIFF file, with words for what they lose."""
        big_endian = bool(_field(self.header, BIG_ENDIAN))
        for tags in unpack_pages(_field(self.header, TAGS)):
            yield renew_tags(tags, self.outcome, depth, big_endian=big_endian)

    def lost(self) -> list[str]:
        """Name in words what is in the old file and will not be in the new one."""
        if self.header is None:
            return []
        lost = [*self.pixels_without_room(), *_field(self.header, LOST).decode().splitlines()]
        if not self.strip:
            lost += self.without_room()
        return [_printable(words) for words in dict.fromkeys(lost)]

    def pixels_without_room(self) -> Iterator[str]:
        """Yield words for the colours and the depth that the new file's format cannot hold."""
        if _field(self.header, CMYK):
            yield "CMYK, which becomes sRGB"
        depth = DEPTHS.get(self.header.format, "uint8")
        written = self.row.written_depth(depth)
        if np.dtype(written).itemsize < np.dtype(depth).itemsize:
            yield f"{_in_bits(depth)} a value ({self.row.name} gets {_in_bits(written)})"

    def without_room(self) -> Iterator[str]:
        """Yield words for what the new file's format cannot hold."""
        held, header = self.row.metadata, self.header
        if "IPTC" not in held and _field(header, IPTC):
            yield "IPTC"
        if "segments" not in held and _field(header, SEGMENTS):
            yield "the comment, or other segments of a JPEG"
        if "timing" not in held and header.get_typeof("delay") and header.get_n_pages() > 1:
            yield "how long each frame is shown"
        if _field(header, EXIF) and not renew_exif(_field(header, EXIF), self.outcome):
            yield "its EXIF, which is broken"
        if notes_with_preview(_field(header, EXIF)):
            yield "the maker's notes, which hold a preview of the old picture"
        if self.outcome.turned and REGIONS in _field(header, XMP):
            yield "the regions that XMP marks, as the picture was turned"
        if len(self.exif) < len(renew_exif(_field(header, EXIF), self.outcome)):
            yield "the longest parts of its EXIF, which has more than 64 kB"
        if self.row.name == "JPEG" and _field(header, XMP) and not self.xmp:
            yield "XMP of more than 64 kB"
        old = chunks_in(_field(header, CHUNKS))
        names = [c.content.partition(b"\0")[0].decode("latin-1") for c in old if c.kind in TEXTS]
        if self.row.name in EXIF_RESERVED and not self.density.unit and self.density.shape != (1, 1):
            yield "the shape of its pixels, which are no squares"
        if "chunks" not in held and names:
            yield f"text ({', '.join(dict.fromkeys(names))})"
        if "chunks" not in held and hdr(dict(old)):
            yield "that its colours are coded for HDR screens (cICP)"
        depth = DEPTHS.get(header.format, "uint8")
        for number, (tags, words) in enumerate(self.renewed_pages(depth)):
            if "tags" in held:
                yield from words
            elif number == 0:
                yield from science_in(tags)
                others = [str(n) for n in tags if not (in_exif(n) or n in RESOLUTION or science_in({n: tags[n]}))]
                if others and not science_in(tags):
                    yield f"the TIFF tags {', '.join(others)}"
