"""The verbs, for programs: one call each, with the shipped network.

Each takes a picture as an array (uint8, uint16, or float with white at 1.0; gray, RGB, with or without alpha), a PIL
image, or a path, and gives back the same kind (for a path, an array). To set the engine or another model, make a
`Restorer`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rednet.inference.inspect import jpeg_quality
from rednet.inference.restorer import Restorer
from rednet.kernels import load_kernel

__all__ = ["deblur", "dejpeg", "denoise", "inpaint", "restore", "upscale"]


@cache
def shipped() -> Restorer:
    """Loads the shipped network once."""
    return Restorer.from_pretrained()


def restore(image: Any, *, strength: float = 1.0, self_ensemble: bool = False) -> Any:
    """Looks at a picture, decides what is wrong with it, and restores it.

    Args:
        image: an array, a PIL image or a path; of a JPEG file, the tables tell the quality.
        strength: 1 takes the network's whole correction, 0 none.
        self_ensemble: mean over 8 orientations, 8 times slower.
    """
    return shipped().restore(image, strength=strength, self_ensemble=self_ensemble)


def denoise(image: Any, *, sigma: float | None = None, strength: float = 1.0, self_ensemble: bool = False) -> Any:
    """Removes Gaussian noise.

    Args:
        sigma: standard deviation of the noise on the 0-255 scale; None if unknown.
    """
    return shipped().restore(image, facts={"sigma": sigma}, strength=strength, self_ensemble=self_ensemble)


def dejpeg(image: Any, *, quality: float | None = None, strength: float = 1.0, self_ensemble: bool = False) -> Any:
    """Removes the blocks and rings of JPEG compression.

    Args:
        quality: at which the picture was saved, 1 to 100; None if unknown (the path of a JPEG file tells it).
    """
    if quality is None and isinstance(image, str | Path):
        quality = jpeg_quality(Path(image))
    return shipped().restore(image, facts={"quality": quality}, strength=strength, self_ensemble=self_ensemble)


def upscale(image: Any, *, scale: int = 2, strength: float = 1.0, self_ensemble: bool = False) -> Any:
    """Enlarges a picture.

    Args:
        scale: 2, 3 or 4.
    """
    return shipped().upscale(image, scale, strength=strength, self_ensemble=self_ensemble)


def deblur(
    image: Any,
    kernel: NDArray[Any] | str,
    *,
    sigma: float | None = None,
    steps: int = 0,
    strength: float = 1.0,
    self_ensemble: bool = False,
) -> Any:
    """Undoes a known blur.

    Args:
        kernel: what a point of light became: (h, w) with odd sides, or words or a file, see
            `rednet.kernels.load_kernel`: "disk:7", "gaussian:1.6", "motion:15,30", "kernel.png".
        sigma: standard deviation of the noise on the 0-255 scale; None estimates it.
        steps: further rounds of inverse and network: slower, better where the blur is wide.
    """
    psf = load_kernel(kernel) if isinstance(kernel, str) else kernel
    return shipped().deblur(image, psf, sigma, steps=steps, strength=strength, self_ensemble=self_ensemble)


def inpaint(
    image: Any,
    mask: NDArray[Any],
    *,
    strength: float = 1.0,
    restore_known: bool = False,
    self_ensemble: bool = False,
) -> Any:
    """Fills missing pixels; all others come back untouched (float64 within float32's precision).

    Args:
        mask: (H, W), True (or not 0) where pixels are missing.
        restore_known: restore the known pixels, too.
    """
    return shipped().restore(
        image, facts={}, mask=mask, strength=strength, restore_known=restore_known, self_ensemble=self_ensemble
    )
