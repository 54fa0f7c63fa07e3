"""Draws a contact sheet: `python -m rednet.training.drawings OUT.png`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from rednet.images import from_array, write_picture
from rednet.training.drawings import KINDS, Drawings

COLUMNS, GAP = 5, 6


def contact_sheet(drawings: Drawings, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return `count` drawings side by side: first one of each kind, then the others by their numbers."""
    numbers: list[int] = []
    missing = set(KINDS)
    for number in range(100 * len(KINDS)):
        if drawings.kind(number) in missing:
            missing.discard(drawings.kind(number))
            numbers.append(number)
    numbers = sorted(numbers, key=lambda number: list(KINDS).index(drawings.kind(number)))
    numbers += [number for number in range(count + len(KINDS)) if number not in numbers]
    numbers = numbers[:count]
    rows = -(-count // COLUMNS)
    high, wide = drawings.height + GAP, drawings.width + GAP
    sheet = np.full((rows * high, COLUMNS * wide, 3), 128, np.uint8)
    for place, number in enumerate(numbers):
        top, left = place // COLUMNS * high, place % COLUMNS * wide
        sheet[top : top + drawings.height, left : left + drawings.width] = drawings[number]
    return sheet


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m rednet.training.drawings", description=__doc__)
    parser.add_argument("out", type=Path, help="picture file to write")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--size", type=int, default=256, help="side of each drawing, px")
    parser.add_argument("--own-font", action="store_true", help="use Pillow's own font only")
    options = parser.parse_args()
    drawings = Drawings(options.seed, options.size, options.size, installed=not options.own_font)
    write_picture(options.out, from_array(contact_sheet(drawings, options.count)), overwrite=True)


if __name__ == "__main__":
    main()
