"""Runs a protocol: damage each picture, restore it, compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rednet.degradations import to_gray
from rednet.errors import OptionError
from rednet.evaluation.protocols import Protocol
from rednet.images import read_picture
from rednet.inference.restorer import Restorer
from rednet.metrics import luma, psnr

__all__ = ["Score", "Told", "measure"]

Told = Literal["level", "task", "nothing"]


@dataclass(frozen=True)
class Score:
    """What one picture gave: PSNR before and after, in dB, and the seconds between."""

    picture: str
    damaged: float
    restored: float
    seconds: float


def measure(
    protocol: Protocol,
    restorer: Restorer,
    data: Path,
    *,
    told: Told = "task",
    self_ensemble: bool = False,
    progress: Callable[[Score], None] = lambda score: None,
) -> list[Score]:
    """Measures a network by a protocol.

    Picture number n of the sorted folder is damaged with the seed n, so everyone's numbers are the same.

    Args:
        protocol: the rule.
        restorer: the network.
        data: folder below which the test sets lie.
        told: whether the network is told the task and its level, the task alone, or nothing.
        self_ensemble: mean over 8 orientations.
        progress: called after each picture.

    Raises:
        OptionError: the test set is not there.
    """
    scores = []
    for number, (name, x) in enumerate(pictures(protocol, data)):
        y, facts, mask = protocol.degradation(x, np.random.default_rng(number))
        told_facts = facts if told == "level" else dict.fromkeys(facts) if told == "task" else {}
        start = time.perf_counter()
        x_hat = y + restorer.residual(y, told_facts, mask, self_ensemble)
        seconds = time.perf_counter() - start
        before, after = (psnr(x, np.clip(z, 0, 1), crop_border=protocol.crop_border) for z in (y, x_hat))
        scores.append(Score(name, before, after, seconds))
        progress(scores[-1])
    return scores


def pictures(protocol: Protocol, data: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yields name and clean picture of a protocol's test set, cropped and in its colours."""
    folder = data / protocol.folder
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    if not files:
        raise OptionError(
            f"there are no pictures in {folder}; give the folder that holds {protocol.folder} with --data"
        )
    for path in files:
        x = read_picture(path).pixels
        height, width = (side // protocol.multiple * protocol.multiple for side in x.shape[:2])
        x = x[:height, :width]
        if x.shape[2] == 3 and protocol.colour == "gray":
            x = to_gray(x)
        elif x.shape[2] == 3 and protocol.colour == "luma":
            x = luma(x).astype(np.float32)
        elif x.shape[2] == 1 and protocol.colour == "rgb":
            x = np.repeat(x, 3, axis=2)
        yield path.name, x
