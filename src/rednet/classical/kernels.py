"""Blur kernels: the common shapes, random camera shake, and the check whether an array is a kernel.

A kernel is (h, w) float64 with odd sides, nowhere negative, and sums to 1; its middle is the point that it spreads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.images import read_picture
from rednet.images.formats import format_of, kernel_files, kernel_formats
from rednet.opening import open_regular
from rednet.values import check_number

__all__ = [
    "MAX_KERNEL",
    "Kernel",
    "camera_shake",
    "check_kernel",
    "disk",
    "gaussian",
    "load_kernel",
    "motion",
    "parse_kernel",
    "picture_of",
]

Kernel = NDArray[np.float64]
Fine = NDArray[np.float64]

MAX_KERNEL = 255  # px a side; a wider blur leaves nothing that could be brought back
FINE = 15  # sub-pixels a side, over which the edge of a shape is averaged
LEAST_AREA = 49  # px; in a smaller kernel, no background can be told from the shape
BACKGROUND = 0.02, 0.5  # of the peak: a background is at least so bright, and at most
SAME = 0.25  # of the background: its pixels differ by no more


def check_kernel(kernel: Any) -> Kernel:
    """Return a kernel scaled to sum 1.

    Raises:
        OptionError: it is not 2-D, has an even or too long side, a negative or not finite value, sums to 0, or has a
            gray background.
    """
    try:
        values = np.asarray(kernel)
    except ValueError:
        raise OptionError("the kernel has rows of different lengths; it must be 2-D with odd sides") from None
    if values.ndim != 2 or not all(side % 2 for side in values.shape):
        raise OptionError(
            f"the kernel has shape {values.shape}; it must be 2-D with odd sides, its middle at the centre"
        )
    if max(values.shape) > MAX_KERNEL:
        raise OptionError(f"the kernel has shape {values.shape}; at most {MAX_KERNEL} px a side can be undone")
    if not np.issubdtype(values.dtype, np.number) or np.iscomplexobj(values):
        raise OptionError(f"the kernel has values of type {values.dtype}; it must be real numbers")
    weights: Kernel = values.astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise OptionError(
            "the kernel has negative or not finite values; a blur only spreads light, so all must be >= 0"
        )
    if not weights.any():
        raise OptionError("the kernel is all zero; it must have a sum above 0")
    weights = np.ldexp(weights, -np.frexp(weights.max())[1])  # exact, and the sum of large values is finite
    _check_background(weights)
    return weights / float(weights.sum())


def _check_background(weights: Kernel) -> None:
    """Raise OptionError if most of a kernel is one gray, as in a picture of it whose background is not black."""
    background, peak = float(np.median(weights)), float(weights.max())
    alike = np.abs(weights - background) <= SAME * background
    low, high = BACKGROUND
    corners = [alike[row, column] for row in (0, -1) for column in (0, -1)]
    if weights.size >= LEAST_AREA and low * peak < background < high * peak and all(corners):
        raise OptionError(
            f"the kernel has a gray background, {background / peak:.0%} as bright as its brightest pixel: where a blur "
            "spreads no light, a kernel must be 0; make the background black"
        )


def disk(radius: float) -> Kernel:
    """Return the blur of a lens out of focus.

    Args:
        radius: px, above 0.
    """
    check_range("radius", radius, 0.1, MAX_KERNEL // 2)

    def inside(row: Fine, column: Fine) -> NDArray[np.bool_]:
        return np.asarray(row**2 + column**2 <= radius**2)

    return covered(radius, inside)


def gaussian(sigma: float, size: int | None = None) -> Kernel:
    """Return a Gaussian blur.

    Args:
        sigma: its standard deviation, px, above 0.
        size: side of the kernel, px, odd; None reaches four times sigma.
    """
    check_range("sigma of the kernel", sigma, 0.1, MAX_KERNEL / 8)
    half = math.ceil(4 * sigma) if size is None else size // 2
    line = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * sigma**2))
    return check_kernel(line[:, None] * line)


def motion(length: float, angle: float) -> Kernel:
    """Return the blur of a straight, even movement.

    Args:
        length: px, at least 1.
        angle: degrees, counter-clockwise from a movement to the right.
    """
    check_range("length", length, 1, MAX_KERNEL - 4)
    if not math.isfinite(angle):
        raise OptionError(f"angle is {angle:g}; it must be a number of degrees, from 0 (to the right) to 180, say")
    rise, run = math.sin(math.radians(angle)), math.cos(math.radians(angle))

    def inside(row: Fine, column: Fine) -> NDArray[np.bool_]:
        along, across = column * run - row * rise, column * rise + row * run
        return (np.abs(along) <= length / 2) & (np.abs(across) <= 0.5)

    return covered(length / 2, inside)


def camera_shake(size: int, rng: np.random.Generator) -> Kernel:
    """Draw the path of a hand-held camera: a walk with inertia, at a varying speed.

    Args:
        size: longest side of the path, px; the kernel is a little larger.
        rng: draws the path.
    """
    steps, inertia = 96, rng.uniform(0.7, 0.97)
    pushes = rng.standard_normal((steps, 2))
    velocity = np.zeros((steps, 2))
    for i in range(1, steps):
        velocity[i] = inertia * velocity[i - 1] + pushes[i]
    path = np.cumsum(velocity, axis=0)
    path *= (size - 1) / max(float(np.ptp(path, axis=0).max()), 1e-6)
    fine = np.linspace(0, steps - 1, 4 * steps)
    path = np.stack([np.interp(fine, np.arange(steps), path[:, axis]) for axis in (0, 1)], axis=1)
    return spread(path - path.mean(axis=0), weights=np.repeat(rng.uniform(0.2, 1.0, len(fine) // 16), 16))


def covered(reach: float, inside: Callable[[Fine, Fine], NDArray[np.bool_]]) -> Kernel:
    """Average a shape, a function of (row, column) in px from the middle, over each pixel that it covers."""
    size = 2 * math.ceil(reach + 0.5) + 1
    grid = (np.arange(size * FINE) + 0.5) / FINE - size / 2
    shape = inside(grid[:, None], grid[None]).reshape(size, FINE, size, FINE)
    return trimmed(shape.mean(axis=(1, 3)))


def spread(path: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Kernel:
    """Draw points (N, 2), in px around the middle as (row, column), each spread over its four nearest pixels."""
    half = math.ceil(float(np.abs(path).max())) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1))
    corner = np.floor(path).astype(int)
    rest = path - corner
    amount = np.ones(len(path)) if weights is None else weights
    for row in (0, 1):
        for column in (0, 1):
            share = np.abs(1 - row - rest[:, 0]) * np.abs(1 - column - rest[:, 1]) * amount
            np.add.at(kernel, (corner[:, 0] + row + half, corner[:, 1] + column + half), share)
    return trimmed(kernel)


def trimmed(kernel: Kernel) -> Kernel:
    """Cut off opposite sides that are both empty, and scale to sum 1."""
    for axis in (0, 1):
        while kernel.shape[axis] > 1 and not kernel.take([0, -1], axis).any():
            kernel = kernel.take(range(1, kernel.shape[axis] - 1), axis)
    return check_kernel(kernel)


KERNEL_SHAPES: Mapping[str, tuple[Callable[..., Kernel], int]] = {
    "disk": (disk, 1),
    "gaussian": (gaussian, 1),
    "motion": (motion, 2),
}
HOW = f"give disk:RADIUS, gaussian:SIGMA, motion:LENGTH,ANGLE, or a {kernel_files()} file"


def parse_kernel(text: str) -> Kernel:
    """Make a kernel from a shape and its numbers: `disk:7`, `gaussian:1.6`, `motion:15,30`.

    Raises:
        OptionError: the shape is unknown, or its numbers are wrong.

    Example:
        >>> parse_kernel("motion:3,0").round(2).tolist()
        [[0.33, 0.33, 0.33]]
    """
    shape, _, numbers = text.partition(":")
    try:
        make, count = KERNEL_SHAPES[shape]
        values = [float(number) for number in numbers.split(",")]
        if len(values) != count:
            raise ValueError
    except (KeyError, ValueError):
        raise OptionError(f"the kernel is {text!r}; {HOW}") from None
    return make(*values)


def picture_of(kernel: Kernel, side: int = 120) -> NDArray[np.uint8]:
    """Draw a kernel, white where most light goes, each of its pixels as a square; about `side` px wide and high."""
    rows, columns = kernel.shape
    square = max(side // max(rows, columns), 1)
    levels = np.rint(kernel * (255 / kernel.max())).astype(np.uint8)
    return np.kron(levels, np.ones((square, square), np.uint8))


def load_kernel(source: str | Path) -> Kernel:
    """Read a kernel from a .npy file or a picture (white where most light goes), or make it from words.

    Raises:
        OptionError: see `parse_kernel` and `check_kernel`; the file is no array of numbers.
        ImageError: the picture cannot be read.
    """
    path = Path(source)
    if path.suffix.lower() == ".npy":
        return check_kernel(load_array(path))
    if format_of(path.suffix) in kernel_formats():
        return check_kernel(read_picture(path, max_megapixels=1).pixels.mean(axis=2))
    return parse_kernel(str(source))


def load_array(path: Path) -> NDArray[Any]:
    """Open a .npy file; its values stay on the disk, since it may promise more of them than the memory holds.

    Raises:
        OptionError: it cannot be read, or holds no array.
    """
    try:
        open_regular(path).close()
        values = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise OptionError(f"{path} cannot be read as a kernel: {error.strerror}") from None
    except Exception:  # of a broken header, numpy's parsers say whatever occurs to them: TokenError, MemoryError, ...
        values = None
    if not isinstance(values, np.ndarray):
        raise OptionError(f"{path} cannot be read as a kernel: it is no .npy file with an array of numbers")
    return values


def check_range(name: str, value: float, lowest: float, highest: float) -> None:
    """Raise OptionError unless the value lies in [lowest, highest]."""
    check_number(name, value, lowest, highest, " px")
