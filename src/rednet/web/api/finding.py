"""What can be found without restoring: what is wrong with a picture, scratches, a kernel's picture; and examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from fastapi import Request, Response
from fastapi.responses import FileResponse, JSONResponse

from rednet.classical.kernels import parse_kernel, picture_of
from rednet.errors import OptionError
from rednet.images import read_picture
from rednet.restoring.inspection import inspect_file
from rednet.restoring.scratches import find_scratches
from rednet.web.api.examples import Examples
from rednet.web.api.looking import encoded
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.shelf import Shelf

__all__ = ["Finding"]

KERNEL_SIDE = 240  # px
LONGEST_KERNEL = 60  # characters


class Finding:
    """The routes of what can be found.

    Args:
        shelf: has the orders.
        bench: does the work.
    """

    def __init__(self, shelf: Shelf, bench: Bench) -> None:
        self.shelf, self.bench = shelf, bench
        self.examples = Examples(shelf.folder)

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Return paths, methods and functions."""
        return [
            ("/v1/jobs/{job_id}/inspect", "GET", self.inspect),
            ("/v1/jobs/{job_id}/scratches", "GET", self.scratches),
            ("/v1/kernel.png", "GET", self.kernel),
            ("/v1/examples", "GET", self.list_examples),
            ("/v1/examples/{name}", "GET", self.example),
        ]

    async def inspect(self, request: Request, job_id: str) -> Response:
        """Say what a job's picture shows and what is wrong with it, as `rednet inspect` reports it; at once."""
        order = self.shelf.need(job_id)
        how = order.proof.handling

        def look() -> dict[str, Any]:
            with order.in_use():
                found = inspect_file(
                    order.proof.source, max_megapixels=how.max_megapixels, value_range=how.options.range
                )
            return {**asdict(found), "input": order.name}

        return JSONResponse(await self.bench.run(request, look))

    async def scratches(self, request: Request, job_id: str) -> Response:
        """Propose a mask of scratches, a gray PNG of the size of the upright picture, 255 where it is scratched."""
        order = self.shelf.need(job_id)
        how = order.proof.handling

        def find() -> bytes:
            with order.in_use():
                picture = read_picture(
                    order.proof.source, max_megapixels=how.max_megapixels, value_range=how.options.range
                )
                mask = find_scratches(picture.parts[0].pixels)
            return encoded(mask[:, :, None].astype(np.uint8) * np.uint8(255), "png")

        content = await self.bench.run(request, find, slow=True)
        return Response(content, media_type="image/png", headers={"Cache-Control": "no-store"})

    async def kernel(self, kernel: str) -> Response:
        """Draw a blur kernel that is given in words, as in `disk:3`, enlarged."""
        if len(kernel) > LONGEST_KERNEL:
            raise OptionError(f"kernel has {len(kernel)} characters; at most {LONGEST_KERNEL} are allowed")
        levels = picture_of(parse_kernel(kernel), KERNEL_SIDE)
        return Response(encoded(levels[:, :, None], "png"), media_type="image/png")

    async def list_examples(self, request: Request) -> Response:
        """List pictures to try, with the task and the options that suit each."""
        return JSONResponse(await self.bench.run(request, self.examples.described))

    async def example(self, request: Request, name: str) -> Response:
        """Return a picture to try, or its mask."""
        path = await self.bench.run(request, lambda: self.examples.path(name))
        return FileResponse(path, filename=path.name)
