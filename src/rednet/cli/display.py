"""What the verbs print: progress and errors on stderr; previews, summaries and JSON on stdout."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rednet.cli.hints import flags_of_this_verb, hinted, shown, tell
from rednet.progress import Progress, silent

if TYPE_CHECKING:
    from rednet.files.file import Report

__all__ = ["Bar", "print_error", "print_json", "print_passed", "print_summary", "progress_bar", "show_preview"]


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """Show progress if stderr is a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda done: progress.update(task, completed=done)


class Bar:
    """A bar of finished pictures, megapixels a second and time left if stderr is a terminal; errors in any case.

    Args:
        count: how many pictures there are.
    """

    def __init__(self, count: int) -> None:
        self.count, self.finished, self.megapixels, self.flags = count, 0, 0.0, flags_of_this_verb()

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

    def advance(self, done: float) -> None:
        """Show the finished fraction of the picture that is being restored."""
        self.progress.update(self.task, completed=min(self.finished + done, self.count))

    def done(self, report: Report) -> None:
        """Show that a picture is finished, and above the bar its warnings, and the error if it failed."""
        lines = [report.named(sentence) for sentence in report.warnings]
        if report.error:
            lines.append(hinted(report.error, report.option, self.flags))
        for line in lines:
            if sys.stderr.isatty():
                self.progress.console.print(f"rednet: {shown(line)}", markup=False, highlight=False, soft_wrap=True)
            else:
                tell(line)
        self.finished += 1
        self.megapixels += report.megapixels
        elapsed = self.progress.tasks[0].elapsed or 0
        speed = f"{self.megapixels / elapsed:.2f} megapixels/s" if elapsed else ""
        self.progress.update(self.task, completed=self.finished, description=speed)


def print_error(message: str, option: str) -> None:
    """Print an error on stderr, with the flag of the option that helps."""
    tell(hinted(message, option, flags_of_this_verb()))


def show_preview(reports: Sequence[Report], *, as_json: bool) -> bool:
    """Print a preview of what would be done, for people or for machines; return whether no file has an error."""
    print_json(reports) if as_json else _print_preview(reports)
    return not any(report.error for report in reports)


def print_json(reports: Sequence[Report]) -> None:
    """Print reports for machines."""
    rows, flags = [], flags_of_this_verb()
    for report in reports:
        row = {**asdict(report), "error": hinted(report.error, report.option, flags)}
        del row["option"]
        rows.append({**row, "megapixels": round(report.megapixels, 6)})
    print(json.dumps(rows, indent=2))


def _print_preview(reports: Sequence[Report]) -> None:
    """Print what would be done, and about how long it would take."""
    for report in reports:
        if report.error:
            print_error(report.error, report.option)
        else:
            size = f", {report.width}x{report.height} px" if report.width else ""
            words = f", {report.words}" if report.words else ""
            print(shown(f"{report.input} -> {report.output}: {report.status}{size}{words}"))
    count = Counter(report.status for report in reports)
    seconds = sum(report.seconds for report in reports)
    print(f"{', '.join(f'{number} {status}' for status, number in sorted(count.items()))}; about {seconds:.0f} s")


def print_passed(passed: Mapping[str, int]) -> None:
    """Print on stderr what was skipped, and why, if anything was; see `rednet.files.listing.list_entries`."""
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
        tell(f"passed over: {'; '.join(reasons)}")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def print_summary(output: str, reports: Sequence[Report], seconds: float) -> None:
    """Print how many pictures were restored, and how fast; `output` says where they are."""
    count = Counter(report.status for report in reports)
    megapixels = sum(report.megapixels for report in reports if report.status == "restored")
    what = ", ".join(f"{number} {status}" for status, number in sorted(count.items())) or "nothing to do"
    print(shown(f"{output}: {what}; {megapixels:.1f} megapixels in {seconds:.1f} s"))
