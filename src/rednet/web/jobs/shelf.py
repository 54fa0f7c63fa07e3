"""The orders of clients: their jobs, and what is kept of them until it is deleted or was not used for long."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rednet.errors import OptionError, RednetError
from rednet.files.proof import Proof
from rednet.images import Picture, write_picture
from rednet.progress import Progress
from rednet.restoring.restorer import Restorer
from rednet.restoring.task import Task
from rednet.web.jobs.counters import Counters
from rednet.web.jobs.queue import Job, JobQueue, JobState
from rednet.web.limits import Limits

__all__ = ["Facts", "NotDoneError", "Order", "Shelf", "UnknownJobError", "share_mask", "share_picture"]

clock: Callable[[], float] = time.monotonic


class UnknownJobError(RednetError):
    """There is no such job."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no job {name!r}; jobs are kept for a while only")


class NotDoneError(RednetError):
    """The job has no result yet, or will never have one."""


class Facts(NamedTuple):
    """What a picture file is; width and height are those of the upright picture, px."""

    bytes: int
    width: int
    height: int
    format: str
    depth: str
    bands: int


@dataclass(eq=False)
class Order:
    """A restoration that was asked for.

    Args:
        name: of the client's file, to be shown and proposed, never used as a path.
        facts: what the file is.
        proof: the restoration, which keeps all its files, and nothing else, in its folder.
        target: the result as the client asked for it.
        options: as the client sent them.
        job: in the queue.
    """

    name: str
    facts: Facts
    proof: Proof
    target: Path
    options: Mapping[str, Any]
    job: Job = field(init=False)
    used: float = field(default_factory=lambda: clock())
    users: int = 0
    bytes: int = 0
    gone: bool = False
    writing: threading.Lock = field(default_factory=threading.Lock)  # of who writes a result
    counting: threading.Lock = field(default_factory=threading.Lock)  # of who counts the users

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.proof.folder

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is restored, before, px."""
        region = self.proof.region
        return (self.facts.width, self.facts.height) if region is None else (region.width, region.height)

    @property
    def megapixels(self) -> float:
        """Of one page of the result."""
        width, height = self.size
        return width * height * self.proof.task.enlargement**2 / 1e6

    def result_name(self, ending: str) -> str:
        """Return the name that is proposed for a result."""
        return f"{Path(self.name).stem}{self.proof.task.suffix}{ending}"

    @property
    def ended(self) -> bool:
        """Whether its job has ended."""
        return self.job.state.final

    def weigh(self) -> None:
        """Measure what its files take on the disk; files that several orders share count once in all."""
        total = 0.0
        for path in self.folder.glob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                total += status.st_size / max(status.st_nlink, 1)
        self.bytes = int(total)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Work with its files; what is written after the order was dropped is deleted, too.

        Raises:
            UnknownJobError: the work has failed after the order was dropped, perhaps since its files are gone.
        """
        with self.counting:
            self.users += 1
        try:
            yield
        except Exception as error:
            if self.gone:
                raise UnknownJobError(self.job.id) from error
            raise
        finally:
            with self.counting:
                self.users -= 1
            self.used = clock()
            self.weigh()
            if self.gone:
                shutil.rmtree(self.folder, ignore_errors=True)


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
            order.used = clock()
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
            order.used = clock()
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
        return max(self.limits.keep_seconds - (clock() - order.used), 0) if order.ended else self.limits.keep_seconds

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
        idle = [order for order in ended if clock() - order.used > self.limits.keep_seconds]
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


def share_picture(order: Order, folder: Path, *, looks: bool) -> Path:
    """Give another order the same picture without a copy.

    Args:
        order: has the picture.
        folder: of the other order.
        looks: give it what is shown of the picture, too.

    Returns:
        The picture in that folder.
    """
    source = order.proof.source
    with order.in_use():
        shown = order.folder.glob("before*.npy") if looks and order.proof.region is None else ()
        for path in (source, *shown):
            os.link(path, folder / path.name)
    return folder / source.name


def share_mask(order: Order, path: Path) -> Path:
    """Write the mask of an order as a picture; raise OptionError if it has none."""
    mask = order.proof.mask
    if mask is None:
        raise OptionError("that job has no mask: it has filled no missing pixels", option="mask_of")
    with order.in_use():
        pixels = mask.read(slice(None)).astype(np.float32) / np.float32(255)
    write_picture(path, Picture(pixels, None, "uint8"))
    return path
