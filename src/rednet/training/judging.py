"""Judges a network during training: its PSNR on the validation crops, and the log of these figures."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from rednet.degradations import Identity, Share
from rednet.errors import TrainingError
from rednet.network.model import REDNet
from rednet.training.patches import Crop
from rednet.training.processes import Team
from rednet.training.recipe import Recipe
from rednet.training.run import Status, forward

__all__ = ["Log", "mean_of_damaged", "validate"]

LOG = "log.csv"


@torch.no_grad()
def validate(model: REDNet, exams: Sequence[Crop], recipe: Recipe, team: Team | None = None) -> dict[str, float]:
    """Return the mean PSNR of the clipped result on each validation task, dB; a team shares the work.

    Where a crop's `x` has two noisy pictures of the same, the mean product of both errors is that from the clean one.
    """
    team = team or Team()
    scores = [0.0] * len(exams)
    for number in range(team.rank, len(exams), team.count):
        crop = exams[number]
        x_hat, channels = forward(model, model.config, crop, crop.y).clamp(0, 1), crop.y.shape[1]
        errors = ((x_hat - crop.x[:, :channels]) * (x_hat - crop.x[:, -channels:])).mean(dim=(1, 2, 3))
        scores[number] = float((-10 * errors.clamp_min(1e-10).log10()).mean())
    return dict(zip((share.name for share in recipe.validation), team.sum_numbers(*scores), strict=True))


def mean_of_damaged(psnr: dict[str, float], shares: Sequence[Share]) -> float:
    """Return the mean over all tasks but clean pictures, whose 40 to 60 dB would dominate the mean."""
    damaged = [psnr[share.name] for share in shares if not isinstance(share.degradation, Identity)]
    values = damaged or list(psnr.values())
    return sum(values) / len(values)


class Log:
    """The log: appends each validation to `log.csv`, and also to TensorBoard if asked."""

    def __init__(self, out: Path, tasks: list[str], tensorboard: bool) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self.path = out / LOG
        if not self.path.exists():
            columns = ["step", "seconds", "pixels", "progress", "lr", "loss", "wait", "mean_psnr", *tasks]
            self.append(columns)
        self.board: Any = None
        if tensorboard:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError as error:
                raise TrainingError("TensorBoard is not installed: pip install tensorboard") from error
            self.board = SummaryWriter(out)

    def write(self, status: Status) -> None:
        """Write one row."""
        row = [status.step, round(status.seconds, 1), status.pixels, round(status.progress, 4), f"{status.lr:.3g}"]
        row += [f"{status.loss:.4f}", f"{status.wait:.4f}", f"{status.mean_psnr:.3f}"]
        row += [f"{value:.3f}" for value in status.psnr.values()]
        self.append(row)
        if self.board:
            for name, value in {**status.psnr, "mean": status.mean_psnr}.items():
                self.board.add_scalar(f"psnr/{name}", value, status.step)
            self.board.add_scalar("loss", status.loss, status.step)
            self.board.flush()

    def append(self, row: Sequence[object]) -> None:
        """Append a row to the file."""
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)
