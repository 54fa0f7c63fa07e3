"""A restoration of a file whose strength, detail and format are still open: the network has run.

All that it needs is in files of one folder, so that many can be kept in little memory. A result is applied and written
row by row, and equals, to the byte, that of a restoration with these options from the beginning.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.files.file import FileTask, Report
from rednet.files.handling import Handling
from rednet.files.looks import Layers, Look, Region, file_rows
from rednet.files.part import check_region, restore_part
from rednet.files.pyramid import Pyramid, blocks
from rednet.files.streaming import correct_rows, open_spool
from rednet.images import Picture, PictureFile
from rednet.images.writing import writing, written_levels
from rednet.machine import available_memory
from rednet.progress import Progress, silent
from rednet.restoring.correction import apply_correction
from rednet.restoring.detail import fine_structure
from rednet.restoring.finding import Finding
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restoration, Restorer
from rednet.restoring.tasks import Inpaint, Task
from rednet.tiling.budget import FREE_FRACTION, whole_memory
from rednet.warning import heard

__all__ = ["Proof"]

Array = NDArray[Any]

ARRAYS = ("pixels", "alpha", "native")  # of a picture
DETAIL_FLOATS = (0, 8)  # a pixel: those of `fine_structure` at its peak


class Proof:
    """A restoration of a file.

    Args:
        folder: takes what is kept; whoever made it deletes it.
        source: the picture file.
        task: what is done.
        handling: how.
        region: restore only this part; None for the whole.
    """

    def __init__(
        self, folder: Path, source: Path, task: Task, handling: Handling, region: Region | None = None
    ) -> None:
        self.folder, self.source, self.task, self.handling, self.region = folder, source, task, handling, region
        self.report = Report(str(source), "")
        self.finding: Finding | None = None
        self.kept: list[_Kept] = []
        self.mask: Pyramid | None = None
        self.shown = Pyramid(folder / "before.npy")
        self.structures: dict[int, Pyramid] = {}
        self.lock = threading.Lock()

    def work(self, target: Path, handling: Handling) -> FileTask:
        """Open the file to write a result of it.

        Raises:
            ImageError, OptionError: it cannot be read, or not be restored as asked.
        """
        work = FileTask(self.source, target, self.task, handling)
        work.open()
        if self.region is not None:
            check_region(work.file, self.region, handling.options)
        return work

    def compute(self, target: Path, restorer: Restorer, progress: Progress = silent) -> None:
        """Run the network.

        Args:
            target: with the ending of the format that the result is to have.
            restorer: runs the network.
            progress: called with the finished fraction, 0 to 1.
        """
        work = self.work(target, self.handling)
        with closing(work), heard(work.report.warnings):
            if self.region is None:
                work.read()
                work.find()
                work.choose_for_finding()
            else:
                work.streamed = False
                work.find()
            work.warn_of_losses()
            self.report = work.report
            kept = [self._keep(work, restorer, page, progress) for page in range(work.file.pages)]
            work.conclude()
        self.finding, self.kept = work.finding, kept

    def _keep(self, work: FileTask, restorer: Restorer, page: int, progress: Progress) -> _Kept:
        """Restore a page, and keep what came of it."""
        restorer, count = work.fitted(restorer), work.file.pages

        def advance(share: float) -> None:
            progress((page + share) / count)

        correction = Pyramid(self.folder / f"correction{page}.npy")
        if self.region is not None:
            restoration = restore_part(work, restorer, self.region, advance)
            return self._kept(page, restoration, correction, restoration.filled)
        if work.finding.left:
            return _Kept()
        if work.streamed:
            rows = correct_rows(restorer, work.file, page, work.finding, self.handling.options, advance)
            with writing(correction.path):
                correction.write(work.file.height, (part for _, part in rows))
            return _Kept(correction)
        self._mark(work, page)
        restoration = work.compute(restorer, advance, page)
        filled = None if restoration.filled is work.pictures[page] else restoration.filled
        return self._kept(page, restoration, correction, filled)

    def _kept(self, page: int, restoration: Restoration, correction: Pyramid, filled: Picture | None) -> _Kept:
        """Write a restoration that is in memory."""
        with writing(correction.path):
            if not restoration.found.left:
                write_array(correction, restoration.correction)
            kept = _Kept(None if restoration.found.left else correction)
            if filled is None:
                return kept
            arrays = {}
            for name in ARRAYS:
                if (array := getattr(filled, name)) is not None:
                    arrays[name] = Pyramid(self.folder / f"{name}{page}.npy")
                    write_array(arrays[name], array)
        nothing = replace(filled, pixels=filled.pixels[:0], alpha=None, native=None)
        return replace(kept, filled=nothing, arrays=arrays)

    def _mark(self, work: FileTask, page: int) -> None:
        """Keep the mask of a task that fills missing pixels, and find it but once."""
        if page or not isinstance(self.task, Inpaint):
            return
        mask = np.asarray(self.task.missing(work.pictures[page]), bool)
        if self.task.find_scratches and work.file.pages == 1:
            work.task = replace(self.task, find_scratches=False, mask=lambda picture: mask)
        self.mask = Pyramid(self.folder / "mask.npy")
        write_array(self.mask, mask[:, :, None].astype(np.uint8) * np.uint8(255))

    def clear(self) -> None:
        """Delete what the network made, after a failure or a stop; the picture and its looks stay."""
        self.finding, self.kept = None, []
        for name in ("correction", *ARRAYS):
            for path in self.folder.glob(f"{name}*.npy"):
                path.unlink(missing_ok=True)

    def save(self, target: Path, handling: Handling) -> Report:
        """Apply the correction, and write the result.

        Args:
            target: where; its ending chooses the format.
            handling: strength and detail, and how the file is saved.

        Raises:
            ImageError: it cannot be written. OptionError: an option does not suit the task.
        """
        assert self.finding is not None, "compute first"
        work = self.work(target, handling)
        work.finding = self.finding
        with closing(work), heard(work.report.warnings):
            if self.region is not None:
                work.file.header = work.file.header.crop(*self.region)
            work.warn_of_losses()
            if self.region is not None or not work.copied:
                with writing(target):
                    work.spool = work.resources.enter_context(open_spool(target))
                for page in range(work.file.pages):
                    for picture in self._rows(work.file, page, self.task.fitting(handling.options)):
                        with writing(target):
                            work.spool.write(written_levels(picture, target.suffix))
                work.report.width, work.report.height = work.spool.width, work.spool.height // work.file.pages
                work.report.pages = work.file.pages
            work.save()
        return work.report

    def _rows(self, file: PictureFile, page: int, options: Options) -> Iterator[Picture]:
        """Yield a page of the result from top to bottom."""
        kept, structure = self.kept[page], self.structure(page) if options.detail else None
        applied, rows = replace(options, detail=0.0), None if kept.arrays else file.rows(page)
        for block in blocks(file.height if rows else kept.arrays["pixels"].shape[0]):
            picture = file.picture(rows.read(block)) if rows else kept.picture(block)
            if kept.correction is None:
                yield picture
                continue
            correction = kept.correction.read(block)
            if structure is not None:
                correction = correction + np.float32(options.detail) * structure.read(block)
            yield apply_correction(picture, correction, applied)

    def structure(self, page: int = 0) -> Pyramid:
        """Return the fine structure among what was removed; it is found at the first call."""
        with self.lock:
            found = self.structures.setdefault(page, Pyramid(self.folder / f"structure{page}.npy"))
            correction = self.kept[page].correction
            if correction is not None and not found.path.exists():
                height, width, bands = correction.shape
                needed, limit = whole_memory(height * width, bands, DETAIL_FLOATS), available_memory() * FREE_FRACTION
                if needed > limit:
                    raise OptionError(f"detail needs about {needed / 1e6:.0f} MB, and {limit / 1e6:.0f} MB are free")
                structure = fine_structure(-correction.read(slice(0, height)), repeats=self.handling.options.tileable)
                part = Pyramid(found.path.with_suffix(".part"))
                write_array(part, structure)
                part.path.replace(found.path)
        return found

    def before(self) -> Pyramid:
        """Return the picture before, as it is shown; it is made at the first call."""
        before = self.shown
        with self.lock:
            if not before.path.exists():
                file = PictureFile(
                    self.source,
                    max_megapixels=self.handling.max_megapixels,
                    value_range=self.handling.options.range,
                )
                part = Pyramid(before.path.with_suffix(".part"))
                part.write(self.region.height if self.region else file.height, file_rows(file, self.region))
                part.path.replace(before.path)
        return before

    @property
    def looks(self) -> list[Look]:
        """The looks that there are once the network has run."""
        removed = [Look.REMOVED] if self.task.enlargement == 1 else []
        return [Look.BEFORE, Look.AFTER, *removed, *([Look.MASK] if self.mask else [])]

    def layers(self) -> Layers:
        """Return the layers of the looks at the first page."""
        kept = self.kept[0] if self.kept else _Kept()
        base, alpha = kept.arrays.get("pixels"), kept.arrays.get("alpha")
        return Layers(self.before(), kept.correction, self.structure, base, alpha, self.mask)


@dataclass(frozen=True)
class _Kept:
    """What is kept of a page.

    Args:
        correction: what is to be added; None if the page is left as it is.
        filled: what it is added to, without its arrays; None if that is the page as it stands in the file.
        arrays: the arrays of `filled`.
    """

    correction: Pyramid | None = None
    filled: Picture | None = None
    arrays: dict[str, Pyramid] = field(default_factory=dict)

    def picture(self, block: slice) -> Picture:
        """Return rows of `filled`."""
        assert self.filled is not None
        arrays: dict[str, Any] = {name: array.read(block) for name, array in self.arrays.items()}
        return replace(self.filled, **arrays)


def write_array(pyramid: Pyramid, array: Array) -> None:
    """Write an array, (h, w, bands)."""
    pyramid.write(array.shape[0], (array[block] for block in blocks(array.shape[0])))
