"""How well does `grid_strength` tell that a picture was once a JPEG? Counted on clean pictures, saved and read again.

python benchmarks/traces.py --data DIR
"""

from __future__ import annotations

import argparse
import csv
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from rednet.restoring.inspection import GRID_TRACES, grid_strength

RESULTS = Path(__file__).parent / "results" / "traces.csv"
QUALITIES = (None, 95, 92, 90, 85, 80, 75, 60, 50, 30, 10)


def strength(picture: Image.Image) -> float:
    """Gives the grid strength of a picture."""
    return grid_strength(np.asarray(picture, np.float32) / 255)


def main() -> None:
    """Measures every picture at every quality and writes one line a quality."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, default=os.environ.get("REDNET_DATA"))
    folder = parser.parse_args().data / "val" / "val20"
    pictures = [Image.open(path).convert("RGB") for path in sorted(folder.glob("*.png"))]
    rows = []
    for quality in QUALITIES:
        found = []
        for picture in pictures:
            shown = picture
            if quality is not None:
                buffer = io.BytesIO()
                picture.save(buffer, "jpeg", quality=quality)
                shown = Image.open(buffer)
            found.append(strength(shown))
        traces = sum(value > GRID_TRACES for value in found)
        rows.append(
            (quality or "clean", len(found), traces, *(f"{v:.3f}" for v in (min(found), np.median(found), max(found))))
        )
        print(*rows[-1])
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("quality", "pictures", "called_traces", "least", "median", "most"))
        writer.writerows(rows)


if __name__ == "__main__":
    main()
