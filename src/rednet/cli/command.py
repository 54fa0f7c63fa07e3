"""What the command line asks for: a task for all pictures, how their files are handled, and the network."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rednet import __version__
from rednet.files.handling import Handling
from rednet.files.ledger import fingerprint, hash_model, hash_option
from rednet.images.reading import is_folder
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Task
from rednet.values import settings, shaping

__all__ = ["Command"]


@dataclass(frozen=True)
class Command:
    """What the user has typed, checked.

    Args:
        pictures: files and folders.
        output: file or folder of the results; None for beside the pictures, "-" for stdout.
        task: to carry out; an option of it may be a folder with a file for each picture, see `task_for`.
        handling: how files are handled.
        model: folder of the network.
        engine, device, threads: what runs the network.
        suffix, format: of the outputs' names, see `output_name`; None for the default.
        recursive: read the folders below, too.
        dry_run: only say what would be done.
        as_json: print reports for machines.
        yes: fill the scratches that are found without asking.
    """

    pictures: tuple[Path, ...]
    output: Path | None
    task: Task
    handling: Handling
    model: Path
    engine: str
    device: Literal["cpu", "gpu"]
    threads: int | None
    suffix: str | None
    format: str | None
    recursive: bool
    dry_run: bool = False
    as_json: bool = False
    yes: bool = False

    @property
    def finds_scratches(self) -> bool:
        """Whether the mask is proposed to the user before it is filled."""
        return bool(getattr(self.task, "find_scratches", False))

    @property
    def suffix_beside(self) -> str:
        """What follows the name of a result beside its picture."""
        return self.task.suffix if self.suffix is None else self.suffix

    def restorer(self) -> Restorer:
        """Load the network."""
        from rednet.restoring.restorer import Restorer

        return Restorer.from_pretrained(self.model, engine=self.engine, threads=self.threads, device=self.device)

    def task_for(self, picture: Path) -> Task:
        """Return the task of one picture, whose own file takes the place of each option that is a folder."""
        paths = [name for name, said in settings(self.task).items() if said.kind is Path]
        given = {name: getattr(self.task, name) for name in paths}
        own = {name: self._place_of(picture, path) for name, path in given.items() if path and is_folder(path)}
        return replace(self.task, **own) if own else self.task

    def _place_of(self, picture: Path, folder: Path) -> Path:
        """Return the file that belongs to a picture in a folder that mirrors the pictures' own folder."""
        found_in = (path for path in self.pictures if is_folder(path) and picture.is_relative_to(path))
        place = folder / picture.relative_to(next(found_in, picture.parent))
        png = place.parent / f"{place.stem}.png"
        return png if os.path.lexists(png) and not os.path.lexists(place) else place

    def fingerprint(self) -> str:
        """Hash all that shapes an output beside its input; limits are no part of it."""
        return fingerprint(
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
