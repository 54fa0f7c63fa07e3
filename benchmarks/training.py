"""Compares the speed of our training loop with that of a bare loop, as a ratio within one run.

The bare loop is what a researcher would write: the same network, precision and batch, Adam, and one batch of random
numbers that never changes; so it has no data to prepare, no balance, no average. Our loop does all of this. The two
loops take turns; the figure is the median of their ratios.

    python benchmarks/training.py --data DIR
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch

from rednet.network.architecture import REDNetConfig
from rednet.network.model import REDNet
from rednet.training.patches import Patches, list_pictures, load_pictures, stream
from rednet.training.recipe import Recipe, load_recipe
from rednet.training.run import Run, use_bfloat16
from rednet.training.start import starting_network

RECIPE = Path(__file__).parent.parent / "recipes" / "universal.toml"


def bare_loop(recipe: Recipe) -> Iterator[None]:
    """Make one step for each value that it yields."""
    config: REDNetConfig = replace(recipe.model, mask=False, hints=())
    net = REDNet(config).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), 1e-4)
    size = (recipe.data.batch, config.channels, recipe.data.patch, recipe.data.patch)
    x, y = (torch.rand(size).contiguous(memory_format=torch.channels_last) for _ in range(2))
    half = use_bfloat16(recipe.schedule)
    while True:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            x_hat = net(y)
        torch.nn.functional.mse_loss(x_hat, x).backward()
        optimizer.step()
        yield


def our_loop(recipe: Recipe, data: Path, waits: list[float]) -> Iterator[None]:
    """Make one step for each value that it yields; record the seconds spent waiting for crops."""
    pictures = load_pictures(list_pictures(data, recipe.data.train, recipe.data.exclude), recipe.model.channels)
    crops = stream(Patches(pictures, recipe.mixture, recipe.model, recipe.data, 0), 0)
    run = Run(recipe, starting_network(recipe))
    while True:
        before = time.perf_counter()
        crop = next(crops)
        waits.append(time.perf_counter() - before)
        run.step(crop)
        yield


def main() -> None:
    """Run both loops in turns and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("REDNET_DATA"), required="REDNET_DATA" not in os.environ
    )
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument(
        "--steps", type=int, default=60, help="of each loop in each round; many more than are prefetched"
    )
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    options = parser.parse_args()
    recipe = load_recipe(RECIPE)
    recipe = replace(recipe, schedule=replace(recipe.schedule, precision=options.precision))
    waits: list[float] = []
    loops = {"bare": bare_loop(recipe), "ours": our_loop(recipe, options.data, waits)}
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for number in range(options.rounds + 1):  # the first round warms up
        for name, loop in loops.items():
            waits.clear()
            start = time.perf_counter()
            for _ in range(options.steps):
                next(loop)
            if number:
                seconds[name].append((time.perf_counter() - start) / options.steps)
    pixels = recipe.data.batch * recipe.data.patch**2
    ratios = [bare / ours for bare, ours in zip(seconds["bare"], seconds["ours"], strict=True)]
    precision = "bfloat16" if use_bfloat16(recipe.schedule) else "float32"
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, {precision}")
    for name, values in seconds.items():
        print(f"{name}: {pixels / statistics.median(values) / 1000:.0f} kpx/s")
    print(f"ours / bare: {statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f})")
    print(f"waiting for crops, last round: {sum(waits) / (seconds['ours'][-1] * options.steps):.1%}")


if __name__ == "__main__":
    main()
