"""The pictures of the bench of first looks: what they show, what is wrong with them, and what they were before.

Two sets come from one recipe: `bench` cuts its photographs from `val/`, and `fitting` from `train/`; their drawings
have seeds of their own. What an inspection learns, it learns from `fitting`; what is written down is measured on
`bench`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from rednet.classical.luma import to_gray
from rednet.degradations import (
    Banding,
    Chain,
    ChromaNoise,
    Dark,
    Degradation,
    FilmGrain,
    GaussianNoise,
    Identity,
    Impulses,
    JPEGTwice,
    SensorNoise,
    SlightBlur,
    to_8_bits,
)
from rednet.images import read_picture
from rednet.training.drawings import KINDS
from rednet.training.drawings.patterns import dither, tones

__all__ = ["COUNTS", "DAMAGE", "SEED", "Case", "Made", "Set", "bench", "fitting"]

Pixels = np.ndarray
SEED = 1018  # of the bench; 2 was looked at, too, when thresholds were chosen
SIDE = 192  # px of a picture of the bench
GRAY = 0.2  # share of the pictures that have no colour
BLOCK = 8  # px a side of JPEG's blocks
TWELVE_BITS = 4095 / 65535

DRAWN = {
    "drawing": ("chart", "street map", "contours", "line art", "flat shapes", "plan", "poster", "gradient"),
    "page": ("prose", "table", "form", "listing", "glyphs"),
    "screen": ("desktop", "application"),
    "halftone": ("halftone",),
    "pixel art": ("pixel game",),
}

COUNTS: dict[str, dict[str, int]] = {
    "photograph": {
        "clean": 40, "white": 50, "grain": 26, "chroma": 20, "impulses": 20, "sensor": 24, "sensor, jpeg file": 16,
        "jpeg file": 26, "jpeg": 26, "twice": 16, "cropped jpeg": 16, "noise, jpeg file": 28, "soft": 14, "dark": 10,
        "dark noise": 12, "banding": 8,
    },
    "drawing": {"clean": 22, "white": 10, "grain": 6, "jpeg file": 10, "jpeg": 6, "fine jpeg": 4},
    "page": {"clean": 22, "white": 8, "grain": 8, "jpeg file": 10, "jpeg": 6, "fine jpeg": 4},
    "screen": {"clean": 18, "white": 4, "jpeg file": 8, "jpeg": 4, "fine jpeg": 4},
    "halftone": {"clean": 20, "white": 4, "jpeg file": 6},
    "1-bit": {"clean": 24, "jpeg file": 4},
    "pixel art": {"clean": 16, "jpeg file": 4},
    "palette": {"clean": 16},
}  # fmt: skip


class Made(NamedTuple):
    """A damaged picture.

    Args:
        x: the clean picture, (H, W, C).
        y: the damaged one, of 8 bits (dark ones of 16).
        saved: the file that it came from, if it is a JPEG.
        sigma: standard deviation of the noise, 0-255 scale; 0 without noise, None if one number cannot say it.
        quality: of the last JPEG; None if there was none.
        white: what white is in a dark picture.
    """

    x: Pixels
    y: Pixels
    saved: bytes | None
    sigma: float | None
    quality: int | None
    white: float = 1.0


@dataclass(frozen=True)
class Case:
    """One picture of a set: `made` makes it.

    Args:
        of: the set.
        number: its place in the set.
        kind: what it shows.
        damage: what is wrong with it.
        place: its place among those of its kind and damage, which chooses the level of the damage.
        count: how many there are of them.
    """

    of: Set
    number: int
    kind: str
    damage: str
    place: int
    count: int

    @property
    def name(self) -> tuple[int, int]:
        """The seed of its set and its number: no other case has both."""
        return self.of.seed, self.number

    def made(self) -> Made:
        """Make the picture; the same one each time."""
        rng = np.random.default_rng((self.of.seed, self.number))
        x = self.of.picture(self.kind, self.number, rng)
        if rng.random() < GRAY and self.damage not in ("chroma", "sensor"):
            x = to_8_bits(to_gray(x))
        return DAMAGE[self.damage](x, (self.place + 0.5) / self.count, rng)


@dataclass(frozen=True)
class Set:
    """Where pictures come from.

    Args:
        seed: of everything random.
        folders: of photographs, below the data.
        data: the folder of `REDNET_DATA`.
        times: how many times as many pictures as the bench has.
        installed: draw with the fonts of the machine, too.
    """

    seed: int
    folders: tuple[str, ...]
    data: Path
    times: int = 1
    installed: bool = False

    @cached_property
    def photographs(self) -> list[Path]:
        """The files of the photographs."""
        files = (path for folder in self.folders for path in sorted((self.data / folder).rglob("*")))
        return [path for path in files if path.suffix in (".png", ".webp", ".jpg")]

    def cases(self) -> Iterator[Case]:
        """Yield all cases; those of the bench do not change when others are added to a larger set."""
        number = 0
        for kind, counts in COUNTS.items():
            for damage, count in counts.items():
                for place in range(count * self.times):
                    yield Case(self, number, kind, damage, place, count * self.times)
                    number += 1

    def photograph(self, case: Case) -> int:
        """Return the place of the photograph from which a case is cut; -1 if it is drawn."""
        return case.number % len(self.photographs) if case.kind == "photograph" else -1

    def picture(self, kind: str, number: int, rng: np.random.Generator) -> Pixels:
        """Make a clean picture of a kind, (SIDE, SIDE, 3)."""
        if kind == "photograph":
            x = opened(self.photographs[number % len(self.photographs)])
            top, left = (int(rng.integers(side - SIDE + 1)) for side in x.shape[:2])
            return x[top : top + SIDE, left : left + SIDE]
        if kind == "1-bit":
            return as_pixels(one_bit(number, rng, self.installed))
        if kind == "palette":
            few = Image.fromarray(np.rint(tones(SIDE, SIDE, rng) * 255).astype(np.uint8)).quantize(
                int(rng.integers(8, 33)), dither=Image.Dither.FLOYDSTEINBERG
            )
            return as_pixels(np.asarray(few.convert("RGB")))
        names = DRAWN[kind]
        return as_pixels(KINDS[names[number % len(names)]].draw(SIDE, SIDE, rng, self.installed))


def one_bit(number: int, rng: np.random.Generator, installed: bool) -> np.ndarray:
    """Draw in black and white alone: a page or a drawing without gray levels, or a dithered field."""
    if number % 3 == 0:
        while True:
            picture = dither(SIDE, SIDE, rng, installed)
            if len(np.unique(picture.reshape(-1, 3), axis=0)) == 2 and set(np.unique(picture)) == {0, 255}:
                return picture
    name = ("prose", "line art", "plan", "table")[number % 4]
    gray = KINDS[name].draw(SIDE, SIDE, rng, installed).mean(axis=2, keepdims=True)
    middle = (float(gray.min()) + float(gray.max())) / 2
    return np.broadcast_to(np.where(gray > middle, 255, 0), (SIDE, SIDE, 3)).astype(np.uint8)


@lru_cache(maxsize=32)
def opened(path: Path) -> Pixels:
    """Read a photograph in RGB, which is at least SIDE px a side."""
    pixels = read_picture(path).pixels
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def as_pixels(picture: np.ndarray) -> Pixels:
    """Return levels of 8 bits as values from 0 to 1."""
    return picture.astype(np.float32) / np.float32(255)


def between(low: float, high: float, share: float) -> float:
    """Return the level that divides a range in equal steps of ratio, as damage is felt."""
    return float(low * (high / low) ** share)


def noisy(low: float, high: float, kind: Callable[[float], Degradation]) -> Callable[..., Made]:
    """Return the damage of noise whose strength goes from low to high over the cases."""

    def make(x: Pixels, share: float, rng: np.random.Generator) -> Made:
        sigma = between(low, high, share)
        y = to_8_bits(kind(sigma)(x, rng).y)
        return Made(x, y, None, sigma, None)

    return make


def compressed(x: Pixels, quality: int, rng: np.random.Generator) -> tuple[Pixels, bytes]:
    """Save as JPEG; return what can be read of it, and the file."""
    file = io.BytesIO()
    levels = np.rint(x.clip(0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(levels[:, :, 0] if x.shape[2] == 1 else levels)
    image.save(file, "JPEG", quality=quality, subsampling=("4:2:0", "4:4:4")[rng.integers(2)])
    return as_pixels(np.asarray(Image.open(file))).reshape(x.shape), file.getvalue()


def saved(low: int, high: int, *, file: bool = True, cut: bool = False, noise: Degradation = Identity()) -> Callable:  # noqa: B008
    """Return the damage of JPEG, of which the file is kept or not, and whose blocks may be cut."""

    def make(x: Pixels, share: float, rng: np.random.Generator) -> Made:
        quality = round(low + (high - low) * share)
        spoilt = noise(x, rng)
        sigma = 0.0 if isinstance(noise, Identity) else 255 * float(np.std(spoilt.y - x))
        y, content = compressed(spoilt.y, quality, rng)
        if cut:
            top, left = (int(offset) for offset in rng.integers(1, BLOCK, 2))
            x, y = x[top:, left:], y[top:, left:]
        return Made(x, y, content if file else None, sigma, quality)

    return make


def twice(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Save as a coarse JPEG, cut, and save as a fine one."""
    first = round(20 + 60 * share)
    y = JPEGTwice(first, first, larger=1.0)(x, rng).y if rng.random() < 0.3 else shifted(x, first, rng)
    y, content = compressed(y, int(rng.integers(85, 97)), rng)
    return Made(x, y, content, 0.0, first)


def shifted(x: Pixels, quality: int, rng: np.random.Generator) -> Pixels:
    """Save as JPEG with blocks that begin elsewhere."""
    top, left = (int(offset) for offset in rng.integers(0, BLOCK, 2))
    return compressed(np.pad(x, ((top, 0), (left, 0), (0, 0)), mode="symmetric"), quality, rng)[0][top:, left:]


def dark(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Make dark, without other damage."""
    white = between(0.01, 0.08, share)
    y = Dark(white)(x, rng).y
    return Made(y, y, None, 0.0, None, white)


def dark_noise(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Put 12 bits into 16: noise, then dark."""
    sigma = between(4, 40, share)
    y = Chain((GaussianNoise(sigma), Dark(TWELVE_BITS)))(x, rng).y
    return Made(x * np.float32(TWELVE_BITS), y, None, sigma * TWELVE_BITS, None, TWELVE_BITS)


def impulses(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Spoil single pixels."""
    values = ("salt and pepper", "hot", "random")
    y = Impulses(between(0.001, 0.05, share), values[rng.integers(3)])(x, rng).y
    return Made(x, to_8_bits(y), None, None, None)


def soft(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Make soft."""
    return Made(x, to_8_bits(SlightBlur(0.5 + 1.2 * share)(x, rng).y), None, 0.0, None)


def noise_under_jpeg(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Save a noisy picture."""
    return saved(50, 95, noise=GaussianNoise(float(rng.uniform(4, 30)), clip=True))(x, share, rng)


def sensor_jpeg(x: Pixels, share: float, rng: np.random.Generator) -> Made:
    """Save the picture of a noisy sensor."""
    return saved(80, 95, noise=SensorNoise(between(4, 30, share)))(x, float(rng.random()), rng)


DAMAGE: dict[str, Callable[[Pixels, float, np.random.Generator], Made]] = {
    "clean": lambda x, share, rng: Made(x, x, None, 0.0, None),
    "white": noisy(3, 60, lambda sigma: GaussianNoise(sigma, clip=True)),
    "grain": noisy(3, 30, lambda sigma: FilmGrain(sigma, (0.5, 1.5), clip=True)),
    "chroma": noisy(4, 25, ChromaNoise),
    "impulses": impulses,
    "sensor": noisy(3, 35, SensorNoise),
    "sensor, jpeg file": sensor_jpeg,
    "jpeg file": saved(10, 97),
    "jpeg": saved(10, 90, file=False),
    "fine jpeg": saved(95, 99),
    "twice": twice,
    "cropped jpeg": saved(10, 90, file=False, cut=True),
    "noise, jpeg file": noise_under_jpeg,
    "soft": soft,
    "dark": dark,
    "dark noise": dark_noise,
    "banding": noisy(2, 10, Banding),
}


def bench(data: Path, seed: int = SEED) -> Set:
    """Return the set that is measured: 600 pictures; another seed gives other drawings, crops and damage."""
    return Set(seed, ("val",), data)


def fitting(data: Path, times: int) -> Iterator[Case]:
    """Yield what may be learned from, in no order: many times the bench, and the same drawings a second time."""
    first, second = (Set(seed, ("train/open", "train/photos"), data, times, installed=True) for seed in (2018, 2019))
    cases = [*first.cases(), *(case for case in second.cases() if case.kind != "photograph")]
    yield from (cases[number] for number in np.random.default_rng(0).permutation(len(cases)))
