"""Arrays on the disk, of which any part can be read at any size without reading the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rednet.images.picture import libvips
from rednet.stopping import check_stop

__all__ = ["BLOCK_ROWS", "Pyramid", "blocks"]

Array = NDArray[Any]

BLOCK_ROWS = 256  # that are worked on at once; even, so that each block is halved by itself
SMALLEST = 256  # px, the longest side that is not halved again


class Pyramid:
    """An array on the disk, (height, width, bands), and the same at half the size, at a quarter, and so on.

    Each size is a .npy file. The smaller ones are made when they are first read; threads that read at once must share
    the object, so that each is made once.

    Args:
        path: of the array at full size.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.RLock()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and bands at full size."""
        height, width, bands = np.load(self.path, mmap_mode="r").shape
        return height, width, bands

    @property
    def levels(self) -> int:
        """The number of sizes."""
        longest, levels = max(self.shape[:2]), 1
        while longest > SMALLEST:
            longest, levels = -(-longest // 2), levels + 1
        return levels

    def write(self, height: int, rows: Iterable[Array]) -> None:
        """Write the array.

        Args:
            height: of the array, px.
            rows: the array from top to bottom, (h, width, bands) each.
        """
        with self.path.open("wb") as file:
            for number, block in enumerate(rows):
                if number == 0:
                    header = {"descr": npy.dtype_to_descr(block.dtype), "fortran_order": False}
                    npy.write_array_header_1_0(file, {**header, "shape": (height, *block.shape[1:])})
                file.write(np.ascontiguousarray(block).data)

    def read(self, rows: slice, columns: slice = slice(None), level: int = 0) -> Array:
        """Return a part, copied into memory; `rows` and `columns` are those of the level, 0 for full size."""
        whole = np.load(self._file(level), mmap_mode="r")  # opened anew: pages that were read do not stay in memory
        return np.array(whole[rows, columns])

    def _file(self, level: int) -> Path:
        """Return the file of a level; make it if it does not exist."""
        path = self.path.with_name(f"{self.path.stem}-{level}.npy") if level else self.path
        with self.lock:
            if not path.exists():
                height = np.load(self._file(level - 1), mmap_mode="r").shape[0]
                part = Pyramid(path.with_suffix(".part"))
                part.write(-(-height // 2), (halved(self.read(rows, level=level - 1)) for rows in blocks(height)))
                part.path.replace(path)
        return path


def blocks(height: int) -> Iterator[slice]:
    """Cut a picture's rows into blocks; ask before each whether to go on."""
    for top in range(0, height, BLOCK_ROWS):
        check_stop()
        yield slice(top, min(top + BLOCK_ROWS, height))


def halved(block: Array) -> Array:
    """Return the means over squares of 2x2 px; an odd row or column is repeated."""
    small = libvips().Image.new_from_array(block).shrink(2, 2, ceil=True).numpy()
    return np.asarray(small).reshape(small.shape[0], small.shape[1], block.shape[2])
