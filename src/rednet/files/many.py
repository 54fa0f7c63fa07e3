"""Many files: reading, restoring and writing overlap, and one bad file never stops the rest.

Three threads pass tasks along two short queues: the first opens and reads, the caller's own runs the network, the last
encodes and writes. Stopping (Ctrl-C) leaves only whole files, and a rerun goes on where it was.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rednet.errors import ImageError, RednetError
from rednet.files.file import FileTask, Report
from rednet.files.handling import Handling
from rednet.files.ledger import Ledger, State, hash_file
from rednet.files.listing import Entry
from rednet.images.reading import check_readable
from rednet.images.writing import make_folder
from rednet.progress import Progress, silent
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Task
from rednet.whole_files import sweep

__all__ = ["Batch", "restore_files"]

logger = logging.getLogger(__name__)

AHEAD = 2  # tasks that may wait in each queue: enough to overlap, few enough to hold in memory
PATIENCE_S = 0.2  # how often a waiting thread looks whether it is to stop


@dataclass(frozen=True)
class Batch:
    """What is to be done to many files.

    Args:
        task_for: gives the task for a file.
        handling: how files are handled.
        on_report: called with each file's report as soon as it is done, from any thread.
        on_progress: called with the share of the file that the network is at, 0 to 1.
    """

    task_for: Callable[[Path], Task]
    handling: Handling
    on_report: Callable[[Report], None] = lambda report: None
    on_progress: Progress = silent


@dataclass
class Step:
    """A task on its way.

    Args:
        task: to do.
        source_sha256: hash of its input.
        changed: somebody has changed what it is going to replace, so that must be kept.
    """

    task: FileTask
    source_sha256: str
    changed: bool

    def save(self, ledger: Ledger) -> None:
        """Writes the result, and notes it."""

        def seal(part: Path) -> None:
            ledger.record(self.source_sha256, self.task.target, part)
            if self.changed:
                put_aside(self.task.target)

        self.task.save(seal)


def restore_files(entries: Sequence[Entry], batch: Batch, restorer: Restorer, ledger: Ledger) -> list[Report]:
    """Restores files.

    Args:
        entries: inputs and outputs; those with an error are only reported.
        batch: what is to be done.
        restorer: runs the network.
        ledger: entered; knows what is done already.

    Returns:
        A report for each entry, in the same order.
    """
    reports = [Report(str(entry.source), str(entry.target)) for entry in entries]
    stop = threading.Event()
    loaded: queue.Queue[Step | None] = queue.Queue(AHEAD)
    restored: queue.Queue[Step | None] = queue.Queue(AHEAD)

    @contextmanager
    def guarded(report: Report) -> Iterator[None]:
        """Turns what goes wrong with a file into its report."""
        try:
            yield
        except Exception as error:
            if not isinstance(error, RednetError):
                logger.debug("%s", report.input, exc_info=True)
            report.fail(error)
        if report.status:
            batch.on_report(report)

    def read() -> None:
        swept = set()
        try:
            for entry, report in zip(entries, reports, strict=True):
                if stop.is_set():
                    break
                if entry.target.parent not in swept:
                    swept.add(entry.target.parent)
                    sweep(entry.target.parent)
                step = None
                with guarded(report):
                    step = begin(entry, batch, ledger, report)
                    if step is not None:
                        step.task.load()
                if step is not None and (report.status or not give(loaded, step, stop)):
                    step.task.close()
        finally:
            give(loaded, None, stop)

    def write() -> None:
        try:
            while (step := take(restored, stop)) is not None:
                with guarded(step.task.report):
                    step.save(ledger)
                step.task.close()
        finally:
            stop.set()  # at the end, there is nothing left to wait for

    threads = [threading.Thread(target=target, name=target.__name__, daemon=True) for target in (read, write)]
    for thread in threads:
        thread.start()
    step: Step | None = None
    try:
        while (step := take(loaded, stop)) is not None:
            with guarded(step.task.report):
                step.task.restore(restorer, batch.on_progress)
            if step.task.report.status or not give(restored, step, stop):
                step.task.close()
            step = None  # it is the last thread's now, or closed
        give(restored, None, stop)
    except BaseException:  # Ctrl-C
        stop.set()
        if step is not None:
            step.task.close()
        raise
    finally:
        for thread in threads:
            thread.join()
        for waiting in (loaded, restored):
            while not waiting.empty():
                if (left := waiting.get()) is not None:
                    left.task.close()
    for report in reports:
        if not report.status:
            report.status, report.error = "failed", f"{report.input} was not reached"
    return reports


def begin(entry: Entry, batch: Batch, ledger: Ledger, report: Report) -> Step | None:
    """Decides whether a file is to be restored at all; None if it is done already.

    Raises:
        ImageError: there is something wrong with the entry, or a file that is not ours is in the way.
    """
    if entry.error:
        raise ImageError(entry.error)
    handling = batch.handling
    state = ledger.state(entry.source, entry.target)
    if state is State.DONE:
        report.status = "kept"
        return None
    check_readable(entry.source)
    changed = state is State.CHANGED and not handling.saving.overwrite
    if changed or state is State.STALE:
        handling = replace(handling, saving=replace(handling.saving, overwrite=True))
    make_folder(entry.target.parent)
    task = FileTask(entry.source, entry.target, batch.task_for(entry.source), handling)
    task.report = report
    return Step(task, hash_file(entry.source), changed)


def put_aside(path: Path) -> None:
    """Renames an output that somebody has changed, so that it can be made again and nothing is lost."""
    number = 1
    while (aside := path.with_name(f"{path.stem}.changed-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    logger.warning("%s had been changed: it is now %s, and is made again", path, aside.name)


def give(waiting: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    """Puts an item into a queue; False if all is to stop."""
    while not stop.is_set():
        try:
            waiting.put(item, timeout=PATIENCE_S)
            return True
        except queue.Full:
            continue
    return False


def take(waiting: queue.Queue[Any], stop: threading.Event) -> Any:
    """Takes an item out of a queue; None at its end, or if all is to stop."""
    while not stop.is_set():
        try:
            return waiting.get(timeout=PATIENCE_S)
        except queue.Empty:
            continue
    return None
