"""Many pictures from the command line: folders, and files."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rednet.cli.display import Bar, print_json, print_passed, print_plan, print_summary
from rednet.cli.hints import flags_of_this_verb, hinted

if TYPE_CHECKING:
    from rednet.cli.job import Job
    from rednet.files.file import Report

__all__ = ["restore_many"]

STREAM = Path("-")


def restore_many(job: Job, output: Path | None, *, dry_run: bool = False, as_json: bool = False) -> bool:
    """Restore files and the pictures of folders, into a folder or beside the files; False if any failed."""
    from rednet.errors import OptionError
    from rednet.files.ledger import Ledger, NoLedger
    from rednet.files.listing import list_entries
    from rednet.files.many import Batch, restore_files
    from rednet.files.preview import preview
    from rednet.images.writing import make_folder

    check_places(job.pictures, output)
    if job.handling.show_removed or job.handling.uncertainty or job.finds_scratches:
        raise OptionError(
            "--show-removed, --uncertainty and --find-scratches take one picture, not a folder, and not several"
        )
    ledger = NoLedger() if output is None else Ledger(output, job.fingerprint()).read()
    passed: Counter[str] = Counter()
    entries = list_entries(
        job.pictures,
        output,
        recursive=job.recursive,
        suffix=job.suffix_beside if output is None else job.suffix or "",
        format=job.format,
        made=ledger.outputs(),
        passed=passed,
    )
    print_passed(passed)
    if not entries:
        names = ", ".join(map(str, job.pictures))
        raise OptionError(f"there are no pictures to restore in {names}; --recursive reads the folders below, too")
    restorer = job.restorer()
    if dry_run:
        reports = preview(entries, Batch(job.task_for, job.handling), restorer, ledger)
        print_json(reports) if as_json else print_plan(reports)
        return not any(report.error for report in reports)
    if output is not None:
        make_folder(output)
    start, flags = time.perf_counter(), flags_of_this_verb()
    with Bar(len(entries)) as bar:

        def tell(report: Report) -> None:
            for sentence in report.warnings:
                bar.say(f"rednet: {report.named(sentence)}")
            if report.error:
                bar.say(f"rednet: {hinted(report.error, report.option, flags)}")
            bar.done(report)

        with ledger:
            reports = restore_files(entries, Batch(job.task_for, job.handling, tell, bar.advance), restorer, ledger)
    if as_json:
        print_json(reports)
    else:
        print_summary("beside the pictures" if output is None else str(output), reports, time.perf_counter() - start)
    return not any(report.error for report in reports)


def check_places(pictures: Sequence[Path], output: Path | None) -> None:
    """Makes sure that many pictures have places to come from and to go to; raises OptionError."""
    from rednet.errors import OptionError
    from rednet.files.listing import leads_to_folder
    from rednet.images.formats import read_endings
    from rednet.images.reading import is_folder

    folder = next((path for path in pictures if leads_to_folder(path)), None)
    if STREAM in pictures:
        raise OptionError("- is one picture, from stdin; give it alone")
    if output == STREAM or (output is None and folder is not None):
        what = f"{folder} is a folder" if folder is not None else f"there are {len(pictures)} pictures"
        raise OptionError(f"{what}; give a folder for the results with -o")
    if output is None or is_folder(output):
        return
    if output.exists():
        raise OptionError(f"{output} is a file; the results of a folder, or of several pictures, need a folder")
    if output.suffix.lower() in read_endings():
        raise OptionError(f"-o {output} names one picture, and there may be several; name a folder")
