"""File in, restored file out: one task, in three steps that can overlap with those of other tasks.

Small pictures are read, restored and written as a whole; large ones stream, if the work is local. The result is the
same to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError, RednetError
from rednet.files.streaming import Spool, open_spool, restore_rows
from rednet.images import MAX_MEGAPIXELS, Picture, PictureFile
from rednet.images.encoding import Saving, check_format
from rednet.images.reading import check_readable
from rednet.images.writing import check_apart, check_place, save_image, save_levels, writing, written_levels
from rednet.machine import available_memory
from rednet.progress import Progress, silent
from rednet.restoring.correction import removed_picture
from rednet.restoring.inspection import Finding, inspect, sample_file, sampled_rows
from rednet.restoring.restorer import Restorer
from rednet.restoring.work import USUAL_FLOATS, Local, Work
from rednet.tiling.budget import SHARE_OF_FREE, Size, choose_pieces, whole_memory

__all__ = ["FileTask", "Handling", "Report"]

Array = NDArray[Any]

STREAM_FROM = 4.0  # megapixels; below, reading ahead is worth more than the memory


@dataclass(frozen=True)
class Handling:
    """How files are handled.

    Args:
        strength, self_ensemble, detail: see `Restorer.restore`.
        saving: how the result is saved.
        value_range: black and white of files of floats, see `PictureFile`.
        max_megapixels: larger pictures are refused, read or written.
        max_memory: bytes; None for half of what is free.
        skip_clean: leave pictures alone in which neither noise nor compression is found.
        show_removed: write here what was taken away.
        uncertainty: write here where the orientations disagree.
    """

    strength: float = 1.0
    self_ensemble: bool = False
    detail: float = 0.0
    saving: Saving = field(default_factory=Saving)
    value_range: tuple[float, float] | None = None
    max_megapixels: float = MAX_MEGAPIXELS
    max_memory: int | None = None
    skip_clean: bool = False
    show_removed: Path | None = None
    uncertainty: Path | None = None


@dataclass
class Report:
    """What became of a file: "restored", "clean" (and left alone), "kept" (made by an earlier run) or "failed"."""

    input: str
    output: str
    status: str = ""
    words: str = ""
    error: str = ""
    width: int = 0
    height: int = 0
    pages: int = 0
    seconds: float = 0.0
    option: str = ""  # that would have helped, see `RednetError`

    def fail(self, error: Exception) -> None:
        """Notes what went wrong, with the name of the input."""
        words = str(error) if isinstance(error, RednetError) else f"{type(error).__name__}: {error}"
        self.status, self.error = "failed", words if self.input in words else f"{self.input}: {words}"
        self.option = getattr(error, "option", "")

    @property
    def megapixels(self) -> float:
        """That were written."""
        return self.width * self.height * self.pages / 1e6


class FileTask:
    """One file on its way: call `load`, `restore`, `save` in this order, from any thread; then `close`.

    Args:
        source: a picture file.
        target: where to write.
        work: what to do.
        handling: how.
    """

    def __init__(self, source: Path, target: Path, work: Work, handling: Handling) -> None:
        self.source, self.target, self.work, self.handling = source, target, work, handling
        self.report = Report(str(source), str(target))
        self.pictures: list[Picture] = []
        self.levels: list[Array] = []
        self.spool: Spool | None = None
        self.skipped = False
        self.resources = ExitStack()

    def look(self) -> None:
        """Opens the file and decides what is to be done; nothing is written, and a large picture is not kept.

        Raises:
            ImageError: it cannot be read, or its format cannot hold the result. OptionError: see `check`.
        """
        how = self.handling
        self.file = PictureFile(self.source, max_megapixels=how.max_megapixels, value_range=how.value_range)
        self.check()
        needed, limit = self.memory()
        local = isinstance(self.work, Local) and not self.needs_whole
        self.streamed = local and (self.file.megapixels > STREAM_FROM or needed > limit)
        if not self.streamed:
            if needed > limit:
                raise OptionError(
                    f"{self.source}: this needs the whole picture at once, about {needed / 1e6:.0f} MB, and "
                    f"{limit / 1e6:.0f} MB may be used; free some, or raise max_memory",
                    option="max_memory",
                )
            self.pictures = [self.file.read(page) for page in range(self.file.pages)]
        self.finding = self.find()
        self.report.words = self.finding.words
        if how.skip_clean and self.inspected().clean:
            self.skipped, self.report.words = True, "clean: left as it is"

    def load(self) -> None:
        """Makes sure that the result can be written, looks at the picture, and reads it if it is small.

        Raises:
            ImageError: it cannot be read or its result not be written. OptionError: see `check`.
        """
        start = time.perf_counter()
        check_readable(self.source)
        for path in (self.target, self.handling.show_removed, self.handling.uncertainty):
            if path is not None:
                check_place(path, overwrite=self.handling.saving.overwrite)
        self.look()
        self.report.seconds += time.perf_counter() - start

    @property
    def needs_whole(self) -> bool:
        """Tells whether an option is asked for that looks at the whole picture at once."""
        return bool(self.handling.detail or self.handling.show_removed or self.handling.uncertainty)

    def check(self) -> None:
        """Makes sure, before any work is done, that the options agree and the formats can hold the results.

        Raises:
            ImageError: a format cannot. OptionError: two outputs have one name, or an option does not suit the work.
        """
        file, how = self.file, self.handling
        check_apart(self.target, how.show_removed, how.uncertainty)
        scale = getattr(self.work, "scale", 1)
        width, height = file.width * scale, file.height * scale
        megapixels = file.megapixels * scale**2
        if megapixels > how.max_megapixels:
            raise OptionError(
                f"{self.source}: the result would have {megapixels:.0f} megapixels; the limit is "
                f"{how.max_megapixels:g}; raise max_megapixels",
                option="max_megapixels",
            )
        alpha = file.bands in (2, 4) and not getattr(self.work, "opaque", False)
        check_format(self.target, width=width, height=height, alpha=alpha, pages=file.pages)
        if how.uncertainty is not None and not isinstance(self.work, Local):
            raise OptionError("uncertainty works with restore, denoise and dejpeg", option="uncertainty")
        if how.show_removed is not None and scale != 1:
            raise OptionError("what was removed can only be shown if the size stays", option="show_removed")
        for path in (how.show_removed, how.uncertainty):
            if path is not None:
                if file.pages > 1:
                    raise OptionError("what was removed, and the uncertainty, can only be shown of files of one page")
                check_format(path, width=width, height=height, alpha=False)

    def memory(self) -> tuple[float, float]:
        """Gives the bytes that work on the whole picture would need, and those that may be used."""
        how, scale = self.handling, getattr(self.work, "scale", 1)
        pixels = self.file.width * self.file.height * self.file.pages * scale**2
        limit = available_memory() * SHARE_OF_FREE if how.max_memory is None else how.max_memory
        return whole_memory(pixels, self.file.channels, getattr(self.work, "floats", USUAL_FLOATS)), limit

    def sample(self) -> NDArray[np.float32]:
        """Gives the rows that are looked at."""
        if not self.pictures:
            return sample_file(self.file)
        pixels = self.pictures[0].pixels
        return np.concatenate([pixels[rows] for rows in sampled_rows(pixels.shape[0], pixels.shape[1])])

    def find(self) -> Finding:
        """Decides what to tell the network; of several pages, the first one decides."""
        if isinstance(self.work, Local):
            return self.work.find(self.sample, self.source)
        return Finding({}, self.work.words)

    def inspected(self) -> Finding:
        """Gives what an inspection finds, whatever the work is."""
        return inspect(self.sample(), self.source)

    def restore(self, restorer: Restorer, progress: Progress = silent) -> None:
        """Runs the network.

        Raises:
            ImageError: the file breaks off. OptionError: an option is out of range, or memory does not suffice.
        """
        if self.skipped:
            return
        start, how, suffix = time.perf_counter(), self.handling, self.target.suffix
        options: dict[str, Any] = {"strength": how.strength, "self_ensemble": how.self_ensemble}
        restorer = self.fitted(restorer)
        pages = self.file.pages

        def on_page(page: int) -> Callable[[float], None]:
            return lambda share: progress((page + share) / pages)

        if self.streamed:
            with writing(self.target):
                self.spool = self.resources.enter_context(open_spool(self.target))
            for page in range(pages):
                for rows in restore_rows(
                    restorer, self.file, page, self.finding.facts, suffix, progress=on_page(page), **options
                ):
                    with writing(self.target):
                        self.spool.write(rows)
            self.report.width, self.report.height = self.file.width, self.file.height
        else:
            for page, before in enumerate(self.pictures):
                after = self.run(restorer, before, {**options, "detail": how.detail, "progress": on_page(page)})
                self.levels.append(written_levels(after, suffix))
                self.save_extras(restorer, before, after)
            self.report.height, self.report.width = self.levels[0].shape[:2]
            self.pictures = []
        self.report.pages = pages
        self.report.seconds += time.perf_counter() - start

    def run(self, restorer: Restorer, picture: Picture, options: dict[str, Any]) -> Picture:
        """Restores one page in memory."""
        if isinstance(self.work, Local):
            return restorer.restore_picture(picture, self.finding.facts, **options)
        return self.work.run(restorer, picture, options)

    def fitted(self, restorer: Restorer) -> Restorer:
        """Gives the restorer with the largest pieces that fit into memory."""
        file, how, engine = self.file, self.handling, restorer.engine
        halo = restorer.reach(self_ensemble=how.self_ensemble, transparency=file.bands in (2, 4))
        sample_bytes = 2 * np.dtype(file.depth).itemsize + 3 * np.dtype(np.float32).itemsize  # copies at the worst time
        size = Size(
            file.height,
            file.width,
            file.width * file.bands * sample_bytes if self.streamed else 0,
            halo,
            restorer.bands and engine.layers is not None and not how.self_ensemble,
        )
        pieces = choose_pieces(engine.config, size, how.max_memory)
        tile = min(pieces.tile, restorer.tile)
        if how.uncertainty is not None:  # it turns tiles round
            tile = min(tile, choose_pieces(engine.config, size._replace(bands=False), how.max_memory).tile)
        return Restorer(engine, tile=tile, bands=pieces.bands)

    def save_extras(self, restorer: Restorer, before: Picture, after: Picture) -> None:
        """Writes what was removed, and how uncertain it is, where that is asked for."""
        how = self.handling
        saving = replace(how.saving, software=None)
        if how.show_removed is not None:
            picture = removed_picture(before, after)
            save_levels(how.show_removed, [written_levels(picture, how.show_removed.suffix)], None, saving)
        if how.uncertainty is not None:
            picture = restorer.uncertainty(before, self.finding.facts)
            save_levels(how.uncertainty, [written_levels(picture, how.uncertainty.suffix)], None, saving)

    def save(self, seal: Callable[[Path], None] = lambda part: None) -> None:
        """Encodes the result and gives it its name.

        Args:
            seal: called with the whole file just before that.

        Raises:
            ImageError: it cannot be written.
        """
        if self.skipped:
            self.report.status = "clean"
            return
        start, saving = time.perf_counter(), self.handling.saving
        if self.spool is not None:
            with writing(self.target):
                image = self.spool.image()
            save_image(self.target, image, self.file.header, saving, self.file.pages, seal)
        else:
            save_levels(self.target, self.levels, self.file.header, saving, seal)
        self.report.status = "restored"
        self.report.seconds += time.perf_counter() - start

    def close(self) -> None:
        """Gives back memory and temporary files."""
        self.resources.close()
        self.pictures, self.levels = [], []
