"""Takes the screenshots of the page for the docs: python benchmarks/screenshots.py [FOLDER]."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from server import running_server

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SCREENS = (("light", 1280, 800), ("dark", 1280, 800), ("light", 390, 844))
EXAMPLE = {"light": 4, "dark": 2}  # of the page: scratches, and low resolution
COLOURS = 256  # enough for a page with one photograph


def main() -> None:
    """Open the page, restore an example, and take the screenshots."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    with running_server() as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for scheme, width, height in SCREENS:
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            page.goto(url)
            page.locator("#examples button").nth(EXAMPLE[scheme]).click()
            page.locator("#save:enabled").wait_for(timeout=120_000)
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(2000)  # the last tiles arrive
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            shot.quantize(COLOURS, dither=Image.Dither.NONE).save(folder / f"page-{scheme}-{width}.png", optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
