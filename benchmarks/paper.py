"""The paper's research questions as experiments that anyone can run: trains the variants of a question and plots them.

    python benchmarks/paper.py skips --data DIR            # writes docs/paper/skips.csv and skips.png
    python benchmarks/paper.py --all --data DIR
    python benchmarks/paper.py skips --plot                # draws the committed figures again
    python benchmarks/paper.py shapes --next --data DIR    # questions about the next network: recipes/next, docs/next

Each training is kept when it is done, and not done again, also not for another question; delete its file to do so.

A question is a file in `recipes/paper/questions/`; `base.toml` holds what all share. All variants see the
same crops, unless their size differs.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import os
import sys
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rednet.machine import cpu_threads, torch_device
from rednet.network.model import REDNet
from rednet.training.loop import Run, validate
from rednet.training.patches import Patches, list_pictures, load_pictures, stream, validation_crops
from rednet.training.recipe import Recipe, lay_over, load_tables, recipe_from
from rednet.training.start import starting_network

ROOT = Path(__file__).parent.parent
QUESTIONS = ROOT / "recipes" / "paper" / "questions"
RESULTS = ROOT / "docs" / "paper"
MEASUREMENTS = 20  # along each run
TABLES = ("model", "data", "schedule")
COLUMNS = ("variant", "seed", "recipe", "step", "seconds", "loss", "psnr", "by_task", "gradients")


class Direct(REDNet):
    """The network that gives the picture itself instead of the residual."""

    def forward(self, y: Tensor, mask: Tensor | None = None, hints: Tensor | None = None) -> Tensor:
        return super().forward(y, mask, hints) - y


def load_question(name: str) -> dict[str, Any]:
    """Reads a question."""
    return tomllib.loads((QUESTIONS / f"{name}.toml").read_text("utf-8"))


def tables_of(question: Mapping[str, Any], variant: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Lay the question's settings over the base, and the variant's over both: the tables of a recipe."""
    tables = load_tables(QUESTIONS / "base.toml")
    for layer in (question, variant):
        tables = lay_over(tables, {table: layer[table] for table in TABLES if table in layer})
    tables["schedule"]["seed"] = seed
    if "paper" not in question:  # then the base says what is learned
        return tables
    damage = question.get("degradation")
    sigmas = variant.get("sigma", [30])
    kinds = [damage] if damage else [{"kind": "gaussian_noise", "sigma": sigma} for sigma in sigmas]
    tables["mixture"]["share"] = [{"name": str(n), "degradation": kind} for n, kind in enumerate(kinds)]
    judged = question.get("validation", [30])
    exams = [damage] if damage else [{"kind": "gaussian_noise", "sigma": sigma} for sigma in judged]
    names = ["picture"] if damage else [f"sigma {sigma}" for sigma in judged]
    tables["validation"] = [{"name": n, "degradation": kind} for n, kind in zip(names, exams, strict=True)]
    return tables


def network_of(recipe: Recipe, mapping: str) -> REDNet:
    """Gives a fresh network that learns the residual or the picture."""
    network = starting_network(recipe)
    if mapping == "residual":
        return network
    direct = Direct(recipe.model)
    direct.load_state_dict(network.state_dict())
    return direct


def train(plan: Mapping[str, Any], recipe: Recipe, data: Path, place: str = "cpu") -> Iterator[dict[str, Any]]:
    """Trains one network for its steps or minutes on torch's device `place`, and yields what is measured along the way.

    The second row has the norms of the first step's gradients, the last row those of the last.
    """
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), recipe.model.channels)
    judges = load_pictures(list_pictures(data, [recipe.data.validation]), recipe.model.channels)
    crops = validation_crops(judges, recipe.validation, recipe.model, plan.get("crop", 96))
    exams = [crop.to(place) for crop in crops]
    batches = stream(Patches(pictures, recipe.mixture, recipe.model, recipe.data, recipe.schedule.seed), 0, place)
    run = Run(recipe, network_of(recipe, plan["mapping"]), place)
    steps, limit_s = plan.get("steps"), 60 * plan.get("minutes", 0)
    seconds, measured, losses = 0.0, 0, []
    first_gradients = ""
    for step in itertools.count():
        progress = step / steps if steps else seconds / limit_s
        if progress * MEASUREMENTS >= measured:
            measured += 1
            scores = validate(run.averaged, exams, recipe)
            row = {"step": step, "seconds": round(seconds, 2), "by_task": words(scores.values(), ".3f")}
            row["loss"] = f"{sum(losses) / len(losses):.6f}" if losses else ""
            row["psnr"] = f"{sum(scores.values()) / len(scores):.3f}"
            row["gradients"] = first_gradients if measured == 2 else gradients_of(run.model) if progress >= 1 else ""
            yield row
            losses = []
        if progress >= 1:
            break
        crop = next(batches)
        start = time.perf_counter()
        run.status.progress = progress
        losses.append(run.step(crop))
        seconds += time.perf_counter() - start
        first_gradients = first_gradients or gradients_of(run.model)


def gradients_of(network: REDNet) -> str:
    """Gives the norm of the gradient of each layer's weight, from the picture to the residual."""
    return words((float(layer.weight.grad.norm()) for layer in [*network.encoder, *network.decoder]), ".3e")


def words(numbers: Iterable[float], form: str) -> str:
    """Writes numbers with spaces between, for one cell of a table."""
    return " ".join(f"{number:{form}}" for number in numbers)


def plan_of(question: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """Gives how long a variant is trained and what it learns to give; the variant's own word holds."""
    both = {"mapping": "residual", **question, **variant}
    return {key: both.get(key) for key in ("mapping", "steps", "minutes", "crop") if key in both}


def fingerprint(plan: Mapping[str, Any], tables: Mapping[str, Any]) -> str:
    """Name a training by all that shapes it."""
    whole = json.dumps([tables, plan], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:12]


def finished() -> dict[str, list[dict[str, Any]]]:
    """Reads what was measured to its end, by the names of the trainings."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            for (_, _, name), rows in itertools.groupby(csv.DictReader(file), key=itemgetter(*COLUMNS[:3])):
                runs[name] = list(rows)
    return {name: rows for name, rows in runs.items() if rows[-1]["gradients"]}


def run_question(name: str, data: Path, place: str = "cpu") -> None:
    """Trains all variants of a question and keeps what was measured, each as soon as it is done."""
    question = load_question(name)
    RESULTS.mkdir(parents=True, exist_ok=True)
    done = finished()
    variants = list(itertools.product(question["seeds"], question["variant"]))
    rows: list[dict[str, Any]] = []
    missing: list[tuple[int, Mapping[str, Any]]] = []
    for seed, variant in variants:
        known = done.get(fingerprint(plan_of(question, variant), tables_of(question, variant, seed)))
        if known is None:
            missing.append((seed, variant))
        else:
            rows += [{**row, "variant": variant["name"], "seed": seed} for row in known]
    keep(RESULTS / f"{name}.csv", rows)
    order = {(str(seed), variant["name"]): number for number, (seed, variant) in enumerate(variants)}
    for seed, variant in missing:
        tables, plan = tables_of(question, variant, seed), plan_of(question, variant)
        here = {"variant": variant["name"], "seed": seed, "recipe": fingerprint(plan, tables)}
        rows += [{**row, **here} for row in train(plan, recipe_from(tables), data, place)]
        print(
            f"{name}: {variant['name']}, seed {seed}: {rows[-1]['psnr']} dB after {rows[-1]['seconds']} s", flush=True
        )
        keep(RESULTS / f"{name}.csv", sorted(rows, key=lambda row: order[str(row["seed"]), row["variant"]]))


def keep(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes a table, whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    part.replace(path)


def plot_question(name: str) -> None:
    """Draws PSNR over steps (or time, where all had equal time), and the gradients if the question asks for them."""
    from matplotlib import pyplot

    pyplot.rcParams.update({"font.size": 11, "figure.facecolor": "white", "axes.grid": True, "grid.alpha": 0.3})
    question = load_question(name)
    with (RESULTS / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    runs = [list(run) for _, run in itertools.groupby(rows, key=lambda row: (row["variant"], row["seed"]))]
    panels = 2 if question.get("gradients") else 1
    figure, axes = pyplot.subplots(1, panels, figsize=(1 + 6 * panels, 4.2), squeeze=False)
    plot_psnr(axes[0, 0], question, runs)
    if panels == 2:
        plot_gradients(axes[0, 1], runs)
    figure.tight_layout()
    figure.savefig(RESULTS / f"{name}.png", dpi=110)
    pyplot.close(figure)


def plot_psnr(axes: Any, question: Mapping[str, Any], runs: list[list[dict[str, str]]]) -> None:
    """Draws how PSNR on the validation crops rises, a colour for each variant and a line for each seed."""
    across = "seconds" if "minutes" in question["variant"][0] else "step"
    names = [variant["name"] for variant in question["variant"]]
    for number, run in enumerate(runs):
        colour = names.index(run[0]["variant"])
        points = [(float(row[across]), float(row["psnr"])) for row in run[1:]]
        label = run[0]["variant"] if number < len(names) else None
        axes.plot(*zip(*points, strict=True), label=label, color=f"C{colour}", linestyle=("-", "--", "-.")[colour % 3])
    axes.set(xlabel="training step" if across == "step" else "seconds of training", ylabel="PSNR on validation, dB")
    axes.set_title(question["question"], fontsize=11)
    axes.legend()


def plot_gradients(axes: Any, runs: list[list[dict[str, str]]]) -> None:
    """Draws the norm of the gradient layer by layer, at the first step and at the last."""
    for colour, run in enumerate(runs):
        first, last = ([float(norm) for norm in row["gradients"].split()] for row in run if row["gradients"])
        layers = range(1, len(first) + 1)
        axes.semilogy(layers, first, color=f"C{colour}", linestyle=":", label=f"{run[0]['variant']}, first step")
        axes.semilogy(layers, last, color=f"C{colour}", label=f"{run[0]['variant']}, last")
    axes.set(xlabel="layer, from the picture to the residual", ylabel="norm of the weight's gradient")
    axes.legend(fontsize=8)


def main() -> None:
    """Runs the command line."""
    global QUESTIONS, RESULTS
    if "--next" in sys.argv:
        QUESTIONS, RESULTS = ROOT / "recipes" / "next", ROOT / "docs" / "next"
    names = sorted(path.stem for path in QUESTIONS.glob("*.toml") if path.stem != "base")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("question", nargs="*", help=f"of: {', '.join(names)}")
    parser.add_argument("--all", action="store_true", help="every question")
    parser.add_argument("--next", action="store_true", help="questions about the next network, not the paper's")
    parser.add_argument("--plot", action="store_true", help="only draw the figures")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
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
            run_question(name, options.data, torch_device(options.device))
        plot_question(name)


if __name__ == "__main__":
    main()
