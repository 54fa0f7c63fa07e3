"""File in, restored file out: one task, in three steps that can overlap with those of other tasks.

Small pictures are read, restored and written as a whole; large ones stream, if the work is local. The result is the
same to the bit.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError, RednetError
from rednet.files.handling import Handling
from rednet.files.streaming import Spool, open_spool, restore_rows
from rednet.images import Picture, PictureFile
from rednet.images.encoding import check_format, losses, written_format
from rednet.images.reading import check_readable
from rednet.images.writing import check_apart, check_place, real_place, save_image, save_levels, writing, written_levels
from rednet.machine import available_memory
from rednet.opening import open_regular
from rednet.progress import Progress, silent
from rednet.restoring.correction import removed_picture
from rednet.restoring.finding import Finding
from rednet.restoring.inspection import inspect
from rednet.restoring.ranges import range_hint
from rednet.restoring.restorer import LEFT, Restoration, Restorer
from rednet.restoring.sampling import sample_file, sampled
from rednet.restoring.task import FILLING_FLOATS, Task
from rednet.tiling.budget import FREE_FRACTION, Size, choose_pieces, whole_memory
from rednet.warning import heard, warn
from rednet.whole_files import whole_file

__all__ = ["FileTask", "Report"]

Array = NDArray[Any]

STREAM_FROM = 4.0  # megapixels; below, reading ahead is worth more than the memory


@dataclass
class Report:
    """What became of a file.

    Args:
        status: "restored"; "left as it is", if the output is the picture itself; "clean", if nothing was written
            because restoring would not improve it; "kept", if an earlier run made the output; "failed".
        warnings: sentences about the result, see `rednet.warning`.
    """

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
    warnings: list[str] = field(default_factory=list)

    def fail(self, error: Exception) -> None:
        """Note what went wrong, with the name of the input."""
        words = str(error) if isinstance(error, RednetError) else f"{type(error).__name__}: {error}"
        self.status, self.error = "failed", self.named(words)
        self.option = getattr(error, "option", "")

    def named(self, words: str) -> str:
        """Return words about the file with the name of the input, which they may hold already."""
        return words if self.input in words else f"{self.input}: {words}"

    @property
    def megapixels(self) -> float:
        """Megapixels that were written."""
        return self.width * self.height * self.pages / 1e6


class FileTask:
    """One file on its way: call `load`, `restore`, `save` in this order, from any thread; then `close`.

    Args:
        source: a picture file.
        target: where to write.
        task: what to do.
        handling: how.
        whole: keep even a large picture in memory.
    """

    def __init__(self, source: Path, target: Path, task: Task, handling: Handling, *, whole: bool = False) -> None:
        self.source, self.target, self.task, self.handling, self.whole = source, target, task, handling, whole
        self.report = Report(str(source), str(target))
        self.pictures: list[Picture] = []
        self.levels: list[Array] = []
        self.outcomes: list[Finding] = []  # of the pages that were restored in memory
        self.spool: Spool | None = None
        self.skipped = False
        self.resources = ExitStack()

    def look(self) -> None:
        """Open the file and decide what is to be done; nothing is written, and a large picture is not kept.

        Raises:
            ImageError: it cannot be read, or its format cannot hold the result. OptionError: see `check`.
        """
        self.open()
        self.read()
        self.find()
        self.choose_for_finding()
        if self.handling.skip_clean and self.clean():
            self.skipped, self.report.words = True, f"clean: {LEFT}"
        else:
            self.warn_of_losses()

    def open(self) -> None:
        """Open the file, and make sure that it can be restored as asked; raises as `look`."""
        how = self.handling
        self.file = PictureFile(self.source, max_megapixels=how.max_megapixels, value_range=how.options.range)
        self.check()

    def read(self) -> None:
        """Read the picture if it is not streamed."""
        needed, limit = self.memory(self.task.floats)
        self.streamed = (
            self.task.local and not self.needs_whole and (self.file.megapixels > STREAM_FROM or needed > limit)
        )
        if not self.streamed:
            self.keep_pages(needed, limit)

    def find(self) -> None:
        """Decide what is to be done."""
        for page in range(self.file.pages):  # the first one decides that is not left as it is
            self.finding = self.task.look(partial(self.sample, page), self.source)
            if not self.finding.left:
                break
        self.report.words = self.finding.words
        if not self.task.fills:  # else see `compute`
            self.warn_of_range(self.sample)

    def warn_of_range(self, sample: Callable[[], NDArray[np.float32]]) -> None:
        """Warn if black and white look wrong in the rows that `sample` returns."""
        if hint := range_hint(sample, self.file.depth, self.file.colours):
            warn(hint)

    def choose_for_finding(self) -> None:
        """Keep the picture in memory if its repair needs that; if it is too large, say what is not repaired."""
        if not (self.task.local and self.task.needs_whole(self.finding)):
            return
        needed, limit = self.memory(FILLING_FLOATS)
        self.streamed = needed > limit and not self.needs_whole
        if not self.streamed:
            self.keep_pages(needed, limit)
            return
        self.pictures = []
        warn(
            "the repair of single wrong pixels and of stripes needs the whole picture at once, about "
            f"{needed / 1e6:.0f} MB, and {limit / 1e6:.0f} MB may be used, so it is left out; free some, or raise "
            "max_memory"
        )

    def keep_pages(self, needed: float, limit: float) -> None:
        """Read all pages, if the memory that the work needs may be used."""
        if needed > limit:
            raise OptionError(
                f"{self.source}: this needs the whole picture at once, about {needed / 1e6:.0f} MB, and "
                f"{limit / 1e6:.0f} MB may be used; free some, or raise max_memory",
                option="max_memory",
            )
        self.pictures = self.pictures or [self.file.read(page) for page in range(self.file.pages)]

    def warn_of_losses(self) -> None:
        """Warn of the metadata that the output's format cannot hold."""
        row = written_format(self.target.suffix, self.target)
        strip = self.handling.saving.strip_metadata
        if lost := losses(self.file.header, row, scale=self.task.enlargement, strip=strip):
            warn(f"cannot be kept: {'; '.join(lost)}")

    def load(self) -> None:
        """Make sure that the result can be written, look at the picture, and read it if it is small.

        Raises:
            ImageError: it cannot be read or its result not be written. OptionError: see `check`.
        """
        start = time.perf_counter()
        check_readable(self.source)
        for path in (self.target, self.handling.show_removed, self.handling.uncertainty):
            if path is not None:
                check_place(path, overwrite=self.handling.saving.overwrite)
        with heard(self.report.warnings):
            self.look()
        self.report.seconds += time.perf_counter() - start

    @property
    def needs_whole(self) -> bool:
        """Whether an option is asked for that looks at the whole picture at once."""
        how = self.handling
        return bool(self.whole or how.options.detail or how.options.tileable or how.show_removed or how.uncertainty)

    def check(self) -> None:
        """Make sure, before any work is done, that the options agree and the formats can hold the results.

        Raises:
            ImageError: a format cannot. OptionError: two outputs have one name, or an option does not suit the work.
        """
        file, how = self.file, self.handling
        check_apart(self.target, how.show_removed, how.uncertainty)
        self.task.check(how.options)
        scale = self.task.enlargement
        width, height = file.width * scale, file.height * scale
        megapixels = file.megapixels * scale**2
        if megapixels > how.max_megapixels:
            raise OptionError(
                f"{self.source}: the result would have {megapixels:.0f} megapixels; the limit is "
                f"{how.max_megapixels:g}; raise max_megapixels",
                option="max_megapixels",
            )
        alpha, data = file.layout.alpha is not None and not self.task.opaque, not file.layout.plain
        check_format(
            self.target, width=width, height=height, alpha=alpha, pages=file.pages, animated=file.animated, data=data
        )
        if how.uncertainty is not None and not self.task.local:
            raise OptionError(
                "uncertainty works with restore, denoise (without impulse and bands) and dejpeg; leave it out",
                option="uncertainty",
            )
        if how.show_removed is not None and scale != 1:
            raise OptionError("what was removed can only be shown if the size stays", option="show_removed")
        for path in (how.show_removed, how.uncertainty):
            if path is not None:
                if real_place(path) == real_place(self.source):
                    raise OptionError(f"{path} is the picture that is restored; give what was removed another name")
                if file.pages > 1:
                    raise OptionError("what was removed, and the uncertainty, can only be shown of files of one page")
                check_format(path, width=width, height=height, alpha=False, data=data and path == how.show_removed)

    def memory(self, floats: tuple[int, int], pixels: int | None = None) -> tuple[float, float]:
        """Return the bytes that work on pixels at once would need, and those that may be used.

        Args:
            floats: that a pixel of the result takes, see `Task.floats`.
            pixels: number of pixels of the file; None for all.
        """
        how, scale = self.handling, self.task.enlargement
        pixels = self.file.width * self.file.height * self.file.pages if pixels is None else pixels
        limit = available_memory() * FREE_FRACTION if how.max_memory is None else how.max_memory
        return whole_memory(pixels * scale**2, self.file.channels, floats), limit

    def sample(self, page: int = 0) -> NDArray[np.float32]:
        """Return the rows of a page that are looked at."""
        if not self.pictures:
            return sample_file(self.file, page)
        return sampled(self.pictures[page].pixels)

    def clean(self) -> bool:
        """Return whether an inspection would leave all pages as they are, whatever the work is."""
        return all(inspect(self.sample(page), self.source).left for page in range(self.file.pages))

    @property
    def copied(self) -> bool:
        """Whether the file itself is the result: it is left as it is, and nothing else is asked for."""
        how = self.handling
        extras = how.saving.strip_metadata or how.show_removed or how.uncertainty
        return self.finding.left and not extras and written_format(self.target.suffix, self.target) == self.file.format

    def restore(self, restorer: Restorer, progress: Progress = silent) -> None:
        """Run the network.

        Raises:
            ImageError: the file breaks off. OptionError: an option is out of range, or memory does not suffice.
        """
        if self.skipped:
            return
        if self.copied:
            self.report.width, self.report.height = self.file.width, self.file.height
            self.report.pages = self.file.pages
            return
        start, suffix = time.perf_counter(), self.target.suffix
        restorer, pages = self.fitted(restorer), self.file.pages

        def on_page(page: int) -> Callable[[float], None]:
            return lambda share: progress((page + share) / pages)

        if self.streamed:
            with writing(self.target):
                self.spool = self.resources.enter_context(open_spool(self.target))
            for page in range(pages):
                with heard(self.report.warnings):
                    for rows in restore_rows(
                        restorer, self.file, page, self.finding, suffix, self.handling.options, on_page(page)
                    ):
                        with writing(self.target):
                            self.spool.write(rows)
            self.report.width, self.report.height = self.file.width, self.file.height
        else:
            for page in range(pages):
                self.restore_page(restorer, page, on_page(page))
            self.pictures = []
        self.report.pages = pages
        self.report.seconds += time.perf_counter() - start

    def restore_page(self, restorer: Restorer, page: int, progress: Progress) -> None:
        """Restore a page in memory, with what else is asked for."""
        restoration = self.compute(restorer, progress, page)
        after = restoration.apply(self.handling.options)
        self.levels.append(written_levels(after, self.target.suffix))
        self.report.height, self.report.width = self.levels[0].shape[:2]
        self.save_extras(restorer, restoration, after)

    def compute(self, restorer: Restorer, progress: Progress = silent, page: int = 0) -> Restoration:
        """Compute the correction of a page in memory."""
        with heard(self.report.warnings):
            restoration = restorer.compute(
                self.task, self.pictures[page], self.handling.options, found=self.finding, progress=progress
            )
            if self.task.fills and page == 0:  # what stood in missing pixels does not matter
                self.warn_of_range(lambda: sampled(restoration.filled.pixels))
        self.outcomes.append(restoration.found)
        return restoration

    def conclude(self) -> None:
        """Leave the file as it is if the results of all pages speak against restoring them."""
        if self.outcomes and all(outcome.left for outcome in self.outcomes):
            self.finding = self.outcomes[0]
            self.report.words = self.finding.words

    def fitted(self, restorer: Restorer) -> Restorer:
        """Return the restorer with the largest pieces that fit into memory."""
        file, how, engine = self.file, self.handling, restorer.engine
        halo = restorer.reach(self_ensemble=how.options.self_ensemble, transparency=file.layout.alpha is not None)
        sample_bytes = 2 * np.dtype(file.depth).itemsize + 3 * np.dtype(np.float32).itemsize  # copies at the worst time
        size = Size(
            file.height,
            file.width,
            file.width * file.bands * sample_bytes if self.streamed else 0,
            halo,
            restorer.bands and engine.layers is not None and not how.options.self_ensemble,
        )
        pieces = choose_pieces(engine.config, size, how.max_memory)
        tile = min(pieces.tile, restorer.tile)
        if how.uncertainty is not None:  # it turns tiles round
            tile = min(tile, choose_pieces(engine.config, size._replace(bands=False), how.max_memory).tile)
        return Restorer(engine, tile=tile, bands=pieces.bands)

    def save_extras(self, restorer: Restorer, restoration: Restoration, after: Picture) -> None:
        """Write what was removed, and how uncertain it is, where that is asked for."""
        how = self.handling
        saving = replace(how.saving, software=None)
        if how.show_removed is not None:
            picture = removed_picture(restoration.before, after)
            save_levels(how.show_removed, [written_levels(picture, how.show_removed.suffix)], None, saving)
        if how.uncertainty is not None:
            picture = restorer.uncertainty(restoration.before, restoration.found.facts, tileable=how.options.tileable)
            save_levels(how.uncertainty, [written_levels(picture, how.uncertainty.suffix)], None, saving)

    def save(self, seal: Callable[[Path], None] = lambda part: None) -> None:
        """Encode the result and give it its name.

        Args:
            seal: called with the whole file just before that.

        Raises:
            ImageError: it cannot be written.
        """
        if self.skipped:
            self.report.status = "clean"
            return
        start, saving = time.perf_counter(), self.handling.saving
        self.conclude()
        with heard(self.report.warnings):
            if self.spool is not None:
                with writing(self.target):
                    image = self.spool.image()
                save_image(self.target, image, self.file.header, saving, self.file.pages, seal)
            elif self.copied:
                whole = whole_file(self.target, overwrite=saving.overwrite, seal=seal)
                with writing(self.target), open_regular(self.source) as source, whole as file:
                    copyfileobj(source, file)
            else:
                save_levels(self.target, self.levels, self.file.header, saving, seal)
        self.report.status = LEFT if self.finding.left else "restored"
        self.report.seconds += time.perf_counter() - start

    def close(self) -> None:
        """Give back memory and temporary files."""
        self.resources.close()
        self.pictures, self.levels = [], []
