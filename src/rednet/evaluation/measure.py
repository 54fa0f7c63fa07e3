"""Runs a protocol: damage each picture, restore it, compare."""

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
DRAWINGS_SEED = 1 << 40  # no recipe's seed: what is drawn here has not been learned from
DRAWING = 320  # px a side
SPOILT = 0.1  # of white: what is further off than this is no rounding


@dataclass(frozen=True, eq=False)
class Case:
    """One picture and one kind of damage."""

    picture: str
    x: Image
    degraded: Degraded


@dataclass(frozen=True, eq=False)
class Result:
    """What one case gave.

    Args:
        picture: the file's name, with the name of the damage if there are several kinds.
        before, after: metric -> value, of the damaged and of the restored picture.
        seconds: that the method took.
        pictures: clean, damaged and restored; or none, once they have been forgotten.
    """

    picture: str
    before: dict[str, float]
    after: dict[str, float]
    seconds: float
    pictures: tuple[Image, ...]

    @property
    def gain(self) -> float:
        """dB of PSNR."""
        return self.after["psnr"] - self.before["psnr"]


def measure(protocol: Protocol, method: Method, data: Path) -> Iterator[Result]:
    """Measures a method by a protocol, case by case.

    Args:
        protocol: the rule.
        method: what restores.
        data: folder below which the test sets lie.

    Raises:
        OptionError: the test set is not there, or the method is not for this kind of damage.
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
    """Measures what `rednet restore` does to one's own pictures, of which clean ones exist.

    Args:
        clean, degraded: folders of pictures; a pair has one name, whatever the suffix, and one size.
        restorer: looks at each degraded picture, decides what is wrong, and restores it.
        self_ensemble: mean over 8 orientations.

    Raises:
        OptionError: there is no pair, or the sizes differ.
    """
    truths = {path.stem: path for path in sorted(clean.glob("*.*"))}
    paths = [path for path in sorted(degraded.glob("*.*")) if path.stem in truths]
    if not paths:
        raise OptionError(f"no picture in {degraded} has the name of one in {clean}")
    for path in paths:
        x, y = read_picture(truths[path.stem]).pixels, read_picture(path).pixels
        if x.shape != y.shape:
            raise OptionError(f"{path.name} is {y.shape} and its clean picture {x.shape}; both must be one size")
        start = time.perf_counter()
        picture = Picture(y, None, "float32")
        x_hat = restorer.run(Automatic(), picture, Options(self_ensemble=self_ensemble), path=path).pixels
        seconds = time.perf_counter() - start
        before, after = (compare(x, z, ("psnr", "ssim")) for z in (y, x_hat))
        yield Result(path.name, before, after, seconds, (x, y, x_hat))


def cases(protocol: Protocol, data: Path) -> Iterator[Case]:
    """Yields each clean picture with each kind of damage; picture number n is damaged with the seed n."""
    kinds = kinds_of_damage(protocol.damage, data)
    for number, (name, x) in enumerate(pictures(protocol, data)):
        for kind, degradation in kinds.items():
            degraded = degradation(x, np.random.default_rng(number))
            yield Case(f"{name} {kind}".strip(), x, degraded)


def pictures(protocol: Protocol, data: Path) -> Iterator[tuple[str, Image]]:
    """Yields name and clean picture of a protocol's test set, cropped and in its colours."""
    if protocol.drawings:
        yield from drawn_pictures(protocol.drawings)
        return
    folder = data / protocol.folder if protocol.folder else PHOTOS
    files = sorted(path for path in folder.iterdir() if path.suffix != ".md") if folder.is_dir() else []
    if not files:
        raise OptionError(
            f"there are no pictures in {folder}; give the folder that holds {protocol.folder}", option="data"
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
    """Yields pictures drawn by code, alike on all machines with one version of Pillow."""
    pictures = Drawings(DRAWINGS_SEED, DRAWING, DRAWING, installed=False)
    for number in range(count):
        kind = pictures.kind(number).replace(" ", "-")
        yield f"{number:02d}-{kind}", pictures[number].astype(np.float32) / np.float32(255)


def compare(
    x: Image, z: Image, metrics: tuple[str, ...], *, crop_border: int = 0, damaged: Degraded | None = None
) -> dict[str, float]:
    """Compares a picture, clipped to [0, 1], with the truth.

    Args:
        x, z: truth and picture, (H, W, C).
        metrics: see `Protocol`.
        crop_border: px of each side that do not count for psnr and ssim.
        damaged: what was done to x, for psnr_missing and left.
    """
    z = z.clip(0, 1)
    values = {}
    for name in metrics:
        if name == "psnr_missing" and damaged is not None:
            values[name] = psnr(x[damaged.mask][:, None], z[damaged.mask][:, None])
        elif name == "left" and damaged is not None:
            values[name] = share_left(x, damaged.y / np.float32(damaged.white), z)
        elif name == "max_change":
            values[name] = 255 * float(np.abs(z - x).max())
        elif name == "psnr_b":
            values[name] = psnr_b(*(luma(image) if image.shape[2] == 3 else image for image in (x, z)))
        else:
            values[name] = {"psnr": psnr, "ssim": ssim}[name](x, z, crop_border=crop_border)
    return values


def share_left(x: Image, y: Image, z: Image) -> float:
    """Tells of how many of the spoilt pixels more than half of the error is left; 0 where no pixel is spoilt."""
    error, rest = (np.abs(image - x).max(axis=2) for image in (y.clip(0, 1), z))
    spoilt = error > SPOILT
    return float((rest[spoilt] > error[spoilt] / 2).mean()) if spoilt.any() else 0.0
