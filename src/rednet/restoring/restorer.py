"""Picture in, restored picture out: the one place where the network, its way over a picture and options meet.

Every verb has two halves: the network computes a correction (here), and the correction is applied (`correction.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from rednet.classical.kernels import Kernel, check_kernel, load_kernel
from rednet.classical.masks import Mask, from_picture
from rednet.engines.engine import Engine
from rednet.engines.loading import load_engine
from rednet.errors import OptionError
from rednet.images import Picture, from_any
from rednet.machine import Device
from rednet.network.architecture import round_up
from rednet.network.hints import HINTS, Facts, check_facts, hint_vector
from rednet.restoring.correction import (
    Options,
    apply_correction,
    check_filling,
    check_options,
    enlarge,
    hidden_pixels,
    put_in,
)
from rednet.restoring.deblur import MAX_STEPS, USUAL_STEPS, deblur
from rednet.restoring.holes import fill_holes
from rednet.restoring.inspection import estimate_sigma, inspect
from rednet.tiling.budget import DEFAULT_TILE
from rednet.tiling.fringes import FRINGE_REACH, fill_hidden
from rednet.tiling.orientations import apply_self_ensemble, spread_of_orientations
from rednet.tiling.residual import Orientations, View, walk, with_marks
from rednet.values import check_flag, check_number, check_whole
from rednet.zoo.shipped import MODELS, find_model

__all__ = ["DEFAULT_TILE", "MODELS", "Restorer", "find_model"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]

MAX_TILE = 1 << 20  # px; more than any picture
SPREAD_GAIN = 16.0  # a spread of 16 levels of 255 is white


class Restorer:
    """Restores pictures with one network.

    Args:
        engine: runs the network.
        tile: side of a tile, px: with its halo it has as many pixels as are restored at once. It takes memory; the
            result does not depend on it.
        bands: restore larger pictures in bands instead of tiles, if the engine can, see `walk`; a band keeps some
            memory for each column of the picture.

    Example:
        >>> restorer = Restorer.from_pretrained("universal")
        >>> restorer.restore(np.zeros((40, 30), np.uint8), facts={"sigma": None}).shape
        (40, 30)
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
    ) -> Restorer:
        """Loads a shipped model by name, or one's own from its folder.

        Raises:
            ModelError, EngineError, OptionError: see `find_model` and `load_engine`.
        """
        return cls(load_engine(find_model(name_or_dir), engine, threads=threads, device=device), tile=tile)

    def restore(
        self,
        image: Any,
        *,
        facts: Facts | None = None,
        mask: Any = None,
        restore_known: bool = False,
        **options: Unpack[Options],
    ) -> Any:
        """Restores a picture.

        Args:
            image: an array (see `rednet.images.from_array`), a PIL image, or the path of a file.
            facts: what is known of the damage, see `rednet.network.hints`: `{"sigma": 25.0}`, or `{"sigma": None}` if
                only the kind is known. None looks at the picture; `{}` lets the network find out.
            mask: (H, W), True where pixels are missing, whatever stands there; known pixels come back untouched. Or a
                picture, white where they are missing: the path of a file, or a PIL image.
            restore_known: with a mask, restore the whole picture once the missing pixels are filled.
            options: see `Options`. With a mask, there is no detail, and strength weighs only the restoring after.

        Returns:
            The same kind as `image`: an array of its type and shape, a PIL image of its mode; for a path, an array.

        Raises:
            ImageError: not a picture. OptionError: an option is out of range or the mask does not fit.
            TypeError: there is no such option.
        """
        check_options(options)
        mask = None if mask is None else as_mask(mask)
        picture, back = from_any(image if mask is None else without_junk(image, mask))
        if facts is None and mask is None:
            facts = inspect(picture.pixels, Path(image) if isinstance(image, str | Path) else None).facts
        return back(self.restore_picture(picture, facts or {}, mask, restore_known, **options))

    def upscale(self, image: Any, scale: int = 2, **options: Unpack[Options]) -> Any:
        """Enlarges a picture 2, 3 or 4 times; `image`, the options and the result are as in `restore`."""
        check_options(options)
        picture, back = from_any(image)
        return back(self.upscale_picture(picture, scale, **options))

    def deblur(
        self,
        image: Any,
        kernel: Kernel | str | Path,
        sigma: float | None = None,
        *,
        steps: int | None = None,
        **options: Unpack[Options],
    ) -> Any:
        """Undoes a known blur; `image`, options and result are as in `restore`, the rest as in `correct_blur`.

        The kernel may be words or a file, too, see `rednet.classical.kernels.load_kernel`.
        """
        check_options(options)
        psf = load_kernel(kernel) if isinstance(kernel, str | Path) else check_kernel(kernel)
        picture, back = from_any(image)
        return back(self.deblur_picture(picture, psf, sigma, steps, **options))

    def restore_picture(
        self,
        picture: Picture,
        facts: Facts,
        mask: Array | None = None,
        restore_known: bool = False,
        **options: Unpack[Options],
    ) -> Picture:
        """Restores the pixels of a picture and leaves all else; arguments as in `restore`."""
        check_facts(facts)
        if mask is None:
            check_options(options)
        else:
            check_filling(options, restore_known=restore_known)
            picture = self.fill_picture(picture, facts, mask, **options)
            if not restore_known:
                return picture
        return apply_correction(picture, self.correct(picture, facts, **options), **options)

    def upscale_picture(self, picture: Picture, scale: int, **options: Unpack[Options]) -> Picture:
        """Enlarges a picture by a whole factor: bicubic first, then the network sharpens what that blurred."""
        check_options(options)
        return self.restore_picture(enlarge(picture, scale), {"scale": float(scale)}, **options)

    def deblur_picture(
        self,
        picture: Picture,
        kernel: Kernel,
        sigma: float | None = None,
        steps: int | None = None,
        **options: Unpack[Options],
    ) -> Picture:
        """Deblurs the pixels of a picture and leaves all else; arguments as in `correct_blur`."""
        check_options(options)
        return apply_correction(picture, self.correct_blur(picture, kernel, sigma, steps, **options), **options)

    def correct(self, picture: Picture, facts: Facts, **options: Unpack[Options]) -> Pixels:
        """Computes what is to be added to a picture's pixels, (H, W, C).

        Colours under fully transparent pixels stay as they are, and have no influence on others.
        """
        progress, self_ensemble = options.get("progress", silent), options.get("self_ensemble", False)
        return self.residual(picture.pixels, facts, None, self_ensemble, progress, hidden_pixels(picture))

    def fill_picture(self, picture: Picture, facts: Facts, mask: Array, **options: Unpack[Options]) -> Picture:
        """Fills the pixels of a picture that are missing where the mask is True; the known ones stay as they are.

        What stands in missing or fully transparent pixels has no influence, and the transparent ones stay as they are.
        """
        progress, self_ensemble = options.get("progress", silent), options.get("self_ensemble", False)
        y, hidden, lost = picture.pixels, hidden_pixels(picture), self.check_mask(mask, picture.pixels)
        if not lost.any():
            return picture
        if lost.all():
            raise OptionError("the mask covers the whole picture: nothing is known from which it could be restored")
        x_hat = fill_holes(
            lambda guess, holes: guess + self.residual(guess, facts, holes, self_ensemble, progress),
            y if hidden is None else fill_hidden(y, hidden | lost),
            lost,
        )
        return put_in(picture, x_hat, lost)

    def correct_blur(
        self,
        picture: Picture,
        kernel: Kernel,
        sigma: float | None = None,
        steps: int | None = None,
        **options: Unpack[Options],
    ) -> Pixels:
        """Computes what is to be added to a blurred picture.

        Args:
            picture: to restore.
            kernel: of the blur, see `rednet.classical.kernels`.
            sigma: of the noise, 0-255 scale; None estimates it.
            steps: turns after the first answer, see `rednet.restoring.deblur`; None for the usual number.
            options: see `Options`.
        """
        progress, self_ensemble = options.get("progress", silent), options.get("self_ensemble", False)
        hidden = hidden_pixels(picture)
        turns = check_whole("steps", USUAL_STEPS if steps is None else steps, 0, MAX_STEPS)
        strongest = HINTS["deconvolved"].highest
        level = None if sigma is None else check_number("sigma", sigma, 0, strongest)
        y = picture.pixels if hidden is None else fill_hidden(picture.pixels, hidden)
        level = min(estimate_sigma(y), strongest) if level is None else level
        done, passes = 0, 1 + turns

        def network(x: Pixels, facts: Facts) -> Pixels:
            nonlocal done
            share = done / passes
            done += 1
            return x + self.residual(
                x, facts, None, self_ensemble, lambda part: progress(share + part / passes), hidden
            )

        return deblur(network, y, kernel, level, steps=turns) - picture.pixels

    def uncertainty(
        self, picture: Picture, facts: Facts, progress: Callable[[float], None] = lambda share: None
    ) -> Picture:
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
        progress: Callable[[float], None] = lambda share: None,
        hidden: Array | None = None,
        orientations: Orientations = apply_self_ensemble,
    ) -> Pixels:
        """Computes what the network would add to y.

        Args:
            y: (H, W, C), C = 1 or 3, whose missing pixels are filled.
            facts, mask, progress: as in `restore`.
            self_ensemble: join the results of the 8 orientations; so does another function than that of `restore`.
            hidden: (H, W), True where pixels are fully transparent; None if there is no transparency.
            orientations: how they are joined.
        """
        lost = None if mask is None else self.check_mask(mask, y)

        def read(rows: slice) -> View:
            return with_marks(y[rows], *(marks if marks is None else marks[rows] for marks in (lost, hidden)))

        turned = self_ensemble or orientations is not apply_self_ensemble
        residual = np.empty_like(y)
        for rows, part in self.residual_rows(
            read, y.shape, facts, orientations if turned else None, progress, transparency=hidden is not None
        ):
            residual[rows] = part
        return residual

    def residual_rows(
        self,
        read: Callable[[slice], View],
        shape: tuple[int, ...],
        facts: Facts,
        orientations: Orientations | None = None,
        progress: Callable[[float], None] = lambda share: None,
        *,
        transparency: bool = False,
    ) -> Iterator[tuple[slice, Pixels]]:
        """Computes the same for a picture that is read from top to bottom; see `walk` for what is not said here."""
        height, width, channels = shape
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


def as_mask(mask: Any) -> Mask:
    """Takes a mask: an array, not 0 where pixels are missing, or a picture (a path or a PIL image), white there.

    Raises:
        OptionError: it is none, or a picture that marks nothing. ImageError: the picture cannot be read.
    """
    if isinstance(mask, str | Path) or getattr(mask, "mode", "1") != "1":
        drawn, _ = from_any(mask)
        marked = from_picture(drawn.pixels, drawn.alpha)
        if not marked.any():
            raise OptionError("the picture of the mask marks nothing as missing; it must be white and opaque there")
        return marked
    try:
        values = np.asarray(mask)
    except ValueError:
        raise OptionError("the mask has rows of different lengths; it must be (H, W)") from None
    if values.dtype.kind not in "buif" or not np.isfinite(values).all():
        raise OptionError(f"the mask is an array of {values.dtype}; it must be of booleans, or of finite numbers")
    return values.astype(bool)


def without_junk(image: Any, mask: Array) -> Any:
    """Puts 0 where an array of floats has missing pixels, which may hold NaN; gives any other image as it is."""
    if not isinstance(image, np.ndarray) or image.dtype.kind != "f" or np.shape(mask) != image.shape[:2]:
        return image
    clean = image.copy()
    colours = clean if image.ndim == 2 else clean[:, :, : 1 if image.shape[2] < 3 else 3]
    colours[np.asarray(mask, bool)] = 0
    return clean


def silent(share: float) -> None:
    """Tells nobody how far the work is."""
