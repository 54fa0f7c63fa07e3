"""Measures the speed of our networks, of other architectures and of classical methods on this machine.

    python benchmarks/speed.py              # measures: results/speed-PROCESSOR.csv and .png
    python benchmarks/speed.py --plot       # draws the plot again

In one run, all contestants restore the same picture in turns, round after round, and the medians are compared as
ratios. Speed does not depend on training, so the other architectures have random weights: DnCNN-3 is 20 plain
convolutions at full resolution, FFDNet (gray) 16 instead of its 15 at half resolution, RED30 the paper's network at
stride 1.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from processor import processor
from results import measured_means, published

from rednet.degradations import GaussianNoise
from rednet.engines.loading import load_engine
from rednet.evaluation.methods import find_method
from rednet.images import read_picture
from rednet.machine import cpu_threads
from rednet.network.architecture import REDNetConfig
from rednet.restoring.restorer import MODELS_FOLDER, Restorer, find_model
from rednet.zoo.checking import load_config

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
PHOTO = ROOT / "examples" / "photos" / "coffee.png"
SIDE = 512  # px of the picture
SIGMA = 25.0
COLUMNS = ("contestant", "engine", "threads", "tile", "mpx_per_s", "lowest", "highest", "gflops", "of_peak", "peak_mb")

# Shapes by their publications; noise planes count as a mask (one plane more or less in the first layer).
OTHERS = {
    "DnCNN-3": REDNetConfig(depth=20, width=64, channels=1, skips=False),
    "FFDNet": REDNetConfig(depth=16, width=64, channels=1, stride=2, skips=False, mask=True),  # it has 15 layers
    "RED30 width 64": REDNetConfig(depth=30, width=64, channels=1),
    "RED30 width 128": REDNetConfig(depth=30, width=128, channels=1),
}
CLASSICAL = ("nlm", "wavelet", "tv")


class Contestant(NamedTuple):
    """Something that restores a picture.

    Args:
        name: of the network or method.
        engine: "ncnn", "onnx", "torch" or the library.
        threads: that it may use.
        tile: px, or 0 for none.
        flops: arithmetic for one pixel, 0 if unknown.
    """

    name: str
    engine: str
    threads: int
    tile: int
    flops: float

    @property
    def label(self) -> str:
        """A unique name."""
        return f"{self.name}/{self.engine}/{self.threads}/{self.tile}"


def flops_a_pixel(config: REDNetConfig) -> float:
    """Count multiplications and additions of all convolutions, for one pixel of the picture."""
    # A layer that samples up has the weights of four samples, each of which needs a quarter of them.
    coarse = [layer.sampling * (2 if layer.kind == "up" else 1) for layer in config.layers]
    return sum(2 * math.prod(layer.weight) / px**2 for layer, px in zip(config.layers, coarse, strict=True))


def contestants(threads: int) -> list[Contestant]:
    """Return all contestants."""
    ours = {path.parent.name: load_config(path.parent) for path in sorted(MODELS_FOLDER.glob("*/config.json"))}
    all_networks = [
        Contestant(name, engine, threads, 0, flops_a_pixel(config))
        for name, config in {**ours, **OTHERS}.items()
        for engine in ("ncnn", "onnx", "torch")
        if name in ours or engine != "torch"
    ]
    main = flops_a_pixel(ours["universal"])
    tiles = [Contestant("universal", "ncnn", threads, tile, main) for tile in (128, 256, 384)]
    fewer = [Contestant("universal", "ncnn", count, 0, main) for count in range(1, threads)]
    classical = [Contestant(name, "library", threads, 0, 0.0) for name in CLASSICAL]
    return [*all_networks, *tiles, *fewer, *classical]


def make_runner(who: Contestant, folder: Path) -> Callable[[], Any]:
    """Return a function that restores the test picture once."""
    x = read_picture(PHOTO).pixels[:SIDE, :SIDE]
    x = np.pad(x, ((0, SIDE - x.shape[0]), (0, SIDE - x.shape[1]), (0, 0)), mode="reflect")
    degraded = GaussianNoise(SIGMA)(x, np.random.default_rng(0))
    if who.engine == "library":
        method = find_method(f"baseline:{who.name}")
        return lambda: method(degraded)
    model = folder / who.name if who.name in OTHERS else who.name
    engine = load_engine(find_model(model), who.engine, threads=who.threads)
    restorer = Restorer(engine, tile=who.tile or 4 * SIDE, bands=False)
    channels = restorer.engine.config.channels
    y: NDArray[np.float32] = degraded.y[:, :, :channels]
    facts = {"sigma": None} if restorer.engine.config.hints else {}
    return lambda: restorer.residual(y, facts)


def make_others(folder: Path) -> None:
    """Write the other architectures, with random weights, as model folders."""
    import torch

    from rednet.network.model import REDNet
    from rednet.zoo.model_folder import save_network

    for name, config in OTHERS.items():
        torch.manual_seed(0)
        save_network(REDNet(config), folder / name)


def matmul_gflops() -> float:
    """Measure the peak speed of this machine, by a matrix product that stays in the cache."""
    a = np.random.default_rng(0).random((1024, 1024), np.float32)
    best = min(timed(lambda: a @ a) for _ in range(20))
    return 2 * 1024**3 / best / 1e9


def timed(function: Callable[[], Any]) -> float:
    """Measure the seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def memory_of(who: Contestant, folder: Path) -> float:
    """Measure the peak memory, MB, of a separate process that restores the picture once."""
    command = [sys.executable, __file__, "--alone", who.label, "--folder", os.fspath(folder)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def restore_alone(label: str, folder: Path) -> None:
    """Restore the picture once and print this process' peak memory, MB."""
    from rednet.evaluation.tables import peak_memory_mb

    name, engine, threads, tile = label.split("/")
    make_runner(Contestant(name, engine, int(threads), int(tile), 0.0), folder)()
    print(peak_memory_mb())


def measure(rounds: int, folder: Path) -> list[dict[str, Any]]:
    """Let all contestants restore in turns."""
    make_others(folder)
    everyone = contestants(cpu_threads())
    runners = {who: make_runner(who, folder) for who in everyone}
    seconds: dict[Contestant, list[float]] = {who: [] for who in everyone}
    for number in range(rounds + 1):  # the first round warms up
        for who, run in runners.items():
            spent = timed(run)
            if number:
                seconds[who].append(spent)
        print(f"round {number} of {rounds}", file=sys.stderr)
    peak = matmul_gflops()
    rows = []
    for who, spent in seconds.items():
        speeds = [SIDE**2 / 1e6 / value for value in spent]
        median = statistics.median(speeds)
        gflops = median * who.flops / 1e3
        figures = [f"{value:.3f}" for value in (median, min(speeds), max(speeds))]
        measured = [*figures, f"{gflops:.0f}", f"{gflops / peak:.2f}", f"{memory_of(who, folder):.0f}"]
        rows.append(dict(zip(COLUMNS, [who.name, who.engine, who.threads, who.tile, *measured], strict=True)))
    return rows


def results_name() -> str:
    """Return a file name for the results, from the processor and its number of cores."""
    return "speed-" + re.sub(r"[^a-z0-9]+", "-", f"{processor()} {cpu_threads()} cores".lower()).strip("-")


def plot(path: Path) -> None:
    """Draw PSNR (from the results page's figures) over megapixels per second."""
    from matplotlib import pyplot

    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    figures = published() | measured_means()
    known = {method: psnr for (protocol, method), psnr in figures.items() if protocol == "bsd68-gray-25"}
    pyplot.rcParams.update({"font.size": 11, "figure.facecolor": "white", "axes.grid": True, "grid.alpha": 0.3})
    figure, axes = pyplot.subplots(figsize=(8, 4.6))
    points = []
    for name in dict.fromkeys(row["contestant"] for row in rows):
        fastest = max(float(row["mpx_per_s"]) for row in rows if row["contestant"] == name)
        if name in known:
            points.append((fastest, known[name], name))
    for speed, psnr, name in points:
        ours = name in ("universal", "fast")
        axes.plot(speed, psnr, "o", color="C3" if ours else "C0")
        offset, side = ((-6, -12), "right") if ours else ((6, 4), "left")  # where nothing of the others lies
        axes.annotate(name, (speed, psnr), textcoords="offset points", xytext=offset, horizontalalignment=side)
    front = [p for p in sorted(points) if not any(q[0] >= p[0] and q[1] > p[1] for q in points)]
    axes.plot([p[0] for p in front], [p[1] for p in front], "--", color="grey", zorder=0)
    axes.set_xscale("log")
    axes.set(xlabel="megapixels per second (log)", ylabel="PSNR, dB: BSD68 gray, sigma 25")
    axes.set_title("Speed and quality on " + path.stem.removeprefix("speed-").replace("-", " "), fontsize=11)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.15, y=0.12)
    figure.tight_layout()
    figure.savefig(path.with_suffix(".png"), dpi=110)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--plot", action="store_true", help="only draw the plot")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        return restore_alone(options.alone, options.folder)
    path = RESULTS / f"{results_name()}.csv"
    if not options.plot:
        RESULTS.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            rows = measure(options.rounds, Path(folder))
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
        for row in rows:
            print(" ".join(str(value) for value in row.values()))
    plot(path)
    return None


if __name__ == "__main__":
    main()
