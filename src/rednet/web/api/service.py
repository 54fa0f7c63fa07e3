"""The service: a picture in, a picture or a job out; and what the server says of itself."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from rednet import __version__
from rednet.files.listing import output_name
from rednet.files.part import check_region
from rednet.files.proof import Proof
from rednet.images import PictureFile
from rednet.images.formats import format_of
from rednet.web.api.documents import DESCRIPTIONS, Models
from rednet.web.api.finding import Finding
from rednet.web.api.jobs import Jobs
from rednet.web.api.looking import Looking
from rednet.web.api.problems import problem
from rednet.web.api.results import result_of
from rednet.web.api.status import status_of
from rednet.web.api.upload import Upload, receive
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.order import Facts, Order, share_mask, share_picture
from rednet.web.jobs.queue import StoppedError, StoppingError
from rednet.web.jobs.shelf import Shelf
from rednet.zoo.shipped import shipped_models

__all__ = ["Service"]

PATIENCE_S = 1.0  # between two checks whether the client still waits for the answer


@dataclass(frozen=True)
class Service:
    """The routes.

    Args:
        shelf: takes the orders.
        bench: does what needs no network.
    """

    shelf: Shelf
    bench: Bench

    def router(self) -> APIRouter:
        """Return the routes as FastAPI mounts them."""
        router = APIRouter()
        own: list[tuple[str, str, Callable[..., Any]]] = [
            ("/v1/restore", "POST", self.restore),
            ("/v1/models", "GET", self.models),
            ("/healthz", "GET", self.health),
            ("/metrics", "GET", self.metrics),
        ]
        rooms = (Jobs(self.shelf, self.bench), Looking(self.shelf, self.bench), Finding(self.shelf, self.bench))
        for path, method, endpoint in [*own, *(route for room in rooms for route in room.routes())]:
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
            order, large = await run_in_threadpool(self.prepare, upload, folder)
            wait = not large if upload.options.wait is None else upload.options.wait
            self.shelf.place(order, write=wait)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if not wait:
            if await request.is_disconnected():  # nobody will ever know the job's name
                self.shelf.drop(order)
            place = f"/v1/jobs/{order.job.id}"
            return JSONResponse(status_of(order, self.shelf).model_dump(), 202, {"Location": place})
        try:
            await self.awaited(request, order)
        except BaseException:
            self.shelf.drop(order)
            raise
        background.add_task(self.shelf.drop, order)
        return result_of(order, order.target, order.proof.report)

    async def awaited(self, request: Request, order: Order) -> None:
        """Wait until a job is done; stop it if its client leaves.

        Raises:
            StoppingError: the server is stopping. RednetError: the job failed with it.
        """
        future = order.job.awaited()
        while not (future.done() or self.shelf.queue.closed):
            await asyncio.wait([future], timeout=PATIENCE_S)
            if not future.done() and await request.is_disconnected():
                self.shelf.drop(order)
        if self.shelf.queue.closed and (not future.done() or isinstance(future.exception(), StoppedError)):
            raise StoppingError
        if error := future.exception():
            raise error

    def prepare(self, upload: Upload, folder: Path) -> tuple[Order, bool]:
        """Check what was sent, as far as that is possible without decoding it.

        Returns:
            The order, and whether its picture is a large one.

        Raises:
            OptionError, ImageError: it cannot be restored as asked.
        """
        limits, options, files = self.shelf.limits, upload.options, dict(upload.files)
        name, region = upload.name, options.part
        if options.picture_of is not None:
            other = self.shelf.need(options.picture_of)
            name, source = other.name, share_picture(other, folder, looks=region is None)
        else:
            source = files["picture"]
        if options.mask_of is not None:
            files["mask"] = share_mask(self.shelf.need(options.mask_of), folder / "mask.png")
        task = options.make_task(files)
        handling = options.handling(limits, f"rednet {__version__} ({options.task})")
        file = PictureFile(source, max_megapixels=limits.max_megapixels, value_range=handling.options.range)
        if region is not None:
            check_region(file, region, handling.options)
        own = format_of(Path(name).suffix)
        name = name if own is file.format else f"{name if own is None else Path(name).stem}{file.ending}"
        target = folder / f"restored{Path(output_name(Path(name), format=options.format)).suffix}"
        facts = Facts(source.stat().st_size, file.width, file.height, file.kind, file.depth, file.bands)
        proof = Proof(folder, source.rename(source.with_suffix(file.ending)), task, handling, region)
        order = Order(name, facts, proof, target, options.sent)
        return order, order.megapixels * file.pages > limits.answer_megapixels

    async def models(self) -> Models:
        """List the networks that come with rednet, and name those that are loaded."""
        return Models(loaded=[*self.shelf.restorers], shipped=shipped_models())

    async def health(self) -> Response:
        """Confirm that the thread that runs the network is alive."""
        if not self.shelf.queue.thread.is_alive():
            return problem(503, "the thread that runs the network has ended; restart the server")
        return JSONResponse({"status": "ok", "version": __version__})

    async def metrics(self) -> Response:
        """Return the server's figures in the format of Prometheus."""
        return Response(self.shelf.counters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
