"""What the restoring verbs are asked for: their parameters, and what follows from them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rednet import __version__
from rednet.cli.flags import AS_JSON, DEVICE, ENGINE, MODEL, RECURSIVE, THREADS
from rednet.files.handling import Handling
from rednet.images.formats import in_words, written_formats
from rednet.restoring.tasks import Task
from rednet.values import settings, shaping

if TYPE_CHECKING:
    from rednet.restoring.restorer import Restorer

__all__ = ["Command"]

FORMATS = in_words(row.endings[0].removeprefix(".") for row in written_formats())


@dataclass(frozen=True, kw_only=True)
class Command:
    """What the user has typed. Each field is a parameter of the verbs; `task` and `handling` hold the options."""

    pictures: Annotated[
        list[Path], typer.Argument(help="Pictures and folders, or their URLs; or - for stdin.", show_default=False)
    ]
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            help="File or folder for the result; - for stdout; if left out, beside the picture, with a name by verb.",
        ),
    ] = None
    task: Task
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Fill what --find-scratches marks in NAME-scratches.png, beside the picture, without asking."
        ),
    ] = False
    handling: Handling
    recursive: RECURSIVE = False
    suffix: Annotated[
        str | None,
        typer.Option(help="Text to add to the names of results, such as -denoised."),
    ] = None
    format: Annotated[str | None, typer.Option(help=f"{FORMATS}; if left out, the input's format.")] = None
    shard: Annotated[
        str | None,
        typer.Option(metavar="N/COUNT", help="Restore only the N-th of COUNT equal shares of the pictures, as in 3/8."),
    ] = None
    cluster: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Restore on a Ray cluster: auto for that of this machine, or ray://HOST."),
    ] = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and how long it takes.")] = (
        False
    )
    as_json: AS_JSON = False
    model: MODEL = "universal"
    engine: ENGINE = "ncnn"
    device: DEVICE = "cpu"
    threads: THREADS = None

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
        from rednet.images.reading import is_folder

        paths = [name for name, said in settings(self.task).items() if said.kind is Path]
        given = {name: getattr(self.task, name) for name in paths}
        own = {name: self._place_of(picture, path) for name, path in given.items() if path and is_folder(path)}
        return replace(self.task, **own) if own else self.task

    def _place_of(self, picture: Path, folder: Path) -> Path:
        """Return the file that belongs to a picture in a folder that mirrors the pictures' own folder."""
        from rednet.images.reading import is_folder

        found_in = (path for path in self.pictures if is_folder(path) and picture.is_relative_to(path))
        place = folder / picture.relative_to(next(found_in, picture.parent))
        png = place.parent / f"{place.stem}.png"
        return png if os.path.lexists(png) and not os.path.lexists(place) else place

    def fingerprint(self) -> str:
        """Hash all that shapes an output beside its input; limits are no part of it."""
        from rednet.files.ledger import fingerprint, hash_model, hash_option
        from rednet.zoo.shipped import find_model

        return fingerprint(
            {
                "version": __version__,
                "task": self.task.name,
                "options": hash_option(shaping(self.task)),
                "handling": shaping(self.handling),
                "model": hash_model(find_model(self.model)),
                "engine": self.engine,
                "device": self.device,
            }
        )
