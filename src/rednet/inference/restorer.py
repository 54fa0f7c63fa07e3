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
from rednet.inference.budget import DEFAULT_TILE
from rednet.inference.detail import fine_structure
from rednet.inference.engines import Engine, load_engine
from rednet.inference.ensemble import apply_self_ensemble, spread_of_orientations
from rednet.inference.fringes import FRINGE_REACH, fill_hidden
from rednet.inference.inspect import inspect
from rednet.inference.tiling import apply_tiled
from rednet.masks import fill_missing
from rednet.resize import imresize

__all__ = ["DEFAULT_TILE", "MODELS", "Restorer", "find_model", "removed_picture"]

Array = NDArray[Any]
Pixels = NDArray[np.float32]

MODELS = Path(__file__).parent.parent / "zoo"
MAX_STRENGTH = 2.0
DARKEST, BRIGHTEST = -1.0, 2.0  # what the network is shown: noise goes so far beyond black and white, data may not
MID_GRAY = 0.5  # stands for nothing in a picture of what was removed
SPREAD_GAIN = 16.0  # a spread of 16 levels of 255 is white


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
        self_ensemble: bool = False,
        detail: float = 0.0,
        progress: Callable[[float], None] = lambda share: None,
    ) -> Any:
        """Restores a picture.

        Args:
            image: an array (see `rednet.images.from_array`), a PIL image, or the path of a file.
            facts: what is known of the damage, see `rednet.hints`: `{"sigma": 25.0}`, or `{"sigma": None}` if only
                the kind is known. None looks at the picture; `{}` lets the network find out.
            mask: (H, W), True where pixels are missing; known pixels come back untouched.
            strength: 1 takes the network's whole correction, 0 none.
            self_ensemble: mean over 8 orientations: slower by 8, better by up to 0.1 dB.
            detail: 0 to 1, how much of the fine structure among what was removed comes back.
            progress: called with the share that is done, 0 to 1.

        Returns:
            The same kind as `image`: an array of its type and shape, a PIL image of its mode; for a path, an array.

        Raises:
            ImageError: not a picture. OptionError: an option is out of range or the mask does not fit.
        """
        picture, back = from_any(image)
        if facts is None and mask is None:
            facts = inspect(picture.pixels, Path(image) if isinstance(image, str | Path) else None).facts
        restored = self.restore_picture(picture, facts or {}, mask, strength, self_ensemble, progress, detail)
        return back(restored)

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
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
        detail: float = 0.0,
    ) -> Picture:
        """Restores the pixels of a picture and leaves all else; arguments as in `restore`.

        Colours under fully transparent pixels stay as they are, and have no influence on others.
        """
        if not 0 <= strength <= MAX_STRENGTH:
            raise OptionError(f"strength is {strength}; it must be from 0 to {MAX_STRENGTH:g}")
        if not 0 <= detail <= 1:
            raise OptionError(f"detail is {detail}; it must be from 0 to 1")
        if detail and mask is not None:
            raise OptionError(
                "detail comes from what was removed; where pixels were missing, nothing was: leave it out"
            )
        y, hidden = picture.pixels, hidden_pixels(picture)
        if mask is None:
            correction = self.residual(y, facts, None, self_ensemble, progress, hidden)
        else:
            mask = self.check_mask(mask, y)
            filled = fill_missing(y, mask)
            correction = filled - y + self.residual(filled, facts, mask, self_ensemble, progress, hidden)
            correction[~mask] = 0
        if detail:
            correction = correction + np.float32(detail) * fine_structure(-correction)
        if hidden is not None:
            correction[hidden] = 0
        return replace(picture, pixels=y + np.float32(strength) * correction)

    def upscale_picture(self, picture: Picture, scale: int, **options: Any) -> Picture:
        """Enlarges a picture by a whole factor: bicubic first, then the network sharpens what that blurred."""
        if not 2 <= scale <= 4 or int(scale) != scale:
            raise OptionError(f"scale is {scale}; it must be 2, 3 or 4")
        y, native, hidden = picture.pixels, picture.native, hidden_pixels(picture)
        if hidden is not None:
            y = fill_hidden(y, hidden)
            native = None if native is None else fill_hidden(native, hidden)
        enlarged = replace(
            picture,
            pixels=imresize(y, scale),
            alpha=None if picture.alpha is None else imresize(picture.alpha, scale).clip(0, 1),
        )
        if native is not None and picture.colours is not None:
            native = imresize(native, scale)
            enlarged = replace(enlarged, native=native, pixels=picture.colours.to_pixels(native))
        return self.restore_picture(enlarged, {"scale": float(scale)}, **options)

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
        halo, stride = self.engine.config.halo, self.engine.config.stride
        if self_ensemble:
            halo += stride  # a tile that is turned round is sampled from its other end
        if transparency:
            halo += -(-FRINGE_REACH // stride) * stride
        return halo

    def residual(
        self,
        y: Pixels,
        facts: Facts,
        mask: Array | None = None,
        self_ensemble: bool = False,
        progress: Callable[[float], None] = lambda share: None,
        hidden: Array | None = None,
        over_orientations: Callable[[Callable[[Pixels], Pixels], Pixels], Pixels] = apply_self_ensemble,
    ) -> Pixels:
        """Computes what the network would add to y.

        Args:
            y: (H, W, C), C = 1 or 3, whose missing pixels are filled.
            facts, mask, progress: as in `restore`.
            self_ensemble: join the results of the 8 orientations; so does another `over_orientations`.
            hidden: (H, W), True where pixels are fully transparent; None if there is no transparency.
            over_orientations: how the results are joined.
        """
        config, channels = self.engine.config, y.shape[2]
        hints = hint_vector(facts, config.hints)
        if mask is not None:
            mask = self.check_mask(mask, y)
        if mask is None and hidden is None:
            planes = y
        else:
            none = np.zeros(y.shape[:2], bool)
            marks = [none if marked is None else marked for marked in (mask, hidden)]
            planes = np.concatenate([y, np.stack(marks, axis=2)], axis=2, dtype=np.float32)

        def run(pixels: Pixels, lost: Pixels) -> Pixels:
            if config.channels == 1 and pixels.shape[2] == 3:
                return np.concatenate([run(pixels[:, :, c : c + 1], lost) for c in range(3)], axis=2)
            seen = np.repeat(pixels, config.channels, axis=2) if pixels.shape[2] < config.channels else pixels
            residual = self.engine(np.concatenate([seen, lost], axis=2) if config.mask else seen, hints)
            return residual.mean(axis=2, keepdims=True) if pixels.shape[2] == 1 else residual

        def piece(view: Pixels) -> Pixels:
            pixels = np.clip(view[:, :, :channels], DARKEST, BRIGHTEST)
            lost = np.zeros((*view.shape[:2], 1), np.float32)
            if view.shape[2] > channels:
                lost, unseen = view[:, :, channels : channels + 1], view[:, :, channels + 1] > 0
                if unseen.all():
                    return np.zeros_like(pixels)
                pixels = fill_hidden(pixels, unseen)
            return run(pixels, lost)

        turned = self_ensemble or over_orientations is not apply_self_ensemble
        return apply_tiled(
            (lambda view: over_orientations(piece, view)) if turned else piece,
            planes,
            tile=self.tile,
            halo=self.reach(self_ensemble=turned, transparency=hidden is not None),
            stride=config.stride,
            both_ends=turned,
            progress=progress,
        )


def hidden_pixels(picture: Picture) -> NDArray[np.bool_] | None:
    """Marks the fully transparent pixels; None if the picture has no transparency."""
    return None if picture.alpha is None else picture.alpha[:, :, 0] <= 0


def removed_picture(before: Picture, after: Picture) -> Picture:
    """Shows what restoring took away: mid-gray where nothing, brighter where it darkened the picture.

    Raises:
        OptionError: the sizes differ, as after enlarging.
    """
    if before.pixels.shape != after.pixels.shape:
        raise OptionError("what was removed can only be shown if the size stays; leave --show-removed out")
    return Picture(before.pixels - after.pixels + np.float32(MID_GRAY), None, before.depth)
