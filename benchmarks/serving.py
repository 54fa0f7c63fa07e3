"""Puts `rednet serve` under load: 50 clients, 500 requests of 0.3 megapixels, on loopback.

    python benchmarks/serving.py [--clients 50] [--requests 500] [--out benchmarks/serving.json]

Each request has another strength, so that no two answers are equal, and each answer is compared to the bit with the
expected result of its request. A client that is refused (429) waits `Retry-After` seconds before its next request.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from server import keep, running_server

from rednet.images import from_array, to_array
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Denoise

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"
WIDTH, HEIGHT, PICTURES = 640, 480, 10
MEMORY = re.compile(r"^process_resident_memory_bytes (\S+)", re.MULTILINE)


def pictures() -> list[np.ndarray]:
    """Make noisy pictures, each from another part of a photograph."""
    rng = np.random.default_rng(0)
    names = ("astronaut.png", "coffee.png", "rocket.jpg")
    photos = [np.asarray(Image.open(PHOTOS / name).convert("RGB").resize((960, 720))) for name in names]
    parts = []
    for number in range(PICTURES):
        photo = photos[number % len(photos)]
        top, left = rng.integers(0, 720 - HEIGHT), rng.integers(0, 960 - WIDTH)
        part = photo[top : top + HEIGHT, left : left + WIDTH]
        parts.append(np.clip(part + rng.normal(0, 20, part.shape), 0, 255).round().astype(np.uint8))
    return parts


def as_png(levels: np.ndarray) -> bytes:
    """Encode a picture."""
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "PNG", compress_level=1)
    return file.getvalue()


async def load(url: str, clients: int, requests: int) -> dict[str, Any]:
    """Send all requests and check all answers."""
    restorer = Restorer.from_pretrained()
    damaged = [from_array(levels) for levels in pictures()]
    restorations = [restorer.compute(Denoise(), picture) for picture in damaged]
    files = [as_png(to_array(picture)) for picture in damaged]
    statuses: Counter[int] = Counter()
    wrong, seconds, memory = 0, [], []
    waiting = list(range(requests))[::-1]
    begun = time.perf_counter()

    async def client(http: httpx.AsyncClient) -> None:
        nonlocal wrong
        while waiting:
            number = waiting.pop()
            which, strength = number % PICTURES, number / requests
            start = time.perf_counter()
            answer = await http.post(
                "/v1/restore",
                files={"picture": ("same name.png", files[which], "image/png")},
                data={"task": "denoise", "strength": repr(strength), "wait": "true"},
            )
            statuses[answer.status_code] += 1
            if answer.status_code == 200:
                seconds.append(time.perf_counter() - start)
                wanted = to_array(restorations[which].apply(Options(strength=strength)))
                wrong += not np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), wanted)
            else:
                await asyncio.sleep(int(answer.headers.get("retry-after", 1)))

    async def watch(http: httpx.AsyncClient) -> None:
        while True:
            text = (await http.get("/metrics")).text
            memory.append(float(MEMORY.search(text)[1]) / 1e6)
            await asyncio.sleep(1)

    limits = httpx.Limits(max_connections=clients + 1)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits) as http:
        watching = asyncio.create_task(watch(http))
        await asyncio.gather(*(client(http) for _ in range(clients)))
        watching.cancel()
    third = max(len(memory) // 3, 1)
    return {
        "clients": clients,
        "requests": requests,
        "megapixels_each": WIDTH * HEIGHT / 1e6,
        "answers": {str(status): count for status, count in sorted(statuses.items())},
        "lost": requests - sum(statuses.values()),
        "wrong": wrong,
        "seconds": round(time.perf_counter() - begun, 1),
        "median_wait_s": round(statistics.median(seconds), 2),
        "longest_wait_s": round(max(seconds), 2),
        "memory_mb_first_third": round(max(memory[:third])),
        "memory_mb_last_third": round(max(memory[-third:])),
        "cpus": len(os.sched_getaffinity(0)),
    }


def main() -> None:
    """Start a server, put it under load, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with running_server("--no-page") as url:
        figures = asyncio.run(load(url, asked.clients, asked.requests))
    keep(figures, asked.out)
    if figures["lost"] or figures["wrong"] or set(figures["answers"]) - {"200", "429"}:
        sys.exit("an answer was lost, wrong, or neither 200 nor 429")


if __name__ == "__main__":
    main()
