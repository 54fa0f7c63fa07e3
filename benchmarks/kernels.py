"""Deblurs pictures with right and with wrong kernels, and counts which answers are doubted: the table of decision 0011.

    REDNET_DATA=... python benchmarks/kernels.py [--pictures 14] [--out benchmarks/results/kernels.csv]

Each picture of `val/val20` has one blur, as a PNG and as JPEGs of quality 95 and 75, and is deblurred with the right
kernel and with three wrong ones. The gain is that of the answer which `trust_kernel` would give, so that what was left
as it is counts, too. It takes about five minutes on a busy core.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import rednet
from rednet.classical.kernels import Kernel, camera_shake, parse_kernel
from rednet.classical.metrics import psnr
from rednet.degradations import Blur
from rednet.images import read_picture
from rednet.warning import heard

Array = NDArray[Any]

SIDE = 112
SHAKES = {f"shake {seed}": camera_shake(15, np.random.default_rng(seed)) for seed in (11, 12)}
TURNED = {f"{name} turned": np.ascontiguousarray(kernel[::-1, ::-1]) for name, kernel in SHAKES.items()}
SHARP = "sharp"
WRONG = {
    "disk:2": ("disk:2.6", "disk:3.4", "gaussian:1.6"),
    "disk:3.5": ("disk:4.3", "disk:5.5", "motion:9,90"),
    "gaussian:1": ("gaussian:1.4", "gaussian:2", "disk:2.5"),
    "gaussian:1.8": ("gaussian:2.4", "gaussian:3.2", "shake 11"),
    "motion:9,30": ("motion:12,30", "motion:9,60", "disk:4"),
    "motion:15,75": ("motion:19,75", "motion:15,95", "disk:5"),
    "shake 11": ("shake 12", "shake 11 turned", "disk:4"),
    SHARP: ("disk:1.5", "gaussian:1", "motion:9,45"),
}
NOISES = {"PNG": (0.5, 2.55, 7.65), "JPEG 95": (1.0,), "JPEG 75": (1.0,)}  # sigma, in turns
BETTER, WORSE = 0.5, -1.0  # dB
COLUMNS = ("picture", "kind", "noise", "blur", "told", "gain", "warned", "left")


def kernel_of(name: str) -> Kernel:
    """Return a kernel by its name."""
    if name == SHARP:
        return np.ones((1, 1))
    return {**SHAKES, **TURNED}[name] if name.startswith("shake") else parse_kernel(name)


def scene(path: Path, number: int) -> Array:
    """Return the middle of a picture: every third has a third of its contrast, and every fourth is gray."""
    pixels = read_picture(path).pixels
    top, left = ((side - SIDE) // 2 for side in pixels.shape[:2])
    x = pixels[top : top + SIDE, left : left + SIDE]
    if number % 3 == 0:
        x = x.mean() + (x - x.mean()) / 3
    return x.mean(axis=2, keepdims=True) if number % 4 == 1 else x


def save(y: Array, kind: str, folder: Path) -> Path:
    """Save a picture with 8 bits as a file of that kind."""
    form, *quality = kind.split()
    path = folder / f"picture.{form.lower()}"
    options = {"quality": int(quality[0]), "subsampling": 0} if quality else {}
    Image.fromarray(np.rint(y.clip(0, 1) * 255).astype(np.uint8).squeeze()).save(path, form, **options)
    return path


def measure(path: Path, number: int, folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a row for each kind of file and each kernel of a picture."""
    x, blur = scene(path, number), list(WRONG)[number % len(WRONG)]
    for kind, noises in NOISES.items():
        noise = noises[number % len(noises)]
        file = save(Blur(kernel_of(blur), noise)(x, np.random.default_rng(number)).y, kind, folder)
        truth, y = (255 * x).squeeze(), np.asarray(Image.open(file))
        for told in (*([] if blur == SHARP else [blur]), *WRONG[blur]):
            with heard([]) as sentences:
                x_hat = rednet.deblur(file, kernel_of(told))
            left = any("does not fit" in words for words in sentences)
            if left:
                x_hat = rednet.deblur(file, kernel_of(told), trust_kernel=True)
            before, after = (psnr(truth, levels, data_range=255) for levels in (y, x_hat))
            doubted = any("fit" in words for words in sentences)
            row = (path.stem, kind, noise, blur, told, round(after - before, 2), int(doubted and not left), int(left))
            yield dict(zip(COLUMNS, row, strict=True))


def table(rows: list[dict[str, Any]]) -> str:
    """Count the answers, and return the table of decision 0011."""
    counts = "given, with a warning, left as they are"
    lines = [
        f"| picture | kernel | cases | better by 0.5 dB or more: {counts} | worse by 1 dB or more: {counts} |",
        "|---|---|---|---|---|",
    ]
    for kind in NOISES:
        for right in (True, False):
            chosen = [row for row in rows if row["kind"] == kind and (row["told"] == row["blur"]) == right]
            cells = [kind, "right" if right else "wrong", str(len(chosen))]
            for some in (
                [row for row in chosen if row["gain"] >= BETTER],
                [row for row in chosen if row["gain"] <= WORSE],
            ):
                warned, left = (sum(row[name] for row in some) for name in ("warned", "left"))
                cells.append(f"{len(some) - warned - left}, {warned}, {left}")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, write the rows, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=14)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "kernels.csv")
    given = parser.parse_args()
    paths = sorted(Path(os.environ["REDNET_DATA"], "val", "val20").glob("*.png"))[: given.pictures]
    rows = []
    with tempfile.TemporaryDirectory() as folder, given.out.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for number, path in enumerate(paths):
            for row in measure(path, number, Path(folder)):
                writer.writerow(row)
                file.flush()
                rows.append(row)
    print(table(rows))


if __name__ == "__main__":
    main()
