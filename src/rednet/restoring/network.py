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
    """A network, with the engine that runs it and the tiles in which it runs.

    Args:
        engine: the engine, with the network loaded.
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
        """Load a trained network.

        Args:
            name_or_dir: name of a shipped model ("universal", "real", "fast"), path of a model folder, or
                "hf:OWNER/NAME" of a model on the hub.
            engine: "ncnn", "onnx" or "torch".
            threads: number of processors to use, from 1; None for all that this process may use. With the engine
                torch, it holds for all of torch in this process.
            device: "cpu" or "gpu".
            tile: side of a tile, px, see `Network`.

        Raises:
            ModelError: there is no such model, or it is broken.
            EngineError: the engine is not installed, finds no such device, or was used before this process was forked.
            OptionError: an argument is outside its range.
        """
        return cls(load_engine(find_model(name_or_dir), engine, threads=threads, device=device), tile=tile)

    def correct(self, picture: Picture, facts: Facts, options: Options, progress: Progress = silent) -> Pixels:
        """Compute what is to be added to a picture's pixels, (H, W, C).

        Args:
            picture: the picture; of bands that are no colours, one part.
            facts: hints for the network, see `rednet.network.hints`.
            options: the options, of which `self_ensemble` and `tileable` matter here.
            progress: called with the finished fraction, 0 to 1.

        Colours under fully transparent pixels stay as they are, and have no influence on others. A dark picture is
        scaled to its range before the network sees it.
        """
        y = picture.pixels
        gain = exposure(y)
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
                gain=exposure(part.pixels), tileable=tileable,
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
            y: (H, W, C), C = 1 or 3; its missing pixels hold a guess.
            facts: hints for the network, see `rednet.network.hints`.
            mask: (H, W), True where pixels are missing; None if none are.
            self_ensemble: run the network on the 8 orientations, and return their mean.
            progress: called with the finished fraction, 0 to 1.
            hidden: (H, W), True where pixels are fully transparent; None if there is no transparency.
            orientations: joins the results of the 8 orientations; another function than the default is always used.
            gain: see `residual_rows`.
            tileable: each border continues at the opposite one, as far as the network sees.

        Returns:
            (H, W, C), to be added to y.

        Raises:
            OptionError: the network takes no mask, or the mask does not fit the picture.
            ModelError: the network computes values that no picture has.
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
        """Compute the residual of a picture that is read from top to bottom.

        Args:
            read, shape, orientations, progress, transparency: see `walk`.
            facts: hints for the network, those of the picture as it is read.
            gain: the network sees the picture times this, and the residual is divided by it.

        Yields:
            A slice of rows, and their residual, (h, W, C).
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
