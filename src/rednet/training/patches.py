"""Training crops: cut from pictures in folders and from drawings, flipped, degraded and paired with the clean crop.

Crop number n of a run depends on the recipe's seed and n only. So a run that was stopped and resumed uses the same
crops as a run that was not stopped, with any number of workers and of processes that train together.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from rednet.classical.orientations import ORIENTATIONS, orient
from rednet.degradations import Degraded, Mixture, Share, to_gray
from rednet.errors import TrainingError
from rednet.images import read_picture
from rednet.images.formats import read_endings
from rednet.machine import cpu_threads
from rednet.network.hints import hint_vector
from rednet.network.model import REDNetConfig
from rednet.training.drawings import Drawings
from rednet.training.drawings.writing import typefaces
from rednet.training.processes import Team
from rednet.training.recipe import Data

__all__ = ["Crop", "Patches", "list_pictures", "load_pictures", "stream", "validation_crops"]

Picture = NDArray[np.uint8]
DRAWING = 384  # px a side, of the drawings from which crops are cut
DRAWINGS_AT_ONCE, CROPS_A_TURN = 32, 8192  # a drawing costs about 60 ms, so 32 drawings serve 8192 crops
TURNS = (0, 1, 2, 3, 4, 7, 6, 5)  # drawn number -> orientation; another order would change the crops of older runs
AHEAD = 4  # batches that each worker keeps ready, in shared memory


class Crop(NamedTuple):
    """One training pair, or a batch of pairs (each field is then a tensor with a leading batch dimension)."""

    y: Tensor  # (C, H, W)
    x: Tensor  # (C, H, W); to judge by noisy pictures, two of them: (2 C, H, W)
    mask: Tensor  # (1, H, W), 1 where missing
    hints: Tensor  # (2 * hints,)
    task: int | Tensor  # number of the mixture's entry

    def to(self, device: torch.device | str) -> Crop:
        """Copy a pair or a batch to a device."""
        return Crop(*(torch.as_tensor(field).to(device) for field in self))


def list_pictures(root: Path, folders: Sequence[str], exclude: Sequence[str] = ()) -> list[Path]:
    """Return the picture files in some folders of the data folder, searched recursively, sorted.

    Raises:
        TrainingError: a folder is missing or has no picture, or an excluded file does not exist.
    """
    left_out = {root / name for name in exclude}
    missing = [str(path) for path in left_out if not path.is_file()]
    if missing:
        raise TrainingError(f"the recipe excludes files that do not exist: {', '.join(sorted(missing))}")
    found: list[Path] = []
    for folder in folders:
        files = sorted(p for p in (root / folder).rglob("*") if p.suffix.lower() in read_endings() and p.is_file())
        if not files:
            raise TrainingError(
                f"no pictures in {root / folder}; give the folder that contains {folder}", option="data"
            )
        found += [p for p in files if p not in left_out]
    return found


def load_pictures(paths: Sequence[Path], channels: int) -> list[Picture]:
    """Read pictures as (H, W, channels) uint8; they stay in memory for the whole run.

    Raises:
        TrainingError: a picture has bands that are no colours.
    """
    pictures = []
    for path in paths:
        x = read_picture(path).pixels
        if x.shape[2] not in (1, 3):
            raise TrainingError(f"{path} has {x.shape[2]} bands; a network learns from gray and RGB: leave it out")
        if channels == 1 and x.shape[2] == 3:
            x = to_gray(x)
        levels = np.rint(np.clip(x, 0, 1) * 255).astype(np.uint8)
        pictures.append(np.repeat(levels, channels, axis=2) if levels.shape[2] < channels else levels)
    return pictures


class Patches(Dataset[Crop]):
    """An endless, random-access sequence of training crops.

    Args:
        pictures: pictures to cut from; the probability of a picture is proportional to the root of its area.
        mixture: the damage.
        model: the network's shape, for its inputs (channels, mask, hints).
        data: patch and margin sizes, fraction of drawings.
        seed: seed of all random numbers.
    """

    def __init__(
        self, pictures: Sequence[Picture], mixture: Mixture, model: REDNetConfig, data: Data, seed: int
    ) -> None:
        size = data.patch + data.margin
        self.pictures = [padded(picture, size) for picture in pictures]
        sides = np.sqrt([picture.shape[0] * picture.shape[1] for picture in self.pictures])
        self.odds = sides / sides.sum()
        self.mixture, self.model, self.data, self.seed = mixture, model, data, seed
        self.drawings = Drawings(seed, max(DRAWING, size), max(DRAWING, size))
        if data.drawings:
            typefaces()  # search for the fonts once, before the workers start

    def __getitem__(self, index: int) -> Crop:
        rng = np.random.default_rng((self.seed, index))
        picture = self.picture(index, rng)
        size = self.data.patch + self.data.margin
        top, left = (int(rng.integers(side - size + 1)) for side in picture.shape[:2])
        turned = orient(picture[top : top + size, left : left + size], TURNS[rng.integers(ORIENTATIONS)])
        x = turned.astype(np.float32) / np.float32(255)
        if x.shape[2] > self.model.channels:
            x = to_gray(x)
        task, x, degraded = self.mixture(x, rng)
        top, left = (int(offset) for offset in rng.integers(0, self.data.margin + 1, 2))
        window = slice(top, top + self.data.patch), slice(left, left + self.data.patch)
        return pair(x, degraded, task, self.model, window)

    def picture(self, index: int, rng: np.random.Generator) -> Picture:
        """Draw the picture from which a crop is cut: a photograph, or one of the drawings that are in use."""
        if self.data.drawings and rng.random() < self.data.drawings:
            return self.drawings[index // CROPS_A_TURN * DRAWINGS_AT_ONCE + int(rng.integers(DRAWINGS_AT_ONCE))]
        return self.pictures[rng.choice(len(self.pictures), p=self.odds)]


def stream(
    patches: Patches, first: int, device: torch.device | str = "cpu", team: Team | None = None
) -> Iterator[Crop]:
    """Yield batches without end; worker processes prepare them ahead.

    Args:
        patches: the crops.
        first: number of the first crop.
        device: torch's device of the batches.
        team: the processes that train together; they take turns, batch by batch, and never use the same crop.
    """
    team = team or Team()
    size, side, channels = patches.data.batch, patches.data.patch, patches.model.channels
    workers = min(patches.data.workers, max(1, cpu_threads() // team.neighbours))
    batches = (list(range(at, at + size)) for at in itertools.count(first + team.rank * size, team.count * size))
    loader = DataLoader(
        patches,
        batch_sampler=batches,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        collate_fn=pack,
        worker_init_fn=leave_stopping_to_the_trainer,
        pin_memory=torch.device(device).type == "cuda",
    )
    planes = 2 * channels + 1
    for packed in loader:
        numbers = packed.to(device, non_blocking=True)
        pixels, hints, tasks = numbers.split([planes * side**2, numbers.shape[1] - planes * side**2 - 1, 1], dim=1)
        y, x, mask = pixels.view(-1, planes, side, side).split([channels, channels, 1], dim=1)
        yield Crop(y, x, mask, hints, tasks[:, 0].long())


def pack(crops: Sequence[Crop]) -> Tensor:
    """Join crops into one tensor, one row each, since passing one tensor between processes and devices is faster."""
    return torch.stack([torch.cat([torch.as_tensor(field).flatten() for field in crop]) for crop in crops])


def leave_stopping_to_the_trainer(worker: int) -> None:
    """Let a worker ignore SIGINT and SIGTERM, which reach the whole process group; the trainer ends its workers."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def validation_crops(
    pictures: Sequence[Picture], shares: Sequence[Share], model: REDNetConfig, size: int
) -> list[Crop]:
    """Return the validation crops: the centre of each picture, degraded in each way; one batch for each entry.

    The damage is the same in every run. The hints contain the task but not the level, as when a user names a verb.
    """
    batches = []
    for task, share in enumerate(shares):
        mixture = Mixture((share,), told=0.0, task_told=1.0)
        crops = []
        for number, picture in enumerate(pictures):
            top, left = (max(0, (side - size) // 2) for side in picture.shape[:2])
            centre = padded(picture, size)[top : top + size, left : left + size].astype(np.float32) / np.float32(255)
            _, x, degraded = mixture(centre, np.random.default_rng((task, number)))
            crops.append(pair(x, degraded, task, model, (slice(None), slice(None))))
        batches.append(torch.utils.data.default_collate(crops))
    return batches


def pair(
    x: NDArray[np.float32], degraded: Degraded, task: int, model: REDNetConfig, window: tuple[slice, slice]
) -> Crop:
    """Convert a clean and a degraded picture to tensors; a gray picture is copied to all channels of the network."""
    y, facts, mask = degraded[:3]
    lost = np.zeros(y.shape[:2], np.float32) if mask is None else mask.astype(np.float32)
    told = hint_vector(facts, model.hints)

    def to_tensor(image: NDArray[np.float32]) -> Tensor:
        return torch.from_numpy(image[window].transpose(2, 0, 1).copy()).expand(model.channels, -1, -1)

    return Crop(to_tensor(y), to_tensor(x), torch.from_numpy(lost[window][None].copy()), torch.from_numpy(told), task)


def padded(picture: Picture, size: int) -> Picture:
    """Pad a picture that is smaller than a crop by reflection."""
    bottom, right = (max(0, size - side) for side in picture.shape[:2])
    return np.pad(picture, ((0, bottom), (0, right), (0, 0)), mode="symmetric") if bottom or right else picture
