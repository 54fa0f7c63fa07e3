"""What the bands of a picture are: gray or red, green and blue, transparency, and others that are no colour."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHA", "Layout", "tiff_layout", "usual_layout"]

Array = NDArray[Any]

ALPHA = (1, 2)  # values of TIFF's ExtraSamples that mean transparency, premultiplied or not; 0 means anything else
UNNAMED_ALPHA = (2, 4)  # bands of a picture that is taken to have transparency, if nothing says what its bands are


@dataclass(frozen=True)
class Layout:
    """What the bands of a picture are.

    Red, green and blue help each other to be restored: denoised together, a photograph gains 1.8 dB. Bands that show
    different things harm each other, by 1.5 to 2.8 dB, so each of them is restored alone (docs/files.md).

    Args:
        groups: how many bands the network sees at once: (1,) gray, (3,) RGB, (3, 1) RGB and near infrared.
        alpha: the band that is transparency, counted from 0; None for none.
    """

    groups: tuple[int, ...]
    alpha: int | None = None

    @property
    def channels(self) -> int:
        """How many bands there are besides transparency."""
        return sum(self.groups)

    @property
    def plain(self) -> bool:
        """Whether it is gray or RGB, as every format holds it."""
        return len(self.groups) == 1

    @property
    def slices(self) -> list[slice]:
        """The channels of each group."""
        return [slice(stop - size, stop) for size, stop in zip(self.groups, accumulate(self.groups), strict=True)]

    def split(self, levels: Array) -> tuple[Array, Array | None]:
        """Take the transparency, (h, w, 1) or None, out of all bands, (h, w, bands)."""
        if self.alpha is None:
            return levels, None
        return np.delete(levels, self.alpha, axis=2), levels[:, :, self.alpha : self.alpha + 1]

    def join(self, channels: Array, alpha: Array | None) -> Array:
        """Put the transparency back to its place."""
        if alpha is None:
            return channels
        place = channels.shape[2] if self.alpha is None else self.alpha
        return np.concatenate([channels[:, :, :place], alpha, channels[:, :, place:]], axis=2)


def usual_layout(bands: int) -> Layout:
    """Return what bands are, if nothing else says it: gray, RGB, either with transparency; five or more are data."""
    alpha = bands - 1 if bands in UNNAMED_ALPHA else None
    channels = bands if alpha is None else bands - 1
    return Layout((channels,) if channels in (1, 3) else (1,) * channels, alpha)


def tiff_layout(bands: int, extra: tuple[int, ...] | None, *, rgb: bool) -> Layout:
    """Return what the bands of a TIFF file are.

    Args:
        bands: how many there are.
        extra: what the tag ExtraSamples says of the last ones; None if there is no such tag.
        rgb: whether the first three are red, green and blue; else the first one is gray.

    Example:
        >>> tiff_layout(5, (0, 2), rgb=True)
        Layout(groups=(3, 1), alpha=4)
    """
    if extra is None and (bands in UNNAMED_ALPHA or rgb):
        return usual_layout(bands)
    colours = 3 if rgb else 1
    marked = [colours + number for number, value in enumerate(extra or ()) if value in ALPHA]
    alpha = marked[0] if len(marked) == 1 and marked[0] < bands else None  # of several, libvips makes of any data
    others = bands - colours - (alpha is not None)
    return Layout((colours,) + (1,) * others, alpha)
