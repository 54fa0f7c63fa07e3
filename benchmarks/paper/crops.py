"""Crops that are cut, turned and damaged on the device that learns from them.

Worker processes prepare about 6 megapixels a second each, which a graphics processor outruns with small networks. Noise
and scaling are a few products of matrices, so the device prepares them itself, a whole batch at once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rednet.classical.resize import taps
from rednet.degradations import GaussianNoise, Identity, Mixture, Scaling
from rednet.degradations.degraded import UNTOUCHED, Degradation
from rednet.network.hints import HINTS
from rednet.network.model import REDNetConfig
from rednet.training.patches import Crop, padded
from rednet.training.recipe import Data


class Damage(NamedTuple):
    """A damage that the device can do: y = R x R' + noise.

    Args:
        resize: R, (size, size): bicubic down and up along one axis, or the identity.
        sigma: least and most noise, 0-255 scale.
        facts: what can be told.
    """

    resize: NDArray[np.float64]
    sigma: tuple[float, float] = (0.0, 0.0)
    facts: tuple[str, ...] = ()
    scale: float = 1.0


def as_damage(degradation: Degradation, size: int) -> Damage | None:
    """Return what the device has to do for a degradation of crops of `size` px, or None if it cannot."""
    if isinstance(degradation, Identity):
        return Damage(np.eye(size))
    if isinstance(degradation, GaussianNoise) and not degradation.clip:
        levels = np.atleast_1d(degradation.sigma)
        return Damage(np.eye(size), (float(levels[0]), float(levels[-1])), ("sigma",))
    if isinstance(degradation, Scaling) and isinstance(degradation.scale, int) and degradation.small == UNTOUCHED:
        down = matrix(size, 1 / degradation.scale)
        up = matrix(len(down), degradation.scale)[:size]
        return Damage(up @ down, facts=("scale",), scale=float(degradation.scale))
    return None


def matrix(size: int, scale: float) -> NDArray[np.float64]:
    """Return MATLAB's bicubic resizing along one axis as a matrix, (ceil(scale * size), size)."""
    indices, weights = taps(size, scale)
    rows = np.zeros((len(indices), size))
    np.add.at(rows, (np.arange(len(indices))[:, None], indices), weights)
    return rows


def suits(mixture: Mixture, data: Data) -> bool:
    """Tell whether the device can prepare these crops."""
    plain = all(share.gray == 0 and as_damage(share.degradation, 8) for share in mixture.shares)
    return plain and not data.drawings


class DeviceCrops:
    """An endless, random-access sequence of batches; batch number n follows from the seed, n and the kind of device.

    Args:
        pictures: to cut from, (H, W, C) uint8; a picture is drawn with a chance that grows with its side length.
        mixture: damage to draw from, see `suits`.
        model: what the network takes.
        data: patch, margin and batch sizes.
        seed: of everything random.
        place: torch's device.
    """

    def __init__(
        self,
        pictures: Sequence[NDArray[np.uint8]],
        mixture: Mixture,
        model: REDNetConfig,
        data: Data,
        seed: int,
        place: str,
    ) -> None:
        self.model, self.data, self.seed, self.mixture = model, data, seed, mixture
        self.size = data.patch + data.margin
        large = [padded(picture, self.size) for picture in pictures]
        self.levels = torch.from_numpy(np.concatenate([picture.ravel() for picture in large])).to(place)
        shapes = torch.tensor([picture.shape[:2] for picture in large], device=place)
        self.heights, self.widths = shapes.unbind(1)
        areas = self.heights * self.widths
        self.starts = (areas.cumsum(0) - areas) * model.channels
        self.odds = areas.double().sqrt()
        damages = [damage for share in mixture.shares if (damage := as_damage(share.degradation, self.size))]
        self.resize = torch.tensor(np.stack([d.resize for d in damages]), dtype=torch.float32, device=place)
        self.sigmas = torch.tensor([d.sigma for d in damages], device=place)
        self.scales = torch.tensor([d.scale for d in damages], device=place)
        self.facts = {name: torch.tensor([name in d.facts for d in damages], device=place) for name in HINTS}
        self.weights = torch.tensor(mixture.weights, device=place)
        self.random = torch.Generator(place)
        self.place = place

    def stream(self, first_step: int) -> Iterator[Crop]:
        """Yield batches from a step on, endlessly."""
        return (self[step] for step in itertools.count(first_step))

    def __getitem__(self, step: int) -> Crop:
        self.random.manual_seed(self.seed << 40 | step)
        x = self.cut()
        batch = len(x)
        task = torch.multinomial(self.weights, batch, replacement=True, generator=self.random)
        sigma = torch.lerp(*self.sigmas[task].unbind(1), self.uniform(batch))
        resize = self.resize[task][:, None]  # (B, 1, size, size)
        noise = torch.randn(x.shape, generator=self.random, device=self.place)
        y = resize @ x @ resize.mT + noise * (sigma / 255)[:, None, None, None]
        tell = self.uniform(batch)
        told, named = tell < self.mixture.told, tell < self.mixture.told + self.mixture.task_told
        planes = []
        for name in self.model.hints:
            known = self.facts[name][task]
            level = HINTS[name].seen(self.scales[task] if name == "scale" else sigma)  # the damage has no other facts
            planes += [known & named, torch.where(known & told, level, torch.zeros_like(sigma))]
        hints = torch.stack(planes, 1).float() if planes else x.new_zeros(batch, 0)
        inner = self.below(torch.full((2, batch), self.data.margin + 1, device=self.place))
        y, x = (self.window(z, inner) for z in (y, x))
        return Crop(y, x, x.new_zeros(batch, 1, self.data.patch, self.data.patch), hints, task)

    def cut(self) -> Tensor:
        """Cut crops, each from a picture, a place and one of 8 orientations at random: (B, C, size, size)."""
        batch, size, channels = self.data.batch, self.size, self.model.channels
        picture = torch.multinomial(self.odds, batch, replacement=True, generator=self.random)
        width = self.widths[picture]
        top = self.below(self.heights[picture] - size + 1)
        left = self.below(width - size + 1)
        flips = torch.randint(2, (3, batch), generator=self.random, device=self.place).bool()[:, :, None, None]
        line = torch.arange(size, device=self.place)
        row, column = (grid.expand(batch, -1, -1) for grid in torch.meshgrid(line, line, indexing="ij"))
        row, column = torch.where(flips[0], column, row), torch.where(flips[0], row, column)
        row, column = torch.where(flips[1], size - 1 - row, row), torch.where(flips[2], size - 1 - column, column)
        pixel = (row + top[:, None, None]) * width[:, None, None] + column + left[:, None, None]
        index = self.starts[picture][:, None, None] + pixel * channels
        channel = torch.arange(channels, device=self.place)[:, None, None]
        return self.levels[index[:, None] + channel].float() / 255

    def window(self, z: Tensor, offset: Tensor) -> Tensor:
        """Cut the margin off, `offset` (2, B) px of it at the top and at the left."""
        line = torch.arange(self.data.patch, device=self.place)
        rows, columns = (start[:, None] + line for start in offset)  # (B, patch)
        batch = torch.arange(len(z), device=self.place)[:, None, None]
        return z[batch, :, rows[:, :, None], columns[:, None, :]].movedim(3, 1)

    def uniform(self, count: int) -> Tensor:
        """Draw numbers from 0 to below 1."""
        return torch.rand(count, generator=self.random, device=self.place)

    def below(self, limit: Tensor) -> Tensor:
        """Draw whole numbers from 0 to below each limit."""
        return (torch.rand(limit.shape, generator=self.random, device=self.place, dtype=torch.float64) * limit).long()
