"""Restore a part of a file, with the context that it needs around it, as it would be in the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import OptionError
from rednet.files.file import FileTask
from rednet.files.looks import Region
from rednet.images import Picture, PictureFile
from rednet.network.architecture import round_up
from rednet.progress import Progress, portion
from rednet.restoring.correction import hidden_pixels
from rednet.restoring.exposure import exposure
from rednet.restoring.missing import mask_of
from rednet.restoring.options import Options
from rednet.restoring.restorer import Restoration, Restorer
from rednet.restoring.tasks import Inpaint, Task

__all__ = ["check_region", "restore_part"]

BEYOND = 128  # px of context beyond the network's halo, where a task does more than run the network


def check_region(file: PictureFile, region: Region, options: Options) -> None:
    """Raise OptionError unless a region is a part of a file of one page."""
    if file.pages > 1:
        raise OptionError(f"the file has {file.pages} pages, and a region is a part of one page", option="region")
    if options.tileable:
        raise OptionError("a part of a picture does not repeat: leave out tileable, or region", option="region")
    inside = region.left + region.width <= file.width and region.top + region.height <= file.height
    if not inside or min(region) < 0 or min(region.width, region.height) < 1:
        raise OptionError(
            f"region is {','.join(map(str, region))}; give X,Y,WIDTH,HEIGHT within {file.width}x{file.height} px",
            option="region",
        )


def restore_part(work: FileTask, restorer: Restorer, region: Region, progress: Progress) -> Restoration:
    """Restore a part of a file.

    Args:
        work: the file, opened, with its finding, which is that of the whole picture.
        restorer: runs the network.
        region: the part, px.
        progress: called with the finished fraction, 0 to 1.

    Returns:
        The restoration of the part alone. It equals that part of the whole if the task is local; others (deblurring,
        wide holes) see `BEYOND` px more around it.

    Raises:
        OptionError: the part is too large for the memory.
    """
    file, options, found = work.file, work.handling.options, work.finding
    outer = surroundings(work, restorer, region)
    needed, limit = work.memory(work.task.floats, outer.width * outer.height)
    if needed > limit:
        raise OptionError(
            f"a part of {region.width}x{region.height} px needs about {needed / 1e6:.0f} MB, and {limit / 1e6:.0f} MB "
            "may be used; choose a smaller part, or the whole",
            option="region",
        )
    rows, columns = outer.slices
    levels = np.ascontiguousarray(file.rows().read(rows)[:, columns])
    picture = replace(file.picture(levels), header=file.header.crop(*region))
    if found.left or work.task.needs_whole(found):
        task = with_part_of_mask(work.task, outer, (file.height, file.width))
        restoration = restorer.compute(task, picture, options, found=found, progress=progress)
    else:
        sample = work.sample()  # of the whole: the part alone might be dark
        parts = list(zip(picture.parts, file.layout.slices, strict=True))
        corrections = [
            found.kept(
                restorer.residual(
                    part.pixels, found.facts, None, options.self_ensemble, portion(progress, number, len(parts)),
                    hidden_pixels(part), gain=exposure(sample[:, :, channels]),
                )
            )
            for number, (part, channels) in enumerate(parts)
        ]  # fmt: skip
        restoration = Restoration(work.task, picture, picture, np.concatenate(corrections, axis=2), found)
    return cut(restoration, Region(region.left - outer.left, region.top - outer.top, region.width, region.height))


def surroundings(work: FileTask, restorer: Restorer, region: Region) -> Region:
    """Return a region with the context around it, aligned as the network samples the whole picture."""
    file, grid = work.file, restorer.engine.config.grid
    halo = restorer.reach(
        self_ensemble=work.handling.options.self_ensemble, transparency=file.layout.alpha is not None
    ) + (BEYOND if work.task.needs_whole(work.finding) else 0)
    left, top = (max(start - halo, 0) // grid * grid for start in region[:2])
    right = min(round_up(region.left + region.width + halo, grid), file.width)
    bottom = min(round_up(region.top + region.height + halo, grid), file.height)
    return Region(left, top, right - left, bottom - top)


def with_part_of_mask(task: Task, outer: Region, shape: tuple[int, int]) -> Task:
    """Return a task whose mask, if it has one of the whole picture, is that of a part."""
    if not isinstance(task, Inpaint) or task.mask is None:
        return task
    mask = mask_of(task.mask, shape)
    if mask.shape != shape:
        raise OptionError(f"the mask is {mask.shape} and the picture {shape}; both must be one size")
    part: NDArray[Any] = mask[outer.slices]
    return replace(task, mask=part)


def cut(restoration: Restoration, inner: Region) -> Restoration:
    """Return a part of a restoration."""
    scale = restoration.task.enlargement
    rows, columns = Region(*(scale * number for number in inner)).slices

    def part(picture: Picture) -> Picture:
        alpha, native = (None if x is None else x[rows, columns] for x in (picture.alpha, picture.native))
        return replace(picture, pixels=picture.pixels[rows, columns], alpha=alpha, native=native)

    filled = part(restoration.filled)
    return replace(restoration, before=filled, filled=filled, correction=restoration.correction[rows, columns])
