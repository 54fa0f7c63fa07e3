"""Classical methods, to be measured beside us in the same run.

Each is told the level of the damage (the networks usually are not), and each parameter that its library leaves open was
chosen on `val/`, in favour of the method; unsupervised Wiener finds its own. They need `rednet[baselines]`
(scikit-image, PyWavelets, OpenCV).
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
TV_WEIGHT = 0.7  # over sigma as a share of white
MIRRORED = 64  # px beyond each border, for the methods that know no border; both gain from 64 over 32
RICHARDSON_LUCY = 75.0, 5, 200  # iterations times sigma, and the least and most iterations


class Unsuited(OptionError):
    """The baseline is not made for this kind of damage."""


def nothing(degraded: Degraded) -> Image:
    """The damaged picture as it is; for scaling, the bicubic enlargement."""
    return degraded.y


def nlm(degraded: Degraded) -> Image:
    """Non-local means of OpenCV, on 8 bits."""
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
    """Non-local means of scikit-image."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "nlm-float", "sigma") / 255
    y, axis = squeezed(degraded.y)
    options = {"h": NLM_FLOAT_STRENGTH * sigma, "sigma": sigma, "patch_size": 5, "patch_distance": 6}
    return as_image(restoration.denoise_nl_means(y, channel_axis=axis, **options), degraded.y)


def tv(degraded: Degraded) -> Image:
    """Total variation (Chambolle) of scikit-image."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "tv", "sigma") / 255
    return as_image(restoration.denoise_tv_chambolle(degraded.y, TV_WEIGHT * sigma, channel_axis=2), degraded.y)


def wavelet(degraded: Degraded) -> Image:
    """Wavelet thresholds (BayesShrink) of scikit-image."""
    restoration = library("skimage.restoration")
    sigma = level(degraded, "wavelet", "sigma") / 255
    y, axis = squeezed(degraded.y)
    options = {"convert2ycbcr": axis is not None, "method": "BayesShrink", "channel_axis": axis, "rescale_sigma": True}
    return as_image(restoration.denoise_wavelet(y, sigma=sigma, **options), degraded.y)


def inverse(degraded: Degraded) -> Image:
    """Our own regularised inverse of the blur, without the network."""
    kernel = need_kernel(degraded, "inverse")
    return Deconvolution(degraded.y, kernel, level(degraded, "inverse", "sigma")).smooth()


def richardson_lucy(degraded: Degraded) -> Image:
    """Richardson and Lucy's iteration of scikit-image, on a picture continued by its mirror image."""
    restoration = library("skimage.restoration")
    product, least, most = RICHARDSON_LUCY
    iterations = round(min(max(product / max(degraded.facts.get("sigma") or 0, 1e-3), least), most))
    return channelwise(
        degraded,
        "richardson-lucy",
        lambda plane, kernel: restoration.richardson_lucy(plane, kernel, iterations, clip=False),
    )


def wiener(degraded: Degraded) -> Image:
    """Unsupervised Wiener deconvolution of scikit-image, on a picture continued by its mirror image."""
    restoration = library("skimage.restoration")
    return channelwise(
        degraded,
        "wiener",
        lambda plane, kernel: restoration.unsupervised_wiener(plane, kernel, clip=False, rng=0)[0],
    )


def telea(degraded: Degraded) -> Image:
    """Telea's fast marching of OpenCV, on 8 bits."""
    return inpainted(degraded, "telea", "INPAINT_TELEA")


def navier_stokes(degraded: Degraded) -> Image:
    """Bertalmio's Navier-Stokes inpainting of OpenCV, on 8 bits."""
    return inpainted(degraded, "navier-stokes", "INPAINT_NS")


def biharmonic(degraded: Degraded) -> Image:
    """Biharmonic inpainting of scikit-image."""
    restoration = library("skimage.restoration")
    mask = need_mask(degraded, "biharmonic")
    return as_image(restoration.inpaint_biharmonic(degraded.y, mask, channel_axis=2), degraded.y)


def bm3d(degraded: Degraded) -> Image:
    """BM3D, if its package, which has terms of its own, is installed."""
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
    """Imports a library, or says how to get it."""
    return need(module, extra, "this baseline", EngineError)


def level(degraded: Degraded, name: str, fact: str) -> float:
    """Gives the level of the damage, or says that the baseline is for another kind."""
    value = degraded.facts.get(fact)
    if value is None or (degraded.kernel is not None) != (name == "inverse"):
        raise Unsuited(f"the baseline {name} is for damage with a {fact} alone; this protocol has another")
    return value


def need_mask(degraded: Degraded, name: str) -> NDArray[np.bool_]:
    """Gives the mask of missing pixels, or says that none are missing."""
    if degraded.mask is None:
        raise Unsuited(f"the baseline {name} fills missing pixels; this protocol has none")
    return degraded.mask


def need_kernel(degraded: Degraded, name: str) -> NDArray[np.float64]:
    """Gives the kernel of a blur, or says that there is no blur."""
    if degraded.kernel is None:
        raise Unsuited(f"the baseline {name} undoes a blur; this protocol has none")
    return degraded.kernel


def inpainted(degraded: Degraded, name: str, method: str) -> Image:
    """Fills missing pixels by a method of OpenCV."""
    cv2 = library("cv2")
    mask = need_mask(degraded, name).astype(np.uint8)
    levels = np.rint(degraded.y.clip(0, 1) * 255).astype(np.uint8)
    return as_image(cv2.inpaint(levels, mask, 3, getattr(cv2, method)), degraded.y, 255)


def channelwise(degraded: Degraded, name: str, invert: Callable[[Any, Any], Any]) -> Image:
    """Deblurs each channel, continued by its mirror image."""
    kernel = need_kernel(degraded, name)
    pad, inside = (MIRRORED, MIRRORED), slice(MIRRORED, -MIRRORED)
    padded = np.pad(degraded.y, (pad, pad, (0, 0)), mode="symmetric").astype(np.float64)
    planes = [invert(padded[:, :, c].clip(0, 1), kernel)[inside, inside] for c in range(padded.shape[2])]
    return as_image(np.stack(planes, axis=2), degraded.y)


def squeezed(y: Image) -> tuple[Image, int | None]:
    """Gives a gray picture as (H, W), and the axis of the channels if there is one."""
    return (y[:, :, 0], None) if y.shape[2] == 1 else (y, 2)


def as_image(result: Any, y: Image, white: float = 1.0) -> Image:
    """Gives a library's result as a picture like y."""
    return (np.asarray(result, np.float32) / np.float32(white)).reshape(y.shape)
