"""The verbs, for programs: one call each, with the shipped network.

Each takes a picture as an array (uint8, uint16, or float with white at 1.0; gray, RGB, with or without alpha), a torch
tensor, a PIL image, or a path, and returns the same kind (for a path, an array). Arrays may hold several pictures. To
set the engine or another model, make a `Restorer`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from reprlib import repr as brief
from typing import Any, Unpack

from numpy.typing import NDArray

from rednet.errors import ImageError, OptionError
from rednet.images import from_any
from rednet.restoring.finding import Finding
from rednet.restoring.inspection import inspect as find
from rednet.restoring.options import Keywords, Options, read_keywords
from rednet.restoring.restorer import Restorer
from rednet.restoring.signatures import explaining, same_kind
from rednet.restoring.stacks import take_apart
from rednet.restoring.tasks import Automatic, Deblur, Dejpeg, Denoise, Inpaint, Task, Upscale
from rednet.values import check_flag, check_setting

__all__ = ["deblur", "dejpeg", "denoise", "inpaint", "inspect", "restore", "run", "upscale"]


@cache
def shipped(model: str) -> Restorer:
    """Load a shipped network once."""
    return Restorer.from_pretrained(model)


@same_kind
def run(image: Any, task: Task, **options: Unpack[Keywords]) -> Any:
    """Carry out any task of `rednet.restoring.tasks`.

    Args:
        image: an array, a torch tensor, a PIL image or a path.
        task: `Denoise(sigma=25)`, say.
        options: of all verbs, see `rednet.restoring.options.Keywords`: strength, channel_axis, ...

    Raises:
        OptionError: it is no task, or an option is out of range. ImageError: it is no picture that can be restored.
    """
    if not isinstance(task, Task):
        raise OptionError(f"task is {brief(task)}; it must be one of rednet.restoring.tasks, such as Denoise(sigma=25)")
    read_keywords(options)  # raises errors before the network is loaded
    return shipped(task.model).restore_image(image, task, **options)


def inspect(image: Any, *, channel_axis: int | None = None, range: tuple[float, float] | None = None) -> Finding:
    """Look at a picture: what it shows, what is wrong with it, how sure that is, and whether restoring would help.

    Args:
        image: one picture, see `run`; of a JPEG file, the tables tell the quality.
        channel_axis: of an array, the axis of its channels; None for the last.
        range: (low, high), the values that are black and white, see `rednet.restoring.options.Options`.

    Example:
        >>> import numpy as np
        >>> inspect(np.zeros((64, 64), np.uint8)).left
        True
    """
    pictures = take_apart(image, channel_axis).pictures
    if len(pictures) != 1:
        raise ImageError(f"the array has {len(pictures)} pictures; inspect one at a time")
    picture, _ = from_any(pictures[0], check_setting(Options, "range", range))
    return find(picture.pixels, Path(image) if isinstance(image, str | Path) else None)


@explaining
def restore(image: Any, *, always: bool = False, explain: bool = False, **options: Unpack[Keywords]) -> Any:
    """Find out what is wrong with a picture, and restore it; return a copy if restoring would not improve it.

    Args:
        image, options: see `run`; of a JPEG file, the tables tell the quality.
        always: restore even a picture that is better left as it is.
        explain: return two things: the picture, and what was found and decided (a `Finding`, as of `inspect`).
    """
    read_keywords(options)
    check_flag("explain", explain)
    task = Automatic(always=always)
    result, found = shipped(task.model).restore_and_explain(image, task, **options)
    return (result, found) if explain else result


@same_kind
def denoise(
    image: Any,
    *,
    sigma: float | None = None,
    quality: float | None = None,
    impulse: bool = False,
    bands: bool = False,
    chroma: bool = False,
    **options: Unpack[Keywords],
) -> Any:
    """Remove noise.

    Args:
        sigma: standard deviation of the noise on the 0-255 scale; None if unknown.
        quality: 1 to 100, of the JPEG that the noisy picture was saved as, if it was; the path of a JPEG file tells it.
        impulse: fill hot pixels, salt and pepper first; details of one pixel go, too.
        bands: remove stripes first: rows and columns that are a little too bright or dark.
        chroma: remove the noise of colours only; the brightness stays as it is.
    """
    task = Denoise(sigma=sigma, quality=quality, impulse=impulse, bands=bands, chroma=chroma)
    return run(image, task, **options)


@same_kind
def dejpeg(image: Any, *, quality: float | None = None, sigma: float | None = None, **options: Unpack[Keywords]) -> Any:
    """Remove the blocks and rings of JPEG compression.

    Args:
        quality: at which the picture was saved, 1 to 100; None if unknown (the path of a JPEG file tells it).
        sigma: standard deviation, on the 0-255 scale, of noise under the compression; None if there is none.
    """
    return run(image, Dejpeg(quality=quality, sigma=sigma), **options)


@same_kind
def upscale(image: Any, *, scale: int = 2, **options: Unpack[Keywords]) -> Any:
    """Enlarge a picture.

    Args:
        scale: 2, 3 or 4.
    """
    return run(image, Upscale(scale=scale), **options)


@same_kind
def deblur(
    image: Any,
    kernel: NDArray[Any] | str | Path,
    *,
    sigma: float | None = None,
    steps: int | None = None,
    trust_kernel: bool = False,
    **options: Unpack[Keywords],
) -> Any:
    """Undo a known blur.

    Args:
        kernel: the image of a point of light: (h, w) with odd sides, or words or a file, see
            `rednet.classical.kernels.load_kernel`: "disk:7", "gaussian:1.6", "motion:15,30", "kernel.png".
        sigma: standard deviation of the noise on the 0-255 scale; None estimates it.
        steps: number of turns of inverse and network after the first answer; None for the usual two.
        trust_kernel: keep the result even if it shows that the kernel does not fit; otherwise the picture is then left
            as it is.
    """
    sigma = check_setting(Deblur, "noise_sigma", sigma, called="sigma")
    return run(image, Deblur(kernel=kernel, noise_sigma=sigma, steps=steps, trust_kernel=trust_kernel), **options)


@same_kind
def inpaint(image: Any, mask: Any, *, restore_known: bool = False, **options: Unpack[Keywords]) -> Any:
    """Fill missing pixels; all others come back untouched (float64 within float32's precision).

    Args:
        mask: (H, W), True (or not 0) where pixels are missing; what stands there, NaN say, does not matter. Or a
            picture, white there: the path of a file, or a PIL image.
        restore_known: then restore the whole picture; strength weighs that, never what is filled in.
    """
    return run(image, Inpaint(mask=mask, restore_known=restore_known), **options)
