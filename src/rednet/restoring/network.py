"""Run a network over a picture of any size to compute its correction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rednet.classical.torus import unwrapped, wrapped
from rednet.engines.engine import Engine
from rednet.engines.loading import load_engine
from rednet.errors import OptionError
from rednet.images import Picture
from rednet.machine import Device
from rednet.network.architecture import round_up
from rednet.network.hints import Facts, hint_vector
from rednet.progress import Progress, portion, silent
from rednet.restoring.correction import hidden_pixels, shown_depth
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
SPREAD_GAIN = 16.0  # a standard deviation of 16 levels of 255 is white


class Network:
    """A network with the engine and the tiles that it runs in.

    Args:
        engine: runs the network.
        tile: side of a tile, px. A tile with its halo is restored at once, so that its size decides how much memory is
            needed; the result does not depend on it.
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
        """Load a shipped model by name, or another one from its folder.

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
        return self.residual(
            y, facts, None, options.self_ensemble, progress, hidden, gain=gain, tileable=options.tileable
        )

    def uncertainty(
        self, picture: Picture, facts: Facts, progress: Progress = silent, *, tileable: bool = False
    ) -> Picture:
        """Show where the 8 orientations disagree: a gray picture of their standard deviation, 16 levels of 255 white.

        What is bright has been guessed rather than seen. It is a hint, not a calibrated error.
        """
        hidden, parts = hidden_pixels(picture), picture.parts
        spreads = [
            self.residual(
                part.pixels, facts, None, False, portion(progress, number, len(parts)), hidden, spread_of_orientations,
                gain=exposure(sampled(part.pixels)), tileable=tileable,
            )
            for number, part in enumerate(parts)
        ]  # fmt: skip
        spread = np.concatenate(spreads, axis=2).mean(axis=2, keepdims=True)
        if hidden is not None:
            spread[hidden] = 0
        return Picture(spread * np.float32(SPREAD_GAIN), None, shown_depth(picture))

    def check_mask(self, mask: Array, y: Pixels) -> NDArray[np.bool_]:
        """Return a mask as booleans; raise OptionError if the network takes none or it does not fit the picture."""
        if not self.engine.config.mask:
            raise OptionError("this network takes no mask; use one that was trained for missing pixels")
        if np.shape(mask) != y.shape[:2]:
            raise OptionError(f"the mask is {np.shape(mask)} and the picture {y.shape[:2]}; both must be one size")
        return np.asarray(mask, bool)

    def reach(self, *, self_ensemble: bool, transparency: bool) -> int:
        """Return the halo that makes a tile exact, px."""
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
        tileable: bool = False,
    ) -> Pixels:
        """Compute the network's residual of y.

        Args:
            y: (H, W, C), C = 1 or 3, whose missing pixels are filled.
            facts, mask, progress: as in `restore`.
            self_ensemble: join the results of the 8 orientations; so does another function than that of `restore`.
            hidden: (H, W), True where pixels are fully transparent; None if there is no transparency.
            orientations: how they are joined.
            gain: see `residual_rows`.
            tileable: each border continues at the opposite one; the network sees its whole reach of it.
        """
        if tileable:
            turned = self_ensemble or orientations is not apply_self_ensemble
            margin = self.reach(self_ensemble=turned, transparency=hidden is not None)
            mask, hidden = (x if x is None else wrapped(np.asarray(x), margin, margin) for x in (mask, hidden))
            around = wrapped(y, margin, margin)
            residual = self.residual(around, facts, mask, self_ensemble, progress, hidden, orientations, gain=gain)
            return unwrapped(residual, margin, margin)
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
        """Compute the same for a picture that is read from top to bottom.

        Args:
            read, shape, facts, orientations, progress, transparency: see `walk`.
            gain: the picture is multiplied by it before the network sees it, and what the network adds is divided by
                it.
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
