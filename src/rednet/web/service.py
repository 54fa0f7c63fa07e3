"""The service for programs: pictures in, pictures or jobs out."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, JSONResponse

from rednet import __version__
from rednet.errors import RednetError
from rednet.files.file import FileTask
from rednet.files.listing import output_name
from rednet.images import PictureFile
from rednet.images.encoding import written_format
from rednet.web.documents import DESCRIPTIONS, JobStatus, Models
from rednet.web.problems import answered, problem, problem_of, said
from rednet.web.queue import JobQueue, JobState, StoppedError, StoppingError
from rednet.web.shelf import Order, Shelf
from rednet.web.upload import Upload, receive
from rednet.zoo.shipped import shipped_models

__all__ = ["Service"]

PATIENCE_S = 1.0  # between two checks whether the client still waits for the answer


@dataclass(frozen=True)
class Service:
    """The routes.

    Args:
        shelf: takes the orders.
        queue: does them.
        model: the name of the network that is loaded.
    """

    shelf: Shelf
    queue: JobQueue
    model: str

    def router(self) -> APIRouter:
        """Return the routes as FastAPI mounts them."""
        router = APIRouter()
        for path, method, endpoint in (
            ("/v1/restore", "POST", self.restore),
            ("/v1/jobs/{job_id}", "GET", self.job),
            ("/v1/jobs/{job_id}", "DELETE", self.delete),
            ("/v1/jobs/{job_id}/picture", "GET", self.picture),
            ("/v1/models", "GET", self.models),
            ("/healthz", "GET", self.health),
            ("/metrics", "GET", self.metrics),
        ):
            router.add_api_route(path, endpoint, methods=[method], **DESCRIPTIONS[method, path])
        return router

    async def restore(self, request: Request, background: BackgroundTasks) -> Response:
        """Restore a picture.

        A small picture is answered with the result; a large one becomes a job (202), whose state is at
        `/v1/jobs/{id}`. Send a form with the file `picture`, or the picture as the body and the options in the query.
        """
        folder = self.shelf.new_folder()
        try:
            upload = await receive(request, folder)
            task, large = await run_in_threadpool(self.prepare, upload, folder)
            order = self.shelf.place(task, folder)
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if not isinstance(error, RednetError):
                raise
            refusal = problem_of(error, folder)
            self.shelf.counters.refuse(refusal.status_code)
            return refusal
        wait = upload.options.wait
        if large if wait is None else not wait:
            place = f"/v1/jobs/{order.job.id}"
            return JSONResponse(self.status(order).model_dump(), 202, {"Location": place})
        future = order.job.awaited()
        while not (future.done() or self.queue.closed):
            await asyncio.wait([future], timeout=PATIENCE_S)
            if not future.done() and await request.is_disconnected():
                self.shelf.drop(order)
        background.add_task(self.shelf.drop, order)
        if self.queue.closed and (not future.done() or isinstance(future.exception(), StoppedError)):
            return problem_of(StoppingError(), folder)
        return self.answer(order)

    def prepare(self, upload: Upload, folder: Path) -> tuple[FileTask, bool]:
        """Check what was sent, as far as that is possible without decoding it.

        Returns:
            The task, and whether the picture is a large one.

        Raises:
            OptionError, ImageError: it cannot be restored as asked.
        """
        limits, options = self.shelf.limits, upload.options
        source = upload.files["picture"]
        file = PictureFile(source, max_megapixels=limits.max_megapixels)
        todo = options.make_task(upload.files)
        source = source.rename(source.with_suffix(file.ending))
        target = source.with_name(output_name(source, suffix=todo.suffix, format=options.format))
        task = FileTask(source, target, todo, options.handling(limits, f"rednet {__version__} ({options.task})"))
        return task, file.megapixels * todo.enlargement**2 > limits.answer_megapixels

    def answer(self, order: Order) -> Response:
        """Return the picture of a job that has ended, or what went wrong."""
        error = order.job.future.exception()
        if isinstance(error, RednetError):
            return problem_of(error, order.folder)
        if error is not None:
            return problem(500, "something went wrong here; the server's log tells what")
        target = order.task.target
        headers = {"Rednet-Found": order.task.report.words, "Cache-Control": "no-store"}
        if order.task.report.warnings:
            sentences = "; ".join(said(sentence, order.folder) for sentence in order.task.report.warnings)
            headers["Rednet-Warning"] = sentences.encode("ascii", "replace").decode()
        media = written_format(target.suffix).media
        return FileResponse(target, media_type=media, filename=target.name, headers=headers)

    def status(self, order: Order) -> JobStatus:
        """Return a job's state and progress."""
        job = order.job
        error = job.future.exception() if job.future.done() else None
        return JobStatus(
            id=job.id,
            state=job.state,
            share=round(job.done, 3),
            before=self.queue.place(job),
            seconds=round(job.seconds, 1),
            seconds_left=None if job.seconds_left is None else round(job.seconds_left, 1),
            found=order.task.report.words,
            warnings=[said(sentence, order.folder) for sentence in order.task.report.warnings],
            picture=f"/v1/jobs/{job.id}/picture" if job.state is JobState.DONE else None,
            error=None if error is None else answered(error, order.folder),
        )

    async def job(self, job_id: str) -> Response:
        """Return a job's state and progress."""
        order = self.shelf.find(job_id)
        return unknown(job_id) if order is None else JSONResponse(self.status(order).model_dump())

    async def delete(self, job_id: str) -> Response:
        """Stop a job at its next band, and delete it with its pictures."""
        order = self.shelf.find(job_id)
        if order is None:
            return unknown(job_id)
        self.shelf.drop(order)
        return Response(status_code=204)

    async def picture(self, job_id: str) -> Response:
        """Return a finished job's picture."""
        order = self.shelf.find(job_id)
        if order is None:
            return unknown(job_id)
        if not order.job.future.done():
            return problem(409, f"the job is {order.job.state}; ask again when it is done")
        return self.answer(order)

    async def models(self) -> Models:
        """List the networks that come with rednet, and name the one that is loaded."""
        return Models(loaded=self.model, shipped=shipped_models())

    async def health(self) -> Response:
        """Confirm that the thread that runs the network is alive."""
        if not self.queue.thread.is_alive():
            return problem(503, "the thread that runs the network has ended; restart the server")
        return JSONResponse({"status": "ok", "version": __version__})

    async def metrics(self) -> Response:
        """Return the server's figures in the format of Prometheus."""
        return Response(self.shelf.counters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def unknown(job_id: str) -> Response:
    """Return the answer that there is no such job."""
    return problem(404, f"there is no job {job_id!r}; finished ones are kept for a while only")
