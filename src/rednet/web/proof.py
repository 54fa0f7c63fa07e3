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
from rednet.images.layout import Layout
from rednet.restoring.correction import removed_picture
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restoration

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
    """A restoration, kept in files, and a smaller one to be shown.

    Args:
        folder: where the arrays are kept.
        restoration: as the network gave it.
    """

    def __init__(self, folder: Path, restoration: Restoration) -> None:
        before = kept_picture(folder / "before", restoration.before)
        same = restoration.filled is restoration.before
        filled = before if same else kept_picture(folder / "filled", restoration.filled)
        correction = kept(folder / "correction.npy", restoration.correction)
        self.restoration = replace(restoration, before=before, filled=filled, correction=correction)
        small = smaller(restoration.before)
        self.small = replace(
            restoration,
            before=small,
            filled=small if same else smaller(restoration.filled),
            correction=shrunk(restoration.correction),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, px."""
        height, width, _ = self.restoration.before.pixels.shape
        return width, height

    def views(self, strength: float, detail: float) -> Views:
        """Show the whole picture, at most PREVIEW px a side."""
        before, after = self.small.before, self.small.apply(Options(strength=strength, detail=detail))
        return Views(to_show(before), to_show(after), to_show(removed_picture(before, after)))

    def crop(self, across: float, down: float, strength: float, detail: float) -> tuple[Shown, Shown]:
        """Show a part at full size, before and after; `across` and `down` are 0 to 1."""
        whole = self.restoration
        rows, columns = (
            slice(start := round(share * max(size - CROP, 0)), start + CROP)
            for share, size in zip((down, across), whole.before.pixels.shape, strict=False)
        )

        def part(picture: Picture) -> Picture:
            return Picture(
                np.asarray(picture.pixels[rows, columns]), None, "uint8", layout=Layout(picture.bands.groups)
            )

        cut = replace(
            whole,
            before=part(whole.before),
            filled=part(whole.filled),
            correction=np.asarray(whole.correction[rows, columns]),
        )
        return to_show(cut.before), to_show(cut.apply(Options(strength=strength, detail=detail)))


def kept_picture(folder: Path, picture: Picture) -> Picture:
    """Write a picture's arrays, and return it with them as they lie on disk."""
    folder.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {"pixels": picture.pixels, "alpha": picture.alpha, "native": picture.native}
    there = {name: kept(folder / f"{name}.npy", array) for name, array in arrays.items() if array is not None}
    return replace(picture, **{**arrays, **there})


def kept(path: Path, array: Pixels) -> Pixels:
    """Write an array, and return it as it lies on disk."""
    path.unlink(missing_ok=True)  # whoever still reads the old one may go on
    np.save(path, array)
    lying: Pixels = np.load(path, mmap_mode="r")
    return lying


def shrunk(x: Pixels) -> Pixels:
    """Return pixels, (H, W, C), shrunk to at most PREVIEW px a side."""
    side = max(x.shape[:2])
    return x if side <= PREVIEW else imresize(x, PREVIEW / side)


def smaller(picture: Picture) -> Picture:
    """Return a picture in sRGB with at most PREVIEW px a side."""
    alpha = None if picture.alpha is None else shrunk(picture.alpha).clip(0, 1)
    return replace(picture, pixels=shrunk(picture.pixels), alpha=alpha, native=None, colours=None)


def to_show(picture: Picture) -> Shown:
    """Return a picture as 8 bits, RGB, with its transparency if it has one; of many bands, the first one or three."""
    shown = picture.parts[0].pixels
    rgb = np.repeat(shown, 3, axis=2) if shown.shape[2] == 1 else shown
    return to_array(Picture(rgb, picture.alpha, "uint8"))
