"""A run: the weights of a network, their average and their optimisers; its steps, and its state on the disk."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from rednet.errors import TrainingError
from rednet.network.architecture import REDNetConfig
from rednet.network.model import REDNet
from rednet.training.balance import TaskBalance
from rednet.training.optimizer import build_optimizers
from rednet.training.patches import Crop
from rednet.training.processes import Team
from rednet.training.recipe import Recipe, Schedule
from rednet.training.start import load_teacher
from rednet.whole_files import whole_file
from rednet.zoo.model_folder import save_network

__all__ = ["STATE", "Run", "Status", "forward", "rate", "use_bfloat16"]

STATE = "state.pt"


@dataclass
class Status:
    """The state of a run, as shown to the user; also one row of the log."""

    step: int = 0
    seconds: float = 0.0
    pixels: int = 0
    progress: float = 0.0
    lr: float = 0.0
    loss: float = math.nan  # balanced, running mean
    wait: float = 0.0  # fraction of the time in which the trainer waited for crops
    psnr: dict[str, float] = field(default_factory=dict)  # dB on the validation crops, by task
    mean_psnr: float = math.nan  # dB, over all tasks but clean pictures

    @property
    def pixels_per_s(self) -> float:
        """Training pixels per second of wall time, since the start of the run."""
        return self.pixels / self.seconds if self.seconds else 0.0


class Run:
    """Everything in a run that changes: weights, their average, optimisers, balance.

    It is the same in each process of a team, since all of them make the same steps.

    Args:
        recipe: all settings.
        model: the network at the start.
        place: torch's device.
        team: the processes that train together.
    """

    def __init__(self, recipe: Recipe, model: REDNet, place: str = "cpu", team: Team | None = None) -> None:
        self.settings, self.team = settings_of(recipe), team or Team()
        self.schedule = recipe.schedule
        self.place = place
        self.model = model.train().to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.model).eval()
        self.learner: nn.Module = DistributedDataParallel(self.model) if self.team.count > 1 else self.model
        self.optimizers = build_optimizers(
            self.model, self.schedule.optimizer, self.schedule.lr, self.schedule.adam_lr, self.team
        )
        self.peaks = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        self.balance = TaskBalance(len(recipe.mixture.shares), self.schedule.balance, place, self.team)
        self.half = use_bfloat16(self.schedule, place)
        self.distillation = recipe.distillation
        teacher = load_teacher(recipe)
        self.teacher = None if teacher is None else teacher.to(place)
        self.status = Status()

    def step(self, crop: Crop) -> float:
        """Make one step with this process' batch, update the average, and return the mean loss of all processes."""
        y = crop.y.contiguous(memory_format=torch.channels_last)
        self.set_lr(rate(self.status.step, self.status.progress, self.schedule))
        with torch.autocast(self.place, torch.bfloat16, enabled=self.half):
            x_hat = forward(self.learner, self.model.config, crop, y)
        loss, _ = self.balance(x_hat, self.target(crop, y), torch.as_tensor(crop.task))
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        value = self.team.sum(loss.detach()).item() / self.team.count  # waits for the device, so it comes last
        if not math.isfinite(value):
            raise TrainingError(self.diverged(f"the loss is {value}"))
        self.status.step += 1
        self.status.pixels += self.team.count * y.shape[0] * y.shape[2] * y.shape[3]
        self.status.loss = value if self.status.step == 1 else 0.99 * self.status.loss + 0.01 * value
        decay = min(self.schedule.averaging, self.status.step / (self.status.step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.averaged.parameters()), list(self.model.parameters()), 1 - decay)
        return value

    @torch.no_grad()
    def target(self, crop: Crop, y: Tensor) -> Tensor:
        """Return the target: the clean picture, or with a teacher a mean of it and the teacher's output."""
        if self.teacher is None or self.distillation is None:
            return crop.x
        with torch.autocast(self.place, torch.bfloat16, enabled=self.half):
            answer = forward(self.teacher, self.teacher.config, crop, y)
        return torch.lerp(crop.x, answer.float(), self.distillation.share)

    def diverged(self, what: str) -> str:
        """Return the message that training has diverged, and what to do."""
        return (
            f"training diverged at step {self.status.step}: {what}; the weights that were saved last are kept; "
            "lower the learning rate"
        )

    def set_lr(self, fraction: float) -> None:
        """Set all learning rates to a fraction of their peaks."""
        groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        for group, peak in zip(groups, self.peaks, strict=True):
            group["lr"] = peak * fraction
        self.status.lr = self.peaks[0] * fraction

    def state(self) -> dict[str, Any]:
        """Return all that is needed to go on."""
        return {
            "settings": self.settings,
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "balance": self.balance.means,
            "status": asdict(self.status),
        }

    def save(self, out: Path) -> None:
        """Save the averaged weights and the state of the run, each file whole or not at all; only one process does.

        Raises:
            TrainingError: a weight is not finite; then nothing is written.
        """
        if not all(p.isfinite().all() for p in [*self.model.parameters(), *self.averaged.parameters()]):
            raise TrainingError(self.diverged("a weight is no longer finite"))
        if not self.team.leads:
            return
        with whole_file(out / STATE) as file:
            torch.save(self.state(), file)
        save_network(self.averaged, out)  # second: a run can be resumed from its state without weights, not vice versa

    def load(self, path: Path) -> None:
        """Load the state of a stopped run.

        Raises:
            TrainingError: the run had another recipe.
        """
        state = torch.load(path, weights_only=True, map_location="cpu")  # each part is then copied to its device
        other = [table for table, settings in self.settings.items() if state.get("settings", {}).get(table) != settings]
        if other:
            raise TrainingError(
                f"the recipe of the run in {path.parent} had another {' and '.join(other)}; resume with it, or "
                "start a new run from its weights, in another folder"
            )
        self.take_up(state)

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.model.load_state_dict(state["model"])
        self.averaged.load_state_dict(state["averaged"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.balance.means = state["balance"].to(self.place)
        self.status = Status(**state["status"])


def settings_of(recipe: Recipe) -> dict[str, str]:
    """Return the settings that must not change when a run is resumed, by table: all but the number of workers."""
    recipe = replace(recipe, data=replace(recipe.data, workers=0))
    return {table.name: repr(getattr(recipe, table.name)) for table in fields(recipe)}


def forward(model: nn.Module, config: REDNetConfig, crop: Crop, y: Tensor) -> Tensor:
    """Run a network of a shape on a batch, with mask and hints if the network reads them."""
    x_hat: Tensor = model(y, crop.mask if config.mask else None, crop.hints if config.hints else None)
    return x_hat


def rate(step: int, progress: float, schedule: Schedule) -> float:
    """Return the learning rate as a fraction of its peak: warm-up by steps, constant, then linear decay to 0."""
    warm = min(1.0, (step + 1) / max(1, schedule.warmup_steps))
    return warm * (min(1.0, (1 - progress) / schedule.decay) if schedule.decay else 1.0)


def use_bfloat16(schedule: Schedule, place: str = "cpu") -> bool:
    """Return whether to use bfloat16; it doubles the speed if the processor supports it, and is very slow if not."""
    if schedule.precision == "auto":
        if place != "cpu":
            return place == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return schedule.precision == "bfloat16"
