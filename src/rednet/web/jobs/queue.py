"""The one queue of the page and the service: bounded, and it runs one job at a time."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from enum import StrEnum
from typing import Any

from rednet.errors import RednetError
from rednet.stopping import stoppable

__all__ = ["Job", "JobQueue", "JobState", "QueueFullError", "StoppedError", "StoppingError", "TooSlowError"]

logger = logging.getLogger(__name__)

FIRST_GUESS_S = 1.0  # of a job's time, before one has been measured
MEMORY = 0.8  # of the measured times, against each new one
LONGEST_WAIT_S = 300


class QueueFullError(RednetError):
    """The queue is full.

    Args:
        retry_after: s, until there should be room.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the queue is full; try again in {retry_after} s")
        self.retry_after = retry_after


class StoppedError(RednetError):
    """The job was cancelled."""


class StoppingError(RednetError):
    """The server is stopping and takes no more jobs."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; send the request again when it is back")


class TooSlowError(RednetError):
    """The job has run out of time."""


class JobState(StrEnum):
    """The state of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether a job in this state has ended."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job:
    """One piece of work in the queue.

    The first call of `end` decides how a job ends. A job that is cancelled is so at once; its work may go on until the
    next band, and what comes of it is dropped.

    Args:
        run: does the work; it gets a function to call with the finished fraction, 0 to 1.
        max_seconds: the longest time that it may take.
        on_end: called with the job when it has ended and no thread works on it any more.
    """

    def __init__(
        self,
        run: Callable[[Callable[[float], None]], Any],
        max_seconds: float,
        on_end: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.run, self.max_seconds, self.on_end = run, max_seconds, on_end
        self.state, self.done = JobState.WAITING, 0.0
        self.started = self.ended = math.nan
        self.error: BaseException | None = None
        self.lock = threading.Lock()
        self.future: Future[Any] = Future()

    @property
    def seconds(self) -> float:
        """The time that it has been running, s."""
        if math.isnan(self.started):
            return 0.0
        return (time.monotonic() if math.isnan(self.ended) else self.ended) - self.started

    @property
    def seconds_left(self) -> float | None:
        """The estimated time that is left, s; None while there is no estimate."""
        return self.seconds * (1 - self.done) / self.done if self.state is JobState.RUNNING and self.done else None

    def advance(self, done: float) -> None:
        """Note the finished fraction, 0 to 1, and stop the work if it was cancelled or takes too long.

        Raises:
            StoppedError, TooSlowError: the work must stop.
        """
        self.done = max(self.done, min(done, 1.0))
        if self.state is JobState.CANCELLED:
            raise StoppedError("the job was cancelled")
        if self.seconds > self.max_seconds:
            raise TooSlowError(
                f"the job was stopped after {self.max_seconds:g} s, {self.done:.0%} done; give a smaller picture, or "
                "raise the server's max_seconds"
            )

    def awaited(self) -> asyncio.Future[Any]:
        """Return the future for the running event loop; it may be given up before the job ends."""
        awaited = asyncio.wrap_future(self.future)
        awaited.add_done_callback(lambda done: done.cancelled() or done.exception())  # else asyncio logs a traceback
        return awaited

    def work(self) -> None:
        """Run until the work ends; the future gets the result or the error."""
        with self.lock:
            if not self.state.final:
                self.started, self.state = time.monotonic(), JobState.RUNNING
        result = None
        try:
            self.advance(0.0)
            with stoppable(lambda: self.advance(self.done)):
                result = self.run(self.advance)
            self.end(JobState.DONE)
        except BaseException as error:
            if self.end(JobState.FAILED, error) and not isinstance(error, RednetError):
                logger.exception("a job failed")
        self.settle(result)

    def end(self, state: JobState, error: BaseException | None = None) -> bool:
        """Note how and when the job ended; return False, and change nothing, if it has ended already."""
        with self.lock:
            if self.state.final:
                return False
            if state is JobState.DONE:
                self.done = 1.0
            self.ended, self.error, self.state = time.monotonic(), error, state
            return True

    def settle(self, result: Any = None) -> None:
        """Drop what the job worked on, and tell those who wait for it how it ended."""
        self.run = lambda advance: None
        try:
            self.on_end(self)
        except Exception:  # it must not affect those who wait for this job, nor the next jobs
            logger.exception("what follows a job failed")
        if self.error is None:
            self.future.set_result(result)
        else:
            self.future.set_exception(self.error)


class JobQueue:
    """Jobs that a thread of its own runs one after the other.

    Args:
        size: how many may wait.
    """

    def __init__(self, size: int) -> None:
        self.size, self.usual_seconds = size, FIRST_GUESS_S
        self.waiting: deque[Job] = deque()
        self.current: Job | None = None
        self.changed = threading.Condition()
        self.closed = False
        self.thread = threading.Thread(target=self.work, name="network", daemon=True)
        self.thread.start()

    def submit(self, job: Job) -> Job:
        """Add a job.

        Raises:
            QueueFullError: there is no room. StoppingError: the server is stopping.
        """
        with self.changed:
            if self.closed:
                raise StoppingError
            if len(self.waiting) >= self.size:
                raise QueueFullError(self.retry_after())
            self.waiting.append(job)
            self.changed.notify()
        return job

    def retry_after(self) -> int:
        """Estimate when half of the queue will be done, s: earlier, all refused clients would come back at once."""
        return min(max(math.ceil(self.usual_seconds * len(self.waiting) / 2), 1), LONGEST_WAIT_S)

    def place(self, job: Job) -> int:
        """Return how many jobs are before this one, with the running one."""
        with self.changed:
            return self.waiting.index(job) + (self.current is not None) if job in self.waiting else 0

    def cancel(self, job: Job) -> None:
        """End a job, and stop its work at its next band; a job that has ended stays as it is."""
        job.end(JobState.CANCELLED, StoppedError("the job was cancelled"))
        with self.changed:
            found = job in self.waiting
            if found:
                self.waiting.remove(job)
        if found:
            job.settle()

    def work(self) -> None:
        """Run one job after the other."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.closed)
                if not self.waiting:
                    return
                job = self.current = self.waiting.popleft()
            job.work()
            with self.changed:
                self.current = None
                if job.state is JobState.DONE:
                    self.usual_seconds = MEMORY * self.usual_seconds + (1 - MEMORY) * job.seconds
            del job

    def close(self, patience: float = 30.0) -> None:
        """Cancel all jobs, and wait until the thread has ended, at most `patience` s."""
        self.stop()
        self.thread.join(patience)

    def stop(self) -> None:
        """Cancel all jobs, and take no more."""
        with self.changed:
            self.closed = True
            jobs = [*self.waiting, *([self.current] if self.current else [])]
            self.changed.notify_all()
        for job in jobs:
            self.cancel(job)
