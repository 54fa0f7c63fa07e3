"""A restoration whose strength and detail are still open: the network has run, and all can be tried without it.

Large pictures stay on disk; what is shown is a smaller picture, or a part at full size. Both take the correction as it
was computed for the whole.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.resize import imresize
from rednet.images import Picture, to_array
from rednet.restoring.correction import Options, removed_picture
from rednet.restoring.restorer import Restorer
from rednet.restoring.tasks import Plan
from rednet.restoring.work import Whole

__all__ = ["CROP", "Proof", "Views", "smaller", "to_show"]

Pixels = NDArray[np.float32]
Shown = NDArray[np.uint8]

PREVIEW = 1200  # px, the longest side that is shown
CROP = 180  # px, a side of a part that is shown enlarged


class Views(NamedTuple):
    """What is shown of a restoration, (h, w, 3) or with transparency (h, w, 4)."""

    before: Shown
    after: Shown
    removed: Shown


class Proof:
    """A picture and its correction.

    Args:
        plan: that gave it.
        folder: where both are kept, as arrays.
        prepared: the picture before the network has seen it.
        filled: the same without missing pixels.
        correction: of `filled`.
    """

    def __init__(self, plan: Plan, folder: Path, prepared: Picture, filled: Picture, correction: Pixels) -> None:
        self.plan = plan
        self.pixels, self.correction = (
            keep(folder / "pixels.npy", prepared.pixels),
            keep(folder / "correction.npy", correction),
        )
        self.small = smaller(replace(prepared, native=None, colours=None))
        self.small_correction = shrunk(correction)
        self.filled, self.small_filled, self.native = self.pixels, self.small, None
        if filled is not prepared:
            self.filled = keep(folder / "filled.npy", filled.pixels)
            self.small_filled = smaller(replace(filled, native=None, colours=None))
            self.native = None if filled.native is None else keep(folder / "native.npy", filled.native)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        height, width, _ = self.pixels.shape
        return width, height

    def views(self, strength: float, detail: float) -> Views:
        """Shows the whole picture, at most PREVIEW px a side."""
        after = self.plan.apply(self.small_filled, self.small_correction, strength=strength, detail=detail)
        return Views(to_show(self.small), to_show(after), to_show(removed_picture(self.small, after)))

    def crop(self, across: float, down: float, strength: float, detail: float) -> tuple[Shown, Shown]:
        """Shows a part at full size, before and after; `across` and `down` are 0 to 1."""
        rows, columns = (
            slice(start := round(share * max(size - CROP, 0)), start + CROP)
            for share, size in zip((down, across), self.pixels.shape, strict=False)
        )
        before, filled = (
            Picture(np.asarray(pixels[rows, columns]), None, "uint8") for pixels in (self.pixels, self.filled)
        )
        correction = np.asarray(self.correction[rows, columns])
        return to_show(before), to_show(self.plan.apply(filled, correction, strength=strength, detail=detail))

    def work(self) -> Whole:
        """Gives the work that applies the correction to the file that it was computed for."""

        def run(restorer: Restorer, picture: Picture, options: dict[str, Any]) -> Picture:
            prepared = self.plan.prepare(picture)
            native = prepared.native if self.native is None else np.asarray(self.native)
            filled = replace(prepared, pixels=np.asarray(self.filled), native=native)
            return self.plan.apply(filled, np.asarray(self.correction), **options)

        return Whole(run, scale=self.plan.scale)

    @classmethod
    def compute(
        cls, plan: Plan, folder: Path, restorer: Restorer, picture: Picture, path: Path | None, options: Options
    ) -> Proof:
        """Runs the network.

        Args:
            plan: what is to be done.
            folder: where the arrays are kept.
            restorer: runs the network.
            picture: to restore.
            path: the file that it was read from, if any, for what is to be found in it.
            options: see `Options`.
        """
        prepared = plan.prepare(picture)
        found = plan.find(lambda: picture.pixels, path)
        filled = plan.fill(restorer, prepared, options)
        return cls(plan, folder, prepared, filled, plan.correct(restorer, filled, found, options))


def keep(path: Path, array: Pixels) -> Pixels:
    """Writes an array and gives it as it lies on disk."""
    path.unlink(missing_ok=True)  # whoever still reads the old one may go on
    np.save(path, array)
    kept: Pixels = np.load(path, mmap_mode="r")
    return kept


def shrunk(x: Pixels) -> Pixels:
    """Gives (H, W, C) with at most PREVIEW px a side."""
    side = max(x.shape[:2])
    return x if side <= PREVIEW else imresize(x, PREVIEW / side)


def smaller(picture: Picture) -> Picture:
    """Gives a picture with at most PREVIEW px a side."""
    alpha = None if picture.alpha is None else shrunk(picture.alpha).clip(0, 1)
    return replace(picture, pixels=shrunk(picture.pixels), alpha=alpha)


def to_show(picture: Picture) -> Shown:
    """Gives a picture as 8 bits, RGB, with its transparency if it has one."""
    rgb = np.repeat(picture.pixels, 3, axis=2) if picture.pixels.shape[2] == 1 else picture.pixels
    return to_array(Picture(rgb, picture.alpha, "uint8"))
