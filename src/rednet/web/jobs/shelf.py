"""Takes the orders of clients, and keeps them until they are deleted or were not used for long."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from rednet.errors import RednetError
from rednet.progress import Progress
from rednet.restoring.restorer import Restorer
from rednet.restoring.task import Task
from rednet.web.jobs.counters import Counters
from rednet.web.jobs.order import Order, UnknownJobError
from rednet.web.jobs.queue import Job, JobQueue, JobState
from rednet.web.limits import Limits

__all__ = ["NotDoneError", "Shelf"]


class NotDoneError(RednetError):
    """The job has no result yet, or will never have one."""


class Shelf:
    """Takes orders, and keeps them for a while.

    Args:
        folder: holds their files.
        queue: runs their jobs.
        restorers: run the networks, by their names; a task gets that of its own network, or else the first.
        limits: how many orders are kept, and how long.
        counters: count how the jobs ended.
    """

    def __init__(
        self, folder: Path, queue: JobQueue, restorers: Mapping[str, Restorer], limits: Limits, counters: Counters
    ) -> None:
        self.folder, self.queue, self.restorers = folder, queue, restorers
        self.limits, self.counters = limits, counters
        self.orders: dict[str, Order] = {}
        self.lock = threading.Lock()

    def new_folder(self) -> Path:
        """Make an empty folder for the files of one order; a caller that places no order deletes it."""
        return Path(tempfile.mkdtemp(prefix="job-", dir=self.folder))

    def restorer_of(self, task: Task) -> Restorer:
        """Return the restorer that carries out a task."""
        return self.restorers.get(task.model) or next(iter(self.restorers.values()))

    def place(self, order: Order, *, write: bool) -> None:
        """Put a restoration into the queue.

        Args:
            order: the restoration.
            write: write the result as soon as the network has run.

        Raises:
            QueueFullError: there is no room.
        """
        proof, megapixels = order.proof, 0.0

        def run(advance: Progress) -> None:
            nonlocal megapixels
            proof.compute(order.target, self.restorer_of(proof.task), advance)
            report = proof.report
            if write:
                report = proof.save(order.target, proof.handling)
            megapixels = report.megapixels or order.megapixels

        def end(job: Job) -> None:
            if job.state is not JobState.DONE:
                proof.clear()
            order.use()
            order.weigh()
            self.counters.job_ended(job, megapixels)

        order.job = Job(run, self.limits.max_seconds, end)
        with self.lock:
            self.orders[order.job.id] = order
        try:
            self.queue.submit(order.job)
        except BaseException:
            with self.lock:
                del self.orders[order.job.id]
            raise
        self.tidy()

    def find(self, name: str) -> Order | None:
        """Return the order with a job's id, or None."""
        self.tidy()
        order = self.orders.get(name)
        if order is not None:
            order.use()
        return order

    def need(self, name: str) -> Order:
        """Return the order with a job's id; raise UnknownJobError if there is none."""
        order = self.find(name)
        if order is None:
            raise UnknownJobError(name)
        return order

    def need_done(self, name: str) -> Order:
        """Return the order of a job that is done.

        Raises:
            UnknownJobError: there is none. NotDoneError: it is not done yet. RednetError: it failed with it.
        """
        order = self.need(name)
        if not order.ended:
            raise NotDoneError(f"the job is {order.job.state}; ask again when it is done")
        if order.job.error is not None:
            raise order.job.error
        return order

    def seconds_left(self, order: Order) -> float:
        """Return how long an order is kept if it is not used, s."""
        return max(self.limits.keep_seconds - order.idle, 0) if order.ended else self.limits.keep_seconds

    def drop(self, order: Order) -> None:
        """Delete an order: stop its job, and delete its files, with those that are still being written."""
        self.queue.cancel(order.job)
        with self.lock:
            self.orders.pop(order.job.id, None)
        order.gone = True
        shutil.rmtree(order.folder, ignore_errors=True)
        order.job.future.add_done_callback(lambda future: shutil.rmtree(order.folder, ignore_errors=True))

    def tidy(self) -> None:
        """Delete the orders that were not used for long, and of too many or too large ones those that ended first."""
        with self.lock:
            ended = sorted((order for order in self.orders.values() if order.ended), key=lambda order: order.job.ended)
        idle = [order for order in ended if order.idle > self.limits.keep_seconds]
        rest = [order for order in ended if order not in idle]
        sizes = [order.bytes for order in rest]
        most = self.most_bytes(sum(sizes))
        for place, order in enumerate(rest[:-1]):  # the newest one stays in any case
            if len(rest) - place > self.limits.kept or sum(sizes[place:]) > most:
                idle.append(order)
        for order in idle:
            if not order.users:
                self.drop(order)

    def most_bytes(self, ours: int) -> float:
        """Return how many bytes may be kept: the limit, or half of what the disk has for us if that is less."""
        return min(self.limits.kept_bytes, (shutil.disk_usage(self.folder).free + ours) / 2)
