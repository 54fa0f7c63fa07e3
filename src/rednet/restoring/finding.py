"""What was found out about a picture: as facts for the network, and in a sentence for a person."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rednet.classical.luma import to_gray
from rednet.network.hints import Facts

__all__ = ["Finding", "in_words"]

SHOWN = {
    "photograph": "a photograph",
    "drawing": "a drawing",
    "page": "a page of text",
    "screen": "a screenshot",
    "halftone": "a halftone print",
    "1-bit": "a picture of two tones",
    "pixel art": "pixel art",
    "palette": "a picture of few colours",
}
CALLED = {
    "noise": "noise",
    "grain": "film grain",
    "colour noise": "colour noise",
    "impulses": "single wrong pixels",
    "bands": "stripes",
    "blur": "slight blur",
}  # JPEG is told beside what the picture shows
MEASURED = ("noise", "grain")  # have a sigma
REPAIRED = {"JPEG": "compression", "blur": "blur", "impulses": "wrong pixels", "bands": "stripes"}  # others are noise


class Finding(NamedTuple):
    """What a picture is and what is wrong with it: as facts for the network, and in words for a person.

    Args:
        facts: hints for the network.
        words: one sentence.
        sigma: standard deviation of the noise, 0-255 scale; 0 if there is none.
        quality: of the JPEG file; else that of the JPEG from which the pixels come, if it can be found; else None.
        traces: whether the pixels show JPEG compression that is worth a repair.
        clean: whether nothing seems wrong with it.
        kind: what it shows, one of `rednet.restoring.judge.KINDS`; "" if that is unsure.
        damage: what is wrong, of `rednet.restoring.judge.DAMAGE`.
        perhaps: what may be wrong, too, but is not certain enough to be repaired.
        confidence: probability that kind and damage are right, 0 to 1.
        gain: what the network gains at least in 7 of 10 pictures like this one, dB; 0 if it does not run.
        left: whether the picture is better left as it is.
        colours_only: whether the brightness stays as it is.
        limit: of a correction, 0-255 scale: what differs more from the picture cannot be right.
        repair_only: whether only wrong pixels and stripes are repaired, and the network does not run.
    """

    facts: Facts
    words: str
    sigma: float = 0.0
    quality: int | None = None
    traces: bool = False
    clean: bool = False
    kind: str = ""
    damage: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    confidence: float = 0.0
    gain: float = 0.0
    left: bool = False
    colours_only: bool = False
    limit: float = math.inf
    repair_only: bool = False

    def kept(self, correction: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the part of a correction, (H, W, 1 or 3), that is applied."""
        if self.colours_only:
            correction = correction - (to_gray(correction) if correction.shape[2] == 3 else correction)
        if self.limit < math.inf:
            correction = correction.clip(-self.limit / 255, self.limit / 255)
        return correction


def in_words(found: Finding, saved: int | None = None, seen: int | None = None) -> str:
    """Say in a sentence what was found and what follows from it.

    Args:
        found: the finding, without its words.
        saved: quality of the file, if it is a JPEG.
        seen: quality of the JPEG that its pixels show, if it is damage and the file is no such JPEG.
    """
    shown = [SHOWN[found.kind] if found.kind else "a picture"]
    if saved is not None:
        shown.append(f"saved as JPEG of quality {saved}")
    if seen is not None:
        shown.append(f"once a JPEG of quality {seen}")
    elif saved is None and "JPEG" in (*found.damage, *found.perhaps):
        shown.append("once a JPEG" if "JPEG" in found.damage else "perhaps once a JPEG")
    sigma = f"{found.sigma:.0f}" if found.sigma >= 1 else f"{found.sigma:.1g}"  # of a dark picture, it may be small
    damage = [
        f"{CALLED[name]} of about sigma {sigma}" if name in MEASURED else CALLED[name]
        for name in found.damage
        if name in CALLED
    ]
    perhaps = [CALLED[name] for name in found.perhaps if name in CALLED]
    if damage:
        shown[-1] += ("," if len(shown) > 1 else "") + f" with {_listed(damage)}"
    if perhaps:
        shown.append(f"perhaps with {_listed(perhaps)}")
    if found.clean:
        shown.append("clean")
    if not found.left:
        repaired = list(dict.fromkeys(REPAIRED.get(name, "noise") for name in found.damage))
        action = f"repairing {_listed(repaired)}" if repaired else "restoring blindly"
    else:
        action = "restoring would hardly improve it, left as it is" if found.damage else "left as it is"
    return f"{', '.join(shown)} ({found.confidence:.0%} sure): {action}"


def _listed(names: list[str]) -> str:
    """Return names as a person lists them: a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
