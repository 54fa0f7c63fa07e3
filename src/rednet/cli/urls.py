"""Pictures with URLs from the command line: object stores and other places, through fsspec."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path

from rednet.cli.command import Command
from rednet.cli.display import Bar, print_json, print_passed, print_summary
from rednet.cluster.records import Records
from rednet.cluster.remote import list_jobs, restore_jobs
from rednet.cluster.storage import Storage
from rednet.errors import OptionError
from rednet.files.many import Batch
from rednet.files.shards import Shard
from rednet.images.reading import is_folder
from rednet.values import settings

__all__ = ["restore_urls"]


def restore_urls(asked: Command, pictures: list[str], output: str | None) -> bool:
    """Restore pictures if they or the output folder have URLs; return False if any failed."""
    _check(asked, pictures, output)
    shard = None if asked.shard is None else Shard.parse(asked.shard)
    out = Storage(str(output))
    records = Records(out, asked.fingerprint(), shard, overwrite=asked.handling.saving.overwrite)
    passed: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="rednet-") as place:
        jobs = list_jobs(
            [Storage(picture) for picture in pictures], records, Path(place), recursive=asked.recursive,
            suffix=asked.suffix or "", format=asked.format, passed=passed,
        )  # fmt: skip
        print_passed(passed)
        if not jobs:
            raise OptionError(
                f"there are no pictures to restore in {', '.join(pictures)}; --recursive reads the folders below, too"
            )
        if shard is not None:
            jobs = [job for job in jobs if shard.holds(job.name)]
        restorer, start = asked.restorer(), time.perf_counter()
        with Bar(len(jobs)) as bar, records:
            reports = restore_jobs(
                jobs, Batch(asked.task_for, asked.handling, bar.done, bar.advance), restorer, records
            )
    if asked.as_json:
        print_json(reports)
    else:
        print_summary(out.url, reports, time.perf_counter() - start)
    return not any(report.error for report in reports)


def _check(asked: Command, pictures: list[str], output: str | None) -> None:
    """Raise OptionError for what pictures with URLs do not have."""
    handling = asked.handling
    if output is None or "-" in (output, *pictures):
        raise OptionError("pictures with URLs need a folder or a URL for the results; give it with -o")
    if handling.show_removed or handling.uncertainty or asked.finds_scratches or asked.dry_run:
        raise OptionError(
            "--show-removed, --uncertainty, --find-scratches and --dry-run take pictures on this machine, without URLs"
        )
    paths = [getattr(asked.task, name) for name, said in settings(asked.task).items() if said.kind is Path]
    if any(path and is_folder(path) for path in paths):
        raise OptionError("pictures with URLs take one file for all of them as an option, not a folder")
