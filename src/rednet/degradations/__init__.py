"""The damage that rednet repairs, made on purpose: clean x -> degraded y.

Each kind is a frozen dataclass, called as `degradation(x, rng)`: x is (H, W, C) float32 in [0, 1] with C 1 or 3, and
everything random comes from the passed generator, so that one seed gives one result. Where a level may be a range
(lo, hi), each call draws from it evenly. The result says what was done (`facts`), in the words of `rednet.hints`.

JPEG, text and scratches need Pillow (`rednet[demo]`); the rest needs numpy only.
"""

from rednet.degradations.blurring import Blur, Deconvolved, random_kernel
from rednet.degradations.compression import JPEG
from rednet.degradations.degraded import Degradation, Degraded, Identity, to_8_bits, to_gray
from rednet.degradations.kinds import KINDS, degradation_from
from rednet.degradations.missing import MissingPixels
from rednet.degradations.mixture import Chain, Mixture, Share
from rednet.degradations.noise import GaussianNoise
from rednet.degradations.scaling import Scaling

__all__ = [
    "JPEG",
    "KINDS",
    "Blur",
    "Chain",
    "Deconvolved",
    "Degradation",
    "Degraded",
    "GaussianNoise",
    "Identity",
    "MissingPixels",
    "Mixture",
    "Scaling",
    "Share",
    "degradation_from",
    "random_kernel",
    "to_8_bits",
    "to_gray",
]
