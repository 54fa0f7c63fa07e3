"""Measures the page in Chromium: weight, first paint, a picture of 12 megapixels, and the divider; writes page.csv.

rednet serve --port 8000 &
python benchmarks/page.py http://127.0.0.1:8000/
"""

from __future__ import annotations

import csv
import io
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "coffee.png"
RESULTS = Path(__file__).parent / "results" / "page.csv"
ROUNDS = 5
FLAGS = ["--no-sandbox", "--disable-gpu"]
LOADED = """() => {
    const loaded = performance.getEntries().filter((entry) => "transferSize" in entry);
    return {
        paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
        weight: loaded.reduce((sum, entry) => sum + entry.transferSize, 0),
        requests: loaded.length,
    };
}"""
DRAWN = """() => {
    const canvas = document.querySelector("#before canvas");
    if (!canvas?.width) return false;
    const { data } = canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 8, 8);
    return data.some((value) => value > 0);
}"""
TRACE = """() => {
    window.gaps = [];
    let last = performance.now();
    const frame = (now) => {
        window.gaps.push(now - last);
        last = now;
        if (window.tracing) requestAnimationFrame(frame);
    };
    window.tracing = true;
    requestAnimationFrame(frame);
}"""


def picture() -> bytes:
    """Return a noisy JPEG of 4000x3000 px."""
    image = Image.open(PHOTO).convert("RGB").resize((4500, 3000), Image.Resampling.BICUBIC).crop((0, 0, 4000, 3000))
    noise = np.random.default_rng(0).normal(0, 15, (3000, 4000, 3))
    file = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()


def until(page: Page, condition: str) -> None:
    """Wait until a function of the page says yes."""
    while not page.evaluate(condition):
        page.wait_for_timeout(10)


def opened(page: Page, content: bytes) -> dict[str, float]:
    """Open a picture, and measure until it is drawn and until its facts are told, ms."""
    page.locator("#files").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": content})
    start = page.evaluate("performance.now()")
    until(page, DRAWN)
    shown = page.evaluate("performance.now()") - start
    until(page, "() => document.querySelector('#facts').textContent !== ''")
    return {"12 MP: shown after, ms": shown, "12 MP: its facts after, ms": page.evaluate("performance.now()") - start}


def dragged(page: Page) -> dict[str, float]:
    """Drag the divider to and fro over an example, and measure the frames."""
    page.locator("#examples button").nth(2).click()
    page.locator("#save:enabled").wait_for(timeout=300_000)
    page.wait_for_timeout(1500)
    box: Any = page.locator("#divider").bounding_box()
    page.mouse.move(box["x"] + 22, box["y"] + 300)
    page.mouse.down()
    page.evaluate(TRACE)
    for turn in range(240):
        page.mouse.move(box["x"] + 22 + 300 * np.sin(turn / 20), box["y"] + 300)
    page.evaluate("window.tracing = false")
    page.mouse.up()
    gaps = page.evaluate("window.gaps.slice(5)")
    return {"divider: frames a second, median": 1000 / statistics.median(gaps)}


def main() -> None:
    """Measure, and write the medians of several rounds."""
    content = picture()
    rounds: list[dict[str, float]] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(ROUNDS):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(sys.argv[1], wait_until="networkidle")
            loaded = page.evaluate(LOADED)
            row = {
                "first paint, ms": loaded["paint"],
                "weight, kB": loaded["weight"] / 1000,
                "requests": loaded["requests"],
            }
            rounds.append(row | opened(page, content))
            page.locator("#stop").click()
            page.locator(".tile .close").click()
            rounds[-1] |= dragged(page)
            page.close()
        browser.close()
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["what", "median", "rounds"])
        for name in rounds[0]:
            table.writerow([name, f"{statistics.median(row[name] for row in rounds):.0f}", ROUNDS])
            print(name, *(f"{row[name]:.0f}" for row in rounds), sep="\t")


if __name__ == "__main__":
    main()
