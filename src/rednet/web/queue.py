"""The one queue: bounded, and one network at a time, for the page and for the service alike."""

from __future__ import annotations

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
    """No further job can be taken.

    Args:
        retry_after: s, until there should be room.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"the queue is full; try again in {retry_after} s")
        self.retry_after = retry_after


class StoppedError(RednetError):
    """Somebody has cancelled the job."""


class StoppingError(RednetError):
    """The server stops, and takes no job any more."""

    def __init__(self) -> None:
        super().__init__("the server is stopping; send the request again when it is back")


class TooSlowError(RednetError):
    """The job has run out of time."""


class JobState(StrEnum):
    """What has become of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """One piece of work in the queue.

    Args:
        run: does it; is given a function to call with the share that is done.
        max_seconds: it may take.
        on_end: called when the job has ended, with it.
    """

    def __init__(
        self,
        run: Callable[[Callable[[float], None]], Any],
        max_seconds: float,
        on_end: Callable[[Job], None] = lambda job: None,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.run, self.max_seconds, self.on_end = run, max_seconds, on_end
        self.state, self.share = JobState.WAITING, 0.0
        self.started = self.ended = math.nan
        self.stopping = False
        self.future: Future[Any] = Future()

    @property
    def seconds(self) -> float:
        """How long it has been running, s."""
        if math.isnan(self.started):
            return 0.0
        return (time.monotonic() if math.isnan(self.ended) else self.ended) - self.started

    @property
    def seconds_left(self) -> float | None:
        """About how much longer it runs, s; None as long as nobody can tell."""
        return self.seconds * (1 - self.share) / self.share if self.state is JobState.RUNNING and self.share else None

    def advance(self, share: float) -> None:
        """Notes the share that is done; stops the work if it is unwanted or late.

        Raises:
            StoppedError, TooSlowError: so.
        """
        self.share = max(self.share, min(share, 1.0))
        if self.stopping:
            raise StoppedError("the job was cancelled")
        if self.seconds > self.max_seconds:
            raise TooSlowError(
                f"the job was stopped after {self.max_seconds:g} s, {self.share:.0%} done; give a smaller picture, or "
                "raise the server's max_seconds"
            )

    def work(self) -> None:
        """Runs to the end, whatever that is; the future holds the result or the error."""
        self.started, self.state = time.monotonic(), JobState.RUNNING
        try:
            self.advance(0.0)
            with stoppable(lambda: self.advance(self.share)):
                result = self.run(self.advance)
            if self.stopping:  # since its last band
                raise StoppedError("the job was cancelled")
        except BaseException as error:
            if not isinstance(error, RednetError):
                logger.exception("a job failed")
            self.end(JobState.CANCELLED if isinstance(error, StoppedError) else JobState.FAILED)
            self.future.set_exception(error)
        else:
            self.share = 1.0
            self.end(JobState.DONE)
            self.future.set_result(result)

    def end(self, state: JobState) -> None:
        """Notes how and when it ended, and lets go of what it worked on."""
        self.ended, self.state = time.monotonic(), state
        self.run = lambda advance: None
        try:
            self.on_end(self)
        except Exception:  # whoever waits for the job, and the jobs behind it, must not suffer
            logger.exception("what follows a job failed")


class JobQueue:
    """Jobs, done one after the other by a thread of its own.

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
        """Takes a job.

        Raises:
            QueueFullError: there is no room.
            StoppingError: there will be none.
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
        """Estimates when half of the queue has been worked through, s: before, all who come again meet again."""
        return min(max(math.ceil(self.usual_seconds * len(self.waiting) / 2), 1), LONGEST_WAIT_S)

    def place(self, job: Job) -> int:
        """Tells how many jobs are before this one, the running one counted."""
        with self.changed:
            return self.waiting.index(job) + (self.current is not None) if job in self.waiting else 0

    def cancel(self, job: Job) -> None:
        """Takes a job out of the queue, or stops it at its next band; one that has ended stays as it is."""
        with self.changed:
            job.stopping = True
            found = job in self.waiting
            if found:
                self.waiting.remove(job)
        if found:
            job.end(JobState.CANCELLED)
            job.future.set_exception(StoppedError("the job was cancelled"))

    def work(self) -> None:
        """Does one job after the other."""
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
        """Cancels everything and waits until the network rests, at most `patience` s."""
        self.stop()
        self.thread.join(patience)

    def stop(self) -> None:
        """Cancels everything, and takes no further job."""
        with self.changed:
            self.closed = True
            jobs = [*self.waiting, *([self.current] if self.current else [])]
            self.changed.notify_all()
        for job in jobs:
            self.cancel(job)
