"""Writes results: means with a confidence interval as Markdown, values as CSV, and sheets of the worst pictures."""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rednet.evaluation.measure import Result
from rednet.images import from_array, write_picture

__all__ = ["HEADER", "Measured", "peak_memory_mb", "summarise", "write_results"]

RESAMPLES = 2000
METRICS = ("psnr", "ssim", "psnr_b", "psnr_missing", "max_change", "left")
GAP = 8  # px, white, between the pictures of a sheet

HEADER = (
    "| protocol | method | pictures | PSNR, dB | damaged | gain, 95 % interval | SSIM | PSNR-B | s a picture |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, eq=False)
class Measured:
    """All results of one method by one protocol."""

    protocol: str
    method: str
    results: Sequence[Result]

    def with_pictures_of(self, worst: int) -> Measured:
        """Return a copy with the pictures of only the `worst` cases with the least gain, to save memory."""
        least = {id(result) for result in sorted(self.results, key=lambda r: r.gain)[:worst]}
        kept = [result if id(result) in least else replace(result, pictures=()) for result in self.results]
        return Measured(self.protocol, self.method, kept)

    def as_dict(self) -> dict[str, Any]:
        """Return all values, without the pictures; infinite values, such as the PSNR of equal pictures, become None."""

        def finite(values: dict[str, float]) -> dict[str, float | None]:
            return {name: value if math.isfinite(value) else None for name, value in values.items()}

        return {
            "protocol": self.protocol,
            "method": self.method,
            "results": [
                {"picture": r.picture, "before": finite(r.before), "after": finite(r.after), "seconds": r.seconds}
                for r in self.results
            ],
        }


def summarise(measured: Measured) -> str:
    """Return one row of the Markdown table: means over all cases.

    The interval is the 95 % confidence interval of the mean gain over the pictures (percentile bootstrap).
    """
    results = measured.results
    before, after = (
        {name: float(np.mean([getattr(r, side)[name] for r in results])) for name in results[0].after}
        for side in ("before", "after")
    )
    gains = np.array([r.gain for r in results])
    interval = ""  # clean pictures have no finite gain
    if np.isfinite(gains).all():
        drawn = np.random.default_rng(0).choice(gains, (RESAMPLES, len(gains))).mean(axis=1)
        low, high = np.percentile(drawn, [2.5, 97.5])
        interval = f"{gains.mean():+.2f} ({low:+.2f} to {high:+.2f})"
    main = "psnr_missing" if "psnr_missing" in after else "psnr"
    cells = [measured.protocol, measured.method, str(len(results)), f"**{after[main]:.2f}**", f"{before[main]:.2f}"]
    cells += [interval]
    cells += [f"{after[name]:{form}}" if name in after else "" for name, form in EXTRA.items()]
    cells += [f"{np.mean([r.seconds for r in results]):.2f}"]
    return "| " + " | ".join(cells) + " |"


EXTRA = {"ssim": ".4f", "psnr_b": ".2f"}


def write_results(out: Path, measured: Sequence[Measured], worst: int) -> None:
    """Write `results.csv`, `table.md`, and the worst pictures of each protocol and method to `worst/`."""
    out.mkdir(parents=True, exist_ok=True)
    write_csv(out / "results.csv", measured)
    (out / "table.md").write_text("\n".join([HEADER, *map(summarise, measured)]) + "\n", "utf-8")
    for entry in measured if worst else ():
        method = Path(entry.method).name.replace(":", "-")
        write_sheets(out / "worst" / f"{entry.protocol}-{method}", entry.results, worst)


def write_csv(path: Path, measured: Iterable[Measured]) -> None:
    """Write one line for each case; metrics that the protocol does not have stay empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        columns = [f"{side}_{name}" for name in METRICS for side in ("damaged", "restored")]
        table.writerow(["protocol", "method", "picture", *columns, "seconds"])
        for entry in measured:
            for result in entry.results:
                values = [side.get(name) for name in METRICS for side in (result.before, result.after)]
                cells = ["" if value is None else f"{value:.4f}" for value in values]
                table.writerow([entry.protocol, entry.method, result.picture, *cells, f"{result.seconds:.3f}"])


def write_sheets(folder: Path, results: Sequence[Result], count: int) -> None:
    """Write the cases with the least gain, worst first: clean, damaged and restored picture side by side."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, result in enumerate(sorted(results, key=lambda r: r.gain)[:count], start=1):
        height, _, channels = result.pictures[0].shape
        gap = np.ones((height, GAP, channels), np.float32)
        clean, damaged, restored = (np.asarray(z, np.float32).clip(0, 1) for z in result.pictures)
        sheet = np.concatenate([clean, gap, damaged, gap, restored], axis=1)
        name = result.picture.replace("/", "-").replace(" ", "-")
        path = folder / f"{number:02d}-{name}-{result.gain:+.2f}dB.png"
        write_picture(path, from_array(np.rint(sheet * 255).astype(np.uint8)), overwrite=True)


def peak_memory_mb() -> float:
    """Return the peak memory of this process so far, MB; NaN where the system does not report it.

    On Linux we read the process's status file, since `ru_maxrss` there includes the process that it was forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        if found:
            return int(found[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6
