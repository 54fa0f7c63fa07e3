"""`rednet inspect`: says what is wrong with pictures, and changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rednet.cli.display import print_passed
from rednet.cli.flags import RECURSIVE
from rednet.cli.hints import flags_of_this_verb, hinted, shown, tell
from rednet.images.formats import MAX_MEGAPIXELS
from rednet.restoring.options import Options
from rednet.values import check_setting, settings

if TYPE_CHECKING:
    from rednet.files.listing import Entry

__all__ = ["inspect"]

RANGE = settings(Options)["range"]


def inspect(
    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures and folders to look at.", show_default=False, readable=False)
    ],
    recursive: RECURSIVE = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a report for machines: one JSON object on each line.")
    ] = False,
    value_range: Annotated[str | None, typer.Option("--range", metavar=RANGE.metavar, help=RANGE.help)] = None,
    max_megapixels: Annotated[float, typer.Option(help="Refuse larger pictures.")] = MAX_MEGAPIXELS,
) -> None:
    """Estimate noise and JPEG quality, and say what restore would do."""
    from dataclasses import asdict

    from rednet.errors import ImageError, RednetError
    from rednet.files.listing import Entry
    from rednet.restoring.inspection import inspect_file

    limits = check_setting(Options, "range", value_range)
    passed: Counter[str] = Counter()
    failed, flags = False, flags_of_this_verb()
    for found in find_pictures(pictures, passed, recursive=recursive):
        path = found.source if isinstance(found, Entry) else found
        try:
            if isinstance(found, Entry):
                raise ImageError(found.error)
            facts = inspect_file(found, max_megapixels=max_megapixels, value_range=limits)
            line = json.dumps(asdict(facts)) if as_json else shown(f"{path}: {facts}")
        except RednetError as error:
            words = hinted(str(error), error.option, flags)
            tell(words)
            failed = True
            line = json.dumps({"input": str(path), "error": words}) if as_json else ""
        if line:
            print(line, flush=True)
    print_passed(passed)
    if failed:
        raise typer.Exit(1)


def find_pictures(inputs: list[Path], passed: Counter[str], *, recursive: bool) -> Iterator[Path | Entry]:
    """Yield files, and the pictures of folders; for what cannot be read, entries with errors.

    Args:
        inputs: files and folders.
        passed: counts what is skipped, see `rednet.files.listing.list_entries`.
        recursive: read the folders below, too.
    """
    from rednet.files.listing import Entry, leads_to_folder, pictures_below

    for given in inputs:
        if not leads_to_folder(given):
            yield given
            continue
        empty = True
        for found in pictures_below(given, recursive=recursive, passed=passed):
            empty = False
            yield found
        if empty:
            yield Entry(given, given, f"there are no pictures in {given}; --recursive reads the folders below, too")
