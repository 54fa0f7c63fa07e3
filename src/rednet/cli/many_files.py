"""Many pictures from the command line: folders, and several files."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from rednet.cli.command import Command
from rednet.cli.display import Bar, print_json, print_passed, print_summary, show_preview
from rednet.errors import OptionError
from rednet.files.ledger import Ledger
from rednet.files.listing import leads_to_folder, list_entries
from rednet.files.many import Batch, restore_files
from rednet.files.preview import preview
from rednet.files.shards import Shard
from rednet.images.formats import read_endings
from rednet.images.reading import is_folder
from rednet.images.writing import make_folder

__all__ = ["restore_many"]

STREAM = Path("-")


def restore_many(asked: Command) -> bool:
    """Restore files and the pictures of folders, into a folder or beside the files; return False if any failed."""
    output, handling = asked.output, asked.handling
    _check_places(asked)
    if handling.show_removed or handling.uncertainty or asked.finds_scratches:
        raise OptionError(
            "--show-removed, --uncertainty and --find-scratches take one picture, not a folder, and not several"
        )
    shard = None if asked.shard is None else Shard.parse(asked.shard)
    ledger = Ledger() if output is None else Ledger(output, asked.fingerprint(), shard)
    passed: Counter[str] = Counter()
    entries = list_entries(
        asked.pictures,
        output,
        recursive=asked.recursive,
        suffix=asked.suffix_beside if output is None else asked.suffix or "",
        format=asked.format,
        made=lambda: ledger.read().outputs(),
        passed=passed,
    )
    print_passed(passed)
    if not entries:
        names = ", ".join(map(str, asked.pictures))
        raise OptionError(f"there are no pictures to restore in {names}; --recursive reads the folders below, too")
    if shard is not None and output is not None:
        entries = shard.cut(entries, output)
    restorer = asked.restorer()
    if asked.dry_run:
        batch = Batch(asked.task_for, handling)
        return show_preview(preview(entries, batch, restorer, ledger), as_json=asked.as_json)
    if output is not None:
        make_folder(output)
    start = time.perf_counter()
    with Bar(len(entries)) as bar, ledger:
        reports = restore_files(entries, Batch(asked.task_for, handling, bar.done, bar.advance), restorer, ledger)
    if asked.as_json:
        print_json(reports)
    else:
        print_summary("beside the pictures" if output is None else str(output), reports, time.perf_counter() - start)
    return not any(report.error for report in reports)


def _check_places(asked: Command) -> None:
    """Raise OptionError unless the pictures, and the results of many, have places of their own."""
    pictures, output = asked.pictures, asked.output
    folder = next((path for path in pictures if leads_to_folder(path)), None)
    if STREAM in pictures:
        raise OptionError("- is one picture, from stdin; give it alone")
    if output == STREAM or (output is None and folder is not None):
        what = f"{folder} is a folder" if folder is not None else f"there are {len(pictures)} pictures"
        raise OptionError(f"{what}; give a folder for the results with -o")
    if output is None and asked.shard is not None:
        raise OptionError("each shard keeps a ledger in the output folder; give that with -o", option="shard")
    if output is None or is_folder(output):
        return
    if output.exists():
        raise OptionError(f"{output} is a file; the results of a folder, or of several pictures, need a folder")
    if output.suffix.lower() in read_endings():
        raise OptionError(f"-o {output} names one picture, and there may be several; name a folder")
