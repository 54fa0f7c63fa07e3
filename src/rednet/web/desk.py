"""What the page keeps for each person who has it open: one picture, its restoration, and nothing for longer."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rednet import __version__
from rednet.errors import OptionError
from rednet.files.file import FileTask
from rednet.files.handling import Handling
from rednet.files.listing import output_name
from rednet.images import Picture, PictureFile, read_picture
from rednet.images.saving import Saving
from rednet.restoring.inspection import FileInspection, inspect_file
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Automatic, Task
from rednet.web.incoming import SHOWN, Incoming
from rednet.web.limits import Limits
from rednet.web.proof import Proof
from rednet.web.queue import Job, JobQueue

__all__ = ["Desk", "Desks"]

MOST_SHOWN = 24  # files of what one browser is shown
IDLE_S = 1800.0  # a desk that nobody has touched for so long is cleared


@dataclass
class Desk:
    """One person's picture.

    Args:
        folder: of its files.
        source: the picture as it came.
        name: that it had, to be shown and to be proposed, and never used as a path.
        facts: what an inspection found.
        proof: its restoration, if there is one.
        warnings: sentences about the restoration.
        job: that the network has last been given.
        saved: the restored picture as a file.
        proposed: what is probably scratched, for a person to judge.
        used: when it was last touched.
        gone: whether it was cleared; nothing is shown of it then.
        shown: folder of what the browser is shown.
        canvas: width and height, px, of the picture that was given to be painted on.
    """

    folder: Path
    source: Path
    name: str
    facts: FileInspection
    shown: Path
    proof: Proof | None = None
    warnings: list[str] = field(default_factory=list)
    job: Job | None = None
    saved: Path | None = None
    proposed: NDArray[np.bool_] | None = None
    canvas: tuple[int, int] | None = None
    used: float = field(default_factory=time.monotonic)
    gone: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    showing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def proposed_name(self) -> str:
        """What the restored picture is to be called."""
        return output_name(Path(Path(self.name).name).with_suffix(self.source.suffix), suffix=Automatic.ending)

    def show(self, levels: NDArray[np.uint8], kind: str = "webp") -> str:
        """Writes what the browser is to be shown, and gives its path; the oldest of many go.

        Raises:
            OptionError: the desk was cleared meanwhile.
        """
        from PIL import Image

        with self.showing:
            if self.gone:
                raise OptionError("this picture is gone; choose it again")
            self.shown.mkdir(exist_ok=True)
            path = self.shown / f"{secrets.token_urlsafe(12)}.{kind}"
            Image.fromarray(levels).save(path)
            for old in sorted(self.shown.iterdir(), key=lambda file: file.stat().st_mtime_ns)[:-MOST_SHOWN]:
                old.unlink(missing_ok=True)
        return str(path)

    def need_proof(self) -> Proof:
        """Return the restoration; raise OptionError if there is none yet."""
        if self.proof is None:
            raise OptionError("nothing has been restored yet; choose a picture first")
        return self.proof


class Desks:
    """The desks of all who have the page open.

    Args:
        folder: where their files lie.
        queue: does what needs the network.
        restorer: is the network.
        limits: how many desks there are, and how large a picture may be.
    """

    def __init__(self, folder: Path, queue: JobQueue, restorer: Restorer, limits: Limits) -> None:
        self.folder, self.queue, self.restorer, self.limits = folder, queue, restorer, limits
        self.desks: OrderedDict[str, Desk] = OrderedDict()
        self.incoming = Incoming(folder / "gradio", 2 * limits.max_bytes)
        self.lock = threading.Lock()

    def open(self, who: str, path: Path, name: str) -> Desk:
        """Puts a picture on somebody's desk, in the place of the one before.

        Args:
            who: the session.
            path: of a file, which is copied.
            name: that it had.

        Raises:
            ImageError: it cannot be read, or is too large.
        """
        folder = Path(tempfile.mkdtemp(prefix=SHOWN, dir=self.folder))
        try:
            source = Path(shutil.copyfile(path, folder / "picture"))
            file = PictureFile(source, max_megapixels=self.limits.max_megapixels)
            if file.pages > 1:
                raise OptionError(f"{source} has {file.pages} pages; the page takes one, rednet restore takes all")
            source = source.rename(source.with_suffix(file.ending))
            facts = inspect_file(source, max_megapixels=self.limits.max_megapixels)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        desk = Desk(folder, source, name, facts, self.incoming.folder / folder.name)
        with self.lock:
            before = self.desks.pop(who, None)
            self.desks[who] = desk
            idle = list(self.desks)[: -self.limits.sessions]
        if before is not None:
            self.clear(before)
        for other in idle:
            self.drop(other)
        return desk

    def find(self, who: str) -> Desk:
        """Return the desk of a person.

        Raises:
            OptionError: there is no picture on it.
        """
        with self.lock:
            if who not in self.desks:
                raise OptionError("there is no picture yet; choose one first (it is not kept when the page is closed)")
            self.desks.move_to_end(who)
            self.desks[who].used = time.monotonic()
            return self.desks[who]

    def tidy(self) -> None:
        """Clears the desks that nobody has touched for long."""
        with self.lock:
            idle = [who for who, desk in self.desks.items() if time.monotonic() - desk.used > IDLE_S]
        for who in idle:
            self.drop(who)
        self.incoming.tidy()

    def drop(self, who: str) -> None:
        """Clears somebody's desk, and removes all that this person has sent."""
        self.incoming.forget(who)
        with self.lock:
            desk = self.desks.pop(who, None)
        if desk is not None:
            self.clear(desk)

    def clear(self, desk: Desk) -> None:
        """Stops what the network does for a desk, and removes its files, with those that are still being written."""
        self.stop(desk)
        with desk.lock:
            remove(desk)
        if desk.job is not None:
            desk.job.future.add_done_callback(lambda future: remove(desk))

    def is_replaced(self, who: str, desk: Desk, job: Job) -> bool:
        """Tells whether somebody has put another picture in the place of a desk's, or another job in that of a job."""
        with self.lock:
            current = self.desks.get(who)
        return current is not None and (current is not desk or desk.job is not job)

    def saved(self, place: str) -> Desk | None:
        """Finds the desk whose saved picture is at a place, that is, in a folder of that name."""
        with self.lock:
            return next((desk for desk in self.desks.values() if desk.folder.name == place), None)

    def restore(self, desk: Desk, todo: Task) -> Job:
        """Let the network compute a correction, in the place of the one that it is computing for this desk.

        Raises:
            QueueFullError: there is no room.
        """

        def run(advance: Callable[[float], None]) -> None:
            task = self.file_task(desk, todo, Handling(max_megapixels=self.limits.max_megapixels))
            with closing(task):
                task.look()
                proof = Proof(desk.folder, task.compute(task.fitted(self.restorer), advance))
            advance(1.0)  # nothing is put on the desk once it has been stopped
            desk.proof, desk.warnings = proof, task.report.warnings

        before, desk.job = desk.job, self.queue.submit(Job(run, self.limits.max_seconds))
        if before is not None:
            self.queue.cancel(before)
        return desk.job

    def stop(self, desk: Desk) -> None:
        """Stops what the network does for a desk."""
        if desk.job is not None:
            self.queue.cancel(desk.job)

    def file_task(self, desk: Desk, todo: Task, handling: Handling) -> FileTask:
        """Make the file task of a desk's picture; its format, depth and metadata are kept."""
        name = output_name(desk.source, suffix=Automatic.ending)
        return FileTask(desk.source, desk.source.with_name(name), todo, handling, whole=True)

    def save(self, desk: Desk, strength: float, detail: float) -> Path:
        """Write the restored picture at full size; the network is not needed."""
        with desk.lock:
            restoration = desk.need_proof().restoration
            handling = Handling(
                options=restoration.task.fitting(Options(strength=strength, detail=detail)),
                saving=Saving(overwrite=True, software=f"rednet {__version__} (page)"),
                max_megapixels=self.limits.max_megapixels,
            )
            task = self.file_task(desk, restoration.task, handling)
            with closing(task):
                task.load()
                task.finish(restoration)
                task.save()
            desk.saved = task.target
        return task.target

    def picture(self, desk: Desk) -> Picture:
        """Reads a desk's picture."""
        return read_picture(desk.source, max_megapixels=self.limits.max_megapixels)


def remove(desk: Desk) -> None:
    """Removes a desk's files, and lets nothing more be shown of it."""
    with desk.showing:
        desk.gone = True
        for folder in (desk.folder, desk.shown):
            shutil.rmtree(folder, ignore_errors=True)
