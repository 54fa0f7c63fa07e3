"""Trains a shipped network further on somebody's own pictures, and shows what that was worth on pictures held back.

Clean pictures are damaged as they are read; pairs are learned from as they are. If both pictures of a pair have noise
of their own, the network learns to remove it all the same (Lehtinen et al., "Noise2Noise", 2018, arXiv:1803.04189).
Where there are only noisy pictures, their pixels teach each other (see `rednet.training.noisy`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image, ImageDraw

from rednet.degradations import Share
from rednet.errors import TrainingError
from rednet.machine import Device, torch_device
from rednet.network.model import REDNet, REDNetConfig
from rednet.training.judging import mean_of_damaged, validate
from rednet.training.loop import VALIDATION_SIZE, Budget, train_further
from rednet.training.noisy import NOISY, NoisyPatches, noisy_crops
from rednet.training.pairs import PAIRS, PairPatches, match_pairs, pair_crops
from rednet.training.patches import Crop, Patches, Picture, list_pictures, load_pictures, validation_crops
from rednet.training.recipe import Data, Recipe, Schedule, load_recipe
from rednet.training.run import STATE, Run, Status, forward
from rednet.whole_files import whole_file
from rednet.zoo.checking import CONFIG, WEIGHTS
from rednet.zoo.model_folder import load_network, save_network
from rednet.zoo.shipped import find_model, shipped_models

__all__ = ["CARD", "SHEET", "Outcome", "finetune", "shipped_recipe"]

Item = TypeVar("Item")

CARD, SHEET = "README.md", "before-after.png"

SCHEDULE = Schedule(lr=5e-4, adam_lr=2e-4, warmup_steps=50, decay=0.7, averaging=0.998)
DATA = Data(train=(".",), validation=".", patch=64, margin=16, batch=8)
HELD_BACK, MOST_HELD_BACK = 0.1, 30  # fraction and number of the pictures that only judge
JUDGEMENTS, LEAST_S = 12, 15.0  # validations in a run, and the shortest time between two, s
PATIENCE, STEP_DB = 3, 0.01  # a run ends after so many validations without so much gain
CLEAN_PICTURES = "clean pictures, damaged on the way"
NOISY_PICTURES = "noisy pictures, without a clean one (so PSNR is an estimate, for pictures of half the size)"
ROWS, GAP, ZOOM = 6, 8, 2  # of the sheet


@dataclass(frozen=True)
class Outcome:
    """What a training was worth.

    Args:
        before, after: PSNR on the pictures held back, by damage, dB; of the network that it started from, and of the
            one in the folder. From noisy pictures alone, it is an estimate, for pictures of half the size.
        pictures, held_back: number of pictures that it learned from, and that judged it.
        better: whether the folder has new weights; else it has those that it started from.
        status: of the last step.
    """

    before: dict[str, float]
    after: dict[str, float]
    pictures: int
    held_back: int
    better: bool
    status: Status


def shipped_recipe(name: str) -> Path:
    """Return the recipe that comes with rednet under a name.

    Raises:
        TrainingError: there is none.
    """
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "recipes", here.parents[3] / "recipes"):  # installed, or a checkout
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise TrainingError(f"there is no recipe {name}.toml here; name a recipe's file")


def finetune(
    clean: Path,
    out: Path,
    budget: Budget,
    *,
    degraded: Path | None = None,
    noisy_only: bool = False,
    start: str = "real",
    recipe: Path | None = None,
    device: Device = "cpu",
    report: Callable[[Status], None] = lambda status: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train a network further, and write a model folder with a card and a sheet of pictures before and after.

    A tenth of the pictures is held back, always the same ones. The training ends early if these get no better, and the
    folder has the best weights of all validations: those of the start, if nothing was better.

    Args:
        clean: folder of clean pictures, searched recursively; of pairs, the better ones, not searched recursively.
            With `noisy_only`, of noisy pictures, searched recursively.
        out: folder of the new model, which does not exist yet or is empty.
        budget: length of the training.
        degraded: folder of the degraded pictures of pairs, with the same names; None damages the clean ones.
        noisy_only: there are no clean pictures. The noise must differ from pixel to pixel.
        start: a shipped model or a model folder.
        recipe: says by which damage clean pictures are degraded; None for the recipe of the shipped model that the
            training starts from, or of `real`.
        device: "cpu" or "gpu".
        report: called after every step.
        should_stop: called after every step; True ends the training, and the best weights are kept.

    Raises:
        TrainingError: there are too few pictures, or `out` holds something; or there are pairs or a recipe where there
            are noisy pictures only.
    """
    if noisy_only and (degraded or recipe):
        raise TrainingError("noisy pictures alone need neither degraded ones nor a recipe; leave these out")
    if out.exists() and any(out.iterdir()):
        raise TrainingError(f"{out} holds something already; choose another folder")
    place, network = torch_device(device), load_network(find_model(start))
    if degraded is not None or noisy_only:
        mixture = NOISY if noisy_only else PAIRS
        settings = Recipe(network.config, DATA, SCHEDULE, mixture, mixture.shares)
    else:
        damage = load_recipe(recipe or shipped_recipe(start if start in shipped_models() else "real"))
        data = replace(DATA, drawings=damage.data.drawings)
        settings = Recipe(network.config, data, SCHEDULE, damage.mixture, damage.validation)
    patches, exams, held_back = lessons(settings, clean, degraded, noisy_only=noisy_only)
    run = Run(settings, network, place)
    out.mkdir(parents=True, exist_ok=True)
    exams = [crop.to(place) for crop in exams]
    best = Best(out, settings.validation, validate(run.averaged, exams, settings))
    save_network(network, out)
    best.keep()
    every = max(LEAST_S, 60 * budget.minutes / JUDGEMENTS) if budget.minutes else LEAST_S

    def judge(status: Status) -> None:
        best.judge(status)
        report(status)

    train_further(
        run, settings, patches, exams, out, budget, judge, lambda: should_stop() or best.waited >= PATIENCE,
        validate_every_s=every,
    )  # fmt: skip
    best.give_back()
    (out / STATE).unlink(missing_ok=True)
    outcome = Outcome(best.start, best.psnr, len(patches.pictures), held_back, best.better, run.status)
    draw_sheet(out / SHEET, settings, exams, load_network(find_model(start)).to(place), load_network(out).to(place))
    with whole_file(out / CARD) as file:
        learned = NOISY_PICTURES if noisy_only else CLEAN_PICTURES if degraded is None else "pairs of pictures"
        file.write(card(outcome, start, learned).encode())
    return outcome


class Best:
    """The best weights so far.

    Args:
        out: folder of the run, which has the weights of the last validation.
        shares: the kinds of damage.
        start: PSNR of the start, by damage, dB.
    """

    def __init__(self, out: Path, shares: Sequence[Share], start: dict[str, float]) -> None:
        self.out, self.shares, self.start, self.psnr = out, shares, start, start
        self.seen: dict[str, float] | None = None
        self.better, self.waited = False, 0
        self.weights = b""

    def keep(self) -> None:
        """Keep the weights that are in the folder."""
        self.weights = (self.out / WEIGHTS).read_bytes()

    def judge(self, status: Status) -> None:
        """Keep the weights if a validation has just found them better."""
        if status.psnr is self.seen or not status.psnr:
            return
        self.seen = status.psnr
        gain = mean_of_damaged(status.psnr, self.shares) - mean_of_damaged(self.psnr, self.shares)
        rising = status.step < SCHEDULE.warmup_steps  # the rate: it is too early to give up
        self.waited = 0 if gain >= STEP_DB or rising else self.waited + 1
        if gain > 0:
            self.psnr, self.better = status.psnr, True
            self.keep()

    def give_back(self) -> None:
        """Write the best weights into the folder."""
        with whole_file(self.out / WEIGHTS) as file:
            file.write(self.weights)


def lessons(recipe: Recipe, clean: Path, degraded: Path | None, *, noisy_only: bool) -> tuple[Patches, list[Crop], int]:
    """Return what a network learns from, what it is judged by, and the number of pictures that judge."""
    model, seed = recipe.model, recipe.schedule.seed
    if degraded is None:
        learn, judge = split(list_pictures(clean, ["."]), lambda path: str(path.relative_to(clean)))
        pictures, judges = load_pictures(learn, model.channels), load_pictures(judge, model.channels)
        if noisy_only:
            exams = noisy_crops(judges, model, VALIDATION_SIZE)
            return NoisyPatches(pictures, model, recipe.data, seed), exams, len(judge)
        exams = validation_crops(judges, recipe.validation, model, VALIDATION_SIZE)
        return Patches(pictures, recipe.mixture, model, recipe.data, seed), exams, len(judge)
    first, rest = split(match_pairs(clean, degraded), lambda pair: pair[0].name)
    learned, judged = (load_pairs(pairs, model) for pairs in (first, rest))
    return PairPatches(learned, model, recipe.data, seed), pair_crops(judged, model, VALIDATION_SIZE), len(rest)


def load_pairs(pairs: Sequence[tuple[Path, Path]], model: REDNetConfig) -> list[tuple[Picture, Picture]]:
    """Read pairs; raise TrainingError if two pictures of a pair differ in size."""
    read = []
    for paths in pairs:
        x, y = load_pictures(paths, model.channels)
        if x.shape != y.shape:
            sizes = " and ".join(f"{side.shape[1]}x{side.shape[0]}" for side in (x, y))
            raise TrainingError(
                f"{paths[0]} and {paths[1]} have {sizes} px; both must show the same part, equally large"
            )
        read.append((x, y))
    return read


def split(items: Sequence[Item], name: Callable[[Item], str]) -> tuple[list[Item], list[Item]]:
    """Divide pictures into those to learn from and those to judge by, by a hash of their names.

    Raises:
        TrainingError: there are fewer than two.
    """
    if len(items) < 2:
        raise TrainingError("there is only one picture; give at least two, since one of them is held back to judge")
    order = sorted(items, key=lambda item: hashlib.sha256(name(item).encode("utf-8", "surrogateescape")).digest())
    count = min(MOST_HELD_BACK, max(1, round(HELD_BACK * len(items))))
    return order[count:], order[:count]


@torch.no_grad()
def draw_sheet(path: Path, recipe: Recipe, exams: Sequence[Crop], before: REDNet, after: REDNet) -> None:
    """Draw pictures held back: damaged, restored before and after the training, and clean if that is known."""
    known = exams[0].x.shape == exams[0].y.shape
    titles = ("damaged", "before", "after", "clean")[: 4 if known else 3]
    cell = ZOOM * VALIDATION_SIZE
    chosen = [(number % len(exams), number // len(exams)) for number in range(ROWS)]
    rows = [(task, place) for task, place in chosen if place < len(exams[task].y)]
    sheet = Image.new("RGB", (len(titles) * (cell + GAP) + GAP, len(rows) * (cell + 3 * GAP) + 3 * GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        pen.text((GAP + column * (cell + GAP), GAP), title, "black")
    for row, (task, place) in enumerate(rows):
        crop = Crop(*(field[place : place + 1] for field in exams[task]))  # type: ignore[index]
        views = [crop.y, *(forward(network, network.config, crop, crop.y) for network in (before, after))]
        views += [crop.x] if known else []
        top = 3 * GAP + row * (cell + 3 * GAP)
        for column, view in enumerate(views):
            levels = (255 * view[0].clamp(0, 1)).round().byte().cpu().permute(1, 2, 0).numpy()
            picture = Image.fromarray(levels if levels.shape[2] == 3 else levels[:, :, 0])
            sheet.paste(picture.resize((cell, cell), Image.Resampling.NEAREST), (GAP + column * (cell + GAP), top))
        pen.text((GAP, top + cell + 2), recipe.validation[task].name, "black")
    with whole_file(path) as file:
        sheet.save(file, "PNG")


def card(outcome: Outcome, start: str, what: str) -> str:
    """Return the model card; `what` it learned from."""
    rows = [f"| {name} | {outcome.before[name]:.2f} | {outcome.after[name]:.2f} |" for name in outcome.after]
    status = outcome.status
    return "\n".join((
        "# A network for these pictures", "",
        f"Started from `{start}`, trained on {outcome.pictures} {what}: {status.step} steps, "
        f"{status.pixels / 1e6:.0f} megapixels.",
        "" if outcome.better else "\nNothing was better than the start: the weights are those of the start.\n",
        f"PSNR in dB on {outcome.held_back} held back, centres of {VALIDATION_SIZE} px:", "",
        "| damage | before | after |", "|---|---|---|", *rows, "", f"![before and after]({SHEET})", "",
        f"Give the folder that holds `{CONFIG}` as the model of any verb.", "",
    ))  # fmt: skip
