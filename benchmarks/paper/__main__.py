"""The paper's research questions as experiments that anyone can run: trains their variants in turn, within a budget.

    python -m benchmarks.paper --data DIR                                      # every question, at a laptop's scale
    python -m benchmarks.paper skips depth --data DIR                          # two of them
    python -m benchmarks.paper --scale paper --device gpu --minutes 10 --data DIR
    python -m benchmarks.paper --scale paper --rehearse 60 --data DIR          # a minute of each: how much work is it?
    python -m benchmarks.paper --page                                          # writes docs/paper.md and its figures
    python -m benchmarks.paper shapes --questions recipes/next --data DIR      # about the next network, not the paper's

What is measured goes into `docs/paper/trainings.csv`, each training as soon as it is done. A training that is there
is not done again, also not for another question; delete its rows to do so. One that the budget has cut short goes on at
the next call from its state, in `runs/paper`. All variants see the same crops, unless their size differs.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from benchmarks.paper import page
from benchmarks.paper.questions import QUESTIONS, ROOT, SCALES, Training, question_names, trainings_of
from benchmarks.paper.records import read_table
from benchmarks.paper.training import train

from rednet.machine import cpu_threads, torch_device
from rednet.whole_files import whole_file

STATES = ROOT / "runs" / "paper"
COLUMNS = ("training", "scale", "made_for", "seed", "device", "step", "seconds", "memory_mb", "loss", "psnr", "by_task",
           "gradients")  # fmt: skip
REHEARSAL = ("training", "made_for", "device", "steps", "pixels", "seconds", "core_seconds")
Row = Mapping[str, Any]


def in_turn(names: Sequence[str], scale: str, folder: Path = QUESTIONS) -> list[Training]:
    """List the trainings of questions, those with the first seed of all questions first, each once."""
    found = [training for name in names for training in trainings_of(name, scale, folder)]
    by_name: dict[str, Training] = {}
    for training in sorted(found, key=lambda training: training.seed):
        by_name.setdefault(training.name, training)
    return list(by_name.values())


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Write a table, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    with whole_file(path) as file:
        file.write(text.getvalue().encode())


def run(trainings: Sequence[Training], data: Path, place: str, table: Path, minutes: float | None = None) -> None:
    """Train what is not in the table yet, in turn, until all is done or the minutes are over."""
    deadline = None if minutes is None else time.perf_counter() + 60 * minutes
    done = read_table(table)
    for number, training in enumerate(trainings, start=1):
        if training.name in done:
            continue
        if deadline is not None and time.perf_counter() > deadline:
            return
        state = STATES / f"{training.name}-{place}.pt"
        [rows] = deque(train(training, data, place, state, deadline), maxlen=1)
        told = f"{number} of {len(trainings)}, {training.question}: {training.variant}, seed {training.seed}: "
        if state.exists():
            print(told + f"cut short after {rows[-1]['step']} steps or more; the next call goes on", flush=True)
            return
        print(told + f"{rows[-1]['psnr']} dB after {rows[-1]['seconds']} s", flush=True)
        facts = {
            "training": training.name,
            "scale": training.scale,
            "seed": training.seed,
            "device": device_name(place),
        }
        facts["made_for"] = f"{training.question}: {training.variant}"
        done[training.name] = [{**facts, **row} for row in rows]
        write_table(table, COLUMNS, (row for group in done.values() for row in group))


def rehearse(trainings: Sequence[Training], data: Path, place: str, table: Path, seconds: float) -> None:
    """Train each network for some seconds, and note how much work its steps were; nothing else is kept."""
    done = read_table(table)
    for training in trainings:
        if training.name in done or training.seed != trainings[0].seed:
            continue
        state = STATES / f"{training.name}-rehearsal.pt"
        deque(train(training, data, place, state, time.perf_counter() + seconds), maxlen=0)
        kept = torch.load(state, weights_only=True)
        state.unlink()
        status = kept["run"]["status"]
        row = {"training": training.name, "made_for": f"{training.question}: {training.variant}"}
        row |= {"device": device_name(place), "steps": status["step"], "pixels": status["pixels"]}
        done[training.name] = [row | {key: f"{kept[key]:.2f}" for key in ("seconds", "core_seconds")}]
        print(", ".join(f"{key} {value}" for key, value in done[training.name][0].items()), flush=True)
        write_table(table, REHEARSAL, (row for group in done.values() for row in group))


def device_name(place: str) -> str:
    """Name the hardware."""
    return torch.cuda.get_device_name() if place == "cuda" else "cpu" if place == "cpu" else place


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("question", nargs="*", help="all, if none is named")
    parser.add_argument("--scale", choices=tuple(SCALES), default="laptop")
    parser.add_argument("--minutes", type=float, help="budget for all together")
    parser.add_argument("--rehearse", type=float, metavar="SECONDS", help="only time each training")
    parser.add_argument("--page", action="store_true", help="only write the page and its figures")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="folder of the questions")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    options = parser.parse_args()
    ours = options.questions == QUESTIONS
    names = [*page.ORDER] if ours else question_names(options.questions)
    results = page.RESULTS if ours else ROOT / "docs" / options.questions.name
    if set(options.question) - set(names):
        parser.error(f"the questions are: {', '.join(names)}")
    if not options.page:
        if options.data is None:
            parser.error("give --data, or set REDNET_DATA")
        torch.set_num_threads(cpu_threads())
        trainings = in_turn(options.question or names, options.scale, options.questions)
        work = (trainings, options.data, torch_device(options.device))
        if options.rehearse:
            rehearse(*work, results / "rehearsal.csv", options.rehearse)
        else:
            run(*work, results / "trainings.csv", options.minutes)
    if ours:
        page.write()


if __name__ == "__main__":
    main()
