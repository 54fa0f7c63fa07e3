"""The training loop: step, average, validate, save, within a budget.

A run has one folder, with `config.json` and `model.safetensors` (averaged weights, ready to use), `log.csv`, and
`state.pt` (all that is needed to resume). The budget is in minutes or steps. The learning rate rises, stays constant,
and falls to 0 exactly at the end of the budget, so that every complete run ends in good weights.
"""

from __future__ import annotations

import copy
import csv
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rednet.degradations import Identity, Share
from rednet.errors import TrainingError
from rednet.machine import Device, torch_device
from rednet.network.model import REDNet
from rednet.training.balance import TaskBalance
from rednet.training.optimizer import build_optimizers
from rednet.training.patches import Crop, Patches, list_pictures, load_pictures, stream, validation_crops
from rednet.training.recipe import Recipe, Schedule
from rednet.training.start import load_teacher, starting_network
from rednet.whole_files import sweep, whole_file
from rednet.zoo.checking import CONFIG, WEIGHTS
from rednet.zoo.model_folder import save_network

__all__ = ["Budget", "Status", "train"]

VALIDATE_EVERY_S = 240.0  # we also validate at the end; one validation takes about 3 s
SAVE_EVERY_S = 60.0  # most work that a killed run loses; we also save after the first step and at the end
VALIDATION_SIZE = 96  # px, side of the validation crops
STATE, LOG = "state.pt", "log.csv"


@dataclass(frozen=True)
class Budget:
    """The length of a run, in minutes of wall time or in steps."""

    minutes: float | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.steps is None):
            raise TrainingError("a run needs a budget: either minutes or steps")
        if (self.minutes or self.steps or 0) <= 0:
            raise TrainingError(f"the budget is {self.minutes or self.steps or 0}; it must be above 0")

    def progress(self, step: int, seconds: float) -> float:
        """Return the used fraction of the budget, 0 to 1."""
        used = seconds / (60 * self.minutes) if self.minutes else step / (self.steps or 1)
        return min(1.0, used)


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


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    budget: Budget,
    *,
    weights: str | Path | None = None,
    resume: bool = False,
    device: Device = "cpu",
    report: Callable[[Status], None] = lambda status: None,
    should_stop: Callable[[], bool] = lambda: False,
    tensorboard: bool = False,
) -> Status:
    """Train a network and save its averaged weights in a folder.

    Weights and state are saved from the first step on. Resuming a finished run makes no step and returns its status,
    unless the budget is larger now.

    Args:
        recipe: all settings.
        data: the data folder, which contains the recipe's picture folders.
        out: folder of the run; it is created if it does not exist.
        budget: length of the run; when resuming, pass the same budget again.
        weights: shipped model or model folder to start from; None for random weights; see `starting_network`.
        resume: continue the stopped run in `out`.
        device: "cpu", or "gpu" where torch finds one.
        report: called after every step.
        should_stop: called after every step; True ends the run early, and it can be resumed.
        tensorboard: also write a log for TensorBoard to `out`.

    Returns:
        The last status.

    Raises:
        TrainingError: data are missing; `out` already has a run, or its run has another recipe; or the loss is not
            finite (`out` then has the averaged weights of the last save).
        EngineError: torch finds no graphics processor.
    """
    if resume and not (out / STATE).exists():
        raise TrainingError(f"{out} has no run to resume")
    if not resume and any((out / name).exists() for name in (STATE, CONFIG, WEIGHTS)):
        raise TrainingError(f"{out} holds a run or a model already; resume it, or choose another folder")
    place = torch_device(device)
    run = Run(recipe, starting_network(recipe, weights), place)
    if resume:
        run.load(out / STATE)
        run.status.progress = budget.progress(run.status.step, run.status.seconds)
        if run.status.progress >= 1:
            return run.status
    paths = list_pictures(data, recipe.data.train, recipe.data.exclude)
    pictures = load_pictures(paths, recipe.model.channels)
    judges = load_pictures(list_pictures(data, [recipe.data.validation]), recipe.model.channels)
    exams = [crop.to(place) for crop in validation_crops(judges, recipe.validation, recipe.model, VALIDATION_SIZE)]
    patches = Patches(pictures, recipe.mixture, recipe.model, recipe.data, recipe.schedule.seed)
    crops = stream(patches, run.status.step, place)
    sweep(out)  # remove the temporary files of killed runs
    log = Log(out, [share.name for share in recipe.validation], tensorboard)

    status = run.status
    start, waited = time.perf_counter() - status.seconds, status.wait * status.seconds
    validated = status.seconds
    saved = status.seconds if resume else -math.inf
    stopping = False
    # On a graphics processor: all batches have the same size, so benchmark=True pays; and float32 must not be TF32.
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
        while not stopping:
            before = time.perf_counter()
            crop = next(crops)
            waited += time.perf_counter() - before
            run.step(crop)
            status.seconds = time.perf_counter() - start
            status.wait = waited / status.seconds
            status.progress = budget.progress(status.step, status.seconds)
            stopping = should_stop() or status.progress >= 1
            judged = stopping or status.seconds - validated >= VALIDATE_EVERY_S
            if judged or status.seconds - saved >= SAVE_EVERY_S:
                saved = status.seconds
                run.save(out)  # before the validation, since a user who stops the run may not wait for its end
            if judged:
                validated = status.seconds
                status.psnr = validate(run.averaged, exams, recipe)
                status.mean_psnr = mean_of_damaged(status.psnr, recipe.validation)
                run.save(out)
                log.write(status)
            report(status)
    return status


class Run:
    """Everything in a run that changes: weights, their average, optimisers, balance; on torch's device `place`."""

    def __init__(self, recipe: Recipe, model: REDNet, place: str = "cpu") -> None:
        self.settings = settings_of(recipe)
        self.schedule = recipe.schedule
        self.place = place
        self.model = model.train().to(place, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.model).eval()
        self.optimizers = build_optimizers(self.model, self.schedule.optimizer, self.schedule.lr, self.schedule.adam_lr)
        self.peaks = [group["lr"] for optimizer in self.optimizers for group in optimizer.param_groups]
        self.balance = TaskBalance(len(recipe.mixture.shares), self.schedule.balance, place)
        self.half = use_bfloat16(self.schedule, place)
        self.distillation = recipe.distillation
        teacher = load_teacher(recipe)
        self.teacher = None if teacher is None else teacher.to(place)
        self.status = Status()

    def step(self, crop: Crop) -> float:
        """Make one step, update the average, and return the batch's loss."""
        y = crop.y.contiguous(memory_format=torch.channels_last)
        self.set_lr(rate(self.status.step, self.status.progress, self.schedule))
        with torch.autocast(self.place, torch.bfloat16, enabled=self.half):
            x_hat = forward(self.model, crop, y)
        loss, _ = self.balance(x_hat, self.target(crop, y), torch.as_tensor(crop.task))
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        value = loss.item()  # waits for the device, so it comes last
        if not math.isfinite(value):
            raise TrainingError(self.diverged(f"the loss is {value}"))
        self.status.step += 1
        self.status.pixels += y.shape[0] * y.shape[2] * y.shape[3]
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
            answer = forward(self.teacher, crop, y)
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
        """Save the averaged weights and the state of the run, each file whole or not at all.

        Raises:
            TrainingError: a weight is not finite; then nothing is written.
        """
        if not all(p.isfinite().all() for p in [*self.model.parameters(), *self.averaged.parameters()]):
            raise TrainingError(self.diverged("a weight is no longer finite"))
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


def forward(model: REDNet, crop: Crop, y: Tensor) -> Tensor:
    """Run a network on a batch, with mask and hints if the network reads them."""
    config = model.config
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


@torch.no_grad()
def validate(model: REDNet, exams: list[Crop], recipe: Recipe) -> dict[str, float]:
    """Return the mean PSNR of the clipped result on each validation task, dB."""
    scores = {}
    for share, crop in zip(recipe.validation, exams, strict=True):
        errors = (forward(model, crop, crop.y).clamp(0, 1) - crop.x).square().mean(dim=(1, 2, 3))
        scores[share.name] = float((-10 * errors.clamp_min(1e-10).log10()).mean())
    return scores


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
