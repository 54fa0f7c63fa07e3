"""Previews a run: what it would do, and about how long it would take, without writing anything."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from rednet.classical.orientations import ORIENTATIONS
from rednet.errors import ImageError, RednetError
from rednet.files.file import FileTask, Report
from rednet.files.ledger import Ledger, OutputState
from rednet.files.listing import Entry
from rednet.files.many import Batch
from rednet.images.writing import IN_THE_WAY
from rednet.network.hints import hint_vector
from rednet.restoring.restorer import Restorer

__all__ = ["preview", "seconds_per_megapixel"]

TRIAL = 256  # px a side of the tile on which the speed is measured


def preview(entries: Sequence[Entry], batch: Batch, restorer: Restorer, ledger: Ledger) -> list[Report]:
    """Look at files and report what would become of them.

    Args:
        entries, batch, restorer: see `restore_files`.
        ledger: read, not entered.

    Returns:
        Reports with the status "to do", "clean", "kept" or "failed"; the seconds are an estimate.
    """
    speed = seconds_per_megapixel(restorer, self_ensemble=batch.handling.options.self_ensemble)
    reports = []
    for entry in entries:
        task = FileTask(entry.source, entry.target, batch.task_for(entry.source), batch.handling)
        report = task.report
        try:
            if entry.error:
                raise ImageError(entry.error)
            state = ledger.state(entry.source, entry.target)
            if state is OutputState.FOREIGN and not batch.handling.saving.overwrite:
                raise ImageError(f"{entry.target} exists already; {IN_THE_WAY}", option="overwrite")
            report.status = "kept"
            if state is not OutputState.DONE:
                task.look()
                scale = task.task.enlargement
                report.width, report.height = task.file.width * scale, task.file.height * scale
                report.pages = task.file.pages
                report.status = "clean" if task.skipped else "to do"
                report.seconds = 0.0 if task.skipped else speed * report.megapixels
        except RednetError as error:
            report.fail(error)
        task.close()
        reports.append(report)
        batch.on_report(report)
    return reports


def seconds_per_megapixel(restorer: Restorer, *, self_ensemble: bool = False) -> float:
    """Measure how long a network takes for a megapixel, on one tile; reading and writing are not included."""
    config = restorer.engine.config
    planes = np.zeros((TRIAL, TRIAL, config.channels + config.mask), np.float32)
    hints = hint_vector({}, config.hints)
    restorer.engine(planes, hints)  # the first one is slower
    start = time.perf_counter()
    restorer.engine(planes, hints)
    seconds = (time.perf_counter() - start) / (TRIAL * TRIAL / 1e6)
    if restorer.bands and restorer.engine.layers is not None and not self_ensemble:
        return seconds
    halo = (1 + 2 * restorer.reach(self_ensemble=self_ensemble, transparency=False) / restorer.tile) ** 2
    return seconds * halo * (ORIENTATIONS if self_ensemble else 1)
