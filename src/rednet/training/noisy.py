"""Learns from noisy pictures alone: of each square of 2x2 pixels, one is to predict another.

The noise of the two pixels is independent and what they show is nearly the same, so that the best prediction is the
picture without its noise. This needs noise that differs from pixel to pixel: grain of several pixels, or noise that was
enlarged or saved as JPEG, cannot be learned in this way.

Source: Huang et al., "Neighbor2Neighbor", 2021, arXiv:2101.02824, section 4.1; Lehtinen et al., "Noise2Noise", 2018,
arXiv:1803.04189. Deviation: without the regularisation of section 4.2, which needs a second run of the network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from rednet.classical.orientations import ORIENTATIONS, orient
from rednet.degradations import Degraded, Identity, Mixture, Share
from rednet.network.model import REDNetConfig
from rednet.training.pairs import TOLD, WHOLE
from rednet.training.patches import Crop, Patches, Picture, padded, pair
from rednet.training.recipe import Data

__all__ = ["NOISY", "NoisyPatches", "noisy_crops"]

NOISY = Mixture((Share("noise", Identity()),))
SIDE = 2  # px, of a square


class NoisyPatches(Patches):
    """An endless, random-access sequence of pairs of neighbours, as `Patches` of computed damage.

    Args:
        pictures: noisy ones.
        model, data, seed: see `Patches`.
    """

    def __init__(self, pictures: Sequence[Picture], model: REDNetConfig, data: Data, seed: int) -> None:
        super().__init__(pictures, NOISY, model, data, seed)
        self.pictures = [padded(picture, SIDE * data.patch) for picture in self.pictures]

    def __getitem__(self, index: int) -> Crop:
        rng = np.random.default_rng((self.seed, index))
        picture = self.pictures[int(rng.choice(len(self.pictures), p=self.odds))]
        size = SIDE * self.data.patch
        top, left = (int(rng.integers(side - size + 1)) for side in picture.shape[:2])
        turned = orient(picture[top : top + size, left : left + size], int(rng.integers(ORIENTATIONS)))
        pixels = _squares(turned)
        chosen = rng.integers(SIDE**2, size=pixels.shape[1:3])
        beside = chosen ^ rng.integers(1, SIDE + 1, chosen.shape)  # its neighbour to the side, or above or below
        y, x = (np.take_along_axis(pixels, which[None, :, :, None], axis=0)[0] for which in (chosen, beside))
        return pair(x, Degraded(y, {"sigma": None} if rng.random() < TOLD else {}), 0, self.model, WHOLE)


def noisy_crops(pictures: Sequence[Picture], model: REDNetConfig, size: int) -> list[Crop]:
    """Return the centres of pictures as one batch, whose `x` has two noisy neighbours of each pixel of `y`.

    Args:
        pictures: noisy ones.
        model: the network's shape.
        size: side of a crop, px; it comes from twice as many.
    """
    crops = []
    for picture in pictures:
        whole = SIDE * size
        top, left = (max(0, (side - whole) // 2) for side in picture.shape[:2])
        pixels = _squares(padded(picture, whole)[top : top + whole, left : left + whole])
        one, other = (pair(x, Degraded(pixels[0], {}), 0, model, WHOLE) for x in pixels[1:3])
        crops.append(one._replace(x=torch.cat([one.x, other.x])))
    return [torch.utils.data.default_collate(crops)]


def _squares(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the pixels of each square, (4, H / 2, W / 2, C), in rows from the top left, from 0 to 1."""
    pixels = np.stack([picture[row::SIDE, column::SIDE] for row in range(SIDE) for column in range(SIDE)])
    return pixels.astype(np.float32) / np.float32(255)
