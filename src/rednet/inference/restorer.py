"""Picture in, restored picture out: the one place where the network, tiling and options meet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.errors import ModelError, OptionError
from rednet.hints import Facts, hint_vector
from rednet.images import Picture, from_any
from rednet.inference.deblur import deblur
from rednet.inference.engines import Engine, load_engine
from rednet.inference.ensemble import ORIENTATIONS, apply_self_ensemble
from rednet.inference.holes import fill_holes
from rednet.inference.inspect import estimate_sigma, inspect
from rednet.inference.tiling import apply_tiled
from rednet.kernels import Kernel
from rednet.resize import imresize

__all__ = ["DEFAULT_TILE", "MODELS", "Restorer", "find_model"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]

MODELS = Path(__file__).parent.parent / "zoo"
MAX_STRENGTH = 2.0
DEFAULT_TILE = 768  # px; 40 px of halo cost a fifth, and two cores stay below 1 GB


def find_model(name_or_dir: str | Path) -> Path:
    """Finds the folder of a shipped model, or takes the given one.

    Raises:
        ModelError: neither a shipped model nor a folder.
    """
    shipped = sorted(config.parent.name for config in MODELS.glob("*/config.json"))
    if str(name_or_dir) in shipped:
        return MODELS / str(name_or_dir)
    if Path(name_or_dir).is_dir():
        return Path(name_or_dir)
    raise ModelError(f"there is no model {name_or_dir}; shipped: {', '.join(shipped)}; or give a model folder")


class Restorer:
    """Restores pictures with one network.

    Args:
        engine: runs the network.
        tile: largest side of the pieces in which a picture is restored, px; the result does not depend on it.

    Example:
        >>> restorer = Restorer.from_pretrained("universal")
        >>> restorer.restore(np.zeros((40, 30), np.uint8), facts={"sigma": None}).shape
        (40, 30)
    """

    def __init__(self, engine: Engine, *, tile: int = DEFAULT_TILE) -> None:
        stride = engine.config.stride
        if tile < stride:
            raise OptionError(f"tile is {tile}; it must be at least {stride}")
        self.engine, self.tile = engine, tile // stride * stride

    @classmethod
    def from_pretrained(
        cls,
        name_or_dir: str | Path = "universal",
        *,
        engine: str = "ncnn",
        threads: int | None = None,
        tile: int = DEFAULT_TILE,
    ) -> Restorer:
        """Loads a shipped model by name, or one's own from its folder.

        Raises:
            ModelError, EngineError, OptionError: see `find_model` and `load_engine`.
        """
        return cls(load_engine(find_model(name_or_dir), engine, threads=threads), tile=tile)

    def restore(
        self,
        image: Any,
        *,
        facts: Facts | None = None,
        mask: Array | None = None,
        strength: float = 1.0,
        restore_known: bool = False,
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Any:
        """Restores a picture.

        Args:
            image: an array (see `rednet.images.from_array`), a PIL image, or the path of a file.
            facts: what is known of the damage, see `rednet.hints`: `{"sigma": 25.0}`, or `{"sigma": None}` if only
                the kind is known. None looks at the picture; `{}` lets the network find out.
            mask: (H, W), True where pixels are missing; known pixels come back untouched.
            restore_known: with a mask, restore the known pixels, too, once the missing ones are filled.
            strength: 1 takes the network's whole correction, 0 none.
            self_ensemble: mean over 8 orientations: slower by 8, better by up to 0.1 dB.
            progress: called with the share that is done, 0 to 1.

        Returns:
            The same kind as `image`: an array of its type and shape, a PIL image of its mode; for a path, an array.

        Raises:
            ImageError: not a picture. OptionError: an option is out of range or the mask does not fit.
        """
        picture, back = from_any(image)
        if facts is None and mask is None:
            facts = inspect(picture.pixels, Path(image) if isinstance(image, str | Path) else None).facts
        return back(self.restore_picture(picture, facts or {}, mask, strength, restore_known, self_ensemble, progress))

    def upscale(self, image: Any, scale: int = 2, **options: Any) -> Any:
        """Enlarges a picture 2, 3 or 4 times; `image`, the options and the result are as in `restore`."""
        picture, back = from_any(image)
        return back(self.upscale_picture(picture, scale, **options))

    def restore_picture(
        self,
        picture: Picture,
        facts: Facts,
        mask: Array | None = None,
        strength: float = 1.0,
        restore_known: bool = False,
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Picture:
        """Restores the pixels of a picture and leaves all else; arguments as in `restore`."""
        check_strength(strength)
        y = picture.pixels
        if mask is None:
            x_hat = y + np.float32(strength) * self.residual(y, facts, None, self_ensemble, progress)
        else:
            filled = fill_holes(
                lambda guess, lost: guess + self.residual(guess, facts, lost, self_ensemble, progress),
                y,
                self.check_mask(mask, y),
            )
            if restore_known:
                filled = filled + self.residual(filled, facts, None, self_ensemble, progress)
            x_hat = y + np.float32(strength) * (filled - y)
        return replace(picture, pixels=x_hat)

    def upscale_picture(self, picture: Picture, scale: int, **options: Any) -> Picture:
        """Enlarges a picture by a whole factor: bicubic first, then the network sharpens what that blurred."""
        if not 2 <= scale <= 4 or int(scale) != scale:
            raise OptionError(f"scale is {scale}; it must be 2, 3 or 4")
        alpha = None if picture.alpha is None else imresize(picture.alpha, scale).clip(0, 1)
        enlarged = replace(picture, pixels=imresize(picture.pixels, scale), alpha=alpha)
        return self.restore_picture(enlarged, {"scale": float(scale)}, **options)

    def deblur(self, image: Any, kernel: Kernel, sigma: float | None = None, **options: Any) -> Any:
        """Deblurs a picture by a known kernel; `image`, the other options and the result are as in `restore`."""
        picture, back = from_any(image)
        return back(self.deblur_picture(picture, kernel, sigma, **options))

    def deblur_picture(
        self,
        picture: Picture,
        kernel: Kernel,
        sigma: float | None = None,
        steps: int = 0,
        strength: float = 1.0,
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Picture:
        """Deblurs the pixels of a picture and leaves all else.

        Args:
            kernel: see `rednet.kernels`.
            sigma: of the noise, 0-255 scale; None estimates it.
            steps: see `rednet.inference.deblur`.
        """
        check_strength(strength)
        y = picture.pixels
        level = estimate_sigma(y) if sigma is None else sigma
        done = 0

        def network(x: Pixels, facts: Facts) -> Pixels:
            nonlocal done
            share = done / (steps + 1)
            done += 1
            result = self.residual(x, facts, None, self_ensemble, lambda part: progress(share + part / (steps + 1)))
            return x + result

        x_hat = deblur(network, y, kernel, level, steps=steps)
        return replace(picture, pixels=y + np.float32(strength) * (x_hat - y))

    def check_mask(self, mask: Array, y: Pixels) -> NDArray[np.bool_]:
        """Gives a mask as booleans; raises OptionError if the network takes none or it does not fit the picture."""
        if not self.engine.config.mask:
            raise OptionError("this network takes no mask; use one that was trained for missing pixels")
        if np.shape(mask) != y.shape[:2]:
            raise OptionError(f"the mask is {np.shape(mask)} and the picture {y.shape[:2]}; both must be one size")
        lost = np.asarray(mask, bool)
        if lost.all():
            raise OptionError("the mask covers the whole picture: nothing is known from which it could be restored")
        return lost

    def residual(
        self,
        y: Pixels,
        facts: Facts,
        mask: Array | None = None,
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Pixels:
        """Computes what the network would add to y, (H, W, C) for C = 1 or 3, whose missing pixels are filled."""
        config, channels = self.engine.config, y.shape[2]
        hints = hint_vector(facts, config.hints)
        if config.channels == 1 and channels == 3:
            parts = [y[:, :, c : c + 1] for c in range(3)]
            return np.concatenate([self.residual(part, facts, mask, self_ensemble) for part in parts], axis=2)
        planes = np.repeat(y, config.channels, axis=2) if channels < config.channels else y
        if config.mask:
            lost = np.zeros(y.shape[:2], np.float32) if mask is None else self.check_mask(mask, y).astype(np.float32)
            planes = np.concatenate([planes, lost[:, :, None]], axis=2)

        rounds = ORIENTATIONS if self_ensemble else 1
        done = 0

        def whole(view: Pixels) -> Pixels:
            nonlocal done
            result = apply_tiled(
                lambda tile: self.engine(tile, hints),
                view,
                tile=self.tile,
                halo=config.halo,
                stride=config.stride,
                progress=lambda share: progress((done + share) / rounds),
            )
            done += 1
            return result

        residual = apply_self_ensemble(whole, planes) if self_ensemble else whole(planes)
        return residual.mean(axis=2, keepdims=True) if channels == 1 else residual


def check_strength(strength: float) -> None:
    """Raises OptionError unless the strength is in its range."""
    if not 0 <= strength <= MAX_STRENGTH:
        raise OptionError(f"strength is {strength}; it must be from 0 to {MAX_STRENGTH:g}")
