"""What every restoration has in common: the steps of a task, in their order, and what a task can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rednet.errors import OptionError
from rednet.network.hints import Facts
from rednet.values import check_settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rednet.images import Picture
    from rednet.progress import Progress
    from rednet.restoring.finding import Finding
    from rednet.restoring.network import Network
    from rednet.restoring.options import Options

    Pixels = NDArray[np.float32]

__all__ = ["FILLING_FLOATS", "Task", "as_finding"]

FILLING_FLOATS = 24, 11  # 32 were measured for gray and 53 for RGB with 90 % of the pixels missing
NO_DETAIL = "detail comes from what was removed; where pixels were missing, nothing was: leave it out"


@dataclass(frozen=True, kw_only=True)
class Task:
    """A restoration of pictures; in this base class, the network restores them without hints.

    A subclass declares its options by `rednet.values.setting`, and overrides the methods in which it differs. Its
    docstring is the help text of its verb.
    """

    name: ClassVar[str] = ""  # over HTTP
    verb: ClassVar[str] = ""  # on the command line; the name, if it is empty
    ending: ClassVar[str] = ""  # added to the name of a result beside its picture
    model: ClassVar[str] = "universal"  # the shipped network that is used unless another is named
    detail: ClassVar[bool] = True  # whether there is fine structure to give back

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.verb = cls.__dict__.get("verb", cls.name)

    def __post_init__(self) -> None:
        check_settings(self)

    @classmethod
    def from_afar(cls, given: Mapping[str, Any]) -> Task:
        """Make the task from options that came over HTTP: a text never names a file, and paths are those of uploads."""
        return cls(**given)

    @property
    def suffix(self) -> str:
        """The ending that is added to the name of a result beside its picture."""
        return self.ending

    @property
    def enlargement(self) -> int:
        """How many times wider and higher the result is."""
        return 1

    @property
    def opaque(self) -> bool:
        """Whether the result has no transparency, even if the picture has."""
        return False

    @property
    def fills(self) -> bool:
        """Whether the task may find missing pixels, and fill them."""
        return type(self).fill is not Task.fill

    @property
    def corrects(self) -> bool:
        """Whether the picture is corrected once its missing pixels are filled."""
        return True

    @property
    def local(self) -> bool:
        """Whether the picture can be restored in pieces, as no step but the network changes it."""
        kept = all(getattr(type(self), step) is getattr(Task, step) for step in ("prepare", "correct"))
        return kept and not self.fills

    @property
    def floats(self) -> tuple[int, int]:
        """How many floats a pixel takes in memory at the peak: in any case, and for each channel."""
        return FILLING_FLOATS if self.fills else (0, 10)

    def check(self, options: Options) -> None:
        """Raise OptionError, before any work is done, unless the options suit the task, and it can be carried out."""
        if options.detail and not self.detail:
            raise OptionError(NO_DETAIL)

    def fitting(self, options: Options) -> Options:
        """Return options without those that the task does not have."""
        return options if self.detail else replace(options, detail=0.0)

    def admit(self, image: Any) -> Any:
        """Return an image that a Python program gave (an array, say), ready to be read."""
        return image

    def look(self, sample: Callable[[], Pixels], path: Path | None) -> Finding:
        """Decide which facts the network gets as hints.

        Args:
            sample: returns some of the picture's rows; a function, since most tasks do not need them.
            path: the file that the picture came from, if any.
        """
        return as_finding({})

    def needs_whole(self, found: Finding) -> bool:
        """Return whether what was found can only be repaired with the whole picture in memory."""
        return not self.local

    def prepare(self, picture: Picture, options: Options) -> Picture:
        """Return the picture as the network needs it."""
        return picture

    def fill(self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress) -> Picture:
        """Return the prepared picture with its missing pixels filled; here there are none."""
        return picture

    def correct(
        self, network: Network, picture: Picture, found: Finding, options: Options, progress: Progress
    ) -> Pixels:
        """Compute what is to be added to the picture's pixels, (H, W, C)."""
        return found.kept(network.correct(picture, found.facts, options, progress))


def as_finding(facts: Facts) -> Finding:
    """Return facts as a finding."""
    from rednet.restoring.finding import Finding

    return Finding(facts, "")
