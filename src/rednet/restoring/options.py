"""The options that all tasks take: each is declared here, once, with its range and its help."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as brief
from typing import Any, TypedDict

from rednet.errors import OptionError
from rednet.progress import Progress, silent
from rednet.values import check_keywords, check_settings, setting

__all__ = ["Keywords", "Options", "read_keywords"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """How strongly a picture is restored, and how carefully.

    Args:
        strength: 1 takes the network's whole correction, 0 none.
        detail: 0 to 1, how much of the fine structure among what was removed comes back.
        self_ensemble: mean over 8 orientations: slower by 8, better by 0.05 to 0.2 dB.
        tileable: the picture is a texture that repeats: each border continues at the opposite one, so that the result
            repeats without a seam, too. The work needs the whole picture in memory.
        range: (low, high), the values that are black and white; None for those of the type: 255 is white in uint8,
            65535 in uint16, 1.0 in floats. Other types need it.

    Raises:
        OptionError: one is outside its range.
    """

    strength: float = setting(float, 1.0, "How much of the correction to apply; 1 is all.", 0, 1.5)
    detail: float = setting(float, 0.0, "How much of the removed fine structure to put back.", 0, 1)
    self_ensemble: bool = setting(bool, False, "Mean over 8 orientations; 8 times slower.")
    tileable: bool = setting(bool, False, "The picture is a texture that repeats: keep it free of seams.")
    range: tuple[float, float] | None = setting(
        tuple, None, "Values that mean black and white; if left out, 0 and 255, 65535 or 1.0, by type.",
        metavar="LO,HI", example="0,4095",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_settings(self)


class Keywords(TypedDict, total=False):
    """The keywords of all verbs in Python: the fields of `Options`, and what is about arrays and Python only.

    Args:
        strength, detail, self_ensemble, tileable, range: see `Options`.
        channel_axis, out: see `rednet.restoring.stacks.take_apart`.
        progress: called with the finished fraction, 0 to 1.
    """

    strength: float
    detail: float
    self_ensemble: bool
    tileable: bool
    range: tuple[float, float] | None
    channel_axis: int | None
    out: Any
    progress: Progress


def read_keywords(keywords: Keywords) -> tuple[Options, dict[str, Any], Progress]:
    """Make options of a verb's keywords, before any work is done; return them, those about arrays, and the progress.

    Raises:
        TypeError: there is no such keyword. OptionError: a value is outside its range.
    """
    check_keywords(keywords, Keywords.__annotations__)
    given: dict[str, Any] = dict(keywords)
    progress = given.pop("progress", silent)
    if not callable(progress):
        raise OptionError(f"progress is {brief(progress)}; it must be a function that takes the finished fraction")
    layout: dict[str, Any] = {name: given.pop(name) for name in ("channel_axis", "out") if name in given}
    return Options(**given), layout, progress
