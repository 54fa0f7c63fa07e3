"""Pictures with URLs from the command line, through fsspec; and pictures of any place that a cluster restores."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rednet.cli.command import Command
from rednet.cli.display import Bar, print_json, print_passed, print_summary
from rednet.cluster.records import Job, Records
from rednet.cluster.remote import list_jobs, restore_jobs
from rednet.cluster.storage import Storage
from rednet.errors import OptionError
from rednet.files.file import Report
from rednet.files.many import Batch
from rednet.files.shards import Shard
from rednet.images.reading import is_folder
from rednet.private_folder import private_folder
from rednet.values import settings

__all__ = ["restore_urls"]


def restore_urls(asked: Command, pictures: list[str], output: str | None) -> bool:
    """Restore pictures with URLs, or on a cluster; return False if any failed."""
    _check(asked, pictures, output)
    shard = None if asked.shard is None else Shard.parse(asked.shard)
    out = Storage(str(output))
    records = Records(out, asked.fingerprint(), shard, overwrite=asked.handling.saving.overwrite)
    passed: Counter[str] = Counter()
    jobs = list_jobs(
        [Storage(picture) for picture in pictures], records, recursive=asked.recursive, suffix=asked.suffix or "",
        format=asked.format, passed=passed,
    )  # fmt: skip
    print_passed(passed)
    if not jobs:
        raise OptionError(
            f"there are no pictures to restore in {', '.join(pictures)}; --recursive reads the folders below, too"
        )
    if shard is not None:
        jobs = [job for job in jobs if shard.holds(job.name)]
    start = time.perf_counter()
    with Bar(len(jobs)) as bar, records:
        if asked.cluster is not None:
            reports = _on_cluster(asked, asked.cluster, jobs, records, bar)
        else:
            batch = Batch(asked.task_for, asked.handling, bar.done, bar.advance)
            with private_folder() as place:
                reports = restore_jobs(jobs, batch, asked.restorer(), records, place)
    if asked.as_json:
        print_json(reports)
    else:
        print_summary(out.url, reports, time.perf_counter() - start)
    return not any(report.error for report in reports)


def _on_cluster(asked: Command, address: str, jobs: list[Job], records: Records, bar: Bar) -> list[Report]:
    """Restore pictures on a cluster."""
    from rednet.cluster.ray_cluster import Work, connected, restore_on_cluster, slot_needs

    with connected(address) as ray:
        needs = slot_needs(ray, threads=asked.threads, max_memory=asked.handling.max_memory, device=asked.device)
        own = replace(asked, threads=needs.threads, handling=replace(asked.handling, max_memory=needs.memory))
        work = Work(Batch(own.task_for, own.handling), own.restorer, own.fingerprint, records.made_by)
        return restore_on_cluster(ray, needs, jobs, work, records, bar.done)


def _check(asked: Command, pictures: list[str], output: str | None) -> None:
    """Raise OptionError for what neither pictures with URLs nor those on a cluster have."""
    handling = asked.handling
    if output is None or "-" in (output, *pictures):
        raise OptionError(
            "pictures with URLs, or on a cluster, need a folder or a URL for the results; give it with -o"
        )
    if handling.show_removed or handling.uncertainty or asked.finds_scratches or asked.dry_run:
        raise OptionError(
            "--show-removed, --uncertainty, --find-scratches and --dry-run take pictures on this machine, without URLs "
            "and without --cluster"
        )
    paths = [getattr(asked.task, name) for name, said in settings(asked.task).items() if said.kind is Path]
    if any(path and is_folder(path) for path in paths):
        raise OptionError(
            "pictures with URLs, or on a cluster, take one file for all of them as an option, not a folder"
        )
