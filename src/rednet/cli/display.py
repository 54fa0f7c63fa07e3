"""What the restoring verbs show: bars on stderr, plans, summaries and JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rednet.cli.hints import flags_of_this_verb, hinted
from rednet.progress import Progress, silent

if TYPE_CHECKING:
    from rednet.files.file import Report

__all__ = ["Bar", "print_json", "print_passed", "print_plan", "print_summary", "progress_bar"]


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """Shows progress on a terminal's stderr, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda share: progress.update(task, completed=share)


class Bar:
    """Pictures that are done, megapixels per second and time left, on a terminal's stderr; only messages elsewhere.

    Args:
        count: how many pictures there are.
    """

    def __init__(self, count: int) -> None:
        self.count, self.finished, self.megapixels = count, 0, 0.0

    def __enter__(self) -> Bar:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.progress = Progress(
            BarColumn(), MofNCompleteColumn(), TextColumn("pictures  {task.description}"), TimeRemainingColumn(),
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self.task = self.progress.add_task("", total=self.count)
        self.progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.progress.stop()

    def say(self, message: str) -> None:
        """Prints a line above the bar."""
        if sys.stderr.isatty():
            self.progress.console.print(message, markup=False, highlight=False, soft_wrap=True)
        else:
            print(message, file=sys.stderr, flush=True)

    def advance(self, share: float) -> None:
        """Shows how far the picture that is being restored has come."""
        self.progress.update(self.task, completed=min(self.finished + share, self.count))

    def done(self, report: Report) -> None:
        """Shows that a picture is finished."""
        self.finished += 1
        self.megapixels += report.megapixels
        elapsed = self.progress.tasks[0].elapsed or 0
        speed = f"{self.megapixels / elapsed:.2f} megapixels/s" if elapsed else ""
        self.progress.update(self.task, completed=self.finished, description=speed)


def print_json(reports: Sequence[Report]) -> None:
    """Prints reports for machines."""
    rows, flags = [], flags_of_this_verb()
    for report in reports:
        row = {**asdict(report), "error": hinted(report.error, report.option, flags)}
        del row["option"]
        rows.append({**row, "megapixels": round(report.megapixels, 6)})
    print(json.dumps(rows, indent=2))


def print_plan(reports: Sequence[Report]) -> None:
    """Prints what would be done, and about how long it would take."""
    for report in reports:
        if report.error:
            print(f"rednet: {hinted(report.error, report.option, flags_of_this_verb())}", file=sys.stderr)
        else:
            size = f", {report.width}x{report.height} px" if report.width else ""
            words = f", {report.words}" if report.words else ""
            print(f"{report.input} -> {report.output}: {report.status}{size}{words}")
    count = Counter(report.status for report in reports)
    seconds = sum(report.seconds for report in reports)
    print(f"{', '.join(f'{number} {status}' for status, number in sorted(count.items()))}; about {seconds:.0f} s")


def print_passed(passed: Mapping[str, int]) -> None:
    """Prints on stderr what was passed over, and why, if anything was; see `rednet.files.listing.list_entries`."""
    from rednet.files.listing import FOLDER, RESULT

    endings = {ending or "without an ending": n for ending, n in passed.items() if n and ending not in (FOLDER, RESULT)}
    reasons = []
    if endings:
        kinds = ", ".join(f"{number} {ending}" for ending, number in sorted(endings.items()))
        reasons.append(f"{kinds} (rednet reads no such files)")
    if passed.get(FOLDER):
        reasons.append(f"{counted(passed[FOLDER], 'folder')} (--recursive reads those, too)")
    if passed.get(RESULT):
        reasons.append(f"{counted(passed[RESULT], 'result')} of this or an earlier run")
    if reasons:
        print(f"rednet: passed over: {'; '.join(reasons)}", file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """Writes a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_summary(output: str, reports: Sequence[Report], seconds: float) -> None:
    """Prints how many pictures were done, and how fast; `output` says where they are."""
    count = Counter(report.status for report in reports)
    megapixels = sum(report.megapixels for report in reports if report.status == "restored")
    what = ", ".join(f"{number} {status}" for status, number in sorted(count.items())) or "nothing to do"
    print(f"{output}: {what}; {megapixels:.1f} megapixels in {seconds:.1f} s")
