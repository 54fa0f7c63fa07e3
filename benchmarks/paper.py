"""The paper's research questions as experiments that anyone can run: trains the variants of a question and plots them.

    python benchmarks/paper.py skips --data DIR            # writes docs/paper/skips.csv and skips.png
    python benchmarks/paper.py --all --data DIR
    python benchmarks/paper.py skips --plot                # draws the committed figures again

A question is a file in `recipes/paper/`; `base.toml` holds what all share. Every variant sees the same crops.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import os
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rednet.inference.machine import cpu_threads
from rednet.model import REDNet
from rednet.training.loop import Run, starting_network, validate
from rednet.training.patches import Patches, list_pictures, load_pictures, stream, validation_crops
from rednet.training.recipe import Recipe, lay_over, load_tables, recipe_from

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "recipes" / "paper"
RESULTS = ROOT / "docs" / "paper"
MEASUREMENTS = 20  # along each run
TABLES = ("model", "data", "schedule")
COLUMNS = ("variant", "seed", "step", "seconds", "loss", "psnr", "by_task")


class Direct(REDNet):
    """The network that gives the picture itself instead of the residual."""

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        return super().forward(y, mask, hints) - y


def load_question(name: str) -> dict[str, Any]:
    """Reads a question."""
    return tomllib.loads((QUESTIONS / f"{name}.toml").read_text("utf-8"))


def recipe_of(question: Mapping[str, Any], variant: Mapping[str, Any], seed: int) -> Recipe:
    """Lays the question's settings over the base, and the variant's over both."""
    tables = load_tables(QUESTIONS / "base.toml")
    for layer in (question, variant):
        tables = lay_over(tables, {table: layer[table] for table in TABLES if table in layer})
    tables["schedule"]["seed"] = seed
    damage = question.get("degradation")
    sigmas = variant.get("sigma", [30])
    kinds = [damage] if damage else [{"kind": "gaussian_noise", "sigma": sigma} for sigma in sigmas]
    tables["mixture"]["share"] = [{"name": str(n), "degradation": kind} for n, kind in enumerate(kinds)]
    judged = question.get("validation", [30])
    exams = [damage] if damage else [{"kind": "gaussian_noise", "sigma": sigma} for sigma in judged]
    names = ["picture"] if damage else [f"sigma {sigma}" for sigma in judged]
    tables["validation"] = [{"name": n, "degradation": kind} for n, kind in zip(names, exams, strict=True)]
    return recipe_from(tables)


def network_of(recipe: Recipe, mapping: str) -> REDNet:
    """Gives a fresh network that learns the residual or the picture."""
    network = starting_network(recipe)
    if mapping == "residual":
        return network
    direct = Direct(recipe.model)
    direct.load_state_dict(network.state_dict())
    return direct


def rows_of(question: Mapping[str, Any], variant: Mapping[str, Any], seed: int, data: Path) -> Iterator[dict[str, Any]]:
    """Trains one variant and yields what is measured along the way; the last row also has the gradients."""
    recipe = recipe_of(question, variant, seed)
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), recipe.model.channels)
    judges = load_pictures(list_pictures(data, [recipe.data.validation]), recipe.model.channels)
    exams = validation_crops(judges, recipe.validation, recipe.model, 96)
    crops = stream(Patches(pictures, recipe.mixture, recipe.model, recipe.data, seed), 0)
    run = Run(recipe, network_of(recipe, variant.get("mapping", question.get("mapping", "residual"))))
    steps, limit_s = question.get("steps"), 60 * question.get("minutes", 0)
    seconds, measured, losses = 0.0, 0, []
    for step in itertools.count():
        progress = step / steps if steps else seconds / limit_s
        if progress * MEASUREMENTS >= measured:
            measured += 1
            scores = validate(run.averaged, exams, recipe)
            row = {"variant": variant["name"], "seed": seed, "step": step, "seconds": round(seconds, 2)}
            row["loss"] = f"{sum(losses) / len(losses):.6f}" if losses else ""
            row["psnr"] = f"{sum(scores.values()) / len(scores):.3f}"
            yield row | {"by_task": " ".join(f"{score:.3f}" for score in scores.values())}
            losses = []
        if progress >= 1:
            break
        crop = next(crops)
        start = time.perf_counter()
        run.status.progress = progress
        losses.append(run.step(crop))
        seconds += time.perf_counter() - start
        if question.get("gradients") and step in (0, (steps or 0) - 1):
            write_gradients(question["name"], f"{variant['name']}, step {step + 1}", run.model)


def write_gradients(question: str, label: str, network: REDNet) -> None:
    """Appends the norm of the gradient of each layer's weight to a file of its own."""
    with (RESULTS / f"{question}-gradients.csv").open("a", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        for number, layer in enumerate([*network.encoder, *network.decoder], start=1):
            table.writerow([label, number, f"{float(layer.weight.grad.norm()):.3e}"])


def run_question(name: str, data: Path) -> None:
    """Trains all variants of a question and keeps what was measured."""
    question = {"name": name, **load_question(name)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}-gradients.csv").unlink(missing_ok=True)
    with (RESULTS / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        for seed, variant in itertools.product(question["seeds"], question["variant"]):
            for row in rows_of(question, variant, seed, data):
                table.writerow(row)
                file.flush()
            print(f"{name}: {variant['name']}, seed {seed}: {row['psnr']} dB after {row['seconds']} s", flush=True)


def plot_question(name: str) -> None:
    """Draws PSNR over steps (or time, where all had equal time), and the gradients if they were measured."""
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 11, "figure.facecolor": "white", "axes.grid": True, "grid.alpha": 0.3})
    question = load_question(name)
    with (RESULTS / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    across = "seconds" if "minutes" in question else "step"
    gradients = RESULTS / f"{name}-gradients.csv"
    figure, panels = pyplot.subplots(
        1, 1 + gradients.exists(), figsize=(7 + 6 * gradients.exists(), 4.2), squeeze=False
    )
    axes = panels[0, 0]
    for number, (variant, seed) in enumerate(dict.fromkeys((row["variant"], row["seed"]) for row in rows)):
        mine = [row for row in rows if row["variant"] == variant and row["seed"] == seed]
        points = [(float(row[across]), float(row["psnr"])) for row in mine[1:]]
        axes.plot(
            *zip(*points, strict=True), label=variant, color=f"C{number}", linestyle=("-", "--", "-.")[number % 3]
        )
    axes.set(xlabel="training step" if across == "step" else "seconds of training", ylabel="PSNR on validation, dB")
    axes.set_title(question["question"], fontsize=11)
    axes.legend()
    if gradients.exists():
        plot_gradients(gradients, panels[0, 1])
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)
    pyplot.close(figure)


def plot_gradients(path: Path, axes: Any) -> None:
    """Draws the norm of the gradient layer by layer."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for number, label in enumerate(dict.fromkeys(row[0] for row in rows)):
        points = [(int(layer), float(norm)) for name, layer, norm in rows if name == label]
        axes.semilogy(*zip(*points, strict=True), label=label, color=f"C{number // 2}", linestyle="-:"[number % 2])
    axes.set(xlabel="layer, from the picture to the residual", ylabel="norm of the weight's gradient")
    axes.legend(fontsize=8)


def main() -> None:
    """Runs the command line."""
    names = sorted(path.stem for path in QUESTIONS.glob("*.toml") if path.stem != "base")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("question", nargs="*", help=f"of: {', '.join(names)}")
    parser.add_argument("--all", action="store_true", help="every question")
    parser.add_argument("--plot", action="store_true", help="only draw the figures")
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    options = parser.parse_args()
    if not options.plot and options.data is None:
        parser.error("give --data, or set REDNET_DATA")
    torch.set_num_threads(cpu_threads())
    chosen = names if options.all else options.question
    if not chosen or set(chosen) - set(names):
        parser.error(f"name questions, of: {', '.join(names)}; or --all")
    for name in chosen:
        if not options.plot:
            run_question(name, options.data)
        plot_question(name)


if __name__ == "__main__":
    main()
