"""Tests the service with requests that schemathesis generates from its OpenAPI: no answer may be a 5xx.

    python benchmarks/contract.py [--cases 2000] [--out benchmarks/contract.json]

The OpenAPI must also describe every answer: its status, media type and shape. Where a request needs a file, some files
are small pictures, which are whole, broken, or claim to be huge; the others are random bytes.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis.strategies import binary, composite, sampled_from
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from server import keep, running_server

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def files() -> list[bytes]:
    """Make small pictures, some of them broken."""
    made = []
    for mode, kind in (
        ("RGB", "PNG"),
        ("L", "PNG"),
        ("RGBA", "PNG"),
        ("RGB", "JPEG"),
        ("RGB", "TIFF"),
        ("RGB", "WEBP"),
    ):
        file = io.BytesIO()
        Image.effect_noise((15, 11), 60).convert(mode).save(file, kind)
        made.append(file.getvalue())
    whole = made[0]
    huge = bytearray(whole)
    huge[16:24] = (40000).to_bytes(4, "big") + (20000).to_bytes(4, "big")
    huge[29:33] = zlib.crc32(bytes(huge[12:29])).to_bytes(4, "big")
    return [*made, whole[:-30], bytes(huge), b""]


def try_contract(cases: int, url: str) -> dict[str, Any]:
    """Generate requests for every route, `cases` in all, and check the answers."""
    begun, statuses, broken = time.perf_counter(), Counter[str](), []
    schemathesis.openapi.format("binary", sampled_from(files()) | binary(max_size=200))
    operations = [result.ok() for result in schemathesis.openapi.from_url(f"{url}openapi.json").get_all_operations()]
    job = done_job(url)
    last = next(operation for operation in operations if operation.label == "POST /v1/restore")
    for operation in [*(one for one in operations if one is not last), last]:
        rest = cases - sum(statuses.values()) if operation is last else cases // (2 * len(operations))
        try:
            try_operation(operation, rest, statuses, job)
        except BaseException as error:
            broken.append(f"{operation.label}: {type(error).__module__}.{type(error).__name__}: {error}")
    return {
        "cases": sum(statuses.values()),
        "answers": dict(sorted(statuses.items())),
        "broken": broken,
        "seconds": round(time.perf_counter() - begun, 1),
    }


def done_job(url: str) -> str:
    """Send a picture as a job, and return the job's id."""
    answer = httpx.post(f"{url}v1/restore?wait=false&task=denoise", content=files()[0])
    return str(answer.json()["id"])


def of_job(case: schemathesis.Case, job: str) -> None:
    """Make every other request one about a job that there is, unless it would delete it."""
    given = case.path_parameters or {}
    if case.method != "DELETE" and hash(str(case.query)) % 2:
        for name in {"job_id", "image"} & given.keys():
            given[name] = job if name == "job_id" else f"{job}-{('before', 'after', 'removed')[len(str(given)) % 3]}"
    if {"region", "size"} <= given.keys() and hash(str(given)) % 2:
        given |= {"region": "full", "size": "max", "rotation": "0", "file": "default.png"}


def try_operation(operation: Any, cases: int, statuses: Counter[str], job: str) -> None:
    """Generate requests for one route, and count the answers; raise an error for a wrong answer."""

    whole, broken = operation.as_strategy(), operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(max_examples=cases, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=sendable(whole | broken))
    def attempt(case: schemathesis.Case) -> None:
        of_job(case, job)
        with rejecting():
            response = case.call()
        statuses[f"{operation.label} {response.status_code}"] += 1
        case.validate_response(response, checks=CHECKS)

    attempt()


@composite
def sendable(draw: Any, cases: Any) -> schemathesis.Case:
    """Draw a case that schemathesis can make."""
    with rejecting():
        return draw(cases)


@contextmanager
def rejecting() -> Iterator[None]:
    """Skip a case that schemathesis cannot make or cannot send."""
    try:
        yield
    except ValueError as error:
        if "Unsupported type" in str(error):
            reject()
        raise


def main() -> None:
    """Run the test, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    with running_server("--no-page") as url:
        figures = try_contract(asked.cases, url)
    keep(figures, asked.out)
    if figures["broken"]:
        sys.exit("the service broke its contract")


if __name__ == "__main__":
    main()
