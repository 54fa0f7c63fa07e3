"""Restores a picture of any size in bounded memory: reads it from top to bottom, restores rows, and spools them.

The network goes over it as over a picture in memory (`rednet.tiling.residual.walk`), so the result is the same to the
bit. Restored rows go into a temporary file beside the output, since no encoder takes single rows.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.images import Picture, PictureFile
from rednet.images.doubles import join_halves
from rednet.images.picture import libvips
from rednet.images.writing import written_levels
from rednet.progress import Progress, silent
from rednet.restoring.correction import apply_correction, hidden_pixels
from rednet.restoring.exposure import exposure
from rednet.restoring.finding import Finding
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restorer
from rednet.restoring.sampling import sample_file
from rednet.tiling.orientations import apply_self_ensemble
from rednet.tiling.residual import View, with_marks
from rednet.whole_files import part_file

__all__ = ["Spool", "correct_rows", "open_spool", "restore_rows"]

Array = NDArray[Any]
STRIP_ROWS = 16
SHORT, LONG, LONG8 = 3, 4, 16  # types of a TIFF's values
SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}
BLACK_IS_ZERO, RGB = 1, 2
UNASSOCIATED_ALPHA = 2


class Spool:
    """Restored rows in an uncompressed TIFF.

    It could be a raw file, but libvips would map that into memory as a whole; a TIFF is read piece by piece.

    Args:
        part: the file's path.
        file: the same, open.

    Source: the BigTIFF design (libtiff, 2007): 64-bit offsets, the directory at the end.
    """

    def __init__(self, part: Path, file: BinaryIO) -> None:
        self.part, self.file = part, file
        self.height = self.width = self.bands = 0
        self.dtype, self.doubles = np.dtype(np.uint8), False
        self.start = file.write(b"II+\0\x08\0\0\0" + bytes(8))

    def write(self, levels: Array) -> None:
        """Add rows, (h, w, bands)."""
        levels = np.ascontiguousarray(levels)
        self.doubles = levels.dtype == np.float64  # libvips reads their halves
        levels = levels.view(np.uint32) if self.doubles else levels
        height, self.width, self.bands = levels.shape
        self.height, self.dtype = self.height + height, levels.dtype
        self.file.write(levels.data)

    def image(self) -> Any:
        """Return all rows as a libvips image, which reads them when it needs them."""
        place = self.file.seek(0, io.SEEK_END)
        self.file.write(self.directory(place))
        self.file.seek(8)
        self.file.write(struct.pack("<Q", place))
        self.file.flush()
        vips = libvips()
        with self.part.open("rb") as file:
            source = vips.Source.new_from_descriptor(file.fileno())
        image = vips.Image.new_from_source(source, "", access="sequential", unlimited=True)
        return join_halves(image) if self.doubles else image

    def directory(self, place: int) -> bytes:
        """Return the TIFF's directory, which is written at `place`, and the values that do not fit into it."""
        strips = -(-self.height // STRIP_ROWS)
        strip = STRIP_ROWS * self.width * self.bands * self.dtype.itemsize
        sizes = np.full(strips, strip, "<u8")
        sizes[-1] = self.height * (strip // STRIP_ROWS) - (strips - 1) * strip
        offsets = self.start + np.arange(strips, dtype="<u8") * np.uint64(strip)
        each = np.ones(self.bands, "<u2")
        beyond = self.bands - (3 if self.bands > 2 else 1)  # whatever they are: the file that is written will say it
        rows: list[tuple[int, int, Array]] = [
            (256, LONG, np.array([self.width], "<u4")),
            (257, LONG, np.array([self.height], "<u4")),
            (258, SHORT, each * 8 * self.dtype.itemsize),
            (259, SHORT, np.ones(1, "<u2")),  # no compression
            (262, SHORT, np.array([RGB if self.bands > 2 else BLACK_IS_ZERO], "<u2")),
            (273, LONG8, offsets),
            (277, SHORT, np.array([self.bands], "<u2")),
            (278, LONG, np.array([STRIP_ROWS], "<u4")),
            (279, LONG8, sizes),
            *([(338, SHORT, np.full(beyond, UNASSOCIATED_ALPHA, "<u2"))] if beyond else []),
            (339, SHORT, each * SAMPLE_FORMATS[self.dtype.kind]),
        ]
        behind = place + 8 + 20 * len(rows) + 8
        content, rest = struct.pack("<Q", len(rows)), b""
        for tag, kind, values in rows:
            data = values.astype(values.dtype.newbyteorder("<")).tobytes()
            if len(data) > 8:
                data, rest = struct.pack("<Q", behind + len(rest)), rest + data
            content += struct.pack("<HHQ", tag, kind, len(values)) + data.ljust(8, b"\0")
        return content + bytes(8) + rest


@contextmanager
def open_spool(target: Path) -> Iterator[Spool]:
    """Open a spool beside the file that will be written; it is removed at the end in any case."""
    with part_file(target.parent, ".spool") as (part, file):
        yield Spool(part, file)


def restore_rows(
    restorer: Restorer,
    file: PictureFile,
    page: int,
    found: Finding,
    suffix: str,
    options: Options,
    progress: Progress = silent,
) -> Iterator[Array]:
    """Restore a page of a file, and yield it from top to bottom, in levels as the format of `suffix` holds them.

    A picture that is better left as it is passes through unchanged.

    Args:
        restorer: runs the network.
        file, page: what is restored.
        found: what the network is told, and whether the page is left as it is.
        suffix: of the output.
        options: of the restoration.
        progress: is called with the share that is done.

    Raises:
        ImageError: the file breaks off. OptionError: an option needs the whole picture.
    """
    if found.left:
        rows = file.rows(page)
        for top in range(0, file.height, STRIP_ROWS):
            levels = rows.read(slice(top, min(top + STRIP_ROWS, file.height)))
            yield written_levels(file.picture(levels), suffix)
        return
    for picture, correction in correct_rows(restorer, file, page, found, options, progress):
        yield written_levels(apply_correction(picture, correction, options), suffix)


def correct_rows(
    restorer: Restorer,
    file: PictureFile,
    page: int,
    found: Finding,
    options: Options,
    progress: Progress = silent,
) -> Iterator[tuple[Picture, Array]]:
    """Yield rows of a page, from top to bottom, with what is to be added to their pixels; see `restore_rows`."""
    if options.tileable:
        raise OptionError("the first row of a tileable picture depends on its last one: it cannot be restored in rows")
    window = Window(file, page)
    sample = sample_file(file, page)
    walks = [
        restorer.residual_rows(
            partial(window.read_part, part),
            (file.height, file.width, part.stop - part.start),
            found.facts,
            apply_self_ensemble if options.self_ensemble else None,
            progress if part.start == 0 else silent,
            transparency=file.layout.alpha is not None,
            gain=exposure(sample[:, :, part]),
        )
        for part in file.layout.slices
    ]
    for steps in zip(*walks, strict=True):  # side by side: each reads the same rows, and none is read twice
        rows, correction = steps[0][0], np.concatenate([found.kept(part) for _, part in steps], axis=2)
        yield window.take(rows), correction


class Window:
    """The rows of a page that are in memory: read once, from top to bottom, and kept until their result is there.

    Args:
        file, page: where they come from.
    """

    def __init__(self, file: PictureFile, page: int) -> None:
        self.file, self.rows = file, file.rows(page)
        self.start = self.taken = 0
        self.levels: Array = np.empty((0, file.width, file.bands), file.depth)

    def read(self, rows: slice) -> View:
        """Return rows as `walk` takes them; they begin no higher than the last ones did."""
        kept = self.levels[min(rows.start, self.taken) - self.start :]
        stop = self.start + len(self.levels)
        self.levels = np.concatenate([kept, self.rows.read(slice(stop, rows.stop))]) if rows.stop > stop else kept
        self.start = min(rows.start, self.taken)
        part = self.picture(rows)
        return with_marks(part.pixels, None, hidden_pixels(part))

    def read_part(self, part: slice, rows: slice) -> View:
        """Return the same of some channels only."""
        view, channels = self.read(rows), self.file.channels
        if part == slice(0, channels):
            return view
        return np.concatenate([view[:, :, part], view[:, :, channels:]], axis=2)

    def take(self, rows: slice) -> Picture:
        """Return rows whose result is there, for the last time."""
        self.taken = rows.stop
        return self.picture(rows)

    def picture(self, rows: slice) -> Picture:
        """Return some of the rows as a picture."""
        return self.file.picture(self.levels[rows.start - self.start : rows.stop - self.start])
