"""Restores pictures that have URLs: each is copied to this machine, restored as any file, and its result copied back.

Copying and restoring overlap as for files, see `rednet.files.many`. Only a few pictures are on this machine at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from shutil import rmtree

from rednet.cluster.records import Job, Outputs, Records
from rednet.cluster.storage import Found, Storage
from rednet.errors import OptionError
from rednet.files.file import Report
from rednet.files.listing import FOLDER, RESULT, Entry, output_name
from rednet.files.many import Batch, restore_files
from rednet.images.formats import read_endings
from rednet.restoring.restorer import Restorer

__all__ = ["list_jobs", "restore_jobs"]


def list_jobs(
    inputs: Sequence[Storage],
    records: Records,
    *,
    recursive: bool = False,
    suffix: str = "",
    format: str | None = None,
    passed: Counter[str] | None = None,
) -> list[Job]:
    """List pictures and their outputs: folders by name, hidden files and outputs left out.

    Args:
        inputs: files and folders.
        records: of the output folder; knows the outputs of earlier runs.
        recursive, suffix, format, passed: see `rednet.files.listing.list_entries`.

    Raises:
        ImageError: a storage cannot be read. OptionError: see `output_name`; or an output would replace its own input.
    """
    passed, jobs = Counter() if passed is None else passed, list[Job]()
    for given in inputs:
        for found, storage in pictures_of(given, records, recursive=recursive, passed=passed):
            inside = PurePosixPath(found.name)
            name = str(inside.with_name(output_name(Path(found.name), suffix=suffix, format=format)))
            if storage.real(found.name) == records.out.real(name) and storage.disk == records.out.disk:
                raise OptionError(f"{storage.place(found.name)} would be written over itself; give another folder")
            jobs.append(Job(storage, found, name))
    count = Counter(job.name for job in jobs)
    return [replace(job, error=clash(job, records)) if count[job.name] > 1 else job for job in jobs]


def clash(job: Job, records: Records) -> str:
    """Return the error that another input has the same output."""
    return f"another input would give {records.out.place(job.name)}, too; rename one, or keep their formats"


def pictures_of(
    given: Storage, records: Records, *, recursive: bool, passed: Counter[str]
) -> list[tuple[Found, Storage]]:
    """Return the pictures of a folder, or the file itself."""
    if given.is_file():
        above, slash, _ = given.url.rpartition("/")
        folder = Storage(above or slash or ".")
        name = given.root.rpartition("/")[2]
        return [(Found(name, folder.mark(name) or ""), folder)]
    kept, out, endings = [], records.out, read_endings()
    same = given.disk == out.disk
    for found in given.files(recursive=True):
        path, ending = given.path(found.name), PurePosixPath(found.name).suffix.lower()
        if any(part.startswith(".") for part in found.name.split("/")):
            continue
        inside = path.removeprefix(f"{out.root}/") if same and path.startswith(f"{out.root}/") else ""
        if inside and (out.root.startswith(f"{given.root}/") or inside in records.lines):
            passed[RESULT] += 1
        elif not recursive and "/" in found.name:
            passed[FOLDER] = 1
        elif ending not in endings:
            passed[ending] += 1
        else:
            kept.append((found, given))
    return kept


def restore_jobs(jobs: Sequence[Job], batch: Batch, restorer: Restorer, outputs: Outputs, place: Path) -> list[Report]:
    """Restore pictures; report each as soon as it is done, with the URLs of input and output.

    Args:
        jobs: of `list_jobs`.
        batch: what is to be done.
        restorer: runs the network.
        outputs: knows which outputs are done already.
        place: an empty folder on this machine for the pictures that are worked on.

    Returns:
        A report for each picture, in the same order.
    """
    entries = []
    for number, job in enumerate(jobs):
        own = place / str(number)
        name, result = PurePosixPath(job.found.name).name, PurePosixPath(job.name).name
        entries.append(Entry(own / "in" / name, own / "out" / result, job.error))
    outputs.jobs = {entry.target: job for entry, job in zip(entries, jobs, strict=True)}

    def finish(report: Report) -> None:
        source, target = Path(report.input), Path(report.output)
        job = outputs.jobs[target]

        def renamed(words: str) -> str:
            return words.replace(str(source), job.place).replace(str(target), outputs.out.place(job.name))

        report.error = renamed(report.error)
        report.warnings[:] = [renamed(words) for words in report.warnings]
        report.input, report.output = job.place, outputs.out.place(job.name)
        rmtree(source.parents[1], ignore_errors=True)
        batch.on_report(report)

    return restore_files(entries, replace(batch, on_report=finish), restorer, outputs)
