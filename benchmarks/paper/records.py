"""The paper's published rows beside ours, and other tables of docs/paper.md that are made of evaluations.

A part of the page names a table as `<!-- table: NAME -->`.
"""

from __future__ import annotations

import csv
import itertools
import re
import statistics
from collections import defaultdict
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path

from benchmarks.paper.questions import ROOT

EVALUATION = ROOT / "benchmarks" / "results" / "evaluation"
PUBLISHED = ROOT / "docs" / "published.csv"
SECOND_HAND = "†"
Figures = dict[tuple[str, str], tuple[float, float | None]]
"""(protocol, method) -> PSNR in dB, SSIM."""

SETS = {
    "noise": [f"{name}-gray-{s}" for name in ("set12", "bsd200") for s in (10, 30, 50, 70)],
    "scaling": [f"{name}-{way}x{s}" for name in ("set5", "set14", "bsd100") for way in ("", "unshaved-")
                for s in (2, 3, 4)],
    "jpeg": [f"{name}-jpeg-{q}" for name in ("classic5", "live1") for q in (10, 20)],
    "blur": [f"{name}-blur-{kind}" for name in ("set5", "set14") for kind in ("disk7", "gaussian1.6")],
    "missing": [f"{name}-{kind}" for name in ("set5", "set14") for kind in ("scratches", "text")],
}  # fmt: skip
DAMAGED, ONCE, EIGHT, RED30 = "damaged", "universal", "universal-8-orientations", "RED30"
COLUMNS = {
    "noise": (DAMAGED, ONCE, EIGHT, RED30),
    "scaling": (DAMAGED, ONCE, EIGHT, RED30),
    "jpeg": (DAMAGED, ONCE, EIGHT, RED30),
    "blur": (DAMAGED, "inverse", "one-blur", ONCE),
    "missing": (DAMAGED, ONCE),
}
HEADS = {
    DAMAGED: "damaged",
    ONCE: "universal",
    EIGHT: "universal, 8 orientations",
    RED30: "RED30, published",
    "inverse": "regularised inverse",
    "one-blur": "a network for that blur",
}


def read_table(path: Path) -> dict[str, list[dict[str, str]]]:
    """Read rows by the names of their trainings."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: list(group) for name, group in itertools.groupby(rows, key=itemgetter("training"))}


def records(text: str) -> str:
    """Return a part of the page with its tables filled in."""
    known = measured() | published()
    return re.sub(r"<!-- table: (\w+) -->", lambda match: table(match[1], known), text)


def measured() -> Figures:
    """Return mean PSNR and SSIM of each network and classical method over whole pictures, and of the damaged ones."""
    values: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(EVALUATION.glob("*.csv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                baseline = row["method"].startswith("baseline:")
                method = row["method"].removeprefix("baseline:") if baseline else path.stem
                values[row["protocol"], method].append((float(row["restored_psnr"]), float(row["restored_ssim"])))
                if path.stem == ONCE:
                    values[row["protocol"], DAMAGED].append((float(row["damaged_psnr"]), float(row["damaged_ssim"])))
    return {key: (means[0], means[1]) for key, means in ((key, mean(pairs)) for key, pairs in values.items())}


def mean(pairs: Sequence[tuple[float, float]]) -> list[float]:
    """Return the mean of each column."""
    return [statistics.fmean(column) for column in zip(*pairs, strict=True)]


def published() -> Figures:
    """Return the published figures of RED30."""
    return {
        (row["protocol"], RED30): (float(row["psnr"]), float(row["ssim"]) if row["ssim"] else None)
        for row in published_rows()
    }


def published_rows() -> list[dict[str, str]]:
    """Read the published figures of RED30 with their sources."""
    with PUBLISHED.open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["method"] == RED30]


def table(name: str, known: Figures) -> str:
    """Return one Markdown table: a row for each protocol, PSNR and SSIM of each method."""
    second = {row["protocol"] for row in published_rows() if "second-hand" in row["source"]}
    columns = COLUMNS[name]
    lines = ["| protocol | " + " | ".join(HEADS[column] for column in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for protocol in SETS[name]:
        cells = []
        for column in columns:
            psnr, ssim = known.get((protocol, column), (None, None))
            mark = SECOND_HAND if column == RED30 and protocol in second else ""
            similar = "" if ssim is None else f" / {ssim:.4f}"
            cells.append("" if psnr is None else f"{psnr:.2f}{similar}{mark}")
        lines.append(f"| {protocol} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
