"""Measures how long people wait for what they see of a large picture: the server's start, looks, facts, results.

    python benchmarks/looking.py [--out benchmarks/results/looking.csv]

One job at a time on loopback, with the network `fast`; seconds from the request to the last byte of its answer.
"""

from __future__ import annotations

import argparse
import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from server import running_server

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "rocket.jpg"
SIZES = {12: (4000, 3000), 100: (11_500, 8_700)}  # megapixels: px
OPTIONS = ("--no-page", "--model", "fast", "--max-megapixels", "100.1")


def photo(width: int, height: int) -> bytes:
    """Return a noisy photograph of a size as a JPEG."""
    large = np.asarray(Image.open(PHOTO).convert("RGB").resize((width, height)), np.int16)
    noise = np.random.default_rng(0).integers(-20, 21, (512, 512, 3), np.int16)
    tiled = np.tile(noise, (-(-height // 512), -(-width // 512), 1))[:height, :width]
    Image.fromarray((large + tiled).clip(0, 255).astype(np.uint8)).save(file := io.BytesIO(), "JPEG", quality=92)
    return file.getvalue()


def timed(client: httpx.Client, method: str, path: str, **more: object) -> tuple[float, httpx.Response]:
    """Send a request; return the seconds until its answer, and the answer."""
    began = time.perf_counter()
    answer = client.request(method, path, **more)
    answer.raise_for_status()
    return time.perf_counter() - began, answer


def steps(url: str, megapixels: int) -> Iterator[tuple[str, float]]:
    """Take a picture through all steps, and yield each with its seconds."""
    width, height = SIZES[megapixels]
    content = photo(width, height)
    with httpx.Client(base_url=url, timeout=600) as client:
        sent, answer = timed(client, "POST", "/v1/restore?task=denoise&wait=false", content=content)
        job = answer.json()["id"]
        yield "send the picture", sent
        yield "first look before (1024 px)", timed(client, "GET", looked(job, "before", "full/1024,"))[0]
        yield "another tile of it", timed(client, "GET", looked(job, "before", "1024,1024,512,512/max"))[0]
        yield "facts (inspect)", timed(client, "GET", f"/v1/jobs/{job}/inspect")[0]
        while client.get(f"/v1/jobs/{job}").json()["state"] in ("waiting", "running"):
            time.sleep(0.2)
        yield "the network", client.get(f"/v1/jobs/{job}").json()["seconds"]
        whole = looked(job, "after", "full/1024,")
        yield "first look after (1024 px)", timed(client, "GET", whole)[0]
        yield "the same at another strength", timed(client, "GET", f"{whole}?strength=0.5")[0]
        yield "another tile of it", timed(client, "GET", looked(job, "after", "1024,1024,512,512/max"))[0]
        if megapixels < 50:
            yield "first detail", timed(client, "GET", f"{whole}?detail=0.5")[0]
            yield "other detail", timed(client, "GET", f"{whole}?detail=0.7")[0]
        yield "the result at another strength", timed(client, "GET", f"/v1/jobs/{job}/picture?strength=0.5")[0]


def looked(job: str, look: str, part: str) -> str:
    """Return the path of a look."""
    return f"/v1/iiif/{job}-{look}/{part}/0/default.jpg"


def measured() -> Iterator[dict[str, object]]:
    """Start a server, and yield a row for each step."""
    began = time.perf_counter()
    with running_server(*OPTIONS) as url:
        yield {"megapixels": "", "step": "the server starts", "seconds": f"{time.perf_counter() - began:.2f}"}
        for megapixels in SIZES:
            for step, seconds in steps(url, megapixels):
                yield {"megapixels": megapixels, "step": step, "seconds": f"{seconds:.2f}"}


def main() -> None:
    """Measure, print, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    rows = []
    for row in measured():
        rows.append(row)
        print(*row.values(), sep=" | ", flush=True)
    if asked.out is not None:
        with asked.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
