"""Camera noise: noise of the sensor, after raw development."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.degradations.degraded import Degraded, Image, Level, check_level, choose, draw, several, to_gray
from rednet.errors import OptionError

__all__ = ["SensorNoise"]

Plane = NDArray[np.float32]  # (H, W)
Planes = NDArray[np.float32]  # (3, H, W), which is three times as fast here as (H, W, 3)
Sites = tuple[slice, slice]
Demosaicing = Literal["bilinear", "malvar"]

GAMMA = 2.2
RED_GAIN, BLUE_GAIN = (1.9, 2.4), (1.5, 1.9)  # white balance relative to green; Brooks et al., section 3.2
MIDDLE = 0.5  # middle gray in the finished picture
STEPS = 1 << 14  # entries of the tables of the tone curve; finer than a quarter of an 8-bit level everywhere
CARD = 64  # px, side of the gray card on which we measure the gain of the development


@dataclass(frozen=True)
class SensorNoise:
    """Adds the noise of a camera's sensor, as it looks after raw development.

    The picture is converted to linear light. Each pixel of the Bayer mosaic gets photon noise, whose variance is
    proportional to the light, and read noise. White balance, demosaicing, a colour matrix, the tone curve and
    sharpening follow. So the noise is correlated, depends on brightness and colour, and is clipped at black. For a JPEG
    file of a camera, add "jpeg" in a chain.

    Args:
        sigma: standard deviation of the noise in the finished picture of a middle-gray card, on the 0-255 scale.
        read: fraction of the read noise in the variance there.
        colour: strength of the colour matrix, which raises the saturation; 0 for none.
        sharpening: amount of the unsharp mask (3x3 binomial).
        demosaicing: "bilinear" or "malvar", or both to choose from.

    Source: Brooks et al., "Unprocessing images for learned raw denoising", CVPR 2019 (order of the steps, gains, tone
    curve); Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for single-image raw-data", IEEE
    Trans. Image Processing 17, 2008 (Gaussian noise of the variance a x + b); Malvar, He and Cutler, "High-quality
    linear interpolation for demosaicing of Bayer-patterned color images", ICASSP 2004.

    Deviation: only the noise passes through the mosaic, the clean picture does not. Both demosaicings are linear,
    so the result is the difference between the developed noisy and the developed clean mosaic, and without noise the
    picture does not change. The colour matrix raises the saturation; it is not that of a real camera.
    """

    sigma: Level
    read: Level = (0.05, 0.5)
    colour: Level = (0.0, 0.8)
    sharpening: Level = (0.0, 0.8)
    demosaicing: Demosaicing | tuple[Demosaicing, ...] = ("bilinear", "malvar")

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("read", self.read, 0, 1)
        check_level("colour", self.colour, 0, 2)
        check_level("sharpening", self.sharpening, 0, 2)
        if not several(self.demosaicing) or set(several(self.demosaicing)) - {"bilinear", "malvar"}:
            raise OptionError(f"demosaicing is {self.demosaicing}; it must be bilinear or malvar, or both")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma, read, colour, sharpening = (
            draw(level, rng) for level in (self.sigma, self.read, self.colour, self.sharpening)
        )
        demosaicing: Demosaicing = choose(self.demosaicing, rng)
        colour, sharpening = round(colour, 1), round(sharpening, 1)  # so that few different gains are measured
        gains = (rng.uniform(*RED_GAIN), 1.0, rng.uniform(*BLUE_GAIN))
        bayer = Bayer(*(int(n) for n in rng.integers(0, 2, 2)))
        level = index(np.ascontiguousarray(np.broadcast_to(x.transpose(2, 0, 1), (3, *x.shape[:2]))))
        light = LIGHT[level]
        variance = np.empty(x.shape[:2], np.float32)
        for channel, site in bayer.sites():
            gain = gains[channel]
            lit = gain * (1 - read) / MIDDLE_LIGHT
            variance[site] = lit * light[(channel, *site)] + gain**2 * read
        usual = np.mean([gains[channel] * (1 - read) + gains[channel] ** 2 * read for channel, _ in bayer.sites()])
        strength = sigma / 255 / MIDDLE_SLOPE / developing_gain(demosaicing, colour, sharpening)
        variance *= np.float32(strength**2 / usual)
        mosaic = np.sqrt(variance) * rng.standard_normal(variance.shape, np.float32)

        noise = saturated(bayer.demosaiced(mosaic, demosaicing), colour)
        noise = TONE[index(light + noise)] - UNCHANGED[level]
        noise = sharpened(noise, sharpening)
        shown = noise.transpose(1, 2, 0)
        y = np.clip(x + (shown if x.shape[2] == 3 else to_gray(shown)), 0, 1)
        return Degraded(y, {"sigma": 255 * float(np.sqrt(np.mean((y - x) ** 2)))})


class Bayer(NamedTuple):
    """A Bayer mosaic: in each 2x2 px, red is at (row, column), blue diagonally opposite, green at the other two."""

    row: int
    column: int

    def sites(self) -> tuple[tuple[int, Sites], ...]:
        """Return the four grids of pixels, each with its channel: red, green beside red, green beside blue, blue."""
        red_rows, blue_rows = slice(self.row, None, 2), slice(1 - self.row, None, 2)
        red_columns, blue_columns = slice(self.column, None, 2), slice(1 - self.column, None, 2)
        return (
            (0, (red_rows, red_columns)),
            (1, (red_rows, blue_columns)),
            (1, (blue_rows, red_columns)),
            (2, (blue_rows, blue_columns)),
        )

    def demosaiced(self, mosaic: Plane, demosaicing: Demosaicing) -> Planes:
        """Interpolate all three colours of each pixel, (3, H, W)."""
        padded = np.pad(mosaic, 2, mode="reflect")  # this mode keeps the mosaic's phase

        def moved(down: int, right: int) -> Plane:
            return padded[2 + down : padded.shape[0] - 2 + down, 2 + right : padded.shape[1] - 2 + right]

        beside, above = moved(0, -1) + moved(0, 1), moved(-1, 0) + moved(1, 0)
        corners = moved(-1, -1) + moved(-1, 1) + moved(1, -1) + moved(1, 1)
        if demosaicing == "bilinear":
            cross, row, column, across = (beside + above) / 4, beside / 2, above / 2, corners / 4
        else:
            far, high = moved(0, -2) + moved(0, 2), moved(-2, 0) + moved(2, 0)
            cross = (4 * mosaic + 2 * (beside + above) - far - high) / 8
            row = (5 * mosaic + 4 * beside - far - corners + high / 2) / 8
            column = (5 * mosaic + 4 * above - high - corners + far / 2) / 8
            across = (6 * mosaic + 2 * corners - 1.5 * (far + high)) / 8
        colours = np.empty((3, *mosaic.shape), np.float32)
        (_, red), (_, by_red), (_, by_blue), (_, blue) = self.sites()
        triples: tuple[tuple[Sites, tuple[Any, Any, Any]], ...] = (
            (red, (mosaic, cross, across)),
            (by_red, (row, mosaic, column)),
            (by_blue, (column, mosaic, row)),
            (blue, (across, cross, mosaic)),
        )
        for site, triple in triples:
            for channel, plane in enumerate(triple):
                colours[(channel, *site)] = plane[site]
        return colours


def saturated(noise: Planes, colour: float) -> Planes:
    """Raise the saturation; gray stays gray."""
    apart: Planes = np.float32(1 + colour) * noise - np.float32(colour / 3) * (noise[0] + noise[1] + noise[2])
    return apart


def sharpened(noise: Planes, amount: float) -> Planes:
    """Apply an unsharp mask: add the difference from a 3x3 binomial filter, times an amount."""
    if not amount:
        return noise
    padded = np.pad(noise, ((0, 0), (1, 1), (1, 1)), mode="edge")
    tall = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    soft = tall[:, :, :-2] + 2 * tall[:, :, 1:-1] + tall[:, :, 2:]
    crisp: Planes = np.float32(1 + amount) * noise - np.float32(amount / 16) * soft
    return crisp


def index(values: Planes) -> NDArray[np.int32]:
    """Return the indices of values from 0 to 1 in a table of the tone curve."""
    places: NDArray[np.int32] = (values.clip(0, 1) * np.float32(STEPS)).astype(np.int32)
    return places


def tone_tables() -> tuple[Plane, Plane]:
    """Return two tables, inverse to each other: light of each finished value, finished value of each light."""
    fine = np.linspace(0, 1, STEPS + 1)
    curved = fine ** (1 / GAMMA)
    curved = 3 * curved**2 - 2 * curved**3
    return np.interp(fine, curved, fine).astype(np.float32), curved.astype(np.float32)


LIGHT, TONE = tone_tables()
UNCHANGED = TONE[index(LIGHT)]
MIDDLE_LIGHT = float(LIGHT[STEPS // 2])
MIDDLE_SLOPE = 6 * MIDDLE * (1 - MIDDLE) / GAMMA * MIDDLE_LIGHT ** (1 / GAMMA - 1)  # of the tone curve


@lru_cache(maxsize=512)
def developing_gain(demosaicing: Demosaicing, colour: float, sharpening: float) -> float:
    """Measure the factor by which development changes the standard deviation of white noise on a gray card."""
    mosaic = np.random.default_rng(0).standard_normal((CARD, CARD), np.float32)
    noise = sharpened(saturated(Bayer(0, 0).demosaiced(mosaic, demosaicing), colour), sharpening)
    return float(noise.std())
