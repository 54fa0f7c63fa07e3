"""Published test protocols: the pictures, the damage, and the metrics.

The pictures are not part of rednet. A data folder has them in `test/SET/`, blur kernels in `kernels/` and masks in
`masks/`. Picture number n of a sorted set is degraded with the seed n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rednet.classical.kernels import disk, gaussian
from rednet.degradations import (
    JPEG,
    Blur,
    Chain,
    Dark,
    Degradation,
    FilmGrain,
    GaussianNoise,
    Identity,
    Impulses,
    JPEGTwice,
    MissingPixels,
    Scaling,
    SensorNoise,
    SlightBlur,
)
from rednet.errors import OptionError
from rednet.evaluation.damage import KernelFile, MaskFile

__all__ = ["GROUPS", "PROTOCOLS", "Protocol", "choose_protocols"]


@dataclass(frozen=True)
class Protocol:
    """One row of a published table.

    Args:
        folder: folder of the test set in the data folder; "" for the photographs that come with rednet, and for
            drawings, which need no data.
        damage: degradation of the clean picture; a file of kernels stands for several kinds of damage.
        colour: "rgb"; "gray", the file's own gray values or the BT.601 luma of RGB; or "luma", MATLAB's luma of RGB.
        source: where the protocol is described.
        multiple: px; the picture is first cropped at its right and bottom to a multiple of this.
        crop_border: px at each side that the metrics ignore.
        metrics: any of psnr, ssim, psnr_b (luma of RGB), psnr_missing (of the missing pixels only), max_change (largest
            difference from the clean picture, 0-255 scale), left (fraction of the spoilt pixels that keep more than
            half of their error).
        drawings: number of pictures drawn by code, in Pillow's own font, if the protocol tests drawings.
    """

    folder: str
    damage: Degradation | KernelFile | MaskFile
    colour: Literal["gray", "rgb", "luma"]
    source: str
    multiple: int = 1
    crop_border: int = 0
    metrics: tuple[str, ...] = ("psnr", "ssim")
    drawings: int = 0


DNCNN = "Zhang et al. 2017, arXiv:1608.03981, section IV: float noise, neither clipped nor rounded"
CLIPPED = "noise of Zhang et al. 2017, but clipped and rounded to 8 bits, as in a saved file"
JPEG_GRAY = "Dong et al. 2015, arXiv:1504.06993, section 4: JPEG of the gray picture"
JPEG_COLOUR = "Zhang et al. 2021 (FBCNN), arXiv:2109.14573, section 4: colour JPEG, 4:2:0, compared in RGB"
SCALING = "Timofte et al. 2014 (A+): bicubic by MATLAB's imresize on the luma, border of `scale` px shaved; not rounded"
UNSHAVED = "Mao et al. 2016, the authors' demo: bicubic by MATLAB's imresize on the luma, compared on the whole picture"
DEMO_BLUR = "Mao et al. 2016, the authors' demo: borders continued, no noise, rounded to 8 bits, compared in RGB"
LEVIN = "our own: kernels of Levin et al. 2009, mirrored borders, then float noise; kernel and level are known"
MASKS = "the mask is known; compared on the missing pixels, and on all pixels"
SOFT = "our own: the Gaussian of set5-blur-gaussian1.6, mirrored borders; the network reads the blurred picture itself"
DRAWN = "our own: drawings of rednet.training.drawings, with a seed that no recipe uses; compared in RGB"
REAL = "our own: damage of real cameras, scans and files; validation pictures"
DARK = "our own: the noisy picture of val-colour-25 scaled to 0-200 of 65535; compared after scaling back"
SHIPPED = "photographs that come with rednet: a quick test, no published numbers"

BLOCKY = ("psnr", "ssim", "psnr_b")
LOST = ("psnr_missing", "psnr", "ssim")
CHANGED = ("psnr", "ssim", "max_change")
LEVIN_KERNELS = "kernels/levin09_8.npz"
DRAWINGS = 40
DARK_WHITE = 200 / 65535
USUAL_SIGMAS, PAPER_SIGMAS = (15, 25, 50), (10, 30, 50, 70)
ALL_SIGMAS = tuple(sorted({*USUAL_SIGMAS, *PAPER_SIGMAS}))


def noise(
    name: str, colour: Literal["gray", "rgb"], *, clip: bool = False, sigmas: tuple[int, ...] = USUAL_SIGMAS
) -> dict[str, Protocol]:
    """Return the noise protocols of a test set."""
    kind = ("colour" if colour == "rgb" else "gray") + ("-8bit" if clip else "")
    source = CLIPPED if clip else DNCNN
    return {f"{name}-{kind}-{s}": Protocol(f"test/{name}", GaussianNoise(s, clip), colour, source) for s in sigmas}


def jpeg(name: str, colour: Literal["gray", "luma", "rgb"]) -> dict[str, Protocol]:
    """Return the JPEG protocols of a test set."""
    kind, source = ("jpeg-colour", JPEG_COLOUR) if colour == "rgb" else ("jpeg", JPEG_GRAY)
    return {
        f"{name}-{kind}-{q}": Protocol(f"test/{name}", JPEG(q), colour, source, metrics=BLOCKY)
        for q in (10, 20, 30, 40)
    }


def scaling(name: str) -> dict[str, Protocol]:
    """Return the super-resolution protocols of a test set."""
    shaved = {f"{name}-x{s}": Protocol(f"test/{name}", Scaling(s), "luma", SCALING, s, s) for s in (2, 3, 4)}
    whole = {f"{name}-unshaved-x{s}": Protocol(f"test/{name}", Scaling(s), "luma", UNSHAVED, s) for s in (2, 3, 4)}
    return shaved | whole


def deblurring(name: str) -> dict[str, Protocol]:
    """Return the deblurring protocols of a test set."""
    demo = {"disk7": disk(7), "gaussian1.6": gaussian(1.6, 25)}
    fixed = {
        f"{name}-blur-{blur}": Protocol(f"test/{name}", Blur(kernel, boundary="edge", clip=True), "rgb", DEMO_BLUR)
        for blur, kernel in demo.items()
    }
    shaken = {
        f"{name}-levin-{s}": Protocol(f"test/{name}", KernelFile(LEVIN_KERNELS, s), "rgb", LEVIN) for s in (2.55, 7.65)
    }
    return fixed | shaken


def inpainting(name: str) -> dict[str, Protocol]:
    """Return the inpainting protocols of a test set."""
    damage: dict[str, MissingPixels | MaskFile] = {
        "text": MaskFile("masks/text.png"),
        "scratches": MaskFile("masks/scratches.png"),
        "random50": MissingPixels("random", 0.5),
        "random80": MissingPixels("random", 0.8),
    }
    return {
        f"{name}-{kind}": Protocol(f"test/{name}", lost, "rgb", MASKS, metrics=LOST) for kind, lost in damage.items()
    }


def drawings(name: str, damage: Degradation) -> dict[str, Protocol]:
    """Return a protocol of drawings."""
    return {f"drawings-{name}": Protocol("", damage, "rgb", DRAWN, metrics=CHANGED, drawings=DRAWINGS)}


def real(name: str, damage: Degradation, source: str = REAL, *metrics: str) -> dict[str, Protocol]:
    """Return a protocol of real damage on the validation pictures."""
    return {f"val-{name}": Protocol("val/val20", damage, "rgb", source, metrics=("psnr", "ssim", *metrics))}


SMOKE: Mapping[str, Protocol] = {
    "smoke-noise": Protocol("", GaussianNoise(25), "rgb", SHIPPED),
    "smoke-jpeg": Protocol("", JPEG(20), "rgb", SHIPPED, metrics=BLOCKY),
    "smoke-x2": Protocol("", Scaling(2), "luma", SHIPPED, 2, 2),
    "smoke-blur": Protocol("", Blur(gaussian(1.6, 25), 2.55), "rgb", SHIPPED),
    "smoke-random50": Protocol("", MissingPixels("random", 0.5), "rgb", SHIPPED, metrics=LOST),
}

PROTOCOLS: Mapping[str, Protocol] = {
    **noise("bsd68", "gray"),
    **noise("set12", "gray", sigmas=ALL_SIGMAS),
    **noise("bsd200", "gray", sigmas=ALL_SIGMAS),
    **noise("cbsd68", "rgb"),
    **noise("bsd68", "gray", clip=True),
    **noise("cbsd68", "rgb", clip=True),
    **jpeg("classic5", "gray"),
    **jpeg("live1", "luma"),
    **jpeg("live1", "rgb"),
    **scaling("set5"),
    **scaling("set14"),
    **scaling("bsd100"),
    **deblurring("set5"),
    **deblurring("set14"),
    **inpainting("set5"),
    **inpainting("set14"),
    "set5-soft-gaussian1.6": Protocol("test/set5", SlightBlur(1.6, 0, "gaussian", clip=True), "rgb", SOFT),
    **drawings("clean", Identity()),
    **drawings("jpeg90", JPEG(90)),
    **real("colour-25", GaussianNoise(25), DNCNN),
    **real("dark-25", Chain((GaussianNoise(25), Dark(DARK_WHITE))), DARK),
    **real("dark-clean", Dark(DARK_WHITE), DARK),
    **real("grain-15", FilmGrain(15, 1.2, clip=True)),
    **real("hot", Impulses(0.006, "hot"), REAL, "left"),
    **real("sensor-15", SensorNoise(15)),
    **real("sensor-15-jpeg90", Chain((SensorNoise(15), JPEG(90)))),
    **real("jpeg-twice", JPEGTwice(40, 80)),
    **SMOKE,
}

SET12 = tuple(f"set12-gray-{s}" for s in USUAL_SIGMAS)

GROUPS: Mapping[str, tuple[str, ...]] = {
    "smoke": tuple(SMOKE),
    "denoising": ("bsd68-gray-", *SET12, "cbsd68-colour-"),
    "jpeg": ("classic5-jpeg-", "live1-jpeg-"),
    "scaling": ("set5-x", "set14-x"),
    "deblurring": ("set5-blur-", "set5-levin-", "set14-blur-", "set14-levin-"),
    "inpainting": tuple(f"{name}-{kind}" for name in ("set5", "set14") for kind in ("text", "scratches", "random")),
    "real": ("val-", "drawings-", "set5-soft-"),
    "paper": (*(f"{name}-gray-{s}" for name in ("set12", "bsd200") for s in PAPER_SIGMAS),
              *(f"{name}-{kind}" for name in ("set5", "set14", "bsd100") for kind in ("x", "unshaved-x")),
              *(f"{name}-jpeg-{q}" for name in ("classic5", "live1") for q in (10, 20)),
              "set5-blur-", "set14-blur-", "set5-scratches", "set5-text", "set14-scratches", "set14-text"),
    "card": ("bsd68-gray-", *SET12, "cbsd68-colour-", "classic5-jpeg-", "live1-jpeg-", "set5-x", "set14-x",
             "set5-blur-", "set5-levin-", "set14-blur-", "set14-levin-", "set5-text", "set5-scratches", "set5-random",
             "set14-text", "set14-scratches", "set14-random"),
}  # fmt: skip
"""Names of groups of protocols; each entry is a prefix of protocol names."""


def choose_protocols(wanted: Sequence[str]) -> list[str]:
    """Return the names of protocols.

    Args:
        wanted: names, prefixes of names, or groups; empty for all protocols except the smoke test.

    Raises:
        OptionError: an entry matches no protocol.
    """
    if not wanted:
        return [name for name in PROTOCOLS if name not in SMOKE]
    beginnings: list[str] = []
    for name in wanted:
        meant = GROUPS.get(name, (name,))
        if not any(protocol.startswith(meant) for protocol in PROTOCOLS):
            raise OptionError(
                f"no protocol begins with {name}; ask for the list; groups: {', '.join(GROUPS)}", option="list"
            )
        beginnings += meant
    return [name for name in PROTOCOLS if name.startswith(tuple(beginnings))]
