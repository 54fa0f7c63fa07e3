"""The server's figures for Prometheus, in a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from rednet.web.jobs.queue import Job, JobQueue

__all__ = ["Counters"]

SECONDS = (0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)


class Counters:
    """The server's figures.

    Args:
        queue: its length is reported.
    """

    def __init__(self, queue: JobQueue) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.jobs = Counter("rednet_jobs", "Jobs that have ended, by how.", ["state"], registry=self.registry)
        self.refused = Counter("rednet_refused", "Requests refused, by status.", ["status"], registry=self.registry)
        self.megapixels = Counter("rednet_megapixels", "Megapixels written.", registry=self.registry)
        self.seconds = Histogram("rednet_job_seconds", "How long jobs ran.", buckets=SECONDS, registry=self.registry)
        waiting = Gauge("rednet_waiting_jobs", "Jobs in the queue.", registry=self.registry)
        waiting.set_function(lambda: len(queue.waiting))
        running = Gauge("rednet_running_jobs", "Jobs that the network is at.", registry=self.registry)
        running.set_function(lambda: 0 if queue.current is None else 1)

    def refuse(self, status: int) -> None:
        """Count a request that was refused."""
        self.refused.labels(str(status)).inc()

    def job_ended(self, job: Job, megapixels: float) -> None:
        """Count a job, and the megapixels that it wrote."""
        self.jobs.labels(job.state).inc()
        self.seconds.observe(job.seconds)
        self.megapixels.inc(megapixels)

    def text(self) -> bytes:
        """Return all figures in the format of Prometheus."""
        return generate_latest(self.registry)
