"""A network over pictures of any size: what it would add to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rednet.engines.engine import Engine
from rednet.engines.loading import load_engine
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.machine import Device
from rednet.network.architecture import round_up
from rednet.network.hints import Facts, hint_vector
from rednet.progress import Progress, silent
from rednet.restoring.correction import hidden_pixels
from rednet.restoring.exposure import brighter, exposure
from rednet.restoring.options import Options
from rednet.restoring.sampling import sampled
from rednet.tiling.budget import DEFAULT_TILE
from rednet.tiling.fringes import FRINGE_REACH
from rednet.tiling.orientations import apply_self_ensemble, spread_of_orientations
from rednet.tiling.residual import Orientations, View, walk, with_marks
from rednet.values import check_flag, check_whole
from rednet.zoo.shipped import find_model

__all__ = ["Network"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]

MAX_TILE = 1 << 20  # px; more than any picture
SPREAD_GAIN = 16.0  # a spread of 16 levels of 255 is white


class Network:
    """One network, and how it goes over a picture.

    Args:
        engine: runs the network.
        tile: side of a tile, px: with its halo it has as many pixels as are restored at once. It takes memory; the
            result does not depend on it.
        bands: restore larger pictures in bands instead of tiles, if the engine can, see `walk`; a band keeps some
            memory for each column of the picture.
    """

    def __init__(self, engine: Engine, *, tile: int = DEFAULT_TILE, bands: bool = True) -> None:
        grid = engine.config.grid
        tile = check_whole("tile", tile, grid, MAX_TILE)
        self.engine, self.tile, self.bands = engine, tile // grid * grid, check_flag("bands", bands)

    @classmethod
    def from_pretrained(
        cls,
        name_or_dir: str | Path = "universal",
        *,
        engine: str = "ncnn",
        threads: int | None = None,
        device: Device = "cpu",
        tile: int = DEFAULT_TILE,
    ) -> Self:
        """Loads a shipped model by name, or one's own from its folder.

        Raises:
            ModelError, EngineError, OptionError: see `find_model` and `load_engine`.
        """
        return cls(load_engine(find_model(name_or_dir), engine, threads=threads, device=device), tile=tile)

    def correct(self, picture: Picture, facts: Facts, options: Options, progress: Progress = silent) -> Pixels:
        """Compute what is to be added to a picture's pixels, (H, W, C).

        Colours under fully transparent pixels stay as they are, and have no influence on others. A dark picture is
        scaled to its range before the network sees it.
        """
        y = picture.pixels
        gain = exposure(sampled(y))
        hidden = hidden_pixels(picture)
        return self.residual(y, facts, None, options.self_ensemble, progress, hidden, gain=gain)

    def uncertainty(self, picture: Picture, facts: Facts, progress: Progress = silent) -> Picture:
        """Shows where the 8 orientations disagree: a gray picture of their standard deviation, 16 levels of 255 white.

        What is bright has been guessed rather than seen. It is a hint, not a calibrated error.
        """
        hidden = hidden_pixels(picture)
        spread = self.residual(picture.pixels, facts, None, False, progress, hidden, spread_of_orientations)
        if hidden is not None:
            spread[hidden] = 0
        pixels = spread.mean(axis=2, keepdims=True) * np.float32(SPREAD_GAIN)
        return Picture(pixels, None, picture.depth)

    def check_mask(self, mask: Array, y: Pixels) -> NDArray[np.bool_]:
        """Gives a mask as booleans; raises OptionError if the network takes none or it does not fit the picture."""
        if not self.engine.config.mask:
            raise OptionError("this network takes no mask; use one that was trained for missing pixels")
        if np.shape(mask) != y.shape[:2]:
            raise OptionError(f"the mask is {np.shape(mask)} and the picture {y.shape[:2]}; both must be one size")
        return np.asarray(mask, bool)

    def reach(self, *, self_ensemble: bool, transparency: bool) -> int:
        """Gives the halo that makes a tile exact, px."""
        halo, grid = self.engine.config.halo, self.engine.config.grid
        if self_ensemble:
            halo += grid  # a tile that is turned round is sampled from its other end
        if transparency:
            halo += round_up(FRINGE_REACH, grid)
        return halo

    def residual(
        self,
        y: Pixels,
        facts: Facts,
        mask: Array | None = None,
        self_ensemble: bool = False,
        progress: Progress = silent,
        hidden: Array | None = None,
        orientations: Orientations = apply_self_ensemble,
        *,
        gain: float = 1.0,
    ) -> Pixels:
        """Computes what the network would add to y.

        Args:
            y: (H, W, C), C = 1 or 3, whose missing pixels are filled.
            facts, mask, progress: as in `restore`.
            self_ensemble: join the results of the 8 orientations; so does another function than that of `restore`.
            hidden: (H, W), True where pixels are fully transparent; None if there is no transparency.
            orientations: how they are joined.
            gain: see `residual_rows`.
        """
        lost = None if mask is None else self.check_mask(mask, y)

        def read(rows: slice) -> View:
            return with_marks(y[rows], *(marks if marks is None else marks[rows] for marks in (lost, hidden)))

        turned = self_ensemble or orientations is not apply_self_ensemble
        residual = np.empty_like(y)
        for rows, part in self.residual_rows(
            read, y.shape, facts, orientations if turned else None, progress, transparency=hidden is not None, gain=gain
        ):
            residual[rows] = part
        return residual

    def residual_rows(
        self,
        read: Callable[[slice], View],
        shape: tuple[int, ...],
        facts: Facts,
        orientations: Orientations | None = None,
        progress: Progress = silent,
        *,
        transparency: bool = False,
        gain: float = 1.0,
    ) -> Iterator[tuple[slice, Pixels]]:
        """Computes the same for a picture that is read from top to bottom; see `walk` for what is not said here.

        Args:
            gain: what the network is shown is multiplied by it, and what it adds is divided by it again.
        """
        height, width, channels = shape
        if gain != 1:
            dark = read

            def read(rows: slice) -> View:
                view = dark(rows).copy()
                view[:, :, :channels] *= np.float32(gain)
                return view

            shown = self.residual_rows(
                read, shape, brighter(facts, gain), orientations, progress, transparency=transparency
            )
            return ((rows, part / np.float32(gain)) for rows, part in shown)
        return walk(
            self.engine,
            hint_vector(facts, self.engine.config.hints),
            read,
            (height, width, channels),
            tile=self.tile,
            halo=self.reach(self_ensemble=orientations is not None, transparency=transparency),
            bands=self.bands,
            transparency=transparency,
            orientations=orientations,
            progress=progress,
        )
