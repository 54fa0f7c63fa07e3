"""Hints: known facts about the damage, and how they fill the network's hint planes.

A fact is a name and a level. `{"sigma": 25.0}` says "Gaussian noise, sigma 25"; `{"sigma": None}` says "Gaussian
noise, strength unknown"; `{}` says nothing. Each hint has two constant planes: the first is 1 if the fact is given,
else 0; the second is the level, 0 if unknown. So one network works with and without facts.

The hint `sigma` stands for noise of every kind (white noise, sensor noise, film grain, impulses): the network
recognises the kind in the picture, and only the strength is measured. Each network lists its hints in `config.json`.
New hints are added at the end of `HINTS`; older networks do not read them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from reprlib import repr as brief
from typing import TYPE_CHECKING, NamedTuple

from rednet.errors import OptionError
from rednet.values import check_number

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["HINTS", "Facts", "check_facts", "hint_vector"]

Facts = Mapping[str, float | None]


def quantisation(quality: float) -> float:
    """Convert a JPEG quality, 1-100, to the IJG scale of the quantisation tables, with quality 10 -> 1."""
    return (50 / quality if quality < 50 else 2 - quality / 50) / 5


class Hint(NamedTuple):
    """The range of a level, and the function that scales it for the network, from about 0 (weak) to 1 (strong)."""

    lowest: float
    highest: float
    seen: Callable[[float], float]


HINTS: dict[str, Hint] = {
    "sigma": Hint(0, 255, lambda sigma: sigma / 50),
    "quality": Hint(1, 100, quantisation),
    "scale": Hint(1, 8, lambda scale: (scale - 1) / 3),
    "deconvolved": Hint(0, 255, lambda sigma: sigma / 10),  # sigma of the noise before deconvolution
    "blur": Hint(0, 10, lambda spread: spread / 2),  # standard deviation, px, of a blur that is still in the picture
}


def check_facts(facts: Facts) -> None:
    """Raise OptionError unless every name is a known hint and every level is None or in the hint's range."""
    if not isinstance(facts, Mapping):
        raise OptionError(f"the facts are {brief(facts)}; give them as a dict, {{'sigma': 25.0}}, say")
    for name, level in facts.items():
        if name not in HINTS:
            raise OptionError(f"there is no hint {brief(name)}; the hints are: {', '.join(HINTS)}")
        if level is not None:
            check_number(name, level, HINTS[name].lowest, HINTS[name].highest)


def hint_vector(facts: Facts, names: Sequence[str] = tuple(HINTS)) -> NDArray[np.float32]:
    """Return the values of the network's hint planes for some facts.

    Args:
        facts: name -> level (see `HINTS` for the ranges), or None where the level is unknown.
        names: the hints that the network reads, in its order (`REDNetConfig.hints`); other facts are ignored.

    Returns:
        (2 * len(names),): given (0 or 1), level, given, level, ...

    Raises:
        OptionError: a name is unknown, or a level is outside its range.

    Example:
        >>> hint_vector({"sigma": 25.0, "scale": None}).tolist()
        [1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    import numpy as np

    check_facts(facts)
    vector = np.zeros(2 * len(names), np.float32)
    for i, name in enumerate(names):
        if name in facts:
            level = facts[name]
            vector[2 * i : 2 * i + 2] = 1.0, 0.0 if level is None else HINTS[name].seen(float(level))
    return vector
