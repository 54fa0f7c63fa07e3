"""The resolution of a picture, as its file tells it: pixels a length, or the shape of a pixel alone, or nothing.

Source: JFIF 1.02 (1992), APP0; PNG, third edition (W3C, 2025), section 11.3.4.3; TIFF 6.0 (1992), section 8.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import NamedTuple

from rednet.images.directories import SHORT, Directory, Tag

__all__ = ["NO_DENSITY", "RESOLUTION", "Density", "from_jfif", "from_phys", "from_tags"]

RESOLUTION = (282, 283, 296)  # tags: pixels a unit across and down, and the unit
RATIONAL = 5
NO_UNIT, INCH, CENTIMETRE = 1, 2, 3  # of a TIFF; JFIF counts from 0
MM = {INCH: 25.4, CENTIMETRE: 10.0}
MOST = 65535  # that JFIF holds
ROUNDING = 1e-3  # share by which rounding may change a resolution that stays in inches


class Density(NamedTuple):
    """Pixels a mm across and down; without a unit, only how they relate to each other has a meaning."""

    across: float = 1.0
    down: float = 1.0
    unit: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """How many pixels across take as much room as how many pixels down: (1, 1) for square ones."""
        share = Fraction(self.across / self.down).limit_denominator(MOST)
        return (share.numerator, share.denominator) if 0 < share.numerator <= MOST else (1, 1)

    @property
    def whole(self) -> tuple[int, int, int]:
        """A unit (NO_UNIT, INCH or CENTIMETRE), and whole numbers of pixels for it."""
        if not self.unit:
            return NO_UNIT, *self.shape
        sides = (self.across, self.down)
        off = {unit: max(abs(n * mm - round(n * mm)) / (n * mm) for n in sides) for unit, mm in MM.items()}
        unit = INCH if off[INCH] <= max(off[CENTIMETRE], ROUNDING) else CENTIMETRE
        across, down = (min(max(round(n * MM[unit]), 1), MOST) for n in sides)
        return unit, across, down

    @property
    def jfif(self) -> bytes:
        """The fields of a JPEG's segment JFIF."""
        unit, across, down = self.whole
        return struct.pack(">BHH", unit - NO_UNIT, across, down)

    @property
    def tags(self) -> Directory:
        """The tags of a TIFF or an EXIF block."""
        unit, across, down = self.whole
        numbers = (struct.pack("<II", n, 1) for n in (across, down))
        kinds = (RATIONAL, RATIONAL, SHORT)
        return dict(zip(RESOLUTION, map(Tag, kinds, (*numbers, struct.pack("<H", unit))), strict=True))


NO_DENSITY = Density()


def from_jfif(content: bytes) -> Density:
    """Read the content of a JPEG's segment JFIF; empty if there is none."""
    if not content.startswith(b"JFIF\0") or len(content) < len(b"JFIF\0") + 7:
        return NO_DENSITY
    unit, across, down = struct.unpack_from(">BHH", content, 7)
    mm = MM.get(unit + NO_UNIT, 1.0)
    return Density(across / mm, down / mm, unit + NO_UNIT in MM) if across and down else NO_DENSITY


def from_phys(content: bytes) -> Density:
    """Read a PNG's chunk pHYs; empty if there is none."""
    if len(content) != struct.calcsize(">IIB"):
        return NO_DENSITY
    across, down, unit = struct.unpack(">IIB", content)
    return Density(across / 1000, down / 1000, unit == 1) if across and down else NO_DENSITY


def from_tags(tags: Directory) -> Density:
    """Read the tags of a TIFF or an EXIF block, whose unit is the inch if they name none."""
    sides = []
    for number in RESOLUTION[:2]:
        above, below = struct.unpack("<II", tags[number].values[:8]) if _is_ratio(tags, number) else (0, 0)
        sides.append(above / below if below else 0.0)
    unit = int.from_bytes(tags[RESOLUTION[2]].values[:2], "little") if RESOLUTION[2] in tags else INCH
    mm = MM.get(unit, 1.0)
    return Density(sides[0] / mm, sides[1] / mm, unit in MM) if min(sides) > 0 else NO_DENSITY


def _is_ratio(tags: Directory, number: int) -> bool:
    """Tell whether a tag is there and holds a fraction."""
    return number in tags and tags[number].kind == RATIONAL and len(tags[number].values) >= 8
