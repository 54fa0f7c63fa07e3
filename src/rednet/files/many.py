"""Many files: reading, restoring and writing overlap, and one bad file never stops the rest.

One thread opens and reads, the caller's own thread runs the network, and a third one encodes and writes. Stopping
(Ctrl-C) leaves only whole files, and the next run goes on from there.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from rednet.errors import ImageError, RednetError
from rednet.files.file import FileTask, Report
from rednet.files.handling import Handling
from rednet.files.ledger import OutputState, hash_file
from rednet.files.listing import Entry
from rednet.images.reading import check_readable
from rednet.images.writing import make_folder
from rednet.progress import Progress, silent
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Task
from rednet.whole_files import sweep

__all__ = ["Batch", "Records", "restore_files"]

logger = logging.getLogger(__name__)

AHEAD = 2  # files that are read ahead, and that wait to be written: enough to overlap, few enough to hold in memory


class Records(Protocol):
    """Knows which outputs are done already, as a `Ledger` does."""

    def state(self, source: Path, target: Path) -> OutputState:
        """Return what has become of an output; if it is not done, its input is on this machine afterwards."""

    def record(self, source_sha256: str, target: Path, part: Path) -> None:
        """Note that an output is about to get its name."""


@dataclass(frozen=True)
class Batch:
    """What is to be done to many files.

    Args:
        task_for: returns the task for a file.
        handling: how files are handled.
        on_report: called with each file's report as soon as the file is done, from any thread.
        on_progress: called with the finished fraction of the file that the network works on, 0 to 1.
    """

    task_for: Callable[[Path], Task]
    handling: Handling
    on_report: Callable[[Report], None] = lambda report: None
    on_progress: Progress = silent


@dataclass(frozen=True)
class _Step:
    """A task on its way through the threads.

    Args:
        task: to do.
        source_sha256: hash of its input.
        changed: whether a user has changed the old output, which must be kept then.
    """

    task: FileTask
    source_sha256: str
    changed: bool

    def save(self, ledger: Records) -> None:
        """Write the result, and record it in the ledger."""

        def seal(part: Path) -> None:
            ledger.record(self.source_sha256, self.task.target, part)
            if self.changed:
                _put_aside(self.task.target)

        self.task.save(seal)


def restore_files(entries: Sequence[Entry], batch: Batch, restorer: Restorer, ledger: Records) -> list[Report]:
    """Restore files.

    Args:
        entries: inputs and outputs; those with an error are only reported.
        batch: what is to be done.
        restorer: runs the network.
        ledger: entered; knows which outputs are done already.

    Returns:
        A report for each entry, in the same order.
    """
    reports = [Report(str(entry.source), str(entry.target)) for entry in entries]
    work, swept, unclosed = zip(entries, reports, strict=True), set[Path](), set[FileTask]()
    coming, going = deque[Future[_Step | None]](), deque[Future[None]]()

    @contextmanager
    def guarded(report: Report) -> Iterator[None]:
        """Note in a file's report what goes wrong with the file."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, RednetError):
                logger.debug("%s", report.input, exc_info=True)
            report.fail(error)
        if report.status:
            batch.on_report(report)

    def read(entry: Entry, report: Report) -> _Step | None:
        step = None
        if entry.target.parent not in swept:
            swept.add(entry.target.parent)
            sweep(entry.target.parent)
        with guarded(report):
            step = _begin(entry, batch, ledger, report)
            if step is not None:
                unclosed.add(step.task)
                step.task.load()
        return step

    def write(step: _Step) -> None:
        if not step.task.report.status:  # it has not failed
            with guarded(step.task.report):
                step.save(ledger)
        step.task.close()
        unclosed.discard(step.task)

    try:
        with ThreadPoolExecutor(1, "read") as reader, ThreadPoolExecutor(1, "write") as writer:
            try:
                coming += [reader.submit(read, *item) for item in islice(work, AHEAD)]
                while coming:
                    step = coming.popleft().result()
                    coming += [reader.submit(read, *item) for item in islice(work, 1)]
                    if step is None:
                        continue
                    if not step.task.report.status:
                        with guarded(step.task.report):
                            step.task.restore(restorer, batch.on_progress)
                    going.append(writer.submit(write, step))
                    while len(going) > AHEAD:
                        going.popleft().result()
                for future in going:
                    future.result()
            except BaseException:  # Ctrl-C
                pending: list[Future[Any]] = [*coming, *going]
                for left in pending:
                    left.cancel()
                raise
    finally:
        for task in unclosed:
            task.close()
    return reports


def _begin(entry: Entry, batch: Batch, ledger: Records, report: Report) -> _Step | None:
    """Decide whether a file is to be restored at all; return None if it is done already.

    Raises:
        ImageError: the entry has an error, or a file that rednet has not written is in the way.
    """
    if entry.error:
        raise ImageError(entry.error)
    handling = batch.handling
    state = ledger.state(entry.source, entry.target)
    if state is OutputState.DONE:
        report.status = "kept"
        return None
    check_readable(entry.source)
    changed = state is OutputState.CHANGED and not handling.saving.overwrite
    if changed or state is OutputState.STALE:
        handling = replace(handling, saving=replace(handling.saving, overwrite=True))
    make_folder(entry.target.parent)
    task = FileTask(entry.source, entry.target, batch.task_for(entry.source), handling)
    task.report = report
    return _Step(task, hash_file(entry.source), changed)


def _put_aside(path: Path) -> None:
    """Rename an output that a user has changed, so that it can be made again and nothing is lost."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.changed-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    logger.warning("%s had been changed: it is now %s, and is made again", path, aside.name)
