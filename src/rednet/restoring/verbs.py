"""The verbs, for programs: one call each, with the shipped network.

Each takes a picture as an array (uint8, uint16, or float with white at 1.0; gray, RGB, with or without alpha), a PIL
image, or a path, and gives back the same kind (for a path, an array). To set the engine or another model, make a
`Restorer`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Unpack

from numpy.typing import NDArray

from rednet.images.reading import check_readable
from rednet.restoring.correction import Options, check_options
from rednet.restoring.inspection import compression, jpeg_quality
from rednet.restoring.restorer import Restorer, as_mask

__all__ = ["deblur", "dejpeg", "denoise", "inpaint", "restore", "upscale"]


@cache
def shipped() -> Restorer:
    """Loads the shipped network once."""
    return Restorer.from_pretrained()


def ready(options: Options) -> Restorer:
    """Gives the shipped network, once the options are known to be right; else raises as `check_options` does."""
    check_options(options)
    return shipped()


def readable_path(image: Any) -> Path | None:
    """Return the path of a file that can be read, if the image is one; raise ImageError if it cannot."""
    if not isinstance(image, str | Path):
        return None
    check_readable(Path(image))
    return Path(image)


def restore(image: Any, **options: Unpack[Options]) -> Any:
    """Looks at a picture, decides what is wrong with it, and restores it.

    Args:
        image: an array, a PIL image or a path; of a JPEG file, the tables tell the quality.
        options: of all verbs, see `rednet.restoring.correction.Options`: strength, detail, self_ensemble, progress.
    """
    return ready(options).restore(image, **options)


def denoise(image: Any, *, sigma: float | None = None, quality: float | None = None, **options: Unpack[Options]) -> Any:
    """Removes Gaussian noise.

    Args:
        sigma: standard deviation of the noise on the 0-255 scale; None if unknown.
        quality: 1 to 100, of the JPEG that the noisy picture was saved as, if it was; the path of a JPEG file tells it.
    """
    facts = {"sigma": sigma, **compression(quality, readable_path(image))}
    return ready(options).restore(image, facts=facts, **options)


def dejpeg(image: Any, *, quality: float | None = None, sigma: float | None = None, **options: Unpack[Options]) -> Any:
    """Removes the blocks and rings of JPEG compression.

    Args:
        quality: at which the picture was saved, 1 to 100; None if unknown (the path of a JPEG file tells it).
        sigma: standard deviation, on the 0-255 scale, of noise under the compression; None if there is none.
    """
    path = readable_path(image)
    if quality is None and path is not None:
        quality = jpeg_quality(path)
    facts = {"quality": quality} if sigma is None else {"quality": quality, "sigma": sigma}
    return ready(options).restore(image, facts=facts, **options)


def upscale(image: Any, *, scale: int = 2, **options: Unpack[Options]) -> Any:
    """Enlarges a picture.

    Args:
        scale: 2, 3 or 4.
    """
    return ready(options).upscale(image, scale, **options)


def deblur(
    image: Any,
    kernel: NDArray[Any] | str | Path,
    *,
    sigma: float | None = None,
    steps: int | None = None,
    **options: Unpack[Options],
) -> Any:
    """Undoes a known blur.

    Args:
        kernel: what a point of light became: (h, w) with odd sides, or words or a file, see
            `rednet.classical.kernels.load_kernel`: "disk:7", "gaussian:1.6", "motion:15,30", "kernel.png".
        sigma: standard deviation of the noise on the 0-255 scale; None estimates it.
        steps: turns of inverse and network after the first answer; None for the usual two.
    """
    return ready(options).deblur(image, kernel, sigma, steps=steps, **options)


def inpaint(image: Any, mask: Any, *, restore_known: bool = False, **options: Unpack[Options]) -> Any:
    """Fills missing pixels; all others come back untouched (float64 within float32's precision).

    Args:
        mask: (H, W), True (or not 0) where pixels are missing; what stands there, NaN say, does not matter. Or a
            picture, white there: the path of a file, or a PIL image.
        restore_known: then restore the whole picture; strength weighs that, never what is filled in.
    """
    return ready(options).restore(image, facts={}, mask=as_mask(mask), restore_known=restore_known, **options)
