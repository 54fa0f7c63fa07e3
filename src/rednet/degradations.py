"""The damage that rednet repairs, made on purpose: clean x -> degraded y.

Each kind is a frozen dataclass, called as `degradation(x, rng)`: x is (H, W, C) float32 in [0, 1] with C 1 or 3, and
everything random comes from the passed generator, so that one seed gives one result. Where a level may be a range
(lo, hi), each call draws from it evenly. The result says what was done (`facts`), in the words of `rednet.hints`.

JPEG, text and scratches need Pillow (`rednet[demo]`); the rest needs numpy only.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rednet.deconvolution import Deconvolution
from rednet.errors import OptionError
from rednet.filling import fill_missing
from rednet.hints import Facts
from rednet.kernels import MAX_KERNEL, Kernel, camera_shake, check_kernel, disk, gaussian, motion, parse_kernel
from rednet.masks import SHAPES, MaskShape, pillow
from rednet.resize import imresize

__all__ = [
    "JPEG",
    "Blur",
    "Chain",
    "Deconvolved",
    "Degradation",
    "Degraded",
    "GaussianNoise",
    "Identity",
    "MissingPixels",
    "Mixture",
    "Scaling",
    "Share",
]

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]
Level = float | tuple[float, float]

KERNEL_ERROR = 0.1  # a kernel that was estimated or measured is never exact
SIGMA_GUESS = (0.7, 1.4)  # nor is the noise that is told to the inverse
SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")

BT601 = np.array([0.299, 0.587, 0.114], np.float32)  # luma of full-range RGB, ITU-R BT.601


NOTHING_KNOWN: Facts = MappingProxyType({})


class Degraded(NamedTuple):
    """A damaged picture: y (H, W, C), what is known of the damage, where pixels are missing, what it was blurred by."""

    y: Image
    facts: Facts = NOTHING_KNOWN
    mask: Mask | None = None  # (H, W)
    kernel: Kernel | None = None


Degradation = Callable[[Image, np.random.Generator], Degraded]
T = TypeVar("T")


def draw(level: Level, rng: np.random.Generator) -> float:
    """Draws a level from its range, or gives the fixed one."""
    return float(rng.uniform(*level)) if isinstance(level, Sequence) else float(level)


def several(choice: T | tuple[T, ...]) -> tuple[T, ...]:
    """Gives a choice as a tuple, one value or many."""
    return choice if isinstance(choice, tuple) else (choice,)


def choose(choice: T | tuple[T, ...], rng: np.random.Generator) -> T:
    """Draws one of several values, or gives the only one."""
    values = several(choice)
    return values[rng.integers(len(values))] if len(values) > 1 else values[0]


def check_level(name: str, level: Level, lowest: float, highest: float) -> None:
    """Raises OptionError unless the level, or both ends of its range, lie in [lowest, highest], in order."""
    ends = tuple(level) if isinstance(level, Sequence) else (level, level)
    if len(ends) != 2 or not lowest <= ends[0] <= ends[1] <= highest:
        raise OptionError(f"{name} is {level}; it must be a number or a range within {lowest:g} to {highest:g}")


@dataclass(frozen=True)
class Identity:
    """Nothing wrong: teaches the network to leave clean pictures alone."""

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        return Degraded(x)


@dataclass(frozen=True)
class GaussianNoise:
    """Adds white Gaussian noise.

    Args:
        sigma: standard deviation on the 0-255 scale.
        clip: round to 8 bits within [0, 1], as a saved file does; the published protocols do not (False).
    """

    sigma: Level
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        sigma = draw(self.sigma, rng)
        y = x + np.float32(sigma / 255) * rng.standard_normal(x.shape, np.float32)
        return Degraded(to_8_bits(y) if self.clip else y, {"sigma": sigma})


@dataclass(frozen=True)
class JPEG:
    """Saves as JPEG and reads back (libjpeg's tables, as MATLAB and Pillow use them).

    Args:
        quality: 1 to 100.
        subsampling: of the chroma, or several to choose from; no matter for gray.
    """

    quality: Level
    subsampling: str | tuple[str, ...] = "4:2:0"

    def __post_init__(self) -> None:
        check_level("quality", self.quality, 1, 100)
        unknown = set(several(self.subsampling)) - set(SUBSAMPLINGS)
        if unknown:
            raise OptionError(f"subsampling is {self.subsampling}; it must be of: {', '.join(SUBSAMPLINGS)}")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        quality = round(draw(self.quality, rng))
        subsampling = choose(self.subsampling, rng)
        levels = np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
        file = io.BytesIO()
        picture = pillow("Image").fromarray(levels[:, :, 0] if x.shape[2] == 1 else levels)
        picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
        decoded = np.asarray(pillow("Image").open(file)).reshape(x.shape)
        return Degraded(decoded.astype(np.float32) / np.float32(255), {"quality": float(quality)})


@dataclass(frozen=True)
class Scaling:
    """Shrinks by a whole factor and enlarges back to the same size, both bicubic with MATLAB's rules.

    Args:
        scale: 2, 3, 4, ...; or several to choose from.
        small: what happens to the small picture, before it is enlarged.
    """

    scale: int | tuple[int, ...]
    small: Degradation = Identity()

    def __post_init__(self) -> None:
        scales = several(self.scale)
        if not scales or any(scale < 2 or int(scale) != scale for scale in scales):
            raise OptionError(f"scale is {self.scale}; it must be a whole number of at least 2, or several")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        scale = int(choose(self.scale, rng))
        height, width, _ = x.shape
        small = self.small(imresize(x, 1 / scale), rng)
        y = imresize(small.y, scale)[:height, :width]
        return Degraded(y, {**small.facts, "scale": float(scale)})


@dataclass(frozen=True, eq=False)
class Blur:
    """Blurs by a kernel (a true convolution: the kernel is rotated) and adds Gaussian noise.

    Args:
        kernel: see `rednet.kernels`; it is scaled to sum 1.
        sigma: of the noise, 0-255 scale.
        boundary: what lies beyond the border, by numpy's names: "symmetric" repeats the border pixel when mirroring,
            "reflect" does not, "edge" continues it, "wrap" makes the picture a torus.
        clip: round to 8 bits within [0, 1], as a saved file does.
    """

    kernel: Kernel
    sigma: Level = 0.0
    boundary: Literal["symmetric", "reflect", "edge", "wrap"] = "symmetric"
    clip: bool = False

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        object.__setattr__(self, "kernel", check_kernel(self.kernel))

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        rows, columns = (side // 2 for side in self.kernel.shape)
        padded = np.pad(x, ((rows, rows), (columns, columns), (0, 0)), mode=self.boundary)
        size = padded.shape[:2]
        spectrum = np.fft.rfft2(padded, axes=(0, 1)) * np.fft.rfft2(self.kernel, size)[:, :, None]
        full = np.fft.irfft2(spectrum, size, axes=(0, 1))
        y = full[2 * rows :, 2 * columns :].astype(np.float32)  # where the kernel lies inside the padded picture
        return GaussianNoise(self.sigma, self.clip)(y, rng)._replace(kernel=self.kernel)


@dataclass(frozen=True)
class Deconvolved:
    """Blurs by a random kernel, adds noise, and inverts the blur again: what the network has to repair after that.

    Half of the kernels are camera shake, the others disks, Gaussians and straight motion. The inverse gets a kernel
    that is a little wrong, and knows the noise only roughly, as in life. The picture is blurred as a torus, so that a
    small crop has no more border than the middle of a large picture.

    Args:
        sigma: of the noise after the blur, 0-255 scale.
        size: longest side of the blur, px.
    """

    sigma: Level = (0.0, 10.0)
    size: Level = (3.0, 27.0)

    def __post_init__(self) -> None:
        check_level("sigma", self.sigma, 0, 255)
        check_level("size", self.size, 3, MAX_KERNEL - 4)

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        size, sigma = draw(self.size, rng), draw(self.sigma, rng)
        kernel = random_kernel(min(size, min(x.shape[:2]) / 2), rng)
        y = Blur(kernel, sigma, "wrap")(x, rng).y
        wrong = kernel * (1 + KERNEL_ERROR * rng.uniform() * rng.standard_normal(kernel.shape)).clip(0)
        guess = sigma * rng.uniform(*SIGMA_GUESS)
        return Degraded(Deconvolution(y, wrong, guess, repeats=True).smooth(), {"deconvolved": sigma})


def random_kernel(size: float, rng: np.random.Generator) -> Kernel:
    """Draws a kernel of about `size` px a side."""
    kind = rng.integers(6)
    if kind < 3:
        return camera_shake(max(2, round(size)), rng)
    if kind == 3:
        return disk(max(0.8, size / 2))
    if kind == 4:
        return gaussian(max(0.4, size / 8))
    return motion(max(1.5, size), rng.uniform(0, 180))


@dataclass(frozen=True)
class MissingPixels:
    """Loses pixels: they are filled from their known neighbours (`fill_missing`), and the mask says which.

    Args:
        shape: "random" single pixels, "text" written over, or "scratches"; or several to choose from.
        share: of the pixels that are lost; text and scratches stop at the first stroke that reaches it.
    """

    shape: MaskShape | tuple[MaskShape, ...] = ("random", "text", "scratches")
    share: Level = (0.1, 0.9)

    def __post_init__(self) -> None:
        check_level("share", self.share, 0, 1)
        unknown = {self.shape} if isinstance(self.shape, str) else set(self.shape)
        if unknown - set(SHAPES):
            raise OptionError(f"shape is {self.shape}; it must be of: {', '.join(SHAPES)}")

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        shape: MaskShape = choose(self.shape, rng)
        mask = SHAPES[shape](x.shape[0], x.shape[1], draw(self.share, rng), rng)
        return Degraded(fill_missing(x, mask), mask=mask)


@dataclass(frozen=True)
class Chain:
    """Several kinds of damage, one after the other; the facts of all are known, of one kind the last."""

    steps: tuple[Degradation, ...]

    def __call__(self, x: Image, rng: np.random.Generator) -> Degraded:
        facts: dict[str, float | None] = {}
        mask: Mask | None = None
        for step in self.steps:
            x, new, lost, _ = step(x, rng)
            facts.update(new)
            mask = lost if mask is None else mask if lost is None else mask | lost
        return Degraded(x, facts, mask)


@dataclass(frozen=True)
class Share:
    """One part of a mixture.

    Args:
        name: of the task; training balances the loss by it.
        degradation: what it does.
        weight: its share among the others.
        gray: chance that the picture is made gray first.
    """

    name: str
    degradation: Degradation
    weight: float = 1.0
    gray: float = 0.0

    def __post_init__(self) -> None:
        check_level("gray", self.gray, 0, 1)


@dataclass(frozen=True)
class Mixture:
    """Draws one kind of damage for each picture, by weight.

    Args:
        shares: the kinds.
        told: chance that kind and level are told.
        task_told: chance that the kind alone is told; what is left of 1 is blind.
    """

    shares: tuple[Share, ...]
    told: float = 0.4
    task_told: float = 0.4
    weights: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        total = sum(share.weight for share in self.shares)
        if not total > 0 or any(share.weight < 0 for share in self.shares):
            raise OptionError("a mixture needs shares with weights >= 0 that do not sum to 0")
        if self.told < 0 or self.task_told < 0 or self.told + self.task_told > 1:
            raise OptionError(f"told is {self.told} and task_told {self.task_told}; they must be >= 0, together <= 1")
        object.__setattr__(self, "weights", tuple(share.weight / total for share in self.shares))

    def __call__(self, x: Image, rng: np.random.Generator) -> tuple[int, Image, Degraded]:
        """Damages a picture.

        Returns:
            The number of the drawn share, x (gray if the draw said so), and the damaged picture with only those
            facts that are to be told.
        """
        index = int(rng.choice(len(self.shares), p=self.weights))
        share = self.shares[index]
        if x.shape[2] == 3 and rng.random() < share.gray:
            x = to_gray(x)
        y, facts, mask, _ = share.degradation(x, rng)
        tell = rng.random()
        if tell >= self.told:
            facts = dict.fromkeys(facts) if tell < self.told + self.task_told else {}
        return index, x, Degraded(y, facts, mask)


def to_gray(x: Image) -> Image:
    """Gives the BT.601 luma of an RGB picture: (H, W, 3) to (H, W, 1)."""
    return (x @ BT601)[:, :, None]


def to_8_bits(x: Image) -> Image:
    """Clips to [0, 1] and rounds to the 256 levels that a file can hold."""
    levels: Image = np.rint(np.clip(x, 0, 1) * np.float32(255)) / np.float32(255)
    return levels


KINDS: Mapping[str, Callable[..., Degradation]] = {
    "identity": Identity,
    "gaussian_noise": GaussianNoise,
    "jpeg": JPEG,
    "scaling": Scaling,
    "missing_pixels": MissingPixels,
    "blur": Blur,
    "deconvolved": Deconvolved,
}


def degradation_from(options: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Degradation:
    """Builds a degradation from a recipe's table, e.g. `{kind = "jpeg", quality = [5, 30]}`; a list makes a chain.

    Raises:
        OptionError: the kind or an option is unknown.
    """
    if not isinstance(options, Mapping):
        return Chain(tuple(degradation_from(step) for step in options))
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    if "small" in values:
        values["small"] = degradation_from(options["small"])
    if "kernel" in values:
        values["kernel"] = parse_kernel(str(values["kernel"]))
    kind = str(values.pop("kind", None))
    if kind not in KINDS:
        raise OptionError(f"the degradation's kind is {kind!r}; it must be of: {', '.join(KINDS)}")
    try:
        return KINDS[kind](**values)
    except TypeError as error:
        raise OptionError(f"degradation {kind}: {error}") from None
