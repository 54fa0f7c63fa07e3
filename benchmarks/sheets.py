"""Draws the pictures of the docs: before and after of each task and of failures, kinds of damage, drawings.

python benchmarks/sheets.py            all of them
python benchmarks/sheets.py restore    one of them
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import rednet
from rednet.degradations import GaussianNoise
from rednet.training.drawings import Drawings
from rednet.training.drawings.__main__ import contact_sheet

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
DRAWINGS, DRAWING = 30, (240, 240)
WIDTH, QUALITY = 1200, 82  # px; of the JPEG files, so that a page of them loads quickly

sys.path.insert(0, str(ROOT / "examples"))
import demo  # noqa: E402
import failures  # noqa: E402

sys.path.insert(0, str(ROOT / "benchmarks"))
import damage  # noqa: E402


def restore(x: NDArray[np.float32]) -> tuple[NDArray[np.float32], demo.Levels]:
    """Add noise of sigma 12, then save as JPEG of quality 70: the file has the quality, and rednet finds the noise."""
    noisy = GaussianNoise(12, clip=True)(x, np.random.default_rng(0)).y
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(demo.to_levels(noisy)).save(path, quality=70)
        return demo.from_levels(np.asarray(Image.open(path))), rednet.restore(path)


def before_after() -> Image.Image:
    """Draw the noisy cat of the demo beside the restored one."""
    clean = demo.from_levels(np.asarray(Image.open(demo.PHOTOS / "chelsea.png").convert("RGB")))
    y, restored = demo.noise(clean)
    return Image.fromarray(np.concatenate([demo.to_levels(y), restored], axis=1))


CASES = (
    *demo.CASES,
    *failures.CASES,
    demo.Case("noise of sigma 12, then JPEG of quality 70", "coffee.png", (120, 330), restore),
)
OTHERS: dict[str, Callable[[], Image.Image]] = {
    "before-after": before_after,
    "damage": damage.sheet,
    "drawings": lambda: Image.fromarray(contact_sheet(Drawings(0, *DRAWING), DRAWINGS)),
}


def main() -> None:
    """Run the command line."""
    wanted = set(sys.argv[1:]) or {*OTHERS, *(case.run.__name__ for case in CASES)}
    with TemporaryDirectory() as folder:
        demo.show([case for case in CASES if case.run.__name__ in wanted], Path(folder))
        for name in wanted & set(OTHERS):
            OTHERS[name]().save(Path(folder) / f"{name}.png")
        for path in sorted(Path(folder).iterdir()):
            with Image.open(path) as sheet:
                small = sheet.resize((WIDTH, round(WIDTH * sheet.height / sheet.width)), Image.Resampling.LANCZOS)
            small.save(IMAGES / f"{path.stem}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
