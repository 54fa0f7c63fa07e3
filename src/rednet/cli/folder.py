"""A folder of pictures from the command line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rednet.cli.display import Bar, print_json, print_plan, print_summary

if TYPE_CHECKING:
    from rednet.cli.picture import Job, Naming
    from rednet.inference.files import Report
    from rednet.inference.work import Work

__all__ = ["restore_folder"]


def restore_folder(
    folder: Path,
    output: Path | None,
    plan: Callable[[Path], Work],
    job: Job,
    naming: Naming,
    *,
    dry_run: bool = False,
    as_json: bool = False,
) -> bool:
    """Restores the pictures of a folder into another one, and says what was done; False if any failed."""
    from rednet.batch.ledger import Ledger
    from rednet.batch.manifest import list_entries
    from rednet.batch.preview import preview
    from rednet.batch.worker import Batch, restore_files
    from rednet.errors import OptionError
    from rednet.images.reading import is_folder
    from rednet.images.writing import make_folder

    if output is None or output == Path("-"):
        raise OptionError(f"{folder} is a folder; give another one for the results with -o")
    if not is_folder(output) and output.exists():
        raise OptionError(f"{output} is a file; the results of a folder need a folder")
    if job.handling.show_removed or job.handling.uncertainty or job.own.get("find_scratches"):
        raise OptionError("--show-removed, --uncertainty and --find-scratches take one picture, not a folder")
    ledger = Ledger(output, job.fingerprint()).read()
    entries = list_entries(
        folder,
        output,
        recursive=naming.recursive,
        suffix=naming.suffix or "",
        format=naming.format,
        made=ledger.outputs(),
    )
    if not entries:
        raise OptionError(f"there are no pictures in the folder {folder}; --recursive reads those below, too")
    restorer = job.restorer()
    if dry_run:
        reports = preview(entries, Batch(plan, job.handling), restorer, ledger)
        print_json(reports) if as_json else print_plan(reports)
        return not any(report.error for report in reports)
    make_folder(output)
    start = time.perf_counter()
    with Bar(len(entries)) as bar:

        def tell(report: Report) -> None:
            if report.error:
                bar.say(f"rednet: {report.error}")
            bar.done(report)

        with ledger:
            reports = restore_files(entries, Batch(plan, job.handling, tell, bar.advance), restorer, ledger)
    if as_json:
        print_json(reports)
    else:
        print_summary(output, reports, time.perf_counter() - start)
    return not any(report.error for report in reports)
