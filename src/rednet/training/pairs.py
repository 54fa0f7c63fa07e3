"""Crops of pairs: pictures that were taken or saved twice, damaged and better, instead of damage that is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from rednet.classical.orientations import ORIENTATIONS, orient
from rednet.degradations import Degraded, Identity, Mixture, Share
from rednet.errors import TrainingError
from rednet.images.formats import read_endings
from rednet.network.model import REDNetConfig
from rednet.training.patches import Crop, Patches, Picture, padded, pair
from rednet.training.recipe import Data

__all__ = ["PAIRS", "PairPatches", "match_pairs", "pair_crops"]

PAIRS = Mixture((Share("pairs", Identity()),))
WHOLE = (slice(None), slice(None))
TOLD = 0.5  # fraction of the crops in which the network is told that there is noise, as by `rednet denoise`


def match_pairs(clean: Path, degraded: Path) -> list[tuple[Path, Path]]:
    """Return the pictures of two folders that have the same name apart from the ending, (clean, degraded), by name.

    Raises:
        TrainingError: there is none.
    """
    endings = read_endings()
    truths = {path.stem: path for path in sorted(clean.iterdir()) if path.suffix.lower() in endings}
    others = [path for path in sorted(degraded.iterdir()) if path.suffix.lower() in endings]
    found = [(truths[path.stem], path) for path in others if path.stem in truths]
    if not found:
        raise TrainingError(f"no picture in {degraded} has the same name as one in {clean}; rename them in pairs")
    return found


class PairPatches(Patches):
    """An endless, random-access sequence of crops of pairs, as `Patches` of computed damage.

    Args:
        pairs: (clean, degraded) pictures of the same size.
        model, data, seed: see `Patches`.
    """

    def __init__(self, pairs: Sequence[tuple[Picture, Picture]], model: REDNetConfig, data: Data, seed: int) -> None:
        super().__init__([clean for clean, _ in pairs], PAIRS, model, data, seed)
        size = data.patch + data.margin
        self.others = [padded(degraded, size) for _, degraded in pairs]

    def __getitem__(self, index: int) -> Crop:
        rng = np.random.default_rng((self.seed, index))
        number, side = int(rng.choice(len(self.pictures), p=self.odds)), self.data.patch
        height, width = self.pictures[number].shape[:2]
        top, left, turn = rng.integers(height - side + 1), rng.integers(width - side + 1), rng.integers(ORIENTATIONS)
        x, y = (
            orient(picture[number][top : top + side, left : left + side], int(turn)).astype(np.float32)
            / np.float32(255)
            for picture in (self.pictures, self.others)
        )
        return pair(x, Degraded(y, {"sigma": None} if rng.random() < TOLD else {}), 0, self.model, WHOLE)


def pair_crops(pairs: Sequence[tuple[Picture, Picture]], model: REDNetConfig, size: int) -> list[Crop]:
    """Return the centres of pairs as one batch, of which the network is told nothing."""
    crops = []
    for clean, degraded in pairs:
        top, left = (max(0, (side - size) // 2) for side in clean.shape[:2])
        x, y = (
            padded(picture, size)[top : top + size, left : left + size].astype(np.float32) / np.float32(255)
            for picture in (clean, degraded)
        )
        crops.append(pair(x, Degraded(y, {}), 0, model, WHOLE))
    return [torch.utils.data.default_collate(crops)]
