"""The training loop: step, average, validate, save, within a budget.

A run has one folder, with `config.json` and `model.safetensors` (averaged weights, ready to use), `log.csv`, and
`state.pt` (all that is needed to resume). The budget is in minutes or steps. The learning rate rises, stays constant,
and falls to 0 exactly at the end of the budget, so that every complete run ends in good weights.

torchrun can start many processes that train together. Each of them runs this loop; the first one writes the files.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rednet.errors import TrainingError
from rednet.machine import Device, torch_device
from rednet.training.judging import Log, mean_of_damaged, validate
from rednet.training.patches import Crop, Patches, list_pictures, load_pictures, stream, validation_crops
from rednet.training.processes import join_team, restarted, started_by_torchrun
from rednet.training.recipe import Recipe
from rednet.training.run import STATE, Run, Status
from rednet.training.start import starting_network
from rednet.whole_files import sweep
from rednet.zoo.checking import CONFIG, WEIGHTS

__all__ = ["VALIDATION_SIZE", "Budget", "Status", "train", "train_further"]

VALIDATE_EVERY_S = 240.0  # we also validate at the end; one validation takes about 3 s
SAVE_EVERY_S = 60.0  # most work that a killed run loses; we also save after the first step and at the end
VALIDATION_SIZE = 96  # px, side of the validation crops


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
        resume: continue the stopped run in `out`. Among processes that torchrun has started, begin a run if there is
            none; processes that torchrun has started again after a failure always resume.
        device: "cpu", or "gpu" where torch finds one.
        report: called after every step.
        should_stop: called after every step; True ends the run early, and it can be resumed.
        tensorboard: also write a log for TensorBoard to `out`.

    Returns:
        The last status.

    Raises:
        TrainingError: data are missing; `out` already has a run, or its run has another recipe; the loss is not finite
            (`out` then has the averaged weights of the last save); or many processes cannot work together here.
        EngineError: torch finds no graphics processor.
    """
    if started_by_torchrun():
        resume = (resume or restarted()) and (out / STATE).exists()
    if resume and not (out / STATE).exists():
        raise TrainingError(f"{out} has no run to resume")
    if not resume and any((out / name).exists() for name in (STATE, CONFIG, WEIGHTS)):
        raise TrainingError(f"{out} holds a run or a model already; resume it, or choose another folder")
    place = torch_device(device)
    with join_team(place) as team:
        run = Run(recipe, starting_network(recipe, weights), place, team)
        if resume:
            run.load(out / STATE)
            run.status.progress = budget.progress(run.status.step, run.status.seconds)
        team.check_same(run.status.step)
        if run.status.progress < 1:
            pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), recipe.model.channels)
            judges = load_pictures(list_pictures(data, [recipe.data.validation]), recipe.model.channels)
            exams = validation_crops(judges, recipe.validation, recipe.model, VALIDATION_SIZE)
            patches = Patches(pictures, recipe.mixture, recipe.model, recipe.data, recipe.schedule.seed)
            train_further(run, recipe, patches, exams, out, budget, report, should_stop, tensorboard=tensorboard)
    return run.status


def train_further(
    run: Run,
    recipe: Recipe,
    patches: Patches,
    exams: Sequence[Crop],
    out: Path,
    budget: Budget,
    report: Callable[[Status], None],
    should_stop: Callable[[], bool],
    *,
    tensorboard: bool = False,
    validate_every_s: float | None = None,
) -> None:
    """Train to the end of the budget, or until it is stopped.

    Args:
        run: goes on.
        recipe, out, budget, report, should_stop, tensorboard: see `train`.
        patches: what it learns from.
        exams: what it is judged by, a batch for each of the recipe's validations.
        validate_every_s: time between two validations, s; None for the usual one.
    """
    place, team, status = run.place, run.team, run.status
    every = VALIDATE_EVERY_S if validate_every_s is None else validate_every_s
    exams = [crop.to(place) for crop in exams]
    crops = stream(patches, status.pixels // recipe.data.patch**2, place, team)
    log = None
    if team.leads:
        sweep(out)  # remove the temporary files of killed runs
        log = Log(out, [share.name for share in recipe.validation], tensorboard)

    start, waited = time.perf_counter() - status.seconds, status.wait * status.seconds
    validated = status.seconds
    saved = status.seconds if status.step else -math.inf
    stopping = False
    # On a graphics processor: all batches have the same size, so benchmark=True pays; and float32 must not be TF32.
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=True, benchmark=True, deterministic=cudnn.deterministic, allow_tf32=False):
        while not stopping:
            before = time.perf_counter()
            crop = next(crops)
            waited += time.perf_counter() - before
            run.step(crop)
            status.seconds, asked = team.agree(time.perf_counter() - start, should_stop())
            status.wait = waited / status.seconds
            status.progress = budget.progress(status.step, status.seconds)
            stopping = asked or status.progress >= 1
            judged = stopping or status.seconds - validated >= every
            if judged or status.seconds - saved >= SAVE_EVERY_S:
                saved = status.seconds
                run.save(out)  # before the validation, since a user who stops the run may not wait for its end
            if judged:
                validated = status.seconds
                status.psnr = validate(run.averaged, exams, recipe, team)
                status.mean_psnr = mean_of_damaged(status.psnr, recipe.validation)
                run.save(out)
                if log:
                    log.write(status)
            report(status)
