"""Classical methods, for comparison with the networks in the same run.

Each method gets the level of the damage (the networks usually do not). Each parameter without a default in its library
was chosen on `val/` for the best result of the method; unsupervised Wiener estimates its own. The methods need
`rednet[baselines]` (scikit-image, PyWavelets, OpenCV).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rednet.classical.deconvolution import Deconvolution
from rednet.degradations import Degraded
from rednet.errors import EngineError, OptionError
from rednet.packages import need

__all__ = ["BASELINES", "Unsuited"]

Image = NDArray[np.float32]

NLM_STRENGTH = {1: 0.9, 3: 0.5}  # h over sigma, for gray and for RGB
NLM_FLOAT_STRENGTH = 0.65  # h over sigma
TV_WEIGHT = 0.7  # weight over sigma, sigma as a fraction of white
MIRRORED = 64  # px of padding at each border, for the methods that do not handle borders; better than 32 for both
RICHARDSON_LUCY = 75.0, 5, 200  # iterations times sigma, and the smallest and largest number of iterations


class Unsuited(OptionError):
    """The baseline does not handle this kind of damage."""


def nothing(degraded: Degraded) -> Image:
    """Return the damaged picture unchanged; for scaling, this is the bicubic enlargement."""
    return degraded.y


def nlm(degraded: Degraded) -> Image:
    """Denoise by OpenCV's non-local means, on 8 bits."""
    cv2 = library("cv2")
    sigma = level(degraded, "nlm", "sigma")
    levels = np.rint(degraded.y.clip(0, 1) * 255).astype(np.uint8)
    h = NLM_STRENGTH[levels.shape[2]] * sigma
    if levels.shape[2] == 3:
        result = cv2.fastNlMeansDenoisingColored(levels, None, h, h, 7, 21)
    else:
        result = cv2.fastNlMeansDenoising(levels[:, :, 0], None, h, 7, 21)
    return as_image(result, degraded.y, 255)


def nlm_float(degraded: Degraded) -> Image:
    """Denoise by scikit-image's non-local means."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "nlm-float", "sigma") / 255
    y, axis = squeezed(degraded.y)
    options = {"h": NLM_FLOAT_STRENGTH * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
    return as_image(restoration.denoise_nl_means(y, channel_axis=axis, **options), degraded.y)


def tv(degraded: Degraded) -> Image:
    """Denoise by scikit-image's total variation (Chambolle)."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "tv", "sigma") / 255
    return as_image(restoration.denoise_tv_chambolle(degraded.y, TV_WEIGHT * sigma, channel_axis=2), degraded.y)


def wavelet(degraded: Degraded) -> Image:
    """Denoise by scikit-image's wavelet thresholds (BayesShrink)."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "wavelet", "sigma") / 255
    y, axis = squeezed(degraded.y)
    options = {"convert2ycbcr": axis is not None, "method": "BayesShrink", "channel_axis": axis, "rescale_sigma": True}
    return as_image(restoration.denoise_wavelet(y, sigma=sigma, **options), degraded.y)


def inverse(degraded: Degraded) -> Image:
    """Deblur by our own regularised deconvolution, without the network."""
    kernel = need_kernel(degraded, "inverse")
    return Deconvolution(degraded.y, kernel, level(degraded, "inverse", "sigma")).smooth()


def richardson_lucy(degraded: Degraded) -> Image:
    """Deblur by scikit-image's Richardson-Lucy iteration, on a picture padded by reflection."""
    restoration = library("skimage.restoration")
    product, least, most = RICHARDSON_LUCY
    iterations = round(min(max(product / max(degraded.facts.get("sigma") or 0, 1e-3), least), most))
    return channelwise(
        degraded,
        "richardson-lucy",
        lambda plane, kernel: restoration.richardson_lucy(plane, kernel, iterations, clip=False),
    )


def wiener(degraded: Degraded) -> Image:
    """Deblur by scikit-image's unsupervised Wiener deconvolution, on a picture padded by reflection."""
    restoration = library("skimage.restoration")
    return channelwise(
        degraded,
        "wiener",
        lambda plane, kernel: restoration.unsupervised_wiener(plane, kernel, clip=False, rng=0)[0],
    )


def telea(degraded: Degraded) -> Image:
    """Inpaint by OpenCV's fast marching (Telea), on 8 bits."""
    return inpainted(degraded, "telea", "INPAINT_TELEA")


def navier_stokes(degraded: Degraded) -> Image:
    """Inpaint by OpenCV's Navier-Stokes method (Bertalmio), on 8 bits."""
    return inpainted(degraded, "navier-stokes", "INPAINT_NS")


def biharmonic(degraded: Degraded) -> Image:
    """Inpaint by scikit-image's biharmonic equation."""
    restoration = library("skimage.restoration")
    mask = need_mask(degraded, "biharmonic")
    return as_image(restoration.inpaint_biharmonic(degraded.y, mask, channel_axis=2), degraded.y)


def bm3d(degraded: Degraded) -> Image:
    """Denoise by BM3D, if its package is installed (which has its own licence)."""
    package = library("bm3d", "bm3d")
    sigma = level(degraded, "bm3d", "sigma") / 255
    run = package.bm3d_rgb if degraded.y.shape[2] == 3 else package.bm3d
    return as_image(run(degraded.y.squeeze(), sigma), degraded.y)


BASELINES: Mapping[str, Callable[[Degraded], Image]] = {
    "none": nothing,
    "nlm": nlm,
    "nlm-float": nlm_float,
    "tv": tv,
    "wavelet": wavelet,
    "bm3d": bm3d,
    "inverse": inverse,
    "richardson-lucy": richardson_lucy,
    "wiener": wiener,
    "telea": telea,
    "navier-stokes": navier_stokes,
    "biharmonic": biharmonic,
}


def library(module: str, extra: str = "baselines") -> Any:
    """Import a library; raise EngineError with the command that installs it."""
    return need(module, extra, "this baseline", EngineError)


def level(degraded: Degraded, name: str, fact: str) -> float:
    """Return the level of the damage; raise Unsuited if the damage is of another kind."""
    value = degraded.facts.get(fact)
    if value is None or (degraded.kernel is not None) != (name == "inverse"):
        raise Unsuited(f"the baseline {name} needs damage with a {fact} only; this protocol has other damage")
    return value


def need_mask(degraded: Degraded, name: str) -> NDArray[np.bool_]:
    """Return the mask of missing pixels; raise Unsuited if no pixels are missing."""
    if degraded.mask is None:
        raise Unsuited(f"the baseline {name} fills missing pixels; this protocol has none")
    return degraded.mask


def need_kernel(degraded: Degraded, name: str) -> NDArray[np.float64]:
    """Return the blur kernel; raise Unsuited if there is no blur."""
    if degraded.kernel is None:
        raise Unsuited(f"the baseline {name} removes a blur; this protocol has none")
    return degraded.kernel


def inpainted(degraded: Degraded, name: str, method: str) -> Image:
    """Fill missing pixels by a method of OpenCV."""
    cv2 = library("cv2")
    mask = need_mask(degraded, name).astype(np.uint8)
    levels = np.rint(degraded.y.clip(0, 1) * 255).astype(np.uint8)
    return as_image(cv2.inpaint(levels, mask, 3, getattr(cv2, method)), degraded.y, 255)


def channelwise(degraded: Degraded, name: str, invert: Callable[[Any, Any], Any]) -> Image:
    """Deblur each channel by itself, padded by reflection."""
    kernel = need_kernel(degraded, name)
    pad, inside = (MIRRORED, MIRRORED), slice(MIRRORED, -MIRRORED)
    padded = np.pad(degraded.y, (pad, pad, (0, 0)), mode="symmetric").astype(np.float64)
    planes = [invert(padded[:, :, c].clip(0, 1), kernel)[inside, inside] for c in range(padded.shape[2])]
    return as_image(np.stack(planes, axis=2), degraded.y)


def squeezed(y: Image) -> tuple[Image, int | None]:
    """Return a gray picture as (H, W), a colour picture unchanged; and the axis of the channels, or None."""
    return (y[:, :, 0], None) if y.shape[2] == 1 else (y, 2)


def as_image(result: Any, y: Image, white: float = 1.0) -> Image:
    """Convert a library's result to a picture with the shape of y."""
    return (np.asarray(result, np.float32) / np.float32(white)).reshape(y.shape)
