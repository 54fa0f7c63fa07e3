"""How well does the first look judge, and what does `restore` make of a picture of unknown damage?

python benchmarks/looks.py measure --data DIR --out benchmarks/results/looks.csv
python benchmarks/looks.py measure --data DIR --out benchmarks/results/looks-2.csv --seed 2
python benchmarks/looks.py table BEFORE.csv AFTER.csv
python benchmarks/looks.py sheet docs/images/looks.jpg --data DIR
python benchmarks/looks.py cost --data DIR

Gains are in dB of PSNR over the damaged picture, in 8 bits as files are. An error below that of rounding counts as that
of rounding, so that a clean picture that has been touched has lost by as much as it was touched.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import tempfile
import textwrap
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from looks_pictures import SEED, SIDE, Case, Made, Set, bench
from PIL import Image, ImageDraw, ImageFont

from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import Picture, from_array, write_picture
from rednet.restoring.inspection import inspect
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Told

GROUPS = {
    "photographs": {"photograph"},
    "drawings, pages, screens": {"drawing", "page", "screen"},
    "halftones": {"halftone"},
    "pictures of two tones": {"1-bit"},
    "pictures of few colours": {"pixel art", "palette"},
}
ROUNDING = 1 / 12 / 255**2  # squared error of rounding to 8 bits
FEW = {"1-bit": 2, "palette": 32}  # at most so many colours has an undamaged picture that is called so
COLUMNS = (
    "number",
    "kind",
    "colours",
    "damage",
    "level",
    "psnr",
    "gain",
    "changed",
    "shows",
    "sigma",
    "quality",
    "words",
)


def shown(made: Made) -> Picture:
    """Return a damaged picture as it is read: of 8 bits, or, if it is dark, of 16."""
    depth = np.uint8 if made.white == 1 else np.uint16
    return from_array(np.rint(made.y * np.iinfo(depth).max).astype(depth))


def decibels(made: Made, y: np.ndarray) -> float:
    """Return the PSNR of a picture; white is that of the dark picture."""
    white = np.float32(made.white)
    error = float(np.mean(((y - made.x) / white) ** 2))
    return -10 * math.log10(max(error, ROUNDING))


def measure(pictures: Set, restorer: Restorer, cases: Iterator[Case]) -> Iterator[dict[str, Any]]:
    """Yield one row a picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for case in cases:
            made = case.made()
            if made.saved is not None:
                path.write_bytes(made.saved)
            y = shown(made)
            restoration = restorer.compute(Automatic(), y, path=None if made.saved is None else path)
            x_hat = restoration.apply().pixels.clip(0, 1)
            x_hat = np.rint(x_hat * 255) / np.float32(255) if made.white == 1 else x_hat
            before, after, found = decibels(made, made.y), decibels(made, x_hat), restoration.found
            yield {
                "number": case.number, "kind": case.kind, "colours": colours(case, made), "damage": case.damage,
                "level": level(made),
                "psnr": f"{before:.2f}", "gain": f"{after - before:.2f}",
                "changed": round(255 * float(np.abs(x_hat - made.y).max()) / made.white), "shows": found.kind,
                "sigma": f"{found.sigma / made.white:.1f}", "quality": found.quality, "words": found.words,
            }  # fmt: skip


def colours(case: Case, made: Made) -> int | None:
    """Return how many colours an undamaged picture has."""
    levels = np.rint(made.y * 255).reshape(-1, made.y.shape[2])
    return len(np.unique(levels, axis=0)) if case.damage == "clean" else None


def level(made: Made) -> str:
    """Return the truth in a few letters: s12.3 q70."""
    sigma = "s?" if made.sigma is None else f"s{made.sigma / made.white:.1f}" if made.sigma else ""
    return " ".join(part for part in (sigma, "" if made.quality is None else f"q{made.quality}") if part)


def level_in_words(made: Made) -> str:
    """Return the truth as a person reads it: sigma 12.3, quality 70."""
    sigma = f", sigma {made.sigma / made.white:.0f}" if made.sigma else ""
    return sigma + ("" if made.quality is None else f", quality {made.quality}")


def table(*files: Path) -> str:
    """Return a Markdown table: kinds of picture and damage, and for each file the mean gain and the least."""
    columns = []
    for path in files:
        gains: dict[tuple[str, str], list[float]] = defaultdict(list)
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for group in ((row["kind"], row["damage"]), ("all", row["damage"]), ("all", "all")):
                    gains[group].append(float(row["gain"]))
        columns.append(gains)
    lines = ["| picture | damage | n | " + " | ".join(f"{p.stem}: mean | least" for p in files) + " |"]
    lines.append("|---" * (3 + 2 * len(files)) + "|")
    for group in columns[0]:
        cells = " | ".join(f"{np.mean(gains[group]):.2f} | {min(gains[group]):.2f}" for gains in columns)
        lines.append(f"| {group[0]} | {group[1]} | {len(columns[0][group])} | {cells} |")
    return "\n".join(lines)


def judged(path: Path) -> str:
    """Return how often the look was right about what was not too hard to see: kind, noise, and quality of a JPEG."""
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = []
    for group, kinds in GROUPS.items():
        shows = [recognised(row, kinds) for row in rows if row["kind"] in kinds]
        lines.append(f"{group}: {np.mean(shows):.1%} of {len(shows)} are recognised")
    noisy = [row for row in rows if row["damage"] in ("white", "grain", "dark noise")]
    off = [abs(float(row["sigma"]) / float(row["level"].split()[0][1:]) - 1) for row in noisy]
    lines.append(f"sigma: {np.mean(np.array(off) <= 0.2):.1%} of {len(off)} within 20 %, median {np.median(off):.1%}")
    for damage in ("jpeg", "cropped jpeg"):
        saved = [row for row in rows if row["damage"] == damage]
        near = [row["quality"] and abs(int(row["quality"]) - int(row["level"].split("q")[1])) <= 5 for row in saved]
        lines.append(f"quality, {damage}: {sum(map(bool, near))} of {len(near)} within 5")
    return "\n".join(lines)


def recognised(row: dict[str, str], kinds: set[str]) -> bool:
    """Return whether what the look says is true: an undamaged picture of few colours is that, whatever it shows."""
    few = row.get("colours") and int(row["colours"]) <= FEW.get(row["shows"], 1)
    return row["shows"] in kinds or bool(few)


def cost(pictures: Set, restorer: Restorer, rounds: int = 3) -> str:
    """Return what a look at a megapixel and what a folder of clean pictures take, against restoring the same."""
    cases = [case for case in pictures.cases() if (case.kind, case.damage) == ("photograph", "white")][:28]
    noisy = [np.broadcast_to(made.y, (SIDE, SIDE, 3)) for made in (case.made() for case in cases)]
    y = from_array(np.concatenate([np.concatenate(noisy[row : row + 7], axis=1) for row in (0, 7, 14, 21)]))
    looks, ratios = [], []
    for _ in range(rounds):
        start = time.perf_counter()
        inspect(y.pixels)
        looked = time.perf_counter()
        restorer.compute(Told({"sigma": None}), y)
        looks.append(looked - start)
        ratios.append(looks[-1] / (time.perf_counter() - looked))
    size, milliseconds = y.pixels.size / 3e6, 1000 * np.median(looks)
    words = f"look at {size:.2f} megapixels: {milliseconds:.0f} ms, {np.median(ratios):.1%} of restoring"

    clean = [case for case in pictures.cases() if case.damage == "clean"]
    left = [x for x in (case.made().x for case in clean[::3]) if inspect(x).left][:50]
    seconds = {True: 0.0, False: 0.0}
    with tempfile.TemporaryDirectory() as folder:
        for number, x in enumerate(left):
            path = Path(folder) / f"{number}.png"
            write_picture(path, from_array(np.rint(x * 255).astype(np.uint8)))
            for always in seconds:
                start = time.perf_counter()
                task = FileTask(path, path.with_name(f"{number}-{always}.png"), Automatic(always=always), Handling())
                task.load()
                task.restore(restorer)
                task.save()
                seconds[always] += time.perf_counter() - start
                task.close()
    return f"{words}; a folder of {len(left)} clean pictures: {seconds[False] / seconds[True]:.1%} of restoring it"


def sheet(pictures: Set, restorer: Restorer, count: int = 20, columns: int = 4) -> Image.Image:
    """Draw some of the pictures before and after, with the truth (black) and what was said (blue)."""
    cases = list(pictures.cases())
    chosen = cases[:: len(cases) // count][:count]
    wide, high = 2 * SIDE + 12, SIDE + 44
    page = Image.new("RGB", (columns * wide, -(-count // columns) * high), "white")
    pen = ImageDraw.Draw(page)
    pen.font = ImageFont.load_default(12)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jpg"
        for number, case in enumerate(chosen):
            made = case.made()
            if made.saved is not None:
                path.write_bytes(made.saved)
            y = shown(made)
            restoration = restorer.compute(Automatic(), y, path=None if made.saved is None else path)
            left, top = number % columns * wide, number // columns * high
            for place, pixels in enumerate((y.pixels, restoration.apply().pixels)):
                levels = np.rint((pixels / made.white).clip(0, 1) * 255).astype(np.uint8)
                rgb = np.repeat(levels, 3, axis=2) if levels.shape[2] == 1 else levels
                page.paste(Image.fromarray(rgb), (left + place * (SIDE + 2), top + 40))
            gain = decibels(made, restoration.apply().pixels.clip(0, 1)) - decibels(made, made.y)
            change = "unchanged" if restoration.found.left else f"{gain:+.1f} dB"
            pen.text((left, top), f"{case.kind}: {case.damage}{level_in_words(made)}; {change}", fill="black")
            words = textwrap.wrap(restoration.found.words, 64)[:2]
            pen.text((left, top + 12), "\n".join(words), fill="blue", spacing=0)
    return page


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("measure", "table", "sheet", "cost"))
    parser.add_argument("files", type=Path, nargs="*")
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--model", default=Automatic.model)
    parser.add_argument("--every", type=int, default=1, help="Take one of so many pictures.")
    parser.add_argument("--seed", type=int, default=SEED, help="Of the pictures: another bench of the same recipe.")
    options = parser.parse_args()
    if options.what == "table":
        print(table(*options.files))
        return
    start = time.perf_counter()
    pictures = bench(options.data, options.seed)
    if options.what == "cost":
        print(cost(pictures, Restorer.from_pretrained(options.model)))
        return
    if options.what == "sheet":
        sheet(pictures, Restorer.from_pretrained(options.model)).save(*options.files, quality=80)
        return
    chosen = sorted(list(pictures.cases())[:: options.every], key=pictures.photograph)  # each photograph is read once
    measured = measure(pictures, Restorer.from_pretrained(options.model), iter(chosen))
    rows = sorted(measured, key=lambda row: row["number"])
    with options.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(table(options.out), judged(options.out), sep="\n\n")
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
