"""Draws figures: charts, maps, contours, line art, flat colour, technical drawings."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rednet.training.drawings.pages import paper
from rednet.training.drawings.sheet import Colours, Picture, Point, Sheet, mixed
from rednet.training.drawings.writing import Writer

__all__ = ["chart", "contours", "flat_shapes", "line_art", "plan", "street_map"]


def chart(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A chart with axes, grid, labels and a legend: lines, bars, points or slices."""
    sheet, colours = paper(height, width, rng, light=rng.random() < 0.8, odds=(0.85, 0.05, 0.1))
    writer = Writer(rng, installed)
    size, left, top, bottom = 10.0, 34.0, 24.0, height - 26.0
    sheet.text(left, 4, writer.sentence(3), writer.heading, 13, colours.ink)
    kind = ("lines", "bars", "points", "slices")[rng.integers(4)]
    if kind == "slices":
        slices(sheet, colours, writer, rng)
        return sheet.finished()
    for y in np.linspace(top, bottom, int(rng.integers(4, 9))).tolist():
        sheet.line([(left, y), (width - 8, y)], colours.faint)
        sheet.text(3, y - size / 2, writer.number()[:5], writer.face, size - 1, colours.ink)
    places = np.linspace(left + 12, width - 20, int(rng.integers(5, 30)))
    for x in places[:: max(1, len(places) // 4)].tolist():
        sheet.line([(x, bottom), (x, bottom + 4)], colours.ink)
        sheet.text(x - 8, bottom + 6, writer.word()[:5], writer.face, size - 1, colours.ink)
    count = min(len(colours.bright), int(rng.integers(1, 5)))
    for number in range(count):
        walk = np.cumsum(rng.standard_normal(len(places))) + rng.uniform(-2, 2)
        heights = bottom - (walk - walk.min() + 0.3) / (np.ptp(walk) + 0.6) * (bottom - top) * float(
            rng.uniform(0.4, 1)
        )
        points = list(zip(places.tolist(), heights.tolist(), strict=True))
        colour = colours.bright[number]
        if kind == "bars":
            wide = (places[1] - places[0]) * 0.8 / count
            for x, y in points:
                sheet.box(x + (number - count / 2) * wide, y, x + (number + 1 - count / 2) * wide - 0.5, bottom, colour)
        if kind == "lines":
            sheet.line(points, colour, float(rng.choice([1, 1.5, 2.5])))
        if kind == "points" or (kind == "lines" and number % 2):
            for x, y in points:
                sheet.disk(x, y, 2.5, colour, colours.ground)
    sheet.line([(left, top), (left, bottom), (width - 8, bottom)], colours.ink)
    if rng.random() < 0.7:
        x, y = width - 90.0, top + 4
        sheet.box(x, y, x + 78, y + 14 * count + 4, colours.ground, colours.faint)
        for number in range(count):
            sheet.box(x + 4, y + 5 + 14 * number, x + 14, y + 13 + 14 * number, colours.bright[number])
            sheet.text(x + 18, y + 2 + 14 * number, writer.word()[:8], writer.face, size, colours.ink)
    return sheet.finished()


def slices(sheet: Sheet, colours: Colours, writer: Writer, rng: np.random.Generator) -> None:
    """Draw a pie chart."""
    x, y, radius = sheet.width * 0.45, sheet.height * 0.52, min(sheet.height, sheet.width) * 0.36
    turns = np.cumsum([0, *rng.dirichlet(np.ones(len(colours.bright)))]) * 360
    for number, (start, end) in enumerate(pairwise(turns.tolist())):
        sheet.slice(x, y, radius, start, end, colours.bright[number])
        angle = math.radians((start + end) / 2)
        place = x + 1.15 * radius * math.cos(angle), y + 1.15 * radius * math.sin(angle)
        sheet.line([(x + radius * math.cos(angle), y + radius * math.sin(angle)), place], colours.ink)
        sheet.text(place[0] - 10, place[1] - 6, writer.word()[:7], writer.face, 10, colours.ink)
    if rng.random() < 0.5:
        sheet.disk(x, y, radius * 0.5, colours.ground)


def street_map(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A street map: water, parks, blocks of houses, roads with borders, names."""
    sheet, colours = paper(height, width, rng, light=True, odds=(0.9, 0, 0.1))
    writer = Writer(rng, installed)
    land, water, park = (242, 239, 233), (170, 211, 223), (200, 230, 190)
    sheet.box(0, 0, width, height, land)
    turn = rng.uniform(0, math.pi / 2)
    along, across = np.array([math.cos(turn), math.sin(turn)]), np.array([-math.sin(turn), math.cos(turn)])
    middle, reach = np.array([width / 2, height / 2]), float(height + width)
    for _ in range(int(rng.integers(0, 4))):
        centre, radius = rng.uniform(0, 1, 2) * (width, height), rng.uniform(20, 90)
        sheet.shape(blob(centre, radius, rng), park)
    if rng.random() < 0.6:
        river = [
            tuple(middle + across * reach * t + along * 30 * math.sin(4 * t + turn)) for t in np.linspace(-1, 1, 30)
        ]
        sheet.line(river, water, float(rng.uniform(10, 40)))
    steps = rng.uniform(24, 60, 2)
    for block in rng.uniform(-1, 1, (90, 2)) * reach / 2:
        corner = middle + along * block[0] + across * block[1]
        a, b = along * rng.uniform(5, 14), across * rng.uniform(5, 14)
        sheet.shape(
            [tuple(p) for p in (corner, corner + a, corner + a + b, corner + b)], (217, 208, 201), (190, 180, 172)
        )
    roads: list[tuple[list[Point], float]] = []
    for direction, other, step in ((along, across, steps[0]), (across, along, steps[1])):
        for offset in np.arange(-reach / 2, reach / 2, step):
            bend = rng.uniform(-12, 12, 5)
            places = [
                middle + other * (offset + b) + direction * t * reach / 2
                for t, b in zip(np.linspace(-1, 1, 5), bend, strict=True)
            ]
            roads.append(([(float(p[0]), float(p[1])) for p in places], float(rng.choice([2, 3, 4, 7]))))
    for points, wide in roads:
        sheet.line(points, (185, 180, 175), wide + 1.6)
    for points, wide in roads:
        sheet.line(points, (252, 214, 164) if wide > 6 else (255, 255, 255), wide)
    for _ in range(int(rng.integers(4, 14))):
        x, y = (float(rng.uniform(0, side)) for side in (width, height))
        size, words = float(rng.choice([8, 9, 10, 14])), writer.sentence(int(rng.integers(1, 3)))[:-1]
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            sheet.text(x + dx, y + dy, words, writer.face, size, (255, 255, 255))
        sheet.text(x, y, words, writer.face, size, (60, 60, 70))
        if rng.random() < 0.3:
            sheet.disk(x - 7, y + 5, 4, colours.bright[0], (255, 255, 255))
    return sheet.finished()


def blob(centre: NDArray[np.float64], radius: float, rng: np.random.Generator) -> list[Point]:
    """Return the outline of a round, uneven patch."""
    turns = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    waves = sum(rng.uniform(0, 0.25) / k * np.sin(k * turns + rng.uniform(0, 6)) for k in (2, 3, 4, 5))
    distance = radius * (1 + np.asarray(waves))
    return list(
        zip(
            (centre[0] + distance * np.cos(turns)).tolist(),
            (centre[1] + distance * np.sin(turns)).tolist(),
            strict=True,
        )
    )


def smooth_field(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a field from 0 to 1, the sum of a few waves."""
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    field = np.zeros((height, width))
    for strength in (1.0, 0.7, 0.5, 0.35, 0.25):
        wave = rng.uniform(-1, 1, 2) * rng.uniform(2, 9) / strength**0.5
        field += strength * np.sin(2 * math.pi * (wave[0] * rows + wave[1] * columns) / 2 + rng.uniform(0, 6.28))
    return stretched(field)


def stretched(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale a field to the range 0 to 1; a constant field becomes 0."""
    field = field - field.min()
    return np.asarray(field / (field.max() or 1.0))


def contours(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Contour lines over tinted land, as on maps of hills or of weather."""
    _, colours = paper(height, width, rng)
    field = smooth_field(height, width, rng)
    count = int(rng.integers(6, 26))
    level = np.floor(field * count)
    low, high = np.array(colours.ground), np.array(colours.bright[0])
    tinted = low + (high - low) * (level / count * float(rng.choice([0, 0.5, 1])))[:, :, None]
    edge = np.zeros((height, width), bool)
    edge[:, 1:] |= level[:, 1:] != level[:, :-1]
    edge[1:] |= level[1:] != level[:-1]
    thick = edge & (level % 5 == 0)
    edge[:-1] |= thick[1:]
    tinted[edge] = colours.ink
    sheet = Sheet(height, width, colours.ground, "hard")
    sheet.paste(tinted.astype(np.uint8), 0, 0)
    writer = Writer(rng, installed)
    for _ in range(int(rng.integers(0, 10))):
        x, y = (float(rng.uniform(0, side)) for side in (width, height))
        sheet.text(x, y, str(int(rng.integers(100, 3000))), writer.face, 9, colours.ink)
    return sheet.finished()


def line_art(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Black lines on paper: curves, hatching, rings, as in engravings, comics and signatures."""
    sheet, colours = paper(height, width, rng, odds=(0.7, 0, 0.3))
    for _ in range(int(rng.integers(4, 12))):
        centre, radius = rng.uniform(0, 1, 2) * (width, height), float(rng.uniform(15, 90))
        outline, wide = blob(centre, radius, rng), float(rng.choice([1, 1, 1.5, 2, 4]))
        kind = rng.integers(4)
        sheet.shape(outline, colours.ground, colours.ink, wide)
        if kind == 0:
            step, slope = float(rng.uniform(2.5, 7)), float(rng.uniform(-1, 1))
            for offset in np.arange(-radius, radius, step).tolist():
                half = 0.8 * math.sqrt(max(0.0, radius**2 - offset**2))
                x, y = float(centre[0]) + offset, float(centre[1])
                sheet.line([(x - slope * half, y - half), (x + slope * half, y + half)], colours.ink)
        elif kind == 1:
            for ring in np.arange(3, radius * 0.9, float(rng.uniform(3, 8))).tolist():
                sheet.disk(float(centre[0]), float(centre[1]), ring, None, colours.ink)
        elif kind == 2:
            t = np.linspace(0, float(rng.uniform(4, 20)), 160)
            x, y = (
                centre[0] + t * radius / 30 * np.cos(t * 2),
                centre[1] + radius * 0.6 * np.sin(t * float(rng.uniform(1, 3))),
            )
            sheet.line(list(zip(x.tolist(), y.tolist(), strict=True)), colours.ink, wide)
        else:
            for turn in np.linspace(0, 2 * math.pi, int(rng.integers(8, 60))).tolist():
                far = centre[0] + radius * 1.3 * math.cos(turn), centre[1] + radius * 1.3 * math.sin(turn)
                sheet.line([(float(centre[0]), float(centre[1])), far], colours.ink)
    return sheet.finished()


def flat_shapes(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """Shapes of flat colour, with or without black outlines: a cartoon, a flag, an icon, a logo."""
    sheet, colours = paper(height, width, rng, odds=(0.7, 0, 0.3))
    outline = colours.ink if rng.random() < 0.5 else None
    sheet.box(0, 0, width, height, mixed(colours.bright[0], (255, 255, 255), float(rng.uniform(0, 0.8))))
    for _ in range(int(rng.integers(6, 26))):
        fill = mixed(
            colours.bright[rng.integers(len(colours.bright))], colours.ground, float(rng.choice([0, 0, 0.3, 0.6]))
        )
        centre, radius = rng.uniform(0, 1, 2) * (width, height), float(rng.uniform(6, 70))
        kind, wide, (x, y) = rng.integers(5), float(rng.choice([1, 2, 3])), centre.tolist()
        if kind == 0:
            sheet.disk(x, y, radius, fill, outline, wide)
        elif kind == 1:
            sheet.box(
                x - radius,
                y - radius / 2,
                x + radius,
                y + radius / 2,
                fill,
                outline,
                width=wide,
                radius=float(rng.choice([0, 6])),
            )
        elif kind == 2:
            sheet.shape(blob(centre, radius, rng), fill, outline, wide)
        elif kind == 3:
            points = rng.uniform(-1, 1, (3, 2)) * radius + centre
            sheet.shape([(float(a), float(b)) for a, b in points], fill, outline, wide)
        else:
            turns = np.linspace(0, 2 * math.pi, 11)[:-1] + rng.uniform(0, 1)
            reach = radius * np.where(np.arange(10) % 2, 0.45, 1.0)
            star = [
                (x + r * math.cos(t), y + r * math.sin(t)) for r, t in zip(reach.tolist(), turns.tolist(), strict=True)
            ]
            sheet.shape(star, fill, outline, wide)
    return sheet.finished()


def plan(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A technical drawing or a diagram: boxes, circles, right-angled connections, arrows and measures."""
    sheet, colours = paper(height, width, rng, odds=(0.6, 0, 0.4))
    writer = Writer(rng, installed)
    if rng.random() < 0.4:
        for place in range(0, max(height, width), 10):
            sheet.line([(place, 0), (place, height)], mixed(colours.ground, colours.ink, 0.1))
            sheet.line([(0, place), (width, place)], mixed(colours.ground, colours.ink, 0.1))
    knots = [(float(x), float(y)) for x, y in rng.uniform(0.05, 0.95, (int(rng.integers(5, 14)), 2)) * (width, height)]
    for (x, y), (end, low) in pairwise(knots):
        sheet.line([(x, y), (end, y), (end, low)], colours.ink)
        tip = 5 if low < y else -5
        sheet.shape([(end, low), (end - 3, low + tip), (end + 3, low + tip)], colours.ink)
    for x, y in knots:
        kind, half = rng.integers(4), float(rng.uniform(8, 30))
        fill = colours.ground if rng.random() < 0.6 else colours.bright[rng.integers(len(colours.bright))]
        if kind == 0:
            sheet.disk(x, y, half, fill, colours.ink)
            sheet.line([(x - half - 5, y), (x + half + 5, y)], colours.bright[0])
            sheet.line([(x, y - half - 5), (x, y + half + 5)], colours.bright[0])
        elif kind == 1:
            sheet.shape([(x, y - half), (x + half, y), (x, y + half), (x - half, y)], fill, colours.ink)
        else:
            sheet.box(x - half * 1.4, y - half * 0.6, x + half * 1.4, y + half * 0.6, fill, colours.ink)
        words = writer.word() if kind else f"⌀ {half:.1f}" if writer.face.path else f"{half:.1f}"
        sheet.text(x - sheet.measure(words, writer.face, 9) / 2, y - 6, words, writer.face, 9, colours.ink)
    return sheet.finished()
