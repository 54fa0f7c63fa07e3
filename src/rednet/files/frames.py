"""Restores raw frames of a video that come through a pipe, one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.images.picture import from_array, to_array
from rednet.restoring.finding import Finding
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Task

__all__ = ["PIXELS", "Layout", "parse_size", "restore_frames"]

MOST_SIDE = 32768  # px


class Layout(NamedTuple):
    """How one pixel of a raw frame is stored.

    Args:
        channels: 1 for gray, 3 for RGB.
        kind: numpy's name of the type of one value.
    """

    channels: int
    kind: str


PIXELS: Mapping[str, Layout] = {
    "gray": Layout(1, "<u1"),
    "rgb24": Layout(3, "<u1"),
    "gray16le": Layout(1, "<u2"),
    "rgb48le": Layout(3, "<u2"),
}
"""The layouts, by ffmpeg's names."""


def parse_size(text: str) -> tuple[int, int]:
    """Return width and height, px, of a size such as 1920x1080; raise OptionError if it is none.

    Example:
        >>> parse_size("1920x1080")
        (1920, 1080)
    """
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    sides = tuple(int(side) for side in found.groups()) if found else ()
    if len(sides) != 2 or not all(1 <= side <= MOST_SIDE for side in sides):
        raise OptionError(f"size is {text!r}; give width and height of a frame in px, as in 1920x1080", option="size")
    return sides[0], sides[1]


def restore_frames(
    source: BinaryIO,
    target: BinaryIO,
    size: tuple[int, int],
    pixels: str,
    task: Task,
    restorer: Restorer,
    options: Options,
    *,
    on_found: Callable[[Finding], None] = lambda found: None,
) -> int:
    """Restore frames until the source ends; memory does not depend on their number.

    Every frame is restored on its own. What the network is told is decided by the first frame and holds for all, so
    that the strength does not flicker.

    Args:
        source: raw frames, one after the other.
        target: takes the restored frames, in the same layout; larger ones from a task that enlarges.
        size: width and height of a frame, px.
        pixels: name of the layout, one of `PIXELS`.
        task: what is to be done.
        restorer: runs the network.
        options: of the restoration.
        on_found: called once with what the first frame shows.

    Returns:
        The number of frames.

    Raises:
        OptionError: there is no such layout, or the options do not suit the task.
        ImageError: the source ends within a frame; all whole frames have been written.
    """
    if pixels not in PIXELS:
        raise OptionError(f"pixel format is {pixels!r}; it must be one of: {', '.join(PIXELS)}", option="pix_fmt")
    task.check(options)
    kind, found, number = np.dtype(PIXELS[pixels].kind), None, 0
    for frame in _frames(source, size, PIXELS[pixels]):
        picture = from_array(frame)
        if found is None:
            found = task.look(lambda: picture.pixels, None)  # noqa: B023  # called at once
            on_found(found)
        restored = restorer.compute(task, picture, options, found=found).apply(options)
        target.write(to_array(restored).astype(kind, copy=False).tobytes())
        number += 1
    target.flush()
    return number


def _frames(source: BinaryIO, size: tuple[int, int], layout: Layout) -> Iterator[NDArray[np.integer]]:
    """Yield the frames of a source as (H, W, C)."""
    (width, height), kind = size, np.dtype(layout.kind)
    needed = width * height * layout.channels * kind.itemsize
    number = 0
    while content := _read(source, needed):
        if len(content) < needed:
            raise ImageError(
                f"the source ends {needed - len(content)} bytes before the end of frame {number + 1}: are size "
                "and pixel format those of the source?",
                option="size",
            )
        number += 1
        yield np.frombuffer(content, kind).reshape(height, width, layout.channels)


def _read(source: BinaryIO, count: int) -> bytes:
    """Read bytes, fewer only at the end; a pipe may give a few at a time."""
    parts, left = [], count
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
