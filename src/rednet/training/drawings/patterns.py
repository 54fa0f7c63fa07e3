"""Draws patterns: halftone, dither, gradients, stars, test patterns."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rednet.classical.masks import pillow
from rednet.training.drawings.figures import flat_shapes, smooth_field, stretched
from rednet.training.drawings.sheet import Picture, as_picture, choose_colours

__all__ = ["dither", "gradient", "halftone", "stars", "trial_pattern"]

BAYER = np.array([[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]) / 16 + 1 / 32


def tones(height: int, width: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a picture for printing, (H, W, 3), 0 to 1: a coloured field, or shapes."""
    if rng.random() < 0.4:
        return flat_shapes(height, width, rng, installed=False) / 255
    colours = choose_colours(rng)
    field = smooth_field(height, width, rng)[:, :, None]
    low, high = (np.array(colours.bright[place]) / 255 for place in (0, -1))
    return low + (high - low) * field


def halftone(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A halftone print, whose dots grow with the tone: one ink, or three at different angles."""
    picture, period = tones(height, width, rng), float(rng.uniform(3, 10))
    rows, columns = np.mgrid[: 2 * height, : 2 * width] / 2

    def printed(tone: NDArray[np.float64], angle: float) -> NDArray[np.float64]:
        fine = tone.repeat(2, 0).repeat(2, 1)
        u = (columns * math.cos(angle) + rows * math.sin(angle)) * 2 * math.pi / period
        v = (rows * math.cos(angle) - columns * math.sin(angle)) * 2 * math.pi / period
        dots = (np.cos(u) + np.cos(v)) / 4 + 0.5 < fine
        return np.asarray(dots.reshape(height, 2, width, 2).mean(axis=(1, 3)))

    if rng.random() < 0.5:
        paper, ink = np.array([(255, 255, 255), (250, 244, 228)][rng.integers(2)]), np.array([20, 20, 25])
        dark = printed(1 - picture.mean(axis=2), math.radians(45))[:, :, None]
        return as_picture(paper + (ink - paper) * dark)
    inks = [printed(1 - picture[:, :, channel], math.radians(angle)) for channel, angle in enumerate((15, 75, 0))]
    return as_picture(255 * (1 - np.stack(inks, axis=2) * 0.95))


def dither(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A picture in few colours: ordered dither, error diffusion, or a palette as in GIF."""
    picture = tones(height, width, rng)
    kind, cell = rng.integers(3), int(rng.choice([1, 1, 2]))
    if kind == 0:
        levels = int(rng.integers(1, 4))
        threshold = np.tile(BAYER, (-(-height // 4), -(-width // 4)))[:height, :width, None]
        return enlarged(as_picture(np.floor(picture * levels + threshold) / levels * 255), cell)
    image = pillow("Image").fromarray(as_picture(picture * 255))
    if kind == 1:
        return enlarged(np.asarray(image.convert("1").convert("RGB")), cell)
    few = image.quantize(int(rng.integers(4, 33)))
    return enlarged(np.asarray(image.quantize(palette=few).convert("RGB")), cell)


def enlarged(picture: Picture, cell: int) -> Picture:
    """Enlarge each pixel, and crop to the size of the picture."""
    height, width, _ = picture.shape
    return np.ascontiguousarray(picture.repeat(cell, 0).repeat(cell, 1)[:height, :width])


def gradient(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A linear or radial gradient of colour, in steps of 8 bits or coarser; sometimes with flat shapes on it."""
    colours = choose_colours(rng)
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * math.pi)
        t = columns * math.cos(turn) + rows * math.sin(turn)
    else:
        t = np.hypot(rows - rng.uniform(), columns - rng.uniform())
    t = stretched(t)
    low, high = (np.array(colours.bright[place]) for place in (0, -1))
    if rng.random() < 0.5:
        high = low + (high - low) * 0.15
    picture = low + (high - low) * t[:, :, None]
    steps = int(rng.choice([1, 1, 1, 4, 16]))
    picture = np.floor(picture / steps + 0.5) * steps
    if rng.random() < 0.3:
        above = flat_shapes(height, width, rng, installed=False)
        picture = np.where((above == above[0, 0]).all(axis=2, keepdims=True), picture, above)
    return as_picture(picture)


def stars(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A night sky without noise: many faint and few bright stars in their colours, sometimes a nebula."""
    sky = np.zeros((height, width, 3)) + rng.uniform(0, 14, 3)
    if rng.random() < 0.6:
        sky += smooth_field(height, width, rng)[:, :, None] ** 2 * rng.uniform(5, 60, 3)
    spread = float(rng.uniform(0.45, 1.1))
    offsets = np.arange(-5, 6)
    for x, y, chance in rng.random((int(rng.integers(60, 700)), 3)):
        row, column = y * height, x * width
        light = 12 * (1 - chance) ** -1.0
        rows = np.clip(offsets + int(row), 0, height - 1)
        columns = np.clip(offsets + int(column), 0, width - 1)
        dots = np.exp(-((rows - row)[:, None] ** 2 + (columns - column) ** 2) / (2 * spread**2 * (1 + light / 2000)))
        warm = rng.uniform(-0.3, 0.3)
        sky[rows[:, None], columns] += (dots * light)[:, :, None] * (1 + warm, 1.0, 1 - warm)
    return as_picture(sky)


def trial_pattern(height: int, width: int, rng: np.random.Generator, installed: bool) -> Picture:
    """A test pattern for lenses and screens: rings, checks, bars, single lines."""
    rows, columns = np.mgrid[:height, :width].astype(float)
    kind = rng.integers(4)
    period = float(rng.choice([2, 3, 4, 6, 8, 16]))
    if kind == 0:
        distance = (rows - height / 2) ** 2 + (columns - width / 2) ** 2
        pattern = np.cos(distance * math.pi / (period * max(height, width)))
    elif kind == 1:
        pattern = np.where((rows // period + columns // period) % 2, 1.0, -1.0)
    elif kind == 2:
        turn = rng.uniform(0, math.pi)
        pattern = np.cos((columns * math.cos(turn) + rows * math.sin(turn)) * 2 * math.pi / period)
        pattern = np.sign(pattern) if rng.random() < 0.5 else pattern
    else:
        pattern = np.where((rows % (4 * period) < 1) | (columns % (4 * period) < 1), 1.0, -1.0)
    colours = choose_colours(rng)
    low, high = np.array(colours.ground), np.array((colours.ink, colours.bright[0])[rng.integers(2)])
    return as_picture(low + (high - low) * (pattern[:, :, None] + 1) / 2)
