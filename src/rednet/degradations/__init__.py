"""Degradations, for training and for tests: clean x -> degraded y.

Each kind is a frozen dataclass, called as `degradation(x, rng)`. x is (H, W, C) float32 in [0, 1] with C 1 or 3. All
random numbers come from `rng`, so equal seeds have equal results. If a level is a range (lo, hi), each call draws a
level from it uniformly. The result also has the facts about the damage, as in `rednet.network.hints`.

JPEG, text and scratches need Pillow (`rednet[demo]`); all other kinds need only numpy.
"""

from rednet.degradations.blurring import Blur, Deconvolved, SlightBlur, random_kernel
from rednet.degradations.compression import JPEG, JPEGTwice
from rednet.degradations.degraded import (
    Degradation,
    Degraded,
    Identity,
    Image,
    Level,
    Mask,
    check_level,
    choose,
    draw,
    several,
    to_8_bits,
    to_gray,
)
from rednet.degradations.exposure import Dark
from rednet.degradations.faults import Banding, Impulses
from rednet.degradations.grain import ChromaNoise, FilmGrain, correlated_noise
from rednet.degradations.kinds import KINDS, degradation_from
from rednet.degradations.missing import MissingPixels
from rednet.degradations.mixture import Chain, Mixture, Share
from rednet.degradations.noise import GaussianNoise
from rednet.degradations.scaling import Scaling
from rednet.degradations.sensor import SensorNoise

__all__ = [
    "JPEG",
    "KINDS",
    "Banding",
    "Blur",
    "Chain",
    "ChromaNoise",
    "Dark",
    "Deconvolved",
    "Degradation",
    "Degraded",
    "FilmGrain",
    "GaussianNoise",
    "Identity",
    "Image",
    "Impulses",
    "JPEGTwice",
    "Level",
    "Mask",
    "MissingPixels",
    "Mixture",
    "Scaling",
    "SensorNoise",
    "Share",
    "SlightBlur",
    "check_level",
    "choose",
    "correlated_noise",
    "degradation_from",
    "draw",
    "random_kernel",
    "several",
    "to_8_bits",
    "to_gray",
]
