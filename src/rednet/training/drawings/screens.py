"""Draws screens: windows, applications, games with large pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rednet.training.drawings.pages import paper
from rednet.training.drawings.sheet import Colours, Picture, Sheet, mixed
from rednet.training.drawings.writing import Writer

__all__ = ["application", "desktop", "pixel_game"]


def desktop(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Overlapping windows with title bars, menus, buttons, fields and scroll bars."""
    sheet, colours = paper(height, width, rng, odds=(0.3, 0.4, 0.3))
    writer = Writer(rng, installed)
    for top in range(height):
        sheet.box(0, top, width, top + 1, mixed(colours.bright[0], colours.bright[1], top / height))
    for _ in range(height * width // 15000 + int(rng.integers(1, 4))):
        x, y = (round(float(rng.uniform(-0.3, 0.75)) * side) for side in (width, height))
        window(sheet, colours, writer, x, y, int(rng.integers(130, 280)), int(rng.integers(110, 260)))
    if rng.random() < 0.5:
        sheet.box(0, height - 24, width, height, mixed(colours.ground, colours.ink, 0.1))
        for x in range(4, width - 60, 64):
            button(sheet, colours, writer, x, height - 21, 58, 18)
    return sheet.finished()


def window(sheet: Sheet, colours: Colours, writer: Writer, x: int, y: int, width: int, height: int) -> None:
    """Draw a window with its controls."""
    rng = writer.rng
    size, radius, bar = float(rng.choice([9, 10, 11, 12])), int(rng.choice([0, 0, 5, 9])), int(rng.integers(16, 26))
    panel = mixed(colours.ground, colours.ink, float(rng.choice([0, 0.04, 0.1])))
    sheet.box(x + 2, y + 3, x + width + 3, y + height + 4, mixed(colours.bright[0], (0, 0, 0), 0.5), radius=radius)
    sheet.box(x, y, x + width, y + height, panel, mixed(panel, colours.ink, 0.5), radius=radius)
    sheet.box(x + 1, y + 1, x + width - 1, y + bar, colours.bright[rng.integers(len(colours.bright))], radius=radius)
    sheet.text(x + 8, y + (bar - size * 1.2) / 2, writer.sentence(2), writer.face, size, colours.ground)
    for number in range(3):
        centre = x + width - 12 - 15 * number, y + bar / 2
        if radius:
            sheet.disk(*centre, 4, colours.bright[number % len(colours.bright)], colours.ground)
        else:
            sheet.box(centre[0] - 6, centre[1] - 6, centre[0] + 6, centre[1] + 6, panel, colours.ink)
            sheet.line([(centre[0] - 3, centre[1] - 3), (centre[0] + 3, centre[1] + 3)], colours.ink)
    top = y + bar + 6.0
    while top < y + height - 26:
        top = control(sheet, colours, writer, x + 8, top, width - 24, size) + 7
    sheet.box(x + width - 12, y + bar, x + width - 1, y + height - 1, mixed(panel, colours.ink, 0.1))
    start = float(rng.uniform(0.1, 0.5)) * (height - bar)
    sheet.box(
        x + width - 11, y + bar + start, x + width - 2, y + bar + start + height * 0.2, mixed(panel, colours.ink, 0.35)
    )


def control(sheet: Sheet, colours: Colours, writer: Writer, x: float, top: float, width: float, size: float) -> float:
    """Draw one row of a window, and return the y coordinate below it."""
    rng, high = writer.rng, round(size * 1.9)
    kind, bright = int(rng.integers(6)), colours.bright[int(rng.integers(len(colours.bright)))]
    if kind == 0:
        place = x
        while place < x + width - 40:
            button(sheet, colours, writer, place, top, 52, high)
            place += 60
    elif kind == 1:
        sheet.box(x, top, x + width, top + high, colours.ground, mixed(colours.ground, colours.ink, 0.5), radius=2)
        length = sheet.text(x + 4, top + size * 0.3, writer.sentence(2)[:20], writer.face, size, colours.ink)
        sheet.line([(x + 6 + length, top + 3), (x + 6 + length, top + high - 4)], colours.ink)
    elif kind == 2:
        for number in range(2):
            place = x + number * width / 2
            sheet.box(place, top, place + size, top + size, colours.ground, colours.ink)
            if rng.random() < 0.6:
                sheet.line(
                    [(place + 2, top + size / 2), (place + 4, top + size - 3), (place + size - 2, top + 2)], bright, 1.5
                )
            sheet.text(place + size + 5, top - 1, writer.word(), writer.face, size, colours.ink)
    elif kind == 3:
        done = x + width * float(rng.uniform(0.1, 0.9))
        sheet.box(x, top + 4, x + width, top + 9, mixed(colours.ground, colours.ink, 0.2), radius=2)
        sheet.box(x, top + 4, done, top + 9, bright, radius=2)
        sheet.disk(done, top + 6.5, 6, colours.ground, mixed(colours.ground, colours.ink, 0.5))
    elif kind == 4:
        sheet.box(x, top, x + width, top + high, bright)
        sheet.text(x + 4, top + size * 0.3, writer.sentence(4)[:24], writer.face, size, colours.ground)
    else:
        sheet.text(x, top, writer.sentence(6)[: int(width / size * 1.8)], writer.face, size, colours.ink)
    return top + high


def button(sheet: Sheet, colours: Colours, writer: Writer, x: float, y: float, width: float, height: float) -> None:
    """Draw a button, flat or raised."""
    ground = mixed(colours.ground, colours.ink, 0.12)
    sheet.box(
        x, y, x + width, y + height, ground, mixed(ground, colours.ink, 0.5), radius=float(writer.rng.choice([0, 4]))
    )
    if writer.rng.random() < 0.5:
        sheet.line([(x + 1, y + height - 2), (x + 1, y + 1), (x + width - 2, y + 1)], (255, 255, 255))
    sheet.text(x + 6, y + height / 2 - 6, writer.word()[:6], writer.face, 10, colours.ink)


def application(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """One application: a side bar, a list with round pictures, switches, tabs and a badge."""
    sheet, colours = paper(height, width, rng, odds=(0.7, 0.2, 0.1))
    writer = Writer(rng, installed)
    side, row, size = int(rng.integers(36, 110)), int(rng.integers(30, 56)), float(rng.choice([10, 11, 12, 13]))
    sheet.box(0, 0, side, height, mixed(colours.bright[0], colours.ground, float(rng.choice([0, 0.7]))))
    for top in range(8, height, 26):
        sheet.disk(16, top + 8, 7, colours.bright[top // 26 % len(colours.bright)])
        if side > 70:
            sheet.text(30, top + 2, writer.word()[:9], writer.face, size, colours.ink)
    sheet.box(side, 0, width, 34, mixed(colours.ground, colours.ink, 0.05))
    for number, x in enumerate(range(side + 8, width, 70)):
        sheet.text(x, 10, writer.word()[:8], writer.face, size, colours.ink)
        if number == 1:
            sheet.box(x - 4, 31, x + 58, 34, colours.bright[-1])
    for number, top in enumerate(range(36, height, row)):
        bright = colours.bright[number % len(colours.bright)]
        sheet.disk(side + row / 2, top + row / 2, row * 0.36, bright, mixed(bright, (0, 0, 0), 0.3))
        sheet.text(side + row, top + row * 0.15, writer.sentence(2), writer.heading, size, colours.ink)
        sheet.text(side + row, top + row * 0.15 + size * 1.3, writer.sentence(5), writer.face, size - 2, colours.faint)
        sheet.box(
            width - 44,
            top + row / 2 - 9,
            width - 8,
            top + row / 2 + 9,
            bright if number % 2 else colours.faint,
            radius=9,
        )
        sheet.disk(width - (17 if number % 2 else 35), top + row / 2, 7, (255, 255, 255))
        sheet.line([(side, top + row), (width, top + row)], mixed(colours.ground, colours.ink, 0.15))
    return sheet.finished()


def pixel_game(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Tiles and figures in few colours, with each of their pixels enlarged."""
    cell = int(rng.choice([1, 2, 3, 4, 6]))
    rows, columns = -(-height // cell), -(-width // cell)
    count = int(rng.integers(4, 17))
    palette = rng.integers(0, 6, (count, 3)) * 51
    tiles = [tile(count, rng) for _ in range(6)]
    plan = rng.choice(6, (-(-rows // 16), -(-columns // 16)), p=rng.dirichlet(np.full(6, 0.6)))
    field = np.concatenate([np.concatenate([tiles[number] for number in line], axis=1) for line in plan.tolist()])
    picture = palette[field].repeat(cell, 0).repeat(cell, 1)[:height, :width].astype(np.uint8)
    return np.ascontiguousarray(picture)


def tile(count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return 16x16 indices of colours: plain ground, bricks, or a figure with left-right symmetry."""
    ground, line, *inside = rng.integers(0, count, 5).tolist()
    cells = np.full((16, 16), ground)
    kind = rng.integers(4)
    if kind == 0:
        cells[3::4] = line
        for top in range(0, 16, 4):
            cells[top : top + 3, (top // 4 % 2) * 4 :: 8] = line
    elif kind == 1:
        half = rng.random((12, 6)) < np.linspace(0.3, 0.9, 6)
        cells[2:14, 2:8] = np.where(half, rng.choice(inside, (12, 1)), ground)
        cells[:, 8:] = cells[:, 7::-1]
    elif kind == 2:
        cells[rng.integers(0, 16, 9), rng.integers(0, 16, 9)] = line
    return cells
