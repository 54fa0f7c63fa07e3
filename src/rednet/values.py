"""What the values of options may be: a number in its range, two numbers in order, yes or no; else an error names them.

An option is declared once, as the field of a dataclass, by `setting`: with its kind, its range and its help. Python,
the command line, HTTP and the ledger all read it there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import field, fields, is_dataclass
from math import inf, isfinite
from numbers import Real
from reprlib import repr as brief
from typing import Any, NamedTuple

from rednet.errors import OptionError

__all__ = [
    "Setting",
    "check_flag",
    "check_keywords",
    "check_number",
    "check_pair",
    "check_setting",
    "check_settings",
    "check_whole",
    "setting",
    "settings",
    "shaping",
]


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
    if isinstance(value, bool):
        return value
    import numpy as np

    if not isinstance(value, np.bool_):
        raise OptionError(f"{name} is {brief(value)}; it must be True or False")
    return bool(value)


def check_pair(name: str, value: Any) -> tuple[float, float]:
    """Return an option's value as two finite floats, the first below the second; the text `LO,HI` is such a pair.

    Raises:
        OptionError: it is anything else.

    Example:
        >>> check_pair("range", "-1000,3000")
        (-1000.0, 3000.0)
    """
    try:
        low, high = (float(part) for part in (value.split(",") if isinstance(value, str) else value))
    except (TypeError, ValueError, OverflowError):
        raise OptionError(f"{name} is {brief(value)}; give two numbers, as in 0,4095", option=name) from None
    if not (isfinite(low) and isfinite(high) and low < high):
        raise OptionError(
            f"{name} is {low:.12g},{high:.12g}; both ends must be finite and the first below the second", option=name
        )
    return low, high


def check_keywords(given: Collection[str], known: Collection[str]) -> None:
    """Raise TypeError, as Python does, for a keyword that is no option."""
    for name in given:
        if name not in known:
            raise TypeError(
                f"got an unexpected keyword argument {name!r}; besides its own, it takes {', '.join(known)}"
            )


class Setting(NamedTuple):
    """An option, as a field of a dataclass declares it; see `setting`.

    Args:
        kind: bool, int, float, str, tuple of two numbers in order, or Path of a file.
        default: the value if the option is left out; `dataclasses.MISSING` if it may not be. None, as a default, is
            the one value outside the range that is allowed.
        help: one sentence, for the command line and for HTTP.
        lowest, highest: the range of a number, both included.
        shapes: whether an output depends on the option; if so, it is part of the ledger's fingerprint.
        upload: name of the file in an HTTP form that can take the option's place.
        example: a value, for the documents of HTTP.
    """

    kind: type
    default: Any
    help: str
    lowest: float | None = None
    highest: float | None = None
    shapes: bool = True
    upload: str = ""
    example: str = ""


def setting(
    kind: type, default: Any, help: str, lowest: float | None = None, highest: float | None = None, **more: Any
) -> Any:
    """Declare an option as a field of a dataclass; the arguments are those of `Setting`."""
    said = Setting(kind, default, help, lowest, highest, **more)
    return field(default=default, metadata={"setting": said})


def settings(kind: Any) -> dict[str, Setting]:
    """Return the options that a dataclass declares, by name."""
    return {field.name: field.metadata["setting"] for field in fields(kind) if "setting" in field.metadata}


def check_setting(kind: Any, name: str, value: Any, called: str = "") -> Any:
    """Return a value as the option's kind.

    Args:
        kind: the dataclass that declares the option.
        name: of the option.
        value: to check.
        called: name for the message, if it is another.

    Raises:
        OptionError: the value is not of that kind, or is out of range.
    """
    said, called = settings(kind)[name], called or name
    if value is None and said.default is None:
        return None
    if said.kind is bool:
        return check_flag(called, value)
    if said.kind is tuple:
        return check_pair(called, value)
    if said.lowest is None or said.highest is None:
        return value
    if said.kind is int:
        return check_whole(called, value, int(said.lowest), int(said.highest))
    return check_number(called, value, said.lowest, said.highest)


def check_settings(given: Any) -> None:
    """Check all options of a frozen dataclass's instance, and keep each as its kind; raise as `check_setting`."""
    for name in settings(given):
        object.__setattr__(given, name, check_setting(given, name, getattr(given, name)))


def shaping(given: Any) -> dict[str, Any]:
    """Return the fields of a dataclass's instance on which an output depends: all that do not say otherwise."""
    kept = {}
    for entry in fields(given):
        said: Setting | None = entry.metadata.get("setting")
        if said is None or said.shapes:
            value = getattr(given, entry.name)
            kept[entry.name] = shaping(value) if is_dataclass(value) else value
    return kept
