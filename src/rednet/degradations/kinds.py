"""The table of degradations, by their names in recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rednet.classical.kernels import parse_kernel
from rednet.degradations.blurring import Blur, Deconvolved, SlightBlur
from rednet.degradations.compression import JPEG, JPEGTwice
from rednet.degradations.degraded import Degradation, Identity
from rednet.degradations.exposure import Dark
from rednet.degradations.faults import Banding, Impulses
from rednet.degradations.grain import ChromaNoise, FilmGrain
from rednet.degradations.missing import MissingPixels
from rednet.degradations.mixture import Chain
from rednet.degradations.noise import GaussianNoise
from rednet.degradations.scaling import Scaling
from rednet.degradations.sensor import SensorNoise
from rednet.errors import OptionError

__all__ = ["KINDS", "degradation_from"]

KINDS: Mapping[str, Callable[..., Degradation]] = {
    "identity": Identity,
    "gaussian_noise": GaussianNoise,
    "jpeg": JPEG,
    "scaling": Scaling,
    "missing_pixels": MissingPixels,
    "blur": Blur,
    "deconvolved": Deconvolved,
    "slight_blur": SlightBlur,
    "sensor_noise": SensorNoise,
    "film_grain": FilmGrain,
    "chroma_noise": ChromaNoise,
    "impulses": Impulses,
    "banding": Banding,
    "jpeg_twice": JPEGTwice,
    "dark": Dark,
}


def degradation_from(options: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Degradation:
    """Build a degradation from a table of a recipe, e.g. `{kind = "jpeg", quality = [5, 30]}`; a chain from a list.

    Raises:
        OptionError: the kind or an option is unknown.
    """
    if not isinstance(options, Mapping):
        return Chain(tuple(degradation_from(step) for step in options))
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    if "small" in values:
        values["small"] = degradation_from(options["small"])
    if "kernel" in values:
        values["kernel"] = parse_kernel(str(values["kernel"]))
    kind = str(values.pop("kind", None))
    if kind not in KINDS:
        raise OptionError(f"the degradation's kind is {kind!r}; it must be of: {', '.join(KINDS)}")
    try:
        return KINDS[kind](**values)
    except TypeError as error:
        raise OptionError(f"degradation {kind}: {error}") from None
