"""Jobs: how far they are, what they have made, and their end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from fastapi import BackgroundTasks, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from rednet.errors import OptionError
from rednet.web.api.documents import MOST_AT_ONCE
from rednet.web.api.options import Tuning, read, read_each
from rednet.web.api.problems import problem
from rednet.web.api.results import packed, result_of, written
from rednet.web.api.status import status_of
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.order import Order
from rednet.web.jobs.shelf import Shelf

__all__ = ["Jobs"]

MOST_LISTENERS = 64  # streams of events that are open at once
LOOK_EVERY_S, SPEAK_EVERY_S = 0.2, 2.0


@dataclass
class Jobs:
    """The routes of jobs.

    Args:
        shelf: has the orders.
        bench: writes results.
        listeners: how many streams of events are open.
    """

    shelf: Shelf
    bench: Bench
    listeners: int = 0

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Return paths, methods and functions."""
        return [
            ("/v1/jobs", "GET", self.several),
            ("/v1/jobs/{job_id}", "GET", self.one),
            ("/v1/jobs/{job_id}", "DELETE", self.delete),
            ("/v1/jobs/{job_id}/stop", "POST", self.stop),
            ("/v1/jobs/{job_id}/events", "GET", self.events),
            ("/v1/jobs/{job_id}/picture", "GET", self.picture),
            ("/v1/archive", "GET", self.archive),
        ]

    async def one(self, job_id: str) -> Response:
        """Return a job's state and progress."""
        return JSONResponse(self.status(self.shelf.need(job_id)))

    async def several(self, request: Request) -> Response:
        """Return the state and progress of several jobs; unknown ones are left out."""
        found = (self.shelf.find(name) for name in dict.fromkeys(named(request)))
        return JSONResponse([self.status(order) for order in found if order is not None])

    def status(self, order: Order) -> dict[str, Any]:
        """Return a job's JSON."""
        return status_of(order, self.shelf).model_dump()

    async def delete(self, job_id: str) -> Response:
        """Stop a job at its next band, and delete it with its pictures."""
        self.shelf.drop(self.shelf.need(job_id))
        return Response(status_code=204)

    async def stop(self, job_id: str) -> Response:
        """Stop a job, and return its state: cancelled, unless it had ended. Its picture stays for further jobs."""
        order = self.shelf.need(job_id)
        self.shelf.queue.cancel(order.job)
        return JSONResponse(self.status(order))

    async def events(self, job_id: str) -> Response:
        """Stream a job's state and progress, as server-sent events, until the job has ended."""
        order = self.shelf.need(job_id)
        if self.listeners >= MOST_LISTENERS:
            return problem(503, "too many clients listen to jobs; ask for the state now and then", {"Retry-After": "5"})
        self.listeners += 1  # at once: the stream begins later, and other requests come before
        return Listening(self.told(order), self.end_listening)

    def end_listening(self) -> None:
        """Note that a stream has ended."""
        self.listeners -= 1

    async def told(self, order: Order) -> AsyncIterator[str]:
        """Yield an event whenever a job has changed, and at least every SPEAK_EVERY_S."""
        before, silent = None, 0.0
        while not order.gone:
            ended, now = order.ended, self.status(order)
            if now != before or silent >= SPEAK_EVERY_S:
                yield f"event: state\ndata: {json.dumps(now)}\n\n"
                before, silent = now, 0.0
            if ended:
                return
            await asyncio.sleep(LOOK_EVERY_S)
            silent += LOOK_EVERY_S

    async def picture(self, request: Request, job_id: str, background: BackgroundTasks) -> Response:
        """Return a finished job's picture, with the job's own strength, detail and format or with others."""
        order, tuning = self.shelf.need_done(job_id), read(Tuning, request.query_params)
        handling, ending = tuning.handling(order.proof.handling), tuning.ending(order.target.suffix)
        path, report = await self.bench.run(request, lambda: written(order, handling, ending))
        background.add_task(path.unlink, missing_ok=True)
        return result_of(order, path, report)

    async def archive(self, request: Request) -> Response:
        """Stream a zip of the pictures of finished jobs, with their own strength, detail and format or with others.

        Each option may be given once, for all jobs, or once for each job, in the order of the jobs. Where it is empty,
        the job's own counts.
        """
        orders = [self.shelf.need_done(name) for name in named(request)]
        query = request.query_params
        given = {name: query.getlist(name) for name in query if name != "job"}
        parts = list(zip(orders, read_each(Tuning, given, len(orders)), strict=True))
        headers = {"Content-Disposition": 'attachment; filename="rednet.zip"', "Cache-Control": "no-store"}
        return StreamingResponse(packed(self.bench, request, parts), media_type="application/zip", headers=headers)


class Listening(StreamingResponse):
    """A stream of events.

    Args:
        events: the stream.
        on_end: called when it has ended, also if it never began.
    """

    def __init__(self, events: AsyncIterator[str], on_end: Callable[[], None]) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        self.on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.on_end()


def named(request: Request) -> list[str]:
    """Return the jobs that a query names; raise OptionError if it names none, or too many."""
    names = request.query_params.getlist("job")
    if not 0 < len(names) <= MOST_AT_ONCE:
        raise OptionError(f"the query names {len(names)} jobs; name 1 to {MOST_AT_ONCE}, as in ?job=ID&job=ID")
    return names
