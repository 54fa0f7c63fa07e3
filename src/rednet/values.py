"""What the values of options may be: one number in its range, yes or no; anything else is an error with their name."""

from __future__ import annotations

from collections.abc import Collection
from math import inf
from numbers import Real
from reprlib import repr as brief
from typing import Any

import numpy as np

from rednet.errors import OptionError

__all__ = ["check_flag", "check_keywords", "check_number", "check_whole"]


def check_number(name: str, value: Any, lowest: float, highest: float, unit: str = "") -> float:
    """Give an option's value as a float.

    Args:
        name: of the option.
        value: a number of Python or numpy.
        lowest, highest: its range, both included.
        unit: of the range, for the message.

    Raises:
        OptionError: it is no number (True is none, nor is "25", nor an array), not finite, or outside its range.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise OptionError(f"{name} is {brief(value)}; it must be a number from {lowest:g} to {highest:g}{unit}")
    try:
        number = float(value)
    except OverflowError:  # an int of hundreds of digits
        number = inf if value > 0 else -inf  # type: ignore[operator]
    if not lowest <= number <= highest:  # nor is NaN
        raise OptionError(f"{name} is {number:.12g}; it must be from {lowest:g} to {highest:g}{unit}")
    return number


def check_whole(name: str, value: Any, lowest: int, highest: int) -> int:
    """Give an option's value as an int; 2.0 is one. Raises as `check_number`, or if it is not whole."""
    number = check_number(name, value, lowest, highest)
    if not number.is_integer():
        raise OptionError(f"{name} is {value}; it must be a whole number from {lowest} to {highest}")
    return int(number)


def check_flag(name: str, value: Any) -> bool:
    """Give an option's value as a bool, Python's or numpy's; raise OptionError if it is anything else."""
    if not isinstance(value, bool | np.bool_):
        raise OptionError(f"{name} is {brief(value)}; it must be True or False")
    return bool(value)


def check_keywords(given: Collection[str], known: Collection[str]) -> None:
    """Raise TypeError, as Python does, for a keyword that is no option."""
    for name in given:
        if name not in known:
            raise TypeError(
                f"got an unexpected keyword argument {name!r}; besides its own, it takes {', '.join(known)}"
            )
