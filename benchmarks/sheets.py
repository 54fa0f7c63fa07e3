"""Draws the sheets for the docs: before and after of the demo and of failures, kinds of damage, drawings.

python benchmarks/sheets.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

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


def main() -> None:
    """Run the command line."""
    with TemporaryDirectory() as folder:
        demo.show((*demo.CASES, *failures.CASES), Path(folder))
        damage.sheet().save(Path(folder) / "damage.png")
        drawings = contact_sheet(Drawings(0, *DRAWING), DRAWINGS)
        Image.fromarray(drawings).save(Path(folder) / "drawings.png")
        for path in sorted(Path(folder).iterdir()):
            with Image.open(path) as sheet:
                small = sheet.resize((WIDTH, round(WIDTH * sheet.height / sheet.width)), Image.Resampling.LANCZOS)
            small.save(IMAGES / f"{path.stem}.jpg", quality=QUALITY, optimize=True)


if __name__ == "__main__":
    main()
