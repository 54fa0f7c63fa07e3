"""Measures the cost of idle threads that spin or sleep: alone, and beside one busy process.

    python benchmarks/waiting.py          # prints a table and writes benchmarks/results/waiting.csv

Each round runs every policy once, alone and beside the busy process, each in a new process. The figure of a policy is
the median over the rounds of a ratio: its time over the time of passive threads alone in the same round.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "waiting.csv"
POLICIES: Mapping[str, Mapping[str, str]] = {
    "passive": {"OMP_WAIT_POLICY": "PASSIVE"},
    "2,000 spins": {"GOMP_SPINCOUNT": "2000"},
    "10,000 spins": {"GOMP_SPINCOUNT": "10000"},
    "30,000 spins": {"GOMP_SPINCOUNT": "30000"},
    "library's own": {},
}
BUSY = "while True: pass"
RESTORE = """
import json, time
import ncnn  # before rednet, which would set its own policy
import numpy as np, rednet
restorer = rednet.Restorer.from_pretrained("universal")
y = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
seconds = []
for _ in range(4):
    start = time.perf_counter()
    restorer.restore(y, facts={"sigma": None})
    seconds.append(time.perf_counter() - start)
print(json.dumps(min(seconds[1:])))
"""


def seconds(policy: Mapping[str, str], *, busy: bool) -> float:
    """Time a picture of 600x400 px under a policy; the best of three."""
    environment = {key: value for key, value in os.environ.items() if key not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")}
    beside = subprocess.Popen([sys.executable, "-c", BUSY]) if busy else None
    try:
        done = subprocess.run(
            [sys.executable, "-c", RESTORE], env=environment | dict(policy), capture_output=True, check=True
        )
    finally:
        if beside is not None:
            beside.kill()
            beside.wait()
    return float(json.loads(done.stdout))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    measured: dict[tuple[str, bool], list[float]] = {(name, busy): [] for name in POLICIES for busy in (False, True)}
    for _ in range(rounds):
        for (name, busy), times in measured.items():
            times.append(seconds(POLICIES[name], busy=busy))
    base = measured["passive", False]
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["policy", "busy process", "median s", "over passive alone", "rounds"])
        for (name, busy), times in measured.items():
            ratio = statistics.median(one / first for one, first in zip(times, base, strict=True))
            row = [name, "yes" if busy else "no", f"{statistics.median(times):.3f}", f"{ratio:.2f}", rounds]
            table.writerow(row)
            print(*row, sep="\t")


if __name__ == "__main__":
    main()
