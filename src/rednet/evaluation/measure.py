"""Runs a protocol: degrades each picture, restores it, and compares it with the clean picture."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet.classical.metrics import luma, psnr, psnr_b, ssim
from rednet.degradations import Degraded, to_gray
from rednet.errors import OptionError
from rednet.evaluation.damage import kinds_of_damage
from rednet.evaluation.methods import Method
from rednet.evaluation.protocols import Protocol
from rednet.images import Picture, read_picture
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic
from rednet.training.drawings import Drawings

__all__ = ["Result", "cases", "measure", "measure_pairs"]

Image = NDArray[np.float32]

PHOTOS = Path(__file__).parent / "photos"
DRAWINGS_SEED = 1 << 40  # no recipe has this seed, so these drawings are not among the training pictures
DRAWING = 320  # px a side
SPOILT = 0.1  # smallest error of a spoilt pixel, as a fraction of white; rounding errors are smaller


@dataclass(frozen=True, eq=False)
class Case:
    """One picture and one kind of damage."""

    picture: str
    x: Image
    degraded: Degraded


@dataclass(frozen=True, eq=False)
class Result:
    """The result of one case.

    Args:
        picture: the file's name, with the name of the damage if there are several kinds.
        before, after: metric -> value, of the damaged and of the restored picture.
        seconds: time that the method took, s.
        pictures: clean, damaged and restored picture; empty after `Measured.with_pictures_of` has dropped them.
    """

    picture: str
    before: dict[str, float]
    after: dict[str, float]
    seconds: float
    pictures: tuple[Image, ...]

    @property
    def gain(self) -> float:
        """Gain of PSNR, dB."""
        return self.after["psnr"] - self.before["psnr"]


def measure(protocol: Protocol, method: Method, data: Path) -> Iterator[Result]:
    """Measure a method by a protocol, and yield the result of each case.

    Args:
        protocol: the protocol.
        method: restores a damaged picture.
        data: the data folder, which contains the test sets.

    Raises:
        OptionError: the test set is missing, or the method does not handle this kind of damage.
    """
    for case in cases(protocol, data):
        start = time.perf_counter()
        x_hat = method(case.degraded)
        seconds = time.perf_counter() - start
        y, white = case.degraded.y, np.float32(case.degraded.white)
        before, after = (
            compare(case.x, z / white, protocol.metrics, crop_border=protocol.crop_border, damaged=case.degraded)
            for z in (y, x_hat)
        )
        yield Result(case.picture, before, after, seconds, (case.x, y / white, x_hat / white))


def measure_pairs(clean: Path, degraded: Path, restorer: Restorer, *, self_ensemble: bool = False) -> Iterator[Result]:
    """Measure the task `Automatic` on the user's own pairs of clean and degraded pictures.

    Args:
        clean, degraded: folders of pictures; the two pictures of a pair have the same name, apart from the suffix, and
            the same size.
        restorer: restores each degraded picture.
        self_ensemble: average over 8 orientations.

    Raises:
        OptionError: there is no pair, or the sizes differ.
    """
    truths = {path.stem: path for path in sorted(clean.glob("*.*"))}
    paths = [path for path in sorted(degraded.glob("*.*")) if path.stem in truths]
    if not paths:
        raise OptionError(f"no picture in {degraded} has the same name as a picture in {clean}; rename them in pairs")
    for path in paths:
        x, y = read_picture(truths[path.stem]).pixels, read_picture(path).pixels
        if x.shape != y.shape:
            raise OptionError(f"{path.name} is {y.shape} and its clean picture {x.shape}; both must have the same size")
        start = time.perf_counter()
        picture = Picture(y, None, "float32")
        x_hat = restorer.run(Automatic(), picture, Options(self_ensemble=self_ensemble), path=path).pixels
        seconds = time.perf_counter() - start
        before, after = (compare(x, z, ("psnr", "ssim")) for z in (y, x_hat))
        yield Result(path.name, before, after, seconds, (x, y, x_hat))


def cases(protocol: Protocol, data: Path) -> Iterator[Case]:
    """Yield each clean picture with each kind of damage; picture number n is degraded with the seed n."""
    kinds = kinds_of_damage(protocol.damage, data)
    for number, (name, x) in enumerate(pictures(protocol, data)):
        for kind, degradation in kinds.items():
            degraded = degradation(x, np.random.default_rng(number))
            yield Case(f"{name} {kind}".strip(), x, degraded)


def pictures(protocol: Protocol, data: Path) -> Iterator[tuple[str, Image]]:
    """Yield name and clean picture of a protocol's test set, cropped, and converted to the protocol's colours."""
    if protocol.drawings:
        yield from drawn_pictures(protocol.drawings)
        return
    folder = data / protocol.folder if protocol.folder else PHOTOS
    files = sorted(path for path in folder.iterdir() if path.suffix != ".md") if folder.is_dir() else []
    if not files:
        raise OptionError(
            f"there are no pictures in {folder}; give the folder that contains {protocol.folder}", option="data"
        )
    for path in files:
        x = read_picture(path).pixels
        height, width = (side // protocol.multiple * protocol.multiple for side in x.shape[:2])
        x = x[:height, :width]
        if x.shape[2] == 3 and protocol.colour == "gray":
            x = to_gray(x)
        elif x.shape[2] == 3 and protocol.colour == "luma":
            x = luma(x).astype(np.float32)
        elif x.shape[2] == 1 and protocol.colour == "rgb":
            x = np.repeat(x, 3, axis=2)
        yield path.name, x


def drawn_pictures(count: int) -> Iterator[tuple[str, Image]]:
    """Yield name and picture of drawings; they are the same on all machines with the same version of Pillow."""
    pictures = Drawings(DRAWINGS_SEED, DRAWING, DRAWING, installed=False)
    for number in range(count):
        kind = pictures.kind(number).replace(" ", "-")
        yield f"{number:02d}-{kind}", pictures[number].astype(np.float32) / np.float32(255)


def compare(
    x: Image, z: Image, metrics: tuple[str, ...], *, crop_border: int = 0, damaged: Degraded | None = None
) -> dict[str, float]:
    """Compute metrics of a picture, clipped to [0, 1], against the clean picture.

    Args:
        x, z: clean picture and the picture to compare, (H, W, C).
        metrics: names of metrics, see `Protocol`.
        crop_border: px at each side that psnr and ssim ignore.
        damaged: the degraded picture, for psnr_missing and left.
    """
    z = z.clip(0, 1)
    values = {}
    for name in metrics:
        if name == "psnr_missing" and damaged is not None:
            values[name] = psnr(x[damaged.mask], z[damaged.mask])
        elif name == "left" and damaged is not None:
            values[name] = fraction_left(x, damaged.y / np.float32(damaged.white), z)
        elif name == "max_change":
            values[name] = 255 * float(np.abs(z - x).max())
        elif name == "psnr_b":
            values[name] = psnr_b(*(luma(image) if image.shape[2] == 3 else image for image in (x, z)))
        else:
            values[name] = {"psnr": psnr, "ssim": ssim}[name](x, z, crop_border=crop_border)
    return values


def fraction_left(x: Image, y: Image, z: Image) -> float:
    """Return the fraction of spoilt pixels that keep more than half of their error; 0 if no pixel is spoilt."""
    error, rest = (np.abs(image - x).max(axis=2) for image in (y.clip(0, 1), z))
    spoilt = error > SPOILT
    return float((rest[spoilt] > error[spoilt] / 2).mean()) if spoilt.any() else 0.0
