"""Damage from files of the data folder: blur kernels and masks of published tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.classical.filling import fill_missing
from rednet.classical.masks import from_picture
from rednet.degradations import Blur, Degradation, Degraded
from rednet.errors import OptionError
from rednet.images import read_picture

__all__ = ["FittedMask", "KernelFile", "MaskFile", "kinds_of_damage"]


@dataclass(frozen=True)
class KernelFile:
    """A .npz file of blur kernels; each kernel, with noise of `sigma` (0-255 scale), is one kind of damage."""

    path: str
    sigma: float

    def load(self, data: Path) -> dict[str, Degradation]:
        """Return the kinds of damage, by the names of the kernels."""
        try:
            with np.load(data / self.path) as kernels:
                return {name: Blur(kernels[name], self.sigma) for name in sorted(kernels)}
        except (OSError, ValueError) as error:
            raise OptionError(f"cannot read the kernels {data / self.path}: {error}") from None


@dataclass(frozen=True)
class MaskFile:
    """A picture that is white where pixels are missing."""

    path: str

    def load(self, data: Path) -> dict[str, Degradation]:
        """Return the only kind of damage, with an empty name."""
        return {"": FittedMask(from_picture(read_picture(data / self.path).pixels))}


@dataclass(frozen=True, eq=False)
class FittedMask:
    """Removes pixels by a fixed mask, repeated and cropped to the picture, so that strokes keep their width."""

    mask: NDArray[np.bool_]

    def __call__(self, x: NDArray[np.float32], rng: np.random.Generator) -> Degraded:
        rows, columns = (np.arange(size) % side for size, side in zip(x.shape, self.mask.shape, strict=False))
        mask = self.mask[rows[:, None], columns]
        return Degraded(fill_missing(x, mask), mask=mask)


def kinds_of_damage(damage: Degradation | KernelFile | MaskFile, data: Path) -> dict[str, Degradation]:
    """Return a protocol's kinds of damage by name; a single kind has an empty name.

    Raises:
        OptionError, ImageError: a file is missing or broken.
    """
    return damage.load(data) if isinstance(damage, KernelFile | MaskFile) else {"": damage}
