"""What a job is and how far it is, as JSON."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from rednet.files.looks import Look
from rednet.restoring.options import Options
from rednet.web.api.problems import answered, said
from rednet.web.jobs.order import Order
from rednet.web.jobs.queue import JobState
from rednet.web.jobs.shelf import Shelf

__all__ = ["JobStatus", "status_of"]


class JobStatus(BaseModel):
    """What a job is, and how far."""

    id: str
    state: str
    share: float
    before: int
    seconds: float
    seconds_left: float | None
    found: str
    warnings: list[str]
    picture: str | None
    error: str | None
    name: str
    bytes: int
    width: int
    height: int
    format: str
    depth: str
    bands: int
    scale: int
    options: dict[str, Any]
    touched: bool
    views: list[str]
    tunes: list[str]
    expires_s: float


def status_of(order: Order, shelf: Shelf) -> JobStatus:
    """Return a job's state and progress."""
    job, proof = order.job, order.proof
    done = job.state is JobState.DONE
    fits = proof.task.fitting(Options(strength=0.5, detail=0.5))
    width, height = order.size
    return JobStatus(
        id=job.id,
        state=job.state,
        share=round(job.done, 3),
        before=shelf.queue.place(job),
        seconds=round(job.seconds, 1),
        seconds_left=None if job.seconds_left is None else round(job.seconds_left, 1),
        found=proof.report.words,
        warnings=[said(sentence, order.folder) for sentence in proof.report.warnings],
        picture=f"/v1/jobs/{job.id}/picture" if done else None,
        error=None if job.error is None else answered(job.error, order.folder),
        name=order.name,
        bytes=order.facts.bytes,
        width=width,
        height=height,
        format=order.facts.format,
        depth=order.facts.depth,
        bands=order.facts.bands,
        scale=proof.task.enlargement,
        options=dict(order.options),
        touched=proof.finding is None or not proof.finding.left,
        views=[look.value for look in proof.looks] if done else [Look.BEFORE.value],
        tunes=[name for name in ("strength", "detail") if getattr(fits, name) == 0.5],
        expires_s=round(shelf.seconds_left(order)),
    )
