"""The results of finished jobs: one as a file, or several as a zip."""

from __future__ import annotations

import secrets
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, cast

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse

from rednet.files.file import Report
from rednet.files.handling import Handling
from rednet.images.encoding import written_format
from rednet.web.api.options import TuningBase
from rednet.web.api.problems import said
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.order import Order

__all__ = ["packed", "result_of", "written"]

CHUNK = 1 << 20  # bytes


def written(order: Order, handling: Handling, ending: str) -> tuple[Path, Report]:
    """Write a result of a finished job into a new file of its folder."""
    path = order.folder / f"result-{secrets.token_hex(8)}{ending}"
    with order.in_use(), order.writing:
        return path, order.proof.save(path, handling)


def result_of(order: Order, path: Path, report: Report) -> FileResponse:
    """Return a result that was written, with what there is to say about it."""
    headers = {"Rednet-Found": order.proof.report.words, "Cache-Control": "no-store"}
    if warnings := dict.fromkeys([*order.proof.report.warnings, *report.warnings]):
        sentences = "; ".join(said(sentence, order.folder) for sentence in warnings)
        headers["Rednet-Warning"] = sentences.encode("ascii", "replace").decode()
    media = written_format(path.suffix).media
    return FileResponse(path, media_type=media, filename=order.result_name(path.suffix), headers=headers)


async def packed(bench: Bench, request: Request, parts: list[tuple[Order, TuningBase]]) -> AsyncIterator[bytes]:
    """Yield a zip, stored and not compressed, of the pictures of finished jobs, written one after the other.

    Args:
        bench: writes the pictures.
        request: of the client that gets the zip.
        parts: the jobs, and how the picture of each is tuned.
    """
    sink, taken = Sink(), set[str]()
    with ExitStack() as stack, zipfile.ZipFile(cast(IO[bytes], sink), "w") as archive:
        for order, _ in parts:
            stack.enter_context(order.in_use())
        for order, tuning in parts:
            path = await bench.run(request, partial(tuned, order, tuning))
            try:
                name = distinct(order.result_name(path.suffix), taken)
                entry = zipfile.ZipInfo(name, time.localtime()[:6])
                with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as packing:
                    while chunk := await run_in_threadpool(file.read, CHUNK):
                        packing.write(chunk)
                        yield sink.take()
            finally:
                path.unlink(missing_ok=True)
        archive.close()
        yield sink.take()


def tuned(order: Order, tuning: TuningBase) -> Path:
    """Write a result of a finished job, without the options that its task does not have."""
    handling = tuning.handling(order.proof.handling)
    handling = replace(handling, options=order.proof.task.fitting(handling.options))
    return written(order, handling, tuning.ending(order.target.suffix))[0]


def distinct(name: str, taken: set[str]) -> str:
    """Return a name that was not taken, and take it; case does not tell names apart everywhere."""
    stem, ending, number = Path(name).stem, Path(name).suffix, 1
    while name.lower() in taken:
        number += 1
        name = f"{stem}-{number}{ending}"
    taken.add(name.lower())
    return name


class Sink:
    """A file that can only be written to, and whose bytes are taken as they come."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing; zipfile calls it."""

    def take(self) -> bytes:
        """Return the bytes that came since the last call."""
        data, self.parts = b"".join(self.parts), []
        return data
