"""Warn if a picture contradicts what the user has asked for: noise or blocks of a JPEG that it does not show.

What is not there cannot be removed: the network takes detail for it.
"""

from __future__ import annotations

from rednet.restoring.finding import Finding
from rednet.warning import warn

__all__ = ["check_enlarging", "check_quality", "check_sigma"]

NOISES = {"noise", "grain", "colour noise", "impulses", "bands"}
LESS_NOISE = 1.6, 2.0  # times the noise that is found, and levels more: sigma is too high
MORE_NOISE = 2.0, 3.0  # times sigma, and levels more: the picture has more noise than that
SURE_ENOUGH = 0.5  # confidence of a finding that contradicts the user; of a picture too small to be judged, it is 0
OTHER_QUALITY = 15  # by which a quality may differ from the one that is found
COARSE = 75  # a JPEG of this quality or below has artefacts that are worth a repair before it is enlarged
FINE_DRAWING = (
    85  # quality from which the JPEG of a drawing, a page or a screen shows more truth than the network's guess
)
KEEP = "compare the result with the picture, or let restore decide"


def check_sigma(found: Finding, sigma: float | None) -> None:
    """Warn if a picture that is to be denoised shows no noise, or more than sigma says.

    Args:
        found: in the picture.
        sigma: given by the user, 0-255 scale; None if it is unknown.
    """
    if found.confidence < SURE_ENOUGH and found.gain >= 0:  # unsure what it is; but sure of a loss is sure enough
        return
    given = "" if sigma is None else f"sigma is given as {sigma:g}, but "
    if not NOISES & set(found.damage) and (found.left or sigma is not None):
        warn(f"{given}the picture shows hardly any noise: detail may have been taken for noise; {KEEP}")
    elif sigma is not None and found.sigma > 0:
        shown = f"{given}the picture shows noise of about {found.sigma:.1f}"
        if sigma > LESS_NOISE[0] * found.sigma + LESS_NOISE[1]:
            warn(f"{shown} only: detail may have been taken for noise; lower sigma, or leave it out")
        elif found.sigma > MORE_NOISE[0] * sigma + MORE_NOISE[1]:
            warn(f"{shown}: raise sigma, or leave it out")


def check_quality(found: Finding, quality: float | None) -> None:
    """Warn if a picture shows no JPEG, or one of another quality than the user says, or one not worth a repair.

    Args:
        found: in the picture.
        quality: given by the user, 1 to 100; None if it is unknown.
    """
    given = "" if quality is None else f"quality is given as {quality:g}, but "
    sure, drawn = found.confidence >= SURE_ENOUGH, found.kind not in ("photograph", "")
    if sure and "JPEG" not in found.damage and (quality is not None or found.quality is None):
        warn(f"{given}the picture shows no blocks of a JPEG: detail may have been taken for damage; {KEEP}")
    elif sure and quality is not None and found.quality and abs(found.quality - quality) > OTHER_QUALITY:
        warn(f"{given}the picture shows a JPEG of quality {found.quality}: correct quality, or leave it out")
    elif (found.left and found.gain < 0) or (drawn and found.quality and found.quality >= FINE_DRAWING):
        warn(f"what the JPEG has lost is hardly worth a repair: detail may have been taken for damage; {KEEP}")


def check_enlarging(found: Finding) -> None:
    """Warn if a picture that is to be enlarged has noise or blocks, which enlarging would sharpen."""
    if "noise" in found.damage or "grain" in found.damage:
        warn(f"the picture shows noise of about {found.sigma:.1f}, which is sharpened with it: denoise it first")
    elif "JPEG" in found.damage and (found.quality is None or found.quality <= COARSE):
        warn("the picture shows artefacts of JPEG, which are sharpened with it: remove them first")
