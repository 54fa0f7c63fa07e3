"""What do bands and tiles cost over the network alone?

    python benchmarks/bands.py              # measures: results/bands.csv

Each round runs a square as a whole, which is the network's own speed, and a large picture in bands and in tiles. The
results are medians of the ratios within a round, for a megapixel, of wall time and of processor time, which depends
less on other programs. At the end, `rednet restore` restores a 12-megapixel JPEG, and we measure the fraction of the
time that the network takes.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from large_pictures import make_picture
from processor import processor

from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.images import read_picture
from rednet.images.saving import Saving
from rednet.machine import return_memory_at_once
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic
from rednet.tiling.scan import Scan

RESULTS = Path(__file__).parent / "results" / "bands.csv"
FIELDS = ("date", "processor", "threads", "what", "seconds_a_mpx", "cpu_seconds_a_mpx", "ratio", "cpu_ratio")
WIDTH, HEIGHT = 4000, 2000
SQUARE = 512
FACTS = {"sigma": None}

Times = tuple[float, float]
"""Seconds, and seconds of processor time."""


def timed(function: Callable[[], Any]) -> Times:
    """Measure one call."""
    start, cpu = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - start, time.process_time() - cpu


def measure(rounds: int) -> list[tuple[str, list[str]]]:
    """Run the network over a picture in several ways, in turns."""
    restorer = Restorer.from_pretrained("universal")
    rng = np.random.default_rng(0)
    y, square = (rng.random((*size, 3), np.float32) for size in ((HEIGHT, WIDTH), (SQUARE, SQUARE)))
    engine = restorer.engine
    at_once, tiles = Restorer(engine, tile=WIDTH), Restorer(engine, bands=False)
    ways: dict[str, tuple[Callable[[], Any], float]] = {
        f"{SQUARE}x{SQUARE} at once": (lambda: at_once.residual(square, FACTS), square.size / 3e6),
        f"{WIDTH}x{HEIGHT} in bands": (lambda: restorer.residual(y, FACTS), y.size / 3e6),
        f"{WIDTH}x{HEIGHT} in tiles": (lambda: tiles.residual(y, FACTS), y.size / 3e6),
    }
    times: dict[str, list[Times]] = {name: [] for name in ways}
    for number in range(rounds + 1):  # the first round warms up
        for name, (run, megapixels) in ways.items():
            seconds, cpu = timed(run)
            if number:
                times[name].append((seconds / megapixels, cpu / megapixels))
        print(f"round {number} of {rounds}", flush=True)
    first = next(iter(times.values()))
    rows = []
    for name, spent in times.items():
        medians = [statistics.median(column) for column in zip(*spent, strict=True)]
        ratios = [
            statistics.median(one[kind] / other[kind] for one, other in zip(spent, first, strict=True))
            for kind in (0, 1)
        ]
        rows.append((name, [*(f"{value:.2f}" for value in medians), *(f"{value:.3f}" for value in ratios)]))
    return rows


def network_share() -> tuple[str, list[str]]:
    """Restore a JPEG like the command line, and return the fraction of the time that the network takes."""
    spent = [0.0, 0.0]
    feed = Scan.feed

    def counted(*arguments: Any, **options: Any) -> Any:
        result: list[Any] = []
        for kind, value in enumerate(timed(lambda: result.append(feed(*arguments, **options)))):
            spent[kind] += value
        return result[0]

    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "in.jpg"
        make_picture(source, 4000, 3000)
        Scan.feed = counted  # type: ignore[method-assign]

        def restore() -> None:
            task = FileTask(source, source.with_name("out.jpg"), Automatic(), Handling(saving=Saving()))
            task.load()
            task.restore(Restorer.from_pretrained("universal"))
            task.save()
            task.close()

        whole = timed(restore)
        Scan.feed = feed  # type: ignore[method-assign]
        assert read_picture(source.with_name("out.jpg")).size == "4000x3000"
    values = [f"{value / 12:.2f}" for value in whole]
    return "12-megapixel JPEG to JPEG; ratios: the network's share", [
        *values,
        *(f"{part / total:.3f}" for part, total in zip(spent, whole, strict=True)),
    ]


def main() -> None:
    """Measure, print, and add to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    return_memory_at_once()
    rows = [*measure(options.rounds), network_share()]
    head = [datetime.date.today().isoformat(), processor(), str(len(os.sched_getaffinity(0)))]
    new = not RESULTS.exists()
    with RESULTS.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(FIELDS)
        for name, values in rows:
            writer.writerow([*head, name, *values])
            print(name, *values)


if __name__ == "__main__":
    main()
