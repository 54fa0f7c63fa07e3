"""Degrades photographs in five ways, restores them, and draws before/after sheets. Run it with `make demo`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import rednet
from rednet.classical.kernels import camera_shake
from rednet.classical.metrics import psnr
from rednet.classical.resize import imresize
from rednet.degradations import JPEG, Blur, GaussianNoise

Levels = NDArray[np.uint8]
PHOTOS = Path(__file__).parent / "photos"
ZOOM, DETAIL, GAP, INK = 3, 90, 12, (30, 30, 30)  # DETAIL: height of the enlarged part, px


class Case(NamedTuple):
    """A photograph, with its degradation and restoration; `detail` is the place that the sheet enlarges."""

    title: str
    photo: str
    detail: tuple[int, int]
    run: Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], Levels]]


def noise(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Add noise of sigma 25; the network does not get the level."""
    y = GaussianNoise(25, clip=True)(x, np.random.default_rng(0)).y
    return y, rednet.denoise(to_levels(y))


def jpeg(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Compress strongly."""
    y = JPEG(10)(x, np.random.default_rng(0)).y
    return y, rednet.dejpeg(to_levels(y))


def low_resolution(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Reduce to one pixel of nine; the sheet shows the bicubic enlargement."""
    small = to_levels(imresize(x, 1 / 3))
    return imresize(from_levels(small), 3), rednet.upscale(small, scale=3)


def text(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Write text over the picture; the mask is known."""
    height, width, _ = x.shape
    page = Image.new("L", (width, height))
    pen = ImageDraw.Draw(page)
    words = "the quick brown fox jumps over the lazy dog and " * 8
    for line, top in enumerate(range(8, height, 34)):
        pen.text((8 - 37 * line % 200, top), words, font=ImageFont.load_default(17), fill=255)
    mask = np.asarray(page) > 0
    y = np.where(mask[:, :, None], np.array([1.0, 0.9, 0.2], np.float32), x)
    return y, rednet.inpaint(to_levels(y), mask)


def shaken(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], Levels]:
    """Blur by camera shake with a known path of 21 px, and add a little noise; its strength is estimated."""
    kernel = camera_shake(21, np.random.default_rng(4))
    y = Blur(kernel, 2.0)(x, np.random.default_rng(0)).y
    return y, rednet.deblur(to_levels(y), kernel)


CASES = (
    Case("noise, sigma 25", "chelsea.png", (75, 120), noise),
    Case("JPEG, quality 10", "coffee.png", (120, 330), jpeg),
    Case("a third of the resolution", "astronaut.png", (60, 170), low_resolution),
    Case("text written over", "rocket.jpg", (230, 270), text),
    Case("camera shake, known", "astronaut.png", (60, 170), shaken),
)


def to_levels(x: NDArray[np.float32]) -> Levels:
    """Round a picture in [0, 1] to 8 bits."""
    return np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)


def from_levels(levels: Levels) -> NDArray[np.float32]:
    """Convert 8 bits to [0, 1]."""
    return levels.astype(np.float32) / np.float32(255)


def draw_sheet(title: str, panels: list[tuple[str, Levels]], detail: tuple[int, int]) -> Image.Image:
    """Draw pictures side by side, with labels above and an enlarged detail below."""
    height, width, _ = panels[0][1].shape
    sheet = Image.new("RGB", (len(panels) * (width + GAP) + GAP, 62 + height + DETAIL * ZOOM + 2 * GAP), "white")
    pen = ImageDraw.Draw(sheet)
    pen.text((GAP, 8), title, INK, ImageFont.load_default(20))
    top, left = detail
    for i, (label, levels) in enumerate(panels):
        x = GAP + i * (width + GAP)
        pen.text((x, 36), label, INK, ImageFont.load_default(16))
        picture = Image.fromarray(levels)
        crop = picture.crop((left, top, left + width // ZOOM, top + DETAIL))
        sheet.paste(picture, (x, 62))
        sheet.paste(
            crop.resize((width // ZOOM * ZOOM, DETAIL * ZOOM), Image.Resampling.NEAREST), (x, 62 + height + GAP)
        )
    return sheet


def show(cases: Sequence[Case], out: Path) -> None:
    """Run cases, write a sheet for each, and print a table."""
    out.mkdir(parents=True, exist_ok=True)
    print(f"{'damage':28}{'damaged':>10}{'restored':>10}{'seconds':>9}   sheet")
    for case in cases:
        clean = np.asarray(Image.open(PHOTOS / case.photo).convert("RGB"))
        height, width = clean.shape[0] // 3 * 3, clean.shape[1] // 3 * 3
        x = from_levels(clean[:height, :width])
        start = time.perf_counter()
        y, restored = case.run(x)
        seconds = time.perf_counter() - start
        before, after = psnr(x, np.clip(y, 0, 1)), psnr(x, from_levels(restored))
        panels = [
            ("clean", to_levels(x)),
            (f"damaged, {before:.1f} dB", to_levels(y)),
            (f"restored, {after:.1f} dB", restored),
        ]
        path = out / f"{case.run.__name__}.png"
        draw_sheet(case.title, panels, case.detail).save(path)
        print(f"{case.title:28}{before:7.2f} dB{after:7.2f} dB{seconds:8.1f}s   {path}")


if __name__ == "__main__":
    show(CASES, Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
