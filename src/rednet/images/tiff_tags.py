"""The EXIF of TIFF files, which libvips neither reads nor writes.

EXIF is itself a small TIFF: one directory of tags (maker, artist, software, ...) and two below it (camera settings,
place). So the tags of a TIFF file are read into an EXIF block, which libvips understands, and on writing they are
taken from the block again and appended to the file.

Source: TIFF 6.0 (1992), section 2; Exif 2.32, section 4.6.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rednet.images.picture import libvips
from rednet.opening import open_regular

__all__ = ["append_tags", "attach_tags"]

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes a value, by type
WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8}  # bytes that turn round together in the other byte order
LONG = 4
EXIF, GPS = 34665, 34853  # the directories below the first
PIXEL_WIDTH, PIXEL_HEIGHT = 40962, 40963
DESCRIPTION = 270
# Description, maker, model, software, date, artist, computer, copyright.
KEPT = (DESCRIPTION, 271, 272, 305, 306, 315, 316, 33432)
MOST_BYTES = 60_000  # an EXIF block in a JPEG ends at 64 KiB
MOST_TAGS = 512
LAST_OFFSET = 1 << 32
BLOCK_START = b"Exif\0\0"
CAMERA_FIELDS = "exif-ifd2-"  # how the names of libvips' fields for the directory EXIF begin


class Tag(NamedTuple):
    """A tag's type, and its values in little-endian order."""

    kind: int
    values: bytes


Directory = dict[int, Tag]


class Directories(NamedTuple):
    """What is kept of a file: the first directory's tags, the camera's, the place's."""

    main: Directory
    exif: Directory
    gps: Directory


def attach_tags(image: Any, path: Path) -> Any:
    """Gives a copy of a libvips image of a TIFF file with the file's EXIF; the same image if there is none."""
    with open_regular(path) as file:
        found = read_directories(file)
    if found is None or not any(found):
        return image
    block = BLOCK_START + write_block(found)
    if len(block) > MOST_BYTES:
        return image
    vips = libvips()
    plain: bytes = vips.Image.black(1, 1).jpegsave_buffer(keep="none")
    marked = plain[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + plain[2:]
    try:
        parsed = vips.Image.new_from_buffer(marked, "")
    except vips.Error:
        return image
    image = image.copy()
    for field in parsed.get_fields():
        if field.startswith("exif-"):
            image.set_type(parsed.get_typeof(field), field, parsed.get(field))
    return image


def append_tags(image: Any, file: BinaryIO) -> None:
    """Adds the EXIF of a libvips image to a TIFF file that libvips has written."""
    found = own_directories(image)
    if found is None or not any(found):
        return
    file.seek(0)
    head = file.read(16)
    big = head[2:4] == b"\x2b\x00"
    place, form, pointer_form, size = (8, "<Q", "<Q", 20) if big else (4, "<H", "<I", 12)
    file.seek(*struct.unpack_from(pointer_form, head, place))
    (count,) = struct.unpack(form, file.read(struct.calcsize(form)))
    rows = [file.read(size) for _ in range(count)]
    entries = {int.from_bytes(row[:2], "little"): row for row in rows}
    following = file.read(struct.calcsize(pointer_form))
    end = file.seek(0, io.SEEK_END)
    end += file.write(b"\0" * (end % 2))
    added, end = append_values(file, end, found, big)
    content = directory_bytes({**added, **entries}, big, following)
    if big or end + len(content) < LAST_OFFSET:
        file.write(content)
        file.seek(place)
        file.write(struct.pack(pointer_form, end))


def own_directories(image: Any) -> Directories | None:
    """Gives the EXIF of a libvips image, without what libvips makes up where there is none of the camera's."""
    jpeg = small_jpeg(image)
    start = jpeg.find(BLOCK_START)
    found = read_directories(io.BytesIO(jpeg[start + len(BLOCK_START) :])) if start >= 0 else None
    if found is None or not any(field.startswith(CAMERA_FIELDS) for field in image.get_fields()):
        return found and found._replace(exif={})
    sides = {PIXEL_WIDTH: image.width, PIXEL_HEIGHT: image.get_page_height()}
    told = {tag: Tag(LONG, struct.pack("<I", side)) for tag, side in sides.items()}  # they are those of the small JPEG
    return found._replace(exif={**found.exif, **told})


def small_jpeg(image: Any) -> bytes:
    """Gives a JPEG of one pixel with the EXIF of an image, as libvips writes it."""
    dot = libvips().Image.black(1, 1)
    dot = dot.copy(xres=image.xres, yres=image.yres)
    for field in image.get_fields():
        if field.startswith("exif-") or field == "orientation":
            dot.set_type(image.get_typeof(field), field, image.get(field))
    content: bytes = dot.jpegsave_buffer(keep="exif")
    return content


def append_entry(file: BinaryIO, end: int, tag: int, value: Tag, big: bool) -> tuple[bytes, int]:
    """Writes a tag's values at the end of the file if they are long; gives its directory entry and the new end."""
    count = len(value.values) // SIZES[value.kind]
    room, form = (8, "<HHQ") if big else (4, "<HHI")
    if len(value.values) <= room:
        return struct.pack(form, tag, value.kind, count) + value.values.ljust(room, b"\0"), end
    entry = struct.pack(form, tag, value.kind, count) + struct.pack("<Q" if big else "<I", end)
    return entry, end + file.write(value.values + b"\0" * (len(value.values) % 2))


def read_directories(file: BinaryIO) -> Directories | None:
    """Reads what is kept of a TIFF or an EXIF block; None if it is broken."""
    try:
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}[head[:2]]
        (version,) = struct.unpack_from(order + "H", head, 2)
        big = version == 43
        (offset,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
        main = read_directory(file, offset, order, big)
        below = []
        for number in (EXIF, GPS):
            pointer = main.get(number)
            start = int.from_bytes(pointer.values[:8], "little") if pointer else 0
            below.append(read_directory(file, start, order, big) if start else {})
    except (KeyError, struct.error, OSError, OverflowError, ValueError):
        return None
    return Directories({tag: main[tag] for tag in KEPT if tag in main}, *below)


def read_directory(file: BinaryIO, offset: int, order: str, big: bool) -> Directory:
    """Reads one directory; raises struct.error where the file ends too soon."""
    entry_form, room, pointer_form = ("HHQ", 8, "Q") if big else ("HHI", 4, "I")
    file.seek(offset)
    count_form = order + ("Q" if big else "H")
    (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
    size = struct.calcsize("<" + entry_form) + room
    content = file.read(size * min(count, MOST_TAGS))
    found: Directory = {}
    for start in range(0, len(content) - size + 1, size):
        tag, kind, number = struct.unpack_from(order + entry_form, content, start)
        length = number * SIZES.get(kind, MOST_BYTES + 1)
        if length > MOST_BYTES:
            continue
        values = content[start + size - room : start + size][:length]
        if length > room:
            (place,) = struct.unpack_from(order + pointer_form, content, start + size - room)
            file.seek(place)
            values = file.read(length)
        if len(values) == length:
            found[tag] = Tag(kind, turned(values, kind) if order == ">" else values)
    return found


def turned(values: bytes, kind: int) -> bytes:
    """Turns big-endian values into little-endian ones."""
    size = WORDS.get(kind, 1)
    return b"".join(values[i : i + size][::-1] for i in range(0, len(values), size))


def write_block(found: Directories) -> bytes:
    """Writes directories as a little-endian TIFF without a picture: the content of an EXIF block."""
    file = io.BytesIO()
    entries, end = append_values(file, file.write(b"II*\0" + bytes(4)), found, False)
    file.write(directory_bytes(entries, False))
    file.seek(4)
    file.write(struct.pack("<I", end))
    return file.getvalue()


def append_values(file: BinaryIO, end: int, found: Directories, big: bool) -> tuple[dict[int, bytes], int]:
    """Writes all that does not fit into the first directory; gives that one's entries, and the new end."""
    entries: dict[int, bytes] = {}
    for tag, value in found.main.items():
        entries[tag], end = append_entry(file, end, tag, value, big)
    for number, below in ((EXIF, found.exif), (GPS, found.gps)):
        if below and end < LAST_OFFSET:  # readers expect a pointer of 32 bits
            rows = {}
            for tag, value in below.items():
                rows[tag], end = append_entry(file, end, tag, value, big)
            pointer = Tag(LONG, struct.pack("<I", end))
            end += file.write(directory_bytes(rows, big))
            entries[number], end = append_entry(file, end, number, pointer, big)
    return entries, end


def directory_bytes(entries: Mapping[int, bytes], big: bool, following: bytes = b"") -> bytes:
    """Joins entries into a directory, and the place of the one that follows, if any."""
    rows = b"".join(entries[tag] for tag in sorted(entries))
    return struct.pack("<Q" if big else "<H", len(entries)) + rows + (following or bytes(8 if big else 4))
