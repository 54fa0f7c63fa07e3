"""EXIF blocks: what a camera notes about a picture, corrected after a restoration.

A block is changed in place, and new values are added at its end, because a maker's notes may contain positions of bytes
in the block.

Source: Exif 2.32 (CIPA DC-008, 2019), sections 4.5 and 4.6.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

from rednet.images.density import NO_DENSITY, RESOLUTION, Density

__all__ = ["HEAD", "JPEG_START", "Outcome", "is_whole", "notes_with_preview", "renew_exif"]

HEAD = b"Exif\0\0"
EMPTY = b"II*\0\x08\0\0\0" + bytes(2 + 4)  # a block whose directory has no entry
JPEG_START = b"\xff\xd8\xff"  # begins a picture inside a block
ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
WIDTH, HEIGHT, ORIENTATION = 256, 257, 274
SOFTWARE = 305
CAMERA, INTEROPERABILITY = 34665, 40965  # directories below
MAKER_NOTE = 37500
SUBJECT_AREA, SUBJECT_LOCATION = 37396, 41492
PIXEL_WIDTH, PIXEL_HEIGHT = 40962, 40963
FOCAL_X, FOCAL_Y = 41486, 41487  # pixels on the sensor an inch, say
RELATED_WIDTH, RELATED_HEIGHT = 4097, 4098
PICTURES = ((513, 514), (273, 279))  # where a thumbnail begins, and how long it is: JPEG, and uncompressed
ROW = struct.calcsize("<HHI4s")
BROKEN = (KeyError, IndexError, ValueError, struct.error)  # what reading a broken block raises


@dataclass(frozen=True)
class Outcome:
    """How a page was changed, as far as its metadata depend on it.

    Args:
        width, height: px, of a page that is written.
        scale: how many times wider and higher it is than the page that was read.
        turned: it was turned upright.
        software: the new software tag, or None to leave the old one.
        density: the resolution for an EXIF block that tells none; without a unit, it gets none.
    """

    width: int
    height: int
    scale: int = 1
    turned: bool = False
    software: str | None = None
    density: Density = NO_DENSITY


def renew_exif(block: bytes, outcome: Outcome) -> bytes:
    """Correct an EXIF block for a restored picture.

    Size, orientation, software and all values in pixels are set for the result. The thumbnail is dropped, since it
    still shows the old picture, and so are a maker's notes with a preview.

    Args:
        block: as it stands in a file, with or without `Exif` before it; empty for none.
        outcome: how the page was changed.

    Returns:
        The block, beginning with `Exif`. Empty if it would have no content, or if it is broken.
    """
    data = bytearray(block.removeprefix(HEAD) or EMPTY)
    try:
        rows = _renewed_rows(_Block(data), outcome)
    except BROKEN:
        data = bytearray(EMPTY)
        rows = _renewed_rows(_Block(data), outcome)
    if not rows:
        return b""
    _Block(data).move_main(rows)
    return HEAD + bytes(data)


def is_whole(block: bytes) -> bool:
    """Tell whether all directories of an EXIF block can be read, as `renew_exif` needs it."""
    try:
        _renewed_rows(_Block(bytearray(block.removeprefix(HEAD))), Outcome(1, 1))
    except BROKEN:
        return False
    return True


def notes_with_preview(block: bytes) -> bool:
    """Tell whether a maker's notes in an EXIF block hold a picture, so that `renew_exif` drops them."""
    try:
        data = _Block(bytearray(block.removeprefix(HEAD)))
        main, _ = data.rows(data.main)
        camera, _ = data.rows(data.numbers(main[CAMERA])[0])
        return JPEG_START in data.content(camera[MAKER_NOTE])
    except BROKEN:
        return False


def _renewed_rows(block: _Block, outcome: Outcome) -> dict[int, bytes]:
    """Correct the first directory and all below it; return the rows of the first one."""
    rows, following = block.rows(block.main)
    if following:
        block.erase_thumbnail(following)
        block.trim()
    told = {WIDTH: outcome.width, HEIGHT: outcome.height}
    changed = {tag: block.row(tag, LONG, [side]) for tag, side in told.items() if tag in rows}
    if ORIENTATION in rows:
        changed[ORIENTATION] = block.row(ORIENTATION, SHORT, [1])
    if outcome.software is not None:
        changed[SOFTWARE] = block.text(SOFTWARE, outcome.software)
    if outcome.density.unit and not rows.keys() & RESOLUTION:
        unit, *sides = outcome.density.whole
        changed |= {tag: block.row(tag, RATIONAL, [n, 1]) for tag, n in zip(RESOLUTION, sides, strict=False)}
        changed[RESOLUTION[2]] = block.row(RESOLUTION[2], SHORT, [unit])
    if CAMERA in rows:
        _renew_camera(block, block.numbers(rows[CAMERA])[0], outcome)
    return {**rows, **changed}


def _renew_camera(block: _Block, place: int, outcome: Outcome) -> None:
    """Correct in place the values of the camera's directory that are in pixels, and drop those that became wrong."""
    rows, _ = block.rows(place)
    before = len(rows)
    for tag, side in ((PIXEL_WIDTH, outcome.width), (PIXEL_HEIGHT, outcome.height)):
        if tag in rows:
            rows[tag] = block.row(tag, LONG, [side])
    for tag in (FOCAL_X, FOCAL_Y):
        if tag in rows and outcome.scale > 1:
            above, below = block.numbers(rows[tag])
            share = Fraction(above * outcome.scale, below or 1)
            if share.numerator >= 1 << 32:
                share = Fraction(round(share))
            rows[tag] = block.row(tag, RATIONAL, [min(share.numerator, (1 << 32) - 1), share.denominator])
    for tag in (SUBJECT_AREA, SUBJECT_LOCATION):
        if tag in rows and outcome.turned:
            del rows[tag]
        elif tag in rows and outcome.scale > 1:
            rows[tag] = block.row(tag, SHORT, [min(n * outcome.scale, 65535) for n in block.numbers(rows[tag])])
    if MAKER_NOTE in rows and JPEG_START in block.content(rows[MAKER_NOTE]):
        block.erase(rows.pop(MAKER_NOTE))
    if INTEROPERABILITY in rows:
        below_place = block.numbers(rows[INTEROPERABILITY])[0]
        sides, _ = block.rows(below_place)
        told = {RELATED_WIDTH: outcome.width, RELATED_HEIGHT: outcome.height}
        changed = {tag: block.row(tag, LONG, [side]) for tag, side in told.items() if tag in sides}
        block.write_rows(below_place, {**sides, **changed}, len(sides))
    block.write_rows(place, rows, before)


class _Block:
    """The bytes of an EXIF block after `Exif`, and how to read and change them.

    Args:
        data: changed in place.

    Raises:
        KeyError, ValueError, struct.error: it is no such block; also from the methods, where it is broken.
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.erased: list[tuple[int, int]] = []  # where erased bytes begin and end
        self.order = {b"II": "<", b"MM": ">"}[bytes(data[:2])]
        (self.main,) = self.unpack("I", 4)

    def unpack(self, form: str, place: int) -> tuple[int, ...]:
        """Return the numbers at a place."""
        return struct.unpack_from(self.order + form, self.data, place)

    def rows(self, place: int) -> tuple[dict[int, bytes], int]:
        """Return a directory's rows of 12 bytes by their tags, and where the next directory lies."""
        (count,) = self.unpack("H", place)
        end = place + 2 + count * ROW
        if end > len(self.data):
            raise ValueError("the block ends within a directory")
        rows = [bytes(self.data[start : start + ROW]) for start in range(place + 2, end, ROW)]
        following = self.unpack("I", end)[0] if end + 4 <= len(self.data) else 0
        return {struct.unpack_from(self.order + "H", row)[0]: row for row in rows}, following

    def place_of(self, row: bytes) -> tuple[int, int]:
        """Return where the values of a row begin if they lie outside it, else -1; and how many bytes they take."""
        _, kind, count, place = struct.unpack(self.order + "HHII", row)
        length = count * {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}[kind]
        return (-1 if length <= 4 else place), length

    def content(self, row: bytes) -> bytes:
        """Return the bytes of a row's values."""
        place, length = self.place_of(row)
        return row[8 : 8 + length] if place < 0 else bytes(self.data[place : place + length])

    def numbers(self, row: bytes) -> list[int]:
        """Return a row's whole numbers; a fraction is two of them."""
        kind = struct.unpack_from(self.order + "H", row, 2)[0]
        content = self.content(row)
        form = {SHORT: "H", LONG: "I", RATIONAL: "I"}[kind]
        return list(struct.unpack(f"{self.order}{len(content) // struct.calcsize(form)}{form}", content))

    def row(self, tag: int, kind: int, numbers: list[int]) -> bytes:
        """Make a row; values that have no room in it go to the end of the block."""
        form = {SHORT: "H", LONG: "I", RATIONAL: "I"}[kind]
        content = struct.pack(f"{self.order}{len(numbers)}{form}", *numbers)
        return self.raw_row(tag, kind, len(numbers) // (2 if kind == RATIONAL else 1), content)

    def text(self, tag: int, words: str) -> bytes:
        """Make a row of text."""
        content = words.encode("utf-8") + b"\0"
        return self.raw_row(tag, ASCII, len(content), content)

    def raw_row(self, tag: int, kind: int, count: int, content: bytes) -> bytes:
        """Make a row of bytes."""
        if len(content) > 4:
            self.data += bytes(len(self.data) % 2)
            place = len(self.data)
            self.data += content
            content = struct.pack(self.order + "I", place)
        return struct.pack(self.order + "HHI", tag, kind, count) + content.ljust(4, b"\0")

    def write_rows(self, place: int, rows: dict[int, bytes], before: int) -> None:
        """Write a directory over one of no fewer rows."""
        (following,) = self.unpack("I", place + 2 + before * ROW)
        content = struct.pack(self.order + "H", len(rows)) + b"".join(rows[tag] for tag in sorted(rows))
        content += struct.pack(self.order + "I", following)
        self.data[place : place + 2 + before * ROW + 4] = content.ljust(2 + before * ROW + 4, b"\0")

    def move_main(self, rows: dict[int, bytes]) -> None:
        """Write the first directory at the end of the block; no other follows it."""
        self.data += bytes(len(self.data) % 2)
        place = len(self.data)
        self.data += struct.pack(self.order + "H", len(rows)) + b"".join(rows[tag] for tag in sorted(rows)) + bytes(4)
        self.data[4:8] = struct.pack(self.order + "I", place)

    def erase(self, row: bytes) -> None:
        """Overwrite a row's values with zeros."""
        place, length = self.place_of(row)
        if place >= 0:
            self.erase_bytes(place, length)

    def erase_bytes(self, start: int, length: int) -> None:
        """Overwrite bytes with zeros."""
        stop = min(start + length, len(self.data))
        if start < stop:
            self.data[start:stop] = bytes(stop - start)
            self.erased.append((start, stop))

    def trim(self) -> None:
        """Cut off the end as far as it was erased, since a JPEG has little room for the block."""
        for start, stop in sorted(self.erased, key=lambda ends: -ends[1]):
            if stop >= len(self.data) > start:
                del self.data[start:]

    def erase_thumbnail(self, place: int) -> None:
        """Overwrite the directory of the thumbnail, and the thumbnail, with zeros."""
        rows, following = self.rows(place)
        for starts, lengths in PICTURES:
            if starts in rows and lengths in rows:
                for start, length in zip(self.numbers(rows[starts]), self.numbers(rows[lengths]), strict=False):
                    self.erase_bytes(start, length)
        for row in rows.values():
            self.erase(row)
        self.erase_bytes(place, 2 + len(rows) * ROW + 4)
        if following not in (0, place, self.main):
            self.erase_thumbnail(following)
