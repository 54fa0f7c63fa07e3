"""An order: a restoration that a client asked for, with its job and its files."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rednet.errors import OptionError, RednetError
from rednet.files.proof import Proof
from rednet.images import Picture, write_picture
from rednet.web.jobs.queue import Job

__all__ = ["Facts", "Order", "UnknownJobError", "share_mask", "share_picture"]

clock: Callable[[], float] = time.monotonic


class UnknownJobError(RednetError):
    """There is no such job."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no job {name!r}; jobs are kept for a while only")


class Facts(NamedTuple):
    """What a picture file is; width and height are those of the upright picture, px."""

    bytes: int
    width: int
    height: int
    format: str
    depth: str
    bands: int


@dataclass(eq=False)
class Order:
    """A restoration that was asked for.

    Args:
        name: of the client's file, to be shown and proposed, never used as a path.
        facts: what the file is.
        proof: the restoration, which keeps all its files, and nothing else, in its folder.
        target: the result as the client asked for it.
        options: as the client sent them.
        job: in the queue.
    """

    name: str
    facts: Facts
    proof: Proof
    target: Path
    options: Mapping[str, Any]
    job: Job = field(init=False)
    used: float = field(default_factory=lambda: clock())
    users: int = 0
    bytes: int = 0
    gone: bool = False
    writing: threading.Lock = field(default_factory=threading.Lock)  # of who writes a result
    counting: threading.Lock = field(default_factory=threading.Lock)  # of who counts the users

    @property
    def folder(self) -> Path:
        """The folder of its files."""
        return self.proof.folder

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is restored, before, px."""
        region = self.proof.region
        return (self.facts.width, self.facts.height) if region is None else (region.width, region.height)

    @property
    def megapixels(self) -> float:
        """Of one page of the result."""
        width, height = self.size
        return width * height * self.proof.task.enlargement**2 / 1e6

    def result_name(self, ending: str) -> str:
        """Return the name that is proposed for a result."""
        return f"{Path(self.name).stem}{self.proof.task.suffix}{ending}"

    @property
    def ended(self) -> bool:
        """Whether its job has ended."""
        return self.job.state.final

    def use(self) -> None:
        """Note that it is used now."""
        self.used = clock()

    @property
    def idle(self) -> float:
        """For how long it was not used, s."""
        return clock() - self.used

    def weigh(self) -> None:
        """Measure what its files take on the disk; files that several orders share count once in all."""
        total = 0.0
        for path in self.folder.glob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                total += status.st_size / max(status.st_nlink, 1)
        self.bytes = int(total)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Work with its files; what is written after the order was dropped is deleted, too.

        Raises:
            UnknownJobError: the work has failed after the order was dropped, perhaps since its files are gone.
        """
        with self.counting:
            self.users += 1
        try:
            yield
        except Exception as error:
            if self.gone:
                raise UnknownJobError(self.job.id) from error
            raise
        finally:
            with self.counting:
                self.users -= 1
            self.use()
            self.weigh()
            if self.gone:
                shutil.rmtree(self.folder, ignore_errors=True)


def share_picture(order: Order, folder: Path, *, looks: bool) -> Path:
    """Give another order the same picture without a copy.

    Args:
        order: has the picture.
        folder: of the other order.
        looks: give it what is shown of the picture, too.

    Returns:
        The picture in that folder.
    """
    source = order.proof.source
    with order.in_use():
        shown = order.folder.glob("before*.npy") if looks and order.proof.region is None else ()
        for path in (source, *shown):
            os.link(path, folder / path.name)
    return folder / source.name


def share_mask(order: Order, path: Path) -> Path:
    """Write the mask of an order as a picture; raise OptionError if it has none."""
    mask = order.proof.mask
    if mask is None:
        raise OptionError("that job has no mask: it has filled no missing pixels", option="mask_of")
    with order.in_use():
        pixels = mask.read(slice(None)).astype(np.float32) / np.float32(255)
    write_picture(path, Picture(pixels, None, "uint8"))
    return path
