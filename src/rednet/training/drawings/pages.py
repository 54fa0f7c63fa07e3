"""Draws pages of text: prose, tables, forms, listings, posters, and glyphs of an invented script."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rednet.training.drawings.sheet import Colours, Edges, Picture, Sheet, choose_colours, mixed
from rednet.training.drawings.writing import Writer

__all__ = ["form", "glyphs", "listing", "poster", "prose", "table"]

EDGES: tuple[Edges, ...] = ("smooth", "subpixel", "hard")


def paper(
    height: int,
    width: int,
    rng: np.random.Generator,
    *,
    light: bool = False,
    odds: tuple[float, ...] = (0.6, 0.15, 0.25),
) -> tuple[Sheet, Colours]:
    """Return an empty sheet and its colours.

    Args:
        height, width: of the sheet, px.
        rng: draws colours and edges.
        light: choose a light background.
        odds: probabilities of the kinds of edges in `EDGES`.
    """
    colours = choose_colours(rng, light=light)
    return Sheet(height, width, colours.ground, EDGES[rng.choice(3, p=odds)]), colours


def prose(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A page with a heading and paragraphs in one to three columns, justified or ragged at the right."""
    sheet, colours = paper(height, width, rng, light=rng.random() < 0.7)
    writer = Writer(rng, installed)
    size, margin = float(rng.choice([7, 8, 9, 10, 11, 12, 14, 17])), float(rng.uniform(4, 24))
    top = margin
    if rng.random() < 0.6:
        title = size * float(rng.uniform(1.4, 3))
        for _ in range(int(rng.integers(1, 3))):
            colour = colours.bright[0] if rng.random() < 0.3 else colours.ink
            sheet.text(margin, top, writer.sentence(int(rng.integers(2, 6))), writer.heading, title, colour)
            top += title * 1.25
        if rng.random() < 0.5:
            sheet.line([(margin, top), (width - margin, top)], colours.ink, float(rng.choice([0.5, 1, 2])))
        top += size
    count = int(rng.integers(1, 4)) if size < 10 else 1
    gap = size * 1.2
    column = (width - 2 * margin - gap * (count - 1)) / count
    even = rng.random() < 0.5
    for number in range(count):
        write_column(sheet, colours, writer, margin + number * (column + gap), top, column, height - margin, size, even)
        if number and rng.random() < 0.3:
            x = margin + number * (column + gap) - gap / 2
            sheet.line([(x, top), (x, height - margin)], colours.faint)
    return sheet.finished()


def write_column(
    sheet: Sheet,
    colours: Colours,
    writer: Writer,
    left: float,
    top: float,
    width: float,
    bottom: float,
    size: float,
    even: bool,
) -> None:
    """Fill a column with paragraphs."""
    rng, leading, space = writer.rng, size * float(writer.rng.uniform(1.15, 1.6)), size * 0.28
    while top + size < bottom:
        words = writer.sentence(int(rng.integers(8, 60))).split(" ")
        lengths = [sheet.measure(word, writer.face, size) for word in words]
        indent = size * 1.5 if rng.random() < 0.5 else 0.0
        while words and top + size < bottom:
            taken, used = 0, indent
            while taken < len(words) and used + lengths[taken] <= width:
                used += lengths[taken] + space
                taken += 1
            taken = max(taken, 1)
            stretch = (width - used + space) / (taken - 1) if even and 1 < taken < len(words) else 0.0
            x = left + indent
            for word, length in zip(words[:taken], lengths[:taken], strict=True):
                colour = colours.bright[0] if rng.random() < 0.01 else colours.ink
                sheet.text(x, top, word, writer.face, size, colour)
                x += length + space + stretch
            words, lengths, indent = words[taken:], lengths[taken:], 0.0
            top += leading
        top += leading * float(rng.choice([0, 0.5, 1]))


def table(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A table or a spreadsheet: a header, words at the left, numbers at the right."""
    sheet, colours = paper(height, width, rng, light=rng.random() < 0.8)
    writer = Writer(rng, installed)
    size = float(rng.choice([8, 9, 10, 12]))
    row = round(size * float(rng.uniform(1.4, 2.2)))
    columns = np.cumsum([0, *rng.integers(round(size * 4), round(size * 9), 12)]).tolist()
    striped, ruled, boxed = rng.random() < 0.5, rng.random() < 0.7, rng.random() < 0.6
    head = colours.bright[0] if rng.random() < 0.5 else mixed(colours.ground, colours.ink, 0.15)
    for number, top in enumerate(range(0, height, row)):
        ground = head if number == 0 else colours.faint if striped and number % 2 else None
        if ground is not None:
            sheet.box(0, top, width, top + row, mixed(ground, colours.ground, 0.0 if number == 0 else 0.6))
        if ruled:
            sheet.line([(0, top), (width, top)], colours.faint)
        for place, (left, right) in enumerate(pairwise(columns)):
            if left > width:
                break
            words = writer.word() if number == 0 or place == 0 else writer.number()
            length = sheet.measure(words, writer.face, size)
            x = left + 3 if number == 0 or place == 0 else right - length - 3
            if rng.random() < 0.95:
                sheet.text(x, top + (row - size * 1.2) / 2, words, writer.face, size, colours.ink)
            if rng.random() < 0.01:
                sheet.box(left, top, right + 1, top + row + 1, None, colours.bright[-1], width=2)
    for x in columns if boxed else []:
        sheet.line([(x, 0), (x, height)], colours.faint)
    return sheet.finished()


def form(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A form, a receipt or a label: fields, checkboxes, stamps, a barcode and a square code."""
    sheet, colours = paper(height, width, rng, light=True)
    writer = Writer(rng, installed)
    size, margin, top = float(rng.choice([8, 9, 10, 12])), 12.0, 10.0
    while top < height - 2 * size:
        kind = rng.integers(6)
        if kind == 0:
            top = barcode(sheet, margin, top, width * float(rng.uniform(0.3, 0.7)), 3 * size, rng)
            sheet.text(margin, top, " ".join(map(str, rng.integers(0, 10, 12))), writer.typewriter, size, colours.ink)
        elif kind == 1:
            top = square_code(sheet, margin, top, int(rng.integers(1, 5)), rng)
        elif kind == 2:
            for _ in range(int(rng.integers(2, 5))):
                sheet.box(margin, top, margin + size, top + size, None, colours.ink)
                if rng.random() < 0.5:
                    cross = [(margin, top), (margin + size, top + size)], [(margin, top + size), (margin + size, top)]
                    for line in cross:
                        sheet.line(line, colours.ink, 1.5)
                sheet.text(margin + 1.6 * size, top - 1, writer.sentence(3), writer.face, size, colours.ink)
                top += size * 1.7
        elif kind == 3:
            for name in (writer.word(), writer.word()):
                length = sheet.text(margin, top, writer.capital(name) + ":", writer.face, size, colours.ink)
                sheet.line([(margin + length + 4, top + size * 1.2), (width - margin, top + size * 1.2)], colours.ink)
                if rng.random() < 0.6:
                    sheet.text(margin + length + 8, top, writer.sentence(2), writer.typewriter, size, colours.bright[0])
                top += size * 2
        elif kind == 4:
            for _ in range(int(rng.integers(2, 6))):
                price = writer.number()
                sheet.text(margin, top, writer.sentence(2), writer.typewriter, size, colours.ink)
                x = width - margin - sheet.measure(price, writer.typewriter, size)
                sheet.text(x, top, price, writer.typewriter, size, colours.ink)
                top += size * 1.3
        else:
            x, radius = float(rng.uniform(0.3, 0.8)) * width, float(rng.uniform(2, 4)) * size
            for inner in (radius, radius * 0.8):
                sheet.disk(x, top + radius, inner, None, colours.bright[-1], 1.5)
            sheet.text(x - radius / 2, top + radius - size / 2, writer.word(), writer.heading, size, colours.bright[-1])
            top += size
        top += size * float(rng.uniform(1, 2.5))
    return sheet.finished()


def barcode(sheet: Sheet, left: float, top: float, width: float, height: float, rng: np.random.Generator) -> float:
    """Draw a barcode, and return the y coordinate below it."""
    x, black = round(left), True
    while x < left + width:
        bar = int(rng.integers(1, 5))
        if black:
            sheet.box(x, top, x + bar, top + height, (0, 0, 0))
        x, black = x + bar, not black
    return top + height + 1


def square_code(sheet: Sheet, left: float, top: float, cell: int, rng: np.random.Generator) -> float:
    """Draw a code of black and white squares with three corner marks, and return the y coordinate below it."""
    cells = rng.random((25, 25)) < 0.5
    for row, column in ((0, 0), (0, 18), (18, 0)):
        cells[row : row + 8, column : column + 8] = False
        cells[row : row + 7, column : column + 7] = True
        cells[row + 1 : row + 6, column + 1 : column + 6] = False
        cells[row + 2 : row + 5, column + 2 : column + 5] = True
    picture = np.where(cells.repeat(cell, 0).repeat(cell, 1)[:, :, None], np.uint8(0), np.uint8(255)).repeat(3, axis=2)
    sheet.paste(picture, round(left), round(top))
    return top + 25 * cell


def listing(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A program in an editor, or a terminal: a fixed-width font, with some words in colour."""
    sheet, colours = paper(height, width, rng, odds=(0.5, 0.3, 0.2))
    writer = Writer(rng, installed)
    size = float(rng.choice([8, 9, 10, 11, 12, 13]))
    row, step = round(size * 1.35), writer.typewriter.measure("m", round(size))
    numbered, depth = rng.random() < 0.6, 0
    if numbered:
        sheet.box(0, 0, 4 * step, height, mixed(colours.ground, colours.ink, 0.06))
    for number, top in enumerate(range(3, height, row)):
        x = 4.0
        if numbered:
            sheet.text(x, top, f"{number + 1:3d}", writer.typewriter, size, colours.faint)
            x += 4 * step
        depth = max(0, depth + int(rng.integers(-1, 2)))
        x += depth * 2 * step
        for _ in range(int(rng.integers(0, 8))):
            words = (
                writer.word(),
                "=",
                "(" + writer.word() + ")",
                f'"{writer.word()}"',
                writer.number(),
                "->",
                "{ }",
                "// ",
            )
            part = words[rng.integers(len(words))] + " "
            colour = colours.ink if rng.random() < 0.5 else colours.bright[rng.integers(len(colours.bright))]
            x += sheet.text(x, top, part, writer.typewriter, size, colour)
    return sheet.finished()


def poster(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A few large words over flat colour: a sign, a title page, a slide."""
    sheet, colours = paper(height, width, rng, odds=(0.8, 0.1, 0.1))
    writer = Writer(rng, installed)
    sheet.box(0, 0, width, height, mixed(colours.bright[0], colours.ground, float(rng.choice([0, 0.5, 1]))))
    if rng.random() < 0.5:
        sheet.box(0, height * 0.7, width, height, colours.bright[-1])
    top = float(rng.uniform(-10, 30))
    while top < height:
        size = float(rng.choice([16, 24, 32, 48, 72, 110]))
        ink = (colours.ink, colours.ground, *colours.bright)[rng.integers(2 + len(colours.bright))]
        sheet.text(
            float(rng.uniform(-10, 40)), top, writer.sentence(int(rng.integers(1, 5))), writer.heading, size, ink
        )
        top += size * float(rng.uniform(1.2, 1.6))
    return sheet.finished()


def glyphs(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Signs of an invented script, with horizontal, vertical and slanting strokes in squares."""
    sheet, colours = paper(height, width, rng)
    size = float(rng.choice([9, 12, 16, 20, 32, 64]))
    stroke = size * float(rng.uniform(0.05, 0.12))
    known = [rng.integers(0, 5, (int(rng.integers(3, 9)), 4)) / 5 for _ in range(40)]
    kinds = [rng.integers(0, 4, len(sign)) for sign in known]
    for top in np.arange(size / 3, height, size * float(rng.uniform(1.1, 1.6))).tolist():
        for left in np.arange(size / 3, width, size * 1.08).tolist():
            number = int(rng.integers(len(known)))
            for (x, y, end, low), kind in zip(known[number], kinds[number], strict=True):
                points = {
                    0: [(x * 0.3, y), (0.5 + end / 2, y)],
                    1: [(x, y * 0.3), (x, 0.5 + low / 2)],
                    2: [(x, y), (x - 0.25, y + 0.4)],
                    3: [(x, y), (x + 0.3, y + 0.35)],
                }[int(kind)]
                line = [(left + a * size, top + b * size) for a, b in points]
                sheet.line(line, colours.ink, max(1, stroke * (1.0 if kind else 0.7)))
    return sheet.finished()
