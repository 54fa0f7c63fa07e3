"""Measures what a cluster costs beside a plain batch, with pictures of half a megapixel, in alternation.

ray start --head --num-cpus 2                                  # one machine; for a second: ray start --address=...
python benchmarks/scaling.py --out benchmarks/results/scaling.csv

Adds a row for each run: the machines of the cluster, the threads of a slot or of the batch, the pictures per second
from the first report to the last, so without the start of the processes, and the seconds in all. The last column is
the load of the machine before the run. Prints the median ratio.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from rednet.cluster.ray_cluster import Work, connected, restore_on_cluster, slot_needs
from rednet.cluster.records import Records
from rednet.cluster.remote import list_jobs
from rednet.cluster.storage import Storage
from rednet.files.file import Report
from rednet.files.handling import Handling
from rednet.files.ledger import Ledger
from rednet.files.listing import list_entries
from rednet.files.many import Batch, restore_files
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Denoise

OnReport = Callable[[Report], None]
COLUMNS = ("run", "machines", "threads", "model", "pictures", "pictures_per_s", "seconds_in_all", "load")
WIDTH, HEIGHT = 816, 612  # px, half a megapixel


def main() -> None:
    """Measure, write the rows, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="universal")
    parser.add_argument("--cluster", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    with connected(asked.cluster) as ray:
        machines = sum(node["Alive"] for node in ray.nodes())
    rows = []
    with tempfile.TemporaryDirectory() as place:
        inputs = make_pictures(Path(place) / "in", asked.pictures)
        for round in range(asked.rounds):
            for kind, run in (("batch", in_a_batch), ("cluster", on_the_cluster)):
                load, out = os.getloadavg()[0], Path(place) / f"{kind}-{round}"
                rate, seconds = timed(partial(run, inputs, out, asked))
                what = [kind, machines if kind == "cluster" else 1, asked.threads, asked.model, asked.pictures]
                rows.append([*what, f"{rate:.3f}", f"{seconds:.1f}", f"{load:.1f}"])
                print(*rows[-1], flush=True)
    fresh = not asked.out.exists()
    with asked.out.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if fresh:
            writer.writerow(COLUMNS)
        writer.writerows(rows)
    rates = {kind: [float(row[5]) for row in rows if row[0] == kind] for kind in ("batch", "cluster")}
    pairs = zip(rates["batch"], rates["cluster"], strict=True)
    ratio = statistics.median(batch / cluster for batch, cluster in pairs)
    print(f"a picture takes {ratio:.3f} times as long on the cluster as in a batch")


def make_pictures(folder: Path, count: int) -> Path:
    """Write noisy pictures, and return their folder."""
    folder.mkdir()
    for number in range(count):
        rng = np.random.default_rng(number)
        small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
        smooth = np.asarray(small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), np.float32)
        noisy = np.clip(smooth + rng.normal(0, 25, smooth.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{number:04d}.png")
    return folder


def timed(run: Callable[[OnReport], None]) -> tuple[float, float]:
    """Return the pictures per second between the first report and the last, and the seconds in all."""
    times: list[float] = []

    def on_report(report: Report) -> None:
        if report.status != "restored":
            raise SystemExit(f"{report.input}: {report.status} {report.error}")
        times.append(time.perf_counter())

    start = time.perf_counter()
    run(on_report)
    first = [moment for moment in times if moment - times[0] < 0.01]  # a slot reports its portion at once
    return (len(times) - len(first)) / (times[-1] - times[0]), time.perf_counter() - start


def in_a_batch(inputs: Path, out: Path, asked: argparse.Namespace, on_report: OnReport) -> None:
    """Restore as one machine does."""
    out.mkdir()
    restorer = Restorer.from_pretrained(asked.model, threads=asked.threads)
    batch = Batch(lambda _: Denoise(), Handling(), on_report)
    with Ledger(out, "job") as ledger:
        restore_files(list_entries(inputs, out), batch, restorer, ledger)


def on_the_cluster(inputs: Path, out: Path, asked: argparse.Namespace, on_report: OnReport) -> None:
    """Restore on a Ray cluster."""
    records = Records(Storage(str(out)), "job")
    jobs = list_jobs([Storage(str(inputs))], records)
    with connected(asked.cluster) as ray, records:
        needs = slot_needs(ray, threads=asked.threads, max_memory=None, device="cpu")
        restorer = partial(Restorer.from_pretrained, asked.model, threads=needs.threads)
        work = Work(Batch(lambda _: Denoise(), Handling(max_memory=needs.memory)), restorer, lambda: "job", "job")
        restore_on_cluster(ray, needs, jobs, work, records, on_report)


if __name__ == "__main__":
    main()
