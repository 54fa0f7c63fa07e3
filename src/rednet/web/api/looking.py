"""Looks at a job's picture, part by part at any size: the IIIF Image API 3.0, level 1.

Source: https://iiif.io/api/image/3.0/ and https://iiif.io/api/image/3.0/compliance/.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from fastapi import Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from numpy.typing import NDArray

from rednet.files.looks import Look, Region, look_at
from rednet.images.picture import libvips
from rednet.web.api.options import LookTuning, read
from rednet.web.api.problems import RequestError
from rednet.web.jobs.bench import Bench
from rednet.web.jobs.order import Order, UnknownJobError
from rednet.web.jobs.queue import JobState
from rednet.web.jobs.shelf import NotDoneError, Shelf

__all__ = ["Looking", "encoded"]

TILE = 512  # px a side
MOST_PIXELS = 4_000_000  # of an answer
CONTEXT = "http://iiif.io/api/image/3/context.json"
LINKED = f'application/ld+json;profile="{CONTEXT}"'
JPEG_QUALITY = 90
WHITE = 255


@dataclass(frozen=True)
class Looking:
    """The routes of the looks.

    Args:
        shelf: has the orders.
        bench: makes what is shown.
    """

    shelf: Shelf
    bench: Bench

    def routes(self) -> list[tuple[str, str, Callable[..., Any]]]:
        """Return paths, methods and functions."""
        return [
            ("/v1/iiif/{image}", "GET", self.base),
            ("/v1/iiif/{image}/info.json", "GET", self.info),
            ("/v1/iiif/{image}/{region}/{size}/{rotation}/{file}", "GET", self.part),
        ]

    def find(self, image: str) -> tuple[Order, Look]:
        """Return the order and the look that an identifier names.

        Raises:
            UnknownJobError: there is no such job or look. NotDoneError: the look is not there yet.
        """
        name, _, look = image.rpartition("-")
        order = self.shelf.need(name)
        if look not in list(Look):
            raise UnknownJobError(image)
        if look != Look.BEFORE and order.job.state is not JobState.DONE:
            raise NotDoneError(f"the job is {order.job.state}; look at it when it is done")
        if look != Look.BEFORE and look not in order.proof.looks:
            raise UnknownJobError(image)
        return order, Look(look)

    async def base(self, request: Request, image: str) -> Response:
        """Redirect to the description of an image."""
        self.find(image)
        return RedirectResponse(f"{request.url.path}/info.json", 303)

    async def info(self, request: Request, image: str) -> Response:
        """Describe an image, for viewers."""
        order, look = self.find(image)
        scale = order.proof.task.enlargement if look is Look.AFTER else 1
        width, height = (side * scale for side in order.size)
        scales = [1 << level for level in range(max(width, height).bit_length()) if max(width, height) >> level >= TILE]
        answer = {
            "@context": CONTEXT,
            "id": str(request.url.replace(query="")).removesuffix("/info.json"),
            "type": "ImageService3",
            "protocol": "http://iiif.io/api/image",
            "profile": "level1",
            "width": width,
            "height": height,
            "maxArea": MOST_PIXELS,
            "tiles": [{"width": TILE, "scaleFactors": scales or [1]}],
            "extraFormats": ["png"],
            "extraFeatures": ["sizeByConfinedWh"],
        }
        linked = "application/ld+json" in request.headers.get("accept", "")
        return JSONResponse(answer, media_type=LINKED if linked else None, headers={"Cache-Control": "no-store"})

    async def part(self, request: Request, image: str, region: str, size: str, rotation: str, file: str) -> Response:
        """Return a part of an image."""
        order, look = self.find(image)
        options = read(LookTuning, request.query_params).handling(order.proof.handling).options
        options = order.proof.task.fitting(options)
        if rotation != "0":
            raise RequestError(f"rotation is {rotation!r}; it can only be 0")
        quality, _, ending = file.partition(".")
        if quality != "default" or ending not in ("jpg", "png"):
            raise RequestError(f"{file!r} is not to be had; give default.jpg or default.png")
        scale = order.proof.task.enlargement if look is Look.AFTER else 1
        place = parse_region(region, order.size[0] * scale, order.size[1] * scale)
        target = parse_size(size, place)

        def make() -> bytes:
            with order.in_use():
                return encoded(look_at(order.proof.layers(), look, place, target, options), ending)

        content = await self.bench.run(request, make)
        media = "image/jpeg" if ending == "jpg" else "image/png"
        link = '<http://iiif.io/api/image/3/level1.json>;rel="profile"'
        return Response(content, media_type=media, headers={"Cache-Control": "no-store", "Link": link})


def parse_region(text: str, width: int, height: int) -> Region:
    """Return the region that a part of a path names: `full`, `square`, or `x,y,w,h` in px.

    Raises:
        RequestError: it is none of them, or lies outside the image.
    """
    if text == "full":
        return Region(0, 0, width, height)
    if text == "square":
        side = min(width, height)
        return Region((width - side) // 2, (height - side) // 2, side, side)
    if not re.fullmatch(r"\d{1,9}(,\d{1,9}){3}", text, re.ASCII):
        raise RequestError(f"region is {text!r}; give full, square, or x,y,w,h in px")
    left, top, w, h = map(int, text.split(","))
    region = Region(left, top, min(w, width - left), min(h, height - top))
    if min(region.width, region.height) < 1:
        raise RequestError(f"region {text} has no pixel in an image of {width}x{height} px")
    return region


def parse_size(text: str, region: Region) -> tuple[int, int]:
    """Return the width and height that a part of a path names: `max`, `w,`, `,h`, `w,h` or `!w,h`.

    Raises:
        RequestError: it is none of them, is larger than the region, or too large for an answer.
    """
    if text == "max":
        scale = min((MOST_PIXELS / (region.width * region.height)) ** 0.5, 1)
        return fitted(region, scale)
    match = re.fullmatch(r"(!?)(\d{0,9}),(\d{0,9})", text, re.ASCII)
    if match is None or not (match[2] or match[3]) or (match[1] and not (match[2] and match[3])):
        raise RequestError(f"size is {text!r}; give max, w, or ,h or w,h or !w,h in px")
    width, height = (int(side) if side else None for side in match.groups()[1:])
    if match[1] and width and height:
        return fitted(region, min(width / region.width, height / region.height, 1))
    if width is None and height is not None:
        width = max(round(region.width * height / region.height), 1)
    elif height is None and width is not None:
        height = max(round(region.height * width / region.width), 1)
    assert width is not None and height is not None
    if not (0 < width <= region.width and 0 < height <= region.height):
        raise RequestError(f"size {text} is not within the region, {region.width}x{region.height} px; it cannot grow")
    if width * height > MOST_PIXELS:
        raise RequestError(f"size {text} has more than {MOST_PIXELS} px; give a smaller one, or max")
    return width, height


def fitted(region: Region, scale: float) -> tuple[int, int]:
    """Return the size of a region at a scale, px; at least 1."""
    return max(int(region.width * scale), 1), max(int(region.height * scale), 1)


def encoded(levels: NDArray[np.uint8], ending: str) -> bytes:
    """Return a picture as JPEG, on white if it has transparency, or as PNG."""
    image = libvips().Image.new_from_array(levels)
    image = image.copy(interpretation="b-w" if image.bands < 3 else "srgb")
    if ending == "png":
        content: bytes = image.pngsave_buffer(compression=1, keep="none")
        return content
    if image.hasalpha():
        image = image.flatten(background=WHITE)
    return bytes(image.jpegsave_buffer(Q=JPEG_QUALITY, keep="none", subsample_mode="off"))
