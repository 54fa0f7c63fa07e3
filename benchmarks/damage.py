"""Shows each kind of damage on photographs, and measures the time of each for training crops.

    python benchmarks/damage.py sheet OUT.png
    python benchmarks/damage.py speed

The figures are milliseconds of one processor for a megapixel, on RGB crops of 96x96 px: the median of 7 rounds with all
kinds in turns, and the ratio to JPEG in the same round.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from rednet.degradations import (
    JPEG,
    Banding,
    Chain,
    ChromaNoise,
    Dark,
    Deconvolved,
    Degradation,
    FilmGrain,
    GaussianNoise,
    Impulses,
    JPEGTwice,
    MissingPixels,
    Scaling,
    SensorNoise,
    SlightBlur,
)
from rednet.images import read_picture

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"
CROP, CROPS, ROUNDS = 96, 48, 7
TILE, ZOOM, COLUMNS = 160, 2, 5  # px of the photograph, px of the sheet for each, tiles a row

SUBSAMPLINGS = ("4:2:0", "4:4:4")
JPEG_AS_TRAINED = JPEG((5, 95), SUBSAMPLINGS)
DAMAGE: dict[str, Degradation] = {
    "JPEG": JPEG_AS_TRAINED,
    "white noise": GaussianNoise((0, 50)),
    "scaling by 2": Scaling(2),
    "missing at random": MissingPixels("random"),
    "deconvolved": Deconvolved(),
    "sensor noise": SensorNoise((1, 40)),
    "sensor noise, then JPEG": Chain((SensorNoise((1, 40)), JPEG((50, 98), SUBSAMPLINGS))),
    "film grain": FilmGrain((2, 30), midtones=(0, 1)),
    "chroma noise": ChromaNoise((2, 20)),
    "impulses": Impulses((0.001, 0.1), ("salt and pepper", "hot", "random")),
    "banding": Banding((1, 10)),
    "JPEG twice": JPEGTwice((30, 95), (30, 95), SUBSAMPLINGS),
    "JPEG twice, shrunk between": JPEGTwice((30, 95), (30, 95), SUBSAMPLINGS, larger=(1, 2)),
    "slight blur below 1 px": SlightBlur((0.3, 1), (0, 3)),
    "slight blur of 1 to 2.5 px": SlightBlur((1, 2.5), (0, 15)),
    "dark": Dark(),
}
SHOWN: dict[str, Degradation] = {
    "sensor 10": SensorNoise(10),
    "sensor 25, JPEG 85": Chain((SensorNoise(25), JPEG(85))),
    "sensor 40": SensorNoise(40),
    "film grain 10, 0.7 px": FilmGrain(10, 0.7),
    "film grain 15, 1.2 px": FilmGrain(15, 1.2),
    "film grain 25, midtones": FilmGrain(25, 1.0, midtones=0.9),
    "chroma 12, 1 px": ChromaNoise(12, 1),
    "chroma 12, 4 px": ChromaNoise(12, 4),
    "salt and pepper 2 %": Impulses(0.02, "salt and pepper"),
    "hot 0.6 %": Impulses(0.006),
    "random 2 %": Impulses(0.02, "random"),
    "banding 5, rows": Banding(5, "rows", 0),
    "banding 8, columns, colour": Banding(8, "columns", 1),
    "JPEG 30, then 90": JPEGTwice(30, 90),
    "JPEG 30, shrunk, then 90": JPEGTwice(30, 90, larger=1.6),
    "Gaussian 0.7": SlightBlur(0.7, 2, "gaussian"),
    "disk 0.9": SlightBlur(0.9, 2, "disk"),
    "Gaussian 1.6, noise 5": SlightBlur(1.6, 5, "gaussian"),
    "dark: 4 % of the range": Dark(0.04),
}


def photographs() -> list[np.ndarray]:
    """Read the photographs of the examples."""
    return [read_picture(path).pixels for path in sorted(PHOTOS.iterdir()) if path.suffix != ".md"]


def sheet() -> Image.Image:
    """Draw crops of the photographs with all kinds of damage; dark pictures are drawn as dark as in the file."""
    tiles = {"clean": None, **SHOWN}
    side = TILE * ZOOM
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (side + 8), rows * (side + 24)), "white")
    pieces = [
        x[top : top + TILE, left : left + TILE]
        for x, (top, left) in zip(photographs(), ((20, 150), (60, 120), (120, 200), (100, 220)), strict=True)
    ]
    for number, (name, damage) in enumerate(tiles.items()):
        x = pieces[number % len(pieces)]
        y = x if damage is None else damage(x, np.random.default_rng(number)).y
        shown = Image.fromarray(np.rint(y.clip(0, 1) * 255).astype(np.uint8)).resize(
            (side, side), Image.Resampling.NEAREST
        )
        left, top = number % COLUMNS * (side + 8), number // COLUMNS * (side + 24)
        page.paste(shown, (left, top + 16))
        ImageDraw.Draw(page).text((left, top), name, fill="black")
    return page


def speed() -> str:
    """Measure all kinds and return the table."""
    rng = np.random.default_rng(0)
    photos, crops = photographs(), []
    for number in range(CROPS):
        x = photos[number % len(photos)]
        top, left = (int(rng.integers(side - CROP)) for side in x.shape[:2])
        crops.append(np.ascontiguousarray(x[top : top + CROP, left : left + CROP]))
    spent: dict[str, list[float]] = {name: [] for name in DAMAGE}
    for round_number in range(ROUNDS):
        for name, damage in DAMAGE.items():
            rng = np.random.default_rng(round_number)
            start = time.process_time()
            for x in crops:
                damage(x, rng)
            spent[name].append((time.process_time() - start) * 1e9 / (CROPS * CROP**2))
    lines = ["| damage | ms a megapixel | relative to JPEG |", "|---|---|---|"]
    for name, times in spent.items():
        share = statistics.median(t / jpeg for t, jpeg in zip(times, spent["JPEG"], strict=True))
        lines.append(f"| {name} | {statistics.median(times):.0f} | {share:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("sheet", "speed"))
    parser.add_argument("out", type=Path, nargs="?", default=Path("damage.png"))
    options = parser.parse_args()
    if options.what == "speed":
        print(speed())
    else:
        sheet().save(options.out)


if __name__ == "__main__":
    main()
