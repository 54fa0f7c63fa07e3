"""The orders of programs: their jobs, and their pictures until these are fetched or too old."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from rednet.files.file import FileTask
from rednet.progress import Progress
from rednet.restoring.restorer import Restorer
from rednet.web.counters import Counters
from rednet.web.limits import Limits
from rednet.web.queue import Job, JobQueue, JobState

__all__ = ["Order", "Shelf"]

ENDED = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class Order:
    """A restoration that was asked for.

    Args:
        task: the file task.
        folder: holds its files, and nothing else.
        job: the job in the queue.
    """

    task: FileTask
    folder: Path
    job: Job


class Shelf:
    """Takes orders, and keeps them for a while.

    Args:
        folder: holds their files.
        queue: runs their jobs.
        restorer: runs the network.
        limits: how many orders are kept, and how long.
        counters: count how the jobs ended.
    """

    def __init__(self, folder: Path, queue: JobQueue, restorer: Restorer, limits: Limits, counters: Counters) -> None:
        self.folder, self.queue, self.restorer = folder, queue, restorer
        self.limits, self.counters = limits, counters
        self.orders: dict[str, Order] = {}
        self.lock = threading.Lock()

    def new_folder(self) -> Path:
        """Make an empty folder for the files of one order; a caller that places no order deletes it."""
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))

    def place(self, task: FileTask, folder: Path) -> Order:
        """Put a restoration into the queue.

        Raises:
            QueueFullError: there is no room.
        """

        def end(job: Job) -> None:
            task.close()
            self.counters.job_ended(job, task.report.megapixels)

        def run(advance: Progress) -> None:
            task.load()
            task.restore(self.restorer, advance)
            task.save()

        job = Job(run, self.limits.max_seconds, end)
        order = Order(task, folder, job)
        with self.lock:
            self.orders[job.id] = order
        try:
            self.queue.submit(job)
        except BaseException:
            with self.lock:
                del self.orders[job.id]
            raise
        self.tidy()
        return order

    def find(self, name: str) -> Order | None:
        """Return the order with a job's id, or None."""
        self.tidy()
        return self.orders.get(name)

    def drop(self, order: Order) -> None:
        """Delete an order: stop its job, and delete its files, with those that the job still writes."""
        self.queue.cancel(order.job)
        with self.lock:
            self.orders.pop(order.job.id, None)
        shutil.rmtree(order.folder, ignore_errors=True)
        order.job.future.add_done_callback(lambda future: shutil.rmtree(order.folder, ignore_errors=True))

    def tidy(self) -> None:
        """Delete the orders that ended long ago, and the oldest of too many."""
        with self.lock:
            ended = [order for order in self.orders.values() if order.job.state in ENDED]
        ended.sort(key=lambda order: order.job.ended)
        too_many = len(ended) - self.limits.kept
        for place, order in enumerate(ended):
            if place < too_many or time.monotonic() - order.job.ended > self.limits.keep_seconds:
                self.drop(order)
