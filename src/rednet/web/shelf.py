"""The jobs that programs have asked for, and their pictures until these are fetched or too old."""

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
        task: the files.
        folder: where they lie, and nothing else.
        job: its place in the queue.
    """

    task: FileTask
    folder: Path
    job: Job


class Shelf:
    """Takes orders, and keeps them for a while.

    Args:
        folder: where their files lie.
        queue: does them.
        restorer: runs the network.
        limits: how many are kept, and how long.
        counters: count what became of them.
    """

    def __init__(self, folder: Path, queue: JobQueue, restorer: Restorer, limits: Limits, counters: Counters) -> None:
        self.folder, self.queue, self.restorer = folder, queue, restorer
        self.limits, self.counters = limits, counters
        self.orders: dict[str, Order] = {}
        self.lock = threading.Lock()

    def new_folder(self) -> Path:
        """Makes an empty folder for the files of one order; whoever places no order removes it."""
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))

    def place(self, task: FileTask, folder: Path) -> Order:
        """Puts a restoration into the queue.

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
        """Finds an order by its job's id."""
        self.tidy()
        return self.orders.get(name)

    def drop(self, order: Order) -> None:
        """Forgets an order, stops its job, and removes its files, with those that the job still writes."""
        self.queue.cancel(order.job)
        with self.lock:
            self.orders.pop(order.job.id, None)
        shutil.rmtree(order.folder, ignore_errors=True)
        order.job.future.add_done_callback(lambda future: shutil.rmtree(order.folder, ignore_errors=True))

    def tidy(self) -> None:
        """Drops what has been kept for long enough, and the oldest of what is too much."""
        with self.lock:
            ended = [order for order in self.orders.values() if order.job.state in ENDED]
        ended.sort(key=lambda order: order.job.ended)
        too_many = len(ended) - self.limits.kept
        for place, order in enumerate(ended):
            if place < too_many or time.monotonic() - order.job.ended > self.limits.keep_seconds:
                self.drop(order)
