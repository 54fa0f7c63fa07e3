"""What the command line asks for: one task for all pictures, how their files are handled, and which network runs."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rednet.restoring.tasks import Task
from rednet.values import settings, shaping

if TYPE_CHECKING:
    from rednet.files.handling import Handling
    from rednet.restoring.restorer import Restorer

__all__ = ["Job"]


@dataclass(frozen=True)
class Job:
    """What is to be done, and what the results are called.

    Args:
        pictures: files and folders, as they were given.
        task: to carry out, as it was given.
        handling: of the files.
        model: folder of the network.
        engine, device, threads: run it.
        suffix, format: of the outputs' names, see `output_name`; None for the usual.
        recursive: read the folders below, too.
        yes: fill without asking what is found as scratches.
    """

    pictures: tuple[Path, ...]
    task: Task
    handling: Handling
    model: Path
    engine: str
    device: Literal["cpu", "gpu"]
    threads: int | None
    suffix: str | None
    format: str | None
    recursive: bool
    yes: bool = False

    @property
    def finds_scratches(self) -> bool:
        """Whether what is missing is proposed before it is filled."""
        return bool(getattr(self.task, "find_scratches", False))

    @property
    def suffix_beside(self) -> str:
        """What stands behind the name of a result beside its picture."""
        return self.task.suffix if self.suffix is None else self.suffix

    def restorer(self) -> Restorer:
        """Load the network."""
        from rednet.restoring.restorer import Restorer

        return Restorer.from_pretrained(self.model, engine=self.engine, threads=self.threads, device=self.device)

    def task_for(self, picture: Path) -> Task:
        """Return the task of one picture: where an option is a folder, the file in it that belongs to the picture."""
        from rednet.images.reading import is_folder

        paths = [name for name, said in settings(self.task).items() if said.kind is Path]
        given = {name: getattr(self.task, name) for name in paths}
        own = {name: self._place_of(picture, path) for name, path in given.items() if path and is_folder(path)}
        return replace(self.task, **own) if own else self.task

    def _place_of(self, picture: Path, folder: Path) -> Path:
        """Find what belongs to a picture in a folder, which mirrors the one that the picture was found in or below."""
        from rednet.images.reading import is_folder

        found_in = (path for path in self.pictures if is_folder(path) and picture.is_relative_to(path))
        place = folder / picture.relative_to(next(found_in, picture.parent))
        png = place.parent / f"{place.stem}.png"
        return png if os.path.lexists(png) and not os.path.lexists(place) else place

    def fingerprint(self) -> str:
        """Hash all that shapes an output beside its input; what is only a limit is no part of it."""
        from rednet import __version__
        from rednet.files.ledger import hash_job, hash_model, hash_option

        return hash_job(
            {
                "version": __version__,
                "task": self.task.name,
                "options": hash_option(shaping(self.task)),
                "handling": shaping(self.handling),
                "model": hash_model(self.model),
                "engine": self.engine,
                "device": self.device,
            }
        )
