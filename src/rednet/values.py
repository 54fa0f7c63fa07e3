"""Declares options and checks their values; the error for a wrong value names the option.

An option is declared once, by `setting`, as a field of a dataclass with its type, range and help text. Python, the
command line, HTTP and the ledger all read this declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
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
    "parse_bytes",
    "setting",
    "settings",
    "shaping",
    "take_settings",
]


def check_number(name: str, value: Any, lowest: float, highest: float, unit: str = "") -> float:
    """Return an option's value as a float.

    Args:
        name: name of the option, for the message.
        value: a number of Python or numpy.
        lowest, highest: its range, both included.
        unit: unit of the range, for the message.

    Raises:
        OptionError: the value is not a number (True, "25" and arrays are not), not finite, or outside its range.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise OptionError(f"{name} is {brief(value)}; it must be a number from {lowest:g} to {highest:g}{unit}")
    try:
        number = float(value)
    except OverflowError:  # an int of hundreds of digits
        number = inf if value > 0 else -inf  # type: ignore[operator]
    if not lowest <= number <= highest:  # also True for NaN
        raise OptionError(f"{name} is {number:.12g}; it must be from {lowest:g} to {highest:g}{unit}")
    return number


def check_whole(name: str, value: Any, lowest: int, highest: int) -> int:
    """Return an option's value as an int; 2.0 is allowed.

    Raises:
        OptionError: as `check_number`, or the number is not whole.
    """
    number = check_number(name, value, lowest, highest)
    if not number.is_integer():
        raise OptionError(f"{name} is {value}; it must be a whole number from {lowest} to {highest}")
    return int(number)


def check_flag(name: str, value: Any) -> bool:
    """Return an option's value as a bool; raise OptionError unless it is a bool of Python or numpy."""
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
    """Raise TypeError, as Python does, for an unknown keyword."""
    for name in given:
        if name not in known:
            raise TypeError(
                f"got an unexpected keyword argument {name!r}; besides its own, it takes {', '.join(known)}"
            )


def parse_bytes(text: str, name: str = "max_memory") -> int:
    """Return an amount of memory in bytes, from a text with K, M, G or T for 1024 and its powers.

    Raises:
        OptionError: the text is no amount; the error names the option `name`.

    Example:
        >>> parse_bytes("1.5G")
        1610612736
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:I?B)?", text.strip().upper())
    if match is None:
        raise OptionError(f"{name} is {text!r}; give an amount such as 800M or 1G", option=name)
    return int(float(match[1]) * 1024 ** (" KMGT".index(match[2] or " ")))


class Setting(NamedTuple):
    """The declaration of an option; see `setting`.

    Args:
        kind: type of the value: bool, int, float, str, tuple of two numbers in order, or Path of a file.
        default: the value if the user leaves the option out; `dataclasses.MISSING` if the option is required. If the
            default is None, None is allowed beside the range.
        help: one sentence, for the command line and for HTTP.
        lowest, highest: the range of a number, both included.
        shapes: whether the output depends on the option; if so, the option is part of the ledger's fingerprint.
        remote: whether HTTP has the option; HTTP never takes the path of a file.
        called: the option's name outside Python, if it is another.
        parse: converts a text to the value.
        metavar: stands for the value in the command line's help.
        upload: name of an uploaded file in an HTTP form that can replace the option.
        example: an example value, for the documentation of HTTP.
    """

    kind: type
    default: Any
    help: str
    lowest: float | None = None
    highest: float | None = None
    shapes: bool = True
    remote: bool = True
    called: str = ""
    parse: Callable[[str], Any] | None = None
    metavar: str | None = None
    upload: str = ""
    example: str = ""

    @property
    def typed(self) -> type:
        """The type of what people type on the command line and over HTTP: a pair is a text there."""
        return str if self.kind is tuple else self.kind


def setting(
    kind: type, default: Any, help: str, lowest: float | None = None, highest: float | None = None, **more: Any
) -> Any:
    """Declare an option as a field of a dataclass; arguments as in `Setting`."""
    said = Setting(kind, default, help, lowest, highest, **more)
    return field(default=default, metadata={"setting": said})


def settings(kind: Any) -> dict[str, Setting]:
    """Return the options that a dataclass declares, by name."""
    return {field.name: field.metadata["setting"] for field in fields(kind) if "setting" in field.metadata}


def take_settings(kind: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Take the options of a dataclass out of `given`, by their outside names, and return them by their fields."""
    taken = {}
    for name, said in settings(kind).items():
        if (outside := said.called or name) in given:
            value = given.pop(outside)
            taken[name] = said.parse(value) if said.parse and isinstance(value, str) else value
    return taken


def check_setting(kind: Any, name: str, value: Any, called: str = "") -> Any:
    """Return an option's value, converted to the option's type.

    Args:
        kind: the dataclass that declares the option.
        name: name of the option.
        value: the value to check.
        called: name of the option in messages, if it differs from `name`.

    Raises:
        OptionError: the value has another type or is out of range.
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
    """Check all options of an instance of a frozen dataclass, and convert each; raises as `check_setting`."""
    for name in settings(given):
        object.__setattr__(given, name, check_setting(given, name, getattr(given, name)))


def shaping(given: Any) -> dict[str, Any]:
    """Return the fields of a dataclass's instance on which the output depends: all but options with `shapes=False`."""
    kept = {}
    for entry in fields(given):
        said: Setting | None = entry.metadata.get("setting")
        if said is None or said.shapes:
            value = getattr(given, entry.name)
            kept[entry.name] = shaping(value) if is_dataclass(value) else value
    return kept
