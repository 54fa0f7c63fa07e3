"""Noise that is correlated between neighbouring pixels: film grain and chroma noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rednet.degradations.degraded import Degraded, Image, Level, check_level, draw, to_8_bits, to_gray

__all__ = ["ChromaNoise", "FilmGrain", "correlated_noise"]

MAX_SIZE = 16.0  # px, of a grain or a blotch
CHROMA = np.array([[0.0, -0.344136, 1.772], [1.402, -0.714136, 0.0]], np.float32)
"""Change of red, green and blue for one unit of Cb, and of Cr (ITU-R BT.601)."""


@dataclass(frozen=True)
class FilmGrain:
    """Adds film grain: correlated noise in the luma only.

    Args:
        sigma: standard deviation on the 0-255 scale; if `midtones` is above 0, the standard deviation at middle gray.
        size: standard deviation of the Gaussian filter that correlates the noise, px.
        midtones: dependence on brightness: at 0 the grain is the same everywhere, at 1 it vanishes in black and white.
        clip: clip to [0, 1] and round to 8 bits, like a saved scan.

    Source: Norkin and Birkbeck, "Film grain synthesis for AV1 video codec", DCC 2018: filtered Gaussian noise, scaled
    by a function of the luma. Deviation: a Gaussian filter in place of a fitted autoregressive one, and a parabola in
    place of a fitted function.
    """

    sigma: Level
    size: Level = (0.5, 1.5)
    midtones: Level = 0.0
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("size", self.size, 0, MAX_SIZE)
        check_level("midtones", self.midtones, 0, 1)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma, size, midtones = (draw(level, rng) for level in (self.sigma, self.size, self.midtones))
        grain = np.float32(sigma / 255) * correlated_noise(x.shape[0], x.shape[1], 1, size, rng)
        if midtones:
            luma = (x if x.shape[2] == 1 else to_gray(x)).clip(0, 1)
            grain *= 1 - np.float32(midtones) * (2 * luma - 1) ** 2
        y = x + grain
        return Degraded(to_8_bits(y) if self.clip else y, {"sigma": sigma})


@dataclass(frozen=True)
class ChromaNoise:
    """Adds correlated noise to the chroma and keeps the luma; a gray picture does not change.

    Args:
        sigma: root of the mean variance of red, green and blue, on the 0-255 scale.
        size: standard deviation of the Gaussian filter that correlates the noise, px.

    Source: sensor noise after demosaicing and denoising of the luma leaves noise in the planes Cb and Cr of ITU-R
    BT.601; see the chroma part of Nam et al., "A holistic approach to cross-channel image noise modeling", CVPR 2016.
    """

    sigma: Level
    size: Level = (0.7, 4.0)

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("size", self.size, 0, MAX_SIZE)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma, size = draw(self.sigma, rng), draw(self.size, rng)
        if x.shape[2] == 1:
            return Degraded(x, {"sigma": 0.0})
        spread = CHROMA / np.sqrt((CHROMA**2).sum() / 3)
        blotches = correlated_noise(x.shape[0], x.shape[1], 2, size, rng)
        return Degraded(x + blotches @ (np.float32(sigma / 255) * spread), {"sigma": sigma})


def correlated_noise(height: int, width: int, planes: int, size: float, rng: np.random.Generator) -> Image:
    """Draw Gaussian noise of standard deviation 1, correlated by a Gaussian filter.

    The filter runs in the Fourier domain, with the field as a torus, so its cost does not depend on `size`.

    Args:
        height, width: of the field, px.
        planes: number of independent fields.
        size: standard deviation of the filter, px; 0 for white noise.
        rng: the random generator.

    Returns:
        (height, width, planes).

    Example:
        >>> correlated_noise(4, 6, 2, 1.0, np.random.default_rng(0)).shape
        (4, 6, 2)
    """
    white = rng.standard_normal((planes, height, width), np.float32)
    if not size:
        return white.transpose(1, 2, 0)
    rows, columns = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)
    passed = np.exp(-2 * (np.pi * size) ** 2 * (rows**2 + columns**2))
    twice = np.full(columns.size, 2.0)  # rfft2 stores half of the spectrum, so most columns count twice
    twice[0] = 1.0
    if width % 2 == 0:
        twice[-1] = 1.0
    passed /= np.sqrt((passed**2 * twice).sum() / (height * width))
    field = np.fft.irfft2(np.fft.rfft2(white) * passed.astype(np.float32), (height, width))
    return field.astype(np.float32, copy=False).transpose(1, 2, 0)
