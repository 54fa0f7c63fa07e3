"""Takes the screenshots of the page for the docs, light and dark, 1280 and 390 px wide; writes them to docs/images.

rednet serve --port 8000 &
python benchmarks/screenshots.py http://127.0.0.1:8000/
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZES = {1280: 900, 390: 844}
COLOURS = 256  # enough for a page with one photograph, at a third of the bytes


def main() -> None:
    """Open the page, restore an example, and take the screenshots."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for scheme in ("light", "dark"):
            for width, height in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                page.goto(sys.argv[1])
                page.get_by_role("button", name="Noise", exact=True).click()
                page.locator("#status").get_by_text("Done in").wait_for()
                page.mouse.move(0, 0)
                page.wait_for_timeout(1500)  # the pictures fade in
                shot = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
                shot.quantize(COLOURS).save(IMAGES / f"page-{scheme}-{width}.png", optimize=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main()
