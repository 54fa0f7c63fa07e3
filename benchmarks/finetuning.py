"""Measures what `rednet finetune` is worth on a noise that no shipped network has seen, in its three ways.

The noise is speckle, as in pictures by coherent light or radar: each pixel is multiplied by a random factor, the same
for all channels, and saved with 8 bits. The ways: clean pictures damaged by a recipe, pairs, and noisy pictures alone.
The figures are those of pictures in another folder, whose clean form is known.

    python benchmarks/finetuning.py --data DIR --out benchmarks/results/finetuning.csv
    python benchmarks/finetuning.py --data DIR --out benchmarks/results/finetuning.csv --ways pairs  # this row anew
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from rednet.classical.metrics import psnr
from rednet.degradations import KINDS, Degraded
from rednet.network.model import REDNet
from rednet.training.finetuning import finetune
from rednet.training.loop import Budget
from rednet.zoo.model_folder import load_network
from rednet.zoo.shipped import find_model

LOOKS = 4.0  # the factor has the mean 1 and the variance 1 / LOOKS
WAYS = ("recipe", "pairs", "noisy-only")
TRAIN, TEST = "train/open", "val/val20"
SIDE, JUDGED_SIDE, PICTURES = 256, 192, 60  # px; number of pictures to learn from
RECIPE = """
model = {}
data = { train = ["x"], validation = "x" }
[[mixture.share]]
name = "speckle"
degradation = { kind = "speckle" }
[[validation]]
name = "speckle"
degradation = { kind = "speckle" }
"""


@dataclass(frozen=True)
class Speckle:
    """Multiplies each pixel by a random factor."""

    def __call__(self, x: NDArray[np.float32], rng: np.random.Generator) -> Degraded:
        factor = rng.gamma(LOOKS, 1 / LOOKS, (*x.shape[:2], 1))
        return Degraded((np.rint(np.clip(x * factor, 0, 1) * 255) / 255).astype(np.float32), {"sigma": None})


def read(folder: Path, side: int, most: int) -> list[NDArray[np.float32]]:
    """Return the middles of a folder's pictures, from 0 to 1."""
    pictures = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".png", ".webp", ".jpg"))[:most]:
        levels = np.asarray(Image.open(path).convert("RGB"))
        top, left = (max(0, (size - side) // 2) for size in levels.shape[:2])
        pictures.append(levels[top : top + side, left : left + side].astype(np.float32) / 255)
    return pictures


def write(folder: Path, pictures: Sequence[NDArray[np.float32]]) -> Path:
    """Write pictures into a new folder, and return it."""
    folder.mkdir()
    for number, picture in enumerate(pictures):
        Image.fromarray(np.rint(255 * picture).astype(np.uint8)).save(folder / f"{number:03}.png")
    return folder


@torch.no_grad()
def quality(network: REDNet, clean: Sequence[NDArray[np.float32]], noisy: Sequence[NDArray[np.float32]]) -> float:
    """Return the mean PSNR of the restored pictures, dB; the network is told that there is noise."""
    hints = torch.zeros(1, 2 * len(network.config.hints))
    hints[0, 0] = 1
    scores = []
    for x, y in zip(clean, noisy, strict=True):
        x_hat = network(torch.from_numpy(y.transpose(2, 0, 1).copy())[None], hints=hints)[0].permute(1, 2, 0)
        scores.append(psnr(x_hat.clamp(0, 1).numpy(), x, data_range=1.0))
    return float(np.mean(scores))


def main() -> None:
    """Train in each way, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the shared pictures")
    parser.add_argument("--out", type=Path, required=True, help="the table, .csv")
    parser.add_argument("--minutes", type=float, default=4, help="length of each training")
    parser.add_argument("--model", default="real", help="to start from")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, help="to measure; other rows stay")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    KINDS["speckle"] = Speckle  # type: ignore[index]
    damage = Speckle()
    clean, learned = read(options.data / TEST, JUDGED_SIDE, 100), read(options.data / TRAIN, SIDE, PICTURES)
    noisy = [damage(x, np.random.default_rng((1, number))).y for number, x in enumerate(clean)]
    before = quality(load_network(find_model(options.model)), clean, noisy)
    input_dB = float(np.mean([psnr(y, x, data_range=1.0) for x, y in zip(clean, noisy, strict=True)]))
    rows = {}
    if options.out.exists():
        with options.out.open(newline="", encoding="utf-8") as file:
            rows = {row["way"]: row for row in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch)
        sharp = write(base / "clean", learned)
        grainy = [damage(x, np.random.default_rng((2, number))).y for number, x in enumerate(learned)]
        rough = write(base / "noisy", grainy)
        recipe = base / "speckle.toml"
        recipe.write_text(RECIPE)
        ways = {
            "recipe": {"clean": sharp, "recipe": recipe},
            "pairs": {"clean": sharp, "degraded": rough},
            "noisy-only": {"clean": rough, "noisy_only": True},
        }
        for way in options.ways:
            out = base / way
            outcome = finetune(out=out, budget=Budget(options.minutes), start=options.model, **ways[way])
            after = quality(load_network(out), clean, noisy)
            [name] = outcome.after
            rows[way] = {
                "way": way, "model": options.model, "threads": options.threads, "steps": outcome.status.step,
                "minutes": round(outcome.status.seconds / 60, 1), "noisy_dB": round(input_dB, 2),
                "before_dB": round(before, 2), "after_dB": round(after, 2), "gain_dB": round(after - before, 2),
                "gain_it_says_dB": round(outcome.after[name] - outcome.before[name], 2),
            }  # fmt: skip
            print(rows[way], flush=True)
            with options.out.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[way]), lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows.values())


if __name__ == "__main__":
    main()
