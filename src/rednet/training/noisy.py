"""Learns from noisy pictures alone: of each square of 2x2 pixels, one is to predict another.

The noise of the two pixels is independent and what they show is nearly the same, so that the best prediction is the
picture without its noise. This needs noise that differs from pixel to pixel: grain of several pixels, or noise that was
enlarged, would be learned as if it were the picture.

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
from rednet.errors import TrainingError
from rednet.network.model import REDNetConfig
from rednet.training.pairs import TOLD, WHOLE
from rednet.training.patches import Crop, Patches, Picture, padded, pair
from rednet.training.recipe import Data
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

__all__ = ["NOISY", "NoisyPatches", "check_independent", "noisy_crops"]

NOISY = Mixture((Share("noise", Identity()),))
SIDE = 2  # px, of a square
# What `fast` removes is noise. Correlation of neighbours in it, measured on photographs: at most 0.05 for white noise,
# speckle and shot noise; at least 0.3 for white noise that was blurred by 0.7 px or doubled in size.
ALIKE = 0.25
LOOKED_AT, LOOKED_AT_SIDE = 8, 192  # number of pictures, and px of each, in which this is measured


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


@torch.no_grad()
def check_independent(pictures: Sequence[Picture]) -> None:
    """Check that the noise differs from pixel to pixel.

    Args:
        pictures: noisy ones.

    Raises:
        TrainingError: it does not.
    """
    network, found = load_network(find_model("fast")), []
    for picture in pictures[:LOOKED_AT]:
        top, left = (max(0, (side - LOOKED_AT_SIDE) // 2) for side in picture.shape[:2])
        centre = picture[top : top + LOOKED_AT_SIDE, left : left + LOOKED_AT_SIDE].astype(np.float32) / np.float32(255)
        y = torch.from_numpy(centre.transpose(2, 0, 1).copy()).expand(network.config.channels, -1, -1)[None]
        noise = y - network(y)
        noise = noise - noise.mean(dim=(2, 3), keepdim=True)
        power = noise.square().mean().clamp_min(1e-12)
        beside = (noise[..., 1:] * noise[..., :-1]).mean(), (noise[..., 1:, :] * noise[..., :-1, :]).mean()
        found.append(float((beside[0] + beside[1]) / (2 * power)))
    alike = float(np.mean(found))
    if alike > ALIKE:
        raise TrainingError(
            f"the noise of neighbouring pixels is alike (correlation {alike:.2f}, at most {ALIKE} will do), as in "
            "pictures that were enlarged or are grainy; these alone teach nothing then; give pairs or clean ones"
        )


def _squares(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the pixels of each square, (4, H / 2, W / 2, C), in rows from the top left, from 0 to 1."""
    pixels = np.stack([picture[row::SIDE, column::SIDE] for row in range(SIDE) for column in range(SIDE)])
    return pixels.astype(np.float32) / np.float32(255)
