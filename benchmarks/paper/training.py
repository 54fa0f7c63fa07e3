"""Trains one network of a question, measures it along the way, and can go on where it was stopped."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import torch
from benchmarks.paper.crops import DeviceCrops, suits
from benchmarks.paper.questions import Training
from benchmarks.paper.rivals import RIVALS, Direct
from torch import nn

from rednet.training.judging import validate
from rednet.training.patches import Crop, Patches, Picture, list_pictures, load_pictures, stream, validation_crops
from rednet.training.recipe import Recipe
from rednet.training.run import Run
from rednet.training.start import starting_network
from rednet.whole_files import whole_file

MEASUREMENTS = 20  # along each run
Row = dict[str, Any]


def train(training: Training, data: Path, place: str, kept: Path, deadline: float | None = None) -> Iterator[list[Row]]:
    """Train one network on torch's device `place`; yield all rows so far whenever there is a new one.

    The second row has the norms of the first step's gradients, the last row those of the last.

    Args:
        training: what to train.
        data: folder of the pictures.
        place: torch's device.
        kept: file of the state, so that a stopped training goes on; it is removed at the end.
        deadline: by `time.perf_counter`; past it, but after one step at least, the state is kept and the training ends
            before its end.
    """
    recipe, plan = training.recipe, training.plan
    torch.manual_seed(recipe.schedule.seed)
    run = Run(recipe, network_of(training, recipe), place)
    seconds, core_seconds, rows, losses, first_gradients = 0.0, 0.0, [], [], ""
    if kept.exists():
        state = torch.load(kept, weights_only=True, map_location="cpu")
        run.take_up(state["run"])
        seconds, core_seconds = state["seconds"], state["core_seconds"]
        rows, losses, first_gradients = state["rows"], state["losses"], state["gradients"]
    exams = exams_of(recipe, data, plan.get("crop", 96), place)
    batches = batches_of(training, recipe, data, place, run.status.step)
    first_step = run.status.step
    steps, limit_s = plan.get("steps"), 60 * plan.get("minutes", 0)
    if place == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with torch.backends.cudnn.flags(enabled=True, benchmark=True, allow_tf32=False):
        while True:
            progress = run.status.step / steps if steps else seconds / limit_s
            if progress * MEASUREMENTS >= len(rows):
                row = {"step": run.status.step, "seconds": round(seconds, 2), "memory_mb": memory_mb(place)}
                row["loss"] = f"{sum(losses) / len(losses):.6f}" if losses else ""
                gradients = first_gradients if len(rows) == 1 else gradients_of(run.model) if progress >= 1 else ""
                rows.append(row | measured(run, exams, recipe) | {"gradients": gradients})
                losses = []
                yield rows
            late = deadline is not None and time.perf_counter() > deadline
            if progress >= 1 or (late and run.status.step > first_step):
                break
            crop = next(batches)
            start, busy = time.perf_counter(), time.process_time()
            run.status.progress = progress
            losses.append(run.step(crop))
            seconds += time.perf_counter() - start
            core_seconds += time.process_time() - busy
            first_gradients = first_gradients or gradients_of(run.model)
    if progress >= 1:
        kept.unlink(missing_ok=True)
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    state = {"run": run.state(), "seconds": seconds, "core_seconds": core_seconds}
    state |= {"rows": rows, "losses": losses, "gradients": first_gradients}
    with whole_file(kept) as file:
        torch.save(state, file)


def network_of(training: Training, recipe: Recipe) -> Any:
    """Return a fresh network: ours, which gives the residual or the picture, or a rival."""
    rival = RIVALS.get(training.plan.get("network", ""))
    if rival is not None:
        return rival(recipe.model)
    network = starting_network(recipe)
    if training.plan["mapping"] == "residual":
        return network
    direct = Direct(recipe.model)
    direct.load_state_dict(network.state_dict())
    return direct


def batches_of(training: Training, recipe: Recipe, data: Path, place: str, first_step: int) -> Iterator[Crop]:
    """Yield batches from a step on, prepared by the device if the plan says so and it can, otherwise by workers."""
    pictures = pictures_of(data, recipe.data.train, recipe.data.exclude, recipe.model.channels)
    parts = (pictures, recipe.mixture, recipe.model, recipe.data, recipe.schedule.seed)
    if training.plan.get("crops") == "device" and suits(recipe.mixture, recipe.data):
        return DeviceCrops(*parts, place).stream(first_step)
    return stream(Patches(*parts), first_step * recipe.data.batch, place)


def exams_of(recipe: Recipe, data: Path, size: int, place: str) -> list[Crop]:
    """Return the validation crops of a recipe; of noise, the network is told the level if it learns with it."""
    judges = pictures_of(data, (recipe.data.validation,), (), recipe.model.channels)
    exams = validation_crops(judges, recipe.validation, recipe.model, size)
    if recipe.mixture.told == 1 and recipe.model.hints == ("sigma",):
        for exam, share in zip(exams, recipe.validation, strict=True):
            exam.hints[:, 1] = getattr(share.degradation, "sigma", 0) / 50
    return [crop.to(place) for crop in exams]


@cache
def pictures_of(data: Path, folders: tuple[str, ...], exclude: tuple[str, ...], channels: int) -> list[Picture]:
    """Read pictures once for all trainings: a budget is for training."""
    return load_pictures(list_pictures(data, folders, exclude), channels)


def measured(run: Run, exams: list[Crop], recipe: Recipe) -> Row:
    """Measure the averaged weights; what batch norm has counted is taken as it is."""
    for average, counted in zip(run.averaged.buffers(), run.model.buffers(), strict=True):
        average.copy_(counted)
    scores = validate(run.averaged, exams, recipe)
    return {"psnr": f"{sum(scores.values()) / len(scores):.3f}", "by_task": words(scores.values(), ".3f")}


def gradients_of(network: nn.Module) -> str:
    """Return the norm of the gradient of each convolution's weight, from the picture to the residual."""
    kernels = [p for name, p in network.named_parameters() if name.endswith("weight") and p.ndim == 4]
    return words((float(kernel.grad.norm()) for kernel in kernels if kernel.grad is not None), ".3e")


def memory_mb(place: str) -> str:
    """Return the most memory that training has taken on a graphics processor; a CPU does not tell it."""
    return f"{torch.cuda.max_memory_allocated() / 1e6:.0f}" if place == "cuda" else ""


def words(numbers: Iterable[float], form: str) -> str:
    """Write numbers with spaces between, for one cell of a table."""
    return " ".join(f"{number:{form}}" for number in numbers)
