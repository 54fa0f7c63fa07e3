"""Writes docs/paper.md and its figures from what was measured; no number in its tables is typed by hand.

An answer (in the question's file) names figures in braces: a variant's last PSNR, one of its tasks ("V, sigma 10"), an
earlier step ("V after 200"), or a difference or time that the question defines. A training that was not done "waits".
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.paper import figures
from benchmarks.paper.questions import ROOT, SCALES, Training, load_question, question_names, trainings_of
from benchmarks.paper.records import read_table, records

RESULTS = ROOT / "docs" / "paper"
PAGE = ROOT / "docs" / "paper.md"
WAITS = "waits"
Rows = Sequence[Mapping[str, str]]
Runs = Mapping[str, Rows]
PLACES = {"laptop": "At a laptop's scale", "paper": "At the paper's scale"}
# In the order in which the paper asks them, and then what we ask beside.
ORDER = ("depth", "skips", "start", "residual", "stride", "levels", "details", "width", "recipe", "rivals")


def page(runs: Runs, rehearsal: Runs) -> str:
    """Return the whole page."""
    assert sorted(ORDER) == question_names()
    asked = [section(name, runs) for name in ORDER]
    before, after = ((Path(__file__).parent / f"{name}.md").read_text("utf-8") for name in ("before", "after"))
    return "\n\n".join([before.strip(), *asked, records(after).strip(), waiting(runs, rehearsal)]) + "\n"


def section(name: str, runs: Runs) -> str:
    """Return the section of one question: what the paper says, the figures, the tables, the answer."""
    question = load_question(name)
    parts = [f"## {question['question']}", f"The paper: {question['paper']}."]
    for scale, place in PLACES.items():
        trainings = trainings_of(name, scale)
        if not any(training.name in runs for training in trainings):
            parts.append(f"{place}: {WAITS}, {len({t.name for t in trainings})} trainings.")
            continue
        figure = figure_name(name, scale)
        parts += [f"![{place}: {question['question']}](paper/{figure})", f"{place}, PSNR on validation in dB:"]
        parts.append(table(load_question(name, scale), trainings, runs))
    return "\n\n".join([*parts, fill_in(question, numbers_of(name, question, runs))])


def table(question: Mapping[str, Any], trainings: Sequence[Training], runs: Runs) -> str:
    """Return one Markdown table: a row for each variant, the range over its seeds behind the mean."""
    tasks = [task["name"] for task in trainings[0].tables["validation"]]
    timed = question.get("time", False)
    heads = ["variant", "seeds", "steps", *(tasks if len(tasks) > 1 else []), "mean" if len(tasks) > 1 else "PSNR"]
    heads += ["minutes", "memory, MB"] if timed else []
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for variant in dict.fromkeys(training.variant for training in trainings):
        done = [runs[t.name] for t in trainings if t.variant == variant and t.name in runs]
        if not done:
            lines.append(f"| {variant} | " + " | ".join([WAITS] * (len(heads) - 1)) + " |")
            continue
        ends = [rows[-1] for rows in done]
        columns = list(zip(*([float(v) for v in end["by_task"].split()] for end in ends), strict=True))
        cells = [str(len(done)), ends[0]["step"], *(map(spread, columns) if len(tasks) > 1 else [])]
        cells.append(spread([float(end["psnr"]) for end in ends]))
        if timed:
            minutes = statistics.fmean(float(end["seconds"]) for end in ends) / 60
            cells += [f"{minutes:.1f}", ends[0]["memory_mb"] or "-"]
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(values: Sequence[float]) -> str:
    """Write a mean, with the least and the greatest value if there are several."""
    low, high = min(values), max(values)
    return f"{statistics.fmean(values):.2f}" + (f" ({low:.2f} to {high:.2f})" if len(values) > 1 else "")


def numbers_of(name: str, question: Mapping[str, Any], runs: Runs) -> dict[str, str]:
    """Compute the figures that the answer may name, at a laptop's scale."""
    found: dict[str, list[float]] = {}
    first: dict[str, Rows] = {}
    for training in trainings_of(name):
        if training.name not in runs:
            continue
        rows, variant = runs[training.name], training.variant
        first.setdefault(variant, rows)
        tasks = [task["name"] for task in training.tables["validation"]]
        for task, value in zip(tasks, rows[-1]["by_task"].split(), strict=True):
            found.setdefault(f"{variant}, {task}", []).append(float(value))
        for row in rows:
            found.setdefault(f"{variant} after {row['step']}", []).append(float(row["psnr"]))
        found.setdefault(variant, []).append(float(rows[-1]["psnr"]))
    numbers = {key: spread(values) for key, values in found.items()}
    for key, (a, b) in question.get("differences", {}).items():
        numbers[key] = f"{statistics.fmean(found[a]) - statistics.fmean(found[b]):.2f}"
    for key, (variant, goal) in question.get("times", {}).items():
        numbers[key] = f"{minutes_to(first[variant], found[goal][0]):.1f}"
    return numbers


def minutes_to(rows: Rows, goal: float) -> float:
    """Return when a training first has a PSNR, by a straight line between measurements."""
    points = [(float(row["seconds"]) / 60, float(row["psnr"])) for row in rows]
    for (before, low), (after, high) in itertools.pairwise(points):
        if low < goal <= high:
            return before + (after - before) * (goal - low) / (high - low)
    raise ValueError(f"the training never reaches {goal} dB")


def fill_in(question: Mapping[str, Any], numbers: Mapping[str, str]) -> str:
    """Return the answer with its figures."""
    answer: str = re.sub(r"\{([^}]+)\}", lambda match: numbers[match[1]], question["answer"])
    return answer.strip()


def waiting(runs: Runs, rehearsal: Runs) -> str:
    """Return the section of what was not measured, and how long each takes by a rehearsal on a CPU."""
    lines = [
        "## What waits",
        "These trainings are prepared, and none of them has been done yet: they wait for time, those at the paper's\n"
        "scale for a graphics processor. The commands train them in this order, first seeds first, go on where they\n"
        "were stopped, and write this page anew:",
        "```\npython -m benchmarks.paper --data DIR\n"
        "python -m benchmarks.paper --scale paper --device gpu --minutes 10 --data DIR\n```",
        "Where core-hours are given, a CPU has rehearsed the training (`--rehearse`, two cores of an AMD EPYC, Zen 4,\n"
        "beside other work): the time that its cores were busy with the steps, for all of them.",
        "| scale | training | seeds | steps | px a core-second | core-hours each |\n|---|---|---|---|---|---|",
    ]
    groups: dict[str, list[Training]] = {}
    for scale in SCALES:
        for training in (t for name in ORDER for t in trainings_of(name, scale)):
            same = groups.setdefault(f"{scale} {training.question} {training.variant}", [])
            known = {t.name for group in groups.values() for t in group}
            if training.name not in runs and training.name not in known:
                same.append(training)
    for group in filter(None, groups.values()):
        one = group[0]
        timed = next((rehearsal[t.name][0] for t in group if t.name in rehearsal), None)
        speed = work(timed, one.plan.get("steps")) if timed else ["", ""]
        long = str(one.plan["steps"]) if "steps" in one.plan else f"{one.plan['minutes']} min"
        cells = [one.scale, f"{one.question}: {one.variant}", ", ".join(str(t.seed) for t in group), long, *speed]
        lines[-1] += "\n| " + " | ".join(cells) + " |"
    return "\n\n".join(lines)


def work(timed: Mapping[str, str], steps: int | None) -> list[str]:
    """Return pixels per core-second, and the core-hours of that many steps."""
    used = float(timed["core_seconds"])
    hours = f"{steps * used / int(timed['steps']) / 3600:.1f}" if steps else ""
    return [f"{int(timed['pixels']) / used:.0f}", hours]


def figure_name(name: str, scale: str) -> str:
    """Name the file of a figure."""
    return f"{name}.png" if scale == "laptop" else f"{name}-{scale}.png"


def write() -> None:
    """Write the page and all figures for which something was measured."""
    runs, rehearsal = (read_table(RESULTS / f"{name}.csv") for name in ("trainings", "rehearsal"))
    for scale in SCALES:
        for name in ORDER:
            trainings = trainings_of(name, scale)
            if any(training.name in runs for training in trainings):
                figures.draw(RESULTS / figure_name(name, scale), load_question(name, scale), trainings, runs)
    PAGE.write_text(page(runs, rehearsal), "utf-8")
