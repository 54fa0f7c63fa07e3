"""Runs the validator of the IIIF project against the service's looks: Image API 3.0, level 1.

    pip install iiif-validator
    python benchmarks/iiif.py [--out benchmarks/results/iiif.csv]

The validator's picture is sent to the service, and each of the validator's tests of level 0 and 1 runs on the look
`before` and on the look `after` of a job that changes nothing. The validator asks as the page of another site does,
which the service refuses; so its header `Origin` is left out. Where we differ on purpose, the table says why.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.request import Request

import httpx
import numpy as np
from iiif_validator import validator
from iiif_validator.validator import ImageAPI, TestSuite, ValidationInfo
from PIL import Image
from server import running_server

SQUARE = 100  # px a side of each of the picture's 10 x 10 squares
VERSION, LEVEL = "3.0", 1
OTHERWISE = {
    "cors": "refused on purpose: no other site may read the pictures",
    "size_noup": "other than the validator wants: !w,h beyond the region gives the region, as section 4.2 says",
}


def without_origin(url: str, headers: Mapping[str, str]) -> Request:
    """Make a request of the validator's, without the header that names its site."""
    return Request(url, headers={name: value for name, value in headers.items() if name != "Origin"})


def picture() -> bytes:
    """Draw the validator's picture."""
    colours = np.array(ValidationInfo().colorInfo, np.uint8).transpose(1, 0, 2)
    file = io.BytesIO()
    Image.fromarray(colours.repeat(SQUARE, axis=0).repeat(SQUARE, axis=1)).save(file, "PNG")
    return file.getvalue()


def done_job(url: str) -> str:
    """Send the picture, wait until its job is done, and return the job's id."""
    answer = httpx.post(f"{url}v1/restore?task=denoise&strength=0&wait=false", content=picture())
    place = f"{url.rstrip('/')}{answer.headers['location']}"
    while httpx.get(place).json()["state"] != "done":
        time.sleep(0.1)
    return str(answer.json()["id"])


def validate(url: str) -> Iterator[dict[str, str]]:
    """Run all tests; yield a row for each."""
    job, server = done_job(url), url.split("/")[2]
    for look in ("before", "after"):
        for name, test in sorted(TestSuite(ValidationInfo()).list_tests(VERSION).items()):
            if test["level"] > LEVEL:
                continue
            result = ImageAPI(f"{job}-{look}", server, "v1/iiif", version=VERSION, debug=False)
            try:
                TestSuite(ValidationInfo()).run_test(name, result)
                failed = result.exception
            except Exception as error:
                failed = error
            state = "passed" if failed is None else OTHERWISE.get(name, f"failed: {failed}")
            yield {"look": look, "test": name, "about": test["label"], "level": str(test["level"]), "result": state}


def main() -> None:
    """Run the tests, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    validator.Request = without_origin
    with running_server("--no-page") as url:
        rows = list(validate(url))
    for row in rows:
        print(*row.values(), sep=" | ")
    if asked.out is not None:
        with asked.out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    if any(row["result"].startswith("failed") for row in rows):
        sys.exit("the validator has found faults")


if __name__ == "__main__":
    main()
