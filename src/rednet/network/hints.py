"""What can be told to the network about the damage, and how it is written into its hint planes.

A fact is a name and a level: `{"sigma": 25.0}` says "Gaussian noise, sigma 25"; `{"sigma": None}` says "Gaussian
noise, I don't know how strong"; `{}` says nothing. Each fact becomes two constant planes: told (0 or 1) and level
(0 where unknown), so that one network works told or blind.

Noise of any kind (white, of a sensor, of film, impulses) is told as `sigma`: the network sees which kind it is, and
nobody measures more than its strength. A network lists the hints that it takes in its `config.json`, so hints that are
added here, at the end, leave older networks as they are.
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
    """Maps a JPEG quality, 1-100, to how coarsely it rounds (the IJG scale of the quantisation tables), 10 -> 1."""
    return (50 / quality if quality < 50 else 2 - quality / 50) / 5


class Hint(NamedTuple):
    """The range of a level, and the level as the network sees it: about 0 (harmless) to 1 (strong)."""

    lowest: float
    highest: float
    seen: Callable[[float], float]


HINTS: dict[str, Hint] = {
    "sigma": Hint(0, 255, lambda sigma: sigma / 50),
    "quality": Hint(1, 100, quantisation),
    "scale": Hint(1, 8, lambda scale: (scale - 1) / 3),
    "deconvolved": Hint(0, 255, lambda sigma: sigma / 10),  # sigma of the noise before a blur was inverted
    "blur": Hint(0, 10, lambda spread: spread / 2),  # standard deviation, px, of a blur that was not inverted
}


def check_facts(facts: Facts) -> None:
    """Raise OptionError unless these are facts: of known names, each with a level in its range, or None."""
    if not isinstance(facts, Mapping):
        raise OptionError(f"the facts are {brief(facts)}; give them as a dict, {{'sigma': 25.0}}, say")
    for name, level in facts.items():
        if name not in HINTS:
            raise OptionError(f"there is no hint {brief(name)}; the hints are: {', '.join(HINTS)}")
        if level is not None:
            check_number(name, level, HINTS[name].lowest, HINTS[name].highest)


def hint_vector(facts: Facts, names: Sequence[str] = tuple(HINTS)) -> NDArray[np.float32]:
    """Writes facts as the vector that fills the network's hint planes.

    Args:
        facts: name -> level in the field's units, or None where the level is unknown.
        names: the hints that the network takes, in its order (`REDNetConfig.hints`); it is blind to other facts.

    Returns:
        (2 * len(names),): told, level, told, level, ...

    Raises:
        OptionError: a fact of an unknown name, or a level outside its range.

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
